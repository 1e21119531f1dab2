r"""Interprets a stream of text as a terminal does: the last state of each line.

Progress bars overwrite their output with `\r`, backspaces, and sequences that erase or move the cursor, also up over
several bars. `Terminal` follows them in bounded memory and emits a line once, when it is final:

- a line that was printed straight on and ended, at its newline, unless the cursor is hidden, as live displays do;
- a line that was written over, when a line below it was printed straight on and ended, or when it is `SLACK_ROWS`
  above the last one and the cursor has not moved so far up;
- where the cursor is hidden, a line above those that it moves over, or `ROWS` above the last one;
- each line at the end (`finish`).

If the cursor returns to an emitted line and changes it, that line and those below it are emitted again. Colours,
titles, links and unknown sequences show nothing. Lines do not wrap at any width.
"""

from __future__ import annotations

import re
from functools import cache
from unicodedata import category, east_asian_width

ROWS = 100  # how far up the cursor can go
SLACK_ROWS = 8
MAX_CHARACTERS = 1 << 20  # per line; the rest is counted
_FAR_COLUMN = 500  # the column of the right edge
_REACHABLE_CHARACTERS = 4096  # a cursor does not return to a longer line
_MAX_CELLS = 8192  # of a line in which a cursor moves, because each sequence may cost as much
_MAX_SEQUENCE = 4096
_MAX_COMBINED = 16  # characters in one cell
_TAB = 8

_STRING = r"[\]PX^_][^\x07\x1b\n\x18\x1a]*"  # a title, a link, an image
_STRING_END = r"\x07|\x1b\\|(?=[\x1b\n\x18\x1a])"
_CURSOR = ("\x1b[?25h", "\x1b[?25l")
_BY_ROWS = {"A": -1, "k": -1, "F": -1, "B": 1, "e": 1, "E": 1}
_BY_COLUMNS = {"C": 1, "a": 1, "D": -1}
_NO_WIDTH = ("Mn", "Me", "Cf")


@cache
def _tokens() -> re.Pattern[str]:
    """Return the pattern that splits a stream. Compiling it takes milliseconds, and most text does not need it."""
    return re.compile(
        rf"""
    (?P<text>[^\x00-\x1f\x7f-\x9f]+)
    | (?P<control>\r?\n | [\t\v\f] | \r(?!\n|\Z) | \x08+)
    | (?P<rest>\r\Z | \x1b (?: \[[0-?]*[\ -/]* | {_STRING}\x1b? | [\ -/]* )? \Z)  # may go on with the next text
    | \x1b\[ (?P<numbers>[0-?]*) (?P<order>[@-~])
    | \x1b (?: \[[0-?]*[\ -/]*[@-~]? | {_STRING} (?: \x07 | \x1b\\ )? | [\ -/]+[0-~]? )
    | \x1b (?P<escape>[0-~])
    | [\x00-\x1f\x7f-\x9f]
    """,
        re.VERBOSE,
    )


class _Row:
    """A line: its text as long as it is only appended to, else its cells.

    Attributes:
        text: Its content while there are no cells.
        cells: A character each, with its combining characters; "" continues a wide character or a tab.
        is_plain: Whether it was printed in one go, with nothing overwritten.
        dropped: How many characters did not fit.
    """

    __slots__ = ("cells", "dropped", "is_plain", "text")

    def __init__(self, is_plain: bool = True) -> None:
        self.text = ""
        self.cells: list[str] | None = None
        self.is_plain = is_plain
        self.dropped = 0

    def opened(self) -> list[str]:
        """Return the cells, which replace the text."""
        if self.cells is None:
            self.cells, self.text = _cells(self.text, 0), ""
        return self.cells

    def shown(self) -> str:
        """Return the line as shown."""
        line = (self.text if self.cells is None else "".join(self.cells)).rstrip()
        return f"{line} [aimd: {self.dropped:,} more characters]" if self.dropped else line

    def __len__(self) -> int:
        return len(self.text if self.cells is None else self.cells)


