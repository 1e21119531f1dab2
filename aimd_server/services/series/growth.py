"""A journal grows: bytes with an offset, appended at most once, with digests, live summaries and column chunks.

The same bytes again are no change; other bytes at an old offset, or a gap, change nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from aimd_core.format.digest import BLOCK_BYTES
from aimd_core.format.segments import Segments
from aimd_server.services import files, indexing
from aimd_server.services.clock import now_us
from aimd_server.services.files import JOURNALS, METRICS, SEGMENTS, Standing
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import chunking, effective, totals
from aimd_server.services.series.chunking import Prepared
from aimd_server.services.series.totals import Points
from aimd_server.services.visibility import load_trial
from aimd_server.stores import journals, packing, series
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection
from aimd_server.stores.journals import JournalRow, Part
from aimd_server.stores.packing import Packed
from aimd_server.stores.series import SeriesRow

if TYPE_CHECKING:
    from aimd_server.columns.spans import Span

_MAX_LINE_BYTES = 1 << 20  # a longer line is kept and counted as damaged


class Append(msgspec.Struct):
    """Bytes to keep of a journal, and what can be made of them before the transaction.

    Attributes:
        user: Who.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where in the file the bytes begin.
        content: The bytes.
        packed: The bytes as they are kept.
        wants_digest: Whether the digest of the whole file is wanted.
        prepared: A large part's spans.
        points: A smaller part's points, if it is whole lines.
    """

    user: Account
    uid: str
    file: str
    offset: int
    content: bytes
    packed: Packed
    wants_digest: bool = False
    prepared: Prepared | None = None
    points: list[Points] = []


class Appended(msgspec.Struct, frozen=True):
    """What an append came to.

    Attributes:
        standing: Where the file stands; the digest is empty unless it was wanted.
        journal_id: The journal.
        due: The trial whose tail is to become chunks now, if there is one.
    """

    standing: Standing
    journal_id: int
    due: int | None = None


def prepare(
    user: Account,
    uid: str,
    file: str,
    offset: int,
    content: bytes,
    packed: Packed | None = None,
    wants_digest: bool = False,
) -> Append:
    """Return what is to be appended to a file, made ready: the writer has better things to do.

    Args:
        user: Who.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where in the file the bytes begin.
        content: The bytes.
        packed: The same bytes as they arrived, when they can be kept so.
        wants_digest: Whether the digest of the whole file is wanted.

    Raises:
        RefusalError: `invalid`.
    """
    files.check_file(file, JOURNALS)
    prepared = chunking.prepare(content, offset) if file == METRICS else None
    if packed is None:
        # Spans take the place of the bytes, in all but a few cases.
        packed = Packed(packing.RAW, content) if prepared else packing.pack(content)
    is_read = file == METRICS and prepared is None and content.endswith(b"\n")
    points = list(totals.read_points(content)) if is_read else []
    return Append(user, uid, file, offset, content, packed, wants_digest, prepared, points)


def append_one(connection: Connection, wish: Append) -> Appended:
    """Keep a file's bytes and return where it stands.

    Raises:
        RefusalError: `not_found`, `content_differs` or `offset_mismatch`.
    """
    trial = load_trial(connection, wish.user, wish.uid)
    rows = journals.locked(connection, [trial.id])
    row = rows.get((trial.id, wish.file)) or journals.add(connection, trial.id, wish.file, now_us())
    content, offset, prepared = wish.content, wish.offset, wish.prepared
    known = min(len(content), row.next_offset - offset)
    if known < 0:
        raise _refused("offset_mismatch", f"byte {offset} is beyond the end", row)
    if known and journals.read(connection, row.id, offset, offset + known) != content[:known]:
        raise _refused("content_differs", "other bytes are stored there", row)
    due: int | None = None
    segments = Segments()
    if wish.file == METRICS:
        said = rows.get((trial.id, SEGMENTS))
        segments = effective.read_segments(connection, said) if said else segments
        prepared = None if segments.reach > row.parsed_offset else prepared
    elif wish.file == SEGMENTS:
        effective.check_size(row, len(content) - known)
        segments = effective.read_segments(connection, row)
    if prepared is not None and known == 0 and row.next_offset - row.chunk_offset < chunking.DUE_BYTES:
        reached = _extend_by_chunks(connection, row, content, prepared)
    else:
        is_packed = known == 0 and wish.prepared is None
        extended = _extend(connection, row, content[known:], wish.packed if is_packed else None, segments)
        reached, due = extended.next_offset, due_of(extended)
        if wish.file == SEGMENTS and effective.read_segments(connection, extended).mark() != segments.mark():
            effective.retotal(connection, trial.id)
    if not wish.wants_digest:
        return Appended(Standing(reached, ""), row.id, due)
    if row.next_offset == 0:  # these bytes are all of it
        return Appended(Standing(reached, files.digest_of(content)), row.id, due)
    return Appended(files.standing(connection, msgspec.structs.replace(row, next_offset=reached)), row.id, due)


def due_of(row: JournalRow) -> int | None:
    """Return the trial of a journal whose tail is to become chunks, None when there is not enough of it."""
    return row.trial_id if row.file == METRICS and chunking.is_due(row) else None


def append_at_end(connection: Connection, trial_id: int, content: bytes) -> bool:
    """Append whole journal lines wherever the metrics file ends, as version 1 does; tell whether chunks are due."""
    row = _locked(connection, trial_id, METRICS)
    if row.parsed_offset < row.next_offset:
        content = b"\n" + content  # a half-written line must not swallow the first record
    return chunking.is_due(_extend(connection, row, content, None, effective.segments_of(connection, trial_id)))


def _refused(code: str, message: str, row: JournalRow) -> RefusalError:
    return RefusalError(code, f"{message}; the server has {row.next_offset} bytes", offset=row.next_offset)


def _locked(connection: Connection, trial_id: int, file: str) -> JournalRow:
    row = journals.of_file(connection, trial_id, file, lock=True)
    return row or journals.add(connection, trial_id, file, now_us())


def _extend(
    connection: Connection, row: JournalRow, content: bytes, packed: Packed | None, segments: Segments
) -> JournalRow:
    """Append bytes to a journal and return its row as it is then."""
    if not content:
        return row
    _add_blocks(connection, row, content)
    changed = {"next_offset": row.next_offset + len(content), "updated_us": now_us()}
    if row.file == METRICS:
        changed |= _take_lines(connection, row, content, segments)
    journals.extend(connection, Part(row.id, row.next_offset, len(content), packed or packing.pack(content)))
    extended = msgspec.structs.replace(row, **changed)
    journals.advance(connection, extended)
    return extended


def _extend_by_chunks(connection: Connection, row: JournalRow, content: bytes, prepared: Prepared) -> int:
    """Append a large part that was read into spans, behind what is tail, and return the journal's new offset."""
    from aimd_server.columns import spans

    _add_blocks(connection, row, content)
    head, rest = content[: prepared.begin], content[prepared.end :]
    before = journals.read(connection, row.id, row.chunk_offset, row.next_offset) + head
    tail = [spans.build(lines) for lines in spans.split(before)]
    changed = _take_lines(connection, row, head) | {"next_offset": row.next_offset + len(content)}
    row = chunking.keep(connection, msgspec.structs.replace(row, **changed, updated_us=now_us()), tail)
    journals.cut_tail(connection, row.id, row.chunk_offset)
    _summarize(connection, row.trial_id, prepared.spans)
    row = chunking.keep(connection, row, prepared.spans)
    records = row.records + sum(chunk.rows for one in prepared.spans for chunk in one.chunks)
    row = msgspec.structs.replace(row, records=records, parsed_offset=row.chunk_offset)
    if rest:
        journals.extend(connection, Part(row.id, row.chunk_offset, len(rest), packing.pack(rest)))
        row = msgspec.structs.replace(
            row, **_take_lines(connection, msgspec.structs.replace(row, next_offset=row.chunk_offset), rest)
        )
    journals.advance(connection, row)
    return row.next_offset


