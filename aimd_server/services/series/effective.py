"""Which points of a trial count: those not superseded according to its `segments` file.

Bytes are stored as they come. Once a trial has gone back to an earlier step, its totals are computed again from its
journal, and its plots from the points that count (`stores.chunk_points`). All other trials pay nothing for this.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator

import msgspec

from aimd_core.format.segments import MAX_BYTES, Segments, parse_segments
from aimd_server.services import indexing
from aimd_server.services.files import METRICS, SEGMENTS
from aimd_server.services.request_errors import invalid
from aimd_server.services.series import totals
from aimd_server.stores import indexes, journals, series
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.work import check

_STRETCH_BYTES = 2 << 20
_BLANK_LINES = re.compile(rb"\n{2,}")
_one_at_a_time = threading.Lock()  # it reads whole journals, and two at once are no quicker


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
        raise invalid(f"a segments file has at most {MAX_BYTES} bytes", field="file", limit=MAX_BYTES)


def stretches(connection: Connection, row: JournalRow, segments: Segments, start: int = 0) -> Iterator[bytes]:
    """Yield the complete lines of a journal from a line on, in batches, with superseded ones blank."""
    rest = b""
    reached = start
    while reached < row.parsed_offset:
        check()
        end = journals.piece_end(connection, row.id, reached, row.parsed_offset, _STRETCH_BYTES)
        content = rest + journals.read(connection, row.id, reached, end)
        cut = content.rfind(b"\n") + 1
        if cut:
            lines = segments.mask(content[:cut], reached - len(rest))
            yield _BLANK_LINES.sub(b"\n", lines).removeprefix(b"\n") if b"\n\n" in lines else lines
        reached, rest = end, content[cut:]
    if rest:  # whole records of a line that is not complete
        yield segments.mask(rest, reached - len(rest))


def retotal(database: Database, trial_id: int) -> None:
    """Compute the totals of a trial again, from the lines of its journal that count, if its `segments` file says more.

    The journal is read outside the writer, which only adds what came meanwhile. If the server ends before that, a mark
    is left, and the next start does it.
    """
    with _one_at_a_time:
        while not _retotal_once(database, trial_id):
            pass


def retotal_pending(database: Database) -> None:
    """Do this for all trials for which it was left."""
    for trial_id in database.read(lambda connection: journals.behind(connection, SEGMENTS)):
        retotal(database, trial_id)


def _retotal_once(database: Database, trial_id: int) -> bool:
    """Return False if the `segments` file grew meanwhile, so that it is to be done once more."""

    def read(connection: Connection) -> tuple[JournalRow, int, dict[str, str]] | None:
        rows = {row.file: row for row in journals.of_trials(connection, [trial_id]).get(trial_id, [])}
        said, row = rows.get(SEGMENTS), rows.get(METRICS)
        if said is None or said.parsed_offset == said.next_offset:
            return None
        if row is None:
            return said, 0, {}
        return said, row.parsed_offset, _totals_of(stretches(connection, row, read_segments(connection, said)), {})

    seen = database.read(read)
    if seen is None:
        return True
    said, reached, texts = seen

    def write(connection: Connection) -> bool:
        rows = journals.locked(connection, [trial_id])
        now, row = rows.get((trial_id, SEGMENTS)), rows.get((trial_id, METRICS))
        if now is None:
            return True
        if now.next_offset != said.next_offset:
            return False
        if row is not None:
            rest = stretches(connection, row, read_segments(connection, now), reached)
            _put_totals(connection, trial_id, _totals_of(rest, texts))
        journals.advance(connection, msgspec.structs.replace(now, parsed_offset=now.next_offset))
        return True

    return database.write(write)


def _totals_of(parts: Iterator[bytes], texts: dict[str, str]) -> dict[str, str]:
    """Return totals by metrics type, as text, with the points of some lines added to what they are so far."""
    lives = {metrics_type: totals.from_text(text) for metrics_type, text in texts.items()}
    for lines in parts:
        for found in totals.read_points(lines):
            for metrics_type, added in found.by_type.items():
                if metrics_type in lives or len(lives) < totals.MAX_TYPES:
                    totals.extend(lives.setdefault(metrics_type, {}), added)
    return {metrics_type: totals.text_of(live) for metrics_type, live in lives.items()}


def _put_totals(connection: Connection, trial_id: int, texts: dict[str, str]) -> None:
    """Put totals in the place of those that a trial has; metrics without any point that counts are gone."""
    stored = {known.type: known for known in series.of_trials(connection, [trial_id]).get(trial_id, [])}
    lives = {metrics_type: totals.from_text(texts.get(metrics_type)) for metrics_type in (*stored, *texts)}
    grown = [indexing.Grown(trial_id, name, stored.get(name), live) for name, live in lives.items()]
    for _, metrics_type, known, live in grown:
        gone = totals.from_text(known.live).keys() - live.keys() if known else set()
        indexes.remove_metrics(connection, trial_id, [f"{metrics_type}.{name}" for name in gone])
    indexing.put_totals(connection, grown)
