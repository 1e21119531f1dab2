"""Whatever happened to a trial, every reader of its points says the same of it, and what a model of ten lines says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from aimd_cli.commands.trial.curves import read_several_curves
from aimd_cli.exporting import long_points, wide_points
from aimd_core.format import segments
from aimd_core.format.journal import Damage
from aimd_core.reading.directory import TrialIndex, read_trials
from aimd_core.reading.documents import Trial
from aimd_core.reading.series import all_records_of, metric_values, read_series
from aimd_core.reading.totals import read_totals
from aimd_core.sources import local
from aimd_core.sources.local import DirectorySource, LocalTrial
from aimd_core.upload.version1 import LocalPoints
from t9k import aimd
from t9k.aimd.search import history, search_trials
from tests.support.histories import NAME, Event, Point, build, events, model
from tests.support.properties import load_profile

load_profile()


def stored(path: Path) -> LocalTrial:
    """Return the trial in a directory as commands have it."""
    return DirectorySource(path.parent).handle(Trial(path))


def told_by_history(path: Path) -> Iterator[Point]:
    for record in history(path):
        for metric in record.keys() - {"type", "step", "epoch", "timestamp"}:
            yield metric, record["step"], record[metric]


def told_by_export(path: Path) -> Iterator[Point]:
    for _, metric, step, _, _, value in long_points([stored(path)], [], Damage()).rows:
        yield metric, step, value


def told_by_wide_export(path: Path) -> Iterator[Point]:
    points = wide_points([stored(path)], [], Damage())
    for row in points.rows:
        for metric, value in zip(points.columns[4:], row[4:], strict=True):
            if value is not None:
                yield metric, row[1], value


def told_by_the_sdk(path: Path) -> Iterator[Point]:
    for metrics_type, points in aimd.load_trial(path).metrics.items():
        for point in points:
            for name, value in point["value"].items():
                yield f"{metrics_type}.{name}", point["sequence"]["step"], value


def told_to_version_1(path: Path) -> Iterator[Point]:
    """What a deployed server gets, which takes finite numbers only."""
    for metrics_type, points in LocalPoints(Trial(path)).by_type.items():
        for point in points:
            for name, value in point["value"].items():
                yield f"{metrics_type}.{name}", point["sequence"]["step"], value


def of_each(points: Iterator[Point] | list[Point]) -> dict[str, str]:
    """The points of each metric in their order, so that they compare, NaN as well."""
    metrics: dict[str, list[tuple[int | None, float]]] = {}
    for metric, step, value in points:
        metrics.setdefault(metric, []).append((step, value))
    return {metric: repr(numbers) for metric, numbers in sorted(metrics.items())}


def last_of(points: list[tuple[int | None, float]]) -> float:
    return max(enumerate(points), key=lambda one: (-math.inf if one[1][0] is None else one[1][0], one[0]))[1][1]


def assert_all_agree(path: Path, truth: list[Point]) -> None:
    expected = of_each(truth)
    assert of_each(told_by_history(path)) == expected
    assert of_each(told_by_export(path)) == expected
    assert of_each(told_by_wide_export(path)) == expected
    assert of_each(told_by_the_sdk(path)) == expected
    assert of_each(told_to_version_1(path)) == of_each([point for point in truth if math.isfinite(point[2])])
    by_metric: dict[str, list[tuple[int | None, float]]] = {}
    for metric, step, value in truth:
        by_metric.setdefault(metric, []).append((step, value))
    (row,) = TrialIndex(path.parent).rows()
    (mapping,) = search_trials(path=path.parent)
    totals, _ = read_totals(path / "metrics")
    (compared,) = read_trials([path])
    assert repr(dict(compared.metrics)) == repr(dict(row.metrics))
    assert set(row.metrics) == set(mapping["metrics"]) == set(totals.metrics) == set(by_metric)
    for metric, points in by_metric.items():
        summary = dict(row.metrics[metric])
        assert repr(summary) == repr(mapping["metrics"][metric])
        total = 0.0
        for _, value in points:
            total += value if math.isfinite(value) else 0.0
        finite = [value for _, value in points if math.isfinite(value)]
        assert repr((summary["count"], summary["last"], summary["min"], summary["mean"])) == repr(
            (
                len(points),
                last_of(points) + 0.0,  # a zero has no sign in totals
                min(finite) + 0.0 if finite else None,
                total / len(finite) if finite else None,
            )
        )
        for axis in ("step", "epoch", "time"):
            (curve,) = read_several_curves(stored(path), [metric], axis)
            assert repr(curve.last) == repr(last_of(points))
            if axis == "step":
                drawn = sorted([(s, v) for s, v in points if s is not None and math.isfinite(v)], key=lambda p: p[0])
                assert repr(list(zip(curve.positions, curve.values, strict=True))) == repr(
                    [(float(step), value) for step, value in drawn]
                )


def assert_all_segments(path: Path, everything: list[Point]) -> None:
    counts = Counter(metric for metric, _, _ in everything)
    exported = Counter(row[1] for row in long_points([stored(path)], [], Damage(), all_segments=True).rows)
    (compared,) = read_trials([path], all_segments=True)
    assert exported == counts
    assert {metric: compared.metrics[metric]["count"] for metric in compared.metrics} == counts
    assert len(history(path, all_segments=True)) == len(everything)
    for metric, count in counts.items():
        series = read_series(path / "metrics", metric, all_segments=True)
        assert len(series) == count
        values: dict[int, list[float]] = {}
        for number, record in all_records_of(path, Damage()):
            for name, value in metric_values(record):
                if name == metric:
                    values.setdefault(number, []).append(value)
        if not metric.startswith("system."):
            pieces = [list(piece.values) for piece in series.segments() if len(piece)]
            assert repr(pieces) == repr(list(values.values()))


@given(events())
def test_all_readers_say_the_same_of_any_history(
    tmp_path_factory: pytest.TempPathFactory, happened: list[Event]
) -> None:
    path = build(tmp_path_factory.mktemp("trials") / NAME, happened)
    assert_all_agree(path, model(happened))
    assert_all_segments(path, model([event for event in happened if event[0] != "resume"]))
    # and once more when more happens to it: nothing of what a cache holds is believed too long
    more = [*happened, ("log", "train", "loss", 3, 0.5), ("resume", 2), ("log", "train", "loss", 2, 0.25)]
    build(path, more)
    assert_all_agree(path, model(more))


def _off_by_one(real: Callable[..., bool]) -> Callable[..., bool]:
    return lambda record, limit: real(record, limit + 1)


def _written_last(real: Callable[..., float]) -> Callable[..., float]:
    return lambda steps: steps.values[-1]


@pytest.mark.parametrize(
    ("where", "name", "bug"), [(segments, "_is_superseded", _off_by_one), (local, "last_of", _written_last)]
)
def test_a_reader_that_takes_the_wrong_points_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, bug: Callable[..., Any]
) -> None:
    happened: list[Event] = [("log", "train", "loss", step, 1.0) for step in range(5)]
    happened += [("resume", 3), ("log", "train", "loss", 4, 2.0), ("log", "train", "loss", 1, 3.0)]
    path = build(tmp_path / "trials" / NAME, happened)
    assert_all_agree(path, model(happened))
    monkeypatch.setattr(where, name, bug(getattr(where, name)))
    (path / "metrics").touch()
    with pytest.raises(AssertionError):
        assert_all_agree(path, model(happened))
