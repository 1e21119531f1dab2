"""What the live screen shows of all trials: filter, order, marks and the selected one. Pure, without a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aimd_core.language import joined, said
from aimd_core.query import Field, Query, SortKey, fields_of, matches, parse_sort, sort_rows, unknown_fields
from aimd_core.reading.facts import Facts, is_live

MOST_MARKS = 26  # one per letter
NEWEST = SortKey(Field("trial", "started"), descending=True)


class Order(NamedTuple):
    """Which trials are shown, and in which order.

    Attributes:
        query: The condition, or None for all.
        sort: What they are sorted by; newest first means running ones first, then the newest.
    """

    query: Query | None = None
    sort: SortKey = NEWEST

    @property
    def needs_facts(self) -> bool:
        """Whether facts about git or the platform are needed."""
        fields = [] if self.query is None else fields_of(self.query.condition)
        return any(field.kind in ("git", "platform") for field in [*fields, self.sort.field])

    def apply(self, rows: Sequence[Facts]) -> list[Facts]:
        """Return the rows that are shown, in order."""
        query = self.query
        kept = list(rows) if query is None else [row for row in rows if matches(query, row)]
        if self.sort != NEWEST:
            return sort_rows(kept, (self.sort,), lambda row: row)
        live = [row for row in kept if is_live(row.state)]
        return [*live, *(row for row in kept if not is_live(row.state))]

    def why_none(self, rows: Sequence[Facts]) -> str:
        """Return why no row is shown, as far as the query tells."""
        if not rows or self.query is None:
            return ""
        unknown = [field.sentence() for field in unknown_fields(fields_of(self.query.condition), rows)]
        return joined("; ", unknown) if unknown else said("no trial matches")


def read_sort(typed: str) -> SortKey:
    """Return the sort key that a user typed.

    Raises:
        QueryError: It cannot be parsed.
    """
    (key, *_) = parse_sort(typed)
    if key.field == Field("trial", "age"):
        return SortKey(NEWEST.field, not key.descending)
    return key


def natural(field: Field) -> SortKey:
    """Return a field's natural order: losses and names ascending, the rest descending."""
    from aimd_core.direction import LOWER, direction_of

    rises = field.shape in ("text", "prefix", "state", "any")
    if field.kind == "metric":
        rises = field.aggregate in ("last", "min", "max", "mean") and direction_of(field.name) == LOWER
    return SortKey(field, descending=not rises)


class Board:
    """The rows on the screen.

    Attributes:
        rows: The trials that match the filter, in order.
        everything: All trials.
        cursor: Which of `rows` is selected.
        marks: Alternative names of the trials marked for the chart, in the order of their letters.
    """

    def __init__(self) -> None:
        self.rows: list[Facts] = []
        self.everything: list[Facts] = []
        self.cursor = 0
        self.marks: list[str] = []

    def take(self, everything: list[Facts], rows: list[Facts], *, to_top: bool = False) -> None:
        """Take the current trials; the selected trial stays selected wherever it moves."""
        selected = self.selected
        self.everything, self.rows = everything, rows
        there = {row.alternative_name for row in everything}
        self.marks = [name for name in self.marks if name in there]
        if to_top or selected is None:
            self.cursor = 0
            return
        name = selected.alternative_name
        position = next((number for number, row in enumerate(rows) if row.alternative_name == name), self.cursor)
        self.move_to(position)

    @property
    def selected(self) -> Facts | None:
        """The trial under the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def move_to(self, position: int) -> None:
        """Select a row, or the nearest if it is beyond the ends."""
        self.cursor = max(0, min(len(self.rows) - 1, position))

    def toggle_mark(self) -> bool:
        """Mark or unmark the selected trial; return False if there are too many marks."""
        row = self.selected
        if row is None:
            return True
        if row.alternative_name in self.marks:
            self.marks.remove(row.alternative_name)
        elif len(self.marks) >= MOST_MARKS:
            return False
        else:
            self.marks.append(row.alternative_name)
        return True

    @property
    def letters(self) -> dict[str, int]:
        """The number of each marked trial's letter, by alternative name."""
        return {name: number for number, name in enumerate(self.marks)}

    @property
    def chosen(self) -> list[Facts]:
        """The trials of chart and output: the marked ones, else the selected one."""
        if not self.marks:
            return [self.selected] if self.selected is not None else []
        marked = {row.alternative_name: row for row in self.everything if row.alternative_name in set(self.marks)}
        return [marked[name] for name in self.marks if name in marked]
