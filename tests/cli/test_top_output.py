"""The output pane of the live screen: scrolling, search, errors, following a trial that prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimd_cli.screen.output_pane import OutputPane
from aimd_cli.screen.panes import Settings
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Screen, on_screen


def printing(name: str, lines: list[str]) -> Path:
    trial = aimd.create_trial(trial_name=name, capture_system=False)
    trial.finish()
    (trial.path / "stdout.log").write_text("".join(f"{line}\n" for line in lines))
    return Path(trial.path)


@pytest.fixture
def long(home: Home) -> Path:
    lines = [f"\x1b[32mstep {number}\x1b[0m" for number in range(500)]
    lines[100] = "Traceback (most recent call last):"
    lines[300] = "ValueError: shapes differ"
    lines[50] = f"{'wide ' * 40}END"
    return printing("long", lines)


async def in_output(screen: Screen) -> OutputPane:
    output = screen.app.top.query_one(OutputPane)
    await screen.press("c", "tab")
    await screen.until(lambda: output.has_focus)
    await screen.until(lambda: len(output._lines) >= 500)
    return output


def test_errors_and_matches_are_found_in_both_directions(long: Path, home: Home) -> None:
    async def play(screen: Screen) -> None:
        await in_output(screen)
        await screen.press("E")
        await screen.sees("ValueError: shapes differ", "2 of 2")
        await screen.press("E")
        await screen.sees("Traceback (most recent call last):", "1 of 2")
        await screen.press("e")
        await screen.sees("ValueError", "2 of 2")
        await screen.press("slash")
        await screen.type("step 4[0-2]$")
        await screen.press("enter")
        await screen.sees("/step 4[0-2]$/", "3 of 3", "step 42")
        await screen.press("N")
        await screen.sees("2 of 3")
        await screen.press("n", "n")
        await screen.sees("1 of 3")  # beyond the end from the beginning
        await screen.press("slash")
        await screen.type("nowhere")
        await screen.sees("none in the last 500 lines")
        await screen.type("(")
        await screen.sees("missing )")
        await screen.press("escape")
        await screen.press("escape")
        await screen.until(lambda: "step 4[0-2]" not in screen.text)

    on_screen(home.work, play, size=(120, 30))


def test_it_scrolls_zooms_and_returns_to_the_end(long: Path, home: Home) -> None:
    async def play(screen: Screen) -> None:
        output = await in_output(screen)
        await screen.press("g")
        await screen.sees("step 0", "lines 1 to")
        await screen.press("z")
        await screen.sees("step 25")
        await screen.press("pagedown")
        await screen.sees("wide wide")
        await screen.press(*["l"] * 8)
        await screen.sees("END")
        await screen.press("G")
        await screen.until(lambda: output.is_following)
        await screen.press("z", *["h"] * 8)
        await screen.sees("step 499")

    on_screen(home.work, play, size=(80, 30))


def test_lines_that_are_read_stay_while_more_is_printed_until_it_follows_again(long: Path, home: Home) -> None:
    async def play(screen: Screen) -> None:
        output = await in_output(screen)
        await screen.press("k", "k")
        await screen.until(lambda: not output.is_following)
        before = screen.text.split("output of long")[1]
        with (long / "stdout.log").open("a") as file:
            file.write("more\n" * 3 + "the very end\n")
        await screen.pilot.pause(0.8)  # two looks
        assert screen.text.split("output of long")[1] == before
        await screen.press("f")
        await screen.sees("the very end")

    on_screen(home.work, play, settings=Settings(interval_s=0.3))


def test_colours_cost_nothing_and_change_nothing() -> None:
    from aimd_cli.text import clean, printed_line
    from aimd_core.format.terminal import shown_line

    for line in (
        "\x1b[1;32mgreen\x1b[0m 1",
        "a\x1b[mb",
        "plain",
        "x\x1b[31m\ty",
        "a\x1b[2Kb",
        "é\x1b[0m",
        "50%\r60%\x1b[0m",
    ):
        assert printed_line(line) == "\t".join(map(clean, shown_line(line).split("\t")))
