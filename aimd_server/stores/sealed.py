"""Columns and lines that have moved from their rows to an object: the references in the rows, and what moves next.

A row whose bytes are in an object has a reference instead: the object, and a range. What plots need of a whole chunk
stays in its row, so only zooming in reads objects.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from aimd_core.format.model import UNFINISHED
from aimd_server.stores.schema import journal, journal_chunk, sealed_object, series, series_chunk, trial, unsealed

MARK = b"\xff"  # of a reference, in the place of the codec
PREFIX = "sealed"
_AT_ONCE = 256
_STREAMED = 64  # rows in memory before it is known whether they go into the object


class Objects(Protocol):
    """Reads objects for a connection: the execution option `objects` of its engine."""

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return ranges of an object's bytes.

        Raises:
            ValueError: The object is missing or too short, so the data is damaged.
            StoreUnavailableError: The object store is unavailable.
            ObjectsNeededError: They would have to be fetched, and this is not the time.
        """
        ...


class ObjectsNeededError(Exception):
    """An operation in the writer needs bytes of an object: `fetch` them, then run it again."""

    def __init__(self, objects: Objects, key: str, ranges: Sequence[tuple[int, int]]) -> None:
        super().__init__(f"{len(ranges)} ranges of {key} are needed")
        self._wanted = (objects, key, ranges)

    def fetch(self) -> None:
        """Fetch the bytes into the cache. Errors as `Objects.get_ranges`."""
        objects, key, ranges = self._wanted
        objects.get_ranges(key, ranges)


class _Reference(msgspec.Struct, frozen=True, array_like=True):
    object: bytes
    start: int
    end: int


def key_of(object_id: bytes) -> str:
    """Return the key of an object by its 16 bytes."""
    return f"{PREFIX}/{object_id[:1].hex()}/{uuid.UUID(bytes=object_id)}"


def reference(object_id: bytes, start: int, end: int) -> bytes:
    """Return the reference to bytes in an object, from `start` to before `end`."""
    return MARK + msgspec.msgpack.encode(_Reference(object_id, start, end))


def opened(connection: Connection, contents: Sequence[bytes], objects: Objects | None = None) -> list[bytes]:
    """Return the bytes of rows, resolving references with one read per object.

    Args:
        connection: Its engine can read objects.
        contents: The content of the rows.
        objects: Reads objects, instead of the connection's.

    Raises:
        ValueError: A reference or its object is damaged.
        StoreUnavailableError, ObjectsNeededError: See Objects.
    """
    opened_contents = list(contents)
    references: dict[bytes, list[tuple[int, _Reference]]] = {}
    for position, content in enumerate(contents):
        if content[:1] == MARK:
            try:
                reference = msgspec.msgpack.decode(content[1:], type=_Reference)
                references.setdefault(reference.object, []).append((position, reference))
                key_of(reference.object)
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"damaged: a reference to an object cannot be read ({error})") from None
    for object_id, places in references.items():
        reader = objects or connection.get_execution_options().get("objects")
        if reader is None:
            raise ValueError("what is in objects cannot be read here")
        read = reader.get_ranges(key_of(object_id), [(reference.start, reference.end) for _, reference in places])
        for (position, _), content in zip(places, read, strict=True):
            opened_contents[position] = content
    return opened_contents


def mark(connection: Connection, journal_id: int, size_bytes: int) -> None:
    """Count bytes of a journal's rows that will go into an object some time."""
    values = {"of_journal": journal_id, "added": size_bytes}
    if not connection.execute(_COUNT, values).rowcount:
        connection.execute(insert(unsealed).values(journal_id=journal_id, size=size_bytes))


_COUNT = (
    update(unsealed)
    .where(unsealed.c.journal_id == bindparam("of_journal"))
    .values(size=unsealed.c.size + bindparam("added"))
)


class DueRow(NamedTuple):
    """A journal whose rows are due to go into an object, all of them if its trial has ended."""

    journal_id: int
    trial_id: int
    has_ended: bool
    size: int


