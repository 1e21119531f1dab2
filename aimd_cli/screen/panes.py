"""Renders chart and output of the selected trials as lines, where it does not delay the keyboard. Without Textual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from aimd_cli import text
from aimd_cli.errors import message
from aimd_cli.views.canvas import LETTERS
from aimd_cli.views.chart import PALETTE, Chart, Look
from aimd_cli.views.curve import Curve, sentence
from aimd_cli.views.states import divergence, state_sentence
from aimd_cli.views.trial_detail import TrialDetail
from aimd_cli.views.words import note, shown
from aimd_core.errors import AimdError, DamagedError
from aimd_core.language import said, translated
from aimd_core.reading.facts import Facts

_ROWS_WITH_WHY = 2  # a pane with more rows says why a trial ended


class Looked(NamedTuple):
    """All trials at one moment.

    Attributes:
        rows: The trials, newest first.
        unread_count: How many more trials have not been read yet.
    """

    rows: list[Facts]
    unread_count: int


class Sources(Protocol):
    """Where the screen's data comes from. Calls may come from different threads.

    Attributes:
        location: Where the trials are, in words.
    """

    location: str

    def look(self, with_facts: bool) -> Looked:
        """Return the current trials; `with_facts` includes git and platform.

        Raises:
            AimdError, OSError: They cannot be listed.
        """

    def curve(self, row: Facts, metric: str, axis: str) -> Curve:
        """Return a metric of a trial, which may have no points.

        Raises:
            AimdError, OSError: It cannot be read.
        """

    def detail(self, row: Facts) -> TrialDetail:
        """Return everything known about a trial."""

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed, safe for a terminal."""


class Settings(NamedTuple):
    """The initial settings of the screen.

    Attributes:
        where: The filter.
        sort: A key to sort by; if empty, running trials come first, then the newest.
        metric: The metric of the chart; if empty, the main one.
        interval_s: How often to scan.
        glyphs: Whether non-ASCII characters can be shown.
        braille: Whether the chart can be drawn in braille.
        color: Whether to use colour.
    """

    where: str = ""
    sort: str = ""
    metric: str = ""
    interval_s: float = 2.0
    glyphs: bool = True
    braille: bool = True
    color: bool = True


AXES = ("step", "epoch", "time")
_AXIS_ROWS = 2


class PaneRequest(NamedTuple):
    """What to draw.

    Attributes:
        rows: The trials.
        lettered: Whether they are marked and so have letters.
        metric: The metric of the chart, or empty.
        axis: What its x axis counts.
        log_y: Whether its y axis is logarithmic.
        chart: Its columns and lines without the title; with 0 lines it is not drawn.
        output: The same for the output.
        braille: Whether braille can be shown.
    """

    rows: tuple[Facts, ...] = ()
    lettered: bool = False
    metric: str = ""
    axis: str = "step"
    log_y: bool = False
    chart: tuple[int, int] = (0, 0)
    output: tuple[int, int] = (0, 0)
    braille: bool = True


class Drawn(NamedTuple):
    """The result: titles and lines."""

    request: PaneRequest
    chart_title: str
    chart: list[Text]
    output_title: str
    output: list[Text]


def draw(sources: Sources, request: PaneRequest) -> Drawn:
    """Read and draw what is requested; errors appear in place of what cannot be read."""
    chart_title, chart = _chart(sources, request) if request.chart[1] > 0 else ("", [])
    output = _output(sources, request) if request.output[1] > 0 else []
    return Drawn(request, chart_title, chart, _of("output", request), output)


def _of(what: str, request: PaneRequest) -> str:
    if len(request.rows) == 1:
        return shown(said("{what} of {name}", what=said(what), name=request.rows[0].name))
    if not request.rows:
        return shown(what)
    return shown(said("{what} of {count} trials", what=said(what), count=len(request.rows)))


def _chart(sources: Sources, request: PaneRequest) -> tuple[str, list[Text]]:
    if not request.rows or not request.metric:
        return shown("chart"), [note("nothing was logged yet" if request.rows else "no trial is selected", style="dim")]
    curves: list[Curve] = []
    faults: list[str] = []
    for row in request.rows:
        try:
            curve = sources.curve(row, request.metric, request.axis)
        except (AimdError, OSError) as error:
            faults.append(f"{text.clean(row.name)}: {_reason(error)}")
            curve = _no_curve(row, request.metric)
        curve.name = row.name
        curves.append(curve)
    title = _of(text.clean(request.metric), request) + (" (log)" if request.log_y else "")
    notes = [*faults, *_notes(curves, request)]
    return title, [
        *_drawing(curves, request, len(notes[:1])),
        *(_dim(_shortened(note, request.chart[0])) for note in notes[:1]),
    ]


