"""Appends to journals: bytes with an offset, taken at most once, with digests, totals and column chunks.

The same bytes again are no change; other bytes at an old offset, or a gap, change nothing.

Appends of many trials share a commit. What training does all day, the owner's next complete lines, shares its
statements too. Everything else is done one by one, in the same commit: a first append, a repeated or a conflicting one,
half lines, a caller who is not the owner, parts that were read into spans. Both ways leave the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from aimd_core.format.digest import BLOCK_BYTES
from aimd_core.format.journal import whole_bytes
from aimd_core.format.segments import Segments
from aimd_core.reading.series import split_type
from aimd_server.services import files, indexing
from aimd_server.services.clock import now_us
from aimd_server.services.files import JOURNALS, METRICS, SEGMENTS, Standing
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.series import chunking, effective, totals
from aimd_server.services.series.block_states import BlockStates
from aimd_server.services.series.chunking import ColumnLimits, Prepared
from aimd_server.services.series.totals import Columns, Live, Points
from aimd_server.services.visibility import is_owner, load_trial
from aimd_server.stores import journals, packing, series, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow, Part
from aimd_server.stores.packing import Packed
from aimd_server.stores.trials import Placed
from aimd_server.stores.writer import Shared

if TYPE_CHECKING:
    from aimd_server.columns.spans import Span

_MAX_LINE_BYTES = 1 << 20  # a longer line is stored and counted as damaged


class Append(msgspec.Struct):
    """Bytes to append to a journal, and what can be prepared before the transaction.

    Attributes:
        user: The caller.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where the bytes begin in the file.
        content: The bytes.
        packed: The bytes as stored.
        wants_digest: Whether to return the digest of the whole file.
        prepared: A large part's spans.
        points: A smaller part's points, if it has complete lines.
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
    """The result of an append.

    Attributes:
        standing: The state of the file; the digest is empty unless it was requested.
        journal_id: The journal.
        due: The trial for which `settle` has something to do, if any.
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
    limits: ColumnLimits | None = None,
) -> Append:
    """Prepare an append, to relieve the writer.

    Args:
        user: The caller.
        uid: The trial.
        file: One of `JOURNALS`.
        offset: Where the bytes begin in the file.
        content: The bytes.
        packed: The same bytes as they arrived, if they can be stored that way.
        wants_digest: Whether to return the digest of the whole file.
        limits: How much becomes columns, and when.

    Raises:
        RefusalError: `invalid`.
    """
    files.check_file(file, JOURNALS)
    limits = limits or chunking.LIMITS
    prepared = None
    if file == METRICS and len(content) >= limits.large_bytes:
        prepared = chunking.prepare(content, offset, limits)
    if packed is None:
        # Spans replace the bytes in all but a few cases.
        packed = Packed(packing.RAW, content) if prepared else packing.pack(content)
    is_read = file == METRICS and prepared is None and content.endswith(b"\n")
    points = list(totals.read_points(content)) if is_read else []
    return Append(user, uid, file, offset, content, packed, wants_digest, prepared, points)


class Appends:
    """The appends of a process."""

    def __init__(self, limits: ColumnLimits | None = None) -> None:
        """Say how much becomes columns, and when."""
        self._blocks = BlockStates()
        self._limits = limits or chunking.LIMITS

    def operation(self, wish: Append) -> Shared[Appended]:
        """Return the operation for the writer; pass its result to `follow`."""
        return Shared(self._run_together, wish)

    def follow(self, wish: Append, done: Appended) -> None:
        """Process an append after its commit."""
        if done.standing.offset == wish.offset + len(wish.content):
            self._blocks.follow(done.journal_id, wish.offset, wish.content)

    def _run_together(self, connection: Connection, wishes: list[Append]) -> list[Appended | Exception]:
        """Do appends, in order for each trial; return for each the state of the file, or a refusal."""
        outcomes: dict[int, Appended | Exception] = {}
        left: list[int] = []
        group = _AppendGroup(connection, wishes, self._blocks, self._limits)
        apart: set[str] = set()  # trials with an append left for later, and so all that follow it
        for number, wish in enumerate(wishes):
            done = group.take(wish) if wish.uid not in apart else None
            if done is None:
                apart.add(wish.uid)
                left.append(number)
            else:
                outcomes[number] = done
        group.write()
        for number in left:
            outcomes[number] = self._run_alone(connection, wishes[number])
        return [outcomes[number] for number in range(len(wishes))]

    def _run_alone(self, connection: Connection, wish: Append) -> Appended | Exception:
        try:
            with connection.begin_nested():
                return append_alone(connection, wish, self._limits)
        except RefusalError as refusal:
            return refusal


class _Totals:
    """The totals of some trials as a transaction changes them: their rows are read once, and written once."""

    def __init__(self, connection: Connection, trial_ids: list[int]) -> None:
        """Read the rows. The caller has locked the journals, so nobody else changes them now."""
        self._connection = connection
        rows = series.of_trials(connection, trial_ids)
        self._rows = {(row.trial_id, row.type): row for found in rows.values() for row in found}
        self._types = {trial_id: len(rows.get(trial_id, [])) for trial_id in trial_ids}
        self._lives: dict[tuple[int, str], Live] = {}

    def add(self, trial_id: int, metrics_type: str, columns: Columns) -> None:
        """Take numbers in; those of a type for which a trial has no room are left out."""
        live = self._live(trial_id, metrics_type)
        if live is not None:
            totals.extend(live, columns)

    def _live(self, trial_id: int, metrics_type: str) -> Live | None:
        key = (trial_id, metrics_type)
        live = self._lives.get(key)
        if live is None:
            row = self._rows.get(key)
            if row is None:
                if self._types[trial_id] == totals.MAX_TYPES:
                    return None
                self._types[trial_id] += 1
            live = self._lives[key] = totals.from_text(row.live if row else None)
        return live

    def write(self) -> None:
        """Write down what has changed."""
        grown = [indexing.Grown(*key, self._rows.get(key), live) for key, live in self._lives.items()]
        indexing.put_totals(self._connection, grown)


class _AppendGroup:
    """The rows that the appends of a group need, as they change; `write` stores them."""

    def __init__(self, connection: Connection, wishes: list[Append], blocks: BlockStates, limits: ColumnLimits) -> None:
        self._connection = connection
        self._blocks = blocks
        self._limits = limits
        self._at_us = now_us()
        self._placed = trials.placed(connection, list({wish.uid for wish in wishes}))
        ids = [trial.id for trial in self._placed.values()]
        self._rows = journals.locked(connection, ids)
        self._totals = _Totals(connection, ids)
        self._parts: list[Part] = []
        self._extended: dict[tuple[int, str], JournalRow] = {}

    def take(self, wish: Append) -> Appended | None:
        """Do an append, or return None if it must be done separately."""
        trial = self._placed.get(wish.uid)
        row = self._rows.get((trial.id, wish.file)) if trial is not None else None
        if trial is None or row is None or not _is_plain(wish, trial, row):
            return None
        if wish.file in (METRICS, SEGMENTS) and (trial.id, SEGMENTS) in self._rows:
            return None
        reached = row.next_offset + len(wish.content)
        block = row.next_offset // BLOCK_BYTES
        if reached // BLOCK_BYTES > block:
            digest = self._blocks.completed(row.id, row.next_offset, wish.content)
            if digest is None:
                return None
            journals.add_block(self._connection, row.id, block, digest)
        changed = {"next_offset": reached, "updated_us": self._at_us}
        if wish.file == METRICS:
            changed |= _counted(row, wish.points, reached)
            _add_points(self._totals, trial.id, wish.points)
        self._parts.append(Part(row.id, row.next_offset, len(wish.content), wish.packed))
        extended = msgspec.structs.replace(row, **changed)
        self._rows[trial.id, wish.file] = self._extended[trial.id, wish.file] = extended
        return Appended(Standing(reached, ""), row.id, _due_of(extended, self._limits))

    def write(self) -> None:
        """Store what was taken."""
        journals.extend(self._connection, *self._parts)
        journals.advance(self._connection, *self._extended.values())
        self._totals.write()


def _is_plain(wish: Append, trial: Placed, row: JournalRow) -> bool:
    """Tell whether an append is the owner's next bytes, in complete lines."""
    is_next = wish.offset == row.next_offset and bool(wish.content) and wish.prepared is None
    is_whole = wish.file != METRICS or (row.parsed_offset == row.next_offset and wish.content.endswith(b"\n"))
    return is_owner(wish.user, trial.owner_id) and is_next and is_whole and not wish.wants_digest


