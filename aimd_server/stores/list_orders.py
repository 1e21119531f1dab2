"""The order of a list: a trial's position in it, as a value and as SQL, and the runs of it that an index has.

The order is that of `aimd_core.query.sort_rows` on trials that are newest first, which breaks ties. Those of one moment
are in the order of their names, as in a directory. A label is ordered by rows of `trial_param`, like a parameter: see
`stores.indexes.LABELS`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Double, Integer, Select, and_, case, func, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from aimd_core.query import Field, SortKey, rank_of, value_of
from aimd_core.query.evaluate import MISSING_RANK, NAN_RANK, NUMBER_RANK, SORTED_CHARS, TEXT_RANK
from aimd_core.reading.facts import Facts
from aimd_server.stores.cursors import cursor_of, position_in
from aimd_server.stores.indexes import LABELS, MAX_KEY_CHARS, UNFINISHED_TEXTS, state_cases, stored_key
from aimd_server.stores.schema import ByCharacter, folder, trial, trial_metric, trial_param
from aimd_server.stores.trials import TrialRow

Rank = tuple[int, float, str]
STARTED = Field("trial", "started")
STATE = Field("trial", "state")
LAST_TERMS = 3  # of every order: time, name, row id
MAX_CURSOR_CHARS = 32 << 10
_MAX_RANK_CHARS = 3 * SORTED_CHARS  # case folding makes at most three of a character


class Position(NamedTuple):
    """The position of a trial in a list: the rank of each sort key, its time in microseconds, its name and row id."""

    ranks: tuple[Rank, ...]
    sort_us: int
    name: str
    row_id: int


class Cursor(NamedTuple):
    """Where the next page begins: after a position, with ages that end at the same moment as on the first page."""

    position: Position
    now_s: float


class Descending:
    """A value that sorts in reverse."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Descending) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def position_of(keys: Sequence[SortKey], facts: Facts, row: TrialRow, now_s: float) -> Position:
    """Return a trial's position."""
    ranks = tuple(rank_of(value_of(key.field, facts, now_s)) for key in keys)
    return Position(ranks, row.sort_us, name_of(row), row.id)


def name_of(row: TrialRow) -> str:
    """Return the name by which trials of the same moment are in order."""
    return row.name if row.alternative_name is None else row.alternative_name


def comparable(keys: Sequence[SortKey], position: Position) -> tuple[Any, ...]:
    """Return a position as a value that compares in this order."""
    ranks = [_comparable_rank(rank, key.descending) for rank, key in zip(position.ranks, keys, strict=True)]
    return (*ranks, -position.sort_us, position.name, -position.row_id)


def _comparable_rank(rank: Rank, descending: bool) -> tuple[Any, ...]:
    kind, number, text = rank
    if kind >= NAN_RANK:
        return (1, kind)
    return (0, -kind, -number, Descending(text)) if descending else (0, kind, number, text)


def cursor_text(keys: Sequence[SortKey], cursor: Cursor) -> str:
    """Return a cursor as the text for the next request."""
    position = cursor.position
    terms = (position.sort_us, position.name, position.row_id)
    members = [_mark(keys), cursor.now_s, [list(rank) for rank in position.ranks], *terms]
    return cursor_of(json.dumps(members))


def _mark(keys: Sequence[SortKey]) -> int:
    """Return a number that differs for cursors of other orders."""
    return zlib.crc32(repr([tuple(key) for key in keys]).encode())


def cursor_in(keys: Sequence[SortKey], text: str) -> Cursor:
    """Return the cursor in a text.

    Raises:
        ValueError: It is not a cursor, or one of another order.
    """
    if len(text) > MAX_CURSOR_CHARS:
        raise ValueError("too long")
    try:
        mark, now_s, ranks, sort_us, name, row_id = json.loads(position_in(text))
        position = Position(tuple(_checked_rank(*rank) for rank in ranks), _whole(sort_us), name, _whole(row_id))
        if not isinstance(name, str) or "\0" in name:
            raise ValueError("no such name")
        if mark != _mark(keys) or len(ranks) != len(keys) or not isinstance(now_s, float):
            raise ValueError("of another order")
    except (TypeError, RecursionError) as error:
        raise ValueError("not a cursor") from error
    return Cursor(position, now_s)


def _whole(value: object) -> int:
    if type(value) is not int or abs(value) >= 1 << 63:
        raise ValueError("no such number")
    return value


