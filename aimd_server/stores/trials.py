"""Trials, one row each, with the document that the client sent. Those in the trash are left out."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, or_, select, tuple_, update

from aimd_server.stores.folders import ROOT_PATH, below
from aimd_server.stores.prepared import PreparedForList
from aimd_server.stores.schema import account, folder, journal, trial

_editor = account.alias("editor")


class TrialRow(msgspec.Struct, frozen=True):
    """A trial without its document, which may be large. `parameters` and `ending` are JSON text."""

    id: int
    uid: str
    owner_id: int
    owner: str
    folder_id: int
    folder_uid: str
    folder_path: str
    name: str
    alternative_name: str | None
    status: str | None
    state: str | None
    started: str | None
    ended: str | None
    ending: str | None
    last_write: str | None
    told_us: int
    grown_us: int | None
    sort_us: int
    parameters: str
    editor: str
    updated_us: int
    tags: str | None
    note: str | None

    @property
    def heard_us(self) -> int:
        """When anything was last received from its recorder."""
        return max(self.told_us, self.grown_us or 0)


_GROWN = select(func.max(journal.c.updated_us)).where(journal.c.trial_id == trial.c.id).scalar_subquery()


def _query() -> Select[tuple[object, ...]]:
    first = [trial.c[name] for name in ("id", "uid", "owner_id")]
    location = [account.c.name.label("owner"), trial.c.folder_id, folder.c.uid.label("folder_uid")]
    names = (
        "name",
        "alternative_name",
        "status",
        "state",
        "started",
        "ended",
        "ending",
        "last_write",
        "sort_us",
        "parameters",
    )
    rest = [*(trial.c[name] for name in names), trial.c.heard_us.label("told_us"), _GROWN.label("grown_us")]
    return (
        select(*first, *location, folder.c.path.label("folder_path"), *rest, _editor.c.name.label("editor"))
        .add_columns(trial.c.updated_us, trial.c.tags, trial.c.note)
        .join(folder, trial.c.folder_id == folder.c.id)
        .join(account, trial.c.owner_id == account.c.id)
        .join(_editor, trial.c.editor_id == _editor.c.id)
        .where(trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
    )


# Built once, because building a statement costs more than running it.
_BY_UID = _query().where(trial.c.uid == bindparam("uid"))
_BY_NAME = _query().where(trial.c.folder_id == bindparam("folder_id"), trial.c.name == bindparam("name"))


def _one(connection: Connection, query: Select[tuple[object, ...]], **values: object) -> TrialRow | None:
    row = connection.execute(query, values).first()
    return TrialRow(**row._mapping) if row else None


def by_uid(connection: Connection, uid: str) -> TrialRow | None:
    """Return the trial with a UUID, regardless of its owner."""
    return _one(connection, _BY_UID, uid=uid)


def by_uids(connection: Connection, uids: list[str]) -> list[TrialRow]:
    """Return the trials with these UUIDs, regardless of their owners."""
    return [TrialRow(**row._mapping) for row in connection.execute(_query().where(trial.c.uid.in_(uids)))]


class Placed(msgspec.Struct, frozen=True):
    """What an append needs to know about a trial."""

    id: int
    uid: str
    owner_id: int
    state: str | None


_PLACED = PreparedForList(
    lambda uids: (
        select(trial.c.id, trial.c.uid, trial.c.owner_id, func.coalesce(trial.c.state, trial.c.status))
        .join(folder, trial.c.folder_id == folder.c.id)
        .where(trial.c.uid.in_(uids), trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
    )
)


def placed(connection: Connection, uids: list[str]) -> dict[str, Placed]:
    """Return this for several trials by UUID, regardless of their owners."""
    return {row[1]: Placed(*row) for row in _PLACED.rows(connection, [uid for uid in uids if "\0" not in uid])}


class Holder(msgspec.Struct, frozen=True):
    """The row that has a UUID, in the trash or not."""

    id: int
    owner_id: int


def holder_of(connection: Connection, uid: str) -> Holder | None:
    """Return the row that has a UUID, even in the trash."""
    row = connection.execute(select(trial.c.id, trial.c.owner_id).where(trial.c.uid == uid)).first()
    return Holder(row.id, row.owner_id) if row else None


def by_name(connection: Connection, folder_id: int, name: str) -> TrialRow | None:
    """Return a trial by name and folder."""
    return _one(connection, _BY_NAME, folder_id=folder_id, name=name)


def document(connection: Connection, trial_id: int) -> str:
    """Return a trial's document as JSON text."""
    return str(connection.execute(select(trial.c.document).where(trial.c.id == trial_id)).scalar_one())


