"""The table of the live screen, and the lines above and below it that say what it shows."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aimd_cli.screen.board import NEWEST, Board
from aimd_cli.screen.panes import Settings
from aimd_cli.text import clean
from aimd_cli.views.live_table import LiveTable, Shown
from aimd_cli.views.states import state_cell
from aimd_cli.views.words import note, shown
from aimd_core.format.model import STATES
from aimd_core.language import said
from aimd_core.query import SortKey

_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("/", "filter"),
    ("space", "mark"),
    ("Enter", "details"),
    ("s", "sort"),
    ("m", "metric"),
    ("r", "reverse"),
    ("l", "output"),
    ("c", "chart"),
    ("x", "axis"),
    ("y", "log"),
)
_SHOWN_FIRST = ("/", "s", "r", "space", "m", "x", "y", "c", "l", "Enter", "?", "q")  # the order on the line


def head_line(board: Board, location: str, told: str, width: int, glyphs: bool) -> Text:
    """Return where the trials are, how many are in which state, and what is going on."""
    left = Text.assemble((" aimd ", "bold reverse"), " ", (clean(location), "bold"), end="")
    if told:
        left.append(f"  {shown(told)}", "yellow")
    right = _counts(board, glyphs, with_words=True)
    if width - left.cell_len - right.cell_len < 2:
        right = _counts(board, glyphs, with_words=False)
    space = width - left.cell_len - right.cell_len - 1
    if space < 1:  # the location is cut, not the numbers
        left.truncate(max(8, width - right.cell_len - 2), overflow="ellipsis" if glyphs else "crop")
        space = max(1, width - left.cell_len - right.cell_len - 1)
    line = Text.assemble(left, " " * space, right)
    line.truncate(width)
    line.no_wrap = True
    return line


def _counts(board: Board, glyphs: bool, with_words: bool) -> Text:
    states = Counter(row.state for row in board.everything)
    total, count = len(board.everything), len(board.rows)
    if count != total:
        line = note(said("{count:,} of {total:,}", count=count, total=total))
    else:
        line = note(said("{total:,} trial{s}", total=total, s="s" * (total != 1)))
    for state in STATES:
        if states[state]:
            sign_and_word, style = state_cell(state, glyphs)
            sign, _, word = sign_and_word.partition(" ")
            line.append("  ")
            line.append(f"{sign} {states[state]:,}" + (f" {word.lower()}" if with_words else ""), style)
    return line


def key_line(width: int, glyphs: bool) -> Text:
    """Return the keys that fit, the most important first."""
    kept: list[tuple[str, str]] = []
    room = width
    for key, does in _KEYS:
        room -= cell_len(key) + 1 + cell_len(shown(does)) + 2
        if room < -2:
            break
        kept.append((key, does))
    line = Text(no_wrap=True)
    for key, does in sorted(kept, key=lambda pair: _SHOWN_FIRST.index(pair[0])):
        line.append(key, "bold cyan")
        line.append(f" {shown(does)}  ", "dim" if glyphs else "")
    line.truncate(width)
    return line


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
