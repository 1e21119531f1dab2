"""What changed lately: the state of watched trials and folders, in a few small queries."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, func, select, union_all

from aimd_server.stores.folders import below
from aimd_server.stores.indexes import told_state
from aimd_server.stores.schema import folder, journal, trial

_IDS_AT_ONCE = 10_000  # a statement takes 32,766 values at most


class WatchedRow(msgspec.Struct, frozen=True):
    """What a look reads of a trial; `ending` is JSON text."""

    uid: str
    told: str | None
    ending: str | None
    heard_us: int
    updated_us: int
    records: int


def newest(connection: Connection, folder_ids: Iterable[int], limit: int) -> dict[int, list[int]]:
    """Return the row ids of the newest trials in each folder itself."""
    queries = []
    for folder_id in folder_ids:
        inside = select(trial.c.id, trial.c.folder_id, trial.c.name, trial.c.sort_us)
        inside = inside.where(trial.c.folder_id == folder_id, trial.c.trashed_us.is_(None))
        inside = inside.order_by(trial.c.sort_us.desc(), trial.c.id.desc()).limit(limit)
        part = inside.subquery()
        queries.append(select(part.c.id, part.c.folder_id))
    by_folder: dict[int, list[int]] = {}
    if queries:
        for row in connection.execute(union_all(*queries)):
            by_folder.setdefault(row.folder_id, []).append(row.id)
    return by_folder


def newest_below(
    connection: Connection, trees: Iterable[tuple[int, str]], limit: int, examined: int
) -> dict[tuple[int, str], list[int]]:
    """Return the row ids of the newest trials at and under a path of an account, for each (account, path).

    The work is bounded: for an account with much else, only its newest `examined` trials are examined.
    """
    by_tree = {}
    for owner_id, path in trees:
        recent = select(trial.c.id, trial.c.folder_id, trial.c.sort_us)
        recent = recent.where(trial.c.owner_id == owner_id, trial.c.trashed_us.is_(None))
        recent = recent.order_by(trial.c.sort_us.desc(), trial.c.id.desc()).limit(examined)
        part = recent.subquery()
        query = select(part.c.id).join(folder, part.c.folder_id == folder.c.id).where(below(path))
        query = query.order_by(part.c.sort_us.desc(), part.c.id.desc()).limit(limit)
        by_tree[owner_id, path] = list(connection.execute(query).scalars())
    return by_tree


def children(connection: Connection, folder_ids: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """Return the id and time of change of the folders in each folder."""
    query = select(folder.c.parent_id, folder.c.uid, folder.c.updated_us)
    query = query.where(folder.c.parent_id.in_(list(folder_ids)), folder.c.trashed_us.is_(None)).order_by(folder.c.id)
    by_folder: dict[int, list[tuple[str, int]]] = {}
    for row in connection.execute(query):
        by_folder.setdefault(row.parent_id, []).append((row.uid, row.updated_us))
    return by_folder


def rows(connection: Connection, trial_ids: list[int]) -> dict[int, WatchedRow]:
    """Return what a look reads of each of some trials, of those that are not in the trash."""
    watched: dict[int, WatchedRow] = {}
    for start in range(0, len(trial_ids), _IDS_AT_ONCE):
        watched |= _rows(connection, trial_ids[start : start + _IDS_AT_ONCE])
    return watched


def _rows(connection: Connection, trial_ids: list[int]) -> dict[int, WatchedRow]:
    query = (
        select(trial.c.id, trial.c.uid, told_state().label("told"), trial.c.ending, trial.c.heard_us)
        .add_columns(trial.c.updated_us, func.max(journal.c.updated_us).label("grown_us"))
        .add_columns(func.sum(journal.c.lines).label("lines"))
        .join(journal, journal.c.trial_id == trial.c.id, isouter=True)
        .where(trial.c.id.in_(trial_ids), trial.c.trashed_us.is_(None))
        .group_by(trial.c.id)
    )
    return {
        row.id: WatchedRow(
            row.uid,
            row.told,
            row.ending,
            max(row.heard_us, row.grown_us or 0),
            max(row.updated_us, row.grown_us or 0),
            int(row.lines or 0),
        )
        for row in connection.execute(query)
    }
