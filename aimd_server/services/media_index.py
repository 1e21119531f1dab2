"""From the lines of `media` to rows: takes what appends left, a stretch at a time, when it is needed or soon after.

An append stores bytes, whatever they are. What of them are records is read afterwards, as `aimd_core.format.media` has
it, so that a server and a directory say the same. How far that is, and by which `segments`, is stored with the rows;
once other records count, because training went back, all rows are made anew.
"""

from __future__ import annotations

import io
import json
import time
from functools import partial

from aimd_core.format.journal import Damage
from aimd_core.format.media import MAX_LINE_BYTES, MAX_MEDIA_LINES, MediaLine, document_of, read_media
from aimd_core.format.segments import MAX_BYTES, counts_at, parse_segments
from aimd_server.services.files import MEDIA, SEGMENTS
from aimd_server.stores import journals, media
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.media import MediaRow, MediaState

STRETCH_BYTES = 256 << 10  # which all writers wait for
WAIT_S = 2.0  # that a reader waits for


def is_behind(connection: Connection, trial_id: int) -> bool:
    """Tell whether there are bytes of `media` that were not looked at, or other records count now."""
    row = journals.of_file(connection, trial_id, MEDIA)
    if row is None:
        return False
    state, cuts = media.state_of(connection, trial_id), journals.of_file(connection, trial_id, SEGMENTS)
    is_whole = state.offset >= row.next_offset or not _has_line(connection, row, state.offset)
    return not is_whole or (cuts is not None and cuts.next_offset != state.segments_offset)


def _has_line(connection: Connection, row: JournalRow, start: int) -> bool:
    """Tell whether there is the end of a line from a byte on; of many bytes, it is not looked for."""
    if row.next_offset - start > STRETCH_BYTES:
        return True
    return b"\n" in journals.read(connection, row.id, start, row.next_offset)


def bring_up_to_date(database: Database, trial_id: int, wait_s: float = WAIT_S) -> bool:
    """Read what is new of a trial's media, for a while; return whether something is left.

    Raises:
        StoreUnavailableError: The database refused.
    """
    until_s = time.monotonic() + wait_s
    while database.read(partial(is_behind, trial_id=trial_id)):
        if time.monotonic() > until_s:
            return True
        database.write(partial(read_stretch, trial_id=trial_id))
    return False


def index(database: Database, trial_id: int) -> None:
    """Read what an append brought."""
    bring_up_to_date(database, trial_id)


def read_stretch(connection: Connection, trial_id: int) -> None:
    """Make rows of the next stretch of a trial's media."""
    row = journals.of_file(connection, trial_id, MEDIA, lock=True)
    if row is None:
        return
    state = media.state_of(connection, trial_id)
    limits, state = _limits(connection, state)
    content = journals.read(connection, row.id, state.offset, min(row.next_offset, state.offset + STRETCH_BYTES))
    begin = _skipped(connection, row, state.offset, content)
    end = content.rfind(b"\n") + 1
    if not end and len(content) > MAX_LINE_BYTES:
        end = len(content)  # of a line that is too long; a shorter one may still grow
    lines = list(read_media(io.BytesIO(content[begin:end]), Damage(), state.offset + begin))
    counting = [line for line in lines if counts_at(limits, line.offset, line.record.step)]
    counting = counting[: max(0, MAX_MEDIA_LINES - state.records)]
    _add(connection, trial_id, counting)
    reached = MediaState(trial_id, state.offset + end, state.segments_offset, state.records + len(counting))
    media.put_state(connection, reached)


def _skipped(connection: Connection, row: JournalRow, offset: int, content: bytes) -> int:
    """Return how many bytes at the beginning are the rest of a line that was too long."""
    if not offset or journals.read(connection, row.id, offset - 1, offset) == b"\n":
        return 0
    return content.find(b"\n") + 1 or len(content)


def _limits(connection: Connection, state: MediaState) -> tuple[list[tuple[int, int]], MediaState]:
    """Return which records count, and the state for that: a new one, if others count than before."""
    cuts = journals.of_file(connection, state.trial_id, SEGMENTS)
    if cuts is None:
        return [], state
    content = journals.read(connection, cuts.id, 0, min(cuts.next_offset, MAX_BYTES))
    limits = parse_segments(content).media_limits
    if cuts.next_offset == state.segments_offset:
        return limits, state
    if limits == parse_segments(content[: state.segments_offset]).media_limits:
        return limits, MediaState(state.trial_id, state.offset, cuts.next_offset, state.records)
    media.clear(connection, state.trial_id)
    return limits, MediaState(state.trial_id, 0, cuts.next_offset, 0)


def _add(connection: Connection, trial_id: int, lines: list[MediaLine]) -> None:
    numbers = media.numbers_after(connection, trial_id, [(line.record.key, line.record.step) for line in lines])
    rows: list[MediaRow] = []
    types: dict[str, str] = {}
    for line in lines:
        record = line.record
        number = numbers.get((record.key, record.step), 0)
        numbers[record.key, record.step] = number + 1
        document = json.dumps(document_of(record), ensure_ascii=False)
        rows.append(MediaRow(line.offset, record.key, record.step, number, record.kind, document))
        for stored in record.bytes:
            types.setdefault(stored.digest, stored.type)
    media.add(connection, trial_id, rows)
    media.note_types(connection, trial_id, types)
