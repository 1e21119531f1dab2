"""The database of a data directory: opened, brought up to date, read from any thread, written by one.

It is the SQLite file in the directory, or a PostgreSQL: see stores.location.
"""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection as Connection  # the services' word for an open transaction
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from aimd_core.errors import AimdError
from aimd_server.stores import postgres
from aimd_server.stores.location import FILE as FILE
from aimd_server.stores.location import OPENING_ERRORS, Location, SqliteLocation, location_of, reason_of
from aimd_server.stores.migration import bring_up_to_date, revision_of
from aimd_server.stores.sealed import Objects, ObjectsNeededError
from aimd_server.stores.writer import Operation, StoreUnavailableError, Writer

T = TypeVar("T")

FETCHES = 100  # of objects for one write, which needs few of them
READERS = 8  # connections; a read that finds all taken waits


class Database:
    """Reads and writes. Use it as a context manager, or call `close`."""

    def __init__(self, data_dir: Path, url: str | None = None, place: Location | None = None) -> None:
        """Open the database of a data directory, made when missing, with its schema brought up to date.

        Raises:
            UsageError: The URL is none.
            DiskError: The directory cannot be made or written.
            DatabaseUnreachableError: The PostgreSQL does not let us in.
            DamagedError: The file is no database.
            NewerDatabaseError: It was written by a newer version.
        """
        self.data_dir = data_dir
        self.place: Location = place or location_of(data_dir, url)
        self.place.make()
        self._writing = self.place.writing_engine()
        try:
            bring_up_to_date(self._writing, self.place.shown)
        except (*OPENING_ERRORS, AimdError) as error:
            self._writing.dispose()
            raise error if isinstance(error, AimdError) else self.place.opening_error(error) from error
        self._reading = self.place.reading_engine(READERS)
        # SQLite has no way to a server, so beginning and ending a transaction costs nothing there.
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
        """Let rows whose bytes are in objects be read: by readers, and by the writer, who had better not wait."""
        self._reading.update_execution_options(objects=reading)
        self._writing.update_execution_options(objects=writing)

    @property
    def is_file(self) -> bool:
        """Whether it is a SQLite file."""
        return isinstance(self.place, SqliteLocation)

    def start_writer(self) -> None:
        """Start the thread that `write` hands its operations to."""
        self._writer = self._writer or Writer(self._writing)

    def is_writing(self) -> bool:
        """Tell whether the writer's thread is at work."""
        return self._writer is not None and self._writer.is_alive()

    def sizes_bytes(self) -> dict[str, int]:
        """Return the sizes of the database's parts."""
        return self.place.sizes_bytes(self.read)

    def read(self, operation: Operation[T]) -> T:
        """Run an operation over one state of the database and return its result.

        Raises:
            StoreUnavailableError: The database refused.
        """
        return _read_surely(self._reading, operation)

    def glance(self, operation: Operation[T]) -> T:
        """Run an operation of few statements, each of which may see another state, and return its result.

        Raises:
            StoreUnavailableError: The database refused.
        """
        return _read_surely(self._glancing, operation)

    def write(self, operation: Operation[T], order: str = "") -> T:
        """Run an operation in a writing transaction and return its result after the commit.

        The operation may be run several times, and only the last time counts: it changes nothing but the database.

        Args:
            operation: What to do.
            order: Operations that share a commit run in this order; those that lock a row give what says which.

        Raises:
            StoreUnavailableError: The database refused. Nothing was changed, unless the connection was lost while
                committing; every operation may be asked for again.
        """
        if self._writer is not None:
            for _ in range(FETCHES):
                try:
                    return self._writer.submit(operation, order).result()
                except ObjectsNeededError as needed:
                    needed.fetch()
            raise StoreUnavailableError("what a write needs of objects was forgotten again and again")
        try:
            with self._writing.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:
            raise StoreUnavailableError(reason_of(error)) from error

    def submit(self, operation: Operation[T], order: str = "") -> Future[T]:
        """Do as `write` does, without waiting: the result, or what `write` would raise, comes with the future.

        So does ObjectsNeededError: whoever asked fetches, and asks again.

        Raises:
            StoreUnavailableError: The server is stopping, or its writer was not started.
        """
        if self._writer is None:
            raise StoreUnavailableError("nothing writes here")
        return self._writer.submit(operation, order)


def _read_surely(engine: Engine, operation: Operation[T]) -> T:
    try:
        return _read(engine, operation)
    except SQLAlchemyError as error:
        if not postgres.is_worth_another_try(error):
            raise StoreUnavailableError(reason_of(error)) from error
    try:  # the connection had died while nobody used it; a new one will tell
        return _read(engine, operation)
    except SQLAlchemyError as error:
        raise StoreUnavailableError(reason_of(error)) from error


def _read(engine: Engine, operation: Operation[T]) -> T:
    with engine.begin() as connection:
        return operation(connection)


def is_there(data_dir: Path) -> bool:
    """Tell whether a data directory has a database, without making one.

    Raises:
        DatabaseUnreachableError: The PostgreSQL does not let us in.
    """
    place = location_of(data_dir, None)
    if isinstance(place, SqliteLocation):
        return place.path.exists()
    engine = place.reading_engine(1)
    try:
        return _read(engine, revision_of) is not None
    except OPENING_ERRORS as error:
        raise place.opening_error(error) from error
    finally:
        engine.dispose()
