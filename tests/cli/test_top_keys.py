"""The keys of the live screen: the help, the guide and the bindings agree, because one table makes them all."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from aimd_core.language import CHINESE, language, translated
from tests.support.home import Home
from tests.support.live import Screen, on_screen

if find_spec("textual") is None:
    pytest.skip("textual is not installed", allow_module_level=True)

from aimd_cli.screen.app import TopApp, TopScreen
from aimd_cli.screen.grid_pane import GridPane
from aimd_cli.screen.keys import APP, CHARTS, GROUPS, MEDIA_PANE, OUTPUT, SCREEN, TABLE, KeyLine
from aimd_cli.screen.media_pane import MediaPane
from aimd_cli.screen.output_pane import OutputPane
from aimd_cli.screen.table import TrialTable

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "terminal.md"
OWNERS = {
    TABLE: TrialTable,
    SCREEN: TopScreen,
    CHARTS: GridPane,
    OUTPUT: OutputPane,
    MEDIA_PANE: MediaPane,
    APP: TopApp,
}
LINES = [line for group in GROUPS for line in group.lines]
NAMED = {
    "↓": "down",
    "↑": "up",
    "←": "left",
    "→": "right",
    "PgDn": "pagedown",
    "PgUp": "pageup",
    "/": "slash",
    "?": "question_mark",
    "Tab": "tab",
    "Enter": "enter",
}


def keys_of(line: KeyLine) -> set[str]:
    return {key for keys, _ in line.actions for key in keys.split(",")}


def guide_rows() -> list[str]:
    """Return the rows of the guide's table as the keys say them."""
    rows = []
    for group in GROUPS:
        for number, line in enumerate(group.lines):
            labels = " ".join(f"`{label}`" for label in line.label.split())
            rows.append(f"| {'' if number else group.title} | {labels} | {line.does} |")
    return rows


def test_the_guide_has_the_same_keys_in_the_same_words() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    missing = [row for row in guide_rows() if row not in guide]
    assert not missing, "the table of the guide should have:\n" + "\n".join(missing)
    start = guide.index(guide_rows()[0])
    table = guide[start : guide.index("\n\n", start)]
    assert table.splitlines() == guide_rows()


@pytest.mark.parametrize("owner", OWNERS)
def test_each_part_binds_the_keys_that_the_help_names_and_no_others(owner: str) -> None:
    bound = Counter(key for binding in OWNERS[owner].BINDINGS for key in binding.key.split(","))  # type: ignore[union-attr]
    named = Counter(key for line in LINES if line.owner == owner for key in keys_of(line))
    assert bound == named
    assert max(bound.values()) == 1, "a key does two things"


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.owner}-{line.does}")
def test_what_a_person_reads_is_what_is_bound_and_done(line: KeyLine) -> None:
    shown = {NAMED.get(label, label) for label in line.label.split()}
    assert shown <= keys_of(line)
    for _, action in line.actions:
        assert hasattr(OWNERS[line.owner], f"action_{action.partition('(')[0]}"), action


def test_the_help_has_every_key_in_both_languages(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("question_mark")
        for line in LINES:
            await screen.sees(line.label, translated(line.does).split("；")[0].split("：")[0][:10])

    for chosen in ("en", "zh"):
        monkeypatch.setenv("AIMD_LANG", chosen)
        assert (language() == CHINESE) == (chosen == "zh")
        on_screen(home.work, play, size=(120, 40))  # all at once


def test_the_help_can_be_read_on_the_smallest_terminal(home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("question_mark")
        await screen.sees("one trial down,")
        await screen.press("G")
        await screen.sees("Language: aimd help")

    on_screen(home.work, play, size=(40, 10))
