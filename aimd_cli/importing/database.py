"""Opens SQLite databases that other programs wrote and may still be writing, without changing a byte next to them.

SQLite itself would create files beside a database in WAL mode, and repair one whose writer was killed. Therefore such a
database is copied together with its log, and the copy is read. A database may be hostile: only ordinary tables are
read, no function of its schema is trusted, and a value has a limit.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from aimd_core.errors import DamagedError, DiskError
from aimd_core.format.journal import open_regular
from aimd_core.language import said

_MAGIC = b"SQLite format 3\0"
_HEAD_BYTES = 19  # up to the version that a writer needs
_WAL_VERSION = 2
_LOGS = ("-wal", "-journal")  # what a database may need to be read, by the mode of its last writer
_MAX_VALUE_BYTES = 64 << 20
_COPY_TRIES = 5
_BUSY_S = 5.0


@contextmanager
def open_database(path: Path, tracker: str, tables: Sequence[str]) -> Iterator[sqlite3.Connection]:
    """Open a database read-only.

    Args:
        path: The database.
        tracker: Whose it should be, for errors.
        tables: The tables that it must have.

    Raises:
        DamagedError: It is no such database, is damaged, or is written so often that no copy is consistent.
        DiskError: There is no room for a copy.
    """
    with open_regular(path) as file:
        head = file.read(_HEAD_BYTES)
    try:
        if head[: len(_MAGIC)] != _MAGIC:
            raise sqlite3.DatabaseError("file is not a database")
        with (
            _readable(path, head[-1] == _WAL_VERSION) as address,
            closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as database,
        ):
            database.text_factory = _text
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA mmap_size = 0")  # a file that shrinks meanwhile must not end the process
            if hasattr(database, "setlimit"):  # Python 3.11
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
            missing = [name for name in tables if name not in ordinary_tables(database)]
            if missing:
                raise DamagedError(path=path, reason=said("has no table {names}", names=", ".join(missing)))
            yield database
    except (sqlite3.Error, MemoryError, UnicodeError) as error:
        raise DamagedError(
            path=path, reason=said("is not a database of {tracker} ({error})", tracker=tracker, error=error)
        ) from error


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def ordinary_tables(database: sqlite3.Connection) -> set[str]:
    """Return the names of real tables, because reading a view or a virtual table could cost anything."""
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return {str(name) for name, sql in rows if str(sql).lstrip().upper().startswith("CREATE TABLE")}


def tables_at(path: Path) -> set[str]:
    """Return the names of the real tables of a file, or none if it is no database, without copying or changing it."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.text_factory = _text
            return ordinary_tables(database)
    except (sqlite3.Error, MemoryError):
        return set()


def column_names(database: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns, which differ among releases of a tracker."""
    return [str(name) for (name,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,))]


@contextmanager
def _readable(path: Path, is_in_wal_mode: bool) -> Iterator[str]:
    """Provide the address of the database, or of a copy if SQLite would have to write to read it."""
    if not any(_has_content(path.with_name(path.name + log)) for log in _LOGS):
        if not is_in_wal_mode:
            yield f"{path.as_uri()}?mode=ro"
            return
        before = _state(path)
        yield f"{path.as_uri()}?mode=ro&immutable=1"  # else SQLite would create files beside it
        if _state(path) != before:
            raise DamagedError(path=path, reason="changed while it was read; import it again")
        return
    with tempfile.TemporaryDirectory(prefix="aimd-import-") as directory:
        yield _copied(path, Path(directory)).as_uri()


def _copied(path: Path, directory: Path) -> Path:
    copy = directory / "copy.db"
    for _ in range(_COPY_TRIES):
        before = _state(path)
        try:
            for suffix in ("", *_LOGS):
                target = copy.with_name(copy.name + suffix)
                target.unlink(missing_ok=True)
                try:
                    with open_regular(path.with_name(path.name + suffix)) as source, target.open("xb") as file:
                        shutil.copyfileobj(source, file)
                except FileNotFoundError:
                    continue
        except OSError as error:
            raise DiskError(
                path=directory, reason=said("cannot be written ({strerror})", strerror=error.strerror)
            ) from error
        if _state(path) == before:
            return copy
    raise DamagedError(path=path, reason="changed while it was read; import it again")


def _has_content(path: Path) -> bool:
    try:
        return os.lstat(path).st_size > 0
    except OSError:
        return False


def _state(path: Path) -> list[tuple[int, int, int]]:
    """Return size, time of change and inode of a database and its logs."""
    numbers = []
    for suffix in ("", *_LOGS):
        try:
            status = os.lstat(path.with_name(path.name + suffix))
            numbers.append((status.st_size, status.st_mtime_ns, status.st_ino))
        except OSError:
            numbers.append((0, 0, 0))
    return numbers
