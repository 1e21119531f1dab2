"""A chart in the terminal: curves on one pair of axes, told apart by letters and dashes, and by colour if available.

Non-finite numbers are counted and never drawn, downsampling loses no spike, and everything is readable without colour
and in plain ASCII.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.pictures.drawing import Ability
from aimd_cli.views.axes import Scale, robust_ends
from aimd_cli.views.bands import band_of, drawn_apart
from aimd_cli.views.canvas import BAND
from aimd_cli.views.chart_words import ChartWords, Subject
from aimd_cli.views.curve import AXIS_WORDS, STRETCHES, Curve, sentence, thinned
from aimd_cli.views.frame import COUNTS, NUMBERS, PALETTE, TIME, End, Frame, Row, Size, color_of
from aimd_cli.views.words import note, shown
from aimd_core.format.smoothing import smoothed
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from aimd_cli.pictures.drawing import Over

__all__ = ["PALETTE", "Chart", "Look", "color_of"]

_PIPE_WIDTH = 80
_LEAST_WIDTH = 60  # of a drawing with names at its right


class Look(NamedTuple):
    """How a chart is drawn.

    Attributes:
        axis: `step`, `epoch` or `time`, or a metric.
        log_y: Whether the y axis is logarithmic.
        smooth: Weight of the moving average, from 0 to below 1.
        rows: Height of the drawing in lines, without axis and legend.
        glyphs: Whether non-ASCII characters can be shown.
        only_sentences: Whether to leave out the drawing outside of a terminal.
        outliers: Whether the y axis has room for every point; else not for a few that are far from all others.
        ends: Whether the names of curves are at their ends, too.
        ability: How the terminal shows pictures; with pixels, the curves are one.
    """

    axis: str = "step"
    log_y: bool = False
    smooth: float = 0.0
    rows: int = 16
    glyphs: bool = True
    only_sentences: bool = False
    outliers: bool = True
    ends: bool = False
    ability: Ability = Ability()


class Chart:
    """Curves on one pair of axes."""

    def __init__(self, curves: list[Curve], look: Look, owners: Sequence[int] | None = None) -> None:
        """Take curves, whose `name`s must differ, and the numbers of their letters, by default in order."""
        self.curves = curves
        self.look = look
        self._drawn = [self._points(curve) for curve in curves]
        self._behind = [self._points(piece) for curve in curves for piece in curve.segments]
        self.apart = drawn_apart(curves)
        self._lettered = len(curves) > 1 or owners is not None
        self.owners = list(owners) if owners is not None else self._letters()
        chosen = set(self.apart)
        self.band = band_of([points for at, points in enumerate(self._drawn) if at not in chosen])
        self.ends = self._y_ends()
        self.words = ChartWords(
            Subject(curves, self.apart, self.owners, self.ends, look.axis, look.log_y, look.outliers)
        )

    def _letters(self) -> list[int]:
        """Return the number of each curve's letter: those that are drawn apart come first."""
        owners = [0] * len(self.curves)
        for owner, number in enumerate(self.apart):
            owners[number] = owner
        return owners

    def _points(self, curve: Curve) -> list[tuple[float, float]]:
        points = curve.thinned
        if self.look.smooth:
            points = thinned(curve.positions, smoothed(curve.values, self.look.smooth), STRETCHES)
        return [point for point in points if point[1] > 0] if self.look.log_y else points

    def _y_ends(self) -> tuple[float, float] | None:
        """Return the ends of the y axis; None if there is no point."""
        values = [value for points in (*self._drawn, *self._behind) for _, value in points]
        if not values:
            return None
        ends = None if self.look.outliers or self.look.log_y else robust_ends(values)
        return ends or (min(values), max(values))

    def rich(self, width: int) -> RenderableType:
        """Return the chart for a terminal of `width` columns."""
        from rich.console import Group
        from rich.text import Text

        blocks: list[RenderableType] = [note(self._title(), style="bold"), *self.drawing(width)]
        picture = self.picture(width)
        blocks += [picture] if picture is not None else []
        if len(self.curves) == 1:
            blocks += [note(sentence, style="dim") for sentence in (*self.sentences(), *self.words.remarks_on_all())]
        else:
            blocks += [Text(""), self._legend(width)]
            blocks += [note(sentence, style="dim") for sentence in self.remarks()]
        return Group(*blocks)

    def drawing(self, width: int) -> list[Text]:
        """Return only the drawing with its axes, which has two lines more than `Look.rows`."""
        from rich.text import Text  # here, because a chart in a pipe needs no Rich

        return [Text.assemble(*row) for row in self._rows(width, self.look.glyphs, self.look.ends)]

    def picture(self, width: int, right: int = 0) -> Over | None:
        """Return the curves as a picture, to be put over the drawing just printed; None if the terminal has none."""
        if not self.look.ability.has_pixels or self.ends is None:
            return None
        from aimd_cli.pictures.drawing import over
        from aimd_cli.pictures.reading import drawn_picture
        from aimd_cli.views.strokes import Stroke, pixels_of

        frame, ability = self._frame(width, self.look.glyphs, self.look.ends), self.look.ability
        cells = frame.canvas.columns, frame.canvas.rows
        size = cells[0] * ability.cell_width, cells[1] * ability.cell_height
        strokes = [Stroke([points], BAND) for points in self._behind]
        for number in self.apart:
            strokes.append(Stroke(self.curves[number].runs(self._drawn[number]), self.owners[number]))
        pixels = pixels_of(frame, strokes, self.band, size, dashed=self._lettered)
        return over(drawn_picture(pixels), ability, *cells, up=cells[1] + 2, right=right + frame.margin)

    def lines(self) -> list[list[str]]:
        """Return the chart in plain characters, and a sentence about each curve."""
        told = (*self.words.summary(), *self.sentences(), *self.words.remarks_on_all())
        sentences = [[text.clean(line)] for line in told]
        if self.look.only_sentences:
            return sentences
        rows = ["".join(part for part, _ in row).rstrip() for row in self._rows(_PIPE_WIDTH, glyphs=False)]
        return [[text.clean(self._title())], *([row] for row in rows), *sentences]

    def document(self) -> dict[str, object]:
        """Return the curves as plain data; long ones as first, smallest, largest and last point of 500 stretches."""
        curves = [piece for curve in self.curves for piece in curve.segments or [curve]]
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
                    "drawn": [list(point) for point in self._points(curve)],
                }
                for curve in curves
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
        return self.words.sentences()

    def remarks(self) -> list[str]:
        """Return sentences about what is not drawn as a curve, and about curves of which something is left out."""
        return self.words.remarks()

    def _legend(self, width: int) -> RenderableType:
        from aimd_cli.views.table import Column, Table

        shows_names = any(not self.curves[number].name.startswith(self.words.label(number)) for number in self.apart)
        table = Table(
            [
                Column(""),
                Column("CURVE"),
                Column("LAST", right=True),
                Column("LOWEST", right=True, priority=1),
                Column("HIGHEST", right=True, priority=2),
                Column("POINTS", right=True, priority=4),
                *([Column("NAME", priority=3)] if shows_names else []),
            ]
        )
        for number in self.apart:
            curve = self.curves[number]
            (low, _), (high, _) = curve.extremes() if len(curve) else ((None, None), (None, None))
            table.add(
                (self.words.letter(number), f"bold {color_of(self.owners[number])}"),
                text.clean(self.words.label(number)),
                *("" if value is None else text.number(value) for value in (curve.last, low, high)),
                f"{len(curve) + curve.not_finite:,}",
                *([text.clean(curve.name)] if shows_names else []),
            )
        return table.rich(width)

    def _frame(self, width: int, glyphs: bool, with_ends: bool) -> Frame:
        """Return the axes, with nothing between them, and perhaps the names of curves at their ends."""
        assert self.ends is not None  # for the type checker: there are points
        places = [position for points in (*self._drawn, *self._behind) for position, _ in points]
        y, x = Scale(*self.ends, self.look.log_y), Scale(min(places), max(places))
        ends = []
        if with_ends and self._lettered and width >= _LEAST_WIDTH:
            ends = [
                End(
                    self._drawn[number][-1][1],
                    f"{self.words.letter(number)} {text.clean(self.words.label(number))}",
                    self.owners[number],
                )
                for number in self.apart
                if self._drawn[number]
            ]
        return Frame(x, y, Size(width, self.look.rows, glyphs), ends)

    def _rows(self, width: int, glyphs: bool, with_ends: bool = False) -> list[Row]:
        """Return the drawing with its axes, line by line."""
        if self.ends is None:
            return [[(shown("no point can be drawn"), "")]]
        frame = self._frame(width, glyphs, with_ends)
        if not self.look.ability.has_pixels:
            self._draw(frame, ("▲", "▼") if glyphs else ("^", "v"))
        kind = TIME if self.look.axis == "time" else COUNTS if self.look.axis in AXIS_WORDS else NUMBERS
        return frame.rows(kind, self.look.axis)

    def _draw(self, frame: Frame, far_signs: tuple[str, str]) -> None:
        canvas = frame.canvas
        for points in [*(self.band[1:] if self.band is not None else ()), *self._behind]:
            canvas.draw(frame.dots(points), BAND, dashed=False)
        for number in self.apart:
            for run in self.curves[number].runs(self._drawn[number]):
                canvas.draw(frame.dots(run), self.owners[number], dashed=self._lettered)
        count = 1 + max((self.owners[number] for number in self.apart), default=0)
        for number in self.apart if self._lettered else ():
            canvas.letter(self.owners[number], count)
        for number in self.apart:
            for point in self._drawn[number]:
                if not frame.y.low <= point[1] <= frame.y.high:
                    sign = far_signs[point[1] < frame.y.low]
                    canvas.mark(frame.dots([point])[0], sign, self.owners[number])


def _extremes(curve: Curve) -> dict[str, object]:
    if not len(curve):
        return {"min": None, "min_at": None, "max": None, "max_at": None}
    (low, low_at), (high, high_at) = curve.extremes()
    return {"min": low, "min_at": low_at, "max": high, "max_at": high_at}
