"""Opens SQLite: WAL, waiting instead of failing, and transactions that declare at their start whether they write.

A deferred transaction that starts to write fails at once in spite of the busy timeout, so writers begin with BEGIN
IMMEDIATE. With `synchronous=FULL` what was acknowledged survives a power cut; the writer's group commit shares the
cost.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from aimd_server.stores import row_sums

BUSY_TIMEOUT_S = 15.0
VERSIONS = "alembic_version"  # the table of the schema's revision


def create_private(path: Path) -> None:
    """Create an empty database file that only its owner may read, unless it exists.

    SQLite gives its -wal and -shm files the mode of the database file.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def create(path: Path, fill: Callable[[Engine], None]) -> None:
    """Create a database with its tables, complete or not at all, unless another process is first.

    Raises:
        OSError: The disk refuses.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        create_private(part)
        engine = writing_engine(part)
        try:
            fill(engine)
        finally:
            engine.dispose()
        close_log(part)
        _publish(part, path)
    finally:
        for file in (part, log_of(part), index_of(part)):
            file.unlink(missing_ok=True)


def _publish(part: Path, path: Path) -> None:
    """Give a complete file its name, unless somebody else did."""
    try:
        os.link(part, path)
    except FileExistsError:
        return
    except OSError:  # no hard links here
        if not path.exists():
            os.replace(part, path)
    sync_folder(path.parent)


def log_of(path: Path) -> Path:
    """Return the write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")


def index_of(path: Path) -> Path:
    """Return the index of a database's write-ahead log."""
    return path.with_name(f"{path.name}-shm")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_DAMAGE = (
    "not a database",
    "malformed",
    "empty",
    "another program",
    "unsupported file format",
    "no such table",
    "already exists",  # its revision says that it does not
    "Could not decode",
)


def is_damage(reason: str) -> bool:
    """Tell whether a message of SQLite, or of `opening_fault`, says that the file is damaged."""
    return any(words in reason for words in _DAMAGE)


def opening_fault(path: Path, tables: Iterable[str]) -> str | None:
    """Return why a file is no database of this server, or None, without a look at its rows.

    Args:
        path: The file.
        tables: Those that a database of this schema has.

    Raises:
        sqlite3.Error: SQLite cannot read it.
    """
    if path.stat().st_size == 0 and not log_of(path).exists():
        return "the file is empty"
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            names = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except UnicodeDecodeError as error:  # SQLite's message quotes what is damaged
        raise sqlite3.DatabaseError("malformed database schema") from error
    if not names:
        return "the file is empty"
    if VERSIONS not in names:
        return "a database of another program"
    missing = sorted(set(tables) - names)
    return f"no such table: {missing[0]}" if missing else None


def quick_fault(path: Path, limit_s: float) -> str | None:
    """Return what is wrong with the structure of a database, or None, also if time runs out before all is read."""
    deadline_s = time.monotonic() + limit_s
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline_s, 10_000)
            result = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        return None if "interrupted" in str(error) else str(error)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return str(error)
    return None if result == "ok" else result


def writing_engine(path: Path) -> Engine:
    """Return an engine whose transactions may write from their first statement on.

    What is deleted is overwritten where that needs no further write, whatever this SQLite does by default: Debian's
    would write each part of a journal twice more, when it becomes columns.
    """
    pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=FAST"]
    return _engine(path, "BEGIN IMMEDIATE", pragmas, 1)


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
        row_sums.teach(dbapi_connection)
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
        sqlite3.Error: SQLite does, mostly because the source is damaged.
    """
    create_private(target)
    reading, writing = sqlite3.connect(source, timeout=BUSY_TIMEOUT_S), sqlite3.connect(target)
    with closing(reading), closing(writing):
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")  # everything in one file
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


def frozen_engine(path: Path) -> Engine:
    """Return an engine on a file that nobody writes to, and of which nothing is changed, no log begun."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True)
        row_sums.teach(connection)
        return connection

    return create_engine("sqlite+pysqlite://", creator=opened, hide_parameters=True)


def is_readable(path: Path) -> bool:
    """Tell whether a database can be read at all."""
    return quick_fault(path, 0.0) is None


def link_or_copy(old: Path, new: Path) -> None:
    """Give a file a second name, or copy it durably if the file system has no links.

    Raises:
        OSError: The disk refuses.
    """
    try:
        os.link(old, new)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(old, new)
        _sync(new)


def is_unused(path: Path) -> bool:
    """Merge a database's log into its file, and tell whether nobody else has it open."""
    if not path.exists():
        return True  # SQLite would make one, and remove a log that is left
    try:
        with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as connection:
            # Leaving WAL mode needs exclusive access to the file.
            return bool(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete")
    except sqlite3.DatabaseError as error:
        return "locked" not in str(error)
