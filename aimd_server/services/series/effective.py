"""Which points of a trial count: those not superseded according to its `segments` file.

Bytes are stored as they come. Once a trial has gone back to an earlier step, its totals are computed again from its
journal, and its plots from the lines that count. All other trials pay nothing for this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from aimd_core.format.segments import MAX_BYTES, Segments, parse_segments
from aimd_server.services import indexing
from aimd_server.services.files import METRICS, SEGMENTS
from aimd_server.services.request_errors import invalid
from aimd_server.services.series import totals
from aimd_server.stores import indexes, journals, series
from aimd_server.stores.database import Connection
from aimd_server.stores.journals import JournalRow

if TYPE_CHECKING:
    from aimd_server.columns.rollups import Floats

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
        raise invalid(f"a segments file has at most {MAX_BYTES} bytes", field="file", limit=MAX_BYTES)


def stretches(connection: Connection, row: JournalRow, segments: Segments, start: int = 0) -> Iterator[bytes]:
    """Yield the complete lines of a journal from a line on, in batches, with superseded ones blank."""
    rest = b""
    reached = start
    while reached < row.parsed_offset:
        end = journals.piece_end(connection, row.id, reached, row.parsed_offset, _STRETCH_BYTES)
        content = rest + journals.read(connection, row.id, reached, end)
        cut = content.rfind(b"\n") + 1
        if cut:
            lines = segments.mask(content[:cut], reached - len(rest))
            yield _BLANK_LINES.sub(b"\n", lines).removeprefix(b"\n") if b"\n\n" in lines else lines
        reached, rest = end, content[cut:]


def points(
    connection: Connection, row: JournalRow, segments: Segments, metrics: list[tuple[str, str]], axis: str
) -> dict[tuple[str, str], tuple[Floats, Floats]]:
    """Return x and value of each point that counts, for metrics given as type and name."""
    import numpy as np

    from aimd_server.columns.table import columns_of

    parts: dict[tuple[str, str], list[tuple[Floats, Floats]]] = {metric: [] for metric in metrics}
    for lines in stretches(connection, row, segments):
        for metric, numbers in columns_of(lines, metrics, axis).items():
            parts[metric].append(numbers)
    return {
        metric: (np.concatenate([x for x, _ in found]), np.concatenate([values for _, values in found]))
        for metric, found in parts.items()
        if found
    }


def retotal(connection: Connection, trial_id: int) -> None:
    """Compute the totals of a trial again, from the lines of its journal that count."""
    row = journals.of_file(connection, trial_id, METRICS, lock=True)
    if row is None or not row.parsed_offset:
        return
    stored = {known.type: known for known in series.of_trials(connection, [trial_id]).get(trial_id, [])}
    lives: dict[str, totals.Live] = {metrics_type: {} for metrics_type in stored}
    for lines in stretches(connection, row, segments_of(connection, trial_id)):
        for found in totals.read_points(lines):
            for metrics_type, added in found.by_type.items():
                if metrics_type in lives or len(lives) < totals.MAX_TYPES:
                    totals.extend(lives.setdefault(metrics_type, {}), added)
    grown = [indexing.Grown(trial_id, name, stored.get(name), live) for name, live in lives.items()]
    for _, metrics_type, known, live in grown:
        gone = totals.from_text(known.live).keys() - live.keys() if known else set()
        indexes.remove_metrics(connection, trial_id, [f"{metrics_type}.{name}" for name in gone])
    indexing.put_totals(connection, grown)