class _Screen:
    """The rows that the cursor can reach, and the cursor.

    Attributes:
        first: The number of the first row in memory, counted from the first ever.
        final: How many rows from the first on have been emitted.
        row: The cursor's row among those in memory.
        is_hidden: Whether the cursor is hidden.
    """

    def __init__(self) -> None:
        self.row = 0
        self.is_hidden = False
        self._rows = [_Row()]
        self.first = 0
        self._column = 0  # unused if the row has no cells, when the cursor is after the text
        self.final = 0
        self._lines: list[str] = []
        self._reach = 0  # how far up the cursor moves, until it has not for a while
        self._still = 0  # how many rows were added since it moved up
        self._held = 0  # how many more lines are held back for a display that is about to move up

    @property
    def column(self) -> int:
        """Where the cursor is in its row."""
        self._open()
        return self._column

    def lines(self) -> list[str]:
        """Return the lines that have become final since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def hide_cursor(self, is_hidden: bool) -> None:
        """Hide or show the cursor, as displays that move up do at their beginning and end."""
        self.is_hidden = is_hidden
        self._held = ROWS if is_hidden else 0

    def settle(self) -> None:
        """Make final what has ended and the cursor does not move over."""
        if not self._held:
            self._hand_on(len(self._rows) - 1 - self._reach)

    def clear(self) -> None:
        """Make everything final and clear the screen."""
        while len(self._rows) > self.final and not self._rows[-1].shown():
            self._rows.pop()
        self._hand_on(len(self._rows))
        self.first += len(self._rows)
        self._rows = [_Row()]
        self.row = self._column = self.final = self._reach = self._held = 0

    def _open(self) -> _Row:
        """Return the cursor's row with its cells, so that the cursor may be anywhere in it."""
        row = self._rows[self.row]
        if row.cells is None and len(row.text) > _MAX_CELLS:
            self.new_line(0)
            row = self._rows[self.row]
        if row.cells is None:
            self._column = len(row.opened())
        return row

    def move_to_column(self, column: int) -> None:
        """Go to a column, which may be after the text."""
        row = self._open()
        self._column = max(0, min(column, max(_FAR_COLUMN, len(row))))

    def tab(self) -> None:
        """Go to the next stop."""
        row = self._rows[self.row]
        if row.cells is None:
            self.draw("\t")
            return
        stop = (self._column // _TAB + 1) * _TAB
        if self._column >= len(row.cells):
            self.draw("\t")
        self._column = stop

    def draw(self, text: str) -> None:
        """Write printable text where the cursor is."""
        row = self._rows[self.row]
        if row.cells is None:
            room = MAX_CHARACTERS - len(row.text)
            whole, row.text = row.text, ""  # with one reference to it, Python appends in place
            whole += text[:room]
            row.text = whole
            row.dropped += max(0, len(text) - room)
            if self.row < self.final:
                self.final = self.row
            return
        self._touch(self.row)
        self._leave_rows_above()
        column, cells = self._column, row.cells
        if 0 < column <= len(cells) and category(text[0]) in _NO_WIDTH:  # it combines with the character before it
            column = _owner(cells, column - 1)
            text = cells[column] + text
        fresh = _cells(text, column)
        row.dropped = max(row.dropped, column + len(fresh) - _MAX_CELLS)
        del fresh[max(0, _MAX_CELLS - column) :]
        if column > len(cells):
            cells += [" "] * (column - len(cells))
        _break_up(cells, column, column + len(fresh))
        cells[column : column + len(fresh)] = fresh
        self._column = column + len(fresh)

    def _touch(self, row: int) -> None:
        """Note that a returning cursor changed a row, which is therefore not plain and emitted later."""
        self._rows[row].is_plain = False
        self.final = min(self.final, row)

    def _leave_rows_above(self) -> None:
        """If text is drawn after the cursor moved up, make final what is far above."""
        bottom = len(self._rows) - 1
        if self.row == bottom:
            return
        self._still = 0
        self._reach = max(self._reach, bottom - self.row)
        self._hand_on(bottom - max(self._reach, SLACK_ROWS))
        if self.is_hidden:
            self._held = ROWS

    def new_line(self, column: int) -> None:
        """Go to the next row, which may be a new one."""
        row = self._rows[self.row]
        self.row += 1
        if self.row == len(self._rows):
            self._rows.append(_Row())
            self._end_bottom(row)
        if column or len(self._rows[self.row]):
            self._open()
        self._column = column

    def _end_bottom(self, row: _Row) -> None:
        """Emit what is final now that the lowest row has ended, and forget what is too far up."""
        self._still += 1
        if self._still > self._reach:
            self._reach = 0
        if len(row) > _REACHABLE_CHARACTERS:
            self._hand_on(self.row)
            self._forget(self.row)
        elif self._held:
            self._held -= row.is_plain
        elif row.is_plain:
            self._hand_on(self.row)
            self._reach = 0
        else:
            self._hand_on(self.row - max(self._reach, SLACK_ROWS))
        if len(self._rows) > ROWS:
            self._hand_on(1)
            self._forget(1)

    def _hand_on(self, count: int) -> None:
        """Make the first rows final."""
        for row in self._rows[self.final : max(count, 0)]:
            self._lines.append(row.shown())
        self.final = max(self.final, count)

    def _forget(self, count: int) -> None:
        """Forget the first rows, which are final and out of the cursor's reach."""
        del self._rows[:count]
        self.first += count
        self.row -= count
        self.final -= count

    def move_to_row(self, row: int) -> None:
        """Move the cursor up or down, creating missing rows."""
        column = self.column
        row = max(0, min(row, ROWS - 1))
        self._rows += [_Row(is_plain=False) for _ in range(row + 1 - len(self._rows))]
        self.row = row
        if row < len(self._rows) - 1:
            self._still = 0
            self._reach = max(self._reach, len(self._rows) - 1 - row)
        self._open()
        self._column = column

    def erase_in_row(self, how: int) -> None:
        """Erase the cursor's row from the cursor on (0), up to it (1), or all of it (2)."""
        if how == 0 and (self._rows[self.row].cells is None or self._column >= len(self._rows[self.row])):
            return
        row = self._open()
        cells, row.dropped = row.opened(), 0 if how != 1 else row.dropped
        self._touch(self.row)
        if how == 2:
            cells.clear()
        elif how == 1:
            end = min(self._column + 1, len(cells))
            _break_up(cells, 0, end)
            cells[:end] = [" "] * end
        elif how == 0:
            _break_up(cells, self._column, len(cells))
            del cells[self._column :]

    def erase_rows(self, how: int) -> None:
        """Erase the rows below, above, or all. Final rows have left the screen, except below the cursor."""
        below = range(max(self.row + 1, self.final if how > 1 else 0), len(self._rows)) if how != 1 else ()
        above = range(self.final, self.row) if how else ()
        for row in (*above, *below):
            if len(self._rows[row]):
                self._touch(row)
                self._rows[row].opened().clear()
        if how in (0, 1) or self.row >= self.final:
            self.erase_in_row(min(how, 2))


class Terminal:
    """Takes a stream as it is printed and emits the lines that are final."""

    def __init__(self) -> None:
        self._screen = _Screen()
        self._rest = ""  # the beginning of a sequence
        self._is_in_string = False  # in a sequence too long to keep
        self._saved = (0, 0)  # a row, counted from the first ever, and a column

    def take(self, text: str) -> list[str]:
        """Take what was printed, and return the lines that have become final."""
        pieces = text.split("\n")
        if self._rest or self._is_in_string or not all(map(str.isprintable, pieces)):
            self._follow(text)
        else:
            self._print(pieces)
        return self._screen.lines()

    def settle(self) -> list[str]:
        """Return the lines that have ended and that the cursor does not move over.

        For output that was printed below them by other means.
        """
        self._screen.settle()
        return self._screen.lines()

    def finish(self) -> list[str]:
        """Return the lines that were not emitted yet, and clear the screen."""
        self._screen.clear()
        return self._screen.lines()

    def _print(self, pieces: list[str]) -> None:
        """Print text that needs no more than its line ends."""
        for number, piece in enumerate(pieces):
            if number:
                self._screen.new_line(0)
            if piece:
                self._screen.draw(piece)

    def _follow(self, text: str) -> None:
        if self._rest:
            text, self._rest = self._rest + text, ""
        start = self._end_of_string(text) if self._is_in_string else 0
        for token in _tokens().finditer(text, start):
            kind = token.lastgroup
            if kind == "text":
                self._screen.draw(token[0])
            elif kind == "control":
                self._control(token[0])
            elif kind == "order" and token["numbers"][:1] not in ("?", "<", "=", ">"):
                self._order(token["order"], token["numbers"])
            elif token[0] in _CURSOR:
                self._screen.hide_cursor(token[0].endswith("l"))
            elif kind == "escape":
                self._escape(token["escape"])
            elif kind == "rest":
                self._keep_rest(token[0])

    def _end_of_string(self, text: str) -> int:
        end = re.search(_STRING_END, text)
        self._is_in_string = end is None
        return len(text) if end is None else end.end()

    def _keep_rest(self, rest: str) -> None:
        if len(rest) <= _MAX_SEQUENCE:
            self._rest = rest
        else:
            self._is_in_string = rest[1:2] in tuple("]PX^_")

    def _control(self, control: str) -> None:
        screen = self._screen
        if control[-1] == "\n":
            screen.new_line(0)
        elif control[0] == "\r":
            screen.move_to_column(0)
        elif control[0] == "\b":
            screen.move_to_column(screen.column - len(control))
        elif control == "\t":
            screen.tab()
        else:  # a line feed of another kind leaves the column
            screen.new_line(screen.column)

    def _order(self, order: str, numbers: str) -> None:
        """Follow a control sequence."""
        screen = self._screen
        first, _, second = numbers.partition(";")
        count = max(1, _number(first))
        if order in _BY_ROWS:
            screen.move_to_row(screen.row + _BY_ROWS[order] * count)
            if order in "EF":
                screen.move_to_column(0)
        elif order in _BY_COLUMNS:
            screen.move_to_column(screen.column + _BY_COLUMNS[order] * count)
        elif order in "G`":
            screen.move_to_column(count - 1)
        elif order in "Hf":  # final lines have left the screen, so its top is the first line that is not final
            screen.move_to_row(screen.final + count - 1)
            screen.move_to_column(max(1, _number(second)) - 1)
        elif order == "K":
            screen.erase_in_row(_number(first))
        elif order == "J":
            screen.erase_rows(_number(first))
        elif order in "su":
            self._escape("7" if order == "s" else "8")

    def _escape(self, escape: str) -> None:
        """Follow a short sequence: save and restore the cursor, move it by a row, reset the terminal."""
        screen = self._screen
        if escape == "7":
            self._saved = screen.first + screen.row, screen.column
        elif escape == "8":
            screen.move_to_row(self._saved[0] - screen.first)
            screen.move_to_column(self._saved[1])
        elif escape == "M":
            screen.move_to_row(screen.row - 1)
        elif escape in "DE":
            screen.new_line(screen.column if escape == "D" else 0)
        elif escape == "c":
            screen.clear()


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else (ROWS * _FAR_COLUMN if text.isdecimal() else 0)


def _cells(text: str, column: int) -> list[str]:
    """Return text as cells that begin at a column."""
    if text.isascii() and "\t" not in text:
        return list(text)
    cells: list[str] = []
    for character in text:
        if character == "\t":
            cells += ["\t", *[""] * (_TAB - 1 - (column + len(cells)) % _TAB)]
        elif character < "\u0300" and character != "\u00ad":
            cells.append(character)
        elif east_asian_width(character) in "WF":
            cells += [character, ""]
        elif category(character) not in _NO_WIDTH:
            cells.append(character)
        elif cells:
            owner = _owner(cells, len(cells) - 1)
            if len(cells[owner]) < _MAX_COMBINED:
                cells[owner] += character
    return cells


def _owner(cells: list[str], position: int) -> int:
    """Return where the character in a cell begins."""
    while not cells[position]:
        position -= 1
    return position


def _break_up(cells: list[str], start: int, end: int) -> None:
    """Before cells from `start` to `end` change, replace characters that are half in them by spaces."""
    if start < len(cells) and not cells[start]:
        owner = _owner(cells, start)
        cells[owner:start] = [" "] * (start - owner)
    while end < len(cells) and not cells[end]:
        cells[end] = " "
        end += 1


def shown_line(line: str) -> str:
    """Return a line of text as a terminal finally shows it."""
    terminal = Terminal()
    return " ".join(terminal.take(line) + terminal.finish())