def _checked_rank(kind: object, number: object, text: object) -> Rank:
    if kind not in (NUMBER_RANK, TEXT_RANK, NAN_RANK, MISSING_RANK) or type(kind) is not int:
        raise ValueError("no such rank")
    if type(number) not in (int, float) or number != number or not isinstance(text, str) or len(text) > _MAX_RANK_CHARS:
        raise ValueError("no such rank")
    assert isinstance(number, (int, float))
    return kind, number, text


class Term(NamedTuple):
    """A term of an order in SQL: the column, its direction, and its value at the position before a page."""

    column: ColumnElement[Any]
    descending: bool
    value: ColumnElement[Any] | None = None


class Run(NamedTuple):
    """A run of an order that an index has: trials of one rank, or without a condition those without a value.

    `beside` are trials of the same rank that the index has in another order; they are few.
    """

    rank: int
    condition: ColumnElement[bool] | None
    terms: list[Term]
    beside: tuple[Run, ...] = ()


def can_sort(keys: Sequence[SortKey]) -> bool:
    """Tell whether the tables have an index for these orders."""
    return all(_is_known(key.field) for key in keys)


def _is_known(field: Field) -> bool:
    if field.kind in ("params", "metric"):
        return len(field.name) <= MAX_KEY_CHARS
    return field.kind == "trial" and (field.name == "started" or field.name in LABELS)


