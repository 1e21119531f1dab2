"""Folders: a tree per account, below a root with path `/`. Those in the trash are left out."""

from __future__ import annotations

from collections import Counter

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update

from aimd_server.stores.postgres import lock_rows
from aimd_server.stores.schema import account, folder, trial
from aimd_server.stores.writer import ChangedMeanwhileError

NORMAL = "normal"
ROOT_PATH = "/"

_parent = folder.alias("parent")
_owner = account.alias("owner")


class FolderRow(msgspec.Struct, frozen=True):
    """A folder; `parent_uid` and `parent_id` are None at the root."""

    id: int
    uid: str
    owner_id: int
    owner: str
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
        """Return the path of a child with a name."""
        return f"/{name}" if self.is_root else f"{self.path}/{name}"


def _query() -> Select[tuple[object, ...]]:
    own = [folder.c[name] for name in ("id", "uid", "owner_id", "parent_id")]
    rest = [folder.c[name] for name in ("name", "path", "type", "config")]
    return (
        select(
            *own,
            _owner.c.name.label("owner"),
            _parent.c.uid.label("parent_uid"),
            *rest,
            account.c.name.label("editor"),
            folder.c.updated_us,
        )
        .join(_parent, folder.c.parent_id == _parent.c.id, isouter=True)
        .join(account, folder.c.editor_id == account.c.id)
        .join(_owner, folder.c.owner_id == _owner.c.id)
        .where(folder.c.trashed_us.is_(None))
    )


def _one(connection: Connection, query: Select[tuple[object, ...]]) -> FolderRow | None:
    row = connection.execute(query).first()
    return FolderRow(**row._mapping) if row else None


def by_id(connection: Connection, folder_id: int) -> FolderRow | None:
    """Return the folder with a row id."""
    return _one(connection, _query().where(folder.c.id == folder_id))


def by_uid(connection: Connection, uid: str) -> FolderRow | None:
    """Return the folder with a UUID, regardless of its owner."""
    return _one(connection, _query().where(folder.c.uid == uid))


def by_path(connection: Connection, owner_id: int, path: str) -> FolderRow | None:
    """Return the folder at a normalised path of an account's tree."""
    return _one(connection, _query().where(folder.c.owner_id == owner_id, folder.c.path == path))


def of_owner(connection: Connection, owner_id: int) -> list[FolderRow]:
    """Return all folders of an account but its root, parents before their children."""
    query = _query().where(folder.c.owner_id == owner_id, folder.c.parent_id.is_not(None)).order_by(folder.c.path)
    return [FolderRow(**row._mapping) for row in connection.execute(query)]


def below(path: str, with_itself: bool = True) -> ColumnElement[bool]:
    """Return the condition for folders below a path."""
    inside = folder.c.path != ROOT_PATH
    if path != ROOT_PATH:
        inside = func.substr(folder.c.path, 1, len(path) + 1) == f"{path}/"
    return or_(folder.c.path == path, inside) if with_itself else inside


def _level() -> ColumnElement[int]:
    """Return how many slashes a path has."""
    return func.length(folder.c.path) - func.length(func.replace(folder.c.path, "/", ""))


def page(
    connection: Connection, owner_id: int, path: str, depth: int | None, after: str | None, limit: int
) -> list[FolderRow]:
    """Return the folders below a path, sorted by path.

    Args:
        connection: An open one.
        owner_id: Whose tree.
        path: The folder above them, which is left out.
        depth: How many levels; None for all.
        after: Continue after this path.
        limit: The most folders to return.
    """
    query = _query().where(folder.c.owner_id == owner_id, below(path, with_itself=False))
    if depth is not None:
        query = query.where(_level() <= (0 if path == ROOT_PATH else path.count("/")) + depth)
    if after is not None:
        query = query.where(folder.c.path > after)
    return [FolderRow(**row._mapping) for row in connection.execute(query.order_by(folder.c.path).limit(limit))]


