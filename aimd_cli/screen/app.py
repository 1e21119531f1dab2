"""The live screen itself: two threads read, the screen shows what they bring, and keys say what is request.

A key never waits for the disk, the screen survives whatever happens to a trial, and the terminal is restored, even on
SIGTERM and when the connection is lost.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from aimd_cli.screen.arrangement import arranged
from aimd_cli.screen.below import Below
from aimd_cli.screen.board import Board, Order, natural, read_sort
from aimd_cli.screen.dialogs import Chooser, Details, Help
from aimd_cli.screen.filter_line import FilterLine
from aimd_cli.screen.panes import Drawn, Settings, Sources
from aimd_cli.screen.readers import Drawer, Listed, Looker
from aimd_cli.screen.table import TrialTable, head_line, key_line
from aimd_cli.views.rows import all_keys, main_metric, ranked_metrics
from aimd_core.errors import QueryError
from aimd_core.language import said
from aimd_core.query import Field, field_text

_LOOKED_AT = 200  # trials whose metrics and parameters are offered
_SORT_FIELDS = ("started", "name", "state", "duration", "id", "tags")
_Brought = TypeVar("_Brought", Listed, Drawn)


class TopScreen(Screen[None]):
    """The table, the panes below it, and the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", show=False),
        Binding("escape", "clear_filter", show=False),
        Binding("r", "reverse", show=False),
        Binding("u", "unmark", show=False),
        Binding("c", "change('chart')", show=False),
        Binding("l", "change('output')", show=False),
        Binding("x", "change('axis')", show=False),
        Binding("y", "change('log_y')", show=False),
    ]

    def __init__(self, sources: Sources, settings: Settings) -> None:
        super().__init__()
        self.sources, self.settings = sources, settings
        self.board, self.order = Board(), Order()
        self.said: str = said("reading ...")
        self._to_top = False
        if settings.sort:
            self.order = Order(sort=read_sort(settings.sort))
        self.looker = Looker(sources, settings.interval_s, self._from_thread(self.take))
        self.drawer = Drawer(sources, settings.interval_s, self._from_thread(self.show))

    def compose(self) -> ComposeResult:
        """Return the parts from top to bottom."""
        yield Static(id="head", markup=False)
        yield FilterLine()
        yield TrialTable(self.board, self.settings)
        yield Below(self.settings)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Start the threads."""
        self.query_one(TrialTable).focus()
        self.looker.order = self.order
        if self.settings.where:
            self.query_one(FilterLine).set(self.settings.where)
        self.looker.start()
        self.drawer.start()

    def on_unmount(self) -> None:
        """Stop the threads."""
        self.looker.stop()
        self.drawer.stop()

    def _from_thread(self, take: Callable[[_Brought], None]) -> Callable[[_Brought], None]:
        """Return the callback with which a thread passes its results to the screen."""

        def hand_over(brought: _Brought) -> None:
            if self.is_attached:
                self.call_later(take, brought)

        return hand_over

    def take(self, listed: Listed) -> None:
        """Take the result of a scan, unless the order has changed since."""
        if listed.order != self.order or not self.is_attached:
            return
        looked = listed.looked
        self.board.take(looked.rows, listed.rows, to_top=self._to_top)
        self._to_top = False
        self.said = listed.fault or (
            said("reading {count:,} more", count=looked.unread_count) if looked.unread_count else ""
        )
        table = self.query_one(TrialTable)
        table.sort = listed.order.sort
        table.empty = (
            listed.fault
            or listed.why_none
            or ("" if looked.rows else said("no trials yet: they appear here as they start"))
        )
        self.lay_out()

    def show(self, drawn: Drawn) -> None:
        """Show what was drawn."""
        if self.is_attached:
            self.query_one(Below).show(drawn)

    def lay_out(self) -> None:
        """Divide the terminal, and have what fits drawn."""
        board, below, width = self.board, self.query_one(Below), self.size.width
        room = max(0, self.size.height - 2 - self.query_one(FilterLine).outer_size.height)
        below.fit(arranged(width, room, below.shows_chart, below.shows_output, len(board.rows)))
        below.request = below.request._replace(
            rows=tuple(board.chosen), lettered=bool(board.marks), metric=below.request.metric or self._main_metric()
        )
        glyphs = self.settings.glyphs
        self.query_one("#head", Static).update(head_line(board, self.sources.location, self.said, width, glyphs))
        self.query_one("#keys", Static).update(key_line(width - 2, glyphs))
        self.query_one(TrialTable).lay_out()
        is_other = self.drawer.request != below.request
        self.drawer.request = below.request
        if is_other:
            self.drawer.wake()

    def _main_metric(self) -> str:
        return main_metric(ranked_metrics(self.board.rows[:_LOOKED_AT]))

    def on_resize(self) -> None:
        """Adapt to another size."""
        self.call_after_refresh(self.lay_out)

    def on_trial_table_moved(self) -> None:
        """Show another trial's chart and output."""
        self.lay_out()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Show other trials."""
        self.reorder(self.order._replace(query=event.query))

    def on_filter_line_closed(self) -> None:
        """Return the focus to the table."""
        self.query_one(TrialTable).focus()
        self.call_after_refresh(self.lay_out)

    def reorder(self, order: Order) -> None:
        """Request other trials or another order."""
        self.order = self.looker.order = order
        self._to_top = True
        self.query_one(TrialTable).forget_widths()
        self.looker.wake()

    def action_filter(self) -> None:
        """Start typing a filter."""
        self.query_one(FilterLine).open()
        self.call_after_refresh(self.lay_out)

    def action_clear_filter(self) -> None:
        """Show all trials again."""
        self.query_one(FilterLine).set("")

    def action_reverse(self) -> None:
        """Reverse the order."""
        sort = self.order.sort
        self.reorder(self.order._replace(sort=sort._replace(descending=not sort.descending)))

    def action_unmark(self) -> None:
        """Clear all marks."""
        self.board.marks.clear()
        self.lay_out()

    def action_change(self, what: str) -> None:
        """Change one thing about chart or output."""
        self.query_one(Below).change(what)
        self.lay_out()


class TopApp(App[None]):
    """The live screen and its dialogs."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "top.tcss"
    TITLE = "aimd trial top"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "quit", show=False),
        Binding("question_mark,h,f1", "help", show=False),
        Binding("s", "sort", show=False),
        Binding("m", "metric", show=False),
        Binding("enter", "details", show=False),
    ]

    def __init__(self, sources: Sources, settings: Settings) -> None:
        super().__init__(ansi_color=True)
        self.sources, self.settings = sources, settings
        self.top = TopScreen(sources, settings)

    def on_mount(self) -> None:
        """Open the screen, and make sure that the terminal is restored."""
        self.set_class(not self.settings.glyphs, "-plain")
        self.push_screen(self.top)
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit)

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Help(self.settings))

    def action_details(self) -> None:
        """Show everything about the selected trial."""
        row = self.top.board.selected
        if row is not None:
            self.push_screen(Details(row, self.sources, self.settings))

    def action_sort(self) -> None:
        """Choose what to sort by."""
        rows = self.top.board.rows[:_LOOKED_AT]
        fields = [
            *_SORT_FIELDS,
            *(field_text(Field("metric", name, "last")) for name in ranked_metrics(rows)),
            *(field_text(Field("params", name)) for name in all_keys(row.params for row in rows)),
        ]
        self.push_screen(Chooser("Sort by", fields, field_text(self.top.order.sort.field), free=True), self._sort)

    def _sort(self, chosen: str | None) -> None:
        if not chosen:
            return
        try:
            key = read_sort(chosen)
        except QueryError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        top = self.top
        top.reorder(top.order._replace(sort=key if chosen.startswith("-") else natural(key.field)))

    def action_metric(self) -> None:
        """Choose the metric of the chart."""
        names = ranked_metrics(self.top.board.rows[:_LOOKED_AT])
        self.push_screen(Chooser("Metric of the chart", names, self.top.query_one(Below).request.metric), self._draw)

    def _draw(self, metric: str | None) -> None:
        if metric:
            below = self.top.query_one(Below)
            below.request = below.request._replace(metric=metric)
            self.top.lay_out()