class OrderKey:
    """A sort key as SQL: the alias of the table it reads, and its terms."""

    def __init__(self, key: SortKey | None, number: int = 0, now_s: float = 0.0) -> None:
        """Take a sort key, its number in the list and the time; None is the last key of every list, newest first."""
        self._now_s = now_s
        self.key = key
        self.descending = key is not None and key.descending
        self.stored = stored_key(key.field) if key is not None else ""
        self.aggregate = key.field.aggregate if key is not None else ""
        self.is_metric = key is not None and key.field.kind == "metric"
        self.is_state = key is not None and key.field == STATE
        table = trial_metric if self.is_metric else trial_param
        self.side = None if key is None or key.field == STARTED else table.alias(f"side{number}")

    def joined(self) -> ColumnElement[bool]:
        """Return how the alias is joined to the trial."""
        assert self.side is not None
        return and_(self.side.c.trial_id == trial.c.id, self.side.c.key == self.stored)

    def values(self, rank: Rank) -> list[ColumnElement[Any]]:
        """Return the values of a position for the terms."""
        kind, number, text = rank
        if self.side is None:
            return [literal(kind, Integer), literal(round(number * 1e6), BigInteger)]
        numbers: list[ColumnElement[Any]] = [literal(self._turned(kind), Integer), literal(float(number), Double)]
        return numbers if self.is_metric else [*numbers, literal(text, ByCharacter)]

    def _turned(self, kind: int) -> int:
        """Return the order of a rank: descending, text comes before numbers."""
        turns = self.descending and not self.is_metric
        return 1 - kind if turns and kind in (NUMBER_RANK, TEXT_RANK) else kind

    def terms(self, rank: Rank | None) -> list[Term]:
        """Return the terms for trials with any value, or none."""
        values: list[Any] = [None] * 3 if rank is None else self.values(rank)
        columns = self._columns()
        descending = (False, self.descending, self.descending)
        return [Term(*parts) for parts in zip(columns, descending, values, strict=False)]

    def _columns(self) -> list[ColumnElement[Any]]:
        if self.side is None:
            has_time = trial.c.started.is_not(None)
            return [case((has_time, NUMBER_RANK), else_=MISSING_RANK), case((has_time, trial.c.sort_us), else_=0)]
        row = self.side.c
        if not self.is_metric:
            cases = state_cases(self._now_s) if self.is_state else []
            rank = case(
                *((condition, self._turned(TEXT_RANK)) for condition, _ in cases),
                (row.kind.is_(None), MISSING_RANK),
                (row.kind == NUMBER_RANK, self._turned(NUMBER_RANK)),
                (row.kind == TEXT_RANK, self._turned(TEXT_RANK)),
                else_=row.kind,
            )
            number = case(*((condition, 0.0) for condition, _ in cases), (row.kind == NUMBER_RANK, row.num), else_=0.0)
            text = func.coalesce(row.text, literal("", ByCharacter), type_=ByCharacter)
            return [rank, number, self._state_or(text) if self.is_state else text]
        column = row[self.aggregate]
        nothing = NAN_RANK if self.aggregate == "last" else MISSING_RANK
        rank = case((row.trial_id.is_(None), MISSING_RANK), (column.is_(None), nothing), else_=NUMBER_RANK)
        return [rank, func.coalesce(column, 0.0, type_=Double)]

    def _state_or(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a trial's state as the text of an order: the one that is derived, else the one that was told."""
        cases = state_cases(self._now_s)
        return case(*((condition, literal(name.casefold(), ByCharacter)) for condition, name in cases), else_=text)

    def _with_unfinished(self, texts: Run) -> Run:
        """Return the run of states, and the trials whose state depends on the time."""
        assert self.side is not None
        assert texts.condition is not None
        text = self.side.c.text
        is_unfinished = text.in_([literal(name, ByCharacter) for name in UNFINISHED_TEXTS])
        beside = Run(texts.rank, and_(texts.condition, is_unfinished), [Term(self._state_or(text), self.descending)])
        return texts._replace(condition=and_(texts.condition, ~is_unfinished), beside=(beside,))

    def runs(self) -> list[Run]:
        """Return the runs of the order that an index has in sequence, and the rest."""
        if self.key is None:
            return [Run(MISSING_RANK, None, [])]
        if self.side is None:
            return [Run(NUMBER_RANK, None, []), Run(MISSING_RANK, None, [])]
        row, down = self.side.c, self.descending
        if not self.is_metric:
            # The other column is the same in all of them; naming it puts the index entries in order.
            numbers = Run(NUMBER_RANK, and_(row.kind == NUMBER_RANK, row.text == ""), [Term(row.num, down)])
            texts = Run(TEXT_RANK, and_(row.kind == TEXT_RANK, row.num == 0.0), [Term(row.text, down)])
            texts = self._with_unfinished(texts) if self.is_state else texts
            values = [texts, numbers] if down else [numbers, texts]
            nothing = and_(row.kind == NAN_RANK, row.num == 0.0, row.text == "")
            return [*values, Run(NAN_RANK, nothing, []), Run(MISSING_RANK, None, [])]
        column = row[self.aggregate]
        runs = [Run(NUMBER_RANK, column.is_not(None), [Term(column, down)])]
        if self.aggregate == "last":
            runs.append(Run(NAN_RANK, column.is_(None), []))
        return [*runs, Run(MISSING_RANK, None, [])]


def comes_behind(terms: Sequence[Term]) -> ColumnElement[bool]:
    """Return the condition for what comes after a position, term by term."""
    first, rest = terms[0], terms[1:]
    assert first.value is not None
    further = first.column < first.value if first.descending else first.column > first.value
    return or_(further, and_(first.column == first.value, comes_behind(rest))) if rest else further


def last_terms(sort_us: ColumnElement[int], row_id: ColumnElement[int], after: Position | None) -> list[Term]:
    """Return the terms that break ties, for a query on `trial`."""
    values: list[Any] = [None] * LAST_TERMS
    if after is not None:
        terms = literal(after.sort_us, BigInteger), literal(after.name, ByCharacter), literal(after.row_id, BigInteger)
        values = list(terms)
    name = _Named(trial.c.alternative_name, trial.c.name)
    return [Term(sort_us, True, values[0]), Term(name, False, values[1]), Term(row_id, True, values[2])]


class _Named(FunctionElement[str]):
    """The name by which trials of the same moment are in order, character by character."""

    type = ByCharacter
    inherit_cache = True


@compiles(_Named)
def _named(element: Any, compiler: Any, **how: Any) -> str:
    collation = ' COLLATE "C"' if compiler.dialect.name == "postgresql" else ""
    return f"coalesce({compiler.process(element.clauses, **how)}){collation}"


def living() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions for a trial that is not in the trash, nor its folder."""
    return trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None)


def in_order(query: Select[Any], terms: list[Term], limit: int) -> Select[Any]:
    """Return a query in order, with at most `limit` rows, each with the values of the terms."""
    ordered = [term.column.desc() if term.descending else term.column.asc() for term in terms]
    return (
        query.add_columns(*(term.column.label(f"t{at}") for at, term in enumerate(terms)))
        .order_by(*ordered)
        .limit(limit)
    )
