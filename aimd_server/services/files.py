"""A trial's files: small ones that are replaced whole, and those that only grow.

Of those that grow: bytes with an offset, appended at most once, with digests and live summaries.

The same bytes again are no change; other bytes at an old offset, or a gap, change nothing.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import msgspec

from aimd_core.digest import BLOCK_BYTES, combine, digest_prefix
from aimd_server.services import chunking, indexing, summaries
from aimd_server.services.chunking import Prepared
from aimd_server.services.clock import now_us
from aimd_server.services.refusals import RefusalError, invalid
from aimd_server.services.visibility import load_trial
from aimd_server.stores import journals, later, packing, series, trial_documents
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.packing import Packed
from aimd_server.stores.series import SeriesRow
from aimd_server.stores.trial_documents import DocumentRow

if TYPE_CHECKING:
    from aimd_server.columns.segments import Segment

METRICS = "metrics"
JOURNALS = (METRICS, "stdout.log")
DOCUMENTS = ("metadata.yaml", "parameters.yaml", "process.json", "labels.yaml", "git.diff")
FILES = (*JOURNALS, *DOCUMENTS)
FILE_BYTES = 8 << 20  # of a document
PART_BYTES = 8 << 20
_PIECE_BYTES = 1 << 20
_MAX_LINE_BYTES = 1 << 20  # a longer line is kept and counted as damaged


class Standing(msgspec.Struct, frozen=True):
    """How far the server has a file: bytes and their digest."""

    offset: int
    digest: str


def check_file(file: str, names: tuple[str, ...] = FILES) -> None:
    """Refuse a name that is none of a trial's files.

    Raises:
        RefusalError: `invalid`.
    """
    if file not in names:
        raise invalid(f"a trial's files of that kind are {', '.join(names)}", field="file")


def append(
    database: Database,
    user: Account,
    uid: str,
    file: str,
    offset: int,
    content: bytes,
    packed: Packed | None = None,
    wants_digest: bool = False,
) -> Standing:
    """Keep a file's bytes from `offset` on and return, after the commit, where the server stands.

    Args:
        database: Where.
        user: Who.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where in the file the bytes begin.
        content: The bytes.
        packed: The same bytes as they arrived, when they can be kept so.
        wants_digest: Whether the digest of the whole file is wanted; else it is empty.

    Raises:
        RefusalError: `not_found`, `invalid`, `content_differs` or `offset_mismatch`.
    """
    check_file(file, JOURNALS)
    # Before the transaction: the writer has better things to do.
    prepared = chunking.prepare(content, offset) if file == METRICS else None
    if packed is None and prepared is None:
        packed = packing.pack(content)
    due: list[int] = []  # trials whose tail is to become chunks

    def operation(connection: Connection) -> Standing:
        trial = load_trial(connection, user, uid)
        row = _locked(connection, trial.id, file)
        known = min(len(content), row.next_offset - offset)
        if known < 0:
            raise _refused("offset_mismatch", f"byte {offset} is beyond the end", row)
        if known and journals.read(connection, row.id, offset, offset + known) != content[:known]:
            raise _refused("content_differs", "other bytes are stored there", row)
        if prepared is not None and known == 0 and row.next_offset - row.chunk_offset < chunking.DUE_BYTES:
            reached = _extend_by_chunks(connection, row, content, prepared)
        else:
            with later.deferring():
                extended = _extend(connection, row, content[known:], packed if known == 0 else None)
            reached = extended.next_offset
            due[:] = [trial.id] if file == METRICS and chunking.is_due(extended) else []
        if not wants_digest:
            return Standing(reached, "")
        if row.next_offset == 0:  # these bytes are all of it
            return Standing(reached, digest_of(content))
        later.settle(connection)
        return standing(connection, msgspec.structs.replace(row, next_offset=reached))

    done = database.write(operation, order=uid)
    if due:
        chunking.chunk_tail(database, due[0], file)
    return done


def append_at_end(connection: Connection, trial_id: int, content: bytes) -> bool:
    """Append whole journal lines wherever the metrics file ends, as version 1 does; tell whether chunks are due."""
    row = _locked(connection, trial_id, METRICS)
    if row.parsed_offset < row.next_offset:
        content = b"\n" + content  # a half-written line must not swallow the first record
    return chunking.is_due(_extend(connection, row, content, None))


def _refused(code: str, message: str, row: JournalRow) -> RefusalError:
    return RefusalError(code, f"{message}; the server has {row.next_offset} bytes", offset=row.next_offset)


def _locked(connection: Connection, trial_id: int, file: str) -> JournalRow:
    row = journals.of_file(connection, trial_id, file, lock=True)
    return row or journals.add(connection, trial_id, file, now_us())


def _extend(connection: Connection, row: JournalRow, content: bytes, packed: Packed | None) -> JournalRow:
    """Append bytes to a journal and return its row as it is then."""
    if not content:
        return row
    _add_blocks(connection, row, content)
    changed = {"next_offset": row.next_offset + len(content), "updated_us": now_us()}
    if row.file == METRICS:
        changed |= _take_lines(connection, row, content)
    journals.extend(connection, row, len(content), packed or packing.pack(content))
    extended = msgspec.structs.replace(row, **changed)
    journals.advance(connection, extended)
    return extended


def _extend_by_chunks(connection: Connection, row: JournalRow, content: bytes, prepared: Prepared) -> int:
    """Append a large part that was read into segments, behind what is tail, and return the journal's new offset."""
    from aimd_server.columns import segments

    _add_blocks(connection, row, content)
    head, rest = content[: prepared.begin], content[prepared.end :]
    before = journals.read(connection, row.id, row.chunk_offset, row.next_offset) + head
    tail = [segments.build(lines) for lines in segments.split(before)]
    changed = _take_lines(connection, row, head) | {"next_offset": row.next_offset + len(content)}
    row = chunking.keep(connection, msgspec.structs.replace(row, **changed, updated_us=now_us()), tail)
    journals.cut_tail(connection, row.id, row.chunk_offset)
    _summarize(connection, row.trial_id, prepared.segments)
    row = chunking.keep(connection, row, prepared.segments)
    records = row.records + sum(chunk.rows for one in prepared.segments for chunk in one.chunks)
    row = msgspec.structs.replace(row, records=records, parsed_offset=row.chunk_offset)
    if rest:
        journals.extend(
            connection, msgspec.structs.replace(row, next_offset=row.chunk_offset), len(rest), packing.pack(rest)
        )
        row = msgspec.structs.replace(
            row, **_take_lines(connection, msgspec.structs.replace(row, next_offset=row.chunk_offset), rest)
        )
    journals.advance(connection, row)
    return row.next_offset