def due(connection: Connection, large_bytes: int, after_id: int, limit: int) -> list[DueRow]:
    """Return journals of ended trials, and of running ones with at least `large_bytes`, by id."""
    has_ended = and_(trial.c.state.is_not(None), trial.c.state.not_in(UNFINISHED))
    query = (
        select(unsealed.c.journal_id, journal.c.trial_id, has_ended.label("has_ended"), unsealed.c.size)
        .join(journal, journal.c.id == unsealed.c.journal_id)
        .join(trial, trial.c.id == journal.c.trial_id)
        .where(unsealed.c.journal_id > after_id, or_(has_ended, unsealed.c.size >= large_bytes))
    )
    rows = connection.execute(query.order_by(unsealed.c.journal_id).limit(limit))
    return [DueRow(row.journal_id, row.trial_id, bool(row.has_ended), row.size) for row in rows]


def _in_rows(table: Table) -> ColumnElement[bool]:
    return func.substr(table.c.data, 1, 1, type_=LargeBinary) != literal(MARK, LargeBinary)


Key = tuple[Any, ...]  # the primary key of a row


def lines_in_rows(connection: Connection, journal_id: int, end: int, bounds: Bounds) -> list[tuple[Key, bytes]]:
    """Return keys and bytes of the first journal chunks, up to a byte, that are not in an object."""
    table = journal_chunk
    query = select(table.c.offset, table.c.data).where(
        table.c.journal_id == journal_id, table.c.offset + table.c.size <= end, _in_rows(table)
    )
    with connection.execute(query.order_by(table.c.offset).execution_options(yield_per=_STREAMED)) as rows:
        return bounds.cut(((journal_id, row.offset), row.data) for row in rows)


def columns_in_rows(connection: Connection, trial_id: int, newest: int, bounds: Bounds) -> list[tuple[Key, bytes]]:
    """Return the first series chunks that are not in an object, except each series' newest rows."""
    table = series_chunk
    key = [table.c[name] for name in ("series_id", "kind", "name", "first")]
    query = (
        select(*key, table.c.data)
        .join(series, series.c.id == table.c.series_id)
        .where(series.c.trial_id == trial_id, table.c.first + table.c.rows <= series.c.rows - newest, _in_rows(table))
    )
    with connection.execute(query.order_by(table.c.first, *key[:3]).execution_options(yield_per=_STREAMED)) as rows:
        return bounds.cut((tuple(row[:4]), row.data) for row in rows)


class Bounds(NamedTuple):
    """Limits of an object."""

    rows: int
    size_bytes: int

    def cut(self, rows: Iterable[tuple[Key, bytes]]) -> list[tuple[Key, bytes]]:
        """Return as many first rows as fit together, at least one."""
        cells: list[tuple[Key, bytes]] = []
        total = 0
        for row in rows:
            total += len(row[1])
            if cells and (total > self.size_bytes or len(cells) == self.rows):
                break
            cells.append(row)
        return cells


class Sealing(NamedTuple):
    """An object, and the rows whose bytes it has."""

    object_id: bytes
    lines: list[tuple[Key, bytes]]
    columns: list[tuple[Key, bytes]]


def seal(connection: Connection, journal_id: int, sealing: Sealing, since_us: int) -> bool:
    """Replace rows' bytes with references to the announced object; return False if it is too late.

    The caller holds the journal's lock, so nobody else seals its rows.

    Args:
        connection: Open.
        journal_id: The journal.
        sealing: The object, and the rows whose bytes it has.
        since_us: Objects that were announced before that may be about to be removed.
    """
    if not (
        _are_in_rows(connection, journal_chunk, sealing.lines)
        and _are_in_rows(connection, series_chunk, sealing.columns)
    ):
        return False
    announced = update(sealed_object).where(
        sealed_object.c.key == key_of(sealing.object_id),
        sealed_object.c.journal_id.is_(None),
        sealed_object.c.sealed_us >= since_us,
    )
    if not connection.execute(announced.values(journal_id=journal_id)).rowcount:
        return False
    start = 0
    for table, rows in ((journal_chunk, sealing.lines), (series_chunk, sealing.columns)):
        changed = []
        for key, content in rows:
            end = start + len(content)
            changed.append({**_at(key), "new_data": reference(sealing.object_id, start, end)})
            start = end
        if changed:
            connection.execute(_PUT[table.name], changed)
    return True


