"""Lists of trials in an order, by the tables of `indexes`.

Two ways lead to a page, and the server itself picks one: walk the index of the first sort key and test each trial, or
start from the few trials that an index finds by a condition, and sort those. Pages go on behind a place (keyset), so
that a page deep in a list costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Integer,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from aimd_core.query import Field, SortKey
from aimd_core.query.evaluate import MISSING_RANK, NAN_RANK, NUMBER_RANK, TEXT_RANK
from aimd_server.stores.conditions import Narrow
from aimd_server.stores.indexes import MAX_KEY_CHARS
from aimd_server.stores.schema import ByCharacter, folder, trial, trial_metric, trial_param

Rank = tuple[int, float, str]
Condition = ColumnElement[bool]
NARROW_ENOUGH = 3_000


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


class Hit(NamedTuple):
    """A trial that was found, with the values by which it is in order."""

    row_id: int
    terms: tuple[Any, ...]


def can_sort(keys: Sequence[SortKey]) -> bool:
    """Tell whether the tables know these orders."""
    return all(_is_known(key.field) for key in keys)


def _is_known(field: Field) -> bool:
    if field.kind in ("params", "metric"):
        return len(field.name) <= MAX_KEY_CHARS
    return field.kind == "trial" and field.name == "started"


class _Key:
    """A sort key as SQL: the table's alias that it reads, and its terms."""

    def __init__(self, key: SortKey, number: int) -> None:
        self.key = key
        table = trial_param if key.field.kind == "params" else trial_metric
        self.side = None if key.field.kind == "trial" else table.alias(f"side{number}")

    def joined(self) -> ColumnElement[bool]:
        """Return how the alias is joined to the trial."""
        assert self.side is not None
        return and_(self.side.c.trial_id == trial.c.id, self.side.c.key == self.key.field.name)

    def values(self, rank: Rank) -> list[ColumnElement[Any]]:
        """Return the values of a place for the terms."""
        kind, number, text = rank
        if self.side is None:
            return [literal(kind, Integer), literal(round(number * 1e6), BigInteger)]
        found: list[ColumnElement[Any]] = [literal(self._turned(kind), Integer), literal(float(number), Double)]
        return [*found, literal(text, ByCharacter)] if self.key.field.kind == "params" else found

    def _turned(self, kind: int) -> int:
        """Return the place of a rank: descending, text comes before numbers."""
        turns = self.key.descending and self.key.field.kind == "params"
        return 1 - kind if turns and kind in (NUMBER_RANK, TEXT_RANK) else kind

    def terms(self, rank: Rank | None) -> list[Term]:
        """Return the terms for trials that may have anything, or nothing, there."""
        values: list[Any] = [None] * 3 if rank is None else self.values(rank)
        columns = self._columns()
        descending = (False, self.key.descending, self.key.descending)
        return [Term(*one) for one in zip(columns, descending, values, strict=False)]

    def _columns(self) -> list[ColumnElement[Any]]:
        if self.side is None:
            known = trial.c.started.is_not(None)
            return [case((known, NUMBER_RANK), else_=MISSING_RANK), case((known, trial.c.sort_us), else_=0)]
        row = self.side.c
        if self.key.field.kind == "params":
            rank = case(
                (row.kind.is_(None), MISSING_RANK),
                (row.kind == NUMBER_RANK, self._turned(NUMBER_RANK)),
                (row.kind == TEXT_RANK, self._turned(TEXT_RANK)),
                else_=row.kind,
            )
            number = case((row.kind == NUMBER_RANK, row.num), else_=0.0)
            return [rank, number, func.coalesce(row.text, literal("", ByCharacter), type_=ByCharacter)]
        column = row[self.key.field.aggregate]
        nothing = NAN_RANK if self.key.field.aggregate == "last" else MISSING_RANK
        rank = case((row.trial_id.is_(None), MISSING_RANK), (column.is_(None), nothing), else_=NUMBER_RANK)
        return [rank, func.coalesce(column, 0.0, type_=Double)]

    def segments(self) -> list[_Segment]:
        """Return the runs of the order that an index holds one behind the other, and the rest."""
        if self.side is None:
            return [_Segment(NUMBER_RANK, None, []), _Segment(MISSING_RANK, None, [])]
        row, down = self.side.c, self.key.descending
        if self.key.field.kind == "params":
            numbers = _Segment(NUMBER_RANK, row.kind == NUMBER_RANK, [Term(row.num, down)])
            texts = _Segment(TEXT_RANK, row.kind == TEXT_RANK, [Term(row.text, down)])
            known = [texts, numbers] if down else [numbers, texts]
            return [*known, _Segment(NAN_RANK, row.kind == NAN_RANK, []), _Segment(MISSING_RANK, None, [])]
        column = row[self.key.field.aggregate]
        found = [_Segment(NUMBER_RANK, column.is_not(None), [Term(column, down)])]
        if self.key.field.aggregate == "last":
            found.append(_Segment(NAN_RANK, column.is_(None), []))
        return [*found, _Segment(MISSING_RANK, None, [])]


