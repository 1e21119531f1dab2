"""Folders: a tree for each account, under a root whose path is `/`."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Select, insert, select

from aimd_server.stores.schema import account, folder

NORMAL = "normal"
ROOT_PATH = "/"

_parent = folder.alias("parent")


class FolderRow(msgspec.Struct, frozen=True):
    """A folder; `parent_uid` and `parent_id` are None at the root."""

    id: int
    uid: str
    owner_id: int
    parent_id: int | None
    parent_uid: str | None
    name: str
    path: str
    type: str
    config: str | None
    editor: str
    updated_us: int

    @property
    def is_root(self) -> bool:
        """Whether this is the root of its owner's tree."""
        return self.parent_id is None

    def child_path(self, name: str) -> str:
        """Return the path of a folder of that name in this one."""
        return f"/{name}" if self.is_root else f"{self.path}/{name}"


def _query() -> Select[tuple[object, ...]]:
    own = [folder.c[name] for name in ("id", "uid", "owner_id", "parent_id")]
    rest = [folder.c[name] for name in ("name", "path", "type", "config")]
    return (
        select(*own, _parent.c.uid.label("parent_uid"), *rest, account.c.name.label("editor"), folder.c.updated_us)
        .join(_parent, folder.c.parent_id == _parent.c.id, isouter=True)
        .join(account, folder.c.editor_id == account.c.id)
    )


def _one(connection: Connection, query: Select[tuple[object, ...]]) -> FolderRow | None:
    row = connection.execute(query).first()
    return FolderRow(**row._mapping) if row else None


def by_id(connection: Connection, folder_id: int) -> FolderRow | None:
    """Return the folder of that row id."""
    return _one(connection, _query().where(folder.c.id == folder_id))


def by_uid(connection: Connection, uid: str) -> FolderRow | None:
    """Return the folder of that UUID, whoever owns it."""
    return _one(connection, _query().where(folder.c.uid == uid))


def by_path(connection: Connection, owner_id: int, path: str) -> FolderRow | None:
    """Return the folder at a normalised path of an account's tree."""
    return _one(connection, _query().where(folder.c.owner_id == owner_id, folder.c.path == path))


def of_owner(connection: Connection, owner_id: int) -> list[FolderRow]:
    """Return all folders of an account but its root, parents before their children."""
    query = _query().where(folder.c.owner_id == owner_id, folder.c.parent_id.is_not(None)).order_by(folder.c.path)
    return [FolderRow(**row._mapping) for row in connection.execute(query)]


def add(
    connection: Connection,
    *,
    uid: str,
    owner_id: int,
    editor_id: int,
    now_us: int,
    parent: FolderRow | None,
    name: str,
    type: str = NORMAL,
    config: str | None = None,
) -> FolderRow:
    """Make a folder, or a root when there is no parent, and return it."""
    made = connection.execute(
        insert(folder)
        .values(
            uid=uid,
            owner_id=owner_id,
            parent_id=parent.id if parent else None,
            name=name,
            path=parent.child_path(name) if parent else ROOT_PATH,
            type=type,
            config=config,
            editor_id=editor_id,
            created_us=now_us,
            updated_us=now_us,
        )
        .returning(folder.c.id)
    )
    row = by_id(connection, int(made.scalar_one()))
    assert row is not None
    return row
