"""From lines to totals: takes what appends left into the totals and into the tables for lists, many lines at a time.

An append only marks a journal as **stale**: it has complete lines that the totals lack. They are added, which is called
**folding**, when somebody needs the result: before a list, for which the tables must be right; with the columns of a
chunk; when a trial ends, and from then on after each append; else within `FRESH_S`. Readers of single trials and plots
never wait for that: `totals_of` adds what is missing to what it returns.

How far a journal is folded is stored in the transaction that stores the totals. So whenever a server ends, and however
many of them fold the same lines, each line counts once. A `segments` file that supersedes points makes a trial stale
too: then its totals are made anew from all lines that count.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from aimd_core.format.segments import Segments
from aimd_core.reading.facts import is_live
from aimd_server.services import indexing
from aimd_server.services.clock import now_us
from aimd_server.services.files import METRICS, SEGMENTS
from aimd_server.services.series import effective, totals
from aimd_server.services.series.totals import Live
from aimd_server.stores import indexes, journals, series
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.sealed import ObjectsNeededError
from aimd_server.stores.series import SeriesRow
from aimd_server.stores.work import WorkStoppedError
from aimd_server.stores.writer import StoreUnavailableError

FRESH_S = 10.0  # how long totals may be stale
FEW = 20  # trials that are folded for a list, however short they have been stale
AT_ONCE = 200  # trials that are folded for a list
MOST_BYTES = 32 << 20  # of lines that somebody waits for, a second or two; what is more is folded in the background
_WRITER_BYTES = 8 << 20  # of lines that all writers wait for
_WAIT_S = 2.0  # for a list that folds
_TOGETHER = 25  # of them in a transaction
_MOST = 100_000  # trials that are folded in the background, from one round to the next
_one_at_a_time = threading.Lock()  # so that a second list finds done what the first one does
log = logging.getLogger("aimd_server")


class TypeTotals(NamedTuple):
    """The totals of a metrics type of a trial, and its series if it has one already."""

    series_id: int | None
    type: str
    live: Live


class Folded(NamedTuple):
    """The totals of a trial with lines that they lacked.

    Attributes:
        trial_id: The trial.
        row: Its `metrics` as they were read, if any.
        cuts: Its `segments` likewise.
        end: Up to where lines are in the totals now.
        lives: All totals by type.
        changed: The types with new points.
        is_anew: Whether all lines were read, because other points count now.
    """

    trial_id: int
    row: JournalRow | None
    cuts: JournalRow | None
    end: int
    lives: dict[str, Live]
    changed: set[str]
    is_anew: bool = False


def add_lines(lives: dict[str, Live], lines: bytes) -> set[str]:
    """Add the points of lines to totals by type, and return the types that have any."""
    changed = set()
    for points in totals.read_points(lines):
        for metrics_type, columns in points.items():
            changed |= add_columns(lives, metrics_type, columns)
    return changed


def add_columns(lives: dict[str, Live], metrics_type: str, columns: totals.Columns) -> set[str]:
    """Add numbers to the totals of a type, if the trial has room for the type, and return the type in a set."""
    if metrics_type not in lives and len(lives) >= totals.MAX_TYPES:
        return set()
    totals.extend(lives.setdefault(metrics_type, {}), columns)
    return {metrics_type}


def lives_of(rows: Iterable[SeriesRow]) -> dict[str, Live]:
    """Return the stored totals of a trial by type."""
    return {row.type: totals.from_text(row.live) for row in rows}


def totals_of(
    connection: Connection, trial_ids: Sequence[int], names: Collection[str] | None = None
) -> dict[int, list[TypeTotals]]:
    """Return the totals of trials with every complete line that is stored now; nothing is written.

    Args:
        connection: The database.
        trial_ids: The trials.
        names: Metrics as in lists, `type.name`, if all that matters is which of them a trial has: its totals may then
            lack its latest points, because its latest lines are only read if one of these may be new there.
    """
    stored, files = series.of_trials(connection, trial_ids), journals.of_trials(connection, trial_ids)
    totals: dict[int, list[TypeTotals]] = {}
    for trial_id in trial_ids:
        rows, journals_of = stored.get(trial_id, []), files.get(trial_id, [])
        lives = lives_of(rows)
        if names is None or not _are_there(names, lives, journals_of):
            folded = _folded(connection, trial_id, journals_of, rows)
            lives = lives if folded is None else folded.lives
        ids = {row.type: row.id for row in rows}
        totals[trial_id] = [TypeTotals(ids.get(name), name, live) for name, live in lives.items()]
    return totals


def _are_there(names: Collection[str], lives: Mapping[str, Live], files: Sequence[JournalRow]) -> bool:
    """Tell whether a trial has all of these metrics for certain, by its stored totals."""
    if any(row.file == SEGMENTS and row.stale_us is not None for row in files):
        return False  # other points count now
    parts = (name.partition(".") for name in names)
    return all(name in lives.get(metrics_type, ()) for metrics_type, _, name in parts)


def _folded(
    connection: Connection, trial_id: int, files: Sequence[JournalRow], stored: Sequence[SeriesRow]
) -> Folded | None:
    """Return the totals of a trial with the lines that they lack; None if they lack none, or none can be read."""
    row, cuts = (
        next((trial_fold for trial_fold in files if trial_fold.file == file), None) for file in (METRICS, SEGMENTS)
    )
    is_anew = cuts is not None and cuts.stale_us is not None
    if not is_anew and (row is None or row.stale_us is None):
        return None
    lives: dict[str, Live] = {} if is_anew else lives_of(stored)
    end = 0 if is_anew or row is None else row.folded_offset
    changed: set[str] = set()
    try:
        segments = Segments() if cuts is None else effective.read_segments(connection, cuts)
        for lines, reached in () if row is None else effective.stretches(connection, row, segments, end):
            changed |= add_lines(lives, lines)
            end = reached
    except (ValueError, zlib.error):
        log.exception("the lines of trial %d cannot be read; its totals stay as they are", trial_id)
        return None
    return Folded(trial_id, row, cuts, end, lives, changed, is_anew)


def _read(connection: Connection, trial_ids: Sequence[int], must: bool = True) -> list[Folded]:
    """Return the totals of those trials that lack lines.

    Unless it must be, a trial is left as it is whose lines are in objects that are not at hand: nobody else waits.
    """
    files = journals.of_trials(connection, trial_ids)
    stale = [trial_id for trial_id, rows in files.items() if any(row.stale_us is not None for row in rows)]
    stored = series.of_trials(connection, stale)
    read: list[Folded] = []
    for trial_id in stale:
        try:
            folded = _folded(connection, trial_id, files[trial_id], stored.get(trial_id, []))
        except (StoreUnavailableError, ObjectsNeededError) as error:
            if must or isinstance(error, WorkStoppedError):
                raise
            log.warning("the lines of trial %d cannot be read now: %s", trial_id, error)
        else:
            read += [] if folded is None else [folded]
    return read


def put(connection: Connection, folded: Sequence[Folded]) -> list[int]:
    """Store totals, and return the trials of which somebody else stored them, or more segments, since they were read.

    Nothing is stored of those.
    """
    ids = sorted(trial_fold.trial_id for trial_fold in folded)
    homes = indexes.homes_held(connection, ids)  # before journals, in which order changes and deletions lock them
    files, stored = journals.locked(connection, ids), series.of_trials(connection, ids)
    grown: list[indexing.Grown] = []
    settled: list[JournalRow] = []
    outdated: list[int] = []
    for trial_fold in folded:
        row, cuts = files.get((trial_fold.trial_id, METRICS)), files.get((trial_fold.trial_id, SEGMENTS))
        if not _is_as_read(trial_fold, row, cuts):
            outdated.append(trial_fold.trial_id)
            continue
        rows = {series_row.type: series_row for series_row in stored.get(trial_fold.trial_id, [])}
        grown += _grown(connection, trial_fold, rows)
        if trial_fold.row is not None and row is not None:
            settled.append(settled_row(row, trial_fold.end, row.next_offset == trial_fold.row.next_offset))
        if cuts is not None and trial_fold.is_anew:
            settled.append(msgspec.structs.replace(cuts, stale_us=None))
    indexing.put_totals(connection, grown, homes)
    journals.settle(connection, *settled)
    return outdated


def _is_as_read(folded: Folded, row: JournalRow | None, cuts: JournalRow | None) -> bool:
    """Tell whether only further lines came to a trial since it was read."""
    if folded.row is not None and (row is None or row.folded_offset != folded.row.folded_offset):
        return False
    seen = folded.cuts
    return cuts is None if seen is None else cuts is not None and cuts.next_offset == seen.next_offset


def settled_row(row: JournalRow, end: int, is_all: bool) -> JournalRow:
    """Return a journal's row that is folded up to a byte; `is_all` tells whether all that is complete is."""
    return msgspec.structs.replace(row, folded_offset=end, stale_us=None if is_all else row.stale_us)


