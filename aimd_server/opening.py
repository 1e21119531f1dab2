"""Opens the data of a server for a command: whatever is wrong with it becomes an error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aimd_core.errors import AimdError
from aimd_server.blobs import Blobs, open_blobs
from aimd_server.errors import ObjectStoreError, ObjectsUnavailableError, StoreUnavailableError
from aimd_server.settings import Settings, location_for, of_data
from aimd_server.stores.database import Database
from aimd_server.stores.location import Location


@contextmanager
def opened(data_dir: Path, settings: Settings | None = None) -> Iterator[Database]:
    """Open the database of a data directory, created if missing.

    Raises:
        DamagedError, DiskError, NewerDatabaseError, DatabaseUnreachableError: It cannot be used, then or later.
        ObjectStoreError: The object store cannot be used.
    """
    location = location_for(data_dir, settings)
    with naming(location), Database(data_dir, location=location) as database:
        yield database


@contextmanager
def naming(location: Location) -> Iterator[None]:
    """Turn what a store refuses into the error that names it."""
    try:
        yield
    except ObjectsUnavailableError as error:
        raise ObjectStoreError(reason=str(error)) from error
    except StoreUnavailableError as error:
        raise opening_error(location, error) from error


def opening_error(location: Location, error: StoreUnavailableError) -> AimdError:
    """Return the error of a database that could be opened and then refused."""
    cause = error.__cause__
    return location.opening_error(cause if isinstance(cause, Exception) else error)


@contextmanager
def opened_objects(data_dir: Path, settings: Settings | None = None) -> Iterator[Blobs]:
    """Open the object store of a data directory."""
    with closing(open_blobs((settings or of_data(data_dir)).blobs, data_dir)) as blobs:
        yield blobs
