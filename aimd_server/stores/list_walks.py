"""Walks the index of an order's first key in bounded stretches, testing each trial.

A condition may match none of very many trials, or only the last ones. So a walk ends after a number of index entries,
returns where, and may continue there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
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
    LAST_TERMS,
    Descending,
    OrderKey,
    Position,
    Rank,
    Run,
    Term,
    comes_behind,
    in_order,
    last_terms,
    living,
)
from aimd_server.stores.list_starts import Start, ids_from
from aimd_server.stores.schema import ByCharacter, folder, trial


class Walk(NamedTuple):
    """How a list is walked: the folders, the order, and a condition.

    Attributes:
        folder_ids: The folders whose indexes are walked in parallel.
        keys: The order.
        may: A condition on `trial` and its `folder`.
        now_s: The time for states.
        starts: Parts that each match all wanted trials, tested before the trial itself.
    """

    folder_ids: Sequence[int]
    keys: Sequence[SortKey]
    may: ColumnElement[bool]
    now_s: float
    starts: Sequence[Start] = ()


class Stretch(NamedTuple):
    """Row ids in the order of a list, and where to continue if there are too few, or None at its end."""

    ids: list[int]
    end: Position | None = None


class _Hit(NamedTuple):
    row_id: int
    terms: tuple[Any, ...]


class _RunWalk(NamedTuple):
    """A run of the order: its first key, the other keys, and the position before a page."""

    first: OrderKey
    others: Sequence[OrderKey]
    run: Run
    after: Position | None


class _Entry(NamedTuple):
    """Where a walk ends in a run, as a value of the order and as a position."""

    order: tuple[Any, ...]
    position: Position


def walk(connection: Connection, way: Walk, after: Position | None, limit: int, most: int) -> Stretch:
    """Return the row ids of trials that may match a condition, by walking the index of the first key.

    Args:
        connection: Open.
        way: The walk.
        after: Where the walk begins.
        limit: The most trials to return.
        most: About the most index entries to walk; with several keys, all.
    """
    keys = [OrderKey(key, number, way.now_s) for number, key in enumerate(way.keys)]
    first, *others = keys or [OrderKey(None)]
    ids: list[int] = []
    has_begun = after is None
    for run in first.runs():
        is_in = after is not None and (first.key is None or run.rank == after.ranks[0][0])
        behind = after if is_in else None
        has_begun = has_begun or behind is not None
        if not has_begun:
            continue
        step = _RunWalk(first, others, run, behind)
        end = None if others else _end(connection, way, step, most)
        ids += _ids(connection, way, step, end, limit - len(ids))
        if len(ids) == limit:
            break
        if end is not None:
            return Stretch(ids, end.position)
    return Stretch(ids)


def _ids(connection: Connection, way: Walk, step: _RunWalk, end: _Entry | None, limit: int) -> list[int]:
    """Return the trials of a run in all folders, up to an end."""
    hits: list[_Hit] = []
    runs = (step.run, *step.run.beside)
    for folder_id, run in product(way.folder_ids, runs):
        query, terms = _query(folder_id, way, step._replace(run=run), None if end is None else end.position)
        rows = connection.execute(in_order(query, terms, limit)).all()
        hits += [_Hit(row[0], _comparable(row[1:], terms)) for row in rows]
    if len(way.folder_ids) * len(runs) > 1:
        hits.sort(key=lambda hit: hit.terms)
    return [hit.row_id for hit in hits[:limit]]


def _end(connection: Connection, way: Walk, step: _RunWalk, most: int) -> _Entry | None:
    """Return the first position at which a folder's walk ends after its share of the entries."""
    each = max(1, most // max(1, len(way.folder_ids)))
    entries: list[_Entry] = []
    for folder_id in way.folder_ids:
        query, terms = _entries(folder_id, step)
        query = query.where(comes_behind(terms)) if step.after is not None else query
        row = connection.execute(in_order(query, terms, 1).offset(each - 1)).first()
        if row is not None:
            ranks = (_rank(step, row[1]),) if way.keys else ()
            entries.append(_Entry(_comparable(row[1:], terms), Position(ranks, *row[-LAST_TERMS:])))
    return min(entries, default=None, key=lambda entry: entry.order)


def _rank(step: _RunWalk, value: Any) -> Rank:
    """Return the rank of an entry whose first term has a value."""
    kind = step.run.rank
    if kind == TEXT_RANK:
        return kind, 0.0, str(value)
    if kind != NUMBER_RANK:
        return kind, 0.0, ""
    return kind, value / 1e6 if step.first.side is None else float(value), ""


def _entries(folder_id: int, step: _RunWalk) -> tuple[Select[Any], list[Term]]:
    """Return the index entries of a run, and its terms with the values of its beginning."""
    side, run = step.first.side, step.run
    if side is None or run.condition is None:
        query = select(trial.c.id).select_from(trial).where(trial.c.folder_id == folder_id)
        is_time = side is None and run.rank == NUMBER_RANK
        firsts = [Term(trial.c.sort_us, step.first.descending)] if is_time else []
        ending = last_terms(trial.c.sort_us, trial.c.id, step.after)
    else:
        query = select(side.c.trial_id).select_from(side).join(trial, trial.c.id == side.c.trial_id)
        query = query.where(side.c.folder_id == folder_id, side.c.key == step.first.stored, run.condition)
        firsts, ending = run.terms, last_terms(side.c.sort_us, side.c.trial_id, step.after)
    if step.after is not None and firsts:
        first = firsts[0]._replace(value=_value(step, step.after))
        firsts = [first]
        query = query.where(first.column <= first.value if first.descending else first.column >= first.value)
    elif step.after is not None and not step.others:
        query = query.where(ending[0].column <= ending[0].value)
    return query, [*firsts, *ending]


def _value(step: _RunWalk, position: Position) -> ColumnElement[Any]:
    """Return the value of a position for the first term of a run."""
    _, number, text = position.ranks[0]
    if step.first.side is None:
        return literal(round(number * 1e6), BigInteger)
    return literal(text, ByCharacter) if step.run.rank == TEXT_RANK else literal(float(number), Double)


def _query(folder_id: int, way: Walk, step: _RunWalk, end: Position | None) -> tuple[Select[Any], list[Term]]:
    """Return the trials of a run in a folder that may match the condition, and the terms of their order."""
    side, run = step.first.side, step.run
    query, terms = _entries(folder_id, step)
    if end is not None:
        query = query.where(*_until(step, terms, end))
    row_id: ColumnElement[int] = trial.c.id
    if side is None or run.condition is None:
        query = query.where(_lacks(step.first, run))
    else:
        row_id = side.c.trial_id
    query = query.where(*(_is_among(row_id, way.folder_ids, start) for start in way.starts))
    query = query.join(folder, trial.c.folder_id == folder.c.id)
    others: list[Term] = []
    for number, key in enumerate(step.others):
        if key.side is not None:
            query = query.join(key.side, key.joined(), isouter=True)
        others += key.terms(step.after.ranks[number + 1] if step.after is not None else None)
    terms = [*terms[:-LAST_TERMS], *others, *terms[-LAST_TERMS:]]
    query = query.where(*living(), way.may)
    return (query.where(comes_behind(terms)) if step.after is not None else query), terms


def _until(step: _RunWalk, terms: list[Term], end: Position) -> list[ColumnElement[bool]]:
    """Return the conditions for what comes up to the end of a walk."""
    ending = last_terms(terms[-LAST_TERMS].column, terms[-1].column, end)
    firsts = [term._replace(value=_value(step, end)) for term in terms[:-LAST_TERMS]]
    first = [*firsts, *ending][0]
    bound = first.column >= first.value if first.descending else first.column <= first.value
    return [bound, not_(comes_behind([*firsts, *ending]))]  # the first is redundant, but planners use it


def _is_among(row_id: ColumnElement[int], folder_ids: Sequence[int], start: Start) -> ColumnElement[bool]:
    """Return the condition that a trial is among those found beforehand, in a form that no planner starts from."""
    return case((row_id.in_(ids_from(folder_ids, start)), 1), else_=0) == literal(1, Integer)


def _lacks(first: OrderKey, run: Run) -> ColumnElement[bool]:
    """Return the condition of a run without an index: the trial has no value, or a time."""
    if first.key is None:
        return true()
    if first.side is None:
        return trial.c.started.is_not(None) if run.rank == NUMBER_RANK else trial.c.started.is_(None)
    present: list[ColumnElement[bool]] = [first.joined()]
    if first.is_metric and first.aggregate != "last":
        present.append(first.side.c[first.aggregate].is_not(None))
    return ~exists().where(*present)


def _comparable(values: Sequence[Any], terms: Sequence[Term]) -> tuple[Any, ...]:
    """Return the values of a trial so that they compare in this order."""
    return tuple(Descending(value) if term.descending else value for value, term in zip(values, terms, strict=True))
