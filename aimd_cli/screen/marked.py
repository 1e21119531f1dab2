"""What is done with the marked trials, or the selected one: pin, compare, tag, remove; the baseline; saved views."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

from aimd_cli.errors import message
from aimd_cli.screen.below import Below
from aimd_cli.screen.board import Order, read_sort
from aimd_cli.screen.dialogs import Chooser, Comparing, Confirm, Prompt
from aimd_cli.screen.filter_line import FilterLine
from aimd_cli.screen.grid_pane import GridPane
from aimd_cli.screen.pane_screen import PaneScreen
from aimd_cli.screen.panes import CHARTS, ShownView
from aimd_core.errors import AimdError, QueryError, UsageError
from aimd_core.language import joined, said
from aimd_core.query import Query, field_text, render
from aimd_core.reading.facts import Facts

_NAMED = 5  # trials that a question names


class MarkedScreen(PaneScreen):
    """The panes, and what is done with trials. Nothing is changed on the thread of the keyboard."""

    order: Order

    @abstractmethod
    def reorder(self, order: Order) -> None:
        """Request other trials or another order."""

    @abstractmethod
    def look_again(self) -> None:
        """Have the trials looked at now."""

    def do(self, act: Callable[[], str]) -> None:
        """Do something in a thread, say what it returns, and look again."""

        def run() -> None:
            try:
                told, is_warning = act(), False
            except (AimdError, OSError) as error:
                told, is_warning = _refusal(error), True
            self.app.call_from_thread(self._done, told, is_warning)

        self.run_worker(run, thread=True, exit_on_error=False)

    def _done(self, told: str, is_warning: bool) -> None:
        if told:
            self.tell(told, is_warning)
        self.look_again()

    def action_pin(self) -> None:
        """Pin the selected trial, or remove its pin."""
        self.board.toggle_pin()
        self.reorder(self.order)

    def action_baseline(self) -> None:
        """Make the selected trial the baseline, or clear it."""
        row, before = self.board.selected, self.board.baseline
        if row is None:
            return
        chosen = None if before is not None and before.id == row.id else row

        def act() -> str:
            self.sources.set_baseline(chosen)
            return said("{name} is the baseline", name=row.name) if chosen else said("The baseline is cleared.")

        self.do(act)

    def action_compare(self) -> None:
        """Show what differs between the marked trials, or between the selected one and the baseline."""
        rows, base = list(self.board.chosen), self.board.baseline
        if len(rows) == 1 and base is not None and base.id != rows[0].id:
            rows = [base, *rows]
        if len(rows) < 2:
            self.tell(said("mark two trials or more with space"), is_warning=True)
            return
        read = partial(self.sources.comparison, rows, base, self.settings.glyphs)
        self.app.push_screen(Comparing(said("{count} trials", count=len(rows)), self.settings, read))

    def action_tag(self) -> None:
        """Ask for tags, and give them to the marked trials."""
        rows = list(self.board.chosen)

        def tag(typed: str | None) -> None:
            words = (typed or "").split()
            tags, gone = [word for word in words if word[0] != "-"], [word[1:] for word in words if word[0] == "-"]
            if words:
                self.do(partial(self._tag, rows, tags, [tag for tag in gone if tag]))

        if rows:
            self.app.push_screen(Prompt(_asked("Tag {what}; -WORD removes a tag", rows), ""), tag)

    def _tag(self, rows: Sequence[Facts], tags: Sequence[str], gone: Sequence[str]) -> str:
        def tag(row: Facts) -> None:
            if tags:
                self.sources.tag(row, tags, False)
            if gone:
                self.sources.tag(row, gone, True)

        return self._each(rows, tag, said("tagged {count} trial{s}", count=len(rows), s="s" * (len(rows) != 1)))

    def action_remove(self) -> None:
        """Ask, and move the marked trials to the trash."""
        rows = list(self.board.chosen)

        def remove(is_sure: bool | None) -> None:
            if is_sure:
                told = said("moved {count} trial{s} to the trash", count=len(rows), s="s" * (len(rows) != 1))
                self.do(lambda: self._each(rows, self.sources.remove, told))

        if rows:
            names = ", ".join(row.name for row in rows[:_NAMED]) + (", ..." if len(rows) > _NAMED else "")
            question = _asked("Move {what} to the trash? `aimd trial restore` undoes it.", rows)
            self.app.push_screen(Confirm(question, names), remove)

    def _each(self, rows: Sequence[Facts], act: Callable[[Facts], None], told: str) -> str:
        """Do something with each trial; what fails is said, and stops no other."""
        failed = []
        for row in rows:
            try:
                act(row)
            except (AimdError, OSError) as error:
                failed.append(f"{row.name}: {message(error)}")
        return told if not failed else joined("; ", failed)

    def action_view(self) -> None:
        """Choose a saved view."""

        def choose(views: dict[str, ShownView]) -> None:
            def take(name: str | None) -> None:
                if name:
                    self.show_view(views[name])

            if views:
                self.app.push_screen(Chooser(said("View"), list(views), ""), take)
            else:
                self.tell(said("no view is saved yet; V saves this one"))

        def act() -> str:
            self.app.call_from_thread(choose, self.sources.views())
            return ""

        self.do(act)

    def show_view(self, view: ShownView) -> None:
        """Show what a view says: its filter, its order, its pins and its charts."""
        try:
            order = Order(None, read_sort(view.sort)) if view.sort else Order()
        except QueryError as error:
            self.tell(str(error), is_warning=True)
            return
        self.board.pins = list(view.pins)
        self.order = self.order._replace(sort=order.sort)
        line = self.query_one(FilterLine)
        if line.text == view.query.strip():
            self.reorder(self.order)
        line.set(view.query)
        below, grid = self.query_one(Below), self.query_one(GridPane)
        grid.request = grid.request._replace(pinned=view.charts, selected="")
        if view.x in ("step", "epoch", "time"):
            below.request = below.request._replace(axis=view.x)
        if view.charts:
            below.request = below.request._replace(metric=view.charts[0])
        if len(view.charts) > 1:
            below.look_at(CHARTS)
        self.lay_out()

    def action_save_view(self) -> None:
        """Ask for a name, and save filter, order, pins and charts as a view."""
        view = self._present_view()

        def save(name: str | None) -> None:
            if name and name.strip():
                self.do(lambda: self._save(name.strip().lstrip("@"), view))

        self.app.push_screen(Prompt(said("Save this as the view"), ""), save)

    def _present_view(self) -> ShownView:
        below, grid = self.query_one(Below), self.query_one(GridPane)
        query: Query | None = self.order.query
        sort = (
            ""
            if self.order == Order(query)
            else f"{'-' * self.order.sort.descending}{field_text(self.order.sort.field)}"
        )
        charts = grid.request.pinned or ((below.request.metric,) if below.request.metric else ())
        return ShownView(
            render(query.condition) if query else "",
            sort,
            charts=charts,
            x="" if below.request.axis == "step" else below.request.axis,
            pins=tuple(self.board.pins),
        )

    def _save(self, name: str, view: ShownView) -> str:
        self.sources.save_view(name, view)
        return said("saved as @{name}", name=name)


def _refusal(error: Exception) -> str:
    """Say what is wrong, and if it was typed, what would be right."""
    hint = error.advice if isinstance(error, UsageError) else ""
    return joined(". ", [message(error), hint]) if hint else message(error)


def _asked(question: str, rows: Sequence[Facts]) -> str:
    """Return a question about the only trial, by its name, or about how many there are."""
    what = rows[0].name if len(rows) == 1 else said("{count} trials", count=len(rows))
    return said(question, what=what)