def _summarize(connection: Connection, trial_id: int, spans: list[Span]) -> None:
    """Take the points of spans into the live summaries."""
    lives: dict[str, totals.Live] = {}
    stored: dict[str, SeriesRow | None] = {}
    for chunk in (chunk for span in spans for chunk in span.chunks):
        if chunk.type not in lives:
            known = series.of_type(connection, trial_id, chunk.type)
            if known is None and not _has_room(connection, trial_id, stored):
                continue
            stored[chunk.type] = known
            lives[chunk.type] = totals.from_text(known.live if known else None)
        totals.extend_columns(lives[chunk.type], chunk)
    _put_lives(connection, trial_id, lives, stored)


def _put_lives(
    connection: Connection, trial_id: int, lives: dict[str, totals.Live], stored: dict[str, SeriesRow | None]
) -> None:
    for metrics_type, live in lives.items():
        marks = indexing.take_points(connection, trial_id, metrics_type, stored[metrics_type], live)
        series.put(connection, stored[metrics_type], trial_id, metrics_type, totals.text_of(live), marks)


def _add_blocks(connection: Connection, row: JournalRow, content: bytes) -> None:
    """Keep the digests of the blocks that the new bytes complete."""
    number, inside = divmod(row.next_offset, BLOCK_BYTES)
    taken = 0
    while inside + len(content) - taken >= BLOCK_BYTES:
        end = taken + BLOCK_BYTES - inside
        before = journals.read(connection, row.id, row.next_offset - inside, row.next_offset) if inside else b""
        digest = hashlib.sha256(before)
        digest.update(memoryview(content)[taken:end])
        journals.add_block(connection, row.id, number, digest.digest())
        number, inside, taken = number + 1, 0, end