def _counted(row: JournalRow, points: list[Points], parsed_offset: int, damaged: int = 0) -> dict[str, int]:
    """Return what changes in a journal's row with the points of its lines up to an offset."""
    return {
        "parsed_offset": parsed_offset,
        "records": row.records + sum(group.records for group in points),
        "damaged": row.damaged + damaged + sum(group.damaged for group in points),
    }


def _add_points(sums: _Totals, trial_id: int, points: Iterable[Points]) -> None:
    for group in points:
        for metrics_type, columns in group.by_type.items():
            sums.add(trial_id, metrics_type, columns)


def append_alone(connection: Connection, wish: Append, limits: ColumnLimits) -> Appended:
    """Append to a file and return its state.

    Raises:
        RefusalError: `not_found`, `content_differs` or `offset_mismatch`.
    """
    trial = load_trial(connection, wish.user, wish.uid)
    rows = journals.locked(connection, [trial.id])
    row = rows.get((trial.id, wish.file)) or journals.add(connection, trial.id, wish.file, now_us())
    content, offset, prepared = wish.content, wish.offset, wish.prepared
    there = min(len(content), row.next_offset - offset)
    if there < 0:
        raise _refused("offset_mismatch", f"byte {offset} is beyond the end", row)
    if there and journals.read(connection, row.id, offset, offset + there) != content[:there]:
        raise _refused("content_differs", "other bytes are stored there", row)
    due: int | None = None
    segments = Segments()
    if wish.file == METRICS:
        cuts = rows.get((trial.id, SEGMENTS))
        segments = effective.read_segments(connection, cuts) if cuts else segments
        prepared = None if segments.reach > row.parsed_offset else prepared
    elif wish.file == SEGMENTS:
        effective.check_size(row, len(content) - there)
        segments = effective.read_segments(connection, row)
    if prepared is not None and there == 0 and row.next_offset - row.chunk_offset < limits.due_bytes:
        reached = _extend_by_spans(connection, row, content, prepared, limits)
    else:
        is_packed = there == 0 and wish.prepared is None
        extended = _extend(connection, row, content[there:], wish.packed if is_packed else None, segments)
        reached, due = extended.next_offset, _due_of(extended, limits)
        if wish.file == SEGMENTS:
            due = _due_of_segments(connection, row, extended, segments)
    if not wish.wants_digest:
        return Appended(Standing(reached, ""), row.id, due)
    if row.next_offset == 0:  # these bytes are all of it
        return Appended(Standing(reached, files.digest_of(content)), row.id, due)
    return Appended(files.standing(connection, msgspec.structs.replace(row, next_offset=reached)), row.id, due)


