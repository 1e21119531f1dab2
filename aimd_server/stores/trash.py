"""The trash: folders with everything below, trials and artifacts. What is there occupies no name and no path.

A deleted folder's subtree is stored under the path `trash:<uuid>`; other paths begin with a slash.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, Select, Text, and_, case, cast, delete, literal, or_, select, update

from aimd_server.stores.folders import FolderRow, deepest, hold, relocate
from aimd_server.stores.indexes import follow
from aimd_server.stores.quotas import used
from aimd_server.stores.schema import account, artifact, folder, trial
from aimd_server.stores.trials import TrialRow

FOLDER: Literal["folder"] = "folder"
TRIAL: Literal["trial"] = "trial"
ARTIFACT: Literal["artifact"] = "artifact"


class TrashRow(msgspec.Struct, frozen=True):
    """An item in the trash; `folder_id` is the row of its former folder."""

    kind: str
    id: int
    uid: str
    owner_id: int
    folder_id: int
    name: str
    by: str
    trashed_us: int
    alternative_name: str | None = None  # of a trial


def _place(uid: str) -> str:
    return f"trash:{uid}"


def _held(uid: str) -> str:
    return f"/{uid}"  # no other name contains a slash


def put_folder(connection: Connection, row: FolderRow, editor_id: int, now_us: int) -> None:
    """Move a folder with everything below to the trash."""
    hold(connection, row)
    relocate(connection, row.owner_id, row.path, _place(row.uid), {"trashed_us": now_us})
    values = {"trashed_name": row.name, "name": _held(row.uid), "editor_id": editor_id}
    connection.execute(update(folder).where(folder.c.id == row.id).values(**values))


def put_trial(connection: Connection, row: TrialRow, editor_id: int, now_us: int) -> None:
    """Move a trial to the trash."""
    values = {"trashed_us": now_us, "trashed_name": row.name, "name": _held(row.uid), "editor_id": editor_id}
    connection.execute(update(trial).where(trial.c.id == row.id).values(**values))


def restore_folder(connection: Connection, row: TrashRow, parent: FolderRow, name: str) -> None:
    """Restore a folder with everything that was deleted with it."""
    hold(connection, parent)
    relocate(connection, row.owner_id, _place(row.uid), parent.child_path(name), {"trashed_us": None})
    values = {"trashed_name": None, "name": name, "parent_id": parent.id}
    connection.execute(update(folder).where(folder.c.id == row.id).values(**values))


def restore_trial(connection: Connection, row: TrashRow, parent: FolderRow, name: str) -> None:
    """Restore a trial."""
    values = {"trashed_us": None, "trashed_name": None, "name": name, "folder_id": parent.id}
    connection.execute(update(trial).where(trial.c.id == row.id).values(**values))
    follow(connection, row.id, values)


def _folders() -> Select[tuple[object, ...]]:
    own = [folder.c[name] for name in ("id", "uid", "owner_id")]
    rest = [folder.c.parent_id.label("folder_id"), folder.c.trashed_name.label("name"), account.c.name.label("by")]
    return (
        select(literal(FOLDER).label("kind"), *own, *rest, folder.c.trashed_us)
        .join(account, folder.c.editor_id == account.c.id)
        .where(folder.c.trashed_us.is_not(None), folder.c.trashed_name.is_not(None))
    )


def _trials() -> Select[tuple[object, ...]]:
    own = [trial.c[name] for name in ("id", "uid", "owner_id", "folder_id")]
    rest = [trial.c.trashed_name.label("name"), account.c.name.label("by")]
    return (
        select(literal(TRIAL).label("kind"), *own, *rest, trial.c.trashed_us, trial.c.alternative_name)
        .join(account, trial.c.editor_id == account.c.id)
        .where(trial.c.trashed_us.is_not(None), trial.c.trashed_name.is_not(None))
    )


def _artifacts() -> Select[tuple[object, ...]]:
    own = [artifact.c[name] for name in ("id", "uid")]
    name = case(
        (artifact.c.number.is_(None), folder.c.name), else_=folder.c.name + ":v" + cast(artifact.c.number, Text)
    )
    rest = [folder.c.parent_id.label("folder_id"), name.label("name"), account.c.name.label("by")]
    return (
        select(literal(ARTIFACT).label("kind"), *own, folder.c.owner_id, *rest, artifact.c.trashed_us)
        .join(folder, artifact.c.folder_id == folder.c.id)
        .join(account, artifact.c.editor_id == account.c.id)
        .where(artifact.c.trashed_us.is_not(None), folder.c.trashed_us.is_(None))
    )


def page(connection: Connection, owner_id: int, before: tuple[int, str] | None, limit: int) -> list[TrashRow]:
    """Return an account's trash before a (trashed_us, uuid), last deleted first."""
    rows: list[TrashRow] = []
    for table, query in ((folder, _folders()), (trial, _trials()), (artifact, _artifacts())):
        query = query.where((folder if table is artifact else table).c.owner_id == owner_id)
        if before is not None:
            older = or_(table.c.trashed_us < before[0], and_(table.c.trashed_us == before[0], table.c.uid < before[1]))
            query = query.where(older)
        query = query.order_by(table.c.trashed_us.desc(), table.c.uid.desc()).limit(limit)
        rows += [TrashRow(**row._mapping) for row in connection.execute(query)]
    return sorted(rows, key=lambda row: (row.trashed_us, row.uid), reverse=True)[:limit]


