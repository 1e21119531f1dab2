"""What the live screen does with trials: pins, baseline, comparison, tags, trash, saved views; never without asking."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimd_cli.commands.trial.live import LocalSources
from aimd_cli.screen.panes import Settings, ShownView
from aimd_core.format.labels import read_labels
from aimd_core.format.saved_views import SavedView, read_baseline, read_views, save_view
from t9k import aimd
from tests.support.home import Home
from tests.support.live import Screen, on_screen

SIZE = (140, 40)


@pytest.fixture
def three(home: Home) -> dict[str, Path]:
    paths = {}
    for number, name in enumerate(("alpha", "beta", "gamma")):
        trial = aimd.create_trial(trial_name=name, capture_system=False)
        trial.params["lr"] = number
        for step in range(3):
            trial.log("val", {"acc": number / 10 + step / 100}, step=step)
        trial.finish()
        paths[name] = Path(trial.path)
    return paths


def by_name(sort: str = "name", view: ShownView | None = None) -> Settings:
    return Settings(sort=sort, interval_s=0.3, view=view or ShownView())


def test_a_pinned_trial_stays_on_top_and_in_the_charts(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("G", "p")
        await screen.until(lambda: screen.names == ["gamma", "alpha", "beta"])
        await screen.press("g", "j")
        await screen.sees("A ✓", "B•✓")
        await screen.press("slash")
        await screen.type("beta")
        await screen.press("enter")
        await screen.until(lambda: screen.names == ["gamma", "beta"])
        await screen.press("g", "p", "escape")
        await screen.until(lambda: screen.names == ["alpha", "beta", "gamma"])

    on_screen(home.work, play, SIZE, by_name())


def test_the_baseline_is_kept_and_measured_against(three: dict[str, Path], home: Home) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("B")
        await screen.sees("alpha is the baseline")
        await screen.sees("Δ val.acc", "+0.1", "+0.2")
        kept = read_baseline(home.work)
        assert kept is not None
        assert kept.alternative_name == three["alpha"].name
        await screen.press("j", "2")
        await screen.sees("0.12 +0.1")
        await screen.press("1", "C")
        await screen.sees("2 trials", "params.lr")
        await screen.press("escape", "g", "B")
        await screen.until(lambda: read_baseline(home.work) is None)

    on_screen(home.work, play, SIZE, by_name())


def test_marked_trials_are_tagged_and_compared_and_their_number_is_asked_before_the_trash(
    three: dict[str, Path], home: Home
) -> None:
    async def play(screen: Screen) -> None:
        await screen.press("C")
        await screen.sees("mark two trials or more")
        await screen.press("space", "space", "t")
        await screen.sees("Tag 2 trials")
        await screen.type("good -bad")
        await screen.press("enter")
        await screen.sees("tagged 2 trials")
        assert [read_labels(path).tags for path in three.values()] == [("good",), ("good",), ()]
        await screen.press("D")
        await screen.sees("Move 2 trials to the trash?", "aimd trial restore", "alpha, beta")
        for refusal in ("enter", "n", "escape"):
            await screen.press(refusal, "D")
        await screen.press("n")
        assert all(path.is_dir() for path in three.values())
        await screen.press("D", "y")
        await screen.sees("moved 2 trials to the trash")
        await screen.until(lambda: screen.names == ["gamma"])
        assert not three["alpha"].exists()
        assert screen.app.top.board.marks == []

    on_screen(home.work, play, SIZE, by_name())
    assert home.aimd("trial", "restore", "alpha").code == 0


def test_what_cannot_be_removed_is_said_and_stops_no_other(three: dict[str, Path], home: Home) -> None:
    running = aimd.create_trial(trial_name="zeta", capture_system=False)

    async def play(screen: Screen) -> None:
        await screen.press("G", "space", "g", "space", "D", "y")
        await screen.sees("zeta: ")
        await screen.until(lambda: screen.names == ["beta", "gamma", "zeta"])

    on_screen(home.work, play, SIZE, by_name())
    running.finish()


def test_the_present_state_is_saved_as_a_view_and_shown_again(three: dict[str, Path], home: Home) -> None:
    save_view(home.work, "night", SavedView(columns="+params.lr", query="name = beta"))

    async def play(screen: Screen) -> None:
        await screen.press("p", "slash")
        await screen.type("val.acc > 0.1")
        await screen.press("enter")
        await screen.until(lambda: screen.names == ["alpha", "beta", "gamma"])
        await screen.press("V")
        await screen.type("1x")
        await screen.press("enter")
        await screen.sees("'1x' cannot be the name of a view. A name begins with a letter")
        await screen.press("V")
        await screen.type("@night")
        await screen.press("enter")
        await screen.sees("saved as @night")
        await screen.press("escape", "g", "p", "v")
        await screen.sees("View", "night")
        await screen.press("enter")
        await screen.sees("where val.acc > 0.1", "•")

    on_screen(home.work, play, SIZE, by_name())
    view = read_views(home.work)["night"]
    assert (view.query, view.sort, view.charts, view.columns) == ("val.acc > 0.1", "name", ("val.acc",), "+params.lr")
    assert len(view.pins) == 1


def test_it_begins_with_a_view_and_says_which_there_are(three: dict[str, Path], home: Home) -> None:
    save_view(home.work, "fast", SavedView("params.lr >= 1", "-val.acc", charts=("val.acc",)))

    async def play(screen: Screen) -> None:
        await screen.until(lambda: screen.names == ["gamma", "beta"])
        await screen.sees("where params.lr >= 1", "val.acc of gamma")

    on_screen(home.work, play, SIZE, Settings(interval_s=0.3, view=LocalSources(home.work).view("fast")))
    shown = home.aimd_terminal("trial", "top", "@fsat")
    assert "no view 'fsat'" in shown
    assert "@fast" in shown
