"""Reads the curves of trials for charts: which metric, and where it begins on the axis."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from aimd_cli.views import rows
from aimd_cli.views.curve import Curve
from aimd_core.errors import MetricNotFoundError
from aimd_core.format.layout import METRICS_FILE
from aimd_core.language import joined, said
from aimd_core.reading.documents import Trial
from aimd_core.reading.series import last_of, metric_names, read_series


def read_curves(
    trials: Sequence[Trial], metrics: Sequence[str], axis: str, all_segments: bool = False
) -> tuple[list[Curve], list[str]]:
    """Return the existing curves of these metrics, trial by trial, and a note for each that is missing.

    Args:
        trials: The trials.
        metrics: `type.name` each; none means the main metric.
        axis: `step`, `epoch` or `time`; time is counted from the trial's start.
        all_segments: Whether to include superseded points; then each segment is a curve.

    Raises:
        MetricNotFoundError: None of them is in any of the trials.
        DamagedError: A journal is not a regular file.
    """
    chosen = list(dict.fromkeys(metrics)) or [main_metric(trials)]
    curves: list[Curve] = []
    missing: list[str] = []
    for trial in trials:
        for metric in chosen:
            pieces = [curve for curve in _segments(trial, metric, axis, all_segments) if curve.last is not None]
            if not pieces:
                missing.append(
                    said("{alternative_name} has no {metric}", alternative_name=trial.alternative_name, metric=metric)
                )
            else:
                curves += pieces
    if not curves:
        raise MetricNotFoundError(", ".join(chosen), _where(trials), names_of(trials))
    _name(curves, trials)
    return curves, missing


def read_curve(trial: Trial, metric: str, axis: str) -> Curve:
    """Return a metric of a trial, which may have no points."""
    (curve,) = _segments(trial, metric, axis, all_segments=False)
    return curve


def _segments(trial: Trial, metric: str, axis: str, all_segments: bool) -> list[Curve]:
    """Return a metric of a trial, in one curve for each segment if superseded points are included."""
    journal = trial.path / METRICS_FILE
    series = read_series(journal, metric, axis, all_segments)
    steps = series if axis == "step" else read_series(journal, metric, "step", all_segments)
    start_s = _start_s(trial, series.positions[0]) if axis == "time" and len(series) else 0.0
    curves = []
    pieces = series.segments()
    for number, (piece, piece_steps) in enumerate(zip(pieces, steps.segments(), strict=True), start=1):
        positions = array("d", [position - start_s for position in piece.positions]) if start_s else piece.positions
        curve = Curve(trial.alternative_name, metric, positions, piece.values)
        curve.last = last_of(piece_steps)
        curve.damage = series.damage.sentence()
        curve.segment = number if len(pieces) > 1 else None
        curves.append(curve)
    return curves


def _start_s(trial: Trial, first_s: float) -> float:
    """Return when a trial began, in seconds since the epoch: its start time, unless its first point is older."""
    from aimd_core.reading.facts import seconds_of

    started_s = seconds_of(trial.started)
    return first_s if started_s is None or not started_s <= first_s else started_s


def names_of(trials: Sequence[Trial]) -> list[str]:
    """Return the metrics of these trials, the most important first."""
    return rows.ranked_names([name for trial in trials for name in metric_names(trial.path / METRICS_FILE)])


def main_metric(trials: Sequence[Trial]) -> str:
    """Return the main metric.

    Raises:
        MetricNotFoundError: There is none.
    """
    names = names_of(trials)
    if not names:
        raise MetricNotFoundError("", _where(trials), [])
    return rows.main_metric(names)


def _where(trials: Sequence[Trial]) -> str:
    return trials[0].alternative_name if len(trials) == 1 else said("any of {count} trials", count=len(trials))


def _name(curves: list[Curve], trials: Sequence[Trial]) -> None:
    """Give each curve the shortest name that tells it from the others."""
    shown = {trial.alternative_name: trial.name for trial in trials}
    are_unique = len(set(shown.values())) == len(shown)
    several_metrics = len({curve.metric for curve in curves}) > 1
    for curve in curves:
        parts = [shown[curve.trial] if are_unique else curve.trial] if len(shown) > 1 else []
        parts += [curve.metric] if several_metrics or not parts else []
        parts += [said("segment {number}", number=curve.segment)] if curve.segment else []
        curve.name = joined(" ", parts)