def _grown(connection: Connection, folded: Folded, stored: Mapping[str, SeriesRow]) -> list[indexing.Grown]:
    """Return the totals that are to be stored; of totals that were made anew, those without any point are gone."""
    names = folded.changed
    if folded.is_anew:
        names = {*stored, *folded.lives}
        for metrics_type, row in stored.items():
            gone = totals.from_text(row.live).keys() - folded.lives.get(metrics_type, {}).keys()
            indexes.remove_metrics(connection, folded.trial_id, [f"{metrics_type}.{name}" for name in gone])
    # In the order of first appearance, which is that of the rows.
    order = [*folded.lives, *(name for name in stored if name not in folded.lives)]
    trial_id, lives = folded.trial_id, folded.lives
    return [
        indexing.Grown(trial_id, name, rank, stored.get(name), lives.get(name, {}))
        for rank, name in enumerate(order)
        if name in names
    ]


def unfolded_bytes(files: Iterable[JournalRow]) -> int:
    """Return how many bytes must be read to bring the totals of a trial up to date; 0 if they are."""
    rows = {row.file: row for row in files}
    metrics, cuts = rows.get(METRICS), rows.get(SEGMENTS)
    if metrics is None:
        return 0
    if cuts is not None and cuts.stale_us is not None:
        return metrics.next_offset
    return 0 if metrics.stale_us is None else metrics.next_offset - metrics.folded_offset


