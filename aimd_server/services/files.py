"""A trial's files that only grow: bytes with an offset, appended at most once, with digests and live summaries.

The same bytes again are no change; other bytes at an old offset, or a gap, change nothing.
"""

from __future__ import annotations

import hashlib

import msgspec

from aimd_core.digest import BLOCK_BYTES, combine
from aimd_server.services import summaries
from aimd_server.services.clock import now_us
from aimd_server.services.refusals import RefusalError, invalid
from aimd_server.services.visibility import load_trial
from aimd_server.stores import journals, series
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow, Packed

METRICS = "metrics"
FILES = (METRICS, "stdout.log")
PART_BYTES = 8 << 20
_PIECE_BYTES = 1 << 20
_MAX_LINE_BYTES = 1 << 20  # a longer line is kept and counted as damaged


class Standing(msgspec.Struct, frozen=True):
    """How far the server has a file: bytes and their digest."""

    offset: int
    digest: str


def check_file(file: str) -> None:
    """Refuse a name that is none of a trial's files.

    Raises:
        RefusalError: `invalid`.
    """
    if file not in FILES:
        raise invalid(f"a trial's files are {' and '.join(FILES)}", field="file")


def append(database: Database, user: Account, uid: str, file: str, offset: int, content: bytes) -> int:
    """Keep a file's bytes from `offset` on and return, after the commit, where the server stands.

    Raises:
        RefusalError: `not_found`, `invalid`, `content_differs` or `offset_mismatch`.
    """
    check_file(file)
    packed = journals.pack(content)  # before the transaction: the writer has better things to do

    def operation(connection: Connection) -> int:
        trial = load_trial(connection, user, uid)
        row = _locked(connection, trial.id, file)
        known = min(len(content), row.next_offset - offset)
        if known < 0:
            raise _refused("offset_mismatch", f"byte {offset} is beyond the end", row)
        if known and journals.read(connection, row.id, offset, offset + known) != content[:known]:
            raise _refused("content_differs", "other bytes are stored there", row)
        return _extend(connection, row, content[known:], packed if known == 0 else None)

    return database.write(operation)


def append_at_end(connection: Connection, trial_id: int, content: bytes) -> None:
    """Append whole journal lines wherever the metrics file ends, as version 1 does."""
    row = _locked(connection, trial_id, METRICS)
    if row.parsed_offset < row.next_offset:
        content = b"\n" + content  # a half-written line must not swallow the first record
    _extend(connection, row, content, None)


def _refused(code: str, message: str, row: JournalRow) -> RefusalError:
    return RefusalError(code, f"{message}; the server has {row.next_offset} bytes", offset=row.next_offset)


def _locked(connection: Connection, trial_id: int, file: str) -> JournalRow:
    row = journals.of_file(connection, trial_id, file, lock=True)
    return row or journals.add(connection, trial_id, file, now_us())


def _extend(connection: Connection, row: JournalRow, content: bytes, packed: Packed | None) -> int:
    """Append bytes to a journal and return its new offset."""
    if not content:
        return row.next_offset
    _add_blocks(connection, row, content)
    changed = {"next_offset": row.next_offset + len(content), "updated_us": now_us()}
    if row.file == METRICS:
        changed |= _take_lines(connection, row, content)
    journals.extend(connection, row, len(content), packed or journals.pack(content))
    journals.advance(connection, msgspec.structs.replace(row, **changed))
    return changed["next_offset"]


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
    points = summaries.read_points(lines)
    for metrics_type, added in points.by_type.items():
        _take_points(connection, row.trial_id, metrics_type, added)
    return {
        "parsed_offset": row.next_offset + end,
        "records": row.records + points.records,
        "damaged": row.damaged + points.damaged + damaged,
    }


def _take_points(connection: Connection, trial_id: int, metrics_type: str, added: list[summaries.Point]) -> None:
    known = series.of_type(connection, trial_id, metrics_type)
    live = summaries.from_text(known.live if known else None)
    summaries.extend(live, added)
    series.put(connection, known, trial_id, metrics_type, summaries.text_of(live))


def standing(connection: Connection, row: JournalRow) -> Standing:
    """Return how far the server has a journal; reads the bytes of its last block only."""
    digests = journals.block_digests(connection, row.id)
    rest = journals.read(connection, row.id, len(digests) * BLOCK_BYTES, row.next_offset)
    if rest:
        digests.append(hashlib.sha256(rest).digest())
    return Standing(row.next_offset, combine(digests))


def standings(connection: Connection, trial_id: int) -> dict[str, Standing]:
    """Return how far the server has each file of a trial of which it has bytes."""
    rows = journals.of_trials(connection, [trial_id]).get(trial_id, [])
    return {row.file: standing(connection, row) for row in rows if row.next_offset}


class Opened(msgspec.Struct, frozen=True):
    """A file to read from: `journal_id` is None when nothing is stored of it."""

    journal_id: int | None
    standing: Standing


def open_file(connection: Connection, user: Account, uid: str, file: str) -> Opened:
    """Return a trial's file, as far as the server has it now.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    check_file(file)
    trial = load_trial(connection, user, uid)
    row = journals.of_file(connection, trial.id, file)
    if row is None:
        return Opened(None, Standing(0, combine([])))
    return Opened(row.id, standing(connection, row))


def read_piece(connection: Connection, opened: Opened, start: int) -> bytes:
    """Return the next bytes of a file from `start` on; empty at its end, or when it was deleted meanwhile."""
    if opened.journal_id is None:
        return b""
    end = journals.piece_end(connection, opened.journal_id, start, opened.standing.offset, _PIECE_BYTES)
    return journals.read(connection, opened.journal_id, start, end)
