"""Journals: the bytes of files that only grow, their offsets, and the digests of their blocks.

Only this module and `chunks` know the layout of the bytes: old ones in chunks, rendered when read, and new ones in tail
rows after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, bindparam, delete, func, insert, select, update

from aimd_server.stores.packing import Packed, pack, unpack
from aimd_server.stores.prepared import PreparedForList, PreparedStatement
from aimd_server.stores.schema import journal, journal_block, journal_chunk, journal_tail

_ROWS_AT_ONCE = 512


class JournalRow(msgspec.Struct, frozen=True):
    """The state of a journal; offsets in bytes."""

    id: int
    trial_id: int
    file: str
    next_offset: int
    parsed_offset: int
    records: int
    damaged: int
    updated_us: int
    chunk_offset: int = 0
    chunk_records: int = 0
    rest_offset: int | None = None
    rest_digest: str | None = None


# Built once, because building a statement costs more than running it.
_OF_FILE = select(journal).where(journal.c.trial_id == bindparam("of_trial"), journal.c.file == bindparam("of_file"))
_OF_FILE_LOCKED = _OF_FILE.with_for_update()
_COLUMNS = [journal.c[name] for name in JournalRow.__struct_fields__]
_OF_TRIALS_LOCKED = PreparedForList(
    lambda ids: (
        select(*_COLUMNS)
        .where(journal.c.trial_id.in_(ids))
        .order_by(journal.c.id)  # in the same order in every replica, so that deadlocks are rare
        .with_for_update()
    )
)
_TAIL_COLUMNS: dict[str, Any] = {name: bindparam(name) for name in ("journal_id", "offset", "size", "codec", "data")}
_EXTEND = PreparedStatement(insert(journal_tail).values(_TAIL_COLUMNS))
_STANDING = ("next_offset", "parsed_offset", "records", "damaged", "updated_us", "chunk_offset", "chunk_records")
_ADVANCE = PreparedStatement(
    update(journal).where(journal.c.id == bindparam("row_id")).values({c: bindparam(f"new_{c}") for c in _STANDING})
)


def of_trials(connection: Connection, trial_ids: Iterable[int]) -> dict[int, list[JournalRow]]:
    """Return the journals of each trial that has any."""
    found: dict[int, list[JournalRow]] = {}
    query = select(journal).where(journal.c.trial_id.in_(list(trial_ids))).order_by(journal.c.file)
    for row in connection.execute(query):
        found.setdefault(row.trial_id, []).append(JournalRow(**row._mapping))
    return found


def of_file(connection: Connection, trial_id: int, file: str, lock: bool = False) -> JournalRow | None:
    """Return a trial's journal by name; `lock` locks it until the transaction ends."""
    values = {"of_trial": trial_id, "of_file": file}
    row = connection.execute(_OF_FILE_LOCKED if lock else _OF_FILE, values).first()
    return JournalRow(**row._mapping) if row else None


