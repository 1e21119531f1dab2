"""Orders of trials as SQL: what is compared, term by term, and the runs of an order that an index holds.

A name or state is ordered by rows of `trial_param` as a parameter is: see `stores.indexes.LABELS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Double, Integer, Select, and_, case, func, literal, or_

from aimd_core.query import Field, SortKey
from aimd_core.query.evaluate import MISSING_RANK, NAN_RANK, NUMBER_RANK, TEXT_RANK
from aimd_server.stores.indexes import LABELS, MAX_KEY_CHARS, stored_key
from aimd_server.stores.schema import ByCharacter, folder, trial, trial_metric, trial_param

Rank = tuple[int, float, str]
STARTED = Field("trial", "started")


class Behind(NamedTuple):
    """A place that a page begins behind."""

    ranks: tuple[Rank, ...]
    sort_us: int
    row_id: int


class Term(NamedTuple):
    """One term of an order: what is compared, which way, and the value of the place behind which a page begins."""

    column: ColumnElement[Any]
    descending: bool
    value: ColumnElement[Any] | None = None


def can_sort(keys: Sequence[SortKey]) -> bool:
    """Tell whether the tables know these orders."""
    return all(_is_known(key.field) for key in keys)


def _is_known(field: Field) -> bool:
    if field.kind in ("params", "metric"):
        return len(field.name) <= MAX_KEY_CHARS
    return field.kind == "trial" and (field.name == "started" or field.name in LABELS)


class OrderKey:
    """A sort key as SQL: the table's alias that it reads, and its terms."""

    def __init__(self, key: SortKey | None, number: int = 0) -> None:
        """Know a sort key by its number; None is the order that all lists end with, newest first."""
        self.key = key
        self.descending = key is not None and key.descending
        self.stored = stored_key(key.field) if key is not None else ""
        self.aggregate = key.field.aggregate if key is not None else ""
        self.is_metric = key is not None and key.field.kind == "metric"
        table = trial_metric if self.is_metric else trial_param
        self.side = None if key is None or key.field == STARTED else table.alias(f"side{number}")

    def joined(self) -> ColumnElement[bool]:
        """Return how the alias is joined to the trial."""
        assert self.side is not None
        return and_(self.side.c.trial_id == trial.c.id, self.side.c.key == self.stored)

    def values(self, rank: Rank) -> list[ColumnElement[Any]]:
        """Return the values of a place for the terms."""
        kind, number, text = rank
        if self.side is None:
            return [literal(kind, Integer), literal(round(number * 1e6), BigInteger)]
        found: list[ColumnElement[Any]] = [literal(self._turned(kind), Integer), literal(float(number), Double)]
        return found if self.is_metric else [*found, literal(text, ByCharacter)]

    def _turned(self, kind: int) -> int:
        """Return the place of a rank: descending, text comes before numbers."""
        turns = self.descending and not self.is_metric
        return 1 - kind if turns and kind in (NUMBER_RANK, TEXT_RANK) else kind

    def terms(self, rank: Rank | None) -> list[Term]:
        """Return the terms for trials that may have anything, or nothing, there."""
        values: list[Any] = [None] * 3 if rank is None else self.values(rank)
        columns = self._columns()
        descending = (False, self.descending, self.descending)
        return [Term(*one) for one in zip(columns, descending, values, strict=False)]

    def _columns(self) -> list[ColumnElement[Any]]:
        if self.side is None:
            known = trial.c.started.is_not(None)
            return [case((known, NUMBER_RANK), else_=MISSING_RANK), case((known, trial.c.sort_us), else_=0)]
        row = self.side.c
        if not self.is_metric:
            rank = case(
                (row.kind.is_(None), MISSING_RANK),
                (row.kind == NUMBER_RANK, self._turned(NUMBER_RANK)),
                (row.kind == TEXT_RANK, self._turned(TEXT_RANK)),
                else_=row.kind,
            )
            number = case((row.kind == NUMBER_RANK, row.num), else_=0.0)
            return [rank, number, func.coalesce(row.text, literal("", ByCharacter), type_=ByCharacter)]
        column = row[self.aggregate]
        nothing = NAN_RANK if self.aggregate == "last" else MISSING_RANK
        rank = case((row.trial_id.is_(None), MISSING_RANK), (column.is_(None), nothing), else_=NUMBER_RANK)
        return [rank, func.coalesce(column, 0.0, type_=Double)]

    def segments(self) -> list[Segment]:
        """Return the runs of the order that an index holds one behind the other, and the rest."""
        if self.key is None:
            return [Segment(MISSING_RANK, None, [])]
        if self.side is None:
            return [Segment(NUMBER_RANK, None, []), Segment(MISSING_RANK, None, [])]
        row, down = self.side.c, self.descending
        if not self.is_metric:
            # The other column is the same in all of them; to say so makes the index have them in order.
            numbers = Segment(NUMBER_RANK, and_(row.kind == NUMBER_RANK, row.text == ""), [Term(row.num, down)])
            texts = Segment(TEXT_RANK, and_(row.kind == TEXT_RANK, row.num == 0.0), [Term(row.text, down)])
            known = [texts, numbers] if down else [numbers, texts]
            nothing = and_(row.kind == NAN_RANK, row.num == 0.0, row.text == "")
            return [*known, Segment(NAN_RANK, nothing, []), Segment(MISSING_RANK, None, [])]
        column = row[self.aggregate]
        found = [Segment(NUMBER_RANK, column.is_not(None), [Term(column, down)])]
        if self.aggregate == "last":
            found.append(Segment(NAN_RANK, column.is_(None), []))
        return [*found, Segment(MISSING_RANK, None, [])]


class Segment(NamedTuple):
    """A run of an order: trials of one rank; without a condition those that have nothing there."""

    rank: int
    condition: ColumnElement[bool] | None
    terms: list[Term]


def comes_behind(terms: Sequence[Term]) -> ColumnElement[bool]:
    """Return the condition for what comes behind a place, term by term."""
    first, rest = terms[0], terms[1:]
    assert first.value is not None
    further = first.column < first.value if first.descending else first.column > first.value
    return or_(further, and_(first.column == first.value, comes_behind(rest))) if rest else further


def last_terms(sort_us: ColumnElement[int], row_id: ColumnElement[int], after: Behind | None) -> list[Term]:
    """Return the terms by which trials that are equal otherwise are in order."""
    values: list[Any] = [None, None]
    if after is not None:
        values = [literal(after.sort_us, BigInteger), literal(after.row_id, BigInteger)]
    return [Term(sort_us, True, values[0]), Term(row_id, True, values[1])]


def living() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions that a trial does not lie in the trash."""
    return trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None)


def ended(query: Select[Any], terms: list[Term], limit: int) -> Select[Any]:
    """Return a query with its order, so many rows of it, each with the values of the terms."""
    ordered = [term.column.desc() if term.descending else term.column.asc() for term in terms]
    return (
        query.add_columns(*(term.column.label(f"t{at}") for at, term in enumerate(terms)))
        .order_by(*ordered)
        .limit(limit)
    )
