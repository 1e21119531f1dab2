"""Journals: the bytes of files that only grow, where they stand, and the digests of their blocks.

Nothing outside this module knows how the bytes lie; column chunks can take the place of old tail rows.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from aimd_server.stores.packing import Packed, unpack
from aimd_server.stores.schema import journal, journal_block, journal_tail

_ROWS_AT_ONCE = 512


class JournalRow(msgspec.Struct, frozen=True):
    """Where a journal stands; offsets in bytes."""

    id: int
    trial_id: int
    file: str
    next_offset: int
    parsed_offset: int
    records: int
    damaged: int
    updated_us: int


# Built once: putting a statement together costs more than running it.
_OF_FILE = select(journal).where(journal.c.trial_id == bindparam("of_trial"), journal.c.file == bindparam("of_file"))
_OF_FILE_LOCKED = _OF_FILE.with_for_update()
_EXTEND = insert(journal_tail)
_STANDING = ("next_offset", "parsed_offset", "records", "damaged", "updated_us")
_ADVANCE = update(journal).where(journal.c.id == bindparam("row_id")).values({c: bindparam(c) for c in _STANDING})


def of_trials(connection: Connection, trial_ids: Iterable[int]) -> dict[int, list[JournalRow]]:
    """Return the journals of each trial that has any."""
    found: dict[int, list[JournalRow]] = {}
    query = select(journal).where(journal.c.trial_id.in_(list(trial_ids))).order_by(journal.c.file)
    for row in connection.execute(query):
        found.setdefault(row.trial_id, []).append(JournalRow(**row._mapping))
    return found


def of_file(connection: Connection, trial_id: int, file: str, lock: bool = False) -> JournalRow | None:
    """Return a trial's journal of that name; `lock` it against other writers until the transaction ends."""
    values = {"of_trial": trial_id, "of_file": file}
    row = connection.execute(_OF_FILE_LOCKED if lock else _OF_FILE, values).first()
    return JournalRow(**row._mapping) if row else None


def add(connection: Connection, trial_id: int, file: str, now_us: int) -> JournalRow:
    """Make an empty journal and return it."""
    values = {"next_offset": 0, "parsed_offset": 0, "records": 0, "damaged": 0, "updated_us": now_us}
    query = insert(journal).values(trial_id=trial_id, file=file, **values).returning(journal.c.id)
    return JournalRow(id=int(connection.execute(query).scalar_one()), trial_id=trial_id, file=file, **values)


def extend(connection: Connection, row: JournalRow, size_bytes: int, packed: Packed) -> None:
    """Keep `size_bytes` bytes from the journal's `next_offset` on. `advance` says the new offset."""
    values = {"journal_id": row.id, "offset": row.next_offset, "size": size_bytes}
    connection.execute(_EXTEND, {**values, "codec": packed.codec, "data": packed.data})


def advance(connection: Connection, row: JournalRow) -> None:
    """Write down where a journal stands."""
    connection.execute(_ADVANCE, {"row_id": row.id, **{name: getattr(row, name) for name in _STANDING}})


def read(connection: Connection, journal_id: int, start: int, end: int) -> bytes:
    """Return a journal's bytes from `start` to before `end`."""
    if start >= end:
        return b""
    offset = journal_tail.c.offset
    mine = journal_tail.c.journal_id == journal_id
    first = connection.execute(select(func.max(offset)).where(mine, offset <= start)).scalar()
    query = select(journal_tail).where(mine, offset >= first, offset < end).order_by(offset)
    pieces = []
    for row in connection.execute(query):
        pieces.append(unpack(row.codec, row.data)[max(0, start - row.offset) : end - row.offset])
    return b"".join(pieces)


def piece_end(connection: Connection, journal_id: int, start: int, end: int, least_bytes: int) -> int:
    """Return where to end a read that begins at `start`: behind a row, with `least_bytes` if few hold them."""
    offset, size = journal_tail.c.offset, journal_tail.c.size
    mine = journal_tail.c.journal_id == journal_id
    query = select(offset + size).where(mine, offset + size > start, offset < end)
    reached = start
    for reached in connection.execute(query.order_by(offset).limit(_ROWS_AT_ONCE)).scalars():
        if reached >= start + least_bytes:
            break
    return min(end, reached)


def block_digests(connection: Connection, journal_id: int) -> list[bytes]:
    """Return the digests of a journal's complete blocks, in order."""
    query = select(journal_block.c.digest).where(journal_block.c.journal_id == journal_id)
    return list(connection.execute(query.order_by(journal_block.c.number)).scalars())


def add_block(connection: Connection, journal_id: int, number: int, digest: bytes) -> None:
    """Keep the digest of a block that is complete now."""
    connection.execute(insert(journal_block).values(journal_id=journal_id, number=number, digest=digest))
