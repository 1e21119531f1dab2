"""Moves the columns of ended and of long series to objects, so that the database stays small.

An object is announced, stored, read back and compared; then a transaction replaces the bytes with references. A server
that ends before that leaves an object without references, which `remove_left_over` removes by age. Only objects
announced by this database are removed, because other servers may use the same store, and so may a database that a
restored backup has replaced.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aimd_core.format.digest import BLOCK_BYTES
from aimd_server.errors import StoreUnavailableError
from aimd_server.services import files
from aimd_server.services.clock import now_us
from aimd_server.storage import Storage
from aimd_server.stores import journals, sealed
from aimd_server.stores.database import Connection
from aimd_server.stores.journals import JournalRow
from aimd_server.stores.sealed import Bounds, DueRow, Sealing

LEFT_OVER_US = 86_400_000_000  # from the announcement on; sealing may take half of that
_AT_ONCE = 100
log = logging.getLogger("aimd_server")


class SealingLimits(NamedTuple):
    """What is sealed, and how much at once.

    Attributes:
        large_bytes: From this size on, the compressed columns of a running trial are sealed.
        small_bytes: Below this size, those of an ended one are not worth an object.
        bounds: Of an object, which is in memory four times.
        newest_rows: How many points of each running series stay in the database.
    """

    large_bytes: int = 16 << 20
    small_bytes: int = 64 << 10
    bounds: Bounds = Bounds(20_000, 8 << 20)
    newest_rows: int = 4 * 4096


LIMITS = SealingLimits()  # of a server; tests pass others


class _Read(NamedTuple):
    """What goes into an object, and the journal as it was."""

    row: JournalRow
    digest: str
    lines: list[tuple[sealed.Key, bytes]]
    columns: list[tuple[sealed.Key, bytes]]

    @property
    def content(self) -> bytes:
        return b"".join(data for _, data in (*self.lines, *self.columns))


def seal_due(storage: Storage, limits: SealingLimits, is_ending: Callable[[], bool] = lambda: False) -> int:
    """Seal everything that is due, unless the server is stopping, and return the number of objects."""
    made, last = 0, 0
    due = partial(sealed.due, large_bytes=limits.large_bytes, limit=_AT_ONCE)
    while rows := storage.database.read(partial(due, after_id=last)):
        for row in rows:
            if is_ending():
                return made
            made += _seal(storage, row, is_ending, limits)
        last = rows[-1].journal_id
    return made


def _seal(storage: Storage, due: DueRow, is_ending: Callable[[], bool], limits: SealingLimits) -> int:
    """Move what is due of a journal to objects, and return their number."""
    made = 0
    if due.has_ended and due.size < limits.small_bytes:
        storage.database.write(lambda connection: sealed.count_down(connection, due.journal_id, 0, True))
        return made
    while not is_ending():
        read = storage.database.read(lambda connection: _read(connection, due, limits))
        content = read.content if read is not None else b""
        if read is None or not content:
            break
        sealing = Sealing(_put(storage, content), read.lines, read.columns)
        if not storage.database.write(partial(_keep, due=due, read=read, sealing=sealing)):
            _remove(storage, [sealed.key_of(sealing.object_id)])  # another replica was faster, or the trial is gone
            return made
        made += 1
    if due.has_ended and not is_ending():
        storage.database.write(lambda connection: _finish(connection, due))
    return made


def _put(storage: Storage, content: bytes) -> bytes:
    """Store an object and return its id."""
    object_id = uuid.uuid4().bytes
    key = sealed.key_of(object_id)
    storage.database.write(partial(sealed.announce, object_id=object_id, content=content, now_us=now_us()))
    storage.blobs.put(key, content)
    if storage.blobs.get(key) != content:
        raise StoreUnavailableError(f"{key} comes back otherwise than it was put")
    return object_id


def _read(connection: Connection, due: DueRow, limits: SealingLimits) -> _Read | None:
    row = journals.by_id(connection, due.journal_id)
    if row is None:
        return None
    # The incomplete block stays in the database while the trial runs, because the next append may need it.
    end = row.chunk_offset if due.has_ended else row.next_offset // BLOCK_BYTES * BLOCK_BYTES
    lines = sealed.lines_in_rows(connection, row.id, end, limits.bounds)
    columns = sealed.columns_in_rows(
        connection, due.trial_id, 0 if due.has_ended else limits.newest_rows, limits.bounds
    )
    digest = files.rest_digest_of(connection, row) if due.has_ended else ""
    return _Read(row, digest, lines, columns)


def _keep(connection: Connection, due: DueRow, read: _Read, sealing: Sealing) -> bool:
    row = journals.by_id(connection, due.journal_id, lock=True)
    if row is None or not sealed.seal(connection, row.id, sealing, now_us() - LEFT_OVER_US // 2):
        return False
    if read.digest:
        journals.put_rest(connection, row.id, read.row.next_offset, read.digest)
    sealed.count_down(connection, row.id, len(read.content), False)
    return True


def _finish(connection: Connection, due: DueRow) -> None:
    row = journals.by_id(connection, due.journal_id, lock=True)
    if row is not None and not sealed.lines_in_rows(connection, row.id, row.chunk_offset, Bounds(1, 1)):
        sealed.count_down(connection, row.id, 0, True)


def remove_left_over(storage: Storage, age_us: int = LEFT_OVER_US) -> int:
    """Remove objects of some age without references, left by a crash or a deleted trial. Return their number."""
    before_us, gone = now_us() - age_us, 0
    while keys := storage.database.read(partial(sealed.left_over, before_us=before_us, limit=_AT_ONCE)):
        _remove(storage, keys)
        gone += len(keys)
    return gone


def _remove(storage: Storage, keys: list[str]) -> None:
    """Remove objects; an interrupted removal is completed the next time."""
    for key in keys:
        storage.blobs.delete(key)
    storage.database.write(partial(sealed.forget, keys=keys))
