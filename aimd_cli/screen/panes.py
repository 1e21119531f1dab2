"""Renders chart and output of the selected trials as lines, where it does not delay the keyboard. Without Textual."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple, Protocol

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from aimd_cli import text
from aimd_cli.errors import message
from aimd_cli.screen.grid_drawing import GridDrawer, GridDrawn, GridRequest
from aimd_cli.views.canvas import BAND, LETTERS
from aimd_cli.views.chart import PALETTE, Chart, Look
from aimd_cli.views.comparison import Comparison
from aimd_cli.views.curve import Curve, empty_curve, sentence
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
        baseline: The id of the trial that the others are measured against, or empty.
    """

    rows: list[Facts]
    unread_count: int
    baseline: str = ""


class MediaRequest(NamedTuple):
    """What of the media of a trial to draw.

    Attributes:
        key: The key, or empty for the first.
        step: The step, or the nearest to it; None for the last.
        number: Which of those of the key and step.
        size: Columns and lines.
        color: Whether to use colour.
        glyphs: Whether non-ASCII characters can be shown.
    """

    key: str = ""
    step: int | None = None
    number: int = 0
    size: tuple[int, int] = (0, 0)
    color: bool = True
    glyphs: bool = True


class MediaDrawn(NamedTuple):
    """One picture, text or histogram as lines, and what else there is.

    Attributes:
        keys: All keys of the trial.
        key: Its key.
        steps: All steps of that.
        step: Its step.
        number: Which of those of the key and step it is.
        total: How many these are.
        lines: What it looks like.
        fault: Why nothing can be drawn.
    """

    keys: tuple[str, ...] = ()
    key: str = ""
    steps: tuple[int, ...] = ()
    step: int = 0
    number: int = 0
    total: int = 0
    lines: Sequence[Text] = ()
    fault: str = ""


class OwnCommand(NamedTuple):
    """A command that a person has bound to a key.

    Attributes:
        key: The key.
        name: What it does, in the person's words.
        words: The program and its arguments, with `{name}`, `{id}` and `{dir}` for the selected trial.
        asks: Whether to ask each time, not only the first time.
    """

    key: str
    name: str
    words: tuple[str, ...]
    asks: bool = False

    @property
    def needs_directory(self) -> bool:
        """Whether the trial's directory is needed, which of one on a server is copied."""
        return any("{dir}" in word for word in self.words)

    def filled(self, row: Facts, directory: str) -> list[str]:
        """Return the words for a trial; what is put in is never interpreted."""
        values = {"{name}": row.alternative_name, "{id}": row.id or "", "{dir}": directory}
        words = []
        for word in self.words:
            before, brace, after = word.partition("{")
            words.append(before + values.get(brace + after, brace + after))
        return words


