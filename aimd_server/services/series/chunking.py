"""From tail to chunks: turns the lines in a journal's tail into columns, and folds them on that occasion.

The tail grows until it has enough; the append that made it so turns it into spans after its commit: read and built
outside the writer, then stored by a second transaction, unless somebody else did so in the meantime. If the server ends
between the two, the lines are still in the tail, from which they are also read, and the next append continues.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from aimd_core.reading.series import split_type
from aimd_server.services.files import METRICS, SEGMENTS
from aimd_server.services.series import folding, totals
from aimd_server.services.series.folding import Folded
from aimd_server.stores import indexes, journals, series
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.writer import StoreUnavailableError

if TYPE_CHECKING:
    from aimd_server.columns.spans import Span

_STEP_BYTES = 2 << 20
_busy: set[tuple[int, int]] = set()  # the trials that a thread of this process is working on
_lock = threading.Lock()
_building = threading.Lock()  # of spans: it takes memory, and two at once only slow each other down
log = logging.getLogger("aimd_server")


class ColumnLimits(NamedTuple):
    """How much becomes columns, and when.

    Attributes:
        due_lines: A tail with this many lines is due.
        due_bytes: A tail of this many bytes is due.
        lines: The most lines of a span.
        span_bytes: The most bytes of a span; one line alone may be longer.
        row_bytes: The most bytes of a row with what is left of a part that has partly become columns.
    """

    due_lines: int = 4096
    due_bytes: int = 4 << 20
    lines: int = 4096
    span_bytes: int = 2 << 20
    row_bytes: int = 1 << 20


LIMITS = ColumnLimits()


def is_due(row: JournalRow, limits: ColumnLimits) -> bool:
    """Tell whether a journal's tail has enough for chunks."""
    lines = row.lines - row.chunk_lines
    return lines >= limits.due_lines or (lines > 0 and row.next_offset - row.chunk_offset >= limits.due_bytes)


def chunk_tail(database: Database, trial_id: int, limits: ColumnLimits | None = None) -> bool:
    """Turn the complete lines of a trial's tail into chunks and fold them, if due; tell whether any were.

    A fault is logged and leaves the tail.
    """
    key, is_done = (id(database), trial_id), False
    with _lock:
        if key in _busy:
            return False
        _busy.add(key)
    try:
        while (has_more := _step(database, trial_id, limits or LIMITS)) is not None:
            is_done = True
            if not has_more:
                break
    except StoreUnavailableError as error:  # the next append will try again
        log.warning("could not turn a tail into chunks: %s", error)
    except Exception:
        log.exception("a tail cannot be turned into chunks; it is kept as it is")
    finally:
        with _lock:
            _busy.discard(key)
    return is_done


class _Tail(NamedTuple):
    """Complete lines at the beginning of a tail, the journal as it was, and the totals if these lines are added there.

    `lives` is None if not all lines of the trial count.
    """

    row: JournalRow
    lines: bytes
    lives: dict[str, totals.Live] | None


def _step(database: Database, trial_id: int, limits: ColumnLimits) -> bool | None:
    """Turn a stretch of a tail into chunks; tell whether there may be more to do, or return None if nothing was due."""
    tail = database.read(lambda connection: _tail(connection, trial_id, limits))
    if tail is None:
        return None
    if tail.lives is None:  # these are folded apart, first, so that the chunks find the series of their types
        folding.fold(database, [trial_id])
    built = _built(tail.lines, limits)
    folded = None if tail.lives is None else _folded(tail, tail.lives, built)
    lines = tail.lines.count(b"\n", 0, sum(span.size for span in built))

    def write(connection: Connection) -> bool:
        indexes.homes_held(connection, [trial_id])  # before its journal, as everywhere
        row = journals.of_file(connection, trial_id, METRICS, lock=True)
        if row is None or row.id != tail.row.id or row.chunk_offset != tail.row.chunk_offset:
            return False
        if folded is not None:
            if folding.put(connection, [folded]):
                return True  # somebody folded some of these lines
            row = folding.settled_row(row, folded.end, row.next_offset == folded.end)
        row = _keep(connection, row, built, lines)
        journals.cut_tail(connection, row.id, row.chunk_offset, limits.row_bytes)
        journals.settle(connection, row)
        return is_due(row, limits)

    return database.write(write)


