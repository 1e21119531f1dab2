"""The phrases that docs/style.md tells us to avoid are in no page, docstring or comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.test_links import ROOT, tracked
from tests.support.prose import prose_of

STYLE = ROOT / "docs" / "style.md"
# Generated from the program, whose texts have a test of their own.
GENERATED = {ROOT / "docs" / "reference" / name for name in ("cli.md", "topics.md", "exit-codes.md")}
_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def phrases(style: str) -> list[tuple[str, str]]:
    """Return the phrases to avoid, each with what to write."""
    section = style.partition("## Phrases to avoid")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)


def faults(file: Path, text: str, avoided: list[tuple[str, str]]) -> Iterator[str]:
    """Return where a text has a phrase to avoid, outside of code."""
    prose = re.sub(r"\s+", " ", _CODE.sub("", text))
    for phrase, better in avoided:
        for match in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", prose, re.IGNORECASE):
            yield f"{file.name}: {prose[max(0, match.start() - 30) : match.end() + 20]!r}: write {better!r}"


def test_no_page_has_a_phrase_to_avoid() -> None:
    avoided = phrases(STYLE.read_text(encoding="utf-8"))
    pages = [page for page in tracked("*.md") if page not in GENERATED | {STYLE}]
    assert [fault for page in pages for fault in faults(page, page.read_text(encoding="utf-8"), avoided)] == []


def test_no_docstring_or_comment_has_a_phrase_to_avoid() -> None:
    avoided = phrases(STYLE.read_text(encoding="utf-8"))
    modules = [module for module in tracked("aimd_*/*.py", "t9k/*.py") if "languages" not in module.parts]
    texts = [(module, text) for module in modules for text in prose_of(module.read_text(encoding="utf-8"))]
    assert len(texts) > 3_000
    assert [fault for module, text in texts for fault in faults(module, text, avoided)] == []


def test_a_phrase_to_avoid_is_seen() -> None:
    avoided = phrases(STYLE.read_text(encoding="utf-8"))
    assert len(avoided) > 20
    text = "It lies\nin a folder. `lies in` and\n```\nlies in\n```\nare code.\n"
    assert [fault.split(": ")[0] for fault in faults(STYLE, text, avoided)] == ["style.md"]
    source = '"""It lies in a folder."""\nx = "lies in"  # what lies\n# in vain\n'
    seen = [fault.split("'")[1] for text in prose_of(source) for fault in faults(STYLE, text, avoided)]
    assert seen == ["It lies in a folder.", "what lies in vain", "what lies in vain"]