def append_at_end(connection: Connection, trial_id: int, content: bytes) -> bool:
    """Append complete lines wherever the metrics file ends, as version 1 does; tell whether chunks are due."""
    row = _locked(connection, trial_id, METRICS)
    if row.parsed_offset < row.next_offset:
        content = b"\n" + content  # an incomplete line must not swallow the first record
    extended = _extend(connection, row, content, None, effective.segments_of(connection, trial_id))
    return chunking.is_due(extended, chunking.LIMITS)


def _due_of(row: JournalRow, limits: ColumnLimits) -> int | None:
    """Return the trial of a journal whose tail is due to become chunks, or None."""
    return row.trial_id if row.file == METRICS and chunking.is_due(row, limits) else None


def _due_of_segments(connection: Connection, before: JournalRow, row: JournalRow, segments: Segments) -> int | None:
    """Return the trial of a `segments` file if its totals are due to be computed again, or None."""
    is_settled = before.parsed_offset == before.next_offset
    if is_settled and effective.read_segments(connection, row).mark() == segments.mark():
        journals.advance(connection, msgspec.structs.replace(row, parsed_offset=row.next_offset))
        return None
    return row.trial_id if row.parsed_offset < row.next_offset else None


def settle(database: Database, trial_id: int, file: str, limits: ColumnLimits | None = None) -> None:
    """Do what an append left due: turn a tail into chunks, or compute totals again of which points were superseded."""
    if file == SEGMENTS:
        effective.retotal(database, trial_id)
    else:
        chunking.chunk_tail(database, trial_id, file, limits or chunking.LIMITS)


