"""Stores the index of a trials directory between calls, in a small SQLite file in the user's cache directory.

Nothing depends on this file: if it is missing, locked, damaged, of another version or not writable, it counts as empty,
and it may be deleted.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from aimd_core.caches import user_cache_directory

VERSION = 6
_BUSY_S = 0.5
_UNUSED_S = 90 * 86400
_FEW = 500  # up to this many rows are requested by name
_SCHEMA = """
CREATE TABLE trial (
    name TEXT PRIMARY KEY, signature BLOB, started TEXT, head TEXT, params TEXT, metrics TEXT, totals BLOB
);
CREATE TABLE more (name TEXT PRIMARY KEY, facts TEXT, trends BLOB, state TEXT);
"""


class CachedRow(NamedTuple):
    """A cached trial: when it began, ISO 8601 or None, JSON, the names of its metrics as JSON, and their totals."""

    name: str
    signature: bytes
    started: str | None
    head: str
    params: str
    metrics: str
    totals: bytes


class CachedMore(NamedTuple):
    """What only some calls need of a trial: git and platform, trends, the position of the journal's reader."""

    name: str
    facts: str
    trends: bytes
    state: str


def cache_directory() -> Path:
    """Return the directory of indexes."""
    return Path(user_cache_directory()) / "index"


class IndexCache:
    """The cached rows of a trials directory."""

    def __init__(self, directory: Path) -> None:
        """Open the cache of the trials in `directory`. It never fails."""
        self.path = cache_directory() / f"{_fingerprint(os.path.realpath(directory))}.sqlite3"
        self._connection: sqlite3.Connection | None = None
        self._open()

    def _open(self) -> None:
        for _ in range(2):  # a damaged one, or one of another version, is discarded once
            try:
                self._connection = self._connect()
                return
            except sqlite3.OperationalError:  # no space, no permission, locked: continue without it
                return
            except sqlite3.DatabaseError:
                self.discard()
            except OSError:
                return

    def _connect(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _remove_unused(self.path.parent)
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == VERSION:
                return connection
            if version:
                raise sqlite3.DatabaseError("another version")
            os.chmod(self.path, 0o600)
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        except BaseException:
            connection.close()
            raise
        return connection

    def discard(self) -> None:
        """Discard the cache."""
        self.close()
        for path in (self.path, Path(f"{self.path}-journal")):
            with contextlib.suppress(OSError):
                path.unlink()

    def renew(self) -> None:
        """Discard the cache and start a new one."""
        self.discard()
        self._open()

    def close(self) -> None:
        """Release the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def rows(self, names: Sequence[str] | None) -> Iterator[list[CachedRow]]:
        """Yield the cached rows of these trials, or of all, in batches and in no order; others may be included."""
        for rows in self._select("trial", CachedRow._fields, names):
            yield [CachedRow(*row) for row in rows]

    def starts(self) -> Iterator[list[tuple[str, bytes, str | None]]]:
        """Yield name, signature and start of all trials, in batches and in no order."""
        return self._select("trial", ("name", "signature", "started"), None)

    def more(self, names: Sequence[str]) -> dict[str, CachedMore]:
        """Return what else is cached of these trials, by name."""
        return {row[0]: CachedMore(*row) for rows in self._select("more", CachedMore._fields, names) for row in rows}

    def column(self, column: str, names: Sequence[str]) -> Iterator[list[tuple[str, Any]]]:
        """Yield names with one column of what else is cached, in batches and in no order.

        Args:
            column: One of the fields of `CachedMore`.
            names: The trials; others may be included.
        """
        return self._select("more", ("name", column), names)

    def _select(self, table: str, columns: Sequence[str], names: Sequence[str] | None) -> Iterator[list[Any]]:
        if self._connection is None or names == []:
            return
        asked = tuple(names) if names is not None and len(names) <= _FEW else ()
        query = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608 - names of ours
        if asked:
            query += f" WHERE name IN ({', '.join('?' * len(asked))})"
        try:
            cursor = self._connection.execute(query, asked)
            while rows := cursor.fetchmany(_FEW):
                yield rows
        except sqlite3.OperationalError:
            return
        except sqlite3.DatabaseError:
            self.discard()

    def store(self, rows: Iterable[tuple[CachedRow, CachedMore]], gone: Iterable[str] = ()) -> None:
        """Store rows, and forget those of trials that are gone."""
        if self._connection is None:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            kept = list(rows)
            replace = "INSERT OR REPLACE INTO"
            self._connection.executemany(f"{replace} trial VALUES (?, ?, ?, ?, ?, ?, ?)", [row for row, _ in kept])
            self._connection.executemany(f"{replace} more VALUES (?, ?, ?, ?)", [more for _, more in kept])
            for name in gone:
                self._connection.execute("DELETE FROM trial WHERE name = ?", (name,))
                self._connection.execute("DELETE FROM more WHERE name = ?", (name,))
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError:  # read-only, full, or in use by another process: the next call tries again
            with contextlib.suppress(sqlite3.Error):
                self._connection.rollback()
        except (sqlite3.DatabaseError, UnicodeEncodeError):
            self.discard()


class MemoryCache(IndexCache):
    """A cache that lives as long as the process."""

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.executescript(_SCHEMA)
        return connection

    def discard(self) -> None:
        """Discard the cache."""
        self.close()


def _fingerprint(path: str) -> str:
    """Return a name for a directory's cache. A collision does no harm, because signatures differ."""
    encoded = os.fsencode(path)
    return f"{crc32(encoded):08x}{crc32(encoded[::-1]):08x}"


def _remove_unused(directory: Path) -> None:
    """Remove indexes that have not been written for long."""
    for path in directory.glob("*.sqlite3"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - _UNUSED_S:
                path.unlink()
