"""The table of the live screen, and the lines above and below it that say what it shows."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.console import OverflowMethod
from rich.text import Text
from textual.binding import BindingType
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from aimd_cli.screen.board import NEWEST, Board
from aimd_cli.screen.keys import TABLE, bindings_of
from aimd_cli.screen.panes import Settings
from aimd_cli.text import clean
from aimd_cli.views.live_table import LiveTable, Shown
from aimd_cli.views.states import state_cell
from aimd_cli.views.words import note, shown
from aimd_core.format.model import STATES
from aimd_core.language import said
from aimd_core.query import SortKey

_WHEEL = 3  # lines
_LEAST_LOCATION = 16  # cells of the place, with the name of the program
_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("/", "filter"),
    ("space", "mark"),
    ("Enter", "details"),
    ("s", "sort"),
    ("2", "charts"),
    ("m", "metric"),
    ("r", "reverse"),
    ("l", "output"),
    ("c", "chart"),
    ("x", "axis"),
    ("y", "log"),
    ("Tab", "next pane"),
)
_SHOWN_FIRST = ("/", "s", "r", "space", "m", "2", "x", "y", "c", "l", "Enter", "Tab", "?", "q")  # the order on the line
_CHART_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("h l", "cursor"),
    ("j k", "chart"),
    ("z", "zoom"),
    ("/", "filter"),
    ("p", "pin"),
    ("space", "fold"),
    ("Enter", "alone"),
    ("Tab", "next pane"),
)
_MEDIA_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("h l", "step"),
    ("j k", "key"),
    ("n N", "item"),
    ("z", "zoom"),
    ("Tab", "next pane"),
)
_OUTPUT_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("j k", "line"),
    ("/", "search"),
    ("n N", "match"),
    ("e E", "error"),
    ("f", "follow"),
    ("z", "zoom"),
    ("h l", "sideways"),
    ("Tab", "next pane"),
)


def head_line(board: Board, location: str, told: str, width: int, glyphs: bool) -> Text:
    """Return where the trials are, how many are in which state, and what is going on."""
    overflow: OverflowMethod = "ellipsis" if glyphs else "crop"
    left = Text.assemble((" aimd ", "bold reverse"), " ", (clean(location), "bold"), end="")
    news = Text(f"  {shown(told)}" if told else "", "yellow", end="")
    right = _counts(board, glyphs, with_words=True)
    if width - left.cell_len - news.cell_len - right.cell_len < 2:
        right = _counts(board, glyphs, with_words=False)
    room = width - right.cell_len - 2
    if left.cell_len + news.cell_len > room:  # the location is cut, then what is told, not the numbers
        left.truncate(max(_LEAST_LOCATION, room - news.cell_len), overflow=overflow)
        left.append_text(news)
        left.truncate(max(8, room), overflow=overflow)
    else:
        left.append_text(news)
    space = max(1, width - left.cell_len - right.cell_len - 1)
    line = Text.assemble(left, " " * space, right)
    line.truncate(width)
    line.no_wrap = True
    return line


def _counts(board: Board, glyphs: bool, with_words: bool) -> Text:
    states = board.states
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


def key_line(width: int, glyphs: bool, pane: str | None = None) -> Text:
    """Return the keys that fit, the most important first.

    Args:
        width: The most cells.
        glyphs: Whether non-ASCII characters can be shown.
        pane: Which has the focus: `grid`, `output`, or anything else for the table.
    """
    kept: list[tuple[str, str]] = []
    room = width
    keys = {"grid": _CHART_KEYS, "media": _MEDIA_KEYS, "output": _OUTPUT_KEYS}.get(pane or "", _KEYS)
    order = _SHOWN_FIRST if keys is _KEYS else [*(key for key, _ in keys[2:]), "?", "q"]
    for key, does in keys:
        room -= cell_len(key) + 1 + cell_len(shown(does)) + 2
        if room < -2:
            break
        kept.append((key, does))
    line = Text(no_wrap=True)
    for key, does in sorted(kept, key=lambda pair: order.index(pair[0])):
        line.append(key, "bold cyan")
        line.append(f" {shown(does)}  ", "dim" if glyphs else "")
    line.truncate(width)
    return line


class TrialTable(Widget, can_focus=True):
    """Trials as lines, one of them selected."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(TABLE)]

    class Moved(Message):
        """Another trial is selected, or the marks have changed."""

    class Opened(Message):
        """The details of the selected trial are requested."""

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
        self._table: LiveTable | None = None  # the last one, unless columns may shrink

    def lay_out(self) -> None:
        """Lay out the visible lines and draw them."""
        width, height = self.size.width, max(0, self.size.height - 1)
        if not width:
            return
        cursor = self.board.cursor
        self._top = max(0, min(self._top, cursor, len(self.board.rows) - height))
        self._top = max(self._top, cursor - height + 1)
        now = datetime.now(timezone.utc)
        pins = frozenset(self.board.pins)
        look = (self._settings.glyphs, self._settings.color, pins, self.board.baseline)
        shown = Shown(self.sort, self.board.letters, now, *look)
        self._table = table = LiveTable(self.board.rows, shown, width, self._table)
        lines = table.lines(self._top, height, cursor)
        if not lines and self.empty:
            lines = [Text(), Text(no_wrap=True, end="").append(f"  {self.empty}", "dim")]
        self._draw([table.header(), *lines])

    def _draw(self, lines: list[Text]) -> None:
        """Show lines, and have only those drawn that have changed."""
        before, self._lines = self._lines, lines
        width = self.size.width
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip_longest(before, lines))
            if old is None or new is None or old.plain != new.plain or old.spans != new.spans
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Return one line of the table."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        strip = Strip(self._lines[y].render(self.app.console))
        return strip.adjust_cell_length(self.size.width)

    def on_click(self, event: Click) -> None:
        """Select the trial that was clicked."""
        if 0 < event.y <= len(self._lines) - 1:
            self._go(self._top + event.y - 1)

    def on_mouse_scroll_down(self) -> None:
        """Go down."""
        self.action_move(_WHEEL)

    def on_mouse_scroll_up(self) -> None:
        """Go up."""
        self.action_move(-_WHEEL)

    def on_resize(self) -> None:
        """Lay out for another width."""
        self._table, self._lines = None, []
        self.lay_out()

    def forget_widths(self) -> None:
        """Allow columns to shrink, because other trials are shown."""
        self._table = None

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

    def action_details(self) -> None:
        """Show everything about the selected trial."""
        self.post_message(self.Opened())

    def _go(self, row: int) -> None:
        self.board.move_to(row)
        self.post_message(self.Moved())
