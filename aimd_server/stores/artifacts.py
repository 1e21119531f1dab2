"""Artifacts: their rows, objects, aliases and versions. Those in the trash, or in a folder there, are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from aimd_server.stores.folders import below
from aimd_server.stores.schema import (
    account,
    artifact,
    artifact_alias,
    artifact_object,
    artifact_part,
    artifact_upload,
    content,
    content_part,
    folder,
)

_AT_ONCE = 500
_owner = account.alias("owner")


class ArtifactRow(msgspec.Struct, frozen=True):
    """An artifact; `document` is JSON text, `number` and `commit` are None until it is final, `size` in bytes."""

    id: int
    uid: str
    folder_id: int
    folder_uid: str
    folder_path: str
    repo: str
    owner_id: int
    owner: str
    config: str | None
    document: str
    number: int | None
    commit: str | None
    objects: int
    size: int
    editor: str
    created_us: int
    updated_us: int

    @property
    def version(self) -> str | None:
        """Its version in the repo, None until it is final."""
        return None if self.number is None else f"v{self.number}"


class KeyedRow(msgspec.Struct, frozen=True):
    """An object of an artifact; `size` in bytes."""

    key: str
    digest: str
    size: int
    content_id: int


def _query() -> Select[tuple[object, ...]]:
    location = [folder.c.uid.label("folder_uid"), folder.c.path.label("folder_path"), folder.c.name.label("repo")]
    own = [artifact.c[name] for name in ("document", "number", "commit", "objects", "size")]
    return (
        select(artifact.c.id, artifact.c.uid, artifact.c.folder_id, *location, folder.c.owner_id)
        .add_columns(_owner.c.name.label("owner"), folder.c.config, *own, account.c.name.label("editor"))
        .add_columns(artifact.c.created_us, artifact.c.updated_us)
        .join(folder, artifact.c.folder_id == folder.c.id)
        .join(_owner, folder.c.owner_id == _owner.c.id)
        .join(account, artifact.c.editor_id == account.c.id)
        .where(artifact.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
    )


def _rows(connection: Connection, query: Select[tuple[object, ...]]) -> list[ArtifactRow]:
    return [ArtifactRow(**row._mapping) for row in connection.execute(query)]


def by_uid(connection: Connection, uid: str) -> ArtifactRow | None:
    """Return the artifact with a UUID, final or not."""
    rows = _rows(connection, _query().where(artifact.c.uid == uid))
    return rows[0] if rows else None


def by_uids(connection: Connection, uids: Sequence[str]) -> list[ArtifactRow]:
    """Return the artifacts with some UUIDs, final or not, in no order."""
    rows: list[ArtifactRow] = []
    for start in range(0, len(uids), _AT_ONCE):
        rows += _rows(connection, _query().where(artifact.c.uid.in_(uids[start : start + _AT_ONCE])))
    return rows


def holder_of(connection: Connection, uid: str) -> int | None:
    """Return the id of the row that has a UUID, even in the trash."""
    row = connection.execute(select(artifact.c.id).where(artifact.c.uid == uid)).first()
    return int(row.id) if row else None


def owner_of(connection: Connection, artifact_id: int) -> int:
    """Return the account that owns the repo of an artifact, even in the trash."""
    query = select(folder.c.owner_id).join(artifact, artifact.c.folder_id == folder.c.id)
    return int(connection.execute(query.where(artifact.c.id == artifact_id)).scalar_one())


def final_of(connection: Connection, folder_id: int, limit: int, before: int | None = None) -> list[ArtifactRow]:
    """Return final artifacts of a repo, the newest first, those before a version number."""
    query = _query().where(artifact.c.folder_id == folder_id, artifact.c.number.is_not(None))
    if before is not None:
        query = query.where(artifact.c.number < before)
    return _rows(connection, query.order_by(artifact.c.number.desc()).limit(limit))


def page(connection: Connection, owner_id: int, path: str, before: int | None, limit: int) -> list[ArtifactRow]:
    """Return final artifacts at or below a path of an account's tree, last created first, those before a row id."""
    query = _query().where(folder.c.owner_id == owner_id, below(path), artifact.c.number.is_not(None))
    if before is not None:
        query = query.where(artifact.c.id < before)
    return _rows(connection, query.order_by(artifact.c.id.desc()).limit(limit))