def folder_by_uid(connection: Connection, uid: str) -> TrashRow | None:
    """Return the folder with a UUID if it was deleted itself, not just with one above it."""
    row = connection.execute(_folders().where(folder.c.uid == uid)).first()
    return TrashRow(**row._mapping) if row else None


def trial_by_uid(connection: Connection, uid: str) -> TrashRow | None:
    """Return the trial with a UUID if it was deleted itself."""
    row = connection.execute(_trials().where(trial.c.uid == uid)).first()
    return TrashRow(**row._mapping) if row else None


def artifact_by_uid(connection: Connection, uid: str) -> TrashRow | None:
    """Return the artifact with a UUID if it was deleted itself, and its repo is still there."""
    row = connection.execute(_artifacts().where(artifact.c.uid == uid)).first()
    return TrashRow(**row._mapping) if row else None


def levels_of(connection: Connection, row: TrashRow) -> int:
    """Return the number of levels below a folder in the trash."""
    return deepest(connection, row.owner_id, _place(row.uid))


def size_of(connection: Connection, row: TrashRow) -> int:
    """Return how many bytes a folder in the trash holds."""
    return used(connection, row.owner_id, _place(row.uid))


def purge(connection: Connection, before_us: int, limit: int) -> int:
    """Delete for good what has been in the trash since before a time, folders last; return the number of rows."""
    stale = select(artifact.c.id).where(artifact.c.trashed_us < before_us).limit(limit)
    gone = connection.execute(delete(artifact).where(artifact.c.id.in_(stale))).rowcount
    if gone:
        return gone
    old = select(trial.c.id).where(trial.c.trashed_us < before_us).limit(limit)
    gone = connection.execute(delete(trial).where(trial.c.id.in_(old))).rowcount
    if gone:
        return gone
    inside = select(folder.c.id).where(folder.c.trashed_us < before_us)
    old = select(trial.c.id).where(trial.c.folder_id.in_(inside)).limit(limit)
    gone = connection.execute(delete(trial).where(trial.c.id.in_(old))).rowcount
    if gone:
        return gone
    old = select(artifact.c.id).where(artifact.c.folder_id.in_(inside)).limit(limit)
    gone = connection.execute(delete(artifact).where(artifact.c.id.in_(old))).rowcount
    if gone:
        return gone
    tops = select(folder.c.id).where(folder.c.trashed_us < before_us, folder.c.trashed_name.is_not(None)).limit(limit)
    return connection.execute(delete(folder).where(folder.c.id.in_(tops))).rowcount
