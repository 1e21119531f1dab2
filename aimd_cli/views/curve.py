"""Prepares a metric's points for drawing and for a sentence. Pure.

Downsampling keeps the smallest and the largest value of every stretch, so no spike is lost.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import le
from typing import NamedTuple

from aimd_cli import text
from aimd_core.language import joined, said

STRETCHES = 500
AXIS_WORDS = {"step": "steps", "epoch": "epochs", "time": "time"}


class Curve:
    """One metric of one trial.

    Attributes:
        name: Its name in the legend.
        metric: `type.name`.
        trial: The trial's alternative name.
        address: What is different for each trial, by default its alternative name.
        positions: The axis positions of its finite points, not descending.
        values: Their values.
        not_finite: How many points are NaN or infinite.
        unplaced: How many finite points have no position on the axis.
        last: The value at the greatest step, which may be NaN, or None. By default that of the point written last.
        damage: A sentence about the journal's damage, or empty.
        segment: Which segment of the metric it is, from 1, or None if it is not in segments.
        label: What tells it from the others on a terminal, shorter than its name.
        segments: The segments that it was recorded in, with superseded points, if they were asked for.
        breaks: Where a value is not finite, so that the line is broken there; ascending.
    """

    def __init__(self, trial: str, metric: str, positions: array[float], values: array[float]) -> None:
        """Take the points of a metric in the order written, including non-finite ones."""
        self.trial, self.metric, self.name = trial, metric, metric
        self.address = trial
        self.damage = self.label = ""
        self.segment: int | None = None
        self.segments: list[Curve] = []
        self.breaks: list[float] = []
        self.last = values[-1] if values else None
        self.not_finite = self.unplaced = 0
        if not (_all_finite(values) and _all_finite(positions)):
            self.breaks = sorted(p for p, v in zip(positions, values, strict=True) if v - v != 0.0 and p - p == 0.0)
            self.not_finite = sum(value - value != 0.0 for value in values)
            kept = [(p, v) for p, v in zip(positions, values, strict=True) if p - p + v - v == 0.0]
            self.unplaced = len(values) - self.not_finite - len(kept)
            positions, values = array("d", [p for p, _ in kept]), array("d", [v for _, v in kept])
        if not all(map(le, positions, memoryview(positions)[1:])):
            order = sorted(range(len(positions)), key=positions.__getitem__)
            positions, values = (array("d", map(column.__getitem__, order)) for column in (positions, values))
        self.positions, self.values = positions, values

    def __len__(self) -> int:
        return len(self.values)

    def extremes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return value and position of the smallest and the largest point; there must be at least one."""
        low_at, low = min(self.thinned, key=_value)
        high_at, high = max(self.thinned, key=_value)
        return (low, low_at), (high, high_at)

    def runs(self, points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
        """Return points of this curve in pieces, between which a value is not finite."""
        if not self.breaks or not points:
            return [list(points)] if points else []
        pieces, before = [[points[0]]], bisect_left(self.breaks, points[0][0])
        for point in points[1:]:
            after = bisect_left(self.breaks, point[0])
            if after != before:
                pieces.append([])
            pieces[-1].append(point)
            before = after
        return pieces

    def value_at(self, position: float) -> float | None:
        """Return the value of the point nearest to a position, None if there is no point."""
        if not len(self):
            return None
        at = bisect_left(self.positions, position)
        if at and (at == len(self) or position - self.positions[at - 1] <= self.positions[at] - position):
            at -= 1
        return self.values[at]

    @cached_property
    def thinned(self) -> list[tuple[float, float]]:
        """The first, smallest, largest and last point of each of 500 stretches, or all if there are fewer points."""
        return thinned(self.positions, self.values, STRETCHES)


def empty_curve(trial: str, metric: str) -> Curve:
    """Return the curve of a metric without points."""
    return Curve(trial, metric, array("d"), array("d"))


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _all_finite(numbers: array[float]) -> bool:
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))  # a sum is three times faster