def by_id(connection: Connection, journal_id: int, lock: bool = False) -> JournalRow | None:
    """Return a journal; `lock` locks it until the transaction ends."""
    query = select(journal).where(journal.c.id == journal_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return JournalRow(**row._mapping) if row else None


def behind(connection: Connection, file: str) -> list[int]:
    """Return the trials of whose journals of that name something was not taken in yet."""
    query = select(journal.c.trial_id).where(journal.c.file == file, journal.c.parsed_offset < journal.c.next_offset)
    return list(connection.execute(query).scalars())


def put_rest(connection: Connection, journal_id: int, offset: int, digest: str) -> None:
    """Store the digest of what follows the last complete block, if the journal still ends at `offset`."""
    query = update(journal).where(journal.c.id == journal_id)
    connection.execute(query.values(rest_offset=offset, rest_digest=digest))


def add(connection: Connection, trial_id: int, file: str, now_us: int) -> JournalRow:
    """Create an empty journal and return it."""
    values: dict[str, Any] = dict.fromkeys(_STANDING, 0) | {"updated_us": now_us}
    query = insert(journal).values(trial_id=trial_id, file=file, **values).returning(journal.c.id)
    made_id = int(connection.execute(query).scalar_one())
    return JournalRow(id=made_id, trial_id=trial_id, file=file, **values)


def locked(connection: Connection, trial_ids: list[int]) -> dict[tuple[int, str], JournalRow]:
    """Return the journals of trials by (trial, file), locked until the transaction ends."""
    rows = [JournalRow(*row) for row in _OF_TRIALS_LOCKED.rows(connection, trial_ids)]
    return {(row.trial_id, row.file): row for row in rows}


class Part(msgspec.Struct, frozen=True):
    """Bytes at the end of a journal, as stored."""

    journal_id: int
    offset: int
    size: int
    packed: Packed


def extend(connection: Connection, *parts: Part) -> None:
    """Store bytes from each journal's `next_offset` on; `advance` then stores the new offsets."""
    rows = [
        {
            "journal_id": part.journal_id,
            "offset": part.offset,
            "size": part.size,
            "codec": part.packed.codec,
            "data": part.packed.data,
        }
        for part in parts
    ]
    _EXTEND.run(connection, rows)


def advance(connection: Connection, *rows: JournalRow) -> None:
    """Store the state of journals."""
    _ADVANCE.run(
        connection, [{"row_id": row.id, **{f"new_{name}": getattr(row, name) for name in _STANDING}} for row in rows]
    )


def read(connection: Connection, journal_id: int, start: int, end: int) -> bytes:
    """Return a journal's bytes from `start` to before `end`.

    Raises:
        ValueError, zlib.error: The stored bytes cannot be decompressed or rendered.
    """
    if start >= end:
        return b""
    pieces = []
    for row in connection.execute(_overlapping(journal_chunk, journal_id, start, end)):
        from aimd_server.stores import chunks

        pieces.append(chunks.lines_of(connection, row.codec, row.data)[max(0, start - row.offset) : end - row.offset])
    for row in connection.execute(_overlapping(journal_tail, journal_id, start, end)):
        pieces.append(unpack(row.codec, row.data)[max(0, start - row.offset) : end - row.offset])
    return b"".join(pieces)


def _overlapping(table: Table, journal_id: int, start: int, end: int) -> Select[Any]:
    """Return the query for the rows of a table with bytes from `start` to before `end`."""
    offset, mine = table.c.offset, table.c.journal_id == journal_id
    first = select(func.max(offset)).where(mine, offset <= start).scalar_subquery()
    return (
        select(table)
        .where(mine, offset >= func.coalesce(first, start), offset < end)
        .where(offset + table.c.size > start)
        .order_by(offset)
    )


def piece_end(connection: Connection, journal_id: int, start: int, end: int, least_bytes: int) -> int:
    """Return where to end a read that begins at `start`: after a row, with about `least_bytes`."""
    reached: int = start
    for table in (journal_chunk, journal_tail):
        offset, size = table.c.offset, table.c.size
        mine = table.c.journal_id == journal_id
        query = select(offset + size).where(mine, offset + size > start, offset < end)
        for reached in connection.execute(query.order_by(offset).limit(_ROWS_AT_ONCE)).scalars():
            if reached >= start + least_bytes:
                return min(end, reached)
    return min(end, reached)


def cut_tail(connection: Connection, journal_id: int, end: int) -> None:
    """Remove a journal's tail up to a byte, keeping the rest of the row with that byte."""
    mine, offset = journal_tail.c.journal_id == journal_id, journal_tail.c.offset
    last = connection.execute(select(journal_tail).where(mine, offset < end).order_by(offset.desc()).limit(1)).first()
    connection.execute(delete(journal_tail).where(mine, offset < end))
    if last is not None and last.offset + last.size > end:
        rest = unpack(last.codec, last.data)[end - last.offset :]
        packed = pack(rest)
        values = {"journal_id": journal_id, "offset": end, "size": len(rest)}
        _EXTEND.run(connection, [{**values, "codec": packed.codec, "data": packed.data}])


def block_digests(connection: Connection, journal_id: int) -> list[bytes]:
    """Return the digests of a journal's complete blocks, in order."""
    query = select(journal_block.c.digest).where(journal_block.c.journal_id == journal_id)
    return list(connection.execute(query.order_by(journal_block.c.number)).scalars())


def add_block(connection: Connection, journal_id: int, number: int, digest: bytes) -> None:
    """Store the digest of a block that is complete now."""
    connection.execute(insert(journal_block).values(journal_id=journal_id, number=number, digest=digest))
