"""Charts of fields of trials: scatter, histogram, parallel coordinates, heat map, and any metric or parameter as x."""

from __future__ import annotations

import io
import json
import math
import re
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from aimd_cli.text import cells
from aimd_cli.views.chart import Look
from aimd_cli.views.distribution import Distribution
from aimd_cli.views.heat_map import HeatMap, Layer
from aimd_cli.views.parallel import Parallel
from aimd_cli.views.samples import Sample, correlation, natural_order
from aimd_cli.views.scatter import Scatter
from t9k import aimd
from tests.conftest import Account
from tests.support import terminals
from tests.support.home import Home

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@pytest.fixture
def sweep(home: Home) -> None:
    for number, lr in enumerate((0.1, 0.01, 0.001, 0.0001)):
        trial = aimd.create_trial(trial_name="训练")
        trial.params.update({"lr": lr, "bs": 32 * (1 + number % 2), "note": "x"})
        for step in range(1, 11):
            trial.log("train", {"loss": 1 / step + lr}, step=step)
            if step % 2:
                trial.log("train", {"tokens": float(1000 * step)}, step=step)
            trial.log("grad", {f"layer{layer}": 10.0**-layer for layer in (1, 2, 10)}, step=step)
        trial.log("val", {"acc": 0.9 - lr}, step=10)
        trial.finish()
    bare = aimd.create_trial(trial_name="bare")
    bare.log("train", {"loss": math.nan}, step=1)
    bare.finish()


def test_a_target_that_is_not_a_number_in_one_trial_leaves_the_axis_a_scale() -> None:
    target = Sample("val.loss", [0.1392, 0.020758, 1.5, math.nan])
    chart = Parallel(list("abcd"), [Sample("params.lr", [1, 2, 3, 4])], target, Look(10))
    console = Console(file=io.StringIO(), width=60, color_system=None)
    console.print(chart.rich(60))
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert re.search(r"^4 +1\.5$", drawn, re.M)
    assert re.search(r"^1 +0\.020758$", drawn, re.M)


def test_two_fields_are_drawn_against_each_other_and_those_without_are_counted(home: Home, sweep: None) -> None:
    words = ("trial", "plot", "-d", ".", "--scatter", "params.lr", "val.acc")
    ran = home.aimd(*words)
    assert [row["params.lr"] for row in ran.table] == ["", "0.0001", "0.001", "0.01", "0.1"]
    assert re.fullmatch(
        r"4 trials, rank correlation -1\.00; best val\.acc is 0\.8999 at params\.lr 0\.0001 \(训练_\w+\);"
        r" 1 without both left out: bare\n",
        ran.err,
    )
    document = home.aimd(*words, "--by", "params.bs", "--json").json
    assert (document["x"], document["by"], len(document["points"])) == ("params.lr", "params.bs", 5)
    assert [name.split("_")[0] for name in document["left_out"]] == ["bare"]
    for columns in (40, 80, 200):
        shown = home.aimd_terminal(*words, "--by", "params.bs", columns=columns, NO_COLOR="1")
        assert max(cells(line) for line in shown.splitlines()) <= columns
        assert re.search(r"^A +32 +2$", shown, re.MULTILINE)
        assert shown.count("A") >= 3
    assert "val.acc by params.lr (logarithmic: params.lr)" in shown


def test_a_parameter_as_x_axis_is_a_point_for_each_trial(home: Home, sweep: None) -> None:
    same = home.aimd("trial", "plot", "-d", ".", "--scatter", "params.lr", "val.acc").out
    assert home.aimd("trial", "plot", "-d", ".", "--x", "params.lr", "-m", "val.acc").out == same


def test_another_metric_as_x_axis_is_joined_by_step(home: Home, sweep: None) -> None:
    ran = home.aimd("trial", "plot", "@latest", "训练", "-m", "train.loss", "--x", "train.tokens")
    assert ran.code == 2  # four trials begin with that name
    newest = home.aimd("trial", "ls", "-q").out.split()[1]
    document = home.aimd("trial", "plot", newest, "-m", "train.loss", "--x", "train.tokens", "--json").json
    (series,) = document["series"]
    assert [point[0] for point in series["drawn"]] == [1000.0, 3000.0, 5000.0, 7000.0, 9000.0]
    assert series["unplaced"] == 5
    out = home.aimd("trial", "plot", newest, "-m", "train.loss", "--x", "train.tokens").out
    assert "over train.tokens 1000 to 9000" in out
    assert "5 points without train.tokens left out" in out
    ran = home.aimd("trial", "plot", newest, "-m", "train.loss", "--x", "train.token")
    assert ran.code == 3
    assert "train.tokens" in ran.err


