"""The live screen itself: two threads read, the screen shows what they bring, and keys choose what they read.

A key never waits for the disk, the screen survives whatever happens to a trial, and the terminal is restored, even on
SIGTERM and when the connection is lost.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual import work
from textual.app import App, ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.events import Event, Key
from textual.widgets import Static

from aimd_cli.errors import message
from aimd_cli.screen.below import Below
from aimd_cli.screen.board import Order, natural, read_sort
from aimd_cli.screen.dialogs import Chooser, Confirm, Details, Help
from aimd_cli.screen.filter_line import FilterLine
from aimd_cli.screen.keys import APP, SCREEN, bindings_of
from aimd_cli.screen.marked import MarkedScreen
from aimd_cli.screen.mouse import turn_mouse
from aimd_cli.screen.panes import Drawn, OwnCommand, Settings, ShownView, Sources
from aimd_cli.screen.pattern_line import PatternLine
from aimd_cli.screen.readers import Listed, Looker
from aimd_cli.screen.table import TrialTable
from aimd_cli.screen.typing import KeysInTurn
from aimd_cli.views.rows import all_keys, ranked_metrics
from aimd_core.errors import AimdError, QueryError
from aimd_core.language import said
from aimd_core.query import Field, field_text
from aimd_core.reading.facts import Facts

_SORT_FIELDS = ("started", "name", "state", "duration", "id", "tags")
_Brought = TypeVar("_Brought", Listed, Drawn)


class TopScreen(MarkedScreen):
    """The table, the panes below it, and the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(SCREEN)]

    def __init__(self, sources: Sources, settings: Settings) -> None:
        super().__init__(sources, settings)
        self.order = Order()
        self._to_top = False
        if settings.sort:
            self.order = Order(sort=read_sort(settings.sort))
        self.looker = Looker(sources, settings.interval_s, self._from_thread(self.take))
        self.drawer.take = self._from_thread(self.show)

    def compose(self) -> ComposeResult:
        """Return the parts from top to bottom."""
        yield Static(id="head", markup=False)
        yield FilterLine()
        yield TrialTable(self.board, self.settings)
        yield Below(self.settings)
        yield PatternLine()
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Start the threads."""
        self.query_one(TrialTable).focus()
        if any(self.settings.view):
            self.show_view(self._initial_view())
        self.looker.order = self.order
        if self.settings.where:
            self.query_one(FilterLine).set(self.settings.where)
        self.looker.start()
        self.drawer.start()

    def _initial_view(self) -> ShownView:
        """Return the view to begin with; options win over it."""
        settings, view = self.settings, self.settings.view
        charts = (settings.metric, *view.charts) if settings.metric else view.charts
        return view._replace(query=settings.where or view.query, sort=settings.sort or view.sort, charts=charts)

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
        self.board.take(looked.rows, listed.rows, baseline=looked.baseline, to_top=self._to_top)
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

    def on_trial_table_opened(self) -> None:
        """Show the details of the selected trial."""
        row = self.board.selected
        if row is not None:
            self.app.push_screen(Details(row, self.sources, self.settings))

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

    def look_again(self) -> None:
        """Have the trials looked at now."""
        self.looker.look_now()

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


class TopApp(App[None]):
    """The live screen and its dialogs."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "top.tcss"
    TITLE = "aimd trial top"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(APP)]

    def __init__(self, sources: Sources, settings: Settings) -> None:
        super().__init__(ansi_color=True)
        self.sources, self.settings = sources, settings
        self._has_mouse = settings.mouse
        self._confirmed: set[int] = set()
        self._typed = KeysInTurn(self, super().on_event)
        for number, command in enumerate(settings.commands):
            self.bind(command.key, f"own({number})", show=False)
        self.top = TopScreen(sources, settings)

    def on_mount(self) -> None:
        """Open the screen, and make sure that the terminal is restored."""
        self.set_class(not self.settings.glyphs, "-plain")
        self.push_screen(self.top)
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self._typist = asyncio.create_task(self._typed.answer())

    async def on_event(self, event: Event) -> None:
        """Clear what was said when the next key is pressed, and answer keys in turn."""
        if isinstance(event, Key) and self.top.is_attached:
            self.top.forget_told()
        if isinstance(event, Key) and not event.is_forwarded:
            self._typed.take(event)
        else:
            await super().on_event(event)

    def action_mouse(self) -> None:
        """Turn the mouse on or off."""
        self._has_mouse = turn_mouse(self._driver, not self._has_mouse)
        self.top.tell(said("the mouse is on") if self._has_mouse else said("the mouse is off: the terminal has it"))

    def action_own(self, number: int) -> None:
        """Run one of the person's own commands, after a question."""
        command, row = self.settings.commands[number], self.top.board.selected
        if row is None:
            return

        def run(is_sure: bool | None) -> None:
            if is_sure:
                self._confirmed.add(number)
                self._run_own(command, row)

        if command.asks or number not in self._confirmed:
            # The files of a trial on a server are copied when that is certain; until then there is no path.
            directory = os.path.abspath(row.path) if row.path else said("a copy of {name}", name=row.name)
            self.push_screen(Confirm(command.name, shlex.join(command.filled(row, directory))), run)
        else:
            run(True)

    @work(exclusive=True)
    async def _run_own(self, command: OwnCommand, row: Facts) -> None:
        try:
            directory = ""
            if command.needs_directory:
                directory = str(await asyncio.to_thread(self.sources.directory, row))
            with self.suspend():
                status = self.sources.run(command.filled(row, directory))
        except (AimdError, OSError, SuspendNotSupported) as error:
            self.top.tell(message(error), is_warning=True)
            return
        self.top.tell(said("{name}: exit status {status}", name=command.name, status=status), is_warning=bool(status))
        self.top.look_again()

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Help(self.settings))

    def action_sort(self) -> None:
        """Choose what to sort by."""
        rows = self.top.board.looked_at
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
            self.top.tell(str(error), is_warning=True)
            return
        top = self.top
        top.reorder(top.order._replace(sort=key if chosen.startswith("-") else natural(key.field)))

    def action_metric(self) -> None:
        """Choose the metric of the chart."""
        names = ranked_metrics(self.top.board.looked_at)
        self.push_screen(Chooser("Metric of the chart", names, self.top.query_one(Below).request.metric), self._draw)

    def _draw(self, metric: str | None) -> None:
        if metric:
            below = self.top.query_one(Below)
            below.request = below.request._replace(metric=metric)
            self.top.lay_out()