def _refused(code: str, message: str, row: JournalRow) -> RefusalError:
    return RefusalError(code, f"{message}; the server has {row.next_offset} bytes", offset=row.next_offset)


def _locked(connection: Connection, trial_id: int, file: str) -> JournalRow:
    row = journals.of_file(connection, trial_id, file, lock=True)
    return row or journals.add(connection, trial_id, file, now_us())


def _extend(
    connection: Connection, row: JournalRow, content: bytes, packed: Packed | None, segments: Segments
) -> JournalRow:
    """Append bytes to a journal and return its new row."""
    if not content:
        return row
    _add_blocks(connection, row, content)
    changed = {"next_offset": row.next_offset + len(content), "updated_us": now_us()}
    if row.file == METRICS:
        sums = _Totals(connection, [row.trial_id])
        changed |= _take_lines(connection, row, content, sums, segments)
        sums.write()
    journals.extend(connection, Part(row.id, row.next_offset, len(content), packed or packing.pack(content)))
    extended = msgspec.structs.replace(row, **changed)
    journals.advance(connection, extended)
    return extended


def _extend_by_spans(
    connection: Connection, row: JournalRow, content: bytes, prepared: Prepared, limits: ColumnLimits
) -> int:
    """Append a large part that was read into spans, after the tail, and return the journal's new offset."""
    from aimd_server.columns import spans

    _add_blocks(connection, row, content)
    head, rest = content[: prepared.begin], content[prepared.end :]
    before = journals.read(connection, row.id, row.chunk_offset, row.next_offset) + head
    tail = [spans.build(lines) for lines in spans.split(before, limits.lines, limits.span_bytes)]
    sums = _Totals(connection, [row.trial_id])
    changed = _take_lines(connection, row, head, sums) | {"next_offset": row.next_offset + len(content)}
    _take_spans(sums, row.trial_id, prepared.spans)
    # What precedes `rest` is columns. The rows of types must exist before their chunks.
    row = msgspec.structs.replace(row, **changed, updated_us=now_us())
    records = row.records + sum(chunk.rows for span in prepared.spans for chunk in span.chunks)
    parsed = row.chunk_offset + len(before) + sum(span.size for span in prepared.spans)
    row = msgspec.structs.replace(row, records=records, parsed_offset=parsed)
    if rest:
        row = msgspec.structs.replace(
            row, **_take_lines(connection, msgspec.structs.replace(row, next_offset=parsed), rest, sums)
        )
    sums.write()
    row = chunking.keep(connection, row, [*tail, *prepared.spans])
    journals.cut_tail(connection, row.id, row.chunk_offset)
    if rest:
        journals.extend(connection, Part(row.id, row.chunk_offset, len(rest), packing.pack(rest)))
    journals.advance(connection, row)
    return row.next_offset


def _take_spans(sums: _Totals, trial_id: int, spans: list[Span]) -> None:
    for span in spans:
        for chunk in span.chunks:
            sums.add(trial_id, split_type(chunk.type)[0], totals.columns_of(chunk))


def _add_blocks(connection: Connection, row: JournalRow, content: bytes) -> None:
    """Store the digests of the blocks that the new bytes complete."""
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
    connection: Connection, row: JournalRow, content: bytes, sums: _Totals, segments: Segments | None = None
) -> dict[str, int]:
    """Take what is complete now into the totals; return what changes in the journal's row.

    Whole records are complete before their line is, as for a local journal (`read_records`).
    """
    waiting_bytes, damaged = row.next_offset - row.parsed_offset, 0
    if b"\n" not in content and (waiting_bytes > _MAX_LINE_BYTES or b"}" not in content):
        return {}  # nothing is complete now
    if waiting_bytes > _MAX_LINE_BYTES:
        lines, damaged = content[content.find(b"\n") + 1 :], 1
    else:
        lines = journals.read(connection, row.id, row.parsed_offset, row.next_offset) + content
    end = lines.rfind(b"\n") + 1
    end += whole_bytes(lines[end:])
    reached = row.next_offset + len(content) - len(lines) + end
    lines = lines[:end]
    points = list(totals.read_points(lines))
    counting = lines if segments is None else segments.mask(lines, reached - len(lines))
    # The row of the journal counts all of its records, the totals those that count.
    _add_points(sums, row.trial_id, points if counting is lines else totals.read_points(counting))
    return _counted(row, points, reached, damaged)