def by_number(connection: Connection, folder_id: int, number: int) -> ArtifactRow | None:
    """Return the artifact of a repo with a version."""
    rows = _rows(connection, _query().where(artifact.c.folder_id == folder_id, artifact.c.number == number))
    return rows[0] if rows else None


def by_alias(connection: Connection, folder_id: int, alias: str) -> ArtifactRow | None:
    """Return the artifact of a repo with an alias."""
    named = select(artifact_alias.c.artifact_id).where(
        artifact_alias.c.folder_id == folder_id, artifact_alias.c.alias == alias
    )
    rows = _rows(connection, _query().where(artifact.c.id.in_(named), artifact.c.number.is_not(None)))
    return rows[0] if rows else None


def aliases_of(connection: Connection, artifact_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the aliases of some artifacts, by row id."""
    query = select(artifact_alias.c.artifact_id, artifact_alias.c.alias)
    query = query.where(artifact_alias.c.artifact_id.in_(list(artifact_ids))).order_by(artifact_alias.c.alias)
    aliases: dict[int, list[str]] = {}
    for row in connection.execute(query):
        aliases.setdefault(row.artifact_id, []).append(row.alias)
    return aliases


def add(connection: Connection, **values: Any) -> None:
    """Add an artifact; `values` are its columns."""
    connection.execute(insert(artifact).values(objects=0, size=0, **values))


def change(connection: Connection, artifact_id: int, **values: Any) -> None:
    """Set columns of an artifact."""
    connection.execute(update(artifact).where(artifact.c.id == artifact_id).values(**values))


def change_open(connection: Connection, artifact_id: int, **values: Any) -> bool:
    """Set columns of an artifact that is not final, which no other replica can change until the transaction ends.

    Returns:
        False if it is final by now.
    """
    here = (artifact.c.id == artifact_id, artifact.c.number.is_(None))
    return bool(connection.execute(update(artifact).where(*here).values(**values)).rowcount)


def remove(connection: Connection, artifact_id: int) -> None:
    """Delete an artifact with everything that belongs to it."""
    connection.execute(delete(artifact).where(artifact.c.id == artifact_id))


def last_number(connection: Connection, folder_id: int) -> int:
    """Return the greatest version number of a repo, also of artifacts in the trash; 0 if there is none."""
    return int(
        connection.execute(select(func.max(artifact.c.number)).where(artifact.c.folder_id == folder_id)).scalar() or 0
    )


def _objects_query(artifact_id: int) -> Select[Any]:
    columns = (artifact_object.c.key, content.c.digest, content.c.size, artifact_object.c.content_id)
    joined = select(*columns).join(content, content.c.id == artifact_object.c.content_id)
    return joined.where(artifact_object.c.artifact_id == artifact_id)


def objects_of(
    connection: Connection, artifact_id: int, after: str | None = None, limit: int | None = None
) -> list[KeyedRow]:
    """Return objects of an artifact by key, those after a key."""
    query = _objects_query(artifact_id).order_by(artifact_object.c.key)
    if after is not None:
        query = query.where(artifact_object.c.key > after)
    return [KeyedRow(*row) for row in connection.execute(query if limit is None else query.limit(limit))]


def count_objects(connection: Connection, artifact_id: int) -> int:
    """Return how many objects an artifact has."""
    query = select(func.count()).select_from(artifact_object).where(artifact_object.c.artifact_id == artifact_id)
    return int(connection.execute(query).scalar_one())


def size_at(connection: Connection, artifact_id: int, keys: Sequence[str]) -> int:
    """Return how many bytes the objects of an artifact with these keys have together."""
    total = 0
    for start in range(0, len(keys), _AT_ONCE):
        here = _objects_query(artifact_id).where(artifact_object.c.key.in_(list(keys[start : start + _AT_ONCE])))
        total += int(connection.execute(select(func.coalesce(func.sum(here.subquery().c.size), 0))).scalar_one())
    return total


def grow(connection: Connection, artifact_id: int, by: int) -> None:
    """Count more bytes of an artifact."""
    connection.execute(update(artifact).where(artifact.c.id == artifact_id).values(size=artifact.c.size + by))


def object_of(connection: Connection, artifact_id: int, key: str) -> KeyedRow | None:
    """Return an object of an artifact."""
    row = connection.execute(_objects_query(artifact_id).where(artifact_object.c.key == key)).first()
    return KeyedRow(*row) if row else None


def objects_at(connection: Connection, artifact_id: int, keys: Sequence[str]) -> list[KeyedRow]:
    """Return those of some objects of an artifact that are there, in no order."""
    rows: list[KeyedRow] = []
    for start in range(0, len(keys), _AT_ONCE):
        query = _objects_query(artifact_id).where(artifact_object.c.key.in_(keys[start : start + _AT_ONCE]))
        rows += [KeyedRow(*row) for row in connection.execute(query)]
    return rows


def put_objects(connection: Connection, artifact_id: int, content_ids: Mapping[str, int]) -> None:
    """Set objects of an artifact, by key."""
    keys = list(content_ids)
    table = artifact_object
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        connection.execute(delete(table).where(table.c.artifact_id == artifact_id, table.c.key.in_(some)))
        rows = [{"artifact_id": artifact_id, "key": key, "content_id": content_ids[key]} for key in some]
        connection.execute(insert(table), rows)


def put_alias(connection: Connection, row: ArtifactRow, alias: str) -> None:
    """Give an artifact an alias, which another one of the repo may have had."""
    remove_alias(connection, row.folder_id, alias)
    connection.execute(insert(artifact_alias).values(folder_id=row.folder_id, alias=alias, artifact_id=row.id))


def remove_alias(connection: Connection, folder_id: int, alias: str) -> None:
    """Remove an alias of a repo; a missing one is fine."""
    table = artifact_alias
    connection.execute(delete(table).where(table.c.folder_id == folder_id, table.c.alias == alias))


def begin_upload(connection: Connection, uid: str, artifact_id: int, key: str) -> None:
    """Record that an object arrives in parts."""
    connection.execute(insert(artifact_upload).values(uid=uid, artifact_id=artifact_id, key=key))


def upload_of(connection: Connection, uid: str, artifact_id: int, key: str) -> int | None:
    """Return the row id of an object that arrives in parts."""
    table = artifact_upload
    here = (table.c.uid == uid, table.c.artifact_id == artifact_id, table.c.key == key)
    row = connection.execute(select(table.c.id).where(*here)).first()
    return int(row.id) if row else None


def put_part(connection: Connection, upload_id: int, number: int, content_id: int) -> None:
    """Set a part of an object."""
    table = artifact_part
    connection.execute(delete(table).where(table.c.upload_id == upload_id, table.c.number == number))
    connection.execute(insert(table).values(upload_id=upload_id, number=number, content_id=content_id))


def parts_of(connection: Connection, upload_id: int) -> list[KeyedRow]:
    """Return the parts of an object in order; `key` is the number."""
    query = select(artifact_part.c.number, content.c.digest, content.c.size, artifact_part.c.content_id)
    query = query.join(content, content.c.id == artifact_part.c.content_id)
    rows = connection.execute(query.where(artifact_part.c.upload_id == upload_id).order_by(artifact_part.c.number))
    return [KeyedRow(str(row.number), row.digest, row.size, row.content_id) for row in rows]


def end_upload(connection: Connection, upload_id: int) -> None:
    """Forget an object that has arrived; its parts go, too."""
    connection.execute(delete(artifact_part).where(artifact_part.c.upload_id == upload_id))
    connection.execute(delete(artifact_upload).where(artifact_upload.c.id == upload_id))


def end_uploads(connection: Connection, artifact_id: int) -> None:
    """Forget all objects of an artifact that have not arrived whole."""
    here = select(artifact_upload.c.id).where(artifact_upload.c.artifact_id == artifact_id)
    connection.execute(delete(artifact_part).where(artifact_part.c.upload_id.in_(here)))
    connection.execute(delete(artifact_upload).where(artifact_upload.c.artifact_id == artifact_id))


def stretches_of(connection: Connection, content_id: int) -> list[tuple[int, int, int]]:
    """Return of a content, in order, the size, the object and where in it each stretch is."""
    table = content_part
    query = select(table.c.size, table.c.object_id, table.c.start).where(table.c.content_id == content_id)
    return [(row.size, row.object_id, row.start) for row in connection.execute(query.order_by(table.c.offset))]


def repos_below(connection: Connection, owner_id: int, path: str) -> list[str]:
    """Return the UUIDs of the repos at or below a path of an account's tree, by path."""
    query = select(folder.c.uid).where(folder.c.owner_id == owner_id, folder.c.type == "artifact", below(path))
    return list(connection.execute(query.where(folder.c.trashed_us.is_(None)).order_by(folder.c.path)).scalars())
