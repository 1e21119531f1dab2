"""What the index keeps of metrics is what the totals are, to the last bit and in the same order."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.format.values import step_of
from aimd_core.reading.summaries import AGGREGATES, LastValues, Summaries, Trends, positions_of
from aimd_core.reading.totals import JournalTotals, MetricSummary
from tests.support.trials import record

_steps = st.one_of(st.none(), st.integers(0, 9), st.integers(-(1 << 63), 1 << 63), st.floats())
_points = st.lists(st.tuples(st.floats(), _steps), min_size=1, max_size=20)


def summary_of(points: list[tuple[float, object]]) -> MetricSummary:
    summary = MetricSummary()
    for value, step in points:
        summary.add(value, step_of(step))
    return summary


def test_the_aggregates_are_in_the_order_of_a_summary() -> None:
    assert tuple(MetricSummary().as_dict()) == AGGREGATES


@given(st.dictionaries(st.text(max_size=3), _points, max_size=4))
def test_summaries_are_kept_exactly(series: dict[str, list[tuple[float, object]]]) -> None:
    totals = JournalTotals()
    totals.metrics = made = {name: summary_of(points) for name, points in series.items()}
    kept = Summaries(positions_of(made), totals.packed_summaries())
    assert list(kept) == list(made)
    for name, summary in made.items():
        assert repr(kept[name]) == repr(summary.as_dict())  # in which 1 is not 1.0, and NaN is NaN
        numbers = {aggregate: kept.number(name, aggregate) for aggregate in AGGREGATES}
        assert repr(numbers) == repr(summary.as_dict())
        assert kept.number(name, "median") is None
    assert "missing" not in kept
    assert kept.number("missing", "last") is None


_names = st.lists(st.sampled_from("abcde"), max_size=5, unique=True)


@given(_names, st.lists(st.dictionaries(st.sampled_from("abcd"), _points, max_size=4), max_size=4))
def test_the_last_values_of_many_trials_are_those_of_each(
    names: list[str], trials: list[dict[str, list[tuple[float, object]]]]
) -> None:
    lasts = LastValues(names)
    for series in [*trials, *trials]:  # the second time each of them is known
        totals = JournalTotals()
        totals.metrics = made = {name: summary_of(points) for name, points in series.items()}
        kept = Summaries(positions_of(made), totals.packed_summaries())
        expected = repr([kept.number(name, "last") for name in names])
        assert repr(list(lasts.of(kept))) == expected
        assert repr(list(lasts.of({name: dict(kept[name]) for name in kept}))) == expected


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats()), max_size=120))
def test_trends_are_kept_exactly(points: list[tuple[str, float]]) -> None:
    totals = JournalTotals()
    totals.take_lines(b"".join(record(step, value, "train", name) for step, (name, value) in enumerate(points)))
    kept = Trends(positions_of(totals.metrics), totals.packed_trends())
    assert {name: kept[name] for name in kept} == {name: trend.points() for name, trend in totals.trends.items()}
    assert [name in kept for name in totals.metrics] == [name in totals.trends for name in totals.metrics]


@pytest.mark.parametrize("change", [lambda packed: packed[:-8], lambda packed: packed + bytes(8), lambda _: b""])
def test_what_is_not_as_long_as_it_should_be_is_refused(change: object) -> None:
    totals = JournalTotals()
    totals.take_lines(record(1) + record(2))
    positions = positions_of(totals.metrics)
    assert callable(change)
    for kind, packed in ((Summaries, totals.packed_summaries()), (Trends, totals.packed_trends())):
        with pytest.raises((ValueError, struct.error)):
            kind(positions, change(packed))
