"""Opens SQLite: WAL, waiting instead of failing, and transactions that declare at their start whether they write.

A deferred transaction that starts to write fails at once in spite of the busy timeout, so writers begin with BEGIN
IMMEDIATE. With `synchronous=FULL` what was acknowledged survives a power cut; the writer's group commit shares the
cost.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

BUSY_TIMEOUT_S = 15.0


def create_private(path: Path) -> None:
    """Create an empty database file that only its owner may read, unless it exists.

    SQLite gives its -wal and -shm files the mode of the database file.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def writing_engine(path: Path) -> Engine:
    """Return an engine whose transactions may write from their first statement on."""
    return _engine(path, "BEGIN IMMEDIATE", ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"], 1)


def reading_engine(path: Path, connections: int) -> Engine:
    """Return an engine whose transactions see one snapshot and cannot write."""
    return _engine(path, "BEGIN", ["query_only=ON"], connections)


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    """Set a pragma. A change of the journal mode does not wait for others, so this does."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline_s:
                raise
        time.sleep(0.01)


def _engine(path: Path, begin: str, pragmas: list[str], connections: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,  # so that user data never reaches a log through an error
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(dbapi_connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            _set(dbapi_connection, pragma)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def unlinked(connection: Connection) -> Iterator[None]:
    """Allow replacing a table by a changed copy, which SQLite needs for most changes of a column.

    With foreign keys enforced, dropping the old table would delete every row that refers to it. Enter this before the
    transaction begins, as SQLite requires; `dangling` then tells whether all references still hold.
    """
    held: Any = connection.connection.dbapi_connection
    _set(held, "foreign_keys=OFF")
    try:
        yield
    finally:
        _set(held, "foreign_keys=ON")


def dangling(connection: Connection) -> list[str]:
    """Return the tables with rows that refer to missing rows."""
    return sorted({str(row[0]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")})


def copy(source: Path, target: Path) -> None:
    """Write a durable copy of a database as of one moment, even while it is in use.

    Raises:
        OSError: The disk refuses.
    """
    create_private(target)
    try:
        reading, writing = sqlite3.connect(source, timeout=BUSY_TIMEOUT_S), sqlite3.connect(target)
        with closing(reading), closing(writing):
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")  # everything in one file
    except sqlite3.Error as error:
        raise OSError(errno.EIO, str(error), str(target)) from error
    _sync(target)


def close_log(path: Path) -> None:
    """Merge a database's log into its file, durably, so that the file is complete by itself.

    Raises:
        OSError: The disk refuses.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fault_of(path: Path) -> str | None:
    """Return what is wrong with a file that should be a database of this server, or None."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        return f"is no sound backup ({error})"
    return None if found == "ok" else f"is no sound backup ({found})"


def is_unused(path: Path) -> bool:
    """Merge a database's log into its file, and tell whether nobody else has it open."""
    try:
        with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as connection:
            # Leaving WAL mode needs exclusive access to the file.
            return bool(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete")
    except sqlite3.DatabaseError as error:
        return "locked" not in str(error)
