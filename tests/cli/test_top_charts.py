"""The grid of small charts of the live screen: one cursor, pages, sections, a filter of metrics, pins, the machine."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from aimd_cli.screen.grid_pane import GridPane
from aimd_cli.screen.panes import Settings
from aimd_cli.views.chart_grid import GridLook, Layout, SmallChart, entries_of, pages_of, span_of
from aimd_cli.views.curve import Curve
from aimd_cli.views.metric_sections import sections_of
from aimd_core.reading.series import read_series, read_several
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Screen, on_screen


def trained(name: str, layers: int = 0, steps: int = 40) -> Path:
    trial = aimd.create_trial(trial_name=name, capture_system=False)
    for step in range(steps + 1):
        trial.log("train", {"loss": 100 - step, **{f"layer{at}/norm": at for at in range(layers)}}, step=step)
        trial.log("system", {"cpu_percent": step, "gpu0_memory_used_mib": 1000 + step}, step=step)
        if step % 10 == 0:
            trial.log("val", {"loss": 200 - step, "acc": step / 100}, step=step)
    trial.finish()
    return Path(trial.path)


def grid_of(screen: Screen) -> GridPane:
    return screen.app.top.query_one(GridPane)


def curve(metric: str, values: list[float], trial: str = "t") -> Curve:
    return Curve(trial, metric, array("d", range(len(values))), array("d", values))


NAMES = ["train.loss", "train.layer10/w", "train.layer2/w", "train.lr", "val.acc", "val.loss", "custom.x"]


def test_sections_have_the_telling_metrics_first_and_numbers_in_their_natural_order() -> None:
    sections = sections_of(NAMES)
    assert [section.name for section in sections] == ["val", "train", "train.layer*", "custom"]
    assert sections[2].metrics == ("train.layer2/w", "train.layer10/w")
    assert sections[1].metrics == ("train.loss", "train.lr")


def test_sections_are_those_of_the_console() -> None:
    told = json.loads((Path(__file__).parents[1] / "fixtures" / "sections.json").read_text(encoding="utf-8"))
    assert len(told["sections"]) > 5
    for case in told["sections"]:
        sections = sections_of(case["names"], pinned=case.get("pinned", ()))
        assert [[section.name, list(section.metrics)] for section in sections] == case["sections"], case["why"]


def test_a_pattern_and_pins_choose_and_folded_sections_keep_their_heading() -> None:
    (only,) = sections_of(NAMES, pattern="LAYER.*w$")
    assert only.metrics == ("train.layer2/w", "train.layer10/w")
    pinned, val, *_ = sections_of(NAMES, pinned=["train.lr", "gone"], collapsed={"val"})
    assert (pinned.name, pinned.metrics) == ("pinned", ("train.lr",))
    assert [entry.metric for entry in entries_of([pinned, val])] == ["", "train.lr", ""]
    assert entries_of([val])[0].total == 2


@pytest.mark.parametrize("size", [(20, 5), (38, 7), (78, 11), (120, 38), (300, 76)])
@pytest.mark.parametrize("count", [1, 5, 3000])
def test_pages_hold_every_metric_once_and_never_overflow(size: tuple[int, int], count: int) -> None:
    names = [f"train.layer{number}" for number in range(count)] + ["val.acc"]
    layout, pages = pages_of(entries_of(sections_of(names)), *size)
    shown = [entry.metric for page in pages for band in page for entry in band if entry.metric]
    assert sorted(shown) == sorted(names)
    for page in pages:
        assert sum(layout.lines if band[0].metric else 1 for band in page) <= max(size[1], layout.lines + 1)
        assert max(map(len, page)) * layout.columns <= size[0]


def test_a_small_chart_has_the_values_at_the_cursor_and_a_line_there() -> None:
    curves = [curve("val.acc", [0.1, 0.2, 0.3]), curve("val.acc", [0.4, 0.5, 0.6], "u")]
    chart = SmallChart("val.acc", curves, [0, 1], GridLook("step", span_of(curves)))
    layout = Layout(1, 40, 7)
    without, at_one = (chart.lines(layout, chart.margin, cursor, True) for cursor in (None, 1.0))
    assert {line.cell_len for line in (*without, *at_one)} == {40}
    assert (without[0].plain.split()[-4:], at_one[0].plain.split()[-4:]) == (
        ["A", "0.3", "B", "0.6"],
        ["A", "0.2", "B", "0.5"],
    )
    (column,) = {
        column
        for before, after in zip(without[1:-1], at_one[1:-1], strict=True)
        for column in range(40)
        if before.plain[column] != after.plain[column]
    }
    assert all(line.plain[column] != " " for line in at_one[1:-1])
    assert without[-1].plain == at_one[-1].plain


def test_of_a_longer_baseline_only_what_is_beside_the_others_is_drawn(home: Home) -> None:
    from aimd_cli.commands.trial.live import LocalSources
    from aimd_cli.screen.grid_drawing import GridDrawer, GridRequest
    from aimd_cli.views.canvas import BAND

    trained("short", steps=10)
    trained("long", layers=2, steps=40)
    sources = LocalSources(home.work)
    long, short = sorted(sources.look(False).rows, key=lambda row: row.name)
    drawn = GridDrawer().draw(sources, [short, long], [0, BAND], GridRequest(size=(80, 40)))
    assert drawn.span == (0, 10)
    assert sorted(drawn.charts) == ["train.loss", "val.acc", "val.loss"]
    shown = [line.plain for line in drawn.charts["train.loss"].lines(drawn.layout, 4, None, False)]
    assert shown[0].split()[-2:] == ["90", "+30"]
    assert not any("60" in line for line in shown[1:])


def test_a_metric_that_was_never_finite_has_its_last_value_above_its_chart(home: Home) -> None:
    from aimd_cli.commands.trial.live import LocalSources
    from aimd_cli.screen.grid_drawing import GridDrawer, GridRequest

    with aimd.create_trial(trial_name="diverged") as trial:
        for step in range(3):
            trial.log("train", {"loss": float("nan")}, step=step)
    sources = LocalSources(home.work)
    drawn = GridDrawer().draw(sources, list(sources.look(False).rows), [0], GridRequest(size=(80, 40)))
    head = drawn.charts["train.loss"].lines(drawn.layout, 4, None, False)[0]
    assert head.plain.split() == ["train.loss", "NaN"]


def test_charts_without_points_or_with_one_are_drawn_all_the_same() -> None:
    for values in ([], [float("nan")], [1.0], [2.0, 2.0]):
        curves = [curve("m", values)]
        chart = SmallChart("m", curves, [0], GridLook("time", span_of(curves), log_y=True))
        assert len(chart.lines(Layout(1, 40, 6), chart.margin, 0.0, False)) == 6


def test_several_metrics_read_at_once_have_the_points_of_each_read_alone(home: Home) -> None:
    journal = trained("a", layers=3) / "metrics"
    with journal.open("ab") as file:
        file.write(b'{"train": {"value": {"loss": NaN}, "sequence": {"step": null}}}\nno record\n')
    names = ["train.loss", "val.acc", "train.layer1/norm", "system.cpu_percent", "not.there"]
    for axis in ("step", "epoch", "time"):
        for (read, _), name in zip(read_several(journal, names, axis), names, strict=True):
            alone = read_series(journal, name, axis)
            assert repr(read.values) == repr(alone.values)
            assert repr(read.positions) == repr(alone.positions)


def test_one_cursor_moves_through_all_charts_and_shows_the_values_there(home: Home) -> None:
    trained("only")

    async def play(screen: Screen) -> None:
        await screen.press("2")
        await screen.sees("charts of only", "val.acc", "val.loss", "train.loss", "▾ val  2 metrics", "step")
        assert "cpu_percent" not in screen.text.split("charts of only")[1]
        await screen.press("h")
        await screen.sees("step 40")
        await screen.press("H", "H")
        at = grid_of(screen).cursor
        assert at is not None
        assert 0 < at < 40
        at_cursor = curve("train.loss", [float(100 - step) for step in range(41)]).value_at(at)
        await screen.sees(f"{at_cursor:.0f}")
        await screen.press("escape")
        await screen.until(lambda: grid_of(screen).cursor is None)
        await screen.press("left", "enter")
        await screen.sees("val.acc of only" if "val.acc of only" in screen.text else "val.loss of only")

    on_screen(home.work, play, size=(120, 50))


def test_a_pattern_is_typed_refused_and_cleared(home: Home) -> None:
    trained("only", layers=30)

    def heading_at(screen: Screen) -> int:
        return next((number for number, line in enumerate(screen.text.splitlines()) if "charts of only" in line), -1)

    async def play(screen: Screen) -> None:
        await screen.press("2")
        await screen.sees("charts of only")
        before = heading_at(screen)
        await screen.press("slash")
        await screen.type("layer[12]")
        await screen.sees("train.layer1/norm", "train.layer10/norm", "/layer[12]/")
        await screen.type("(")
        await screen.sees("missing )")
        await screen.press("backspace", "enter")
        await screen.until(lambda: grid_of(screen).has_focus)
        await screen.until(lambda: heading_at(screen) == before)  # the line that is gone leaves no empty one
        await screen.press("G")
        await screen.sees("train.layer29/norm")
        await screen.press("escape")
        await screen.sees("val.acc")
        await screen.press("slash")
        await screen.type("nothing")
        await screen.sees("no metric matches nothing")
        await screen.press("escape")
        await screen.sees("val.acc")

    on_screen(home.work, play, size=(120, 40))


def test_charts_are_selected_paged_folded_pinned_and_shown_alone(home: Home) -> None:
    trained("only", layers=40)

    async def play(screen: Screen) -> None:
        await screen.press("2", "z")
        await screen.sees("page 1 of")
        assert "NAME" not in screen.text
        await screen.press("pagedown")
        await screen.sees("page 2 of", "train.layer")
        await screen.press("g", "j", "p")
        await screen.sees("▾ pinned  1 metric", "* ")
        await screen.press("g", "j", "j", "space")
        await screen.sees("▸ val  1 metric")
        await screen.press("space")
        await screen.sees("▾ val  1 metric")
        await screen.press("z", "shift+tab")
        await screen.sees("NAME")
        await screen.press("tab", "g", "j", "enter")
        await screen.until(lambda: screen.app.top.query_one("#chart").display)

    on_screen(home.work, play, size=(100, 40))


def test_several_marked_trials_share_the_charts_and_the_machine_has_its_own(home: Home) -> None:
    for name in ("one", "two"):
        trained(name)

    async def play(screen: Screen) -> None:
        await screen.press("space", "space", "2")
        await screen.sees("charts of 2 trials", "A 0.4  B 0.4")
        await screen.press("3")
        await screen.sees("system of 2 trials", "system.cpu_percent", "system.gpu0_memory_used_mib", "time")
        await screen.press("1")
        await screen.sees("train.loss of 2 trials")

    on_screen(home.work, play, size=(120, 40), settings=Settings(metric="train.loss", interval_s=0.3))


@pytest.fixture
def growing(home: Home) -> Iterator[aimd.Trial]:
    trial = aimd.create_trial(trial_name="growing", capture_system=False)
    trial.log("train", {"loss": 1}, step=1)
    yield trial
    trial.finish()


def test_charts_follow_a_trial_that_grows_and_gets_new_metrics(growing: aimd.Trial, home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("2")
        await screen.sees("train.loss")
        growing.log("train", {"loss": 0.125}, step=2)
        growing.log("val", {"new": 5}, step=2)
        await screen.sees("0.125", "val.new")

    on_screen(home.work, play)
