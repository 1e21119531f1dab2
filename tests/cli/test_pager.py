"""When output goes through a pager, through which one, and what it gets. The pager is `sed`, which marks each line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimd_cli.pager import fits, pager_command
from tests.support.home import Home
from tests.support.trials import write_trial

MARK = "sed s/^/paged:/"


@pytest.fixture
def many(home: Home) -> Path:
    """Forty-five trials, for a terminal of forty rows."""
    for number in range(45):
        parameters = f"learning_rate: {number}\n"
        write_trial(
            home.work / ".aimd" / "trials", f"t_261123_1503{number:02d}_aaaaaa", status="Failed", parameters=parameters
        )
    return home.work


def test_what_is_higher_than_the_terminal_goes_through_the_pager(home: Home, many: Path) -> None:
    shown = home.aimd_terminal("trial", "ls", AIMD_PAGER=MARK, PAGER="false")
    assert all(line.startswith("paged:") for line in shown.splitlines())
    assert "\x1b[" in shown  # in colour
    assert "paged:" not in home.aimd_terminal("trial", "ls", "-L", "30", AIMD_PAGER=MARK)
    assert "paged:" in home.aimd_terminal("trial", "ls", PAGER=MARK, AIMD_PAGER=MARK)


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--no-pager", "trial", "ls"], {"AIMD_PAGER": MARK}),
        (["trial", "ls", "--no-pager"], {"AIMD_PAGER": MARK}),
        (["trial", "ls"], {"AIMD_PAGER": "", "PAGER": MARK}),
        (["trial", "ls"], {"AIMD_PAGER": "cat"}),
        (["trial", "ls"], {"AIMD_PAGER": "no-such-program --at all"}),
        (["trial", "ls"], {"AIMD_PAGER": MARK, "TERM": "dumb"}),
    ],
)
def test_without_a_pager_all_is_printed(home: Home, many: Path, words: list[str], environment: dict[str, str]) -> None:
    shown = home.aimd_terminal(*words, **environment)
    assert "paged:" not in shown
    assert shown.count("Failed") == 45


def test_a_pipe_never_gets_a_pager(home: Home, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMD_PAGER", MARK)
    assert "paged:" not in home.aimd("trial", "ls").out
    assert home.aimd("trial", "ls", "--no-pager").code == 0


def test_a_pager_that_leaves_early_is_no_error(home: Home, many: Path) -> None:
    shown = home.aimd_terminal("trial", "ls", AIMD_PAGER="head -c 10")
    assert "Traceback" not in shown
    assert "error" not in shown


def test_a_wide_list_shows_every_column_whole(home: Home, many: Path) -> None:
    shown = home.aimd_terminal("trial", "ls", "--wide", columns=40, AIMD_PAGER=MARK, NO_COLOR="1")
    assert "learning_rate" in shown
    assert "hidden" not in shown
    assert shown.splitlines()[0].startswith("paged:STATE")


def test_a_few_wide_lines_go_through_the_pager_too() -> None:
    assert fits("x" * 81, 80, 24)
    assert not fits("x" * 81, 80, 24, is_wide=True)
    assert fits("x" * 80, 80, 24, is_wide=True)


def test_the_pager_is_the_first_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("AIMD_PAGER", raising=False)
    monkeypatch.setenv("PAGER", "sed -n 'p'")
    assert pager_command() == ["sed", "-n", "p"]
    monkeypatch.setenv("AIMD_PAGER", "sed 'unclosed")
    assert pager_command() == []


def test_a_text_fits_if_its_wrapped_lines_and_a_prompt_do() -> None:
    assert fits("a\n" * 23, 80, 24)
    assert not fits("a\n" * 24, 80, 24)
    assert not fits("x" * 81 + "\n" + "a\n" * 22, 80, 24)
    assert fits("\x1b[1m" + "x" * 80 + "\x1b[0m\n" + "a\n" * 22, 80, 24)
    assert not fits("训" * 41 + "\n" + "a\n" * 22, 80, 24)
