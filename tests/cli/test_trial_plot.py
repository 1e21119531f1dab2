import json
import math
import re
import subprocess
import sys
from array import array
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimd_cli.views.axes import Scale, count_label, duration_label, labels, ticks
from aimd_cli.views.chart import Chart, Look
from aimd_cli.views.curve import Curve, sentence, thinned
from aimd_cli.views.sparkline import sparkline
from aimd_core.format.smoothing import smoothed
from t9k import aimd
from tests.support.home import Home

BRAILLE = re.compile("[\u2801-\u28ff]")
ENDS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)


def record(name: str = "cnn", values: tuple[float, ...] = (4.0, 3.0, 1.0, 2.0), metric: str = "loss") -> aimd.Trial:
    trial = aimd.create_trial(trial_name=name)
    for step, value in enumerate(values, start=1):
        trial.log("train", {metric: value}, step=step, epoch=step)
    trial.finish()
    return trial


def curve(values: list[float], name: str = "a") -> Curve:
    made = Curve(name, "train.loss", array("d", range(len(values))), array("d", values))
    made.name = name
    return made


def test_a_pipe_gets_a_plain_chart_and_one_sentence(home: Home) -> None:
    trial = record(values=(4.0, 3.0, math.nan, 1.0, 2.0))
    ran = home.aimd("trial", "plot", "cnn", "-m", "train.loss")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
    first, *_, last = ran.out.splitlines()
    assert first == f"train.loss of {trial.alternative_name}"
    assert last == ("train.loss fell from 4 to 2 over 4 steps, lowest 1 at step 4; 1 NaN or infinite point left out")


def test_a_terminal_gets_braille_within_its_width(home: Home) -> None:
    record("训练")
    for columns in (40, 80, 120):
        shown = home.aimd_terminal("trial", "plot", "训练", columns=columns, NO_COLOR="1")
        assert BRAILLE.search(shown)
        assert "\x1b" not in shown
        assert max(len(row) for row in shown.splitlines() if "│" in row or "┤" in row) == columns


def test_colour_is_used_only_where_it_is_wanted(home: Home) -> None:
    record()
    assert "\x1b[" in home.aimd_terminal("trial", "plot", "cnn")
    assert "\x1b" not in home.aimd_terminal("trial", "plot", "cnn", TERM="dumb")


def test_series_are_told_apart_by_letters_and_dashes_without_colour(home: Home) -> None:
    record("a")
    record("b", (1.0, 2.0, 3.0, 4.0))
    shown = home.aimd_terminal("trial", "plot", "-d", ".", "-m", "train.loss", columns=100, NO_COLOR="1")
    drawing = "\n".join(row for row in shown.splitlines() if "│" in row or "┤" in row)
    assert drawing.count("A") >= 2
    assert drawing.count("B") >= 2
    assert re.search(r"^A +[ab] ", shown, re.MULTILINE)
    assert re.search(r"^B +[ab] ", shown, re.MULTILINE)


