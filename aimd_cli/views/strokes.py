"""Draws curves as smooth strokes of pixels, column by column. Pure, and fast enough without other libraries.

The background is transparent, so the picture fits a light terminal as well as a dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from aimd_cli.pictures.pixels import Pixels
from aimd_cli.views.bands import Band
from aimd_cli.views.canvas import BAND
from aimd_cli.views.frame import PALETTE, Frame, Point

_GREY = (128, 128, 128)
_FAINT, _SOLID, _FILL = 0.55, 1.0, 0.2  # opacity of what is superseded, of a curve, and of a band
_DOT = 3  # radius of a point alone, in pixels
_DASHES = ((1, 0), (14, 8), (3, 6), (22, 6), (6, 10), (9, 4))  # pixels drawn and skipped, by series, as on a canvas


class Stroke(NamedTuple):
    """A line to draw.

    Attributes:
        runs: Its points, in pieces that are not connected.
        owner: The number of its series, or `BAND` for one that is behind the others.
    """

    runs: Sequence[Sequence[Point]]
    owner: int


class _Sheet:
    """Pixels to draw on."""

    def __init__(self, frame: Frame, size: tuple[int, int]) -> None:
        self.frame = frame
        self.width, self.height = size
        self.rgba = bytearray(4 * self.width * self.height)
        self.radius = max(0.6, self.height / 300)

    def at(self, point: Point) -> Point:
        """Return where a point is, in pixels; what is beyond a scale is at its end."""
        x, y = self.frame.x.share(point[0]), self.frame.y.share(point[1])
        pad = self.radius
        return (
            pad + min(1.0, max(0.0, x)) * (self.width - 1 - 2 * pad),
            pad + (1.0 - min(1.0, max(0.0, y))) * (self.height - 1 - 2 * pad),
        )

    def fill(self, column: int, top: float, bottom: float, color: tuple[int, int, int], opacity: float) -> None:
        """Draw a part of a column, whose ends may be within pixels."""
        for row in range(max(0, floor(top)), min(self.height, ceil(bottom))):
            covered = min(row + 1.0, bottom) - max(float(row), top)
            alpha = int(255 * opacity * covered)
            start = (row * self.width + column) * 4
            if alpha > 127 or alpha > self.rgba[start + 3]:
                self.rgba[start : start + 4] = bytes((*color, max(alpha, self.rgba[start + 3])))


def pixels_of(
    frame: Frame, strokes: Sequence[Stroke], band: Band | None, size: tuple[int, int], dashed: bool
) -> Pixels:
    """Return curves as a picture.

    Args:
        frame: The scales.
        strokes: The curves; later ones are drawn over earlier ones.
        band: The band behind them, if there is one.
        size: Width and height in pixels.
        dashed: Whether each series has its pattern of dashes.
    """
    sheet = _Sheet(frame, size)
    if band is not None:
        _draw_band(sheet, band)
    for stroke in strokes:
        color = _GREY if stroke.owner == BAND else _rgb(PALETTE[stroke.owner % len(PALETTE)])
        pattern = _DASHES[stroke.owner % len(_DASHES)] if dashed and stroke.owner != BAND else (1, 0)
        opacity = _FAINT if stroke.owner == BAND else _SOLID
        for run in stroke.runs:
            for column, (top, bottom) in _spans([sheet.at(point) for point in run]).items():
                if column % sum(pattern) < pattern[0] and 0 <= column < sheet.width:
                    sheet.fill(column, top - sheet.radius, bottom + sheet.radius, color, opacity)
    return Pixels(sheet.width, sheet.height, bytes(sheet.rgba))


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def _draw_band(sheet: _Sheet, band: Band) -> None:
    edges = [_spans([sheet.at(point) for point in edge]) for edge in (band.highest, band.lowest)]
    for column in edges[0].keys() & edges[1].keys():
        if 0 <= column < sheet.width:
            sheet.fill(column, edges[0][column][0], edges[1][column][1], _GREY, _FILL)
    for column, (top, bottom) in _spans([sheet.at(point) for point in band.middle]).items():
        if 0 <= column < sheet.width:
            sheet.fill(column, top - sheet.radius, bottom + sheet.radius, _GREY, _FAINT)


def _spans(points: Sequence[Point]) -> dict[int, tuple[float, float]]:
    """Return the rows that a line covers in each column, from the top."""
    spans: dict[int, tuple[float, float]] = {}

    def cover(column: int, one_end: float, other_end: float) -> None:
        top, bottom = spans.get(column, (one_end, one_end))
        spans[column] = min(top, one_end, other_end), max(bottom, one_end, other_end)

    if len(points) == 1:  # a dot
        x, y = points[0]
        for column in range(floor(x) - _DOT, floor(x) + _DOT + 1):
            reach = (_DOT**2 - (column - floor(x)) ** 2) ** 0.5
            cover(column, y - reach, y + reach)
    for (x0, y0), (x1, y1) in pairwise(points):
        slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
        for column in range(floor(x0), floor(x1) + 1):
            left, right = max(x0, float(column)), min(x1, column + 1.0)
            if x1 > x0:
                cover(column, y0 + slope * (left - x0), y0 + slope * (right - x0))
            else:
                cover(column, y0, y1)
    return spans
