"""Charts of a report as SVG: lines over steps, with axes and a legend in text, without a script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from aimd_core.format.numbers import number_text

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 10, 42
_TICKS = 8
_MOST, _LEAST = 1e300, 1e-300  # beyond, arithmetic fails; a chart draws such values at its edge, or as nothing
_NEARLY = 1e-9
COLOURS = 12  # classes `c0` to `c11` of the page's style


class ChartLine(NamedTuple):
    """A curve: its label, the address of its trial (empty for none), and points in order of x; NaN leaves a gap.

    A point may be the mean of several; `last` is the last value as it was recorded, None for none.
    """

    label: str
    address: str
    x: Sequence[float]
    y: Sequence[float]
    last: float | None


class Chart(NamedTuple):
    """A metric of some trials."""

    metric: str
    axis: str
    lines: Sequence[ChartLine]


def svg_of(chart: Chart) -> str:
    """Return a chart as an element; a screen reader hears its range and last values."""
    finite = [
        (_within(x), _within(y))
        for line in chart.lines
        for x, y in zip(line.x, line.y, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    if not finite:
        return ""
    x_range, y_range = (_padded(values) for values in zip(*finite, strict=True))
    to_x, to_y = _Scale(x_range, _LEFT, WIDTH - _RIGHT), _Scale(y_range, HEIGHT - _BOTTOM, _TOP)
    grid = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{to_y(tick):.1f}" y2="{to_y(tick):.1f}"/>'
        f'<text class="end" x="{_LEFT - 6}" y="{to_y(tick) + 4:.1f}">{escape(number_text(tick))}</text>'
        for tick in ticks_of(*y_range)
    )
    below = "".join(
        f'<text class="middle" x="{to_x(tick):.1f}" y="{HEIGHT - _BOTTOM + 18}">{escape(number_text(tick))}</text>'
        for tick in ticks_of(*x_range)
    )
    paths = "".join(
        f'<path class="c{number % COLOURS}" d="{_path(line, to_x, to_y)}"/>' for number, line in enumerate(chart.lines)
    )
    label = escape(f"{chart.metric} ({chart.axis})", quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f'{grid}{below}{paths}<text class="end" x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}">{escape(chart.axis)}</text></svg>'
    )


def last_of(line: ChartLine) -> str:
    """Return the last value of a curve, exactly as lists have it; empty for none."""
    return "" if line.last is None else number_text(line.last)


def ticks_of(low: float, high: float) -> list[float]:
    """Return four to ten round numbers in a range."""
    rough = high / _TICKS - low / _TICKS
    exponent = math.floor(math.log10(rough))
    power = 10.0**exponent
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - _NEARLY))
    first = math.ceil(low / step)
    return [round(number * step, 12 - exponent) for number in range(first, math.floor(high / step) + 1)]


def _within(value: float) -> float:
    return min(max(value, -_MOST), _MOST)


def _padded(values: Iterable[float]) -> tuple[float, float]:
    numbers = list(values)
    low, high = min(numbers), max(numbers)
    if high - low > max(abs(high) * 1e-12, _LEAST):
        return low, high
    half = abs(low) / 2 if abs(low) > _LEAST else 0.5
    return low - half, high + half


class _Scale:
    """Takes a range to pixels."""

    def __init__(self, values: tuple[float, float], start: float, end: float) -> None:
        self._low, self._start = values[0], start
        self._pace = (end - start) / (values[1] - values[0])

    def __call__(self, value: float) -> float:
        return self._start + (value - self._low) * self._pace


def _path(line: ChartLine, to_x: _Scale, to_y: _Scale) -> str:
    pieces, is_drawing = [], False
    for x, y in zip(line.x, line.y, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            is_drawing = False
            continue
        pieces.append(f"{'L' if is_drawing else 'M'}{to_x(_within(x)):.1f} {to_y(_within(y)):.1f}")
        is_drawing = True
    return "".join(pieces)
