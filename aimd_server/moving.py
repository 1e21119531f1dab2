"""Moves a server's data to another database and its objects to another store: from a file to PostgreSQL, or back.

Objects go first, then all rows in one transaction; everything is read back and compared. If it is killed in between,
the target has no rows, and the same command starts over. The source is only read.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import msgspec

from aimd_core.errors import DamagedError, NotFoundError, UsageError
from aimd_core.language import said
from aimd_server.blobs import Blobs, open_blobs
from aimd_server.errors import DatabaseUnreachableError, ObjectStoreError, StoreUnavailableError
from aimd_server.holding import held
from aimd_server.opening import opened
from aimd_server.settings import Settings, location_for, of_data
from aimd_server.stores import copying, location, postgres, sqlite
from aimd_server.stores.copying import Copied
from aimd_server.stores.database import Connection, Database, is_there
from aimd_server.stores.location import Location, PostgresLocation, SqliteLocation


class Moved(msgspec.Struct, frozen=True):
    """What was moved and compared."""

    source: str
    target: str
    tables: list[Copied]
    objects: int
    object_bytes: int


def migrate(data_dir: Path, to: str, blobs: str | None = None, settings: Settings | None = None) -> Moved:
    """Copy all of a server's data to an empty database.

    Args:
        data_dir: The data directory of the stopped server.
        to: `postgresql://...`, or a directory for a SQLite file.
        blobs: `s3://...`; None leaves the objects where they are, or copies them to a target directory.
        settings: Where the source is; by default as the environment and the data directory say.

    Raises:
        NotFoundError: There is no data.
        DataInUseError: A server is using the data.
        UsageError: A server is using the data, the target is not empty, or the target is malformed.
        DamagedError: The copy differs; then the target has no rows.
        ObjectStoreError, DatabaseUnreachableError, DiskError: Source or target cannot be used.
    """
    settings = settings or of_data(data_dir)
    source_location, target_location = location_for(data_dir, settings), _target(data_dir, to)
    if not is_there(source_location):
        raise NotFoundError(
            message=said("there is no server data in {directory}", directory=data_dir), hint="Name it: --data-dir DIR"
        )
    if source_location.shown == target_location.shown:
        raise UsageError(message="source and target are the same database", hint="Name another --to")
    if isinstance(source_location, SqliteLocation) and not sqlite.is_unused(source_location.path):
        raise _in_use(source_location)
    with (
        held(data_dir),
        opened(data_dir, settings) as source,
        Database(_directory(target_location), location=target_location) as target,
    ):
        if not target.read(copying.is_empty):
            raise UsageError(
                message=said("{database} has data already", database=target_location.shown),
                hint="Name a new database; nothing is merged",
            )
        objects, size_bytes = _move_objects(data_dir, settings, target_location, blobs)
        tables = _move_rows(source, target)
    return Moved(source_location.shown, target_location.shown, tables, objects, size_bytes)


def _target(data_dir: Path, to: str) -> Location:
    if "://" in to:
        location.check_without_password(to)
        return PostgresLocation(to, data_dir)
    return SqliteLocation(Path(to).absolute())


def _directory(target: Location) -> Path:
    if isinstance(target, SqliteLocation):
        return target.path.parent
    return target.data_dir if isinstance(target, PostgresLocation) else Path()


def _in_use(used: Location) -> UsageError:
    return UsageError(
        message=said("a server is using {database}", database=used.shown),
        hint="Stop it first, with all replicas, then migrate",
    )


def _move_rows(source: Database, target: Database) -> list[Copied]:
    """Copy all rows while nobody else can write to the source."""

    def read(connection: Connection) -> list[Copied]:
        if not source.is_file and postgres.others(connection):
            raise _in_use(source.location)
        return target.write(lambda writing: copying.copy_all(connection, writing))

    try:
        return source.write(read)  # in a writing transaction, so that others wait
    except copying.DiffersError as error:
        raise DamagedError(path=target.location.shown, reason=str(error)) from error
    except StoreUnavailableError as error:
        raise DatabaseUnreachableError(
            place=target.location.shown, reason=said("nothing was copied: {error}", error=error)
        ) from error


def _move_objects(data_dir: Path, settings: Settings, target: Location, address: str | None) -> tuple[int, int]:
    """Copy the objects that the target cannot use where they are; return their number and size in bytes."""
    if address is None and (settings.blobs is not None or _directory(target) == data_dir):
        return 0, 0
    with closing(open_blobs(settings.blobs, data_dir)) as old, closing(open_blobs(address, _directory(target))) as new:
        try:
            new.check()
            sizes = [_move_object(old, new, row.key) for row in old.keys("")]
        except StoreUnavailableError as error:
            raise ObjectStoreError(reason=str(error)) from error
    return len(sizes), sum(sizes)


def _move_object(old: Blobs, new: Blobs, key: str) -> int:
    content = old.get(key)
    new.put(key, content)
    if hashlib.sha256(new.get(key)).digest() != hashlib.sha256(content).digest():
        raise DamagedError(path=key, reason="the object did not arrive as it was sent")
    return len(content)
