"""Scales of a chart and the round numbers on them. Pure."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise

_DURATIONS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * m for m in (1, 2, 5, 10, 15, 30)),
    *(3600 * h for h in (1, 2, 3, 6, 12)),
    *(86400 * d for d in (1, 2, 5, 7, 14, 30, 60, 90, 180, 365)),
)
_UNITS_S = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_MAX_TICKS = 200
_LEAST_FOR_ENDS, _FAR = 20, 10.0  # values needed to know what is far, and how far that is
_LARGEST, _SMALLEST = sys.float_info.max, 5e-324  # the second is the smallest float


class Scale:
    """Maps numbers to positions between the two ends of an axis.

    Attributes:
        low: The number at the beginning.
        high: The number at the end, larger than `low`.
        log: Whether the axis is logarithmic, with positive ends.
    """

    __slots__ = ("high", "log", "low")

    def __init__(self, low: float, high: float, log: bool = False) -> None:
        """Make a scale; equal ends are moved apart, so that a constant is in the middle."""
        if low == high:
            room = abs(low) * 0.1 or 1.0
            low, high = (max(_SMALLEST, low / 2), high * 2) if log else (max(-_LARGEST, low - room), high + room)
            high = min(_LARGEST, high)
        self.low, self.high, self.log = low, high, log

    def share(self, value: float) -> float:
        """Return the position of a number, from 0 to 1."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            return (math.log10(value) - low) / (high - low) if high > low else 0.5
        width = self.high - self.low
        if math.isfinite(width):
            return (value - self.low) / width
        return (value / 2 - self.low / 2) / (
            self.high / 2 - self.low / 2
        )  # the ends are further apart than a float can represent

    def dot(self, value: float, dots: int) -> int:
        """Return which of `dots` dots a number is on."""
        return min(dots - 1, max(0, round(self.share(value) * (dots - 1))))


def robust_ends(values: Sequence[float]) -> tuple[float, float] | None:
    """Return ends between which nearly all values are, if a few others would press them into a tenth of the height.

    Nearly all is from the 2nd to the 98th hundredth of them, with half as much room on both sides. Values that are
    nearly all equal have no such ends: the few others are what there is to see.
    """
    if len(values) < _LEAST_FOR_ENDS:
        return None
    ordered = sorted(values)
    cut = max(1, len(ordered) // 50)
    low, high = ordered[cut], ordered[-1 - cut]
    width, whole = high / 2 - low / 2, ordered[-1] / 2 - ordered[0] / 2
    if width <= 0.0 or whole <= _FAR * width:
        return None
    return max(ordered[0], low - width), min(ordered[-1], high + width)


def ticks(scale: Scale, count: int, whole: bool = False) -> list[float]:
    """Return round numbers on a scale, at most about `count`: multiples of 1, 2 or 5 times a power of ten.

    Args:
        scale: The scale.
        count: How many there is room for.
        whole: Whether only integers make sense, as for steps.
    """
    if scale.log:
        values = _decades(scale, count)
        if len(values) >= 2:
            return values
    gap = _round_up((scale.high / 2 - scale.low / 2) / max(1, count) * 2)
    multiples = _multiples(scale, max(1.0, gap) if whole else gap)
    return [number for number in multiples if number > 0] if scale.log else multiples


def _multiples(scale: Scale, gap: float) -> list[float]:
    if not math.isfinite(gap) or gap <= 0:
        return []
    first = math.ceil(scale.low / gap - 1e-9)
    last = math.floor(scale.high / gap + 1e-9)
    return [number * gap for number in range(first, min(last, first + _MAX_TICKS) + 1)]


def _round_up(gap: float) -> float:
    if not math.isfinite(gap) or gap <= 0:
        return gap
    power = 10.0 ** math.floor(math.log10(gap))
    if power == 0.0:
        return gap
    return next(factor * power for factor in (1, 2, 5, 10, 20) if factor * power >= gap * (1 - 1e-9))


def _decades(scale: Scale, count: int) -> list[float]:
    first, last = math.ceil(math.log10(scale.low) - 1e-9), math.floor(math.log10(scale.high) + 1e-9)
    stride = max(1, math.ceil((last - first + 1) / max(1, count)))
    values = [10.0**exponent for exponent in range(first, last + 1, stride)]
    if len(values) < 3 <= count:
        values += [
            f * 10.0**e for e in range(first - 1, last + 1) for f in (2, 5) if scale.low <= f * 10.0**e <= scale.high
        ]
    return sorted(values)[:_MAX_TICKS]


def duration_ticks(scale: Scale, count: int) -> list[float]:
    """Return round durations on a scale of seconds, at most about `count`."""
    span_s = scale.high - scale.low
    gap = next((gap for gap in _DURATIONS_S if span_s / gap <= max(1, count)), None)
    if span_s < count or gap is None:
        return ticks(scale, count)
    return _multiples(scale, float(gap))


def labels(numbers: list[float]) -> list[str]:
    """Return the round numbers of an axis as text, unrounded and with the same number of decimals."""
    if len(numbers) < 2:
        return [f"{number:g}" for number in numbers]
    largest = max(abs(number) for number in numbers)
    gaps = [after - before for before, after in pairwise(numbers)]
    gap = min(gaps)
    if max(gaps) > 1.5 * gap:  # unequal distances: a logarithmic axis
        return [f"{number:g}" for number in numbers]
    power = math.floor(math.log10(gap) + 1e-9)
    if largest >= 1e6 or largest < 1e-3 or power < -6:
        digits = min(15, max(0, math.floor(math.log10(largest) + 1e-9) - power))
        return [_short_exponent(f"{number:.{digits}e}") if abs(number) > gap / 2 else "0" for number in numbers]
    decimals = max(0, -power)
    return [f"{round(number, decimals) + 0.0:.{decimals}f}" for number in numbers]


def _short_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}"


def count_label(number: float) -> str:
    """Return a step or an epoch in short but exact form: `900`, `12.5k`, `2M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= max(size, 1e4) and float(f"{number / size:.4g}") * size == number:
            return f"{number / size:.4g}{unit}"
    return f"{number:,.0f}" if abs(number) < 1e15 else f"{number:.4g}"


def duration_label(seconds: float) -> str:
    """Return a round duration in short form: `45s`, `1h30m`, `2d`."""
    if seconds == 0 or abs(seconds) < 1 or seconds != int(seconds):
        return f"{seconds:.3g}s"
    left, parts = abs(int(seconds)), []
    for size, unit in _UNITS_S:
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return ("-" if seconds < 0 else "") + "".join(parts)