class _Segment(NamedTuple):
    """A run of an order: trials of one rank; without a condition those that have nothing there."""

    rank: int
    condition: ColumnElement[bool] | None
    terms: list[Term]


def _behind(terms: Sequence[Term]) -> ColumnElement[bool]:
    """Return the condition for what comes behind a place, term by term."""
    first, rest = terms[0], terms[1:]
    assert first.value is not None
    further = first.column < first.value if first.descending else first.column > first.value
    return or_(further, and_(first.column == first.value, _behind(rest))) if rest else further


def _last_terms(sort_us: ColumnElement[int], row_id: ColumnElement[int], after: Behind | None) -> list[Term]:
    values: list[Any] = [None, None]
    if after is not None:
        values = [literal(after.sort_us, BigInteger), literal(after.row_id, BigInteger)]
    return [Term(sort_us, True, values[0]), Term(row_id, True, values[1])]


def _living() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None)


def _ended(query: Select[Any], terms: list[Term], limit: int) -> Select[Any]:
    ordered = [term.column.desc() if term.descending else term.column.asc() for term in terms]
    return (
        query.add_columns(*(term.column.label(f"t{at}") for at, term in enumerate(terms)))
        .order_by(*ordered)
        .limit(limit)
    )


def walk(
    connection: Connection,
    folder_ids: Sequence[int],
    keys: Sequence[SortKey],
    may: ColumnElement[bool],
    after: Behind | None,
    limit: int,
) -> list[int]:
    """Return the row ids of trials that may fulfil a condition, by walking the index of the first key."""
    first, *others = (_Key(key, number) for number, key in enumerate(keys))
    found: list[int] = []
    begun = after is None
    for segment in first.segments():
        behind = after if after is not None and segment.rank == after.ranks[0][0] else None
        begun = begun or behind is not None
        if begun and len(found) < limit:
            hits: list[Hit] = []
            for folder_id in folder_ids:
                query, terms = _segment_query(folder_id, first, others, segment, may, behind)
                rows = connection.execute(_ended(query, terms, limit)).all()
                hits += [Hit(row[0], _sortable(row[1:], terms)) for row in rows]
            if len(folder_ids) > 1:
                hits.sort(key=lambda hit: hit.terms)
            found += [hit.row_id for hit in hits[: limit - len(found)]]
    return found


def _sortable(values: Sequence[Any], terms: Sequence[Term]) -> tuple[Any, ...]:
    """Return the values of a trial so that they compare as the order has them."""
    return tuple(_Backwards(one) if term.descending else one for one, term in zip(values, terms, strict=True))


