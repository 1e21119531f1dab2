"""Charts of several metrics, and of more curves than can be told apart."""

from __future__ import annotations

import re
import sys
import zlib
from array import array

import pytest

from aimd_cli.text import cells
from aimd_cli.views.axes import robust_ends
from aimd_cli.views.bands import MOST_CURVES, band_of, drawn_apart
from aimd_cli.views.chart import Chart, Look
from aimd_cli.views.curve import Curve
from aimd_cli.views.frame import PALETTE
from aimd_cli.views.labels import trial_labels
from t9k import aimd
from tests.support import terminals
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


def test_panels_are_in_the_order_of_the_metrics_asked_for(home: Home, two: None) -> None:
    words = ("trial", "plot", "a", "b", "-m", "val.acc", "-m", "val.loss")
    shown = home.aimd_terminal(*words, columns=80, NO_COLOR="1").splitlines()
    assert [line for line in shown if re.fullmatch(r"val\.\w+", line)] == ["val.acc", "val.loss"]
    assert re.search(r"^val.acc of .*^val.loss$", home.aimd(*words).out, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["resnet_lr1e-3_bs64", "resnet_lr1e-4_bs64"], ["lr1e-3", "lr1e-4"]),
        (["resnet-lr0.1", "resnet-lr0.01"], ["lr0.1", "lr0.01"]),
        (["cnn_3", "cnn_4"], ["cnn_3", "cnn_4"]),
        (["run", "run_b"], ["run", "run_b"]),
        (["训练 学习率 大", "训练 学习率 小"], ["大", "小"]),
        (["a/x", "b/x"], ["a", "b"]),
        (["alone"], ["alone"]),
    ],
)
def test_a_label_is_the_part_of_a_name_that_differs(names: list[str], labels: list[str]) -> None:
    assert trial_labels(names, names, []) == labels


def test_trials_of_one_name_are_told_apart_by_parameters_or_by_their_directories() -> None:
    names, full = ["cnn"] * 3, ["cnn_261126_1", "cnn_261126_2", "cnn_261126_3"]
    params = [{"opt.lr": lr, "seed": seed, "epochs": 3} for lr, seed in ((0.1, 1), (0.1, 2), (0.2, 1))]
    assert trial_labels(names, full, params) == ["lr=0.1 seed=1", "lr=0.1 seed=2", "lr=0.2 seed=1"]
    assert trial_labels(names, full, [{"lr": 0.1}] * 3) == ["261126_1", "261126_2", "261126_3"]
    assert trial_labels(names, ["x", "y", "z"], [{}, {}, {}]) == ["x", "y", "z"]


@pytest.fixture
def sweep(home: Home) -> None:
    for lr, seed in ((0.1, 1), (0.1, 2), (0.01, 1), (0.01, 2)):
        trial = aimd.create_trial(trial_name="训练-网络")
        trial.params.update({"lr": lr, "seed": seed})
        for step in range(1, 6):
            trial.log("val", {"acc": step * lr + seed / 100}, step=step)
        trial.finish()


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_what_differs_stands_in_the_legend_and_at_the_ends_of_curves(home: Home, sweep: None, columns: int) -> None:
    shown = home.aimd_terminal("trial", "plot", "-d", ".", "-m", "val.acc", columns=columns, NO_COLOR="1")
    drawing = [line for line in shown.splitlines() if "│" in line or "┤" in line]
    assert max(cells(line) for line in shown.splitlines()) <= columns
    assert all(re.search(rf"^{letter} +lr=0\.\d+ seed=\d", shown, re.MULTILINE) for letter in "ABCD")
    beside = [line for line in drawing if re.search(r"[ABCD] lr=0\.", line)]
    assert len(beside) == (0 if columns == 40 else 4)
    assert re.search(r"best\sis lr=0\.1 seed=2 with\s0\.52", shown)
    assert ("训练-网络_" in shown) == (columns > 40)


def test_a_line_is_broken_where_a_value_is_not_finite() -> None:
    values = array("d", [1.0] * 10 + [float("nan")] * 20 + [1.0] * 10)
    broken = Curve("t", "m", array("d", range(40)), values)
    assert [len(run) for run in broken.runs(broken.thinned)] == [10, 10]
    (top,) = ["".join(line) for line in Chart([broken], Look(rows=3)).lines() if "***" in "".join(line)]
    assert re.search(r"\*{10,} {30,}\*{10,}$", top)