def _summarize(connection: Connection, trial_id: int, segments: list[Segment]) -> None:
    """Take the points of segments into the live summaries."""
    lives: dict[str, summaries.Live] = {}
    stored: dict[str, SeriesRow | None] = {}
    for chunk in (chunk for segment in segments for chunk in segment.chunks):
        if chunk.type not in lives:
            known = series.of_type(connection, trial_id, chunk.type)
            if known is None and not _has_room(connection, trial_id, stored):
                continue
            stored[chunk.type] = known
            lives[chunk.type] = summaries.from_text(known.live if known else None)
        summaries.extend_columns(lives[chunk.type], chunk)
    _put_lives(connection, trial_id, lives, stored)


def _put_lives(
    connection: Connection, trial_id: int, lives: dict[str, summaries.Live], stored: dict[str, SeriesRow | None]
) -> None:
    for metrics_type, live in lives.items():
        marks = indexing.take_points(connection, trial_id, metrics_type, stored[metrics_type], live)
        series.put(connection, stored[metrics_type], trial_id, metrics_type, summaries.text_of(live), marks)


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


def _take_lines(connection: Connection, row: JournalRow, content: bytes) -> dict[str, int]:
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
    records = 0
    lives: dict[str, summaries.Live] = {}
    stored: dict[str, SeriesRow | None] = {}
    for points in summaries.read_points(lines):
        records, damaged = records + points.records, damaged + points.damaged
        for metrics_type, added in points.by_type.items():
            if metrics_type not in lives:
                known = series.of_type(connection, row.trial_id, metrics_type)
                if known is None and not _has_room(connection, row.trial_id, stored):
                    continue
                stored[metrics_type] = known
                lives[metrics_type] = summaries.from_text(known.live if known else None)
            summaries.extend(lives[metrics_type], added)
    _put_lives(connection, row.trial_id, lives, stored)
    return {
        "parsed_offset": row.next_offset + end,
        "records": row.records + records,
        "damaged": row.damaged + damaged,
    }


