"""What a person brings to the live screen: own commands on keys, the mouse; and a server that stops answering."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from aimd_cli.commands.trial.live import LocalSources
from aimd_cli.commands.trial.own_commands import config_of, read_settings
from aimd_cli.screen.grid_pane import GridPane
from aimd_cli.screen.panes import Looked, OwnCommand, Settings
from aimd_core.errors import DamagedError, UnreachableError
from aimd_core.reading.facts import WholeFacts
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Screen, Terminal, on_screen

if find_spec("textual") is None:
    pytest.skip("textual is not installed", allow_module_level=True)

SHOW = "import sys; print('given', sys.argv[1:])"


def trained(name: str) -> Path:
    trial = aimd.create_trial(trial_name=name, capture_system=False)
    for step in range(5):
        trial.log("val", {"acc": step, "loss": -step}, step=step)
    trial.finish()
    return Path(trial.path)


def write_config(home: Home, text: str) -> None:
    path = config_of(home.work)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_settings_are_read_and_without_a_file_there_are_none(home: Home) -> None:
    assert read_settings(home.work, frozenset()) == (False, ())
    write_config(home, "other: 1\n")
    assert read_settings(home.work, frozenset()) == (False, ())
    write_config(home, 'top:\n  mouse: true\n  commands:\n    - {key: ctrl+e, run: [code, "{dir}"], confirm: true}\n')
    assert read_settings(home.work, frozenset({"j"})) == (
        True,
        (OwnCommand("ctrl+e", "code", ("code", "{dir}"), True),),
    )


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("{key: j, run: [ls]}", "does something else already"),
        ("{key: '!', run: [ls]}", "key must be"),
        ("{key: o, run: ls}", "a list of words"),
        ("{key: o, run: []}", "a list of words"),
        ("{key: o, run: [sh, -c, 'cat {name}']}", "a word of its own"),
        ("{key: o, run: ['{name}{dir}']}", "a word of its own"),
        ("[o, ls]", "not a mapping"),
    ],
)
def test_what_could_be_interpreted_or_hides_a_key_is_refused(home: Home, command: str, why: str) -> None:
    write_config(home, f"top:\n  commands:\n    - {command}\n")
    with pytest.raises(DamagedError, match=why):
        read_settings(home.work, frozenset({"j"}))


def test_a_name_is_one_word_whatever_is_in_it() -> None:
    row = WholeFacts(name="n", alternative_name="$(rm -rf ~); x y", id="i", state="Running")
    command = OwnCommand("o", "n", ("p", "{name}", "--dir={dir}", "{id}", "{other}"))
    assert command.filled(row, "/a b") == ["p", "$(rm -rf ~); x y", "--dir=/a b", "i", "{other}"]


def test_a_command_is_asked_for_the_first_time_runs_in_the_terminal_and_comes_back(home: Home) -> None:
    path = trained("mine")
    run = f"[{sys.executable}, -c, \"{SHOW}\", '{{name}}', '{{dir}}']"
    write_config(home, f"top:\n  commands:\n    - {{key: o, name: show it, run: {run}}}\n")
    settings = {"HOME": str(home.path), "XDG_CACHE_HOME": str(home.path / "cache"), "TERM": "screen-256color"}
    terminal = Terminal(110, 30, home.work, **settings)
    try:
        terminal.sees("1 trial", "? help")
        terminal.send("o")
        terminal.sees("show it", "y: yes")
        terminal.send("n", "o")
        asked = terminal.sees("y: yes")
        assert "{dir}" not in asked  # but what will run
        terminal.send("y")
        shown = terminal.sees("given", "exit status 0; Enter goes back")
        assert path.name in "".join(shown.split())
        terminal.send("Enter")
        terminal.sees("show it: exit status 0", "1 trial")
        terminal.send("o")  # not asked again
        terminal.sees("Enter goes back")
        terminal.send("Enter")
        terminal.sees("1 trial")
        terminal.send("?")
        terminal.send("G")
        terminal.sees("show it")
        terminal.send("q", "q")
        terminal.sees("ended with 0")
    finally:
        terminal.close()


def test_the_mouse_selects_a_trial_and_places_the_cursor_and_is_off_until_asked_for(home: Home) -> None:
    for name in ("one", "two", "three"):
        trained(name)

    async def play(screen: Screen) -> None:
        await screen.press("M")
        await screen.sees("the mouse is")
        await screen.pilot.click("TrialTable", offset=(5, 3))
        await screen.until(lambda: screen.app.top.board.cursor == 2)
        await screen.press("2")
        await screen.sees("val.loss")
        grid = screen.app.top.query_one(GridPane)
        await screen.until(lambda: grid.drawn.charts)
        await screen.pilot.click(GridPane, offset=(30, 4))
        await screen.until(lambda: grid.cursor is not None)
        assert 0 < (grid.cursor or 0) < 4

    on_screen(home.work, play, size=(120, 40))


class Unreachable(LocalSources):
    """Sources of which the network can be cut."""

    is_cut = False

    def look(self, with_facts: bool) -> Looked:
        if self.is_cut:
            raise UnreachableError(host="one.example", reason="connection refused")
        return super().look(with_facts)


def test_what_was_seen_stays_while_a_server_does_not_answer_and_it_comes_back_by_itself(home: Home) -> None:
    trained("first")
    sources = Unreachable(home.work)

    async def play(screen: Screen) -> None:
        assert screen.names == ["first"]
        sources.is_cut = True
        await screen.sees("connection refused", "first")
        assert screen.names == ["first"]
        await screen.press("2")
        trained("second")
        sources.is_cut = False
        await screen.until(lambda: screen.names == ["second", "first"])
        await screen.until(lambda: "connection refused" not in screen.text)

    on_screen(home.work, play, settings=Settings(interval_s=0.3), sources=sources)