def deepest(connection: Connection, owner_id: int, path: str) -> int:
    """Return the number of parts of the longest path at or below a folder."""
    query = select(func.max(_level())).where(folder.c.owner_id == owner_id, below(path))
    return int(connection.execute(query).scalar() or 0)


def trial_counts(connection: Connection, folder_ids: list[int]) -> dict[int, int]:
    """Return how many trials are directly in each of some folders."""
    query = (
        select(trial.c.folder_id, func.count())
        .where(trial.c.folder_id.in_(folder_ids), trial.c.trashed_us.is_(None))
        .group_by(trial.c.folder_id)
    )
    return {int(row[0]): int(row[1]) for row in connection.execute(query)}


def folder_counts(connection: Connection, folder_ids: list[int]) -> Counter[int]:
    """Return how many folders are directly in each of some folders."""
    query = (
        select(folder.c.parent_id, func.count())
        .where(folder.c.parent_id.in_(folder_ids), folder.c.trashed_us.is_(None))
        .group_by(folder.c.parent_id)
    )
    return Counter({int(row[0]): int(row[1]) for row in connection.execute(query)})


def trial_counts_below(connection: Connection, owner_id: int, path: str) -> dict[str, int]:
    """Return how many trials are directly in each folder at or below a path that has any, by the folder's path."""
    query = (
        select(folder.c.path, func.count())
        .join(trial, trial.c.folder_id == folder.c.id)
        .where(folder.c.owner_id == owner_id, below(path), folder.c.trashed_us.is_(None), trial.c.trashed_us.is_(None))
        .group_by(folder.c.path)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def place(connection: Connection, row: FolderRow, parent: FolderRow, name: str, editor_id: int, now_us: int) -> None:
    """Move a folder with everything below to a parent and a name, possibly in another account's tree."""
    hold(connection, row, parent)
    path, inside = parent.child_path(name), ids_below(row.owner_id, row.path)
    if parent.owner_id != row.owner_id:
        connection.execute(update(trial).where(trial.c.folder_id.in_(inside)).values(owner_id=parent.owner_id))
    relocate(connection, row.owner_id, row.path, path, {"owner_id": parent.owner_id})
    values = {"parent_id": parent.id, "name": name, "editor_id": editor_id, "updated_us": now_us}
    connection.execute(update(folder).where(folder.c.id == row.id).values(**values))


def hold(connection: Connection, *rows: FolderRow) -> None:
    """Lock the trees of folders that were read, and check that they have not moved.

    On SQLite there is one writer, which has read them in the same transaction.

    Raises:
        ChangedMeanwhileError: Another replica moved or deleted one; the operation must start over.
    """
    if connection.dialect.name == "sqlite":
        return
    lock_rows(connection, account, sorted({row.owner_id for row in rows}))
    here = select(folder.c.id, folder.c.path).where(folder.c.id.in_([row.id for row in rows]))
    path_of = {current.id: current.path for current in connection.execute(here)}
    if path_of != {row.id: row.path for row in rows}:
        raise ChangedMeanwhileError("a folder was moved or deleted meanwhile")


def relocate(connection: Connection, owner_id: int, path: str, new_path: str, values: dict[str, object]) -> None:
    """Replace the prefix `path` in the paths of a folder and everything below."""
    moved = new_path + func.substr(folder.c.path, len(path) + 1)
    where = (folder.c.owner_id == owner_id) & below(path)
    connection.execute(update(folder).where(where).values(path=moved, **values))


def ids_below(owner_id: int, path: str) -> Select[tuple[int]]:
    """Return the query for the row ids of the folder at a path and all below, of which there may be many."""
    return select(folder.c.id).where(folder.c.owner_id == owner_id, below(path))


def set_config(connection: Connection, folder_id: int, config: str) -> None:
    """Set the config of a folder, which is JSON text."""
    connection.execute(update(folder).where(folder.c.id == folder_id).values(config=config))


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
    """Create a folder, or a root if there is no parent, and return it."""
    if parent is not None:
        hold(connection, parent)
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
