"""Reads the curves of trials for charts: which metric, and where it begins on the axis."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from operator import attrgetter

from aimd_cli import output
from aimd_cli.views import rows
from aimd_cli.views.curve import Curve
from aimd_core.errors import MetricNotFoundError
from aimd_core.language import joined, said
from aimd_core.reading.series import AXES
from aimd_core.sources.handles import Line, LineRequest, TrialHandle, by_source

_MOST_JOINED = 10_000_000  # points asked of a server, so that each of them is at a step
_NOWHERE = float("nan")


def read_curves(
    trials: Sequence[TrialHandle], metrics: Sequence[str], axis: str, all_segments: bool = False
) -> tuple[list[Curve], list[str]]:
    """Return the existing curves of these metrics, trial by trial, and a note for each that is missing.

    Args:
        trials: The trials, wherever they are.
        metrics: `type.name` each; none means the main metric.
        axis: `step`, `epoch` or `time`, which is counted from the trial's start; or a metric, joined by step.
        all_segments: Whether to include superseded points; then each segment is a curve.

    Raises:
        MetricNotFoundError: None of them is in any of the trials.
        DamagedError: A journal is not a regular file.
        NetworkError: A server does not answer.
    """
    requested = list(dict.fromkeys(metrics)) or [main_metric(trials)]
    request = LineRequest(requested, axis if axis in AXES else "step")
    segments = _segments_of(trials, request) if all_segments else {}
    positions = _positions(trials, axis) if axis not in AXES else None
    if positions is not None:
        request = request._replace(exact_points=_MOST_JOINED)
    curves: list[Curve] = []
    owners: list[TrialHandle] = []  # the trial of each curve
    missing: list[str] = []
    for trial, of_trial in zip(trials, by_source(trials, lambda at, some: at.lines(some, request)), strict=True):
        for metric, lines in zip(request.metrics, of_trial, strict=True):
            if positions is not None:
                _join(lines, positions[trial.address])
            (curve,) = _curves(trial, metric, lines, axis)
            curve.segments = segments.get((trial.address, metric), []) if positions is None else []
            if curve.last is None:
                missing.append(
                    said("{alternative_name} has no {metric}", alternative_name=trial.alternative_name, metric=metric)
                )
            else:
                curves.append(curve)
                owners.append(trial)
    if not curves:
        raise MetricNotFoundError(", ".join(request.metrics), where_of(trials), names_of(trials))
    _name(curves, owners, trials)
    return curves, missing


def _positions(trials: Sequence[TrialHandle], metric: str) -> dict[str, dict[float, float]]:
    """Return the values of a metric by step, for each trial by its address.

    Raises:
        MetricNotFoundError: None of the trials has it.
    """
    request = LineRequest([metric], exact_points=_MOST_JOINED)
    answers = by_source(trials, lambda source, group: source.lines(group, request))
    positions = {}
    for trial, ((line,),) in zip(trials, answers, strict=True):
        positions[trial.address] = dict(zip(line.points.positions, line.points.values, strict=True))
    if not any(positions.values()):
        raise MetricNotFoundError(metric, where_of(trials), names_of(trials))
    return positions


def _join(lines: Sequence[Line], at_steps: dict[float, float]) -> None:
    """Put the points of lines by step where another metric is at that step; where it has no value, nowhere."""
    for line in lines:
        line.points.positions = array("d", [at_steps.get(step, _NOWHERE) for step in line.points.positions])


def _segments_of(trials: Sequence[TrialHandle], request: LineRequest) -> dict[tuple[str, str], list[Curve]]:
    """Return the segments of each metric of each trial that has several, by the trial's address and the metric."""
    asked = request._replace(all_segments=True)
    answers = by_source(trials, lambda source, group: source.lines(group, asked))
    return {
        (trial.address, metric): _curves(trial, metric, lines, request.axis)
        for trial, of_trial in zip(trials, answers, strict=True)
        for metric, lines in zip(request.metrics, of_trial, strict=True)
        if len(lines) > 1
    }


def read_several_curves(trial: TrialHandle, metrics: Sequence[str], axis: str) -> list[Curve]:
    """Return metrics of a trial, each of which may have no points, with as few readings as possible."""
    (of_trial,) = trial.source.lines([trial], LineRequest(list(metrics), axis))
    return [_curves(trial, metric, lines, axis)[0] for metric, lines in zip(metrics, of_trial, strict=True)]


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
        curve.address = trial.address
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
        raise MetricNotFoundError("", where_of(trials), [])
    return rows.main_metric(names)


def where_of(trials: Sequence[TrialHandle]) -> str:
    """Return what an error calls these trials: the only one by its name."""
    return trials[0].alternative_name if len(trials) == 1 else said("any of the {count} trials", count=len(trials))


def _name(curves: list[Curve], owners: Sequence[TrialHandle], trials: Sequence[TrialHandle]) -> None:
    """Give each curve the shortest name that tells it from the others: of its trial, its directory, or its place."""
    ways = [attrgetter(name) for name in ("name", "alternative_name", "address")]
    called = next((way for way in ways if len(set(map(way, trials))) == len(trials)), ways[-1])
    several_metrics = len({curve.metric for curve in curves}) > 1
    for curve, owner in zip(curves, owners, strict=True):
        parts = [called(owner)] if len(trials) > 1 else []
        parts += [curve.metric] if several_metrics or not parts else []
        curve.name = joined(" ", parts)
    if output.is_terminal() and len(trials) > 1:
        _label(curves, owners, trials)


def _label(curves: Sequence[Curve], owners: Sequence[TrialHandle], trials: Sequence[TrialHandle]) -> None:
    """Give each curve a label that says what is different in its trial."""
    from aimd_cli.views.labels import trial_labels
    from aimd_core.sources.parameters import params_of

    names = [trial.name for trial in trials]
    params = list(map(params_of, trials)) if len(set(names)) < len(names) else []
    labels = trial_labels(names, [trial.address.rpartition("/")[2] for trial in trials], params)
    by_trial = {id(trial): label for trial, label in zip(trials, labels, strict=True)}
    for curve, owner in zip(curves, owners, strict=True):
        curve.label = by_trial[id(owner)]