def thinned(positions: array[float], values: array[float], stretches: int) -> list[tuple[float, float]]:
    """Return at most about four points for each of a number of equal stretches: first, smallest, largest, last.

    Args:
        positions: The positions of the points, not descending.
        values: Their values, finite.
        stretches: How many.
    """
    if len(values) <= 4 * stretches:
        return list(zip(positions, values, strict=True))
    low, high = positions[0], positions[-1]
    width = high - low
    shares = [number / stretches for number in range(1, stretches)]
    if math.isfinite(width):
        borders = [bisect_left(positions, low + width * share) for share in shares]
    else:  # the ends are further apart than a float can represent
        borders = [bisect_left(positions, low * (1 - share) + high * share) for share in shares]
    kept: list[tuple[float, float]] = []
    for start, end in zip([0, *borders], [*borders, len(values)], strict=True):
        if start < end:
            stretch = values[start:end].tolist()  # an array would create each number again for each of the three
            chosen = {0, stretch.index(min(stretch)), stretch.index(max(stretch)), len(stretch) - 1}
            kept += [(positions[start + number], stretch[number]) for number in sorted(chosen)]
    return kept


class Told(NamedTuple):
    """Puts numbers and positions of an axis into words."""

    axis: str

    def place(self, position: float) -> str:
        """Return a position in words: `step 870`, `after 1h 02m`."""
        if self.axis == "time":
            return said("after {position}", position=text.duration(position))
        if self.axis not in AXIS_WORDS:
            return said("{axis} {position}", axis=self.axis, position=text.number(float(position)))
        return said("{axis} {position:,.0f}", axis=said(self.axis), position=position)

    def bare_place(self, position: float) -> str:
        """Return a position in words that follow `at`: `step 870`, `1h 02m`."""
        return text.duration(position) if self.axis == "time" else self.place(position)

    def span(self, curve: Curve) -> str:
        """Return the range of the points: `over 900 steps`."""
        width = curve.positions[-1] - curve.positions[0]
        if self.axis == "time":
            return said("in {width}", width=text.duration(width))
        if self.axis not in AXIS_WORDS:
            ends = {"low": text.number(float(curve.positions[0])), "high": text.number(float(curve.positions[-1]))}
            return said("over {axis} {low} to {high}", axis=self.axis, **ends)
        unit = said(self.axis if width == 1 else AXIS_WORDS[self.axis])
        return said("over {width:,.0f} {unit}", width=width, unit=unit)


def sentence(curve: Curve, axis: str) -> str:
    """Return a sentence that says what a curve shows."""
    return joined("; ", [_course(curve, Told(axis)), *_left_out(curve, axis)])


def _course(curve: Curve, told: Told) -> str:
    if not len(curve):
        return said("{metric} has no point that can be drawn", metric=curve.metric)
    first, last = text.number(curve.values[0]), text.number(curve.values[-1])
    if len(curve) == 1:
        return said(
            "{metric} is {first} at {place}, its only point",
            metric=curve.metric,
            first=first,
            place=told.bare_place(curve.positions[0]),
        )
    (low, low_at), (high, high_at) = curve.extremes()
    if low == high:
        return said("{metric} stayed at {first} {span}", metric=curve.metric, first=first, span=told.span(curve))
    fell = curve.values[-1] < curve.values[0]
    lowest = said("lowest {low} {told}", low=text.number(low), told=_at(told, low_at))
    highest = said("highest {high} {told}", high=text.number(high), told=_at(told, high_at))
    facts = {"metric": curve.metric, "first": first, "last": last, "span": told.span(curve)}
    if first == last:
        return said("{metric} ended where it began, at {last} {span}, {low}, {high}", **facts, low=lowest, high=highest)
    if fell:
        return said("{metric} fell from {first} to {last} {span}, {low}", **facts, low=lowest)
    return said("{metric} rose from {first} to {last} {span}, {high}", **facts, high=highest)


def _at(told: Told, position: float) -> str:
    text = told.place(position)
    return text if text.startswith("after") else said("at {place}", place=text)


def _left_out(curve: Curve, axis: str) -> Iterator[str]:
    if curve.not_finite:
        yield said(
            "{not_finite:,} NaN or infinite point{s} left out",
            not_finite=curve.not_finite,
            s="s" * (curve.not_finite > 1),
        )
    if curve.unplaced:
        yield said(
            "{unplaced:,} point{s} without {axis} left out",
            unplaced=curve.unplaced,
            s="s" * (curve.unplaced > 1),
            axis=said(axis),
        )
    if curve.damage:
        yield curve.damage