def _has_room(connection: Connection, trial_id: int, stored: dict[str, SeriesRow | None]) -> bool:
    """Tell whether a trial may have another metrics type in its summary, beside those that are being added."""
    added = sum(known is None for known in stored.values())
    return added < summaries.MAX_TYPES and series.count(connection, trial_id) + added < summaries.MAX_TYPES


def put_document(database: Database, user: Account, uid: str, file: str, content: bytes) -> Standing:
    """Keep a small file in the place of what was there and return, after the commit, how the server has it.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    check_file(file, DOCUMENTS)
    digest = digest_of(content)

    def operation(connection: Connection) -> Standing:
        trial = load_trial(connection, user, uid)
        trial_documents.put(connection, trial.id, file, content, digest, now_us())
        return Standing(len(content), digest)

    return database.write(operation)


def digest_of(content: bytes) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    return digest_prefix(io.BytesIO(content), len(content))


def take_documents(connection: Connection, trial_id: int, documents: dict[str, tuple[bytes, str] | None]) -> bool:
    """Bring a trial's documents to (content, digest); None removes one. Return whether anything changed."""
    known = {row.file: row.digest for row in trial_documents.of_trial(connection, trial_id)}
    changed = False
    for file, given in documents.items():
        if given is None and file in known:
            trial_documents.remove(connection, trial_id, file)
            changed = True
        elif given is not None and known.get(file) != given[1]:
            trial_documents.put(connection, trial_id, file, *given, now_us())
            changed = True
    return changed


def add_documents(
    connection: Connection, trial_id: int, documents: dict[str, tuple[bytes, str]]
) -> dict[str, Standing]:
    """Keep the documents of a new trial and return how the server has them."""
    trial_documents.add(connection, trial_id, documents, now_us())
    return {file: Standing(len(content), digest) for file, (content, digest) in documents.items()}


def standing(connection: Connection, row: JournalRow) -> Standing:
    """Return how far the server has a journal; reads the bytes of its last block only."""
    digests = journals.block_digests(connection, row.id)
    rest = journals.read(connection, row.id, len(digests) * BLOCK_BYTES, row.next_offset)
    if rest:
        digests.append(hashlib.sha256(rest).digest())
    return Standing(row.next_offset, combine(digests))


def standings(connection: Connection, trial_id: int) -> dict[str, Standing]:
    """Return how far the server has each file of a trial of which it has any."""
    return standings_of(connection, [trial_id]).get(trial_id, {})


def standings_of(connection: Connection, trial_ids: list[int]) -> dict[int, dict[str, Standing]]:
    """Return how far the server has the files of each trial of which it has any."""
    found: dict[int, dict[str, Standing]] = {}
    for trial_id, documents in trial_documents.of_trials(connection, trial_ids).items():
        found[trial_id] = {row.file: _standing_of(row) for row in documents}
    for trial_id, rows in journals.of_trials(connection, trial_ids).items():
        for row in rows:
            found.setdefault(trial_id, {})[row.file] = standing(connection, row)
    return found


def _standing_of(row: DocumentRow) -> Standing:
    return Standing(row.size, row.digest)


class Opened(msgspec.Struct, frozen=True):
    """A file to read from: a journal by its id, or a document's bytes; neither when nothing is stored of it."""

    journal_id: int | None
    standing: Standing
    content: bytes = b""


def open_file(connection: Connection, user: Account, uid: str, file: str) -> Opened:
    """Return a trial's file, as far as the server has it now.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    check_file(file)
    trial = load_trial(connection, user, uid)
    if file in DOCUMENTS:
        content = trial_documents.content(connection, trial.id, file) or b""
        return Opened(None, Standing(len(content), digest_of(content)), content)
    row = journals.of_file(connection, trial.id, file)
    if row is None:
        return Opened(None, Standing(0, combine([])))
    return Opened(row.id, standing(connection, row))


def read_piece(connection: Connection, opened: Opened, start: int) -> bytes:
    """Return the next bytes of a file from `start` on; empty at its end, or when it was deleted meanwhile."""
    if opened.journal_id is None:
        return opened.content[start:]
    end = journals.piece_end(connection, opened.journal_id, start, opened.standing.offset, _PIECE_BYTES)
    return journals.read(connection, opened.journal_id, start, end)
