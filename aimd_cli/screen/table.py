"""The table of the live screen, which draws only visible lines, whatever the number of trials."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aimd_cli.screen.board import NEWEST, Board
from aimd_cli.screen.sources import Settings
from aimd_cli.views.live_table import LiveTable, Shown
from aimd_core.query import SortKey


class TrialTable(Widget, can_focus=True):
    """Trials as lines, one of them selected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down,ctrl+n", "move(1)", show=False),
        Binding("k,up,ctrl+p", "move(-1)", show=False),
        Binding("g,home", "jump(0)", show=False),
        Binding("G,end", "jump(1)", show=False),
        Binding("pagedown,ctrl+f,ctrl+d", "page(1)", show=False),
        Binding("pageup,ctrl+b,ctrl+u", "page(-1)", show=False),
        Binding("space", "mark", show=False),
    ]

    class Moved(Message):
        """Another trial is selected, or the marks have changed."""

    class Full(Message):
        """No more trials can be marked."""

    def __init__(self, board: Board, settings: Settings) -> None:
        super().__init__()
        self.board = board
        self.sort: SortKey = NEWEST
        self.empty = ""
        self._settings = settings
        self._top = 0
        self._lines: list[Text] = []
        self._widths: dict[str, int] = {}

    def lay_out(self) -> None:
        """Lay out the visible lines and draw them."""
        width, height = self.size.width, max(0, self.size.height - 1)
        if not width:
            return
        cursor = self.board.cursor
        self._top = max(0, min(self._top, cursor, len(self.board.rows) - height))
        self._top = max(self._top, cursor - height + 1)
        now = datetime.now(timezone.utc)
        shown = Shown(self.sort, self.board.letters, now, self._settings.glyphs, self._settings.color)
        table = LiveTable(self.board.rows, shown, width, self._widths)
        lines = table.lines(self._top, height, cursor)
        if table.widths != self._widths:  # a column has grown, so the first lines are too narrow
            lines = table.lines(self._top, height, cursor)
        self._widths = table.widths
        if not lines and self.empty:
            lines = [Text(), Text(no_wrap=True, end="").append(f"  {self.empty}", "dim")]
        self._lines = [table.header(), *lines]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line of the table."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        strip = Strip(self._lines[y].render(self.app.console))
        return strip.adjust_cell_length(self.size.width)

    def on_resize(self) -> None:
        """Lay out for another width."""
        self._widths = {}
        self.lay_out()

    def forget_widths(self) -> None:
        """Allow columns to shrink, because other trials are shown."""
        self._widths = {}

    def action_move(self, rows: int) -> None:
        """Go up or down."""
        self._go(self.board.cursor + rows)

    def action_jump(self, to_end: int) -> None:
        """Go to the first or to the last trial."""
        self._go(len(self.board.rows) if to_end else 0)

    def action_page(self, pages: int) -> None:
        """Go up or down by a page."""
        self._go(self.board.cursor + pages * max(1, self.size.height - 2))

    def action_mark(self) -> None:
        """Mark or unmark the selected trial for the chart, and go to the next."""
        if not self.board.toggle_mark():
            self.post_message(self.Full())
        self._go(self.board.cursor + 1)

    def _go(self, row: int) -> None:
        self.board.move_to(row)
        self.lay_out()
        self.post_message(self.Moved())
