"""The panes of the live screen: their sizes, which of them has the focus, and what each shows."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.screen import Screen
from textual.widgets import Static

from aimd_cli.screen.arrangement import arranged, zoomed
from aimd_cli.screen.below import Below
from aimd_cli.screen.board import Board
from aimd_cli.screen.filter_line import FilterLine
from aimd_cli.screen.grid_pane import GridPane
from aimd_cli.screen.media_pane import MediaPane
from aimd_cli.screen.output_pane import OutputPane
from aimd_cli.screen.panes import CHART, MEDIA, Settings, Sources
from aimd_cli.screen.pattern_line import PatternLine
from aimd_cli.screen.readers import Drawer
from aimd_cli.screen.table import TrialTable, head_line, key_line
from aimd_cli.views.rows import main_metric, ranked_metrics
from aimd_cli.views.words import note
from aimd_core.language import said


class PaneScreen(Screen[None]):
    """The panes, without the trials.

    Attributes:
        sources: Where the data comes from.
        settings: The initial settings.
        board: The trials that are shown.
        said: What is going on, in a sentence, or empty.
        drawer: Draws chart and output.
    """

    def __init__(self, sources: Sources, settings: Settings) -> None:
        super().__init__()
        self.sources, self.settings = sources, settings
        self.board = Board()
        self.said: str = said("reading ...")
        self.drawer = Drawer(sources, settings.interval_s)
        self._zoomed = ""
        self._told = Text("")

    def tell(self, sentence: str, is_warning: bool = False) -> None:
        """Say something in place of the keys, until a key is pressed."""
        self._told = note(sentence, style="bold yellow" if is_warning else "bold green") if sentence else Text("")
        self._show_keys()

    def forget_told(self) -> None:
        """Show the keys again."""
        if self._told:
            self.tell("")

    def _show_keys(self) -> None:
        pane = self.focused.id if self.focused is not None else None
        keys = key_line(self.size.width - 2, self.settings.glyphs, pane)
        told = self._told.copy()
        told.truncate(max(1, self.size.width - 2))
        self.query_one("#keys", Static).update(told or keys)

    def lay_out(self) -> None:
        """Divide the terminal, and have what fits drawn."""
        board, below, width = self.board, self.query_one(Below), self.size.width
        lines = (self.query_one(FilterLine), self.query_one(PatternLine))
        # A line that is not shown keeps the size that it had.
        room = max(0, self.size.height - 2 - sum(line.outer_size.height for line in lines if line.is_shown))
        sizes = arranged(width, room, below.shows_chart, below.shows_output, len(board.rows))
        sizes = zoomed(width, room, self._zoomed) if self._zoomed else sizes
        below.fit(sizes)
        self.query_one(TrialTable).display = sizes.table_rows > 0
        below.request = below.request._replace(
            rows=tuple(board.chosen),
            also=tuple(board.pinned),
            baseline=board.baseline,
            metric=below.request.metric or self._main_metric(),
        )
        glyphs = self.settings.glyphs
        self.query_one("#head", Static).update(head_line(board, self.sources.location, self.said, width, glyphs))
        self._show_keys()
        self.query_one(TrialTable).lay_out()
        is_other = self.drawer.request != below.request
        self.drawer.request = below.request
        if is_other:
            self.drawer.wake()

    def _main_metric(self) -> str:
        return main_metric(ranked_metrics(self.board.looked_at))

    def on_resize(self) -> None:
        """Adapt to another size."""
        self.call_after_refresh(self.lay_out)

    def on_trial_table_moved(self) -> None:
        """Show another trial's chart and output."""
        self.lay_out()

    @on(GridPane.Changed)
    @on(OutputPane.Changed)
    @on(MediaPane.Changed)
    def draw_other(self) -> None:
        """Have drawn what a pane requests."""
        self.lay_out()

    def on_grid_pane_taken(self, event: GridPane.Taken) -> None:
        """Show one metric alone."""
        below = self.query_one(Below)
        below.request = below.request._replace(metric=event.metric)
        self.action_look_at(CHART)

    def on_grid_pane_filter_requested(self) -> None:
        """Start typing which metrics are shown."""
        grid = self.query_one(GridPane)
        self.query_one(PatternLine).open("metrics", grid.request.pattern, grid.filter)
        self.call_after_refresh(self.lay_out)

    def on_output_pane_search_requested(self) -> None:
        """Start typing what to search in the output."""
        output = self.query_one(OutputPane)
        self.query_one(PatternLine).open("search", output.pattern, output.search)

    def on_pattern_line_closed(self) -> None:
        """Return the focus to the charts or to the output."""
        grid = self.query_one(GridPane)
        self.set_focus(grid if self.query_one(PatternLine).is_for(grid.filter) else self.query_one(OutputPane))
        self.call_after_refresh(self.lay_out)

    def action_look_at(self, view: str) -> None:
        """Show one chart, a chart of each metric, or the machine."""
        below = self.query_one(Below)
        below.look_at(view)
        if self._zoomed:
            self._zoomed = "chart"
        self.lay_out()
        pane = {CHART: self.query_one(TrialTable), MEDIA: below.media}.get(view, below.grid)
        self.set_focus(pane)

    def action_cursor(self, columns: int) -> None:
        """Move the cursor of the charts."""
        self.query_one(GridPane).action_cursor(columns)

    def action_focus_pane(self, panes: int) -> None:
        """Give the focus to another pane."""
        panes_shown = [pane for pane in self.query("TrialTable, #grid, #media, #output") if pane.display]
        at = next((number for number, pane in enumerate(panes_shown) if pane.has_focus), 0)
        self.set_focus(panes_shown[(at + panes) % len(panes_shown)])
        self.call_after_refresh(self.lay_out)

    def action_zoom(self) -> None:
        """Give the whole screen to a pane, or take it back."""
        names = {"grid": "chart", "media": "chart", "output": "output"}
        focused = self.focused.id if self.focused is not None else None
        self._zoomed = "" if self._zoomed else names.get(focused or "", "table")
        self.lay_out()

    def action_change(self, what: str) -> None:
        """Change one thing about chart or output."""
        self.query_one(Below).change(what)
        self.lay_out()
