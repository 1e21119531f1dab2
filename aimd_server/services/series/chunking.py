"""From tail to chunks: turns the lines in a journal's tail into columns.

A large part of a file is read into spans before its transaction, which then stores them. Otherwise the tail grows until
it has enough, and the last append turns it into spans after its commit: read and built outside the writer, then stored
by a second transaction, unless somebody else did so in the meantime. If the server ends between the two, the lines are
still in the tail, from which they are also read, and the next append continues.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from aimd_server.stores import journals
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.writer import StoreUnavailableError

if TYPE_CHECKING:
    from aimd_server.columns.spans import Span

_STEP_BYTES = 8 << 20
_busy: set[tuple[int, int]] = set()  # the journals that a thread of this process is working on
_lock = threading.Lock()
_building = threading.Lock()  # of spans: it takes memory, and two at once only slow each other down
log = logging.getLogger("aimd_server")


class ColumnLimits(NamedTuple):
    """How much becomes columns, and when.

    Attributes:
        due_records: A tail with this many records is due.
        due_bytes: A tail of this many bytes is due.
        large_bytes: From this size on a part is read into spans before its transaction.
        lines: The most lines of a span.
        span_bytes: The most bytes of a span; one line alone may be longer.
    """

    due_records: int = 4096
    due_bytes: int = 4 << 20
    large_bytes: int = 256 << 10
    lines: int = 4096
    span_bytes: int = 2 << 20


LIMITS = ColumnLimits()


class Prepared(msgspec.Struct):
    """A large part of a journal, read before its transaction.

    Attributes:
        begin: Where its first complete line begins.
        end: Where the last span ends; the rest is tail.
        spans: Those between.
    """

    begin: int
    end: int
    spans: list[Span]


def prepare(content: bytes, offset: int, limits: ColumnLimits) -> Prepared | None:
    """Read a large part of a journal into spans; None if it has something that only the slow way can read."""
    with _building:
        return _prepared(content, content.find(b"\n") + 1 if offset else 0, limits)


def _prepared(content: bytes, begin: int, limits: ColumnLimits) -> Prepared | None:
    from aimd_server.columns import spans

    end = content.rfind(b"\n") + 1
    prepared = Prepared(begin, begin, [])
    for lines in spans.split(content[begin:end], limits.lines, limits.span_bytes):
        if prepared.spans and lines.count(b"\n") < limits.lines // 2 and prepared.end + len(lines) == end:
            break  # too few for a chunk: tail
        span = spans.build(lines)
        if span.recipe is None or not _has_plain_steps(span) or _spells_a_metric_twice(span):
            return None
        prepared.spans.append(span)
        prepared.end += len(lines)
    return prepared if prepared.spans else None


def _has_plain_steps(span: Span) -> bool:
    """Tell whether every step is a whole number or none, so that totals can be made from columns."""
    shapes = span.recipe.shapes if span.recipe else []
    return all(kind in ("int", "null") for shape in shapes for name, kind in shape.places if name == "step")


def _spells_a_metric_twice(span: Span) -> bool:
    """Tell whether two types have the same metric, so that columns do not tell in which order it was written."""
    names = [f"{chunk.type}.{name}" for chunk in span.chunks for name in chunk.columns]
    return len(span.chunks) > 1 and len(set(names)) < len(names)


def keep(connection: Connection, row: JournalRow, spans: list[Span]) -> JournalRow:
    """Store spans after a journal's chunks and return its new row, which `journals.advance` stores."""
    from aimd_server.stores import chunks

    offset, records = row.chunk_offset, row.chunk_records
    for span in spans:
        chunks.put(connection, row.trial_id, row.id, offset, span)
        offset += span.size
        records += sum(chunk.rows for chunk in span.chunks)
    return msgspec.structs.replace(row, chunk_offset=offset, chunk_records=records)


def is_due(row: JournalRow, limits: ColumnLimits) -> bool:
    """Tell whether a journal's tail has enough for chunks."""
    waiting = row.parsed_offset - row.chunk_offset
    return row.records - row.chunk_records >= limits.due_records or waiting >= limits.due_bytes


def chunk_tail(database: Database, trial_id: int, file: str, limits: ColumnLimits | None = None) -> None:
    """Turn the complete lines of a tail into chunks, if due; a fault is logged and leaves the tail."""
    key = (id(database), trial_id)
    with _lock:
        if key in _busy:
            return
        _busy.add(key)
    try:
        while _step(database, trial_id, file, limits or LIMITS):
            pass
    except StoreUnavailableError as error:  # the next append will try again
        log.warning("could not turn a tail into chunks: %s", error)
    except Exception:
        log.exception("a tail cannot be turned into chunks; it is kept as it is")
    finally:
        with _lock:
            _busy.discard(key)


def _step(database: Database, trial_id: int, file: str, limits: ColumnLimits) -> bool:
    """Turn a stretch of a tail into chunks; tell whether there may be more to do."""

    def read(connection: Connection) -> tuple[JournalRow, bytes] | None:
        row = journals.of_file(connection, trial_id, file)
        if row is None or not is_due(row, limits):
            return None
        end = min(row.parsed_offset, row.chunk_offset + _STEP_BYTES)
        lines = journals.read(connection, row.id, row.chunk_offset, end)
        if not lines.endswith(b"\n"):  # cut within a line, which may be longer than a step
            end = row.parsed_offset if b"\n" not in lines else row.chunk_offset + lines.rfind(b"\n") + 1
            lines = journals.read(connection, row.id, row.chunk_offset, end)
        return row, lines

    found = database.read(read)
    if found is None:
        return False
    seen, lines = found
    from aimd_server.columns import spans

    parts = list(spans.split(lines, limits.lines, limits.span_bytes))
    if not parts:
        return False
    if len(parts) > 1 and parts[-1].count(b"\n") < limits.lines // 2:
        parts.pop()  # too few for a chunk
    with _building:
        built = [spans.build(part) for part in parts]

    def write(connection: Connection) -> bool:
        row = journals.of_file(connection, trial_id, file, lock=True)
        if row is None or row.id != seen.id or row.chunk_offset != seen.chunk_offset:
            return False
        row = keep(connection, row, built)
        if row.chunk_offset == row.parsed_offset:
            row = msgspec.structs.replace(row, chunk_records=row.records)  # whatever counted as a record
        journals.cut_tail(connection, row.id, row.chunk_offset)
        journals.advance(connection, row)
        return is_due(row, limits)

    return database.write(write)
