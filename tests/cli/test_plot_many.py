"""Charts of several metrics, and of more curves than can be told apart."""

from __future__ import annotations

import re
from array import array

import pytest

from aimd_cli.views.bands import MOST_CURVES, band_of, drawn_apart
from aimd_cli.views.chart import Chart, Look
from aimd_cli.views.curve import Curve
from t9k import aimd
from tests.support.home import Home


def curve(number: int, metric: str = "val.acc", offset: float = 0.0) -> Curve:
    made = Curve(f"trial{number}", metric, array("d", [1, 2, 3]), array("d", [0.0, 0.0, number + offset]))
    made.name = made.trial
    return made


def test_the_best_of_too_many_curves_are_drawn_apart_and_nan_is_never_best() -> None:
    curves = [curve(number) for number in range(30)]
    curves[29].last = float("nan")
    assert drawn_apart(curves) == list(range(17, 29))
    assert drawn_apart([curve(number, "val.loss") for number in range(30)]) == list(range(MOST_CURVES))
    assert drawn_apart([curve(number, "val.x") for number in range(30)]) == list(range(MOST_CURVES))
    assert drawn_apart(curves[:5]) == [0, 1, 2, 3, 4]


def test_a_band_is_the_smallest_middle_and_largest_value_of_curves_that_are_there() -> None:
    band = band_of([[(0, 0.0), (10, 10.0)], [(0, 4.0), (10, 4.0)], [(5, 1.0), (10, 1.0)], []])
    assert band is not None
    assert band.curves == 3
    assert (band.lowest[0], band.middle[0], band.highest[0]) == ((0, 0.0), (0, 2.0), (0, 4.0))
    at_ten = [dict(edge)[10] for edge in band[1:]]
    assert at_ten == [1.0, 4.0, 10.0]
    assert dict(band.lowest)[5] == 1.0
    assert band_of([[], []]) is None
    assert band_of([[(3, 1.0)]]) is not None


def test_a_band_of_the_ends_of_what_a_float_holds_has_no_number_that_is_not_finite() -> None:
    ends = [-1.7976931348623157e308, -5e-324, 0.0, 1.0, 1.7976931348623157e308]
    pairs = [[(low, high), (high + 0.0, low)] for low in ends for high in ends if low < high]
    band = band_of(pairs)
    assert band is not None
    numbers = [number for edge in band[1:] for point in edge for number in point]
    assert all(number - number == 0.0 for number in numbers)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_three_hundred_curves_have_a_short_legend_and_a_sentence(width: int) -> None:
    from tests.cli.test_trial_looks import rendered

    chart = Chart([curve(number) for number in range(300)], Look(rows=10))
    shown = rendered(chart, width)
    assert len(shown.splitlines()) < 35
    assert "best 12 of 300 curves" in shown.replace("\n", " ")
    assert "trial299" in shown
    assert "trial0 " not in shown
    piped = ["".join(line) for line in chart.lines()]
    assert piped[-1] == "the best 12 of 300 curves; the other 288 as a band with their median"
    assert len(chart.document()["series"]) == 300  # type: ignore[arg-type]


@pytest.fixture
def two(home: Home) -> None:
    for name in ("a", "b"):
        trial = aimd.create_trial(trial_name=name)
        for step in range(1, 6):
            trial.log("val", {"loss": 100.0 / step, **({} if name == "a" else {"acc": step / 10})}, step=step)
        trial.finish()


@pytest.mark.parametrize(("columns", "across"), [(80, 1), (130, 2)])
def test_several_metrics_are_panels_with_one_letter_for_a_trial(
    home: Home, two: None, columns: int, across: int
) -> None:
    words = ("trial", "plot", "a", "b", "-m", "val.loss", "-m", "val.acc")
    shown = home.aimd_terminal(*words, columns=columns, NO_COLOR="1").splitlines()
    heads = [line.split() for line in shown if re.fullmatch(r"(val\.\w+\s*)+", line)]
    assert heads == ([["val.loss", "val.acc"]] if across == 2 else [["val.loss"], ["val.acc"]])
    (legend,) = [at for at, line in enumerate(shown) if line.split()[:1] == ["TRIAL"]]
    assert shown[legend].split() == ["TRIAL", "val.loss", "val.acc"]
    assert [line.split()[0] for line in shown[legend + 1 : legend + 3]] == ["A", "B"]
    if across == 1:
        acc = shown[shown.index("val.acc") : legend] if "val.acc" in shown else []
        assert "A" not in "".join(line.partition("│")[2] for line in acc)
        assert "B" in "".join(acc)
    assert home.aimd(*words).out.count("val.loss\n") == 1
    assert len(home.aimd(*words, "--json").json["series"]) == 3


def test_metrics_can_still_share_their_axes(home: Home, two: None) -> None:
    shown = home.aimd_terminal("trial", "plot", "b", "-m", "val.loss", "-m", "val.acc", "--overlay", NO_COLOR="1")
    assert "val.loss, val.acc of b" in shown
    alone = home.aimd_terminal("trial", "plot", "b", "-m", "val.loss", "-m", "val.acc", NO_COLOR="1")
    assert "val.loss fell from 100 to 20" in alone
    assert "val.acc rose from 0.1 to 0.5" in alone
