"""Contents: bytes by their SHA-256, in parts that are in objects, and who may refer to them.

An object is announced before it is stored, and a row refers to it afterwards; so a crash leaves an announced object
that nothing refers to, and never a row without its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Exists, delete, exists, func, insert, select, update

from aimd_server.stores.schema import (
    artifact,
    artifact_object,
    artifact_part,
    content,
    content_object,
    content_part,
    content_proof,
    content_upload,
    content_upload_part,
    folder,
    trial,
    trial_file,
    trial_media_object,
)
from aimd_server.stores.sealed import Objects

_AT_ONCE = 500  # parameters in a list
_TAKEN_IN = 16  # parts in memory at once


class ContentRow(msgspec.Struct, frozen=True):
    """A content without its bytes; `size` in bytes."""

    id: int
    digest: str
    size: int


class PartRow(msgspec.Struct, frozen=True):
    """A stretch of a content: `size` bytes of an object from `start` on, or, in a backup, the bytes themselves."""

    offset: int
    size: int
    key: str | None
    start: int
    data: bytes | None = None


class UploadRow(msgspec.Struct, frozen=True):
    """What has arrived of a content that an account is sending."""

    id: int
    digest: str
    size: int
    next_offset: int
    folder_id: int | None = None


_PART_COLUMNS = (
    content_part.c.offset,
    content_part.c.size,
    content_object.c.key,
    content_part.c.start,
    content_part.c.data,
)


def by_digest(connection: Connection, digests: Iterable[str]) -> dict[str, ContentRow]:
    """Return the contents with these digests, no matter who may refer to them."""
    rows: dict[str, ContentRow] = {}
    for some in _chunks(list(digests)):
        query = select(content.c.id, content.c.digest, content.c.size).where(content.c.digest.in_(some))
        rows |= {row.digest: ContentRow(*row) for row in connection.execute(query)}
    return rows


# What refers to contents, by the account that owns it: that account can read them, and so may refer to them again. A
# table that refers to contents has a query here, and its column in `_REFERRING`, which keeps them.
# They are asked for each digest, so that it does not matter how many files the account has.
def _held_by(account_id: int) -> list[Exists]:
    return [
        exists()
        .where(trial_file.c.content_id == content.c.id, trial.c.id == trial_file.c.trial_id)
        .where(trial.c.owner_id == account_id),
        exists()
        .where(trial_media_object.c.content_id == content.c.id, trial.c.id == trial_media_object.c.trial_id)
        .where(trial.c.owner_id == account_id),
        exists()
        .where(artifact_object.c.content_id == content.c.id, artifact.c.id == artifact_object.c.artifact_id)
        .where(folder.c.id == artifact.c.folder_id, folder.c.owner_id == account_id),
    ]


_REFERRING = (
    trial_file.c.content_id,
    trial_media_object.c.content_id,
    artifact_object.c.content_id,
    artifact_part.c.content_id,
    content_proof.c.content_id,
)


def claimable(
    connection: Connection, account_id: int, digests: Iterable[str], now_us: int, trial_id: int | None = None
) -> dict[str, ContentRow]:
    """Return those contents that an account may refer to: it has sent them, or owns something that refers to them.

    Args:
        connection: Open.
        account_id: The account.
        digests: Of contents.
        now_us: The time.
        trial_id: A trial that the account may change: what its files and media have counts, too.
    """
    rows: dict[str, ContentRow] = {}
    columns = (content.c.id, content.c.digest, content.c.size)
    proof = exists().where(content_proof.c.content_id == content.c.id, content_proof.c.account_id == account_id)
    sources = [proof.where(content_proof.c.until_us > now_us), *_held_by(account_id)]
    if trial_id is not None:
        for table in (trial_file, trial_media_object):
            sources.append(exists().where(table.c.content_id == content.c.id, table.c.trial_id == trial_id))
    for some in _chunks(list(digests)):
        left = some
        for source in sources:
            query = select(*columns).where(content.c.digest.in_(left), source)
            rows |= {row.digest: ContentRow(*row) for row in connection.execute(query)}
            left = [digest for digest in left if digest not in rows]
            if not left:
                break
    return rows


def parts_of(connection: Connection, content_id: int, digest: str, start: int, end: int) -> list[PartRow]:
    """Return the parts of a content that have bytes from `start` to before `end`, in order.

    None, if the id is that of another content by now: SQLite gives the id of a removed row again.
    """
    table = content_part
    query = (
        select(*_PART_COLUMNS)
        .join(content, content.c.id == table.c.content_id)
        .join(content_object, content_object.c.id == table.c.object_id, isouter=True)
        .where(table.c.content_id == content_id, table.c.offset < end, table.c.offset + table.c.size > start)
        .where(content.c.digest == digest)
    )
    return [PartRow(*row) for row in connection.execute(query.order_by(table.c.offset))]


def all_parts_of(connection: Connection, digest_of: Mapping[int, str]) -> dict[int, list[PartRow]]:
    """Return all parts of contents, in order, by their ids, as `parts_of`."""
    table = content_part
    parts: dict[int, list[PartRow]] = {}
    for some in _chunks(list(digest_of)):
        query = (
            select(content.c.id, content.c.digest, *_PART_COLUMNS)
            .join(content, content.c.id == table.c.content_id)
            .join(content_object, content_object.c.id == table.c.object_id, isouter=True)
            .where(table.c.content_id.in_(some))
            .order_by(content.c.id, table.c.offset)
        )
        for content_id, digest, *row in connection.execute(query):
            if digest == digest_of[content_id]:
                parts.setdefault(content_id, []).append(PartRow(*row))
    return parts


class WholePart(msgspec.Struct, frozen=True):
    """A stretch of a content that is all of an object: `size` bytes from `offset` on."""

    offset: int
    size: int
    key: str


def whole_parts_of(connection: Connection, content_id: int, digest: str, start: int, limit: int) -> list[WholePart]:
    """Return the parts of a content from the one with byte `start` on, in order, at most `limit`.

    None at all, if one of them is not the whole of its object: small contents of many people share an object.
    """
    table = content_part
    query = (
        select(table.c.offset, table.c.size, content_object.c.key, table.c.start, content_object.c.size)
        .join(content, content.c.id == table.c.content_id)
        .join(content_object, content_object.c.id == table.c.object_id, isouter=True)
        .where(table.c.content_id == content_id, table.c.offset + table.c.size > start, content.c.digest == digest)
    )
    parts = []
    for offset, size, key, first, object_size in connection.execute(query.order_by(table.c.offset).limit(limit)):
        if key is None or first != 0 or size != object_size:
            return []
        parts.append(WholePart(offset, size, key))
    return parts


def announce(connection: Connection, key: str, size: int, now_us: int) -> int:
    """Record an object that is about to be stored, and return its id."""
    made = insert(content_object).values(key=key, size=size, made_us=now_us).returning(content_object.c.id)
    return int(connection.execute(made).scalar_one())


def announced(connection: Connection, key: str) -> int | None:
    """Return the id of an object that was announced before."""
    return connection.execute(select(content_object.c.id).where(content_object.c.key == key)).scalar()


def prove(
    connection: Connection,
    account_id: int,
    content_ids: Iterable[int],
    until_us: int,
    folder_id: int | None = None,
) -> None:
    """Let an account refer to contents, all bytes of which it has sent, for a folder; None leaves that as it is."""
    table = content_proof
    ids = sorted(set(content_ids))
    for some in _chunks(ids):
        here = (table.c.account_id == account_id, table.c.content_id.in_(some))
        before = {}
        if folder_id is None:
            query = select(table.c.content_id, table.c.folder_id).where(*here)
            before = {row.content_id: row.folder_id for row in connection.execute(query)}
        connection.execute(delete(table).where(*here))
        rows = [
            {
                "account_id": account_id,
                "content_id": content_id,
                "until_us": until_us,
                "folder_id": before.get(content_id, folder_id),
            }
            for content_id in some
        ]
        connection.execute(insert(table), rows)


def settle(connection: Connection, account_id: int, content_ids: Iterable[int]) -> None:
    """Record that something refers to contents that an account has sent, so that they are not on their way any more."""
    table = content_proof
    for some in _chunks(sorted(set(content_ids))):
        here = (table.c.account_id == account_id, table.c.content_id.in_(some), table.c.folder_id.is_not(None))
        connection.execute(update(table).where(*here).values(folder_id=None))


def add(connection: Connection, digest: str, size: int, parts: Sequence[tuple[int, int, int, int]], now_us: int) -> int:
    """Add a content, unless it is there, and return its id.

    Args:
        connection: Open.
        digest: Its SHA-256.
        size: In bytes.
        parts: Offset, size, the id of an object, and where in it the bytes begin.
        now_us: The time.
    """
    row = connection.execute(select(content.c.id).where(content.c.digest == digest)).first()
    if row is not None:
        return int(row.id)
    made = insert(content).values(digest=digest, size=size, made_us=now_us).returning(content.c.id)
    content_id = int(connection.execute(made).scalar_one())
    rows = [
        {"content_id": content_id, "offset": offset, "size": length, "object_id": object_id, "start": start}
        for offset, length, object_id, start in parts
    ]
    if rows:
        connection.execute(insert(content_part), rows)
    return content_id


class WholeContent(msgspec.Struct, frozen=True):
    """A content that is a stretch of one object; one of no bytes needs none."""

    digest: str
    size: int
    object_id: int
    start: int


def add_all(connection: Connection, new: Sequence[WholeContent], now_us: int) -> None:
    """Add contents that are not there yet, in few statements."""
    if not new:
        return
    rows = [{"digest": row.digest, "size": row.size, "made_us": now_us} for row in new]
    connection.execute(insert(content), rows)
    ids = by_digest(connection, [row.digest for row in new])
    parts = [
        {
            "content_id": ids[row.digest].id,
            "offset": 0,
            "size": row.size,
            "object_id": row.object_id,
            "start": row.start,
        }
        for row in new
        if row.size
    ]
    if parts:
        connection.execute(insert(content_part), parts)


def upload_of(connection: Connection, account_id: int, digest: str, lock: bool = False) -> UploadRow | None:
    """Return what an account has sent of a content; `lock` locks it until the transaction ends."""
    table = content_upload
    query = select(table.c.id, table.c.digest, table.c.size, table.c.next_offset, table.c.folder_id)
    query = query.where(table.c.account_id == account_id, table.c.digest == digest)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return UploadRow(*row) if row else None


def offsets_of(connection: Connection, account_id: int, digests: Iterable[str]) -> dict[str, int]:
    """Return how many bytes an account has sent of contents that are not complete."""
    table = content_upload
    offsets: dict[str, int] = {}
    for some in _chunks(list(digests)):
        query = select(table.c.digest, table.c.next_offset)
        query = query.where(table.c.account_id == account_id, table.c.digest.in_(some))
        offsets |= {row.digest: int(row.next_offset) for row in connection.execute(query)}
    return offsets


def begin(connection: Connection, account_id: int, digest: str, size: int, now_us: int, folder_id: int) -> UploadRow:
    """Record that an account begins to send a content for a folder."""
    values = {"account_id": account_id, "digest": digest, "size": size, "next_offset": 0, "updated_us": now_us}
    made = insert(content_upload).values(**values, folder_id=folder_id).returning(content_upload.c.id)
    return UploadRow(int(connection.execute(made).scalar_one()), digest, size, 0, folder_id)


def extend(connection: Connection, upload: UploadRow, size: int, object_id: int, now_us: int) -> bool:
    """Record that the next bytes of a content are in an object; return False if others came first."""
    table = content_upload
    grown = update(table).where(table.c.id == upload.id, table.c.next_offset == upload.next_offset)
    if not connection.execute(grown.values(next_offset=upload.next_offset + size, updated_us=now_us)).rowcount:
        return False
    values = {"upload_id": upload.id, "offset": upload.next_offset, "size": size, "object_id": object_id}
    connection.execute(insert(content_upload_part).values(**values))
    connection.execute(update(content_object).where(content_object.c.id == object_id).values(size=size))
    return True


def upload_parts(connection: Connection, upload_id: int) -> list[tuple[int, int, int, str]]:
    """Return offset, size, id and key of the objects with what has arrived, in order."""
    table = content_upload_part
    query = select(table.c.offset, table.c.size, table.c.object_id, content_object.c.key)
    query = query.join(content_object, content_object.c.id == table.c.object_id)
    rows = connection.execute(query.where(table.c.upload_id == upload_id).order_by(table.c.offset))
    return [(row.offset, row.size, row.object_id, row.key) for row in rows]


def end(connection: Connection, upload_id: int) -> None:
    """Forget what was being sent; its bytes are referred to by then, or will be removed."""
    connection.execute(delete(content_upload_part).where(content_upload_part.c.upload_id == upload_id))
    connection.execute(delete(content_upload).where(content_upload.c.id == upload_id))


def forget_stale(connection: Connection, now_us: int, upload_before_us: int, limit: int) -> int:
    """Forget proofs that have expired, uploads that nobody goes on with, and contents that nothing refers to.

    Returns:
        The number of rows; 0 when there is nothing more.
    """
    expired = select(content_proof.c.content_id).where(content_proof.c.until_us <= now_us).limit(limit)
    gone = connection.execute(
        delete(content_proof).where(content_proof.c.until_us <= now_us, content_proof.c.content_id.in_(expired))
    ).rowcount
    old = select(content_upload.c.id).where(content_upload.c.updated_us < upload_before_us).limit(limit)
    for upload_id in list(connection.execute(old).scalars()):
        end(connection, upload_id)
        gone += 1
    unused = select(content.c.id).where(*(~exists().where(column == content.c.id) for column in _REFERRING))
    ids = list(connection.execute(unused.limit(limit)).scalars())
    if ids:
        connection.execute(delete(content_part).where(content_part.c.content_id.in_(ids)))
        connection.execute(delete(content).where(content.c.id.in_(ids)))
    return gone + len(ids)


def left_over(connection: Connection, before_us: int, limit: int) -> list[tuple[int, str]]:
    """Return id and key of objects announced before a time that nothing refers to."""
    table = content_object
    query = select(table.c.id, table.c.key).where(
        table.c.made_us < before_us,
        ~exists().where(content_part.c.object_id == table.c.id),
        ~exists().where(content_upload_part.c.object_id == table.c.id),
    )
    return [(row.id, row.key) for row in connection.execute(query.order_by(table.c.id).limit(limit))]


def forget_objects(connection: Connection, ids: Sequence[int]) -> None:
    """Forget objects that were deleted."""
    connection.execute(delete(content_object).where(content_object.c.id.in_(list(ids))))


def all_of(connection: Connection, after_id: int = 0, limit: int = 500) -> list[ContentRow]:
    """Return contents in the order of their ids."""
    query = select(content.c.id, content.c.digest, content.c.size).where(content.c.id > after_id)
    return [ContentRow(*row) for row in connection.execute(query.order_by(content.c.id).limit(limit))]


def totals(connection: Connection) -> tuple[int, int]:
    """Return the number of contents and of their bytes."""
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(content.c.size), 0)).select_from(content)
    ).one()
    return int(row[0]), int(row[1])


def take_all_in(connection: Connection, reader: Objects) -> None:
    """Move the bytes of all contents from objects into their rows, for a backup, which has nothing that is unfinished.

    Errors as `Objects.get_ranges`.
    """
    table = content_part
    query = (
        select(table.c.content_id, table.c.offset, table.c.size, table.c.start, content_object.c.key)
        .join(content_object, content_object.c.id == table.c.object_id)
        .limit(_TAKEN_IN)
    )
    while rows := connection.execute(query).all():
        for row in rows:
            (data,) = reader.get_ranges(row.key, [(row.start, row.start + row.size)])
            here = (table.c.content_id == row.content_id, table.c.offset == row.offset)
            connection.execute(update(table).where(*here).values(data=data, object_id=None, start=0))
    for left in (content_upload_part, content_upload, content_object):
        connection.execute(delete(left))


def _chunks(items: list[Any]) -> list[list[Any]]:
    return [items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE)]
