"""The frame of a drawing: two axes with round numbers on them, a canvas between them, and names at its right. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from aimd_cli.text import cells
from aimd_cli.views.axes import Scale, count_label, duration_label, duration_ticks, labels, ticks
from aimd_cli.views.canvas import BAND, Canvas

Row = list[tuple[str, str]]  # a line of a drawing: pieces of text with their Rich styles
Point = tuple[float, float]

COUNTS, TIME, NUMBERS = "counts", "time", "numbers"  # what is on an x axis

# Okabe and Ito's palette, which is safe for colour blindness, darkest colours last.
PALETTE = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#0072B2")
_MIN_COLUMNS = 8
_ROWS_PER_TICK, _COLUMNS_PER_TICK = 4, 14
_MOST_ENDS_SHARE = 4  # names at the right take at most this part of the width


class End(NamedTuple):
    """A name at the right of a drawing.

    Attributes:
        value: The value that it belongs beside.
        text: The name.
        owner: The number of its series.
    """

    value: float
    text: str
    owner: int


class Size(NamedTuple):
    """The size of a drawing.

    Attributes:
        width: In columns, with its axis and what is at the right.
        rows: In lines, without its axis.
        glyphs: Whether non-ASCII characters can be shown.
    """

    width: int
    rows: int
    glyphs: bool


class Frame:
    """Two scales with a canvas.

    Attributes:
        x: The scale of positions.
        y: The scale of values.
        canvas: What is drawn between them.
        margin: How many columns are left of the canvas.
    """

    def __init__(self, x: Scale, y: Scale, size: Size, ends: Sequence[End] = ()) -> None:
        """Make an empty drawing, with room at the right for names."""
        self.x, self.y, self._size = x, y, size
        self._y_ticks = ticks(y, max(2, size.rows // _ROWS_PER_TICK))
        self._y_labels = labels(self._y_ticks)
        self._label_cells = max([0, *map(len, self._y_labels)])
        self.margin = self._label_cells + 2
        widest = max((cells(end.text) for end in ends), default=0)
        self._end_cells = min(widest, size.width // _MOST_ENDS_SHARE)
        room = size.width - self.margin - (self._end_cells + 1 if widest else 0)
        self.canvas = Canvas(max(_MIN_COLUMNS, room), size.rows, size.glyphs)
        self._ends = self._placed(ends) if widest else {}

    def dots(self, points: Sequence[Point]) -> list[tuple[int, int]]:
        """Return where points are on the canvas; what is beyond a scale is at its end."""
        canvas = self.canvas
        return [
            (self.x.dot(position, canvas.width), canvas.height - 1 - self.y.dot(value, canvas.height))
            for position, value in points
        ]

    def rows(self, kind: str = COUNTS, name: str = "") -> list[Row]:
        """Return the drawing line by line, the x axis with its name last."""
        beside = {self._y_row(tick): label for tick, label in zip(self._y_ticks, self._y_labels, strict=True)}
        lines = [self._row(row, beside.get(row)) for row in range(self._size.rows)]
        return [*lines, *self._x_axis(kind, name)]

    def _y_row(self, value: float) -> int:
        """Return the canvas row of a value."""
        height = self.canvas.height
        return (height - 1 - self.y.dot(value, height)) * self.canvas.rows // height

    def _placed(self, ends: Sequence[End]) -> dict[int, End]:
        """Return the name in each row: as near its value as there is room, from the top; those without room are not."""
        rows: dict[int, End] = {}
        for end in sorted(ends, key=lambda end: -end.value):
            ideal = self._y_row(end.value)
            free = sorted((row for row in range(self._size.rows) if row not in rows), key=lambda row: abs(row - ideal))
            below = [row for row in free if row > max(rows, default=-1)]
            if near := [row for row in below or free if abs(row - ideal) <= max(2, len(ends) // 2)]:
                rows[near[0]] = end
        return rows

    def _row(self, row: int, label: str | None) -> Row:
        glyphs = self._size.glyphs
        mark = ("┤" if glyphs else "+") if label is not None else ("│" if glyphs else "|")
        line = [(f"{label or '':>{self._label_cells}} {mark}", "dim")]
        for style, run in groupby(self.canvas.cells(row), key=lambda cell: color_of(cell.owner)):
            line.append(("".join(cell.character for cell in run), style))  # one escape for all in the same style
        if end := self._ends.get(row):
            line.append((f" {cut(end.text, self._end_cells, glyphs)}", color_of(end.owner)))
        return line

    def _x_axis(self, kind: str, axis_name: str) -> list[Row]:
        columns, glyphs = self.canvas.columns, self._size.glyphs
        marks, under, free_from = ["─" if glyphs else "-"] * columns, [" "] * columns, 0
        for number, label in _x_labels(self.x, max(1, columns // _COLUMNS_PER_TICK), kind):
            column = self.x.dot(number, columns)
            start = min(max(0, column - len(label) // 2), columns - len(label))
            if start < free_from:
                continue
            marks[column] = "┬" if glyphs else "+"
            under[start : start + len(label)] = label
            free_from = start + len(label) + 1
        text = "".join(under)
        if free_from + cells(axis_name) <= columns:
            text = text[: columns - cells(axis_name)] + axis_name
        corner = "└" if glyphs else "+"
        return [
            [(" " * (self.margin - 1) + corner + "".join(marks), "dim")],
            [(" " * self.margin + text, "dim")],
        ]


def _x_labels(scale: Scale, count: int, kind: str) -> list[tuple[float, str]]:
    if kind == TIME:
        return [(number, duration_label(number)) for number in duration_ticks(scale, count)]
    numbers = ticks(scale, count, whole=kind == COUNTS)
    if kind == COUNTS and not scale.log:
        return [(number, count_label(number)) for number in numbers]
    return list(zip(numbers, labels(numbers), strict=True))


def cut(text: str, most: int, glyphs: bool) -> str:
    """Return text that is at most so many columns wide, with a sign for what is missing."""
    if cells(text) <= most:
        return text
    end = next((end for end in range(len(text), 0, -1) if cells(text[:end]) < most), 0)
    return text[:end].rstrip() + ("…" if glyphs else ".")


def color_of(owner: int) -> str:
    """Return the Rich style of a series, by its number."""
    if owner == BAND:
        return "dim"
    return PALETTE[owner % len(PALETTE)] if owner >= 0 else "default"
