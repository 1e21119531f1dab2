"""Lists of trials by what an index finds: few that are sorted at once, the newest, and how many there are.

Two ways lead to a page, and the server itself picks one: start from the few trials that an index finds by a condition,
and sort those, or walk the index of the first sort key (`list_walks`). Pages go on behind a place (keyset), so that a
page deep in a list costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, tuple_

from aimd_core.query import SortKey
from aimd_server.stores.conditions import FOUND, Narrow
from aimd_server.stores.indexes import stored_key
from aimd_server.stores.list_orders import Behind, OrderKey, Term, comes_behind, ended, last_terms, living
from aimd_server.stores.schema import folder, trial, trial_metric, trial_param

Condition = ColumnElement[bool]
NARROW_ENOUGH = 1_000  # trials that are sorted at once
MAX_SET = 100_000  # trials that a walk is told beforehand, to look at no others


class Start(NamedTuple):
    """Where a list may start: a part of its condition, and how many trials that finds at most."""

    part: Narrow
    size: int


def found_ids(folder_ids: Sequence[int], start: Start) -> Select[tuple[int]]:
    """Return the row ids that a part of a condition finds by its index.

    The limit changes nothing: it tells the planner of PostgreSQL how few they are, and to find them first.
    """
    return _found(folder_ids, start.part).limit(start.size + 1)


def _found(folder_ids: Sequence[int], part: Narrow) -> Select[tuple[int]]:
    if part.field.kind == "trial" and part.field.name in ("started", "age"):
        return select(FOUND.c.id.label("trial_id")).where(FOUND.c.folder_id.in_(folder_ids), part.condition)
    table = trial_metric if part.field.kind == "metric" else trial_param
    mine = (table.c.folder_id.in_(folder_ids), table.c.key == stored_key(part.field), part.condition)
    return select(table.c.trial_id).where(*mine)


def starts(connection: Connection, folder_ids: Sequence[int], parts: Sequence[Narrow], most: int) -> list[Start]:
    """Return the parts that find so few trials, with how many, the fewest first."""
    found: list[Start] = []
    for part in parts:
        query = _found(folder_ids, part).limit(most + 1)
        size = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
        if size <= most:
            found.append(Start(part, size))
    return sorted(found, key=lambda start: start.size)


def few(
    connection: Connection,
    folder_ids: Sequence[int],
    keys: Sequence[SortKey],
    may: ColumnElement[bool],
    start: Start,
    after: Behind | None,
    limit: int,
) -> list[int]:
    """Return the row ids of a page, sorted from the trials that one part of the condition finds."""
    found = found_ids(folder_ids, start).subquery("few")
    query = select(trial.c.id).select_from(found).join(trial, trial.c.id == found.c.trial_id)
    query = query.join(folder, trial.c.folder_id == folder.c.id)
    terms: list[Term] = []
    for number, key in enumerate(keys):
        one = OrderKey(key, number)
        if one.side is not None:
            query = query.join(one.side, one.joined(), isouter=True)
        terms += one.terms(after.ranks[number] if after is not None else None)
    terms += last_terms(trial.c.sort_us, trial.c.id, after)
    query = query.where(*living(), may)
    if after is not None:
        query = query.where(comes_behind(terms))
    return [int(row[0]) for row in connection.execute(ended(query, terms, limit))]


def also_found_by(may: Condition, folder_ids: Sequence[int], start: Start | None) -> Condition:
    """Return a condition, and where a part of it finds few trials by its index, that they are among those."""
    return may if start is None else and_(may, trial.c.id.in_(found_ids(folder_ids, start)))


def newest(
    connection: Connection,
    scope: Sequence[ColumnElement[bool]],
    may: ColumnElement[bool],
    after: tuple[int, int] | None,
    limit: int,
) -> list[int]:
    """Return row ids of trials that may fulfil a condition, newest first."""
    query = select(trial.c.id).join(folder, trial.c.folder_id == folder.c.id).where(*scope, *living(), may)
    if after is not None:
        query = query.where(tuple_(trial.c.sort_us, trial.c.id) < after)
    query = query.order_by(trial.c.sort_us.desc(), trial.c.id.desc()).limit(limit)
    return [int(one) for one in connection.execute(query).scalars()]


class Counted(NamedTuple):
    """How many trials were found to fulfil a condition, and whether those are all."""

    value: int
    is_all: bool


def count(
    connection: Connection,
    scope: Sequence[Condition],
    condition: Condition,
    most: int,
    folder_ids: Sequence[int] = (),
    part: Narrow | None = None,
) -> Counted:
    """Return how many trials fulfil a condition, of as many as are looked at.

    A part of the condition, where there is one, is where the counting starts.
    """
    here = (*scope, *living())
    if part is None:
        some = select(trial.c.id.label("trial_id")).join(folder, trial.c.folder_id == folder.c.id).where(*here)
    else:
        some = _found(folder_ids, part)
    found = some.limit(most).subquery("some")
    looked_at = int(connection.execute(select(func.count()).select_from(found)).scalar_one())
    query = select(func.count()).select_from(found).join(trial, trial.c.id == found.c.trial_id)
    query = query.join(folder, trial.c.folder_id == folder.c.id).where(*here, condition)
    return Counted(int(connection.execute(query).scalar_one()), looked_at < most)
