"""The live screen, played by Textual's pilot on trials on disk that come, grow and go while it is open."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from aimd_cli.screen.arrangement import arranged
from aimd_cli.screen.panes import Settings
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Screen, on_screen
from tests.support.trials import record, write_trial

RATES = {"alpha": 0.1, "beta": 0.2, "gamma": 0.3}
ODD_NAMES = ["训练-学习率", "👩‍👩‍👧-run", "x[link=evil]y[/]", "esc\x1b[31m", "run[bold]"]


def trained(name: str, rate: float, steps: int = 12, prints: str = "") -> Path:
    trial = aimd.create_trial(trial_name=name)
    trial.params.update({"lr": rate, "batch": 32})
    for step in range(1, steps + 1):
        trial.log("train", {"loss": 1 / step + rate}, step=step)
    trial.log("val", {"acc": 1 - rate}, step=steps)
    trial.finish()
    if prints:
        (trial.path / "stdout.log").write_text(prints)
    return Path(trial.path)


@pytest.fixture
def three(home: Home) -> dict[str, Path]:
    return {name: trained(name, rate, prints=f"{name} said\n") for name, rate in RATES.items()}


def settings(where: str = "", sort: str = "", metric: str = "") -> Settings:
    return Settings(where, sort, metric, interval_s=0.3)


def test_it_lists_trials_with_what_tells_them_apart_chart_and_output(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.sees("3 trials", "✓ 3 succeeded", "lr", "val.acc", "train.loss", "AGE ▲")
        assert sorted(screen.names) == sorted(RATES)
        first = screen.app.top.board.selected
        assert first is not None
        await screen.sees(f"train.loss of {first.name}", "train.loss fell from", f"{first.name} said", "? help")
        assert "batch" not in screen.text

    on_screen(home.work, play, settings=settings(metric="train.loss"))


def test_moving_shows_the_curve_and_the_output_of_another_trial(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        for key, place in (("j", 1), ("down", 2), ("j", 2), ("k", 1), ("G", 2), ("g", 0), ("pagedown", 2), ("up", 1)):
            await screen.press(key)
            assert screen.app.top.board.cursor == place
        await screen.sees(f"{screen.names[1]} said", f"output of {screen.names[1]}")

    on_screen(home.work, play)


def test_below_its_output_a_trial_says_why_it_ended_or_what_diverged(home: Home) -> None:
    for name in ("failed", "diverged"):
        trial = aimd.create_trial(trial_name=name)
        trial.log("train", {"loss": float("nan") if name == "diverged" else 0.5}, step=7)
        trial.fail(ValueError("shapes differ")) if name == "failed" else trial.finish()

    async def play(screen: Screen) -> None:
        for key in ("g", "G"):
            await screen.press(key)
            why = {"failed": "Failed: ValueError: shapes differ (step 7)", "diverged": "is not finite since step 7"}
            selected = screen.app.top.board.selected
            assert selected is not None
            await screen.sees(why[selected.name])

    on_screen(home.work, play)


def test_marked_trials_are_drawn_together_with_letters(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("space", "space")
        await screen.sees("train.loss of 2 trials", "output of 2 trials", f"{screen.names[0]} said")
        lines = screen.text.splitlines()
        assert [line[:1] for line in lines[2:5]] == ["A", "B", " "]
        chart = "\n".join(lines[5:])
        assert "A" in chart
        assert "B" in chart
        await screen.press("g", "space")
        await screen.sees(f"train.loss of {screen.names[1]}")
        await screen.press("u")
        assert screen.app.top.board.marks == []

    on_screen(home.work, play, settings=settings(metric="train.loss"))


def test_sorting_by_anything_and_back(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("s")
        await screen.sees("Sort by", "val.acc", "params.lr")
        await screen.type("val.acc")
        await screen.press("enter")
        await screen.until(lambda: screen.names == ["alpha", "beta", "gamma"])
        await screen.sees("val.acc ▼")
        await screen.press("r")
        await screen.until(lambda: screen.names == ["gamma", "beta", "alpha"])
        await screen.press("s")
        await screen.type("-train.loss.mean")
        await screen.press("enter")
        await screen.until(lambda: screen.names == ["gamma", "beta", "alpha"])
        await screen.sees("train.loss.mean ▼")
        await screen.press("s")
        await screen.type("no such field")
        await screen.press("enter")
        await screen.sees("train.loss.mean ▼")
        await screen.press("s", "escape", "s")
        await screen.press("down", "enter")  # from the top of the list
        await screen.sees("▲")

    on_screen(home.work, play, settings=settings(sort="name"))


def test_a_filter_takes_effect_while_it_is_typed_and_errors_stand_in_place(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("slash")
        await screen.type("lph")
        await screen.until(lambda: screen.names == ["alpha"])
        await screen.press("escape")
        await screen.until(lambda: len(screen.names) == 3)
        await screen.press("slash")
        await screen.type("val.acc <")
        await screen.sees("a value is expected here")
        lines = screen.text.splitlines()
        typed = next(number for number, line in enumerate(lines) if "where val.acc <" in line)
        assert lines[typed + 1].rstrip().endswith("^")
        assert len(lines[typed + 1].rstrip()) == len(lines[typed].rstrip()) + 1
        await screen.press("enter")  # it cannot be read, so it stays open
        await screen.type(" 0.75")
        await screen.press("enter")
        await screen.until(lambda: screen.names == ["gamma"])
        await screen.sees("1 of 3", "where val.acc < 0.75")
        await screen.press("escape")
        await screen.until(lambda: len(screen.names) == 3)

    on_screen(home.work, play)


def test_an_empty_answer_says_why(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.sees("no trial here has val.ac; did you mean: val.acc?", "0 of 3")

    on_screen(home.work, play, settings=settings(where="val.ac > 0.5"))


def test_another_metric_axis_and_scale(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("m")
        await screen.type("acc")
        await screen.press("enter")
        await screen.sees("val.acc of", "its only point")
        await screen.press("m", "escape", "y")
        await screen.sees("(log)")
        await screen.press("x", "x")
        await screen.sees("s, its only point")  # seconds
        await screen.press("c")
        await screen.until(lambda: "val.acc of" not in screen.text)
        await screen.press("l")
        await screen.until(lambda: "output of" not in screen.text)
        await screen.press("c", "l")
        await screen.sees("val.acc of", "output of")

    on_screen(home.work, play)


def test_details_and_help_open_and_close(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("enter")
        await screen.sees("state", "Succeeded", "Parameters", "lr:")
        await screen.press("G")
        await screen.sees("framework:")  # which stands last
        await screen.press("escape", "question_mark")
        await screen.sees("Keys", "reverse the order")
        await screen.press("G")
        await screen.sees("aimd help query")
        await screen.press("q")
        await screen.until(lambda: "Keys" not in screen.text)
        assert screen.app.is_running

    on_screen(home.work, play, size=(80, 24))


def test_trials_appear_grow_and_go_while_it_is_open(home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.sees("no trials yet")
        first = aimd.create_trial(trial_name="first")
        first.log("train", {"loss": 0.5}, step=1)
        await screen.sees("● 1 running", "0.5")
        second = trained("second", 0.1)
        await screen.until(lambda: screen.names == ["first", "second"])  # what runs stands first
        await screen.press("j")
        first.log("train", {"loss": 0.125}, step=2)
        first.finish()
        await screen.sees("✓ 2 succeeded", "0.125")
        selected = screen.app.top.board.selected
        assert selected is not None
        assert selected.name == "second"  # though it moved
        shutil.rmtree(second)
        await screen.until(lambda: screen.names == ["first"])
        shutil.rmtree(home.work / ".aimd")
        await screen.sees("no trials yet")

    on_screen(home.work, play)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (20, 5), (200, 60)])
def test_odd_names_and_sizes_keep_their_lines(home: Home, size: tuple[int, int]) -> None:
    from rich.cells import cell_len

    for number, name in enumerate(ODD_NAMES):
        began = "startTime: '2026-11-23T15:03:27+00:00'"
        metadata = f"metadata: {{name: {json.dumps(name)}, id: {number:08x}-0000}}\nstatus: Succeeded\n{began}\n"
        trials = home.work / ".aimd" / "trials"
        path = write_trial(
            trials, f"run_261123_15032{number}_abcde{number}", metadata=metadata, metrics=record(1) + record(2, 0.1)
        )
        (path / "stdout.log").write_text(f"{name} \x1b[31mred\x1b[0m [bold]b[/bold]\n")

    async def play(screen: Screen) -> None:
        await screen.until(lambda: len(screen.names) == len(ODD_NAMES))
        for _ in ODD_NAMES:
            await screen.press("space")
        await screen.press("s", "escape", "m", "escape", "enter")
        await screen.pilot.pause(0.2)
        assert "\x1b" not in screen.text
        await screen.press("escape")
        await screen.until(lambda: "\x1b" not in screen.text)
        assert {cell_len(strip.text) for strip in screen.app.screen._compositor.render_strips()} == {size[0]}
        if size[0] >= 80:
            await screen.sees("x[link=evil]y[/]", "esc\\x1b[31m", "训练-学习率", "red [bold]b[/bold]")
        await screen.pilot.resize_terminal(90, 30)
        await screen.sees("5 trials", "of 5 trials", "? help")

    on_screen(home.work, play, size=size)


def test_a_trial_that_cannot_be_read_is_shown_as_such(three: dict[str, Path], home: Home) -> None:
    (three["beta"] / "metrics").unlink()
    os.mkfifo(three["beta"] / "metrics")
    (three["gamma"] / "metadata.yaml").write_bytes(b"\xff{")

    async def play(screen: Screen) -> None:
        await screen.sees("(damaged)", "3 trials")
        for _ in range(3):
            await screen.press("space")
        await screen.sees("of 3 trials", "beta: is not a plain file")
        for _ in range(3):
            await screen.press("g", "enter")
            await screen.pilot.pause(0.2)
            await screen.press("escape")
        assert screen.app.is_running

    on_screen(home.work, play)


def test_ten_thousand_rows_are_laid_out_as_fast_as_ten(home: Home) -> None:
    """What a key costs must not depend on how many trials there are: only lines that are seen are made."""
    from datetime import datetime, timezone

    from aimd_cli.screen.board import NEWEST
    from aimd_cli.views.live_table import LiveTable, Shown
    from aimd_core.reading.facts import WholeFacts

    made: list[str] = []

    class Counted(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            made.append(key)
            return super().get(key, default)

    params = Counted(lr=1)
    rows = [
        WholeFacts(name="n", alternative_name=str(number), id="id", state="Running", params=params)
        for number in range(10_000)
    ]
    table = LiveTable(rows, Shown(NEWEST, {}, datetime.now(timezone.utc)), 120)
    assert len(table.lines(5_000, 30, 5_010)) == 30
    assert len(made) < 1_000


def test_a_table_gives_names_the_room_that_is_left_and_numbers_the_digits_that_tell() -> None:
    from datetime import datetime, timezone

    from aimd_cli.screen.board import NEWEST
    from aimd_cli.views.live_table import LiveTable, Shown
    from aimd_core.reading.facts import WholeFacts

    names = ["resnet50-imagenet-ablation-one", "resnet50-imagenet-ablation-two"]
    rates = [0.0012345678901234, 0.0012349678901234]
    rows = [
        WholeFacts(name=name, alternative_name=name, id="id", state="Succeeded", params={"lr": rate, "seed": 12345678})
        for name, rate in zip(names, rates, strict=True)
    ]
    for columns, is_whole in ((40, False), (60, True), (200, True)):
        table = LiveTable(rows, Shown(NEWEST, {}, datetime.now(timezone.utc)), columns)
        lines = [line.plain for line in table.lines(0, 2, 0)]
        assert [len(line) for line in (table.header().plain, *lines)] == [columns] * 3
        assert [name in line for name, line in zip(names, lines, strict=True)] == [is_whole] * 2
        assert [rate in line for rate, line in zip(("0.0012346", "0.001235"), lines, strict=True)] == [True] * 2
        assert not any("0.00123456" in line for line in lines)


def test_the_head_names_the_trouble_before_the_place() -> None:
    from aimd_cli.screen.board import Board
    from aimd_cli.screen.table import head_line

    place, told = "http://127.0.0.1:28467/t9k/experiment/server", "no connection: Connection refused"
    for columns in (80, 120, 200):
        line = head_line(Board(), place, told, columns, glyphs=True).plain
        assert told in line
        assert "http://" in line
        assert "0 trials" in line
        assert len(line) <= columns
    assert "0 trials" in head_line(Board(), place, told, 40, glyphs=True).plain


@pytest.mark.parametrize("columns", [20, 40, 80, 100, 120, 300])
@pytest.mark.parametrize("rows", [1, 3, 9, 10, 22, 38, 100])
@pytest.mark.parametrize("trials", [0, 3, 10_000])
def test_the_parts_fill_the_terminal_and_never_overflow(columns: int, rows: int, trials: int) -> None:
    for chart, output in ((True, True), (True, False), (False, True), (False, False)):
        sizes = arranged(columns, rows, chart, output, trials)
        below = max(sizes.chart_rows, sizes.output_rows) if sizes.beside else sizes.chart_rows + sizes.output_rows
        assert sizes.table_rows + below == rows
        assert sizes.table_rows >= min(rows, 5)
        assert bool(sizes.chart_rows) <= chart
        assert bool(sizes.output_rows) <= output
        assert sizes.chart_columns <= columns


def test_without_a_terminal_it_refuses_and_names_the_other_way(home: Home) -> None:
    ran = home.aimd("trial", "top")
    assert ran.code == 2
    assert ran.out == ""
    assert "needs a terminal" in ran.err
    assert "aimd trial ls --watch" in ran.err


def test_without_the_extra_it_says_how_to_install_it(home: Home) -> None:
    (home.path / "block").mkdir()
    (home.path / "block" / "textual.py").write_text("raise ModuleNotFoundError('No module', name='textual')\n")
    shown = home.aimd_terminal("trial", "top", PYTHONPATH=str(home.path / "block"))
    assert "pip install 'aimd-cli[ui]'" in shown
    assert "Traceback" not in shown


def test_on_a_dumb_terminal_it_refuses(home: Home) -> None:
    assert "TERM is dumb" in " ".join(home.aimd_terminal("trial", "top", TERM="dumb").split())


def test_a_filter_or_a_key_that_cannot_be_read_is_refused_before_the_screen_opens(home: Home) -> None:
    shown = home.aimd_terminal("trial", "top", "--where", "val.acc >")
    assert "a value is expected here" in shown
    assert "\x1b[?1049h" not in shown  # the terminal's other screen
    assert "^" in shown
    assert "there is no directory" in home.aimd_terminal("trial", "top", "nowhere")


def test_at_80_columns_no_word_is_cut_without_a_sign(home: Home) -> None:
    trial = aimd.create_trial(trial_name="diverged")
    for kind in ("train", "val", "test"):
        trial.log(kind, {"loss": float("nan"), "perplexity": float("nan")}, step=7)
    trial.finish()

    async def play(screen: Screen) -> None:
        await screen.sees("q quit", "is not finite since step 7;")
        (why,) = [line.rstrip() for line in screen.text.splitlines() if "is not finite since" in line]
        assert why.endswith("...")

    on_screen(home.work, play, size=(80, 24))
