"""The database of a data directory: opened, brought up to date, read from any thread, written by one.

The directory is made with mode 0700 and the database file with 0600.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection as Connection  # the services' word for an open transaction
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from aimd_core.errors import AimdError, DamagedError, DiskError
from aimd_server.stores import sqlite
from aimd_server.stores.migration import bring_up_to_date
from aimd_server.stores.writer import Operation, StoreUnavailableError, Writer

T = TypeVar("T")

FILE = "aimd.db"
READERS = 8  # connections; a read that finds all taken waits


class Database:
    """Reads and writes. Use it as a context manager, or call `close`."""

    def __init__(self, data_dir: Path) -> None:
        """Open the database of a data directory, made when missing, with its schema brought up to date.

        Raises:
            DiskError: The directory cannot be made or written.
            DamagedError: The file is no database.
            NewerDatabaseError: It was written by a newer version.
        """
        self.data_dir = data_dir
        self.path = data_dir / FILE
        _make_place(self.path)
        self._writing = sqlite.writing_engine(self.path)
        try:
            bring_up_to_date(self._writing, self.path)
        except (SQLAlchemyError, sqlite3.Error, AimdError) as error:
            self._writing.dispose()
            raise _opening_error(self.path, error) from error
        self._reading = sqlite.reading_engine(self.path, READERS)
        self._writer: Writer | None = None

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is being written and release the files."""
        if self._writer is not None:
            self._writer.close()
        self._reading.dispose()
        self._writing.dispose()

    def start_writer(self) -> None:
        """Start the thread that `write` hands its operations to."""
        self._writer = self._writer or Writer(self._writing)

    def is_writing(self) -> bool:
        """Tell whether the writer's thread is at work."""
        return self._writer is not None and self._writer.is_alive()

    def sizes_bytes(self) -> dict[str, int]:
        """Return the sizes of the database's files."""
        files = {"database": self.path, "wal": self.path.with_name(f"{FILE}-wal")}
        return {name: file.stat().st_size if file.exists() else 0 for name, file in files.items()}

    def read(self, operation: Operation[T]) -> T:
        """Run an operation over one state of the database and return its result.

        Raises:
            StoreUnavailableError: The database refused.
        """
        try:
            with self._reading.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:
            raise StoreUnavailableError(_reason(error)) from error

    def write(self, operation: Operation[T]) -> T:
        """Run an operation in a writing transaction and return its result after the commit.

        Raises:
            StoreUnavailableError: The database refused; nothing was changed.
        """
        if self._writer is not None:
            return self._writer.submit(operation)
        try:
            with self._writing.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:
            raise StoreUnavailableError(_reason(error)) from error


def _make_place(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sqlite.create_private(path)
    except OSError as error:
        raise DiskError(path=error.filename or path, reason=error.strerror or str(error)) from error


def _reason(error: BaseException) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__


def _opening_error(path: Path, error: Exception) -> AimdError:
    if isinstance(error, AimdError):
        return error
    reason = _reason(error) if isinstance(error, SQLAlchemyError) else str(error)
    if "not a database" in reason or "malformed" in reason:
        return DamagedError(path=path, reason=f"is no usable database ({reason})")
    return DiskError(path=path, reason=reason)
