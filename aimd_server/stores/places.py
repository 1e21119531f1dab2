"""The two kinds of database, as `Database` opens them: a SQLite file, or a PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from aimd_core.errors import AimdError, DamagedError, DiskError
from aimd_server.errors import DatabaseUnreachableError
from aimd_server.stores import location, postgres, sqlite

T = TypeVar("T")


class Place(Protocol):
    """Where a database is, and how it is opened."""

    shown: str

    def make(self) -> None:
        """Make what has to be there before it is opened."""
        ...

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        ...

    def reading_engine(self, connections: int) -> Engine:
        """Return the engine of the readers."""
        ...

    def opening_error(self, error: Exception) -> AimdError:
        """Return what it means for people that it cannot be opened."""
        ...

    def sizes_bytes(self, read: Callable[[Callable[[Connection], int]], int]) -> dict[str, int]:
        """Return the sizes of its parts; `read` runs an operation over it."""
        ...


class FilePlace:
    """A SQLite file. The directory is made with mode 0700 and the file with 0600."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / location.FILE
        self.shown = str(self.path)

    def make(self) -> None:
        """Make directory and file."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            sqlite.create_private(self.path)
        except OSError as error:
            raise DiskError(path=error.filename or self.path, reason=error.strerror or str(error)) from error

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        return sqlite.writing_engine(self.path)

    def reading_engine(self, connections: int) -> Engine:
        """Return the engine of the readers."""
        return sqlite.reading_engine(self.path, connections)

    def opening_error(self, error: Exception) -> AimdError:
        """Return what it means for people that the file cannot be opened."""
        reason = reason_of(error) if isinstance(error, SQLAlchemyError) else str(error)
        if "not a database" in reason or "malformed" in reason:
            return DamagedError(path=self.path, reason=f"is no usable database ({reason})")
        return DiskError(path=self.path, reason=reason)

    def sizes_bytes(self, read: Callable[[Callable[[Connection], int]], int]) -> dict[str, int]:
        """Return the sizes of the file and of its log."""
        files = {"database": self.path, "wal": self.path.with_name(f"{location.FILE}-wal")}
        return {name: file.stat().st_size if file.exists() else 0 for name, file in files.items()}


class UrlPlace:
    """A PostgreSQL; its data directory holds only what is the machine's own."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self.url = location.parsed(url)
        self.shown = location.shown(url)
        self.data_dir = data_dir

    def make(self) -> None:
        """Make the directory."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DiskError(path=error.filename or self.data_dir, reason=error.strerror or str(error)) from error

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        return postgres.writing_engine(self.url)

    def reading_engine(self, connections: int) -> Engine:
        """Return the engine of the readers."""
        return postgres.reading_engine(self.url, connections)

    def opening_error(self, error: Exception) -> AimdError:
        """Return what it means for people that the database does not let us in."""
        return DatabaseUnreachableError(place=self.shown, reason=reason_of(error).splitlines()[0])

    def sizes_bytes(self, read: Callable[[Callable[[Connection], int]], int]) -> dict[str, int]:
        """Return the size of the database."""
        return {"database": read(postgres.size_bytes), "wal": 0}


def place_of(data_dir: Path, url: str | None) -> Place:
    """Return where the database of a data directory is; a URL that is given goes before all others."""
    found = url or location.url_of(data_dir)
    return UrlPlace(found, data_dir) if found else FilePlace(data_dir)


def reason_of(error: BaseException) -> str:
    """Return what the database said."""
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__


OPENING_ERRORS = (SQLAlchemyError, sqlite3.Error)
