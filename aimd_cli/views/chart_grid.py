"""Small charts in a grid, one for each metric, with one cursor and one x axis for all of them. Pure.

A grid is a list of bands from top to bottom: the heading of a section, or charts beside each other. It is divided into
pages; only the charts of a page are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.axes import Scale, count_label, duration_label
from aimd_cli.views.canvas import BAND, LETTERS, Canvas
from aimd_cli.views.chart import color_of
from aimd_cli.views.curve import Curve
from aimd_cli.views.metric_sections import Section
from aimd_cli.views.shortening import shortened
from aimd_cli.views.words import note, shown
from aimd_core.language import said

_LEAST_COLUMNS, _LEAST_LINES, _MOST_LINES = 36, 6, 16  # of a chart, its title and axis included
_GAP = 2
_EDGES = 2  # lines of a chart that are not its drawing: title and x axis
_LABEL_CELLS = 9


class GridEntry(NamedTuple):
    """What can be selected in a grid: the heading of a section, or a metric.

    Attributes:
        key: Tells it from all others.
        section: Its section.
        metric: The metric, or empty for a heading.
        total: How many metrics the section has.
        is_open: Whether they are shown.
    """

    key: str
    section: str
    metric: str
    total: int
    is_open: bool


Band = tuple[GridEntry, ...]
Page = list[Band]


class Layout(NamedTuple):
    """How a page is divided.

    Attributes:
        across: How many charts are beside each other.
        columns: Width of each.
        lines: Height of each, its title and axis included.
    """

    across: int
    columns: int
    lines: int


class GridLook(NamedTuple):
    """How the charts of a page are drawn.

    Attributes:
        axis: `step`, `epoch` or `time`.
        span: The ends of the x axis that all charts share.
        log_y: Whether the y axes are logarithmic.
        glyphs: Whether braille can be shown.
    """

    axis: str
    span: tuple[float, float]
    log_y: bool = False
    glyphs: bool = True


def entries_of(sections: Sequence[Section]) -> list[GridEntry]:
    """Return what can be selected, in order; a section alone needs no heading."""
    entries = []
    for section in sections:
        facts = (len(section.metrics), section.is_open)
        if len(sections) > 1 or not section.is_open:
            entries.append(GridEntry(f"{section.name}/", section.name, "", *facts))
        if section.is_open:
            entries += [GridEntry(name, section.name, name, *facts) for name in section.metrics]
    return entries


def layout_of(columns: int, rows: int, bands: int, headings: int) -> Layout:
    """Return how to divide a page, so that its charts fill it.

    Args:
        columns: Width of the page.
        rows: Height of the page.
        bands: How many charts below each other there are, if `_across(columns)` are beside each other.
        headings: How many headings there are.
    """
    across = _across(columns)
    width = (columns - _GAP * (across - 1)) // across
    at_once = max(1, (rows - min(headings, 1)) // _LEAST_LINES)
    if bands <= at_once and headings + bands * _LEAST_LINES <= rows:  # one page for all of them
        return Layout(across, width, min(_MOST_LINES, (rows - headings) // max(1, bands)))
    return Layout(across, width, max(3, min(_MOST_LINES, (rows - min(headings, 1)) // at_once)))


def _across(columns: int) -> int:
    return max(1, (columns + _GAP) // (_LEAST_COLUMNS + _GAP))


def pages_of(entries: Sequence[GridEntry], columns: int, rows: int) -> tuple[Layout, list[Page]]:
    """Divide a grid into pages of a size in characters."""
    bands: list[Band] = []
    for entry in entries:
        fits = bands and entry.metric and bands[-1][0].metric and len(bands[-1]) < _across(columns)
        if fits and bands[-1][0].section == entry.section:
            bands[-1] = (*bands[-1], entry)
        else:
            bands.append((entry,))
    headings = sum(not band[0].metric for band in bands)
    layout = layout_of(columns, rows, len(bands) - headings, headings)
    pages: list[Page] = []
    room = 0
    for at, band in enumerate(bands):
        lines = layout.lines if band[0].metric else 1
        following = layout.lines if not band[0].metric and at + 1 < len(bands) and bands[at + 1][0].metric else 0
        if not pages or room < lines + following:
            pages.append([])
            room = rows
        pages[-1].append(band)
        room -= lines
    return layout, pages


class SmallChart:
    """One metric of several trials.

    Attributes:
        metric: `type.name`.
        curves: Its curves.
        owners: The numbers of their letters; `BAND` for the baseline, which has none.
    """

    def __init__(self, metric: str, curves: Sequence[Curve], owners: Sequence[int], look: GridLook) -> None:
        self.metric, self.curves, self.owners, self._look = metric, curves, owners, look
        self._lettered = sum(owner != BAND for owner in owners) > 1
        self._drawn: dict[tuple[int, int, int], list[Text]] = {}
        low, high = look.span
        points = [
            [p for p in curve.thinned if (p[1] > 0 or not look.log_y) and (owner != BAND or low <= p[0] <= high)]
            for curve, owner in zip(curves, owners, strict=True)
        ]
        self._points = points
        values = [value for of_curve in points for _, value in of_curve]
        self._ends = (min(values), max(values)) if values else None

    @property
    def margin(self) -> int:
        """How many cells the numbers beside the drawing take."""
        return 0 if self._ends is None else max(cell_len(_label(end)) for end in self._ends)

    def lines(
        self, layout: Layout, margin: int, cursor: float | None, is_selected: bool, is_pinned: bool = False
    ) -> list[Text]:
        """Return title, drawing and axis, each exactly as wide as the layout says.

        Args:
            layout: The size.
            margin: How many cells the numbers beside the drawing take in all charts of the page.
            cursor: Where the cursor is on the x axis; None for nowhere.
            is_selected: Whether this is the selected chart.
            is_pinned: Whether the metric is pinned.
        """
        title = self._title(layout.columns, cursor, is_selected, is_pinned)
        if self._ends is None:
            body = [note(said("none of them has {metric}", metric=self.metric), style="dim")]
            body += [Text("")] * (layout.lines - 2)
        else:
            body = self._body(layout, margin)
            if cursor is not None:
                body = self._with_cursor(body, layout, margin, cursor)
        return [title, *(_fitted(line, layout.columns) for line in body)]

    def _title(self, columns: int, cursor: float | None, is_selected: bool, is_pinned: bool) -> Text:
        values = self._values(cursor, columns)
        room = columns - values.cell_len - 1
        (name,) = shortened([text.clean(self.metric)], max(8, room - 2), "…" if self._look.glyphs else "...")
        line = Text(no_wrap=True, end="")
        line.append("* " if is_pinned else "", "yellow")
        line.append(name, "bold reverse" if is_selected else "bold")
        line.append(" " * max(1, columns - line.cell_len - values.cell_len))
        line.append_text(values)
        return _fitted(line, columns)

    def _values(self, cursor: float | None, columns: int) -> Text:
        """Return the values at the cursor, or the last ones, of as many trials as there is room for."""
        made = Text(no_wrap=True, end="")
        base = next((_value(c, cursor) for c, o in zip(self.curves, self.owners, strict=True) if o == BAND), None)
        for curve, owner in zip(self.curves, self.owners, strict=True):
            value = _value(curve, cursor)
            if owner == BAND or value is None:
                continue
            piece = Text()
            if self._lettered:
                piece.append(f"{LETTERS[owner % len(LETTERS)]} ", f"bold {color_of(owner)}")
            piece.append(text.number(value))
            if base is not None and base - base == 0.0 and value - value == 0.0:
                piece.append(f" {value - base:+.3g}", "dim")
            if made.cell_len + piece.cell_len + 2 > columns * 2 // 3:
                made.append(" …" if self._look.glyphs else " ...", "dim")
                break
            made.append("  " if made else "")
            made.append_text(piece)
        return made

    def _body(self, layout: Layout, margin: int) -> list[Text]:
        key = (layout.columns, layout.lines, margin)
        if key not in self._drawn:
            self._drawn = {key: self._draw(layout, margin)}
        return self._drawn[key]

    def _draw(self, layout: Layout, margin: int) -> list[Text]:
        assert self._ends is not None
        glyphs, rows = self._look.glyphs, max(1, layout.lines - _EDGES)
        canvas = Canvas(_canvas_columns(layout, margin), rows, glyphs)
        x, y = Scale(*self._look.span), Scale(*self._ends, self._look.log_y)
        drawn = zip(self.owners, self.curves, self._points, strict=True)
        for owner, curve, points in sorted(drawn, key=lambda part: part[0] != BAND):
            for run in curve.runs(points):
                dots = [(x.dot(p, canvas.width), canvas.height - 1 - y.dot(v, canvas.height)) for p, v in run]
                canvas.draw(_thin(dots), owner, dashed=self._lettered and owner != BAND)
        for owner in self.owners if self._lettered else ():
            if owner != BAND:
                canvas.letter(owner, 1 + max(self.owners))
        beside = {0: _label(self._ends[1]), rows - 1: _label(self._ends[0])}
        lines = [self._line(canvas, row, beside.get(row, ""), margin) for row in range(rows)]
        return [*lines, self._axis(canvas.columns, margin)]

    def _line(self, canvas: Canvas, row: int, label: str, margin: int) -> Text:
        edge = ("┤" if label else "│") if self._look.glyphs else ("+" if label else "|")
        line = Text(f"{label:>{margin}} {edge}", "dim", no_wrap=True, end="")
        for cell in canvas.cells(row):
            line.append(cell.character, color_of(cell.owner))
        return line

    def _axis(self, columns: int, margin: int) -> Text:
        name = duration_label if self._look.axis == "time" else count_label
        low, high = (name(_whole(end, self._look.axis)) for end in self._look.span)
        inner = max(1, columns - len(low) - len(high))
        middle = f" {shown(said(self._look.axis))} ".center(inner, "─" if self._look.glyphs else "-")
        if cell_len(middle) > inner:
            middle = ("─" if self._look.glyphs else "-") * inner
        return Text(" " * (margin + 2) + low + middle + high, "dim", no_wrap=True, end="")

    def _with_cursor(self, body: list[Text], layout: Layout, margin: int, cursor: float) -> list[Text]:
        at = margin + 2 + Scale(*self._look.span).dot(cursor, _canvas_columns(layout, margin))
        lines = []
        for line in body[:-1]:
            copy = line.copy()
            if copy.plain[at : at + 1] in (" ", ""):
                rule = Text("│" if self._look.glyphs else "|", "yellow", end="")
                copy = Text.assemble(copy[:at], rule, copy[at + 1 :], no_wrap=True, end="")
            else:
                copy.stylize("reverse", at, at + 1)
            lines.append(copy)
        return [*lines, body[-1]]


def page_lines(
    page: Page,
    layout: Layout,
    charts: Mapping[str, SmallChart],
    selected: str,
    cursor: float | None,
    pinned: Sequence[str] = (),
    glyphs: bool = True,
) -> list[Text]:
    """Return a page line by line; a chart that was not made yet is only named."""
    lines: list[Text] = []
    margin = min(_LABEL_CELLS, max((chart.margin for chart in charts.values()), default=0))
    for band in page:
        if not band[0].metric:
            lines.append(_heading(band[0], selected, glyphs))
            continue
        blocks = []
        for entry in band:
            chart, is_selected = charts.get(entry.metric), entry.key == selected
            if chart is None:
                title = Text(text.clean(entry.metric), "bold reverse" if is_selected else "bold", end="")
                waiting = [title, note("reading ...", style="dim"), *[Text("")] * (layout.lines - 2)]
                blocks.append([_fitted(line, layout.columns) for line in waiting])
            else:
                blocks.append(chart.lines(layout, margin, cursor, is_selected, entry.metric in pinned))
        lines += _beside(blocks)
    return lines


def cursor_step(layout: Layout, charts: Mapping[str, SmallChart], span: tuple[float, float]) -> float:
    """Return how far apart two columns of the drawings are on the x axis."""
    margin = min(_LABEL_CELLS, max((chart.margin for chart in charts.values()), default=0))
    return (span[1] - span[0]) / max(1, _canvas_columns(layout, margin) - 1)


def cursor_at(column: int, layout: Layout, charts: Mapping[str, SmallChart], span: tuple[float, float]) -> float | None:
    """Return the place on the x axis that a column of a page is at, None if that is beside the drawings."""
    margin = min(_LABEL_CELLS, max((chart.margin for chart in charts.values()), default=0))
    inner = column % (layout.columns + _GAP) - margin - 2
    count = _canvas_columns(layout, margin)
    if not 0 <= inner < count:
        return None
    return span[0] + (span[1] - span[0]) * inner / max(1, count - 1)


def span_of(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the ends of an x axis for all of these curves."""
    ends = [end for curve in curves if len(curve) for end in (curve.positions[0], curve.positions[-1])]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _heading(entry: GridEntry, selected: str, glyphs: bool) -> Text:
    sign = ("▾" if entry.is_open else "▸") if glyphs else ("-" if entry.is_open else "+")
    line = Text(no_wrap=True, end="")
    name = shown(entry.section) if entry.section == "pinned" else text.clean(entry.section)
    line.append(f"{sign} {name}", "bold cyan reverse" if entry.key == selected else "bold cyan")
    total = said("{count:,} metric{s}", count=entry.total, s="s" * (entry.total != 1))
    return line.append(f"  {shown(total)}", "dim")


def _canvas_columns(layout: Layout, margin: int) -> int:
    return max(4, layout.columns - margin - 2)


def _value(curve: Curve, cursor: float | None) -> float | None:
    return curve.last if cursor is None else curve.value_at(cursor)


def _label(number: float) -> str:
    return f"{number:.3g}"


def _whole(end: float, axis: str) -> float:
    return float(round(end)) if axis == "time" else end


def _thin(dots: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return dots without those that repeat the one before."""
    return [dot for at, dot in enumerate(dots) if not at or dot != dots[at - 1]]


def _fitted(line: Text, columns: int) -> Text:
    over = line.cell_len - columns
    if over > 0:
        line = line.copy()
        line.truncate(columns)
    elif over < 0:
        line = line.copy().append(" " * -over)
    return line


def _beside(blocks: list[list[Text]]) -> list[Text]:
    lines = []
    for pieces in zip(*blocks, strict=True):
        line = Text(no_wrap=True, end="")
        for at, piece in enumerate(pieces):
            line.append(" " * _GAP if at else "")
            line.append_text(piece)
        lines.append(line)
    return lines