def test_an_encoding_without_braille_gets_ascii(home: Home) -> None:
    record()
    ran = home.aimd_process("trial", "plot", "cnn", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (ran.code, ran.err) == (0, "")
    shown = home.aimd_terminal("trial", "plot", "cnn", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert shown.isascii()
    assert "*" in shown


def test_json_holds_every_series_with_its_extremes(home: Home) -> None:
    record(values=(4.0, math.inf, 1.0))
    document = home.aimd("trial", "plot", "cnn", "--json").json
    (series,) = document["series"]
    assert (series["min"], series["min_at"], series["max"], series["not_finite"]) == (1.0, 3.0, 4.0, 1)
    assert series["drawn"] == [[1.0, 4.0], [3.0, 1.0]]


def test_a_metric_that_is_not_there_is_answered_with_those_that_are(home: Home) -> None:
    record()
    ran = home.aimd("trial", "plot", "cnn", "-m", "val.los")
    assert ran.code == 3
    assert "train.loss" in ran.err


def test_a_metric_that_only_one_trial_has_is_drawn_and_the_other_named(home: Home) -> None:
    record("a")
    other = record("b", metric="acc")
    ran = home.aimd("trial", "plot", "-d", ".", "-m", "train.loss")
    assert ran.code == 0
    assert ran.err == f"{other.alternative_name} has no train.loss\n"


def test_the_x_axis_counts_epochs_or_time(home: Home) -> None:
    record()
    assert "over 3 epochs" in home.aimd("trial", "plot", "cnn", "--x", "epoch").out
    assert re.search(r"in [0-9]+ms", home.aimd("trial", "plot", "cnn", "--x", "time").out)


def test_values_not_above_zero_are_counted_on_a_logarithmic_axis(home: Home) -> None:
    record(values=(100.0, 0.0, 1.0))
    out = home.aimd("trial", "plot", "cnn", "--log-y").out
    assert "1 not above zero left out" in out
    assert re.search(r"^ *10 \+", out, re.MULTILINE)


def test_a_trial_of_nan_alone_is_no_crash(home: Home) -> None:
    record(values=(math.nan, math.nan))
    ran = home.aimd("trial", "plot", "cnn")
    assert ran.code == 0
    assert "2 NaN or infinite points left out" in ran.out
    assert "no point can be drawn" in home.aimd_terminal("trial", "plot", "cnn")


@pytest.mark.parametrize("words", [("--smooth", "1"), ("--x", "loss"), ("--height", "1"), ()])
def test_a_wrong_option_is_a_usage_error(home: Home, words: tuple[str, ...]) -> None:
    record()
    assert home.aimd("trial", "plot", *(("cnn", *words) if words else ())).code == 2


def test_names_come_from_stdin(home: Home) -> None:
    record("a")
    record("b")
    listed = home.aimd("trial", "ls").out
    ran = home.aimd_process("trial", "plot", "-", "--json", stdin=listed)
    assert {series["trial"][0] for series in json.loads(ran.out)["series"]} == {"a", "b"}


def test_a_damaged_journal_is_drawn_and_the_damage_told(home: Home) -> None:
    trial = record()
    with (trial.path / "metrics").open("ab") as journal:
        journal.write(b'{"train": {"value": {"loss": 0.\n')
    assert "1 damaged line skipped (5)" in home.aimd("trial", "plot", "cnn").out


def test_hostile_names_do_not_drive_the_terminal(home: Home) -> None:
    trial = aimd.create_trial(trial_name="x[link=evil]y[bold]")
    trial.log("train", {"\x1b[2Jloss": 1.0}, step=1)
    trial.finish()
    for metric in ("train.\x1b[2Jloss",):
        shown = home.aimd_terminal("trial", "plot", "x", "-m", metric, NO_COLOR="1", columns=120)
        assert "\x1b" not in shown
        assert "x[link=evil]y[bold]" in shown


def test_watching_draws_again_as_points_come_and_ends_with_the_trial(home: Home) -> None:
    code = (
        "from t9k import aimd; t = aimd.create_trial(trial_name='w')\n"
        "t.log('train', {'loss': 3.0}, 1); print('ready', flush=True); input()\n"
        "t.log('train', {'loss': 1.0}, 2); t.finish()\n"
    )
    pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=quiet, text=True) as training:
        assert training.stdout is not None
        assert training.stdout.readline() == "ready\n"
        words = [sys.executable, "-m", "aimd_cli", "trial", "plot", "w", "--watch"]
        with subprocess.Popen(words, stdout=pipe, text=True) as watching:
            assert watching.stdout is not None
            assert watching.stdout.readline() == "train.loss is 3 at step 1, its only point\n"
            training.communicate("\n")
            *_, last = watching.stdout
    assert last == "train.loss fell from 3 to 1 over 1 step, lowest 1 at step 2\n"


def test_a_spike_of_one_point_in_a_hundred_thousand_is_seen() -> None:
    values = [1.0] * 100_000
    values[54_321] = 99.0
    chart = Chart([curve(values)], Look(rows=10))
    text = "\n".join(row for (row,) in chart.lines())
    assert text.splitlines()[1].count("*") == 1
    assert (54_321.0, 99.0) in thinned(array("d", range(100_000)), array("d", values), 50)


def test_points_written_out_of_order_are_drawn_in_order() -> None:
    made = Curve("t", "m", array("d", [3, 1, 2]), array("d", [30, 10, 20]))
    assert list(made.positions) == [1, 2, 3]
    assert list(made.values) == [10, 20, 30]
    assert made.last == 20


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 0.99))
def test_smoothing_starts_at_the_first_value_and_stays_within_the_extremes(values: list[float], weight: float) -> None:
    averages = smoothed(array("d", values), weight)
    assert averages[0] == pytest.approx(values[0])
    room = 1e-6 * max(map(abs, values)) + 1e-12
    assert all(min(values) - room <= average <= max(values) + room for average in averages)