def test_a_few_points_far_away_are_marked_at_the_edge_and_counted() -> None:
    values = [1.0 + number % 7 / 10 for number in range(200)]
    values[50], values[51], values[120] = 1e6, 2e6, -5e5
    far = Curve("t", "train.loss", array("d", range(200)), array("d", values))
    lines = ["".join(line) for line in Chart([far], Look(rows=8, outliers=False)).lines()]
    assert lines[1].count("^") >= 1
    assert lines[8].count("v") == 1
    assert lines[-1] == "2 above 1.9 and 1 below 0.7 at the edge; --outliers shows them"
    whole = ["".join(line) for line in Chart([far], Look(rows=8, outliers=True)).lines()]
    assert "at the edge" not in "".join(whole)
    assert "e6" in "".join(whole)


@pytest.mark.parametrize(
    "values",
    [
        [1.0] * 1000 + [99.0],  # what there is to see
        [10.0 * 0.98**step for step in range(400)],  # a loss that falls
        [1.0, 1e9, 2.0],
        [],
    ],
)
def test_the_y_axis_leaves_nothing_out_without_a_reason(values: list[float]) -> None:
    assert robust_ends(values) is None


def test_the_ends_of_what_a_float_holds_have_robust_ends_too() -> None:
    largest = 1.7976931348623157e308
    ends = robust_ends([0.0, 1.0] * 100 + [largest, -largest])
    assert ends is not None
    assert ends[0] < 0.0 < 1.0 < ends[1] < 10.0


def test_superseded_points_are_faint_behind_the_curve_that_counts(home: Home) -> None:
    trial = aimd.create_trial(trial_name="again")
    for step in range(1, 11):
        trial.log("train", {"loss": float(step)}, step=step)
    trial.finish()
    again = aimd.load_trial(trial.path, from_step=6)
    for step in range(6, 11):
        again.log("train", {"loss": 5.0}, step=step)
    again.finish()
    shown = home.aimd_terminal("trial", "plot", "again", "-m", "train.loss", "--all-segments", columns=60)
    rows = [line for line in shown.splitlines() if "│" in line or "┤" in line]
    assert any("\x1b[2m" in line.partition("│")[2].partition("┤")[2] or line.count("\x1b[2m") > 1 for line in rows)
    plain = home.aimd("trial", "plot", "again", "-m", "train.loss", "--all-segments").out.splitlines()
    assert plain[-3] == "train.loss rose from 1 to 5 over 9 steps, highest 5 at step 5"
    assert plain[-2] == "segment 1: train.loss rose from 1 to 10 over 9 steps, highest 10 at step 10"
    assert plain[-1] == "segment 2: train.loss stayed at 5 over 4 steps"
    assert {sign for line in plain[1:-5] for sign in line.partition("|")[2]} == {" ", "*", "."}


def test_a_terminal_with_pixels_gets_its_curves_as_a_picture_within_the_axes(home: Home, sweep: None) -> None:
    words = [sys.executable, "-m", "aimd_cli", "trial", "plot", "-d", ".", "-m", "val.acc"]
    written = terminals.answered_by(terminals.KITTY, words, columns=100)
    ((said, data),) = terminals.kitty_pictures(written)
    width, height = int(said["s"]), int(said["v"])
    assert (width, height) == (int(said["c"]) * 10, int(said["r"]) * 20)
    pixels = zlib.decompress(data)
    colours = {pixels[at : at + 3].hex() for at in range(0, len(pixels), 4) if pixels[at + 3] == 255}
    assert {f"#{colour}".upper() for colour in colours} >= set(PALETTE[:4])
    (start,) = re.findall(rb"\x1b7\x1b\[(\d+)A\x1b\[(\d+)G\x1b_G", written)
    assert int(start[0]) == int(said["r"]) + 2
    assert not re.search("[\u2801-\u28ff]", written.decode())
    sixels = terminals.answered_by(terminals.SIXEL, [*words, "-m", "val.acc", "--no-pager"], columns=100).decode()
    assert terminals.sixel_pixels("\x1bP" + sixels.split("\x1bP", 1)[1].split("\x1b\\")[0] + "\x1b\\")[:2] == (
        width,
        height,
    )
    for environment in ({"AIMD_PICTURES": "off"}, {"NO_COLOR": "1"}):
        drawn = terminals.answered_by(terminals.KITTY, words, columns=100, **environment)
        assert re.search("[\u2801-\u28ff]", drawn.decode())
        assert not terminals.kitty_pictures(drawn)


def test_panels_side_by_side_have_a_picture_each(home: Home, two: None) -> None:
    words = [sys.executable, "-m", "aimd_cli", "trial", "plot", "b", "-m", "val.loss", "-m", "val.acc"]
    written = terminals.answered_by(terminals.KITTY, words, columns=130)
    starts = re.findall(rb"\x1b\[(\d+)A\x1b\[(\d+)G\x1b_G", written)
    assert len(terminals.kitty_pictures(written)) == len(starts) == 2
    assert int(starts[1][1]) - int(starts[0][1]) >= 60
