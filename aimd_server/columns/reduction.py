"""Series to plots: blocks of points to a wanted number of buckets, each with its least and greatest value and its mean.

A block is what is known of some points in a row: one point, 64 of a rollup, a whole chunk. Blocks of all sizes mix.
Blocks stay in the order in which the points were logged; nothing is sorted by x, which goes back after a resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Blocks(NamedTuple):
    """Blocks in order, one entry each.

    Attributes:
        x: Where the block's first point lies.
        lo: The least finite value, NaN when there is none.
        hi: The greatest finite value, NaN when there is none.
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
    """What a series is drawn from.

    Attributes:
        points: How many lie in the range.
        nan: Those of them without a finite value.
        exact: Whether there is one entry a point; then `hi` and `mean` are None.
        x: Of the first point of each bucket.
        lo: The least finite value of each bucket, NaN when there is none.
        hi: The greatest.
        mean: The mean of the finite values.
    """

    points: int
    nan: int
    exact: bool
    x: Floats
    lo: Floats
    hi: Floats | None
    mean: Floats | None


def of_points(x: Floats, values: Floats) -> Blocks:
    """Return points as blocks of one."""
    finite = np.isfinite(values)
    shown = np.where(finite, values, np.nan)
    ones = np.ones(len(values), np.int64)
    return Blocks(x, shown, shown, np.where(finite, values, 0.0), finite.astype(np.int64), ones)


def between(x: Floats, least: float | None, greatest: float | None) -> NDArray[np.bool_]:
    """Tell of each x whether it lies in a range, whose ends belong to it; None is no end."""
    inside = np.ones(len(x), np.bool_)
    if least is not None:
        inside &= x >= least
    if greatest is not None:
        inside &= x <= greatest
    return inside


def joined(parts: Sequence[Blocks]) -> Blocks:
    """Return blocks behind each other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return of_points(np.empty(0), np.empty(0))
    return Blocks(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def merged(blocks: Blocks, starts: NDArray[Any]) -> Blocks:
    """Return larger blocks, each made of those from one of `starts`, which rise from 0, to before the next."""
    if len(starts) == 0:
        return blocks
    return Blocks(
        blocks.x[starts],
        np.fmin.reduceat(blocks.lo, starts),
        np.fmax.reduceat(blocks.hi, starts),
        np.add.reduceat(blocks.total, starts),
        np.add.reduceat(blocks.finite, starts),
        np.add.reduceat(blocks.points, starts),
    )


def plotted(blocks: Blocks, points: int) -> Plot:
    """Return at most `points` buckets, of as equal numbers of points as the blocks allow; all points if so few."""
    ends = np.cumsum(blocks.points)
    count = int(ends[-1]) if len(ends) else 0
    nan = count - int(blocks.finite.sum())
    if count <= points and count == len(blocks.points):
        return Plot(count, nan, True, blocks.x, blocks.lo, None, None)
    bucket = (ends - blocks.points) * points // count
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    made = merged(blocks, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = made.total / np.where(made.finite, made.finite, np.nan)
    return Plot(count, nan, False, made.x, made.lo, made.hi, mean)