def _at(key: Key) -> dict[str, Any]:
    return {f"key{number}": part for number, part in enumerate(key)}


def _is_at(table: Table) -> ColumnElement[bool]:
    return and_(*(column == bindparam(f"key{number}") for number, column in enumerate(table.primary_key.columns)))


_PUT = {
    table.name: update(table).where(_is_at(table)).values(data=bindparam("new_data"))
    for table in (journal_chunk, series_chunk)
}
_IS_IN_ROW = {
    table.name: select(literal(1)).where(_is_at(table), _in_rows(table)) for table in (journal_chunk, series_chunk)
}


def _are_in_rows(connection: Connection, table: Table, rows: list[tuple[Key, bytes]]) -> bool:
    """Tell whether rows still have their bytes; the first and the last tell for all, as nothing else changes them."""
    ends = [rows[0], rows[-1]] if rows else []
    return all(connection.execute(_IS_IN_ROW[table.name], _at(key)).first() is not None for key, _ in ends)


def count_down(connection: Connection, journal_id: int, size_bytes: int, is_all: bool) -> None:
    """Subtract bytes that are now in an object; if none remain, forget the journal until it grows."""
    if is_all:
        connection.execute(delete(unsealed).where(unsealed.c.journal_id == journal_id))
    else:
        connection.execute(_COUNT, {"of_journal": journal_id, "added": -size_bytes})


class ObjectRow(NamedTuple):
    """An object that rows refer to."""

    id: int
    journal_id: int
    trial: str
    key: str
    size: int
    digest: str


def objects(connection: Connection, after_id: int = 0, limit: int = 1000) -> list[ObjectRow]:
    """Return objects that rows refer to, in the order of their ids."""
    columns = [sealed_object.c[name] for name in ("id", "journal_id", "key", "size", "digest")]
    query = (
        select(*columns, trial.c.uid.label("trial"))
        .join(journal, journal.c.id == sealed_object.c.journal_id)
        .join(trial, trial.c.id == journal.c.trial_id)
        .where(sealed_object.c.id > after_id)
    )
    return [ObjectRow(**row._mapping) for row in connection.execute(query.order_by(sealed_object.c.id).limit(limit))]


def announce(connection: Connection, object_id: bytes, content: bytes, now_us: int) -> None:
    """Record an object that is about to be stored, so that it can be found if it gets no references."""
    values = {"key": key_of(object_id), "size": len(content), "digest": hashlib.sha256(content).hexdigest()}
    connection.execute(insert(sealed_object).values(**values, sealed_us=now_us))


def left_over(connection: Connection, before_us: int, limit: int) -> list[str]:
    """Return the keys of objects that were announced before a time and have no references (anymore)."""
    query = select(sealed_object.c.key).where(
        sealed_object.c.journal_id.is_(None), sealed_object.c.sealed_us < before_us
    )
    return list(connection.execute(query.order_by(sealed_object.c.id).limit(limit)).scalars())


def forget(connection: Connection, keys: list[str]) -> None:
    """Forget deleted objects."""
    query = delete(sealed_object).where(sealed_object.c.key.in_(keys), sealed_object.c.journal_id.is_(None))
    connection.execute(query)


def unseal(connection: Connection, reader: Objects) -> int:
    """Move the bytes of all objects back into their rows, and return the number of objects. Errors as `opened`."""
    for table in (journal_chunk, series_chunk):
        query = select(*table.primary_key.columns, table.c.data).where(~_in_rows(table)).limit(_AT_ONCE)
        while rows := connection.execute(query).all():
            contents = opened(connection, [row.data for row in rows], reader)
            changed = [
                {**_at(tuple(row[:-1])), "new_data": content} for row, content in zip(rows, contents, strict=True)
            ]
            connection.execute(_PUT[table.name], changed)
    count = connection.execute(delete(sealed_object)).rowcount
    connection.execute(delete(unsealed))
    chunked = select(journal.c.id, journal.c.chunk_offset).where(journal.c.chunk_offset > 0)
    connection.execute(insert(unsealed).from_select(["journal_id", "size"], chunked))
    return count