def test_a_histogram_is_of_a_metrics_points_or_of_a_field_over_trials(home: Home, sweep: None) -> None:
    ran = home.aimd("trial", "plot", "-d", ".", "--hist", "train.loss")
    assert sum(int(row["count"]) for row in ran.table) == 40
    assert "40 values (trials: 5)" in ran.err
    assert "1 not finite left out" in ran.err
    ran = home.aimd("trial", "plot", "-d", ".", "--hist", "train.loss.min")
    assert sum(int(row["count"]) for row in ran.table) == 4
    assert "1 without it left out: bare" in ran.err
    ran = home.aimd("trial", "plot", "-d", ".", "--hist", "val.acc")
    assert "1 without it left out: bare" in ran.err
    assert home.aimd("trial", "plot", "-d", ".", "--hist", "params.lr", "--json").json["values"] == 4
    shown = home.aimd_terminal("trial", "plot", "-d", ".", "--hist", "train.loss", columns=60, NO_COLOR="1")
    assert "█" in shown
    assert max(map(cells, shown.splitlines())) <= 60


def test_recorded_histograms_are_shown_over_steps_here_and_on_a_server(home: Home, signed_in: Account) -> None:
    trial = aimd.create_trial(trial_name="hist")
    for step in (1, 2, 3):
        trial.log_histogram("weights/conv1", [0.0, 1.0 * step, 1.0 * step, 10.0], step=step)
    trial.finish()
    words = ("trial", "plot", "hist", "--hist", "weights/conv1")
    ran = home.aimd(*words)
    assert "3 histograms from 0 to 10; the median goes from" in ran.err
    header, *rows = [line.split("\t") for line in ran.out.splitlines()]
    assert (header[1], len(header)) == ("1", 61)
    for column in (1, 31, 60):
        assert sum(float(row[column]) for row in rows) == pytest.approx(1.0)
    shown = home.aimd_terminal(*words, columns=60, NO_COLOR="1").splitlines()
    assert shown[0].startswith("weights/conv1 of hist")
    assert "█" in "".join(shown)
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    assert home.aimd("trial", "plot", "remote:hist", "--hist", "weights/conv1").out == ran.out


def test_parallel_coordinates_are_ordered_by_the_target(home: Home, sweep: None) -> None:
    words = ("trial", "plot", "-d", ".", "--parallel", "-m", "val.acc")
    ran = home.aimd(*words)
    assert [row["val.acc"] for row in ran.table] == sorted((row["val.acc"] for row in ran.table), reverse=True)
    assert "params.lr" in ran.table[0]
    assert "it goes most with params.lr (rank correlation -1.00)" in ran.err
    assert "1 without it left out: bare" in ran.err
    for columns in (40, 80, 120):
        shown = home.aimd_terminal(*words, columns=columns, NO_COLOR="1")
        assert max(cells(line) for line in shown.splitlines()) <= columns
        assert "0.0001" in shown
        assert re.search("[\u2801-\u28ff]", shown)


