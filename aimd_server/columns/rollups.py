"""Reduces series to plots: rollups of points become buckets with a minimum, a maximum and a mean.

A rollup summarises consecutive points: one, 64, or a whole chunk. All sizes can be mixed. A plot goes along its axis:
points are in the order of x, equal ones in the order written, and those without an x are left out (`in_order`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Rollups(NamedTuple):
    """Rollups in order, one entry each.

    Attributes:
        x: The position of the rollup's first point.
        lo: The smallest finite value, or NaN.
        hi: The largest finite value, or NaN.
        total: The sum of the finite values.
        finite: How many values are finite.
        points: How many points there are.
    """

    x: Floats
    lo: Floats
    hi: Floats
    total: Floats
    finite: Counts
    points: Counts


class Plot(NamedTuple):
    """The data for drawing a series.

    Attributes:
        points: How many are in the range.
        nan: Those of them without a finite value.
        exact: Whether there is one entry per point; then `hi`, `mean` and `finite` are None.
        x: Of the first point of each bucket.
        lo: The smallest finite value of each bucket, or NaN.
        hi: The largest.
        mean: The mean of the finite values.
        finite: How many of its values are finite.
    """

    points: int
    nan: int
    exact: bool
    x: Floats
    lo: Floats
    hi: Floats | None
    mean: Floats | None
    finite: Floats | None


def of_points(x: Floats, values: Floats) -> Rollups:
    """Return points as rollups of one."""
    finite = np.isfinite(values)
    shown = np.where(finite, values, np.nan)
    ones = np.ones(len(values), np.int64)
    return Rollups(x, shown, shown, np.where(finite, values, 0.0), finite.astype(np.int64), ones)


def between(x: Floats, least: float | None, greatest: float | None) -> NDArray[np.bool_]:
    """Tell for each x whether it is in a range, which includes its ends; None means no end."""
    inside = np.ones(len(x), np.bool_)
    if least is not None:
        inside &= x >= least
    if greatest is not None:
        inside &= x <= greatest
    return inside


def joined(parts: Sequence[Rollups]) -> Rollups:
    """Return rollups concatenated."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return of_points(np.empty(0), np.empty(0))
    return Rollups(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def in_order(rollups: Rollups) -> Rollups:
    """Return rollups in the order of x, equal ones as they come, without those that have no x."""
    has_x = np.isfinite(rollups.x)
    if not has_x.all():
        rollups = _chosen(rollups, has_x)
    if np.all(rollups.x[1:] >= rollups.x[:-1]):
        return rollups
    return _chosen(rollups, np.argsort(rollups.x, kind="stable"))


def _chosen(rollups: Rollups, which: NDArray[Any]) -> Rollups:
    x, lo, hi, total, finite, points = rollups
    return Rollups(x[which], lo[which], hi[which], total[which], finite[which], points[which])


def thinned(rollups: Rollups, most: int) -> Rollups:
    """Return at most about this many rollups of roughly equally many points each."""
    width = len(rollups.x) // most
    return merged(rollups, np.arange(0, len(rollups.x), width)) if width > 1 else rollups


def merged(rollups: Rollups, starts: NDArray[Any]) -> Rollups:
    """Return larger rollups, each from one of `starts`, which ascend from 0, to before the next."""
    if len(starts) == 0:
        return rollups
    return Rollups(
        rollups.x[starts],
        np.fmin.reduceat(rollups.lo, starts),
        np.fmax.reduceat(rollups.hi, starts),
        np.add.reduceat(rollups.total, starts),
        np.add.reduceat(rollups.finite, starts),
        np.add.reduceat(rollups.points, starts),
    )


def plotted(rollups: Rollups, points: int) -> Plot:
    """Return at most `points` buckets of roughly equal numbers of points, or all points if there are so few."""
    ends = np.cumsum(rollups.points)
    count = int(ends[-1]) if len(ends) else 0
    nan = count - int(rollups.finite.sum())
    if count <= points and count == len(rollups.points):
        return Plot(count, nan, True, rollups.x, rollups.lo, None, None, None)
    bucket = (ends - rollups.points) * points // count
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    made = merged(rollups, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = made.total / np.where(made.finite, made.finite, np.nan)
    return Plot(count, nan, False, made.x, made.lo, made.hi, mean, made.finite.astype(np.float64))