def _built(lines: bytes, limits: ColumnLimits) -> list[Span]:
    """Return the spans of lines, without the last ones if they are too few for a chunk."""
    from aimd_server.columns import spans

    built: list[Span] = []
    reached = 0
    with _building:
        for part in spans.split(lines, limits.lines, limits.span_bytes):
            reached += len(part)
            if built and reached == len(lines) and part.count(b"\n") < limits.lines // 2:
                break
            built.append(spans.build(part))
    return built


def _tail(connection: Connection, trial_id: int, limits: ColumnLimits) -> _Tail | None:
    """Return lines that are due to become chunks, if there are any."""
    files = {row.file: row for row in journals.of_trials(connection, [trial_id]).get(trial_id, [])}
    row = files.get(METRICS)
    if row is None or not is_due(row, limits):
        return None
    if SEGMENTS in files and folding.unfolded_bytes(files.values()) > folding.MOST_BYTES:
        return None  # they are to be folded first, in the background
    end = min(row.next_offset, row.chunk_offset + _STEP_BYTES)
    lines = journals.read(connection, row.id, row.chunk_offset, end)
    if b"\n" not in lines:  # one that is longer than a step
        lines = journals.read(connection, row.id, row.chunk_offset, row.next_offset)
    lines = lines[: lines.rfind(b"\n") + 1]
    if not lines:
        return None
    stored = series.of_trials(connection, [trial_id]).get(trial_id, [])
    return _Tail(row, lines, None if SEGMENTS in files else folding.lives_of(stored))


def _folded(tail: _Tail, lives: dict[str, totals.Live], built: list[Span]) -> Folded:
    """Return the totals with the lines of a tail, as far as they are not in them; the columns have them already."""
    changed: set[str] = set()
    position, done = 0, max(0, tail.row.folded_offset - tail.row.chunk_offset)
    for span in built:
        begin, position = position, position + span.size
        if done >= position:
            continue
        skipped = tail.lines[begin : max(begin, done)]
        if _has_all_numbers(span) and (not skipped or (len(span.chunks) == 1 and skipped.endswith(b"\n"))):
            for chunk in span.chunks:
                columns = totals.columns_of(chunk, skipped.count(b"\n"))
                changed |= folding.add_columns(lives, split_type(chunk.type)[0], columns)
        else:
            changed |= folding.add_lines(lives, tail.lines[max(begin, done) : position])
    changed |= folding.add_lines(lives, tail.lines[max(position, done) :])
    end = tail.row.chunk_offset + max(len(tail.lines), done)
    return Folded(tail.row.trial_id, tail.row, None, end, lives, changed)


def _has_all_numbers(span: Span) -> bool:
    """Tell whether totals can be made from columns: steps are whole numbers or none, and types share no metric."""
    names = [f"{chunk.type}.{name}" for chunk in span.chunks for name in chunk.columns]
    if span.recipe is None or len(set(names)) < len(names):
        return False
    return all(kind in ("int", "null") for shape in span.recipe.shapes for name, kind in shape.places if name == "step")


def _keep(connection: Connection, row: JournalRow, spans: list[Span], lines: int) -> JournalRow:
    """Store spans of so many lines after a journal's chunks and return its new row, which `journals.settle` stores."""
    from aimd_server.stores import chunks

    offset = row.chunk_offset
    for span in spans:
        chunks.put(connection, row.trial_id, row.id, offset, span)
        offset += span.size
    return msgspec.structs.replace(row, chunk_offset=offset, chunk_lines=row.chunk_lines + lines)