def test_like_named_metrics_are_a_heat_map_in_natural_order(home: Home, sweep: None) -> None:
    newest = home.aimd("trial", "ls", "-q").out.split()[1]
    ran = home.aimd("trial", "plot", newest, "--heatmap", "layer")
    assert [row["metric"] for row in ran.table] == ["grad.layer1", "grad.layer2", "grad.layer10"]
    assert "3 metrics; lowest 1e-10 (grad.layer10), highest 0.1 (grad.layer1)" in ran.err
    (only,) = home.aimd("trial", "plot", newest, "--heatmap", "grad.*2").table
    assert only["metric"] == "grad.layer2"
    plain = home.aimd_terminal("trial", "plot", newest, "--heatmap", "layer", columns=60, NO_COLOR="1").splitlines()
    assert [line.split()[0] for line in plain[1:4]] == ["layer1", "layer2", "layer10"]
    assert "█" in plain[1]
    assert "░" in plain[3]
    assert "\x1b[48;2;" in home.aimd_terminal("trial", "plot", newest, "--heatmap", "layer", COLORTERM="truecolor")
    assert home.aimd("trial", "plot", "-d", ".", "--heatmap", "layer").code == 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--scatter", "params.lr", "val.nothing"), 3, "val.nothing is not a number"),
        (("--scatter", "lr", "val.acc"), 2, "params.lr"),
        (("--hist", "params.nothing"), 3, "params.nothing"),
        (("--hist", "val.accs"), 3, "val.acc"),
        (("--parallel", "-m", "val.nothing"), 3, "val.nothing"),
        (("--parallel", "--hist", "val.acc"), 2, "--hist and --parallel are different charts"),
        (("--by", "params.lr"), 2, "--by needs --scatter"),
        (("--parallel", "--watch"), 2, "--watch cannot be combined with --parallel"),
        (("--x", "lr"), 2, "params.lr"),
        (("--x", "train.lr"), 3, "no metric 'train.lr'"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_what_can(
    home: Home, sweep: None, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = home.aimd("trial", "plot", "-d", ".", *words)
    assert ran.code == code
    assert told in ran.err


def test_points_are_pixels_where_the_terminal_has_them(home: Home, sweep: None) -> None:
    words = [sys.executable, "-m", "aimd_cli", "trial", "plot", "-d", ".", "--scatter", "params.lr", "val.acc"]
    ((said, data),) = terminals.kitty_pictures(terminals.answered_by(terminals.KITTY, words, columns=60))
    pixels = zlib.decompress(data)
    assert sum(pixels[at] == 255 for at in range(3, len(pixels), 4)) > 4 * 20
    assert said["C"] == "1"


def test_a_field_that_no_trial_has_names_those_that_the_others_have(home: Home, sweep: None) -> None:
    """The newest trial, which is named first, may have begun just now."""
    wrong = home.aimd("trial", "plot", "-d", ".", "--scatter", "params.nope", "val.acc").err
    assert "params.lr" in wrong
    assert "val.acc" in wrong
    assert "params.note" not in wrong
    assert "There are: params.bs\n" in home.aimd("trial", "plot", "-d", ".", "--scatter", "params.bss", "val.acc").err


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12), st.integers(20, 120), st.booleans())
def test_any_numbers_at_all_are_drawn_as_fields(pairs: list[tuple[float, float]], width: int, glyphs: bool) -> None:
    from tests.cli.test_trial_looks import rendered

    names = [f"n{number}" for number in range(len(pairs))]
    some, others = (Sample(title, [pair[at] for pair in pairs]) for at, title in enumerate(("params.x", "val.acc")))
    finite = [value for value, _ in pairs if value - value == 0.0]
    look = Look(rows=6, glyphs=glyphs)
    views = [Scatter(names, some, others, some, look), Parallel(names, [some], others, look)]
    views += [Distribution("x", finite, 2, 10, glyphs)]
    views += [HeatMap("x", [Layer("m", range(len(finite)), finite)], glyphs, True)] if finite else []
    for view in views:
        rendered(view, width)
        view.lines()
        json.dumps(view.document())


def test_rank_correlation_and_natural_order() -> None:
    assert correlation([1, 2, 3], [10, 20, 900]) == pytest.approx(1.0)
    assert correlation([1, 2, 2, 3], [3, 2, 2, 1]) == pytest.approx(-1.0)
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1, 2], [1, 2]) is None
    assert Sample("params.lr", ["1e-5", "adam", True, 2, None, 10**400]).numbers == [1e-5, None, None, 2.0, None, None]
    assert sorted(["l10", "l2", "l1", "a²", "l" + "9" * 400], key=natural_order)[:4] == ["a²", "l1", "l2", "l10"]


@pytest.mark.usefixtures("sweep")
def test_charts_of_fields_are_the_same_from_a_server(home: Home, signed_in: Account) -> None:
    assert home.aimd("trial", "upload", "-d", ".").code == 0
    for words in (
        ("--scatter", "params.lr", "val.acc", "--by", "params.bs"),
        ("--parallel", "-m", "val.acc"),
        ("--hist", "train.loss"),
        ("--hist", "val.acc.max"),
    ):
        here = home.aimd("trial", "plot", "-d", ".", *words)
        there = home.aimd("trial", "plot", "--remote", "-d", "/", *words)
        assert here.code == there.code == 0
        assert sorted(there.out.splitlines()) == sorted(here.out.splitlines()), words


def test_of_many_trials_that_are_left_out_some_are_named_and_programs_get_all() -> None:
    names = [f"n{number:02d}" for number in range(20)]
    values = Sample("val.acc", [1.0, 2.0, *[None] * 18])
    for chart in (Scatter(names, values, values, None, Look(6)), Parallel(names, [values], values, Look(6))):
        assert "n02, n03, n04, n05, n06, n07, n08, n09 and 10 more" in chart.sentence()
        assert chart.document()["left_out"] == names[2:]
