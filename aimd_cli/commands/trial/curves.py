"""Reads the curves of trials for charts: which metric, and where it begins on the axis."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from operator import attrgetter

from aimd_cli.views import rows
from aimd_cli.views.curve import Curve
from aimd_core.errors import MetricNotFoundError
from aimd_core.language import joined, said
from aimd_core.sources.handles import Line, LineRequest, TrialHandle, by_source


def read_curves(
    trials: Sequence[TrialHandle], metrics: Sequence[str], axis: str, all_segments: bool = False
) -> tuple[list[Curve], list[str]]:
    """Return the existing curves of these metrics, trial by trial, and a note for each that is missing.

    Args:
        trials: The trials, wherever they are.
        metrics: `type.name` each; none means the main metric.
        axis: `step`, `epoch` or `time`; time is counted from the trial's start.
        all_segments: Whether to include superseded points; then each segment is a curve.

    Raises:
        MetricNotFoundError: None of them is in any of the trials.
        DamagedError: A journal is not a regular file.
        NetworkError: A server does not answer.
    """
    request = LineRequest(list(dict.fromkeys(metrics)) or [main_metric(trials)], axis, all_segments)
    curves: list[Curve] = []
    owners: list[TrialHandle] = []  # the trial of each curve
    missing: list[str] = []
    for trial, of_trial in zip(trials, by_source(trials, lambda at, some: at.lines(some, request)), strict=True):
        for metric, lines in zip(request.metrics, of_trial, strict=True):
            pieces = [curve for curve in _curves(trial, metric, lines, axis) if curve.last is not None]
            if not pieces:
                missing.append(
                    said("{alternative_name} has no {metric}", alternative_name=trial.alternative_name, metric=metric)
                )
            else:
                curves += pieces
                owners += [trial] * len(pieces)
    if not curves:
        raise MetricNotFoundError(", ".join(request.metrics), _where(trials), names_of(trials))
    _name(curves, owners, trials)
    return curves, missing


def read_curve(trial: TrialHandle, metric: str, axis: str) -> Curve:
    """Return a metric of a trial, which may have no points."""
    (((lines,),),) = (trial.source.lines([trial], LineRequest([metric], axis)),)
    (curve,) = _curves(trial, metric, lines, axis)
    return curve


def _curves(trial: TrialHandle, metric: str, lines: Sequence[Line], axis: str) -> list[Curve]:
    """Return the lines of a metric as curves, which begin where the trial did if the axis is time."""
    first_s = next((line.points.positions[0] for line in lines if len(line.points)), 0.0)
    start_s = _start_s(trial, first_s) if axis == "time" and any(len(line.points) for line in lines) else 0.0
    curves = []
    for number, line in enumerate(lines, start=1):
        positions = line.points.positions
        if start_s:
            positions = array("d", [position - start_s for position in positions])
        curve = Curve(trial.alternative_name, metric, positions, line.points.values)
        curve.last, curve.damage = line.last, line.damage
        curve.segment = number if len(lines) > 1 else None
        curves.append(curve)
    return curves


def _start_s(trial: TrialHandle, first_s: float) -> float:
    """Return when a trial began, in seconds since the epoch: its start time, unless its first point is older."""
    from aimd_core.reading.facts import seconds_of

    started_s = seconds_of(trial.started)
    return first_s if started_s is None or not started_s <= first_s else started_s


def names_of(trials: Sequence[TrialHandle]) -> list[str]:
    """Return the metrics of these trials, the most important first."""
    names = by_source(trials, lambda source, group: source.metrics_of(group))
    return rows.ranked_names([name for of_trial in names for name in of_trial])


def main_metric(trials: Sequence[TrialHandle]) -> str:
    """Return the main metric.

    Raises:
        MetricNotFoundError: There is none.
    """
    names = names_of(trials)
    if not names:
        raise MetricNotFoundError("", _where(trials), [])
    return rows.main_metric(names)


def _where(trials: Sequence[TrialHandle]) -> str:
    return trials[0].alternative_name if len(trials) == 1 else said("any of the {count} trials", count=len(trials))


def _name(curves: list[Curve], owners: Sequence[TrialHandle], trials: Sequence[TrialHandle]) -> None:
    """Give each curve the shortest name that tells it from the others: of its trial, its directory, or its place."""
    ways = [attrgetter(name) for name in ("name", "alternative_name", "address")]
    called = next((way for way in ways if len(set(map(way, trials))) == len(trials)), ways[-1])
    several_metrics = len({curve.metric for curve in curves}) > 1
    for curve, owner in zip(curves, owners, strict=True):
        parts = [called(owner)] if len(trials) > 1 else []
        parts += [curve.metric] if several_metrics or not parts else []
        parts += [said("segment {number}", number=curve.segment)] if curve.segment else []
        curve.name = joined(" ", parts)