def add(connection: Connection, **values: Any) -> None:
    """Add a trial; `values` are its columns."""
    connection.execute(insert(trial).values(**values))


def change(connection: Connection, trial_id: int, **values: Any) -> None:
    """Set columns of a trial."""
    connection.execute(update(trial).where(trial.c.id == trial_id).values(**values))


def remove(connection: Connection, trial_id: int) -> None:
    """Delete a trial with everything that belongs to it."""
    connection.execute(delete(trial).where(trial.c.id == trial_id))


class Scope(msgspec.Struct, frozen=True):
    """The scope of a list: all of an account's folders, or one and, with `below`, those below it."""

    owner_id: int
    folder_id: int | None = None
    path: str = ROOT_PATH
    below: bool = True


def within(scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions for trials of a scope, with the trial's folder joined."""
    if scope.folder_id is not None and not scope.below:
        return [trial.c.folder_id == scope.folder_id]
    conditions = [trial.c.owner_id == scope.owner_id]
    return conditions if scope.path == ROOT_PATH else [*conditions, below(scope.path)]


def page(connection: Connection, scope: Scope, after: tuple[int, int] | None, limit: int) -> list[TrialRow]:
    """Return trials of a scope, newest first, after an (sort_us, id)."""
    query = _query().where(*within(scope))
    if after is not None:
        query = query.where(tuple_(trial.c.sort_us, trial.c.id) < after)
    query = query.order_by(trial.c.sort_us.desc(), trial.c.id.desc()).limit(limit)
    return [TrialRow(**row._mapping) for row in connection.execute(query)]


def by_ids(connection: Connection, ids: list[int]) -> list[TrialRow]:
    """Return the trials with these row ids, in order."""
    rows = {row.id: TrialRow(**row._mapping) for row in connection.execute(_query().where(trial.c.id.in_(ids)))}
    return [rows[row_id] for row_id in ids if row_id in rows]


def count(connection: Connection, scope: Scope, most: int) -> int:
    """Return the number of trials of a scope, counting up to `most`."""
    living = (trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
    query = select(trial.c.id).join(folder, trial.c.folder_id == folder.c.id).where(*living, *within(scope))
    return int(connection.execute(select(func.count()).select_from(query.limit(most).subquery())).scalar_one())


def documents_chars(connection: Connection, trial_ids: list[int]) -> int:
    """Return the length of the documents of some trials, without reading them."""
    query = select(func.coalesce(func.sum(func.length(trial.c.document)), 0)).where(trial.c.id.in_(trial_ids))
    return int(connection.execute(query).scalar_one())


def count_behind(connection: Connection, scope: Scope, before_us: int, most: int) -> int:
    """Return how many trials of a scope have totals that lack lines since before a time, counting up to `most`."""
    living = (trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
    is_due = or_(journal.c.stale_us <= before_us, journal.c.folded_offset == 0)
    query = select(trial.c.id).join(folder, trial.c.folder_id == folder.c.id)
    query = query.join(journal, journal.c.trial_id == trial.c.id).where(journal.c.stale_us.is_not(None), is_due)
    rows = query.where(*living, *within(scope)).distinct().limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def documents(connection: Connection, trial_ids: list[int]) -> dict[int, str]:
    """Return the documents of some trials as JSON text."""
    query = select(trial.c.id, trial.c.document).where(trial.c.id.in_(trial_ids))
    return {int(row.id): str(row.document) for row in connection.execute(query)}