class ShownView(NamedTuple):
    """A saved view, as far as the screen has it.

    Attributes:
        query: Which trials, in the query language; empty means all.
        sort: Their order; empty means running ones first, then the newest.
        charts: The metrics that come first.
        x: What the charts' x axis counts; empty means steps.
        pins: The ids of trials that stay on top.
    """

    query: str = ""
    sort: str = ""
    charts: tuple[str, ...] = ()
    x: str = ""
    pins: tuple[str, ...] = ()


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

    def curves(self, row: Facts, metrics: Sequence[str], axis: str, ahead: Sequence[str] = ()) -> list[Curve]:
        """Return metrics of a trial, as `grid_drawing.CurveSource`."""

    def detail(self, row: Facts) -> TrialDetail:
        """Return everything known about a trial."""

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed, safe for a terminal."""

    def media(self, row: Facts, request: MediaRequest) -> MediaDrawn:
        """Return one picture, text or histogram of a trial. Raises what `look` does."""

    def set_baseline(self, row: Facts | None) -> None:
        """Choose the trial that the others are measured against, or none. Raises what `look` does."""

    def views(self) -> dict[str, ShownView]:
        """Return the saved views by name. Raises what `look` does."""

    def save_view(self, name: str, view: ShownView) -> None:
        """Save a view. Raises what `look` does."""

    def tag(self, row: Facts, tags: Sequence[str], remove: bool) -> None:
        """Add tags to a trial, or remove them. Raises what `look` does."""

    def remove(self, row: Facts) -> None:
        """Move a trial to the trash. Raises what `look` does."""

    def comparison(self, rows: Sequence[Facts], baseline: Facts | None, glyphs: bool) -> Comparison:
        """Return what differs between trials. Raises what `look` does."""

    def directory(self, row: Facts) -> Path:
        """Return a directory with the files of a trial. Raises what `look` does."""

    def run(self, words: Sequence[str]) -> int:
        """Run a person's own command in the terminal, and return its exit status."""


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
        view: The saved view to begin with, as far as nothing else says what to show.
        mouse: Whether the screen gets what the mouse does.
        commands: The person's own commands.
    """

    where: str = ""
    sort: str = ""
    metric: str = ""
    interval_s: float = 2.0
    glyphs: bool = True
    braille: bool = True
    color: bool = True
    view: ShownView = ShownView()
    mouse: bool = False
    commands: tuple[OwnCommand, ...] = ()


AXES = ("step", "epoch", "time")
CHART, CHARTS, SYSTEM, MEDIA = VIEWS = ("chart", "charts", "system", "media")
_AXIS_ROWS = 2


class PaneRequest(NamedTuple):
    """What to draw.

    Attributes:
        rows: The trials.
        also: Pinned trials, which are drawn with them.
        baseline: The trial that the others are measured against, drawn in grey, or None.
        view: What is above or beside the output: `CHART`, `CHARTS` or `SYSTEM`.
        grid: Which charts of a grid to make.
        media: What of the media of the first trial to draw.
        metric: The metric of the chart, or empty.
        axis: What its x axis counts.
        log_y: Whether its y axis is logarithmic.
        chart: Its columns and lines without the title; with 0 lines it is not drawn.
        output: The same for the output.
        depth: How many lines of the output of a single trial to read besides those that are shown.
        braille: Whether braille can be shown.
    """

    rows: tuple[Facts, ...] = ()
    also: tuple[Facts, ...] = ()
    baseline: Facts | None = None
    view: str = CHART
    grid: GridRequest = GridRequest()
    media: MediaRequest = MediaRequest()
    metric: str = ""
    axis: str = "step"
    log_y: bool = False
    chart: tuple[int, int] = (0, 0)
    output: tuple[int, int] = (0, 0)
    depth: int = 0
    braille: bool = True

    @property
    def drawn(self) -> tuple[tuple[Facts, int], ...]:
        """All trials of the charts, each with the number of its letter; `BAND` for the baseline."""
        rows = tuple((row, number) for number, row in enumerate((*self.rows, *self.also)))
        if self.baseline is None or any(row.id == self.baseline.id for row, _ in rows):
            return rows
        return (*rows, (self.baseline, BAND))

    def whole(self) -> PaneRequest:
        """Return the same request with facts that are quick to read often."""
        rows, also = (tuple(row.whole() for row in part) for part in (self.rows, self.also))
        return self._replace(rows=rows, also=also, baseline=self.baseline and self.baseline.whole())


class Drawn(NamedTuple):
    """The result: titles and lines, the page of a grid if one is requested, and all lines that can be searched."""

    request: PaneRequest
    chart_title: str
    chart: list[Text]
    output_title: str
    output: list[Text]
    grid: GridDrawn = GridDrawn()
    printed: Sequence[str] = ()
    media: MediaDrawn = MediaDrawn()


def draw(sources: Sources, request: PaneRequest, drawer: GridDrawer) -> Drawn:
    """Read and draw what is requested; errors appear in place of what cannot be read."""
    asked, request = request, request.whole()
    title, chart, grid = "", list[Text](), GridDrawn()
    if request.chart[1] > 0 and request.view == CHART:
        title, chart = _chart(sources, request)
    elif request.chart[1] > 0 and request.view != MEDIA:
        rows, owners = zip(*request.drawn, strict=True) if request.drawn else ((), ())
        title, grid = _of(request.view, request), drawer.draw(sources, rows, owners, request.grid)
    output = _output(sources, request) if request.output[1] > 0 else []
    media = MediaDrawn()
    if request.chart[1] > 0 and request.view == MEDIA and request.rows:
        title, media = _of("media", request._replace(rows=request.rows[:1])), _media(sources, request)
    printed = _searched(sources, request)
    return Drawn(asked, title, chart, _of("output", request), output, grid, printed, media)


def _media(sources: Sources, request: PaneRequest) -> MediaDrawn:
    try:
        return sources.media(request.rows[0], request.media)
    except (AimdError, OSError) as error:
        return MediaDrawn(fault=reason_of(error))


def _searched(sources: Sources, request: PaneRequest) -> Sequence[str]:
    if not request.depth or len(request.rows) != 1:
        return ()
    try:
        return sources.output(request.rows[0], request.depth)
    except (AimdError, OSError):  # which is shown in place of the last lines
        return ()


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
    for row, owner in request.drawn:
        try:
            curve = copy(sources.curve(row, request.metric, request.axis))
        except (AimdError, OSError) as error:
            faults.append(f"{text.clean(row.name)}: {reason_of(error)}")
            curve = empty_curve(row.alternative_name, request.metric)
        curve.name = row.name
        if owner != BAND:
            curves.append(curve)
        elif len(curve):  # the baseline is drawn in grey, behind the others
            curves[0].segments = [*curves[0].segments, curve]
    title = _of(text.clean(request.metric), request) + (translated(" (log)") if request.log_y else "")
    notes = [*faults, *_notes(curves, request)]
    return title, [
        *_drawing(curves, request, len(notes[:1])),
        *(_dim(_shortened(note, request.chart[0])) for note in notes[:1]),
    ]


def reason_of(error: Exception) -> str:
    """Return what is wrong with a file, without its path, because the trial is named next to it."""
    reason = error.facts.get("reason") if isinstance(error, DamagedError) else None
    return shown(reason if isinstance(reason, str) and reason else message(error))


def _drawing(curves: list[Curve], request: PaneRequest, note_rows: int) -> list[Text]:
    if not any(len(curve) for curve in curves):
        return [] if len(curves) == 1 else [note(said("none of them has {metric}", metric=request.metric), style="dim")]
    columns, rows = request.chart
    look = Look(request.axis, request.log_y, 0.0, max(2, rows - _AXIS_ROWS - note_rows), request.braille)
    owners = range(len(curves)) if len(curves) > 1 else None
    return Chart(curves, look, owners).drawing(columns)


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
        return [_dim(reason_of(error))]
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
