"""A chart in the terminal: curves on one pair of axes, told apart by letters and dashes, and by colour if available.

Non-finite numbers are counted and never drawn, downsampling loses no spike, and everything is readable without colour
and in plain ASCII.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.axes import Scale, count_label, duration_label, duration_ticks, labels, ticks
from aimd_cli.views.bands import band_of, drawn_apart
from aimd_cli.views.canvas import BAND, LETTERS, Canvas
from aimd_cli.views.curve import STRETCHES, Curve, sentence, smoothed, thinned
from aimd_cli.views.words import note, shown
from aimd_core.direction import direction_of
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

Row = list[tuple[str, str]]  # a line of a drawing: pieces of text with their Rich styles

# Okabe and Ito's palette, which is safe for colour blindness, darkest colours last.
PALETTE = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#0072B2")
_MIN_COLUMNS = 8
_ROWS_PER_TICK, _COLUMNS_PER_TICK = 4, 14
_PIPE_WIDTH = 80


class Look(NamedTuple):
    """How a chart is drawn.

    Attributes:
        axis: `step`, `epoch` or `time`.
        log_y: Whether the y axis is logarithmic.
        smooth: Weight of the moving average, from 0 to below 1.
        rows: Height of the drawing in lines, without axis and legend.
        glyphs: Whether non-ASCII characters can be shown.
        only_sentences: Whether to leave out the drawing outside of a terminal.
    """

    axis: str = "step"
    log_y: bool = False
    smooth: float = 0.0
    rows: int = 16
    glyphs: bool = True
    only_sentences: bool = False


class _Frame(NamedTuple):
    """The frame of the curves: the two scales and the canvas."""

    x: Scale
    y: Scale
    canvas: Canvas


class Chart:
    """Curves on one pair of axes."""

    def __init__(self, curves: list[Curve], look: Look, owners: Sequence[int] | None = None) -> None:
        """Take curves, whose `name`s must differ, and the numbers of their letters, by default in order."""
        self.curves = curves
        self.look = look
        self._drawn = [self._points(curve) for curve in curves]
        self._apart = drawn_apart(curves)
        self._lettered = len(curves) > 1 or owners is not None
        self._owners = list(owners) if owners is not None else self._letters()
        chosen = set(self._apart)
        self._band = band_of([points for at, points in enumerate(self._drawn) if at not in chosen])

    def _letters(self) -> list[int]:
        """Return the number of each curve's letter: those that are drawn apart come first."""
        owners = [0] * len(self.curves)
        for owner, number in enumerate(self._apart):
            owners[number] = owner
        return owners

    def _points(self, curve: Curve) -> list[tuple[float, float]]:
        points = curve.thinned
        if self.look.smooth:
            points = thinned(curve.positions, smoothed(curve.values, self.look.smooth), STRETCHES)
        return [point for point in points if point[1] > 0] if self.look.log_y else points

    def rich(self, width: int) -> RenderableType:
        """Return the chart for a terminal of `width` columns."""
        from rich.console import Group
        from rich.text import Text

        blocks: list[RenderableType] = [note(self._title(), style="bold"), *self.drawing(width)]
        if len(self.curves) == 1:
            blocks.append(note(self.sentences()[0], style="dim"))
        else:
            blocks += [Text(""), self._legend(width)]
            blocks += [note(sentence, style="dim") for sentence in self.remarks()]
        return Group(*blocks)

    def drawing(self, width: int) -> list[Text]:
        """Return only the drawing with its axes, which has two lines more than `Look.rows`."""
        from rich.text import Text  # here, because a chart in a pipe needs no Rich

        return [Text.assemble(*row) for row in self._rows(width, self.look.glyphs)]

    def lines(self) -> list[list[str]]:
        """Return the chart in plain characters, and a sentence about each curve."""
        sentences = [[text.clean(line)] for line in (*self.sentences(), *self._band_sentence())]
        if self.look.only_sentences:
            return sentences
        rows = ["".join(part for part, _ in row).rstrip() for row in self._rows(_PIPE_WIDTH, glyphs=False)]
        return [[text.clean(self._title())], *([row] for row in rows), *sentences]

    def document(self) -> dict[str, object]:
        """Return the curves as plain data; long ones as first, smallest, largest and last point of 500 stretches."""
        return {
            "axis": self.look.axis,
            "smooth": self.look.smooth,
            "series": [
                {
                    "trial": curve.trial,
                    "metric": curve.metric,
                    "segment": curve.segment,
                    "points": len(curve),
                    "not_finite": curve.not_finite,
                    "unplaced": curve.unplaced,
                    "last": curve.last,
                    **_extremes(curve),
                    "sentence": sentence(curve, self.look.axis),
                    "drawn": [list(point) for point in drawn],
                }
                for curve, drawn in zip(self.curves, self._drawn, strict=True)
            ],
        }

    def _title(self) -> str:
        metrics = ", ".join(dict.fromkeys(curve.metric for curve in self.curves))
        trials = list(dict.fromkeys(curve.trial for curve in self.curves))
        title = said("{metrics} of {trial}", metrics=metrics, trial=trials[0]) if len(trials) == 1 else metrics
        how = [said("smoothed {smooth:g}", smooth=self.look.smooth)] if self.look.smooth else []
        how += [said("logarithmic")] if self.look.log_y else []
        return said("{title} ({how})", title=title, how=joined(", ", list(how))) if how else title

    def sentences(self) -> list[str]:
        """Return a sentence about each curve that is drawn apart."""
        several = len(self.curves) > 1
        return [
            joined("", [f"{self._letter(number)} {curve.name}: " if several else "", self._sentence(curve)])
            for number in self._apart
            for curve in [self.curves[number]]
        ]

    def _letter(self, number: int) -> str:
        return LETTERS[self._owners[number] % len(LETTERS)]

    def _band_sentence(self) -> list[str]:
        """Return what is said of the curves that are not drawn apart."""
        if self._band is None:
            return []
        told = {"count": len(self._apart), "total": len(self.curves), "others": len(self.curves) - len(self._apart)}
        if direction_of(self.curves[0].metric) is not None:
            return [said("the best {count} of {total} curves; the other {others} as a band with their median", **told)]
        return [said("the first {count} of {total} curves; the other {others} as a band with their median", **told)]

    def _sentence(self, curve: Curve) -> str:
        told = sentence(curve, self.look.axis)
        below = sum(value <= 0 for value in curve.values) if self.look.log_y else 0
        left_out = said("; {below:,} not above zero left out of the logarithmic axis", below=below) if below else ""
        return joined("", [told, left_out])

    def remarks(self) -> list[str]:
        """Return sentences about the band, and about curves of which something is left out."""
        drawn = [self.curves[number] for number in self._apart]
        return self._band_sentence() + [
            told
            for told, curve in zip(self.sentences(), drawn, strict=True)
            if curve.not_finite
            or curve.unplaced
            or curve.damage
            or (self.look.log_y and min(curve.values, default=1) <= 0)
        ]

    def _legend(self, width: int) -> RenderableType:
        from aimd_cli.views.table import Column, Table

        table = Table(
            [
                Column(""),
                Column("CURVE"),
                Column("LAST", right=True),
                Column("LOWEST", right=True, priority=1),
                Column("HIGHEST", right=True, priority=2),
                Column("POINTS", right=True, priority=3),
            ]
        )
        for number in self._apart:
            curve = self.curves[number]
            (low, _), (high, _) = curve.extremes() if len(curve) else ((None, None), (None, None))
            table.add(
                (self._letter(number), f"bold {color_of(self._owners[number])}"),
                text.clean(curve.name),
                *("" if value is None else text.number(value) for value in (curve.last, low, high)),
                f"{len(curve) + curve.not_finite:,}",
            )
        return table.rich(width)

    def _rows(self, width: int, glyphs: bool) -> list[Row]:
        """Return the drawing with its axes, line by line."""
        points = [point for drawn in self._drawn for point in drawn]
        if not points:
            return [[(shown("no point can be drawn"), "")]]
        y = Scale(min(value for _, value in points), max(value for _, value in points), self.look.log_y)
        x = Scale(min(position for position, _ in points), max(position for position, _ in points))
        y_ticks = ticks(y, max(2, self.look.rows // _ROWS_PER_TICK))
        y_labels = labels(y_ticks)
        margin = max([0, *map(len, y_labels)])
        frame = _Frame(x, y, Canvas(max(_MIN_COLUMNS, width - margin - 2), self.look.rows, glyphs))
        self._draw(frame)
        beside = {_y_row(frame, tick): label for tick, label in zip(y_ticks, y_labels, strict=True)}
        rows = [_row(frame.canvas, row, beside.get(row), margin, glyphs) for row in range(self.look.rows)]
        return [*rows, *self._x_axis(frame, margin, glyphs)]

    def _draw(self, frame: _Frame) -> None:
        canvas = frame.canvas
        for edge in self._band[1:] if self._band is not None else ():
            canvas.draw(_dots(frame, edge), BAND, dashed=False)
        for number in self._apart:
            canvas.draw(_dots(frame, self._drawn[number]), self._owners[number], dashed=self._lettered)
        count = 1 + max((self._owners[number] for number in self._apart), default=0)
        for number in self._apart if self._lettered else ():
            canvas.letter(self._owners[number], count)

    def _x_axis(self, frame: _Frame, margin: int, glyphs: bool) -> list[Row]:
        columns = frame.canvas.columns
        count = max(1, columns // _COLUMNS_PER_TICK)
        is_time = self.look.axis == "time"
        numbers = duration_ticks(frame.x, count) if is_time else ticks(frame.x, count, whole=True)
        name = duration_label if is_time else count_label
        marks, under, free_from = ["─" if glyphs else "-"] * columns, [" "] * columns, 0
        for number in numbers:
            column, label = frame.x.dot(number, columns), name(number)
            start = min(max(0, column - len(label) // 2), columns - len(label))
            if start < free_from:
                continue
            marks[column] = "┬" if glyphs else "+"
            under[start : start + len(label)] = label
            free_from = start + len(label) + 1
        axis_name = self.look.axis
        if free_from + len(axis_name) <= columns:
            under[columns - len(axis_name) :] = axis_name
        corner = "└" if glyphs else "+"
        return [
            [(" " * (margin + 1) + corner + "".join(marks), "dim")],
            [(" " * (margin + 2) + "".join(under), "dim")],
        ]


def _dots(frame: _Frame, points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Return where points are on the canvas."""
    canvas = frame.canvas
    return [
        (frame.x.dot(position, canvas.width), canvas.height - 1 - frame.y.dot(value, canvas.height))
        for position, value in points
    ]


def _y_row(frame: _Frame, value: float) -> int:
    """Return the canvas row of a value."""
    return (
        (frame.canvas.height - 1 - frame.y.dot(value, frame.canvas.height)) * frame.canvas.rows // frame.canvas.height
    )


def _row(canvas: Canvas, row: int, label: str | None, margin: int, glyphs: bool) -> Row:
    """Return a line of the drawing with its part of the y axis."""
    mark = ("┤" if glyphs else "+") if label is not None else ("│" if glyphs else "|")
    line = [(f"{label or '':>{margin}} {mark}", "dim")]
    for style, cells in groupby(canvas.cells(row), key=lambda cell: color_of(cell.owner)):
        line.append(("".join(cell.character for cell in cells), style))  # one escape sequence for all in the same style
    return line


def color_of(owner: int) -> str:
    """Return the Rich style of a curve, by the number of its letter."""
    if owner == BAND:
        return "dim"
    return PALETTE[owner % len(PALETTE)] if owner >= 0 else "default"


def _extremes(curve: Curve) -> dict[str, object]:
    if not len(curve):
        return {"min": None, "min_at": None, "max": None, "max_at": None}
    (low, low_at), (high, high_at) = curve.extremes()
    return {"min": low, "min_at": low_at, "max": high, "max_at": high_at}
