"""Where a server's database is, and how it is opened: the SQLite file in its data directory, or PostgreSQL by URL.

The URL comes from the caller, else from the environment, else from `server.yaml` in the data directory, so that all
commands on a data directory find the same database. A password in it is never shown.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from aimd_core.errors import AimdError, DamagedError, DiskError, UsageError
from aimd_core.language import said
from aimd_server.errors import (
    DamagedDatabaseError,
    DatabaseUnreachableError,
    SettingsFileError,
    StoreUnavailableError,
    is_full,
)
from aimd_server.stores import postgres, sqlite

FILE = "aimd.db"
_LOG = f"{FILE}-wal"
SETTINGS_FILE = "server.yaml"
VARIABLE = "AIMD_SERVER_DATABASE"
SCHEMES = ("postgresql", "postgres")
_OTHER_WAYS = "Set PGPASSWORD, use ~/.pgpass, or put the whole address into AIMD_SERVER_DATABASE or DIR/server.yaml"
_EXAMPLE = "For example: postgresql://aimd@db.example.org/aimd"


def url_of(data_dir: Path) -> str | None:
    """Return the URL in the environment or the data directory's settings, or None for the SQLite file.

    Raises:
        ConfigError: The settings cannot be read.
    """
    return os.environ.get(VARIABLE) or _from_settings(data_dir / SETTINGS_FILE)


def _from_settings(file: Path) -> str | None:
    url = read_settings(file).get("database") if file.exists() else None
    return url if isinstance(url, str) else None


def read_settings(file: Path) -> dict[str, object]:
    """Return the content of a settings file, which `settings` checks.

    Raises:
        SettingsFileError: It cannot be read, or is no mapping.
    """
    import yaml

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise SettingsFileError(path=file, reason=str(error).splitlines()[0]) from None
    document = {} if document is None else document
    if not isinstance(document, dict):
        raise SettingsFileError(path=file, reason="is not a mapping of settings")
    return document


def parsed(url: str) -> URL:
    """Parse the URL of a database.

    Raises:
        UsageError: It is malformed. The text is not repeated, because it may contain a password.
    """
    try:
        address = make_url(url)
        good = address.drivername in SCHEMES and bool(address.database)
    except (ArgumentError, ValueError):
        good = False
    if not good:
        raise UsageError(message="the database address does not look like postgresql://USER@HOST/NAME", hint=_EXAMPLE)
    return address.set(drivername="postgresql+psycopg")


def check_without_password(url: str) -> None:
    """Refuse a URL with a password on the command line, which every user of the machine can read.

    Raises:
        UsageError: It contains one.
    """
    if has_password(url):
        raise UsageError(
            message="the database address holds a password, which the list of processes would show to everybody",
            hint=_OTHER_WAYS,
        )


def has_password(url: str) -> bool:
    """Tell whether the URL of a database has a password in it."""
    address = parsed(url)
    return address.password is not None or "password" in address.query


def shown(url: str) -> str:
    """Return a URL for display, without its password and its options, which may contain one."""
    address = parsed(url)
    parts = {"host": address.host, "port": address.port, "database": address.database}
    return URL.create("postgresql", username=address.username, **parts).render_as_string()  # type: ignore[arg-type]


class Location(Protocol):
    """Where a database is, and how it is opened."""

    shown: str

    def make(self, fill: Callable[[Engine], None]) -> None:
        """Create what must exist before it is opened; `fill` creates the tables of a new file."""
        ...

    def require_tables(self, tables: Iterable[str]) -> None:
        """Check, without a look at rows, that this is a database of this program and has these tables."""
        ...

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        ...

    def reading_engine(self, connections: int) -> Engine:
        """Return the engine of the readers."""
        ...

    def opening_error(self, error: Exception) -> AimdError:
        """Return the error for a database that cannot be opened."""
        ...

    def sizes_bytes(self, read: Callable[[Callable[[Connection], int]], int]) -> dict[str, int]:
        """Return the sizes of its parts; `read` runs an operation on it."""
        ...


class SqliteLocation:
    """A SQLite file. The directory is created with mode 0700 and the file with 0600."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self.shown = str(self.path)

    def make(self, fill: Callable[[Engine], None]) -> None:
        """Create directory and file. The file appears with its tables in it, so an empty one is never a new one."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.exists():
                return
            if sqlite.log_of(self.path).exists():
                raise DamagedError(path=self.path, reason=said("is missing, while its log {log} is there", log=_LOG))
            sqlite.create(self.path, fill)
        except OSError as error:
            raise DiskError(path=error.filename or self.path, reason=error.strerror or str(error)) from error
        except OPENING_ERRORS as error:
            raise self.opening_error(error) from error

    def require_tables(self, tables: Iterable[str]) -> None:
        """Check that the file is a database of this program and has these tables."""
        try:
            fault = sqlite.opening_fault(self.path, tables)
        except OSError as error:
            raise DiskError(path=error.filename or self.path, reason=error.strerror or str(error)) from error
        except OPENING_ERRORS as error:
            raise self.opening_error(error) from error
        if fault is not None:
            raise DamagedDatabaseError(path=self.path, reason=said("is not a usable database ({reason})", reason=fault))

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        return sqlite.writing_engine(self.path)

    def reading_engine(self, connections: int) -> Engine:
        """Return the engine of the readers."""
        return sqlite.reading_engine(self.path, connections)

    def opening_error(self, error: Exception) -> AimdError:
        """Return the error for a file that cannot be opened."""
        reason = reason_of(error) if isinstance(error, SQLAlchemyError) else str(error)
        if sqlite.is_damage(reason):
            return DamagedDatabaseError(
                path=self.path, reason=said("is not a usable database ({reason})", reason=reason)
            )
        return DiskError(path=self.path, reason=reason)

    def sizes_bytes(self, read: Callable[[Callable[[Connection], int]], int]) -> dict[str, int]:
        """Return the sizes of the file and of its log."""
        files = {"database": self.path, "wal": sqlite.log_of(self.path)}
        return {name: file.stat().st_size if file.exists() else 0 for name, file in files.items()}


class PostgresLocation:
    """PostgreSQL. The data directory contains only what belongs to this machine."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self.url = parsed(url)
        self.shown = shown(url)
        self.data_dir = data_dir

    def make(self, fill: Callable[[Engine], None]) -> None:
        """Create the directory; the tables come when it is opened."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DiskError(path=error.filename or self.data_dir, reason=error.strerror or str(error)) from error

    def require_tables(self, tables: Iterable[str]) -> None:
        """Do nothing: PostgreSQL looks after its own files."""

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        return postgres.writing_engine(self.url)

    def reading_engine(self, connections: int) -> Engine:
        """Return the engine of the readers."""
        return postgres.reading_engine(self.url, connections)

    def opening_error(self, error: Exception) -> AimdError:
        """Return the error for a database that refuses the connection."""
        return DatabaseUnreachableError(place=self.shown, reason=reason_of(error).splitlines()[0])

    def sizes_bytes(self, read: Callable[[Callable[[Connection], int]], int]) -> dict[str, int]:
        """Return the size of the database."""
        return {"database": read(postgres.size_bytes), "wal": 0}


def location_of(data_dir: Path, url: str | None) -> Location:
    """Return where the database of a data directory is; a given URL overrides all others."""
    named = url or url_of(data_dir)
    return PostgresLocation(named, data_dir) if named else SqliteLocation(data_dir)


def reason_of(error: BaseException) -> str:
    """Return the database's message."""
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__


def unavailable(error: SQLAlchemyError) -> StoreUnavailableError:
    """Return the error for a database that refused."""
    return StoreUnavailableError(reason_of(error), is_full(getattr(error, "orig", None)))


OPENING_ERRORS = (SQLAlchemyError, sqlite3.Error)