def _reason(error: Exception) -> str:
    """Return what is wrong with a file, without its path, because the trial is named next to it."""
    reason = error.facts.get("reason") if isinstance(error, DamagedError) else None
    return shown(reason if isinstance(reason, str) and reason else message(error))


def _no_curve(row: Facts, metric: str) -> Curve:
    from array import array

    return Curve(row.alternative_name, metric, array("d"), array("d"))


def _drawing(curves: list[Curve], request: PaneRequest, note_rows: int) -> list[Text]:
    if not any(len(curve) for curve in curves):
        return [] if len(curves) == 1 else [note(said("none of them has {metric}", metric=request.metric), style="dim")]
    columns, rows = request.chart
    look = Look(request.axis, request.log_y, 0.0, max(2, rows - _AXIS_ROWS - note_rows), request.braille)
    return Chart(curves, look).drawing(columns)


def _notes(curves: list[Curve], request: PaneRequest) -> list[str]:
    """Return what a chart does not say: the course of a single curve, or what was left out of several."""
    if len(curves) == 1:
        return [_shortened(shown(sentence(curves[0], request.axis)), request.chart[0])]
    parts = []
    for letter, curve in zip(LETTERS, curves, strict=False):
        if not len(curve):
            parts.append(shown(said("{letter} has none", letter=letter)))
        elif curve.not_finite:
            left_out = said("{letter}: {count:,} NaN or infinite left out", letter=letter, count=curve.not_finite)
            parts.append(shown(left_out))
    return ["; ".join(parts)] if parts else []


def _shortened(told: str, columns: int) -> str:
    """Return a sentence without the last parts that do not fit."""
    while cell_len(told) > columns and ", " in told:
        told = told.rpartition(", ")[0]
    return set_cell_size(told, columns) if cell_len(told) > columns else told


def _output(sources: Sources, request: PaneRequest) -> list[Text]:
    columns, rows = request.output
    if not request.rows:
        return []
    if len(request.rows) == 1:
        return _tail(sources, request.rows[0], columns, rows)
    chosen = request.rows[: max(1, rows // 2)]
    lines: list[Text] = []
    for number, row in enumerate(chosen):
        share = rows * (number + 1) // len(chosen) - rows * number // len(chosen)
        style = f"bold {PALETTE[number % len(PALETTE)]}"
        heading = Text.assemble((f"{LETTERS[number % len(LETTERS)]} ", style), (text.clean(row.name), "bold"))
        lines += [heading, *_tail(sources, row, columns, share - 1)]
    return lines


def _tail(sources: Sources, row: Facts, columns: int, rows: int) -> list[Text]:
    """Return the last lines that a trial printed, and below them why it ended or which metrics diverged."""
    why = translated(state_sentence(row) if row.reason else divergence(row))
    if why and rows > _ROWS_WITH_WHY:
        return [*_printed(sources, row, columns, rows - 1), _dotted(text.clean(why), columns)]
    return _printed(sources, row, columns, rows)


def _printed(sources: Sources, row: Facts, columns: int, rows: int) -> list[Text]:
    try:
        printed: Sequence[str] = sources.output(row, max(1, rows)) if rows > 0 else ()
    except (AimdError, OSError) as error:
        return [_dim(_reason(error))]
    if not printed and rows > 0:
        return [note("no output was recorded", style="dim")]
    return [_cut(line.expandtabs(4), columns) for line in printed]


def _dotted(told: str, columns: int) -> Text:
    """Return a sentence, or what fits of it and dots, so that nobody takes the rest for all of it."""
    return Text(told if cell_len(told) <= columns else f"{set_cell_size(told, columns - 3).rstrip()}...", no_wrap=True)


def _cut(line: str, columns: int) -> Text:
    made = Text(line, no_wrap=True, end="")
    if cell_len(line) > columns:
        made.truncate(columns)
    return made


def _dim(told: str) -> Text:
    return Text(told, style="dim")