class _Backwards:
    """A value that stands before those that it would come after."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Backwards) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def _segment_query(
    folder_id: int,
    first: _Key,
    others: Sequence[_Key],
    segment: _Segment,
    may: ColumnElement[bool],
    after: Behind | None,
) -> tuple[Select[Any], list[Term]]:
    side = first.side
    terms = list(segment.terms)
    if side is None or segment.condition is None:
        query = select(trial.c.id).select_from(trial).where(trial.c.folder_id == folder_id, _lacks(first, segment))
        ending = _last_terms(trial.c.sort_us, trial.c.id, after)
        if side is None and segment.rank == NUMBER_RANK:
            terms = [Term(trial.c.sort_us, first.key.descending)]
    else:
        mine = (side.c.folder_id == folder_id, side.c.key == first.key.field.name)
        query = select(trial.c.id).select_from(side).join(trial, trial.c.id == side.c.trial_id)
        query = query.where(*mine, segment.condition)
        ending = _last_terms(side.c.sort_us, side.c.trial_id, after)
    if after is not None and terms:
        _, number, text = after.ranks[0]
        terms = [terms[0]._replace(value=_first_value(first, segment, number, text))]
        bound = terms[0].column <= terms[0].value if terms[0].descending else terms[0].column >= terms[0].value
        query = query.where(bound)  # which the one below says too, but no planner sees it there
    query = query.join(folder, trial.c.folder_id == folder.c.id)
    for number, key in enumerate(others):
        if key.side is not None:
            query = query.join(key.side, key.joined(), isouter=True)
        terms += key.terms(after.ranks[number + 1] if after is not None else None)
    terms += ending
    query = query.where(*_living(), may)
    return (query.where(_behind(terms)) if after is not None else query), terms


def _first_value(first: _Key, segment: _Segment, number: float, text: str) -> ColumnElement[Any]:
    if first.side is None:
        return literal(round(number * 1e6), BigInteger)
    return literal(text, ByCharacter) if segment.rank == TEXT_RANK else literal(float(number), Double)


def _lacks(first: _Key, segment: _Segment) -> ColumnElement[bool]:
    """Return the condition of the last run: the trial has nothing there."""
    if first.side is None:
        return trial.c.started.is_not(None) if segment.rank == NUMBER_RANK else trial.c.started.is_(None)
    present: list[ColumnElement[bool]] = [first.joined()]
    if first.key.field.kind == "metric" and first.key.field.aggregate != "last":
        present.append(first.side.c[first.key.field.aggregate].is_not(None))
    return ~exists().where(*present)


def narrowest(connection: Connection, folder_ids: Sequence[int], parts: Sequence[Narrow]) -> Narrow | None:
    """Return the part that finds the fewest trials, when those are few enough to be sorted at once."""
    best, fewest = None, NARROW_ENOUGH + 1
    for part in parts:
        table = _table_of(part)
        mine = (table.c.folder_id.in_(folder_ids), table.c.key == part.field.name, part.condition)
        query = select(table.c.trial_id).where(*mine).limit(fewest)
        found = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
        if found < fewest:
            best, fewest = part, found
    return best


def _table_of(part: Narrow) -> Any:
    return trial_param if part.field.kind == "params" else trial_metric


def few(
    connection: Connection,
    folder_ids: Sequence[int],
    keys: Sequence[SortKey],
    may: ColumnElement[bool],
    part: Narrow,
    after: Behind | None,
    limit: int,
) -> list[int]:
    """Return the row ids of a page, sorted from the trials that one part of the condition finds."""
    query = select(trial.c.id).select_from(trial).join(folder, trial.c.folder_id == folder.c.id)
    terms: list[Term] = []
    for number, key in enumerate(keys):
        one = _Key(key, number)
        if one.side is not None:
            query = query.join(one.side, one.joined(), isouter=True)
        terms += one.terms(after.ranks[number] if after is not None else None)
    terms += _last_terms(trial.c.sort_us, trial.c.id, after)
    query = query.where(found_by(folder_ids, part), *_living(), may)
    if after is not None:
        query = query.where(_behind(terms))
    return [int(row[0]) for row in connection.execute(_ended(query, terms, limit))]


def found_by(folder_ids: Sequence[int], part: Narrow) -> ColumnElement[bool]:
    """Return the condition that a trial is among those that a part of a query finds by its index."""
    table = _table_of(part)
    mine = (table.c.folder_id.in_(folder_ids), table.c.key == part.field.name, part.condition)
    return trial.c.id.in_(select(table.c.trial_id).where(*mine))


def also_found_by(may: Condition, folder_ids: Sequence[int], part: Narrow | None) -> Condition:
    """Return a condition, and where a part of it finds few trials by its index, that they are among those."""
    return may if part is None else and_(may, found_by(folder_ids, part))


def newest(
    connection: Connection,
    scope: Sequence[ColumnElement[bool]],
    may: ColumnElement[bool],
    after: tuple[int, int] | None,
    limit: int,
) -> list[int]:
    """Return row ids of trials that may fulfil a condition, newest first."""
    query = select(trial.c.id).join(folder, trial.c.folder_id == folder.c.id).where(*scope, *_living(), may)
    if after is not None:
        query = query.where(tuple_(trial.c.sort_us, trial.c.id) < after)
    query = query.order_by(trial.c.sort_us.desc(), trial.c.id.desc()).limit(limit)
    return [int(one) for one in connection.execute(query).scalars()]


def count(
    connection: Connection,
    scope: Sequence[Condition],
    condition: Condition,
    most: int,
    folder_ids: Sequence[int] = (),
    part: Narrow | None = None,
) -> int:
    """Return how many trials fulfil a condition, counted no further than to `most`.

    A part of the condition, where there is one, is where the counting starts.
    """
    query = select(trial.c.id)
    if part is None:
        query = query.select_from(trial)
    else:
        table = _table_of(part)
        side = select(table.c.trial_id)
        side = side.where(table.c.folder_id.in_(folder_ids), table.c.key == part.field.name, part.condition)
        found = side.subquery()
        query = query.select_from(found).join(trial, trial.c.id == found.c.trial_id)
    query = query.join(folder, trial.c.folder_id == folder.c.id).where(*scope, *_living(), condition)
    return int(connection.execute(select(func.count()).select_from(query.limit(most).subquery())).scalar_one())
