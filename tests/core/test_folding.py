"""Folded facts say what the whole ones say, and take little memory."""

from __future__ import annotations

import gc
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_cli.views.sparkline import sparkline
from aimd_core.format.values import step_of
from aimd_core.query import matches, parse
from aimd_core.reading.changes import Watch
from aimd_core.reading.facts import Facts, WholeFacts
from aimd_core.reading.folding import FoldedFacts, Folds
from aimd_core.reading.summaries import AGGREGATES, Summaries, Trends, positions_of
from aimd_core.reading.totals import JournalTotals, MetricSummary, Trend
from tests.support.trials import record, write_trial

UUID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
NAME = "run_261123_150327_abc123"
ATTRIBUTES = [name for name in WholeFacts.__slots__ if name not in ("_recorded", "trends", "metrics")]

_steps = st.one_of(st.none(), st.integers(0, 9), st.integers(-(1 << 53), 1 << 53))
_points = st.lists(st.tuples(st.floats(), _steps), min_size=1, max_size=60)
_plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3))
_times = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.sampled_from(["2026-11-23T15:03:27.664883+00:00", "2026-11-23T15:03:27+08:00", "2026-11-23", "1969-01-01"]),
)
_facts = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["run", "", NAME, "训练", "r/n"]),
        "id": st.sampled_from(["", "id1", UUID, UUID.upper()]),
        "status": st.sampled_from(["Succeeded", "Failed", "Interrupted", "Odd"]),
        "started": _times,
        "ended": _times,
        "folder": st.text(max_size=3),
        "tags": st.lists(st.text(max_size=3), max_size=2).map(tuple),
        "note": st.text(max_size=3),
        "params": st.dictionaries(st.text(max_size=3), st.one_of(_plain, st.lists(_plain, max_size=2)), max_size=3),
        "git": st.dictionaries(st.text(max_size=3), _plain, max_size=2),
        "platform": st.dictionaries(st.text(max_size=3), _plain, max_size=2),
        "damage": st.lists(st.text(max_size=3), max_size=1),
        "ending": st.one_of(st.none(), st.just({"kind": "", "exception": "ValueError", "message": "shapes differ"})),
        "segments": st.lists(st.just({"kind": "fork", "parent": "p", "from_step": 3}), max_size=1),
    }
)


def whole_of(facts: dict[str, Any], series: dict[str, list[tuple[float, object]]]) -> WholeFacts:
    totals = JournalTotals()
    for name, points in series.items():
        totals.metrics[name], totals.trends[name] = MetricSummary(), Trend()
        for value, step in points:
            totals.metrics[name].add(value, step_of(step))
        totals.trends[name].extend([value for value, _ in points if value - value == 0.0])
    positions = positions_of(totals.metrics)
    packed = Summaries(positions, totals.packed_summaries()), Trends(positions, totals.packed_trends())
    row = WholeFacts(alternative_name=NAME, path=f"/x/{NAME}", metrics=packed[0], trends=packed[1], **facts)
    row.derive(0.0)
    return row


def folded(row: Facts) -> Facts:
    return Folds("/x/").fold(row.alternative_name, row, b"")


@given(_facts, st.dictionaries(st.text(max_size=3), _points, max_size=3))
def test_folded_facts_say_what_the_whole_ones_say(
    facts: dict[str, Any], series: dict[str, list[tuple[float, object]]]
) -> None:
    row = whole_of(facts, series)
    kept = folded(row)
    assert isinstance(kept, FoldedFacts)
    for again in (kept, kept.whole()):
        assert {name: getattr(again, name) for name in ATTRIBUTES} == {name: getattr(row, name) for name in ATTRIBUTES}
        assert repr(again.document()) == repr(row.document())  # in which 1 is not 1.0, and NaN is NaN
        for name in (*series, "missing"):
            for aggregate in (*AGGREGATES, "median"):
                assert repr(again.number(name, aggregate)) == repr(row.number(name, aggregate))
        assert list(again.trends) == list(row.trends)
        assert again.is_unfinished is False


@given(_points)
def test_a_trend_keeps_its_course(points: list[tuple[float, object]]) -> None:
    row = whole_of({}, {"loss": points})
    levels, means = folded(row).trends.get("loss", ()), row.trends.get("loss", ())
    assert len(levels) == len(means)
    assert all(0 <= level <= 240 for level in levels)
    assert means != sorted(means) or list(levels) == sorted(levels)
    if len(means) > 1 and max(means) > min(means):
        assert levels[means.index(min(means))] == 0
        assert levels[means.index(max(means))] == 240


def test_a_line_of_text_shows_the_same_trend() -> None:
    for course in ([1 / step for step in range(1, 20)], [float(step) for step in range(24)], [0.5, 0.5], [0, 7, 3, 1]):
        row = whole_of({}, {"loss": [(value, step) for step, value in enumerate(course)]})
        assert sparkline(folded(row).trends["loss"], 24) == sparkline(row.trends["loss"], 24)


@pytest.mark.parametrize("status", ["Running", "Initializing"])
def test_what_changes_with_time_is_not_folded(status: str) -> None:
    row = whole_of({"status": status}, {})
    assert folded(row) is row


def test_what_is_folded_matches_queries(tmp_path: Path) -> None:
    row = whole_of({"params": {"lr": 0.1}, "tags": ("good",)}, {"val.acc": [(0.9, 1), (0.8, 2)]})
    for query in ("params.lr = 0.1", "val.acc.max = 0.9", "val.acc < 0.85", "tags = good", "missing.x is missing"):
        assert matches(parse(query), row) == matches(parse(query), folded(row)), query


def test_the_names_of_what_is_folded_are_told_without_opening_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that matches none of many trials says which names there are."""
    row = whole_of({"params": {"lr": 0.1}, "platform": {"python": "3.11"}}, {"val.acc": [(0.9, 1)]})
    small = folded(row)
    monkeypatch.setattr(FoldedFacts, "_parts", None)
    assert (list(small.param_names), list(small.metric_names)) == (list(row.params), list(row.metrics))
    assert small.platform == row.platform


def test_a_trial_of_very_many_metrics_is_left_whole() -> None:
    """Each number of a folded one is read from the bytes of all."""
    row = whole_of({}, {f"m{number}": [(1.0, 1)] for number in range(1001)})
    assert folded(row) is row


def test_many_trials_take_little_memory_each(tmp_path: Path) -> None:
    """A screen over 100,000 trials is to take less than 150 MiB, of which 55 are the program."""
    count = 300
    for number in range(count):
        name = f"run{number}_261123_150327_abc{number:03d}"
        metrics = b"".join(record(step, number / step) for step in range(1, 31))
        parameters = f"lr: {number / 7}\nbatch: 32\nseed: {number}\nname: adam\n"
        path = write_trial(tmp_path, name, status="Succeeded", parameters=parameters, metrics=metrics)
        for file in path.iterdir():
            os.utime(file, (time.time() - 3600, time.time() - 3600))
    watch, bytes_of = Watch(directory=tmp_path), []
    tracemalloc.start()
    try:
        for _ in range(2):  # the second time, all modules are loaded and the index is written
            before = tracemalloc.get_traced_memory()[0]
            watch = Watch(directory=tmp_path)
            while watch.look(with_facts=False) and watch.unread_count:
                pass
            gc.collect()
            bytes_of.append(tracemalloc.get_traced_memory()[0] - before)
            assert len(watch.look(with_facts=False)) == count
            watch = Watch(directory=tmp_path)
    finally:
        tracemalloc.stop()
    assert bytes_of[-1] / count < 900
