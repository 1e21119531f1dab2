"""The pane of small charts: one cursor for all, one selected chart, sections that fold, and a filter of metrics."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aimd_cli.screen.grid_drawing import GridDrawn, GridRequest, has_entry
from aimd_cli.screen.keys import CHARTS, bindings_of
from aimd_cli.screen.panes import Settings
from aimd_cli.views.chart_grid import GridEntry, cursor_at, cursor_step
from aimd_cli.views.curve import Told
from aimd_cli.views.metric_sections import PINNED
from aimd_cli.views.words import note, shown
from aimd_core.language import said


class GridPane(Widget, can_focus=True):
    """A page of small charts.

    Attributes:
        request: Which charts are to be made; sizes and axes are set by the screen.
        cursor: Where the cursor is on the x axis, None for nowhere.
        drawn: What is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(CHARTS)]

    class Changed(Message):
        """Other charts are requested."""

    class Taken(Message):
        """A metric is to be shown alone."""

        def __init__(self, metric: str) -> None:
            super().__init__()
            self.metric = metric

    class FilterRequested(Message):
        """A pattern is to be typed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(id="grid")
        self.request = GridRequest(glyphs=settings.braille)
        self.cursor: float | None = None
        self.drawn = GridDrawn()
        self._settings = settings
        self._title = ""
        self._lines: list[Text] = []

    def take(self, drawn: GridDrawn, title: str) -> None:
        """Show a page."""
        self.drawn, self._title = drawn, title
        if drawn.selected and drawn.selected != self.request.selected and not self._entry():
            self.request = self.request._replace(selected=drawn.selected)
        self.lay_out()

    def lay_out(self) -> None:
        """Draw the page again: the cursor or the selection has moved."""
        drawn, selected = self.drawn, self.request.selected or self.drawn.selected
        glyphs = self._settings.glyphs and self._settings.braille
        self._lines = drawn.lines(selected, self.cursor, self.request.pinned, glyphs)
        if not drawn.pages:
            self._lines = [note(drawn.fault or _why_none(self.request), style="dim")]
        elif drawn.fault and len(self._lines) < self.size.height:
            self._lines.append(note(drawn.fault, style="yellow"))
        self.border_title = Text(_heading(self, self._title, self._settings.glyphs), no_wrap=True)
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Put the cursor where it was clicked, and select that chart."""
        drawn, y = self.drawn, event.y - 1  # below the title
        at = cursor_at(event.x, drawn.layout, drawn.charts, drawn.span)
        self.cursor = self.cursor if at is None else at
        for band in drawn.pages[drawn.number] if drawn.pages else []:
            lines = drawn.layout.lines if band[0].metric else 1
            if 0 <= y < lines:
                entry = band[min(len(band) - 1, event.x // max(1, drawn.layout.columns))]
                self._ask(self.request._replace(selected=entry.key))
            y -= lines
        self.lay_out()

    def on_mouse_scroll_down(self) -> None:
        """Show the next page."""
        self.action_page(1)

    def on_mouse_scroll_up(self) -> None:
        """Show the page before."""
        self.action_page(-1)

    def render_line(self, y: int) -> Strip:
        """Return one line of the page."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        return Strip(self._lines[y].render(self.app.console)).adjust_cell_length(self.size.width)

    def _entry(self) -> GridEntry | None:
        selected = self.request.selected or self.drawn.selected
        return next((entry for entry in self.drawn.entries if entry.key == selected), None)

    def _ask(self, request: GridRequest) -> None:
        self.request = request
        drawn = self.drawn
        number = next((at for at, page in enumerate(drawn.pages) if has_entry(page, request.selected)), drawn.number)
        if number != drawn.number:  # its charts come as soon as they are made
            self.drawn = drawn._replace(number=number, charts={})
        self.lay_out()
        self.post_message(self.Changed())

    def action_cursor(self, columns: int) -> None:
        """Move the cursor; the first move shows it at the end."""
        low, high = self.drawn.span
        if not self.drawn.charts:
            return
        step = cursor_step(self.drawn.layout, self.drawn.charts, self.drawn.span)
        before = high + (step if columns < 0 else 0) if self.cursor is None else self.cursor
        self.cursor = max(low, min(high, before + columns * step))
        self.lay_out()

    def action_no_cursor(self) -> None:
        """Remove the cursor, or if there is none the filter."""
        if self.cursor is not None:
            self.cursor = None
            self.lay_out()
        elif self.request.pattern:
            self.filter("")

    def action_select(self, entries: int) -> None:
        """Select another chart or heading."""
        keys = [entry.key for entry in self.drawn.entries]
        if keys:
            entry = self._entry()
            at = keys.index(entry.key) if entry is not None else 0
            self._ask(self.request._replace(selected=keys[max(0, min(len(keys) - 1, at + entries))]))

    def action_select_end(self, to_end: int) -> None:
        """Select the first or the last chart."""
        if self.drawn.entries:
            self._ask(self.request._replace(selected=self.drawn.entries[-1 if to_end else 0].key))

    def action_page(self, pages: int) -> None:
        """Show another page."""
        if self.drawn.pages:
            number = max(0, min(len(self.drawn.pages) - 1, self.drawn.number + pages))
            shown = [entry for band in self.drawn.pages[number] for entry in band]
            first = next((entry for entry in shown if entry.metric), shown[0])
            self._ask(self.request._replace(selected=first.key))

    def action_fold(self) -> None:
        """Fold or unfold the section of the selected chart."""
        entry = self._entry()
        if entry is not None:
            folded = self.request.collapsed ^ {entry.section}
            self._ask(self.request._replace(collapsed=folded, selected=f"{entry.section}/"))

    def action_pin_metric(self) -> None:
        """Pin the selected metric, or remove its pin."""
        entry = self._entry()
        if entry is None or not entry.metric:
            return
        kept = tuple(metric for metric in self.request.pinned if metric != entry.metric)
        pinned = kept if len(kept) < len(self.request.pinned) else (*kept, entry.metric)
        self._ask(self.request._replace(pinned=pinned, collapsed=self.request.collapsed - {PINNED}))

    def action_take_metric(self) -> None:
        """Show the selected metric alone, or open a folded section."""
        entry = self._entry()
        if entry is not None and entry.metric:
            self.post_message(self.Taken(entry.metric))
        else:
            self.action_fold()

    def action_filter_metrics(self) -> None:
        """Start typing a pattern."""
        self.post_message(self.FilterRequested())

    def filter(self, pattern: str) -> str:
        """Show only metrics that match a regular expression; return what is wrong with it, or empty."""
        try:
            re.compile(pattern)
        except re.error as error:
            return str(error)
        if pattern != self.request.pattern:
            self._ask(self.request._replace(pattern=pattern, selected=""))
        return ""


def _why_none(request: GridRequest) -> str:
    if request.pattern:
        return said("no metric matches {pattern}", pattern=request.pattern)
    return said("nothing was recorded of the machine") if request.is_system else said("nothing was logged yet")


def _heading(pane: GridPane, title: str, glyphs: bool) -> str:
    """Return what is shown: of whom, which metrics, which page, and where the cursor is."""
    parts, drawn = [title], pane.drawn
    if pane.request.pattern:
        parts.append(f"/{pane.request.pattern}/")
    if len(drawn.pages) > 1:
        parts.append(shown(said("page {number} of {count}", number=drawn.number + 1, count=len(drawn.pages))))
    if pane.cursor is not None:
        parts.append(shown(Told(pane.request.axis).place(pane.cursor)))
    return " · ".join(parts) if glyphs else ", ".join(parts)