def _affordable(connection: Connection, trial_ids: Sequence[int], most_bytes: int) -> list[int]:
    """Return those trials, in order, that have no more to be read together than so many bytes."""
    files = journals.of_trials(connection, trial_ids)
    left_bytes, taken = most_bytes, []
    for trial_id in trial_ids:
        needed_bytes = unfolded_bytes(files.get(trial_id, []))
        if needed_bytes <= left_bytes:
            left_bytes -= needed_bytes
            taken.append(trial_id)
    return taken


def fold_now(connection: Connection, trial_ids: Sequence[int], most_bytes: int = _WRITER_BYTES) -> None:
    """Fold the lines of trials in a writing transaction.

    Left for later are those with so many lines that other writers would wait long, or that would wait for objects.
    """
    put(connection, _read(connection, _affordable(connection, trial_ids, most_bytes), must=False))


def fold_due(database: Database, trial_id: int, most_bytes: int = MOST_BYTES) -> None:
    """Fold the lines of a trial at once if it has ended, or if other points of it count now, unless they are very many.

    Raises:
        StoreUnavailableError: The database refused.
    """

    def is_due(connection: Connection) -> bool:
        files = journals.of_trials(connection, [trial_id]).get(trial_id, [])
        stale = {row.file for row in files if row.stale_us is not None}
        if unfolded_bytes(files) > most_bytes:
            return False
        return SEGMENTS in stale or (bool(stale) and not is_live(indexes.home_of(connection, trial_id).state or ""))

    if database.read(is_due):
        fold(database, [trial_id])


def fold(database: Database, trial_ids: Sequence[int], must: bool = True) -> None:
    """Fold the lines of trials. They are read outside the writer, and again if somebody else was faster.

    Unless it `must` be, a trial is left for later whose lines are in objects that cannot be read now.

    Raises:
        StoreUnavailableError: The database refused, or the object store.
    """
    left = list(trial_ids)
    while left:
        some, left = left[:_TOGETHER], left[_TOGETHER:]
        folded = database.read(partial(_read, trial_ids=some, must=must))
        if folded:
            left += database.write(partial(put, folded=folded))


def fold_for_list(
    database: Database,
    few: int = FEW,
    fresh_s: float = FRESH_S,
    at_once: int = AT_ONCE,
    most_bytes: int = MOST_BYTES,
) -> bool:
    """Fold what has been stale for too long and what is new, or everything if these are few trials.

    A database that accepts no writes now is read as it is; lists are still consistent.

    Returns:
        Whether lists may be behind: not all of that could be folded.
    """
    if not _one_at_a_time.acquire(timeout=_WAIT_S):
        return True
    try:
        at_us = now_us()
        files = (METRICS, SEGMENTS)
        stale = database.read(lambda connection: journals.stale(connection, files, at_us, few + 1))
        is_long = len(stale) > few
        if is_long:
            before_us = at_us - round(fresh_s * 1e6)
            stale = database.read(lambda connection: journals.stale(connection, files, before_us, at_once, True))
        affordable = database.read(lambda connection: _affordable(connection, stale, most_bytes))
        fold(database, affordable, must=False)
        return len(affordable) < len(stale) or (is_long and len(stale) >= at_once)
    except WorkStoppedError:
        raise
    except StoreUnavailableError as error:
        log.warning("could not bring lists up to date: %s", error)
        return True
    finally:
        _one_at_a_time.release()


def fold_left(database: Database, fresh_s: float = FRESH_S, is_ending: threading.Event | None = None) -> None:
    """Fold what has been stale for too long, and what a server left that ended.

    Raises:
        StoreUnavailableError: The database refused.
    """
    before_us = now_us() - round(fresh_s * 1e6)
    stale = database.read(lambda connection: journals.stale(connection, (METRICS, SEGMENTS), before_us, _MOST))
    for start in range(0, len(stale), _TOGETHER):
        if is_ending is not None and is_ending.is_set():
            return
        fold(database, stale[start : start + _TOGETHER], must=False)