def _take_lines(
    connection: Connection, row: JournalRow, content: bytes, segments: Segments | None = None
) -> dict[str, int]:
    """Take the lines that are complete now into the live summaries; return what changes in the journal's row."""
    end = content.rfind(b"\n") + 1
    if not end:
        return {}
    lines, damaged = content[:end], 0
    waiting_bytes = row.next_offset - row.parsed_offset
    if waiting_bytes > _MAX_LINE_BYTES:
        lines, damaged = content[content.find(b"\n") + 1 : end], 1
    elif waiting_bytes:
        lines = journals.read(connection, row.id, row.parsed_offset, row.next_offset) + lines
    start = row.next_offset + end - len(lines)
    counting = lines if segments is None else segments.mask(lines, start)
    records = 0
    if counting is not lines:  # a journal's row tells of all its records
        read = list(totals.read_points(lines))
        records, damaged = sum(points.records for points in read), damaged + sum(points.damaged for points in read)
    lives: dict[str, totals.Live] = {}
    stored: dict[str, SeriesRow | None] = {}
    for points in totals.read_points(counting):
        if counting is lines:
            records, damaged = records + points.records, damaged + points.damaged
        for metrics_type, added in points.by_type.items():
            if metrics_type not in lives:
                known = series.of_type(connection, row.trial_id, metrics_type)
                if known is None and not _has_room(connection, row.trial_id, stored):
                    continue
                stored[metrics_type] = known
                lives[metrics_type] = totals.from_text(known.live if known else None)
            totals.extend(lives[metrics_type], added)
    _put_lives(connection, row.trial_id, lives, stored)
    return {
        "parsed_offset": row.next_offset + end,
        "records": row.records + records,
        "damaged": row.damaged + damaged,
    }


def _has_room(connection: Connection, trial_id: int, stored: dict[str, SeriesRow | None]) -> bool:
    """Tell whether a trial may have another metrics type in its summary, beside those that are being added."""
    added = sum(known is None for known in stored.values())
    return added < totals.MAX_TYPES and series.count(connection, trial_id) + added < totals.MAX_TYPES
