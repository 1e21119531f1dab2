"""The one fold of points: by whatever way and in however many pieces, the same numbers to the last bit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format.values import float_of, step_of
from aimd_core.reading import totals as totals_module
from aimd_core.reading.series import metric_names
from aimd_core.reading.shapes import Shapes
from aimd_core.reading.totals import TREND_POINTS, JournalTotals, MetricSummary, Trend, read_totals
from tests.support.properties import load_profile
from tests.support.trials import record

load_profile()


def summary_of(*points: tuple[float, int | None]) -> MetricSummary:
    summary = MetricSummary()
    for value, step in points:
        summary.add(value, step)
    return summary


def totals_of(path: Path) -> JournalTotals:
    return read_totals(path)[0]


def plainly(points: list[tuple[float, int | None]]) -> dict[str, Any]:
    """The rules once more, each by itself: slow, and from all points at once."""
    finite = [(value, step) for value, step in points if math.isfinite(value)]
    total = 0.0
    for value, _ in finite:
        total += value
    last, last_step, nan_since, reached = points[0][0], points[0][1], None, -math.inf
    for value, step in points:
        if (-math.inf if step is None else step) >= reached:
            reached = -math.inf if step is None else step
            nan_since = None if math.isfinite(value) else step if nan_since is None else nan_since
            last, last_step = value, step
    low = min(finite, key=lambda point: point[0], default=(None, None))
    high = max(finite, key=lambda point: point[0], default=(None, None))
    return {
        "last": last, "min": low[0], "max": high[0], "mean": total / len(finite) if finite else None,
        "count": len(points), "last_step": last_step, "min_step": low[1], "max_step": high[1], "nan_since": nan_since,
    }  # fmt: skip


def test_a_summary_knows_the_last_the_extremes_and_their_steps() -> None:
    summary = summary_of((2.0, 1), (1.0, 2), (4.0, 3), (3.0, 4))
    assert (summary.last, summary.last_step) == (3.0, 4)
    assert (summary.min, summary.min_step, summary.max, summary.max_step) == (1.0, 2, 4.0, 3)
    assert (summary.mean, summary.count) == (2.5, 4)


def test_numbers_that_are_not_finite_count_but_are_no_extremes() -> None:
    summary = summary_of((math.nan, 1), (1.0, 2), (math.inf, 3), (-math.inf, 4))
    assert (summary.count, summary.nan_count) == (4, 3)
    assert (summary.min, summary.max, summary.mean, summary.last) == (1.0, 1.0, 1.0, -math.inf)


def test_a_metric_that_was_never_finite_has_no_extremes_and_no_mean() -> None:
    summary = summary_of((math.nan, 1))
    assert (summary.min, summary.max, summary.mean) == (None, None, None)
    assert math.isnan(summary.last)


def test_of_equal_extremes_the_first_one_counts() -> None:
    summary = summary_of((1.0, 1), (1.0, 2))
    assert (summary.min_step, summary.max_step) == (1, 1)


@pytest.mark.parametrize(
    ("points", "last", "last_step"),
    [
        ([(1.0, 1), (2.0, 2)], 2.0, 2),
        ([(1.0, 5), (2.0, 3)], 1.0, 5),
        ([(1.0, 5), (2.0, 5)], 2.0, 5),
        ([(1.0, None), (2.0, None)], 2.0, None),
        ([(1.0, -3), (2.0, None)], 1.0, -3),
        ([(1.0, None), (2.0, -3)], 2.0, -3),
    ],
)
def test_last_is_the_point_with_the_greatest_step_and_of_several_the_one_written_last(
    points: list[tuple[float, int | None]], last: float, last_step: int | None
) -> None:
    summary = summary_of(*points)
    assert (summary.last, summary.last_step) == (last, last_step)


@pytest.mark.parametrize(
    ("points", "since"),
    [
        ([(1.0, 1)], None),
        ([(1.0, 1), (math.nan, 2), (math.inf, 3)], 2),
        ([(math.nan, 1), (1.0, 2)], None),
        ([(math.nan, 5), (1.0, 3)], 5),
        ([(math.nan, 1), (1.0, 2), (math.nan, 3)], 3),
        ([(math.nan, None)], None),
        ([(math.nan, None), (math.nan, 4)], 4),
    ],
)
def test_it_says_since_which_step_the_last_value_is_not_finite(
    points: list[tuple[float, int | None]], since: int | None
) -> None:
    assert summary_of(*points).nan_since == since


@pytest.mark.parametrize(
    ("written", "step"),
    [
        (3, 3), (-3, -3), (3.0, 3), (2.5, None), (True, None), ("3", None), (None, None), ([], None),
        (math.nan, None), (math.inf, None), ((1 << 53) + 1, 1 << 53), (1 << 63, None), (10**400, None),
        ((1 << 63) - 1, None), (1785000000123456789, int(float(1785000000123456789))),
    ],
)  # fmt: skip
def test_a_step_is_a_whole_number_of_less_than_64_bits(written: object, step: int | None) -> None:
    assert step_of(written) == step


def test_a_missing_journal_has_empty_totals(tmp_path: Path) -> None:
    assert totals_of(tmp_path / "metrics").records == 0


def test_totals_report_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_bytes(record(1) + b"?\n" + record(2) + b"{")
    totals = totals_of(tmp_path / "metrics")
    assert (totals.records, totals.damage.numbers, totals.damage.torn_bytes) == (2, [2], 1)


def test_totals_have_a_row_for_each_metric_of_each_type_in_order_of_appearance(tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    path.write_bytes(record(1, 2.0) + record(2, 1.0, "val", "acc") + record(3, 4.0) + record(3, 0.1, "train", "a"))
    metrics = totals_of(path).metrics
    assert list(metrics) == metric_names(path) == ["train.loss", "train.a", "val.acc"]  # type by type
    earlier = read_totals(path)[1].state()
    path.write_bytes(path.read_bytes() + record(4, 0.1, "b", "z") + record(4, 0.1, "train", "0"))
    metrics = read_totals(path, earlier)[0].metrics
    assert list(metrics) == list(totals_of(path).metrics) == ["train.loss", "train.a", "train.0", "val.acc", "b.z"]
    assert metrics["train.loss"].as_dict() == plainly([(2.0, 1), (4.0, 3)])


@pytest.mark.parametrize(("number", "expected"), [(10**400, float("inf")), (-(10**400), float("-inf")), (7, 7.0)])
def test_an_integer_in_a_journal_is_summarised_as_a_float(number: int, expected: float, tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text(json.dumps({"t": {"value": {"a": number}, "sequence": {"step": 1}}}))
    assert totals_of(tmp_path / "metrics").metrics["t.a"].last == expected


def test_values_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text('{"t": {"value": {"a": "x", "b": null, "c": [1]}, "sequence": {"step": "1"}}}')
    totals = totals_of(tmp_path / "metrics")
    assert (totals.records, totals.metrics) == (1, {})


_steps = st.one_of(st.integers(0, 9), st.integers(0, 9), st.none(), st.sampled_from([True, 2.0, 2.5, 1 << 60, "3"]))
_points = st.lists(st.tuples(st.one_of(st.floats(), st.floats(-1, 1), st.integers(-5, 5)), _steps), max_size=30)


@given(_points, st.lists(st.integers(0, 30), max_size=4), st.booleans())
def test_a_summary_is_that_of_its_points_in_whatever_pieces_they_come(
    points: list[tuple[float, Any]], cuts: list[int], is_rising: bool
) -> None:
    if is_rising:  # what the quick way is for
        points = [(value, number) for number, (value, _) in enumerate(points)]
    summary = MetricSummary()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(points)], strict=True):
        piece = points[start:end]
        summary.extend([float_of(value) for value, _ in piece], [step for _, step in piece])
        summary = MetricSummary.from_state(json.loads(json.dumps(summary.state())))
    if points:
        assert repr(summary.as_dict()) == repr(plainly([(float(value), step_of(step)) for value, step in points]))


def _odd(step: object, value: float) -> bytes:
    return json.dumps({"train": {"value": {"a": value, "b": 2}, "sequence": {"step": step}}}).encode() + b"\n"


_lines = st.one_of(
    st.builds(record, st.integers(0, 9), st.floats(), st.sampled_from(["train", "val"]), st.sampled_from(["a", "b"])),
    st.builds(_odd, _steps, st.floats()),
    st.sampled_from(
        [b"\n", b"torn {\n", b"\xff\n", record(1)[:-1] + record(2), b'{"a": 1}\n', b"\xef\xbb\xbf" + record(3),
         record(4)[:-1] + b"\r\n", b'{"t": {"value": {"i": 1, "s": "x", "b": true}, "sequence": {"step": "no"}}}\n',
         b'{"t": {"value": {"big": 1' + b"0" * 400 + b'}, "sequence": {}}}\n', b"[]\n"]
    ),
)  # fmt: skip


@given(st.lists(_lines, max_size=12), st.integers(0, 2000), st.integers(0, 2000), st.integers(20, 400))
def test_totals_are_the_same_by_the_quick_and_the_careful_way_and_in_however_many_steps(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], first: int, second: int, block_bytes: int
) -> None:
    journal = tmp_path_factory.mktemp("journal") / "metrics"
    whole = b"".join(lines)
    known = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(totals_module, "_BLOCK_BYTES", block_bytes)
        for end in (*sorted((first, second)), len(whole)):
            journal.write_bytes(whole[:end])
            shown, totals = read_totals(journal, known)
            known = json.loads(json.dumps(totals.state()))
        patch.setattr(totals_module, "_decode_block", lambda block: None)
        patch.setattr(Shapes, "stretches_in", lambda self, block: None)
        careful = totals_of(journal)
    assert shown.damage.sentence() == careful.damage.sentence()
    assert shown.records == careful.records
    assert {name: repr(one.state()) for name, one in shown.metrics.items()} == {
        name: repr(one.state()) for name, one in careful.metrics.items()
    }
    assert {name: trend.points() for name, trend in shown.trends.items()} == {
        name: trend.points() for name, trend in careful.trends.items()
    }


def test_a_sum_made_in_another_order_is_caught() -> None:
    values = [1e16, 1.0, -1e16, 1.0, 1e-3] * 3
    plain = plainly([(value, number) for number, value in enumerate(values)])
    summary = MetricSummary()
    summary.extend(values, list(range(len(values))))
    assert summary.mean == plain["mean"] != math.fsum(values) / len(values)


@given(st.lists(st.floats(-10, 10), max_size=400), st.integers(1, 60))
def test_a_trend_is_the_same_in_however_many_pieces_and_keeps_the_mean(values: list[float], piece: int) -> None:
    whole, pieces = Trend(), Trend()
    whole.extend(values)
    for start in range(0, len(values), piece):
        pieces.extend(values[start : start + piece])
    assert len(whole.points()) == min(len(values), TREND_POINTS) or len(whole.sums) < TREND_POINTS * 2
    assert (pieces.points(), pieces.sums) == (whole.points(), whole.sums)
    assert sum(whole.sums) == pytest.approx(sum(values), abs=1e-6)
