"""Journals: the bytes of files that only grow, their offsets, and the digests of their blocks.

Only this module and `chunks` know the layout of the bytes: old ones in chunks, rendered when read, and new ones in tail
rows after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Table, bindparam, delete, func, insert, or_, select, update

from aimd_server.stores.packing import RAW, Packed, pack, unpack
from aimd_server.stores.prepared import PreparedForList, PreparedStatement
from aimd_server.stores.schema import journal, journal_block, journal_chunk, journal_tail

_ROWS_AT_ONCE = 512
_SOON_BYTES = 256 << 10  # so much of a tail becomes columns at once, and is not worth compressing


class JournalRow(msgspec.Struct, frozen=True):
    """The state of a journal; offsets in bytes."""

    id: int
    trial_id: int
    file: str
    next_offset: int
    lines: int
    updated_us: int
    chunk_offset: int = 0
    chunk_lines: int = 0
    folded_offset: int = 0
    stale_us: int | None = None
    rest_offset: int | None = None
    rest_digest: str | None = None


# Built once, because building a statement costs more than running it.
_COLUMNS = [journal.c[name] for name in JournalRow.__struct_fields__]
_FILE = select(*_COLUMNS).where(journal.c.trial_id == bindparam("of_trial"), journal.c.file == bindparam("of_file"))
_OF_FILE, _OF_FILE_LOCKED = PreparedStatement(_FILE), PreparedStatement(_FILE.with_for_update())
_OF_TRIALS = PreparedForList(lambda ids: select(*_COLUMNS).where(journal.c.trial_id.in_(ids)).order_by(journal.c.file))
_OF_TRIALS_LOCKED = PreparedForList(
    lambda ids: (
        select(*_COLUMNS)
        .where(journal.c.trial_id.in_(ids))
        .order_by(journal.c.id)  # in the same order in every replica, so that deadlocks are rare
        .with_for_update()
    )
)


def _overlapping(table: Table) -> PreparedStatement:
    """Return the query for the rows of a table with bytes from `start` to before `end`."""
    start, end = bindparam("start", type_=BigInteger()), bindparam("end", type_=BigInteger())
    offset, mine = table.c.offset, table.c.journal_id == bindparam("of_journal")
    first = select(func.max(offset)).where(mine, offset <= start).scalar_subquery()
    return PreparedStatement(
        select(offset, table.c.size, table.c.codec, table.c.data)
        .where(mine, offset >= func.coalesce(first, start), offset < end)
        .where(offset + table.c.size > start)
        .order_by(offset)
    )


_BEFORE = (
    journal_tail.c.journal_id == bindparam("of_journal"),
    journal_tail.c.offset < bindparam("end", type_=BigInteger()),
)
_LAST_OFFSET = select(func.max(journal_tail.c.offset)).where(*_BEFORE).scalar_subquery()
_LAST_BEFORE = PreparedStatement(select(journal_tail).where(_BEFORE[0], journal_tail.c.offset == _LAST_OFFSET))
_REMOVE_BEFORE = PreparedStatement(delete(journal_tail).where(*_BEFORE))
_IN_CHUNKS, _IN_TAIL = _overlapping(journal_chunk), _overlapping(journal_tail)
_TAIL_COLUMNS: dict[str, Any] = {name: bindparam(name) for name in ("journal_id", "offset", "size", "codec", "data")}
_EXTEND = PreparedStatement(insert(journal_tail).values(_TAIL_COLUMNS))
_GROWN, _SETTLED = ("next_offset", "lines", "updated_us"), ("chunk_offset", "chunk_lines", "folded_offset", "stale_us")
_STALE = ("stale_us",)  # apart, because it is in an index


def _setting(names: tuple[str, ...]) -> PreparedStatement:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return PreparedStatement(update(journal).where(journal.c.id == bindparam("row_id")).values(values))


_SETTING: dict[tuple[str, ...], PreparedStatement] = {names: _setting(names) for names in (_GROWN, _STALE, _SETTLED)}


def of_trials(connection: Connection, trial_ids: Iterable[int]) -> dict[int, list[JournalRow]]:
    """Return the journals of each trial that has any."""
    rows_of: dict[int, list[JournalRow]] = {}
    for row in (JournalRow(*row) for row in _OF_TRIALS.rows(connection, list(trial_ids))):
        rows_of.setdefault(row.trial_id, []).append(row)
    return rows_of


def of_file(connection: Connection, trial_id: int, file: str, lock: bool = False) -> JournalRow | None:
    """Return a trial's journal by name; `lock` locks it until the transaction ends."""
    query = _OF_FILE_LOCKED if lock else _OF_FILE
    rows = query.rows(connection, {"of_trial": trial_id, "of_file": file})
    return JournalRow(*rows[0]) if rows else None


