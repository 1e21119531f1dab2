"""A grid of dots: braille if the terminal has it, otherwise one letter per cell. Pure.

Every dot is visible, and its series can be told without colour.
"""

from __future__ import annotations

from typing import NamedTuple

_BRAILLE = 0x2800
_DOT_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a cell
_DASHES = ((1, 0), (5, 3), (1, 2), (8, 2), (2, 4), (3, 1))  # dots drawn and skipped, by series
MIXED = -2  # owner of a cell in which several series meet
NOBODY = -1
BAND = -3  # owner of the lines that show where many series run
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Cell(NamedTuple):
    """One character of a canvas.

    Attributes:
        character: What to print.
        owner: Its series, `NOBODY` or `MIXED`.
    """

    character: str
    owner: int


class Canvas:
    """Dots by series.

    Attributes:
        columns: Width in characters.
        rows: Height in characters.
        width: Width in dots.
        height: Height in dots.
    """

    def __init__(self, columns: int, rows: int, braille: bool) -> None:
        """Make an empty canvas of a size in characters."""
        self.columns, self.rows = columns, rows
        self._braille = braille
        self._across, self._down = (2, 4) if braille else (1, 1)
        self.width, self.height = columns * self._across, rows * self._down
        self._masks = [[0] * columns for _ in range(rows)]
        self._owners = [[NOBODY] * columns for _ in range(rows)]
        self._letters: dict[tuple[int, int], str] = {}
        self._rows_of: dict[int, dict[int, int]] = {}  # a row in which it was drawn, by series and column

    def draw(self, dots: list[tuple[int, int]], owner: int, dashed: bool) -> None:
        """Draw a line through dots `(x, y)`, y counted from the top.

        Args:
            dots: The dots, in order.
            owner: The number of the series.
            dashed: Whether the line has the dash pattern of its series.
        """
        shown, hidden = _DASHES[owner % len(_DASHES)] if dashed and self._braille else (1, 0)
        drawn = 0
        before = dots[:1]
        for dot in dots:
            for x, y in _between(before[0], dot):
                if drawn % (shown + hidden) < shown:
                    self._set(x, y, owner)
                self._rows_of.setdefault(owner, {})[x // self._across] = y // self._down
                drawn += 1
            before = [dot]

    def _set(self, x: int, y: int, owner: int) -> None:
        column, row = x // self._across, y // self._down
        self._masks[row][column] |= _DOT_BITS[y % self._down][x % self._across]
        held = self._owners[row][column]
        if held in (NOBODY, BAND, owner):  # a band is behind everything else
            self._owners[row][column] = owner
        elif self._braille and owner != BAND:
            self._owners[row][column] = MIXED

    def mark(self, dot: tuple[int, int], character: str, owner: int) -> None:
        """Write a character where a dot `(x, y)` is; the last one of a cell stays."""
        column, row = dot[0] // self._across, dot[1] // self._down
        self._letters[column, row] = character
        self._owners[row][column] = owner

    def letter(self, owner: int, count: int) -> None:
        """Write the letter of a series onto its line here and there, so that it can be told without colour.

        Args:
            owner: The number of the series.
            count: How many series there are, so that their letters do not collide.
        """
        rows = self._rows_of.get(owner, {})
        if not rows:
            return
        gap = max(12, self.columns // 5)
        preferred = range(min(rows) + (gap * owner // count), max(rows) + 1, gap)
        for column in list(preferred) or [max(rows)]:
            row = next(
                (c for c in range(column, column + gap) if c in rows and (c, rows[c]) not in self._letters), None
            )
            if row is not None:
                self._letters[row, rows[row]] = LETTERS[owner % len(LETTERS)]
                self._owners[rows[row]][row] = owner

    def cells(self, row: int) -> list[Cell]:
        """Return the characters of a row with their owners."""
        return [Cell(self._character(column, row), self._owners[row][column]) for column in range(self.columns)]

    def _character(self, column: int, row: int) -> str:
        mask, owner = self._masks[row][column], self._owners[row][column]
        letter = self._letters.get((column, row))
        if letter:
            return letter
        if not mask:
            return " "
        if self._braille:
            return chr(_BRAILLE + mask)
        if owner == BAND:
            return "."
        return LETTERS[owner % len(LETTERS)] if self._letters else "*"


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the dots of a straight line, excluding its start unless that is also its end."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0))
    if steps == 0:
        return [end]
    return [(x0 + _rounded((x1 - x0) * n, steps), y0 + _rounded((y1 - y0) * n, steps)) for n in range(1, steps + 1)]


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
