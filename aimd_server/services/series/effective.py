"""Which points of a trial count: those not superseded according to its `segments` file.

Bytes are stored as they come. Once a trial has gone back to an earlier step, its totals are made anew from its journal
(`folding`), and its plots from the points that count (`stores.chunk_points`). All other trials pay nothing for this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aimd_core.format.journal import OPEN_LINE_BYTES, whole_bytes
from aimd_core.format.segments import MAX_BYTES, Segments, parse_segments
from aimd_core.language import said
from aimd_server.services.files import SEGMENTS
from aimd_server.services.request_errors import invalid
from aimd_server.stores import journals
from aimd_server.stores.database import Connection
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.work import check

_STRETCH_BYTES = 2 << 20
_BLANK_LINES = re.compile(rb"\n{2,}")


def segments_of(connection: Connection, trial_id: int) -> Segments:
    """Return the content of a trial's `segments` file."""
    row = journals.of_file(connection, trial_id, SEGMENTS)
    return Segments() if row is None else read_segments(connection, row)


def read_segments(connection: Connection, row: JournalRow) -> Segments:
    """Return the content of a `segments` file by its row."""
    return parse_segments(journals.read(connection, row.id, 0, min(row.next_offset, MAX_BYTES)))


def told(connection: Connection, rows: Iterable[JournalRow]) -> list[dict[str, object]]:
    """Return what the `segments` file says, if it is one of these journals of a trial, as the API shows it."""
    return next((read_segments(connection, row).documents() for row in rows if row.file == SEGMENTS), [])


def check_size(row: JournalRow, size_bytes: int) -> None:
    """Refuse a `segments` file that is larger than any real one, because every append reads it.

    Raises:
        RefusalError: `invalid`.
    """
    if row.next_offset + size_bytes > MAX_BYTES:
        raise invalid(said("a segments file has at most {limit} bytes", limit=MAX_BYTES), field="file", limit=MAX_BYTES)


def stretches(
    connection: Connection, row: JournalRow, segments: Segments, start: int = 0
) -> Iterator[tuple[bytes, int]]:
    """Yield what is complete of a journal, from the end of a record on, in batches, with superseded lines blank.

    Whole records are complete before their line is, as for a local journal (`read_records`). Each batch comes with the
    byte of the journal at which it ends.
    """
    rest = b""
    reached = start
    while reached < row.next_offset:
        check()
        end = row.next_offset
        if end - reached > _STRETCH_BYTES:
            end = journals.piece_end(connection, row.id, reached, end, _STRETCH_BYTES)
        content = rest + journals.read(connection, row.id, reached, end)
        cut = content.rfind(b"\n") + 1
        if cut:
            lines = segments.mask(content[:cut], reached - len(rest))
            lines = _BLANK_LINES.sub(b"\n", lines).removeprefix(b"\n") if b"\n\n" in lines else lines
            yield lines, reached - len(rest) + cut
        reached, rest = end, content[cut:]
    if b"}" in rest:
        begin = reached - len(rest)
        before = _begun_bytes(connection, row, start) if begin == start else 0
        whole = whole_bytes(rest[: max(0, OPEN_LINE_BYTES - before)])
        if whole:
            yield segments.mask(rest[:whole], begin), begin + whole


def _begun_bytes(connection: Connection, row: JournalRow, position: int) -> int:
    """Return how many bytes of the line at a position are before it, as far as that matters for an open line."""
    if not position or journals.read(connection, row.id, position - 1, position) == b"\n":
        return 0
    before = journals.read(connection, row.id, max(0, position - OPEN_LINE_BYTES), position)
    return len(before) - (before.rfind(b"\n") + 1)
