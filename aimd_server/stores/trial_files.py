"""The files of trials: paths with contents, and what they are together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from aimd_server.stores.schema import content, trial_file, trial_tree

_AT_ONCE = 500


class FileRow(msgspec.Struct, frozen=True):
    """A file of a trial; `size` in bytes."""

    path: str
    digest: str
    size: int
    content_id: int
    updated_us: int


class TreeRow(msgspec.Struct, frozen=True):
    """All files of a trial together: their number, bytes and digest."""

    trial_id: int
    files: int
    size: int
    digest: str


_COLUMNS = (
    trial_file.c.path,
    content.c.digest,
    content.c.size,
    trial_file.c.content_id,
    trial_file.c.updated_us,
)


def page(connection: Connection, trial_id: int, after: str, limit: int) -> list[FileRow]:
    """Return files of a trial by path, those after a path."""
    query = (
        select(*_COLUMNS)
        .join(content, content.c.id == trial_file.c.content_id)
        .where(trial_file.c.trial_id == trial_id, trial_file.c.path > after)
    )
    return [FileRow(*row) for row in connection.execute(query.order_by(trial_file.c.path).limit(limit))]


def by_path(connection: Connection, trial_id: int, path: str) -> FileRow | None:
    """Return a file of a trial, or None."""
    query = select(*_COLUMNS).join(content, content.c.id == trial_file.c.content_id)
    row = connection.execute(query.where(trial_file.c.trial_id == trial_id, trial_file.c.path == path)).first()
    return FileRow(*row) if row else None


def by_paths(connection: Connection, trial_id: int, paths: Sequence[str]) -> list[FileRow]:
    """Return those of some files of a trial that are there, in no order."""
    rows: list[FileRow] = []
    for start in range(0, len(paths), _AT_ONCE):
        query = (
            select(*_COLUMNS)
            .join(content, content.c.id == trial_file.c.content_id)
            .where(trial_file.c.trial_id == trial_id, trial_file.c.path.in_(paths[start : start + _AT_ONCE]))
        )
        rows += [FileRow(*row) for row in connection.execute(query)]
    return rows


def digests(connection: Connection, trial_id: int) -> list[tuple[str, str, int]]:
    """Return path, digest and size of all files of a trial."""
    query = (
        select(trial_file.c.path, content.c.digest, content.c.size)
        .join(content, content.c.id == trial_file.c.content_id)
        .where(trial_file.c.trial_id == trial_id)
    )
    return [(row.path, row.digest, row.size) for row in connection.execute(query)]


def digests_at(connection: Connection, trial_id: int, paths: Iterable[str]) -> dict[str, str]:
    """Return the digests of those of some files of a trial that are there, by path."""
    return {row.path: row.digest for row in by_paths(connection, trial_id, list(paths))}


def put(connection: Connection, trial_id: int, files: Sequence[tuple[str, int]], now_us: int) -> None:
    """Set files of a trial, each a path and a content."""
    remove(connection, trial_id, [path for path, _ in files])
    rows = [
        {"trial_id": trial_id, "path": path, "content_id": content_id, "updated_us": now_us}
        for path, content_id in files
    ]
    if rows:
        connection.execute(insert(trial_file), rows)


def remove(connection: Connection, trial_id: int, paths: Iterable[str]) -> None:
    """Remove files of a trial; missing ones are fine."""
    names = list(paths)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        connection.execute(delete(trial_file).where(trial_file.c.trial_id == trial_id, trial_file.c.path.in_(some)))


def trees(connection: Connection, trial_ids: Iterable[int]) -> dict[int, TreeRow]:
    """Return what the files of each trial are together, for those that have any."""
    query = select(trial_tree.c.trial_id, trial_tree.c.files, trial_tree.c.size, trial_tree.c.digest)
    rows = connection.execute(query.where(trial_tree.c.trial_id.in_(list(trial_ids))))
    return {row.trial_id: TreeRow(*row) for row in rows}


def put_tree(connection: Connection, tree: TreeRow, now_us: int) -> None:
    """Set what the files of a trial are together; without files there is no row."""
    table = trial_tree
    if not tree.files:
        connection.execute(delete(table).where(table.c.trial_id == tree.trial_id))
        return
    values = {"files": tree.files, "size": tree.size, "digest": tree.digest, "updated_us": now_us}
    if not connection.execute(update(table).where(table.c.trial_id == tree.trial_id).values(**values)).rowcount:
        connection.execute(insert(table).values(trial_id=tree.trial_id, **values))
