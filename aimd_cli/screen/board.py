"""What the live screen shows of all trials: filter, order, marks and the selected one. Pure, without a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from itertools import takewhile
from typing import NamedTuple

from aimd_core.language import joined, said
from aimd_core.query import Field, Query, SortKey, fields_of, matcher, parse_sort, sort_rows, unknown_fields
from aimd_core.reading.facts import Facts, WholeFacts, is_live

_LOOKED_AT = 200
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
        kept = list(rows) if query is None else list(filter(matcher(query), rows))
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
        states: How many of all trials are in which state.
        pins: The ids of trials that stay on top and in the charts.
        baseline: The trial that the others are measured against, or None.
    """

    def __init__(self) -> None:
        self.rows: list[Facts] = []
        self.everything: list[Facts] = []
        self.cursor = 0
        self.marks: list[str] = []
        self.pins: list[str] = []
        self.states: Counter[str] = Counter()
        self.baseline: Facts | None = None
        self._marked: dict[str, Facts] = {}
        self._names: dict[str, str] = {}  # of pinned trials and the baseline, by id

    def take(self, everything: list[Facts], rows: list[Facts], *, baseline: str = "", to_top: bool = False) -> None:
        """Take the current trials; the selected trial stays selected wherever it moves."""
        selected = self.selected
        named = self._with_ids(everything, {*self.pins, baseline} - {""})
        if self.pins:
            first = [named[pin] for pin in self.pins if pin in named]
            names = {row.alternative_name for row in first}
            rows = [*first, *(row for row in rows if row.alternative_name not in names)]
        self.everything, self.rows = everything, rows
        self.states = Counter(row.state for row in everything)
        self.baseline = named.get(baseline)
        marks = set(self.marks)
        self._marked = (
            {row.alternative_name: row for row in everything if row.alternative_name in marks} if marks else {}
        )
        self.marks = [name for name in self.marks if name in self._marked]
        if to_top or selected is None:
            self.cursor = 0
            return
        name = selected.alternative_name
        position = next((number for number, row in enumerate(rows) if row.alternative_name == name), self.cursor)
        self.move_to(position)

    def _with_ids(self, rows: Sequence[Facts], ids: Set[str]) -> dict[str, Facts]:
        """Return the trials with these ids, by id. Names are looked at first, because the ids of many take long."""
        names = {self._names[trial_id] for trial_id in ids if trial_id in self._names}
        named = {row.id: row for row in rows if row.alternative_name in names} if names else {}
        if not ids <= named.keys():
            named = {row.id: row for row in rows if row.id in ids}
        self._names = {trial_id: row.alternative_name for trial_id, row in named.items()}
        return named

    @property
    def looked_at(self) -> list[WholeFacts]:
        """The first trials, whose metrics and parameters are offered."""
        return [row.whole() for row in self.rows[:_LOOKED_AT]]

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
            self._marked[row.alternative_name] = row
        return True

    def toggle_pin(self) -> None:
        """Pin the selected trial, or remove its pin."""
        row = self.selected
        if row is None or not row.id:
            return
        self.pins = [pin for pin in self.pins if pin != row.id] if row.id in self.pins else [*self.pins, row.id]

    @property
    def pinned(self) -> list[Facts]:
        """The pinned trials that are not among the chosen ones."""
        if not self.pins:
            return []
        chosen = {row.id for row in self.chosen}
        first = takewhile(lambda row: row.id in self.pins, self.rows)
        return [row for row in first if row.id not in chosen][: MOST_MARKS - len(chosen)]

    @property
    def letters(self) -> dict[str, int]:
        """The number of each marked or pinned trial's letter, by alternative name."""
        if self.pinned:
            return {row.alternative_name: number for number, row in enumerate([*self.chosen, *self.pinned])}
        return {name: number for number, name in enumerate(self.marks)}

    @property
    def chosen(self) -> list[Facts]:
        """The trials of chart and output: the marked ones, else the selected one."""
        if not self.marks:
            return [self.selected] if self.selected is not None else []
        return [self._marked[name] for name in self.marks]
