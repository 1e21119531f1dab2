"""Shortcuts: folders that are also shown in others."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Select, delete, func, insert, select

from aimd_server.stores.folders import below
from aimd_server.stores.schema import folder, shortcut

_target = folder.alias("target")


class ShortcutRow(msgspec.Struct, frozen=True):
    """A shortcut: its folder, and its target."""

    id: int
    uid: str
    folder_id: int
    folder_uid: str
    folder_path: str
    target_id: int
    editor: str
    created_us: int


def _query() -> Select[tuple[object, ...]]:
    return (
        select(shortcut.c.id, shortcut.c.uid, shortcut.c.folder_id, shortcut.c.target_id, shortcut.c.editor)
        .add_columns(shortcut.c.created_us, folder.c.uid.label("folder_uid"), folder.c.path.label("folder_path"))
        .join(folder, shortcut.c.folder_id == folder.c.id)
        .join(_target, shortcut.c.target_id == _target.c.id)
        .where(folder.c.trashed_us.is_(None), _target.c.trashed_us.is_(None))
    )


def by_uid(connection: Connection, uid: str) -> ShortcutRow | None:
    """Return the shortcut with a UUID, unless its folder or target is in the trash."""
    row = connection.execute(_query().where(shortcut.c.uid == uid)).first()
    return ShortcutRow(**row._mapping) if row else None


def in_tree(connection: Connection, owner_id: int, path: str, limit: int) -> list[ShortcutRow]:
    """Return the shortcuts in the folder at a path of an account's tree and below."""
    query = _query().where(folder.c.owner_id == owner_id, below(path)).order_by(folder.c.path, shortcut.c.id)
    return [ShortcutRow(**row._mapping) for row in connection.execute(query.limit(limit))]


def count(connection: Connection, folder_id: int) -> int:
    """Return how many a folder has."""
    query = select(func.count()).where(shortcut.c.folder_id == folder_id)
    return int(connection.execute(query).scalar_one())


def in_folders(connection: Connection, folder_ids: Sequence[int], limit: int) -> list[ShortcutRow]:
    """Return the shortcuts directly in some folders."""
    query = _query().where(shortcut.c.folder_id.in_(folder_ids)).order_by(shortcut.c.id)
    return [ShortcutRow(**row._mapping) for row in connection.execute(query.limit(limit))]


def of_pair(connection: Connection, folder_id: int, target_id: int) -> str | None:
    """Return the UUID of the shortcut from one folder to another."""
    query = select(shortcut.c.uid).where(shortcut.c.folder_id == folder_id, shortcut.c.target_id == target_id)
    return connection.execute(query).scalar()


def add(connection: Connection, uid: str, folder_id: int, target_id: int, editor: str, now_us: int) -> None:
    """Create a shortcut."""
    values = {"folder_id": folder_id, "target_id": target_id, "editor": editor, "created_us": now_us}
    connection.execute(insert(shortcut).values(uid=uid, **values))


def remove(connection: Connection, ids: Sequence[int]) -> None:
    """Delete shortcuts; their targets stay."""
    connection.execute(delete(shortcut).where(shortcut.c.id.in_(ids)))
