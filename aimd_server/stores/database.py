"""The database of a data directory: migrated when opened, read from any thread, written by one.

It is the SQLite file in the directory, or PostgreSQL: see stores.location.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection as Connection  # the services' word for an open transaction
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from aimd_core.errors import AimdError
from aimd_server.stores import postgres, sqlite
from aimd_server.stores.location import FILE as FILE
from aimd_server.stores.location import OPENING_ERRORS, Location, SqliteLocation, location_of, unavailable
from aimd_server.stores.migration import bring_up_to_date, revision_of
from aimd_server.stores.schema import metadata
from aimd_server.stores.sealed import Objects, ObjectsNeededError
from aimd_server.stores.work import ask_before_statements, check, current
from aimd_server.stores.writer import Operation, StoreUnavailableError, Writer

T = TypeVar("T")

FETCHES = 100  # fetches of objects per write, which needs few
READERS = 8  # connections; a read waits for a free one


class Database:
    """Reads and writes. Use it as a context manager, or call `close`."""

    def __init__(self, data_dir: Path, url: str | None = None, location: Location | None = None) -> None:
        """Open the database of a data directory, created if missing, and migrate its schema.

        Raises:
            UsageError: The URL is malformed.
            DiskError: The directory cannot be created or written.
            DatabaseUnreachableError: PostgreSQL does not accept the connection.
            DamagedError: The file is not a database.
            NewerDatabaseError: It was written by a newer version.
        """
        self.data_dir = data_dir
        self.location: Location = location or location_of(data_dir, url)
        self.location.make(lambda engine: bring_up_to_date(engine, self.location.shown))
        self.location.require_tables(())
        self._writing = self.location.writing_engine()
        try:
            bring_up_to_date(self._writing, self.location.shown)
            self.location.require_tables(metadata.tables)
        except (*OPENING_ERRORS, AimdError) as error:
            self._writing.dispose()
            raise error if isinstance(error, AimdError) else self.location.opening_error(error) from error
        self._reading = self.location.reading_engine(READERS)
        ask_before_statements(self._reading)
        # SQLite has no server to reach, so beginning and ending a transaction costs nothing.
        self._glancing = self._reading if self.is_file else postgres.without_transactions(self._reading)
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

    def lead_to_objects(self, reading: Objects, writing: Objects) -> None:
        """Enable reading rows whose bytes are in objects, by readers and by the writer, which should not wait."""
        self._reading.update_execution_options(objects=reading)
        self._writing.update_execution_options(objects=writing)

    @property
    def is_file(self) -> bool:
        """Whether it is a SQLite file."""
        return isinstance(self.location, SqliteLocation)

    def start_writer(self) -> None:
        """Start the thread that runs the operations of `write`."""
        self._writer = self._writer or Writer(self._writing)

    def is_writing(self) -> bool:
        """Tell whether the writer's thread is at work."""
        return self._writer is not None and self._writer.is_alive()

    def sizes_bytes(self) -> dict[str, int]:
        """Return the sizes of the database's parts."""
        return self.location.sizes_bytes(self.read)

    def read(self, operation: Operation[T]) -> T:
        """Run an operation on one snapshot of the database and return its result.

        Raises:
            StoreUnavailableError: The database refused.
            WorkStoppedError: The work of this thread was stopped: see stores.work.
        """
        return _read_surely(self._reading, operation)

    def glance(self, operation: Operation[T]) -> T:
        """Run an operation of few statements, each with its own snapshot, and return its result.

        Raises:
            StoreUnavailableError: The database refused.
        """
        return _read_surely(self._glancing, operation)

    def write(self, operation: Operation[T], order: str = "") -> T:
        """Run an operation in a writing transaction and return its result after the commit.

        The operation may run several times, of which only the last counts, so it must change only the database.

        Args:
            operation: What to do.
            order: Operations that share a commit run in this order; one that locks a row passes the row's key.

        Raises:
            StoreUnavailableError: The database refused. Nothing was changed, unless the connection was lost during the
                commit; every operation may be repeated.
            WorkStoppedError: The work of this thread was stopped before.
        """
        check()
        if self._writer is not None:
            for _ in range(FETCHES):
                try:
                    return self.submit(operation, order).result()
                except ObjectsNeededError as needed:
                    needed.fetch()
            raise StoreUnavailableError("what a write needs of objects was forgotten again and again")
        try:
            with self._writing.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    def submit(self, operation: Operation[T], order: str = "") -> Future[T]:
        """Do what `write` does without waiting: the future has the result, or what `write` would raise.

        That includes ObjectsNeededError, after which the caller fetches the objects and repeats.

        Raises:
            StoreUnavailableError: The server is stopping, or its writer was not started.
        """
        return self._running_writer().submit(operation, order)

    def submit_from_loop(self, operation: Operation[T], order: str = "") -> asyncio.Future[T]:
        """Do what `submit` does, for a coroutine."""
        return self._running_writer().submit_from_loop(operation, order)

    def _running_writer(self) -> Writer:
        if self._writer is None:
            raise StoreUnavailableError("nothing writes here")
        return self._writer


def _read_surely(engine: Engine, operation: Operation[T]) -> T:
    try:
        return _read(engine, operation)
    except SQLAlchemyError as error:
        check()  # its statement was interrupted
        if not postgres.is_worth_another_try(error):
            raise unavailable(error) from error
    try:  # the idle connection had died; a new one will tell
        return _read(engine, operation)
    except SQLAlchemyError as error:
        check()
        raise unavailable(error) from error


def _read(engine: Engine, operation: Operation[T]) -> T:
    work = current()
    with engine.begin() as connection:
        if work is None:
            return operation(connection)
        with work.using(connection):
            return operation(connection)


def is_there(location: Location) -> bool:
    """Tell whether there is a database, without creating one.

    Raises:
        DatabaseUnreachableError: PostgreSQL does not accept the connection.
    """
    if isinstance(location, SqliteLocation):
        return location.path.exists() or sqlite.log_of(location.path).exists()
    engine = location.reading_engine(1)
    try:
        return _read(engine, revision_of) is not None
    except OPENING_ERRORS as error:
        raise location.opening_error(error) from error
    finally:
        engine.dispose()