@given(ENDS, ENDS, st.integers(1, 20))
def test_ticks_lie_on_the_axis_and_none_is_labelled_twice(one: float, other: float, wanted: int) -> None:
    scale = Scale(min(one, other), max(one, other))
    found = ticks(scale, wanted)
    room = (scale.high / 2 - scale.low / 2) * 1e-6
    assert all(scale.low - room <= tick <= scale.high + room for tick in found)
    if scale.high / 2 - scale.low / 2 > 1e-9 * max(abs(scale.low), abs(scale.high)):
        assert len(set(labels(found))) == len(found)
    assert len(found) <= wanted + 2


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(), max_size=30), min_size=1, max_size=4), st.booleans(), st.integers(20, 120))
def test_any_numbers_at_all_are_drawn_without_a_crash(series: list[list[float]], log_y: bool, width: int) -> None:
    from io import StringIO

    from rich.console import Console

    chart = Chart([curve(values, f"n{number}") for number, values in enumerate(series)], Look(log_y=log_y))
    console = Console(file=StringIO(), width=width)
    console.print(chart.rich(width))
    chart.lines()
    chart.document()


EXTREME = [-1.7976931348623157e308, -1.6e308, -5e-324, 0.0, 5e-324, 1e-300, 1.0, 1.6e308, 1.7976931348623157e308]


@pytest.mark.parametrize("axis", ["step", "time"])
@pytest.mark.parametrize("log_y", [False, True])
def test_the_ends_of_what_a_float_holds_are_drawn(axis: str, log_y: bool) -> None:
    for ends in product(EXTREME, EXTREME):
        for times in (1, 1500):
            far = Curve("t", "m", array("d", [*ends] * times), array("d", [*ends] * times))
            chart = Chart([far], Look(axis, log_y))
            chart.lines()
            chart.rich(80)


def test_a_curve_from_one_end_of_the_floats_to_the_other_goes_up() -> None:
    rows = [row for (row,) in Chart([curve([-1.6e308, 0.0, 1.6e308])], Look(rows=3)).lines()]
    ends = [row.rindex("*") for row in rows[1:4]]
    assert ends == sorted(set(ends), reverse=True)
    assert sparkline([-1.6e308, 0.0, 1.6e308]) == "▁▅█"
    assert sparkline([1.6e308, 1.6e308]) == "▄▄"


def test_labels_are_round_and_not_rounded() -> None:
    assert labels([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert labels([-0.2, -0.0, 0.2]) == ["-0.2", "0.0", "0.2"]
    assert labels([0.01, 0.1, 1.0]) == ["0.01", "0.1", "1"]
    assert labels([0.0, 2e-7, 4e-7]) == ["0", "2e-7", "4e-7"]
    assert [count_label(n) for n in (900.0, 1000.0, 12_500.0, 2e6)] == ["900", "1,000", "12.5k", "2M"]
    assert [duration_label(n) for n in (45.0, 5400.0, 172_800.0, 0.25)] == ["45s", "1h30m", "2d", "0.25s"]


def test_sentences_say_what_happened() -> None:
    assert sentence(curve([1.0, 1.0]), "step") == "train.loss stayed at 1 over 1 step"
    assert sentence(curve([1.0, 9.0, 4.0]), "step") == "train.loss rose from 1 to 4 over 2 steps, highest 9 at step 1"
    assert "ended where it began" in sentence(curve([1.0, 2.0, 1.0]), "step")


def test_a_million_points_need_no_json_document_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimd_core.format.journal import encode_record
    from aimd_core.reading import series

    journal = tmp_path / "metrics"
    journal.write_bytes(
        b"".join(encode_record("train", {"loss": 1 / s}, s, 1, "2026-11-23T15:03:27+00:00") for s in range(1, 20_000))
    )
    monkeypatch.setattr(series, "read_records", lambda *_: pytest.fail("a line in the SDK's form was decoded as JSON"))
    assert len(series.read_series(journal, "train.loss")) == 19_999
