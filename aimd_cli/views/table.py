"""A table that fits: whole columns are dropped by priority, but digits and ids are never cut."""

from __future__ import annotations

from rich.cells import cell_len
from rich.table import Table as RichTable
from rich.text import Text

from aimd_cli.views.words import note, shown

_PADDING = 2  # spaces between two columns


class Column:
    """One column of a table.

    Attributes:
        title: Its heading.
        priority: The larger, the sooner it is dropped on a narrow terminal; 0 is never dropped.
        right: Whether it is aligned to the right, like numbers.
        style: A Rich style, or empty.
    """

    __slots__ = ("priority", "right", "style", "title")

    def __init__(self, title: str, priority: int = 0, right: bool = False, style: str = "") -> None:
        self.title = title
        self.priority = priority
        self.right = right
        self.style = style


class Table:
    """Rows of cells. A cell is text that is safe for a terminal, or a `(text, style)` pair."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.rows: list[list[Text]] = []

    def add(self, *cells: str | tuple[str, str]) -> None:
        """Add a row, one cell per column."""
        self.rows.append([Text(*cell) if isinstance(cell, tuple) else Text(cell) for cell in cells])

    def _widths(self) -> list[int]:
        return [
            max([cell_len(shown(column.title)), *(row[number].cell_len for row in self.rows)])
            for number, column in enumerate(self.columns)
        ]

    def overflows(self, width: int) -> bool:
        """Tell whether even the required columns are too wide, so that some would wrap."""
        widths = self._widths()
        return sum(widths[number] + _PADDING for number in self.fitting(width)) - _PADDING > width

    def fitting(self, width: int) -> list[int]:
        """Return the numbers of the columns that fit into `width`, in order."""
        widths = self._widths()
        kept = {number for number, cell_width in enumerate(widths) if cell_width > 0}
        taken = sum(widths[number] + _PADDING for number in kept) - _PADDING
        droppable = [number for number in kept if self.columns[number].priority > 0]
        for number in sorted(droppable, key=lambda number: (self.columns[number].priority, number), reverse=True):
            if taken <= width:
                break
            kept.remove(number)
            taken -= widths[number] + _PADDING
        return sorted(kept)

    def rich(self, width: int) -> RichTable:
        """Return the table for a terminal of `width` columns; what cannot be dropped wraps."""
        made = RichTable(
            box=None,
            pad_edge=False,
            padding=(0, _PADDING, 0, 0),
            header_style="bold",
            show_edge=False,
            collapse_padding=True,
        )
        kept = self.fitting(width)
        for number in kept:
            column = self.columns[number]
            made.add_column(
                note(column.title),
                justify="right" if column.right else "left",
                style=column.style or None,
                overflow="fold",
            )
        for row in self.rows:
            made.add_row(*(row[number] for number in kept))
        return made

    def drop_empty(self, *titles: str) -> None:
        """Remove empty columns whose title has this prefix."""
        for number in reversed(range(len(self.columns))):
            if self.columns[number].title.startswith(titles) and not any(row[number].plain for row in self.rows):
                del self.columns[number]
                for row in self.rows:
                    del row[number]

    def hidden(self, width: int) -> int:
        """Return how many columns do not fit into `width`."""
        return len(self.columns) - len(self.fitting(width))
