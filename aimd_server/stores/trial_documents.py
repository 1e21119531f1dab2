"""Small files of a trial that are replaced whole: their compressed bytes and their digests."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from aimd_server.stores.packing import pack, unpack
from aimd_server.stores.schema import trial_document as table


class DocumentRow(msgspec.Struct, frozen=True):
    """What is known of a document without its bytes; `size` in bytes."""

    trial_id: int
    file: str
    size: int
    digest: str
    updated_us: int


_COLUMNS = (table.c.trial_id, table.c.file, table.c.size, table.c.digest, table.c.updated_us)
# Built once, because building a statement costs more than running it.
_OF_TRIAL = select(*_COLUMNS).where(table.c.trial_id == bindparam("of_trial")).order_by(table.c.file)
_REMOVE = delete(table).where(table.c.trial_id == bindparam("of_trial"), table.c.file == bindparam("of_file"))
_ADD = insert(table)


def of_trial(connection: Connection, trial_id: int) -> list[DocumentRow]:
    """Return the documents of a trial."""
    rows = connection.execute(_OF_TRIAL, {"of_trial": trial_id})
    return [DocumentRow(*row) for row in rows]


def of_trials(connection: Connection, trial_ids: Iterable[int]) -> dict[int, list[DocumentRow]]:
    """Return the documents of each trial that has any."""
    rows_of: dict[int, list[DocumentRow]] = {}
    for row in connection.execute(select(*_COLUMNS).where(table.c.trial_id.in_(list(trial_ids)))):
        rows_of.setdefault(row.trial_id, []).append(DocumentRow(*row))
    return rows_of


def content(connection: Connection, trial_id: int, file: str) -> bytes | None:
    """Return a document's bytes, or None."""
    query = select(table.c.codec, table.c.data).where(table.c.trial_id == trial_id, table.c.file == file)
    row = connection.execute(query).first()
    return unpack(row.codec, row.data) if row else None


def remove(connection: Connection, trial_id: int, file: str) -> None:
    """Remove a document; a missing one is fine."""
    connection.execute(_REMOVE, {"of_trial": trial_id, "of_file": file})


def put(connection: Connection, trial_id: int, file: str, content: bytes, digest: str, now_us: int) -> None:
    """Replace a document with `content`."""
    remove(connection, trial_id, file)
    add(connection, trial_id, {file: (content, digest)}, now_us)


def add(connection: Connection, trial_id: int, documents: dict[str, tuple[bytes, str]], now_us: int) -> None:
    """Add documents with new names, each as content and digest."""
    rows = []
    for file, (body, digest) in documents.items():
        packed = pack(body)
        row = {"trial_id": trial_id, "file": file, "size": len(body), "digest": digest, "updated_us": now_us}
        rows.append({**row, "codec": packed.codec, "data": packed.data})
    if rows:
        connection.execute(_ADD, rows)
