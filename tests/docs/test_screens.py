"""The pictures of the README: well-formed, all shown, and loading nothing from anywhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGES = sorted((ROOT / "docs" / "images").glob("*.svg"))
sys.path.insert(0, str(ROOT / "scripts"))

import screens  # noqa: E402

COMMANDS = {"ls", "describe", "plot", "compare", "top", "upload"}
LANGUAGES = {"README.md": "", "README.zh.md": ".zh"}


def test_each_main_command_has_a_picture_in_both_languages_and_each_readme_shows_its_own() -> None:
    made = {*screens.SCREENS, "top"}
    assert {path.stem for path in IMAGES} == {name + ending for name in made for ending in LANGUAGES.values()}
    assert made >= COMMANDS
    for readme, ending in LANGUAGES.items():
        shown = set(re.findall(r"!\[[^]]+\]\(([^)]+\.svg)\)", (ROOT / readme).read_text(encoding="utf-8")))
        assert shown == {f"docs/images/{name}{ending}.svg" for name in COMMANDS}


def test_every_other_picture_of_the_terminal_is_in_a_guide() -> None:
    guides = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "guides").glob("*.md"))
    assert [name for name in screens.SCREENS if name not in COMMANDS and f"images/{name}.svg" not in guides] == []


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.stem)
def test_a_picture_is_well_formed_and_loads_nothing(path: Path) -> None:
    picture = path.read_text(encoding="utf-8")
    assert foreign(picture) == []
    shown = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert "digits-base" in shown
    assert "Error" not in shown
    assert "/tmp/" not in shown


def foreign(picture: str) -> list[str]:
    """Return what a picture would load, or run."""
    root = ElementTree.fromstring(picture)
    found = [
        f"<{element.tag}>" for element in root.iter() if element.tag.rpartition("}")[2] in ("image", "script", "use")
    ]
    for element in root.iter():
        for name, value in element.attrib.items():
            local = name.rpartition("}")[2]
            inner = value.startswith("url(#")
            if local in ("href", "src") or local.startswith("on") or ("url(" in value and not inner):
                found.append(f"{local}={value}")
    styles = "".join(element.text or "" for element in root.iter() if element.tag.endswith("style"))
    return found + re.findall(r"@import|@font-face|url\([^#)][^)]*\)|https?://\S+", styles)


def test_what_rich_writes_would_load_a_font_and_no_longer_does() -> None:
    made = screens.drawn("aimd trial ls", "\x1b[32m✓\x1b[0m digits-base", 80)
    assert foreign(made) != []
    assert foreign(screens.self_contained(made)) == []


def test_only_the_last_state_of_a_progress_display_is_kept() -> None:
    assert screens.final("one\r\n\x1b[2K\x1b[1A\x1b[2Ktwo\r\n") == "two"
    assert screens.final("\x1b[?25l\x1b[32mdone\x1b[0m\n") == "\x1b[32mdone\x1b[0m"
