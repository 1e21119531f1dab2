"""More curves than can be told apart: which of them are drawn, and the band in which the others run. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from aimd_cli.views.curve import Curve
from aimd_core.direction import HIGHER, direction_of

MOST_CURVES = 12  # as many as letters and dashes tell apart at a glance
_SAMPLES = 120

Points = list[tuple[float, float]]


class Band(NamedTuple):
    """Where several curves run: how many they are, and their smallest, middle and largest value along the axis."""

    curves: int
    lowest: Points
    middle: Points
    highest: Points


def drawn_apart(curves: Sequence[Curve]) -> list[int]:
    """Return the numbers of the curves that are drawn one by one, in order: all, or the best of too many.

    If the metric's name does not say what is better, the first.
    """
    if len(curves) <= MOST_CURVES:
        return list(range(len(curves)))
    direction = direction_of(curves[0].metric)
    order = list(range(len(curves)))
    if direction is not None:
        sign = -1.0 if direction == HIGHER else 1.0
        order.sort(key=lambda number: _rank(curves[number].last, sign))
    return sorted(order[:MOST_CURVES])


def _rank(last: float | None, sign: float) -> tuple[bool, float]:
    is_finite = last is not None and last - last == 0.0
    return (False, sign * last) if is_finite and last is not None else (True, 0.0)


def band_of(drawn: Sequence[Points]) -> Band | None:
    """Return the band of curves, given by what is drawn of each; None if nothing is."""
    given = [points for points in drawn if points]
    if not given:
        return None
    from statistics import median  # which few charts need

    first, last = min(points[0][0] for points in given), max(points[-1][0] for points in given)
    band = Band(len(given), [], [], [])
    for number in range(_SAMPLES + 1 if last > first else 1):
        position = _between(first, last, number / _SAMPLES)
        values = [value for points in given if (value := _value_at(points, position)) is not None]
        if values:
            band.lowest.append((position, min(values)))
            band.middle.append((position, median(value / 2 for value in values) * 2))
            band.highest.append((position, max(values)))
    return band


def _value_at(points: Points, position: float) -> float | None:
    """Return the value of a curve between its points; None before its first and after its last one."""
    if position < points[0][0] or position > points[-1][0]:
        return None
    at = bisect_left(points, position, key=lambda point: point[0])
    if points[at][0] == position or at == 0:
        return points[at][1]
    (left, low), (right, high) = points[at - 1], points[at]
    return _between(low, high, (position / 2 - left / 2) / (right / 2 - left / 2 or 1.0))


def _between(start: float, end: float, share: float) -> float:
    """Return a number between two, whose difference may be more than a float can hold."""
    return start * (1.0 - share) + end * share