def by_id(connection: Connection, journal_id: int, lock: bool = False) -> JournalRow | None:
    """Return a journal; `lock` locks it until the transaction ends."""
    query = select(journal).where(journal.c.id == journal_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return JournalRow(**row._mapping) if row else None


def stale(connection: Connection, files: Sequence[str], before_us: int, limit: int, new: bool = False) -> list[int]:
    """Return the trials whose totals have been behind these files since before a time, the longest first.

    With `new`, also those that have no totals at all yet.
    """
    query = select(journal.c.trial_id).where(journal.c.stale_us.is_not(None), journal.c.file.in_(files))
    is_long = journal.c.stale_us <= before_us
    query = query.where(or_(is_long, journal.c.folded_offset == 0) if new else is_long)
    trial_ids = connection.execute(query.order_by(journal.c.stale_us, journal.c.trial_id).limit(limit)).scalars()
    return list(dict.fromkeys(trial_ids))


def put_rest(connection: Connection, journal_id: int, offset: int, digest: str) -> None:
    """Store the digest of what follows the last complete block, if the journal still ends at `offset`."""
    query = update(journal).where(journal.c.id == journal_id)
    connection.execute(query.values(rest_offset=offset, rest_digest=digest))


def add(connection: Connection, trial_id: int, file: str, now_us: int) -> JournalRow:
    """Create an empty journal and return it."""
    values: dict[str, Any] = dict.fromkeys((*_GROWN, *_SETTLED), 0) | {"updated_us": now_us, "stale_us": None}
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
    """Store bytes from each journal's `next_offset` on; `grow` then stores the new offsets."""
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


def grow(connection: Connection, *rows: JournalRow) -> None:
    """Store where journals end now."""
    _set(connection, _GROWN, rows)


def mark_stale(connection: Connection, *rows: JournalRow) -> None:
    """Store since when the totals have been behind journals."""
    _set(connection, _STALE, rows)


def settle(connection: Connection, *rows: JournalRow) -> None:
    """Store how much of journals is in chunks and in totals."""
    _set(connection, _SETTLED, rows)


def _set(connection: Connection, names: tuple[str, ...], rows: Iterable[JournalRow]) -> None:
    _SETTING[names].run(
        connection, [{"row_id": row.id, **{f"new_{name}": getattr(row, name) for name in names}} for row in rows]
    )


def read(connection: Connection, journal_id: int, start: int, end: int) -> bytes:
    """Return a journal's bytes from `start` to before `end`.

    Raises:
        ValueError, zlib.error: The stored bytes cannot be decompressed or rendered.
    """
    if start >= end:
        return b""
    pieces, between = [], {"of_journal": journal_id, "start": start, "end": end}
    for offset, _, codec, data in _IN_CHUNKS.rows(connection, between):
        from aimd_server.stores import chunks

        pieces.append(chunks.lines_of(connection, codec, data)[max(0, start - offset) : end - offset])
    for offset, size, codec, data in _IN_TAIL.rows(connection, between):
        pieces.append(unpack(codec, data, size)[max(0, start - offset) : end - offset])
    return b"".join(pieces)


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


def cut_tail(connection: Connection, journal_id: int, end: int, row_bytes: int) -> None:
    """Remove a journal's tail up to a byte.

    The rest of the row with that byte is kept, in rows of `row_bytes` at most: a part of 8 MiB is cut four times, and
    in one row all that is left of it would be written again each time.
    """
    cut = {"of_journal": journal_id, "end": end}
    last = next(iter(_LAST_BEFORE.rows(connection, cut)), None)
    _REMOVE_BEFORE.run(connection, [cut])
    if last is not None and last.offset + last.size > end:
        rest = unpack(last.codec, last.data, last.size)[end - last.offset :]
        is_soon_gone, rows = len(rest) > _SOON_BYTES, []
        for at in range(0, len(rest), row_bytes):
            piece = rest[at : at + row_bytes]
            packed = Packed(RAW, piece) if is_soon_gone else pack(piece)
            values = {"journal_id": journal_id, "offset": end + at, "size": len(piece)}
            rows.append({**values, "codec": packed.codec, "data": packed.data})
        _EXTEND.run(connection, rows)


def block_digests(connection: Connection, journal_id: int) -> list[bytes]:
    """Return the digests of a journal's complete blocks, in order."""
    query = select(journal_block.c.digest).where(journal_block.c.journal_id == journal_id)
    return list(connection.execute(query.order_by(journal_block.c.number)).scalars())


def add_block(connection: Connection, journal_id: int, number: int, digest: bytes) -> None:
    """Store the digest of a block that is complete now."""
    connection.execute(insert(journal_block).values(journal_id=journal_id, number=number, digest=digest))
