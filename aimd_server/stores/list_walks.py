"""Walks through the index of an order's first key, testing each trial, a bounded stretch at a time.

A condition may be true of none of very many trials, or of those only that come last. So a walk ends after so many
entries of the index, says where, and may go on there.
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
    case,
    exists,
    literal,
    not_,
    select,
    true,
)

from aimd_core.query import SortKey
from aimd_core.query.evaluate import NUMBER_RANK, TEXT_RANK
from aimd_server.stores.list_orders import (
    Behind,
    OrderKey,
    Rank,
    Segment,
    Term,
    comes_behind,
    ended,
    last_terms,
    living,
)
from aimd_server.stores.schema import ByCharacter, folder, trial
from aimd_server.stores.trial_lists import Start, found_ids


class Walk(NamedTuple):
    """How a list is walked: the folders, the order, and what may be true of what is looked for.

    Attributes:
        folder_ids: Whose indexes are walked beside each other.
        keys: The order.
        may: A condition on `trial` and its `folder`.
        starts: What each finds all trials that are looked for, to be asked before a trial is.
    """

    folder_ids: Sequence[int]
    keys: Sequence[SortKey]
    may: ColumnElement[bool]
    starts: Sequence[Start] = ()


class Stretch(NamedTuple):
    """What was found: row ids in order, and where the walk ended, None when there is no more or `ids` are enough."""

    ids: list[int]
    end: Behind | None


class _Hit(NamedTuple):
    row_id: int
    terms: tuple[Any, ...]


class _Run(NamedTuple):
    """A segment of the order: its first key, the other keys, and the place in it that a page begins behind."""

    first: OrderKey
    others: Sequence[OrderKey]
    segment: Segment
    after: Behind | None


class _Entry(NamedTuple):
    """Where in a run a walk ends: as the order has it, and as a place."""

    order: tuple[Any, ...]
    place: Behind


def walk(connection: Connection, wanted: Walk, after: Behind | None, limit: int, most: int) -> Stretch:
    """Return the row ids of trials that may fulfil a condition, by walking the index of the first key.

    Args:
        connection: Open.
        wanted: What is walked.
        after: Where the walk begins.
        limit: How many trials at most.
        most: About how many entries of the index at most; with several keys, as many as there are.
    """
    first, *others = [OrderKey(key, number) for number, key in enumerate(wanted.keys)] or [OrderKey(None)]
    found: list[int] = []
    begun = after is None
    for segment in first.segments():
        is_in = after is not None and (not after.ranks or segment.rank == after.ranks[0][0])
        behind = after if is_in else None
        begun = begun or behind is not None
        if not begun:
            continue
        run = _Run(first, others, segment, behind)
        end = None if others else _end(connection, wanted, run, most)
        found += _found(connection, wanted, run, end, limit - len(found))
        if len(found) == limit:
            break
        if end is not None:
            return Stretch(found, end.place)
    return Stretch(found, None)


def _found(connection: Connection, wanted: Walk, run: _Run, end: _Entry | None, limit: int) -> list[int]:
    """Return the trials of a run, of all folders, up to an end."""
    hits: list[_Hit] = []
    for folder_id in wanted.folder_ids:
        query, terms = _query(folder_id, wanted, run, None if end is None else end.place)
        rows = connection.execute(ended(query, terms, limit)).all()
        hits += [_Hit(row[0], _sortable(row[1:], terms)) for row in rows]
    if len(wanted.folder_ids) > 1:
        hits.sort(key=lambda hit: hit.terms)
    return [hit.row_id for hit in hits[:limit]]


def _end(connection: Connection, wanted: Walk, run: _Run, most: int) -> _Entry | None:
    """Return the first place that some folder's walk ends at when it goes on for its share of the entries."""
    each = max(1, most // max(1, len(wanted.folder_ids)))
    found: list[_Entry] = []
    for folder_id in wanted.folder_ids:
        query, terms = _entries(folder_id, run)
        query = query.where(comes_behind(terms)) if run.after is not None else query
        row = connection.execute(ended(query, terms, 1).offset(each - 1)).first()
        if row is not None:
            ranks = (_rank(run, row[1]),) if wanted.keys else ()
            place = Behind(ranks, row[-2], row[-1])
            found.append(_Entry(_sortable(row[1:], terms), place))
    return min(found, default=None, key=lambda entry: entry.order)


def _rank(run: _Run, value: Any) -> Rank:
    """Return the rank of an entry whose first term has a value."""
    kind = run.segment.rank
    if kind == TEXT_RANK:
        return kind, 0.0, str(value)
    if kind != NUMBER_RANK:
        return kind, 0.0, ""
    return kind, value / 1e6 if run.first.side is None else float(value), ""


def _entries(folder_id: int, run: _Run) -> tuple[Select[Any], list[Term]]:
    """Return the entries of the index that a run goes along, and its terms, with the values of where it begins."""
    side, segment = run.first.side, run.segment
    if side is None or segment.condition is None:
        query = select(trial.c.id).select_from(trial).where(trial.c.folder_id == folder_id)
        is_time = side is None and segment.rank == NUMBER_RANK
        firsts = [Term(trial.c.sort_us, run.first.descending)] if is_time else []
        ending = last_terms(trial.c.sort_us, trial.c.id, run.after)
    else:
        query = select(side.c.trial_id).select_from(side).where(side.c.folder_id == folder_id)
        query = query.where(side.c.key == run.first.stored, segment.condition)
        firsts, ending = segment.terms, last_terms(side.c.sort_us, side.c.trial_id, run.after)
    if run.after is not None and firsts:
        first = firsts[0]._replace(value=_value(run, run.after))
        firsts = [first]
        query = query.where(first.column <= first.value if first.descending else first.column >= first.value)
    elif run.after is not None and not run.others:
        query = query.where(ending[0].column <= ending[0].value)
    return query, [*firsts, *ending]


def _value(run: _Run, place: Behind) -> ColumnElement[Any]:
    """Return the value of a place for the first term of a run."""
    _, number, text = place.ranks[0]
    if run.first.side is None:
        return literal(round(number * 1e6), BigInteger)
    return literal(text, ByCharacter) if run.segment.rank == TEXT_RANK else literal(float(number), Double)


def _query(folder_id: int, wanted: Walk, run: _Run, end: Behind | None) -> tuple[Select[Any], list[Term]]:
    """Return the trials of a run in one folder that may fulfil the condition, and the terms of their order."""
    side, segment = run.first.side, run.segment
    query, terms = _entries(folder_id, run)
    if end is not None:
        query = query.where(*_until(run, terms, end))
    row_id: ColumnElement[int] = trial.c.id
    if side is None or segment.condition is None:
        query = query.where(_lacks(run.first, segment))
    else:
        row_id = side.c.trial_id
        query = query.join(trial, trial.c.id == side.c.trial_id)
    query = query.where(*(_is_among(row_id, wanted.folder_ids, start) for start in wanted.starts))
    query = query.join(folder, trial.c.folder_id == folder.c.id)
    others: list[Term] = []
    for number, key in enumerate(run.others):
        if key.side is not None:
            query = query.join(key.side, key.joined(), isouter=True)
        others += key.terms(run.after.ranks[number + 1] if run.after is not None else None)
    terms = [*terms[:-2], *others, *terms[-2:]]
    query = query.where(*living(), wanted.may)
    return (query.where(comes_behind(terms)) if run.after is not None else query), terms


def _until(run: _Run, terms: list[Term], end: Behind) -> list[ColumnElement[bool]]:
    """Return the conditions for what comes up to the end of a walk."""
    ending = last_terms(terms[-2].column, terms[-1].column, end)
    firsts = [term._replace(value=_value(run, end)) for term in terms[:-2]]
    first = [*firsts, *ending][0]
    bound = first.column >= first.value if first.descending else first.column <= first.value
    return [bound, not_(comes_behind([*firsts, *ending]))]  # the first says nothing new, but planners see it


def _is_among(row_id: ColumnElement[int], folder_ids: Sequence[int], start: Start) -> ColumnElement[bool]:
    """Return that a trial is among those that are found beforehand; no planner takes that for a way to start."""
    return case((row_id.in_(found_ids(folder_ids, start)), 1), else_=0) == literal(1, Integer)


def _lacks(first: OrderKey, segment: Segment) -> ColumnElement[bool]:
    """Return the condition of a run that no index holds: the trial has nothing there, or a time."""
    if first.key is None:
        return true()
    if first.side is None:
        return trial.c.started.is_not(None) if segment.rank == NUMBER_RANK else trial.c.started.is_(None)
    present: list[ColumnElement[bool]] = [first.joined()]
    if first.is_metric and first.aggregate != "last":
        present.append(first.side.c[first.aggregate].is_not(None))
    return ~exists().where(*present)


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
