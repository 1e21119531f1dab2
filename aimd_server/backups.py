"""Backups of a SQLite database: one file with all data as of one moment, and what brings it back.

A backup is a SQLite database, including the bytes of all objects, followed by one line with the SHA-256 of all that
comes before it. `restore` compares it first, then every digest within, and changes nothing unless all agree. Both are
complete or have no effect, whenever they are interrupted.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from aimd_core.errors import DamagedError, DiskError, NotFoundError, UsageError
from aimd_core.format.locking import try_lock
from aimd_core.language import said
from aimd_server.holding import held
from aimd_server.opening import naming, opened, opened_objects
from aimd_server.operations import check_copy, require_data
from aimd_server.services.clock import now_us
from aimd_server.settings import Settings, command, location_for
from aimd_server.storage import ReadObjects
from aimd_server.stores import contents, epochs, sealed, sqlite, withdrawn
from aimd_server.stores.health import Fault
from aimd_server.stores.location import FILE, Location, SqliteLocation, reason_of
from aimd_server.stores.migration import bring_up_to_date
from aimd_server.stores.schema import metadata
from aimd_server.stores.withdrawn import Grant

_SEAL = re.compile(rb"\naimd backup sha256:([0-9a-f]{64})\n")
_SEAL_BYTES = len(b"\naimd backup sha256:\n") + 64
_PIECE_BYTES = 1 << 20


class Restored(NamedTuple):
    """What a restore did.

    Attributes:
        kept: Where the previous data is now, or None if there was none.
        access: What the backup allows and the previous data did not.
        is_compared: Whether there was previous data to compare with.
    """

    kept: Path | None
    access: list[Grant]
    is_compared: bool


def backup(data_dir: Path, file: Path, settings: Settings | None = None) -> int:
    """Write all data as of one moment to one file, completely or not at all. Return its size in bytes.

    Raises:
        NotFoundError: There is no data.
        UsageError: The file exists.
        DiskError: It cannot be written.
        DamagedError: The data or an object is damaged, or the file cannot be read back.
        ObjectStoreError: The object store cannot be used.
    """
    location = location_for(data_dir, settings)
    source = _file_of(location, "pg_dump --format=custom")
    require_data(data_dir, location)
    with opened(data_dir, settings):  # which checks that it is one of this program
        pass
    if file.exists():
        raise UsageError(
            message=said("{file} exists already", file=file), hint="Name another file; a backup overwrites nothing"
        )
    try:
        with _part_of(file) as part, naming(location):
            try:
                sqlite.copy(source, part)
            except sqlite3.Error as error:
                raise location.opening_error(error) from error
            _make_whole(part, data_dir, settings)
            _require_intact(part, source, command("check", data_dir, settings))
            _seal(part)
            _require_sealed(part)
            os.replace(part, file)
            sqlite.sync_folder(file.parent)
    except OSError as error:
        raise DiskError(path=error.filename or file, reason=error.strerror or str(error)) from error
    return file.stat().st_size


def restore(data_dir: Path, file: Path, settings: Settings | None = None, is_access_restored: bool = False) -> Restored:
    """Replace a directory's data with a backup.

    Access that was taken away since the backup stays away: revoked keys, disabled and removed users, withdrawn shares
    and links, members who left a group.

    Args:
        data_dir: The directory.
        file: The backup.
        settings: Where the data is; by default as the environment and the directory say.
        is_access_restored: Whether access is as in the backup instead.

    Raises:
        UsageError: The data is in PostgreSQL.
        DataInUseError: A server is using the data.
        NotFoundError: There is no such backup.
        DamagedError: The file is not a backup, or damaged.
        DiskError: The disk refuses.
    """
    if not file.is_file():
        raise NotFoundError(
            message=said("there is no file {file}", file=file), hint="Name a file that aimd server backup wrote"
        )
    target = _file_of(location_for(data_dir, settings), "pg_restore")
    with held(data_dir):
        try:
            with _part_of(target) as part:
                _unseal_to(part, file)
                _bring_up_to_date(part, file)
                _require_intact(part, file, "")
                is_compared = target.exists() and sqlite.is_readable(target)
                access = _prepare(part, target if is_compared else None, is_access_restored)
                kept = _set_aside(target)
                os.replace(part, target)
                for left in (sqlite.log_of(target), sqlite.index_of(target)):
                    left.unlink(missing_ok=True)
                sqlite.sync_folder(data_dir)
        except OSError as error:
            raise DiskError(path=error.filename or data_dir, reason=error.strerror or str(error)) from error
    return Restored(kept, access, is_compared)


def _file_of(location: Location, tool: str) -> Path:
    """Return the file of a SQLite database."""
    if not isinstance(location, SqliteLocation):
        raise UsageError(
            message=said(
                "{database} is a PostgreSQL database, which has its own tools for this", database=location.shown
            ),
            hint=said("Use {tool}, and keep a copy of the object store", tool=tool),
        )
    return location.path


@contextmanager
def _part_of(file: Path) -> Iterator[Path]:
    """Yield the name of a file to fill beside one to come, locked meanwhile; removes those of processes that died."""
    for left in file.parent.glob(f".{file.name}.*.part"):
        with try_lock(left) as is_ours:
            if is_ours:
                left.unlink(missing_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    sqlite.create_private(part)
    try:
        with try_lock(part):
            yield part
    finally:
        for each in (part, sqlite.log_of(part), sqlite.index_of(part)):
            each.unlink(missing_ok=True)


def _make_whole(part: Path, data_dir: Path, settings: Settings | None) -> None:
    """Copy the bytes of objects into a copy of a database."""
    engine = sqlite.writing_engine(part)
    try:
        with opened_objects(data_dir, settings) as blobs, engine.begin() as connection:
            objects = ReadObjects(blobs)
            sealed.unseal(connection, objects)
            contents.take_all_in(connection, objects)
    except ValueError as error:
        raise DamagedError(path=data_dir, reason=str(error)) from error
    except SQLAlchemyError as error:
        raise OSError(0, reason_of(error), str(part)) from error
    finally:
        engine.dispose()
    sqlite.close_log(part)


def _require_intact(part: Path, shown: Path, advice: str) -> None:
    """Compare every digest in a complete database; errors name the file that it was copied from."""
    engine = sqlite.frozen_engine(part)
    try:
        with engine.connect() as connection:
            fault = sqlite.opening_fault(part, metadata.tables)
            faults = [Fault(shown.name, fault)] if fault else check_copy(connection).faults
    except (SQLAlchemyError, sqlite3.Error, ValueError) as error:
        reason = reason_of(error) if isinstance(error, SQLAlchemyError) else str(error)
        raise DamagedError(path=shown, reason=said("is no usable database ({reason})", reason=reason)) from error
    finally:
        engine.dispose()
    if faults:
        reason = said(
            "{where}: {what}; {count} faults in all", where=faults[0].where, what=faults[0].what, count=len(faults)
        )
        more = {"hint": said("See all: {command}", command=advice)} if advice else {}
        raise DamagedError(path=shown, reason=reason, **more)


def _seal(part: Path) -> None:
    """Write the digest of all bytes behind them."""
    with part.open("r+b") as stream:
        digest = hashlib.sha256()
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
        stream.write(b"\naimd backup sha256:%s\n" % digest.hexdigest().encode())
        stream.flush()
        os.fsync(stream.fileno())


def _require_sealed(file: Path) -> int:
    """Compare a backup with its digest, and return the size of the database in it."""
    size = file.stat().st_size - _SEAL_BYTES
    with file.open("rb") as stream:
        digest, left = hashlib.sha256(), size
        while left > 0 and (piece := stream.read(min(left, _PIECE_BYTES))):
            digest.update(piece)
            left -= len(piece)
        match = _SEAL.fullmatch(stream.read(_SEAL_BYTES + 1))
    if match is None:
        raise DamagedError(
            path=file, reason=said("is no sound backup ({reason})", reason="it has no digest at its end")
        )
    if match[1].decode() != digest.hexdigest():
        reason = said("is no sound backup ({reason})", reason="its bytes are not those that its digest is of")
        raise DamagedError(path=file, reason=reason)
    return size


def _unseal_to(part: Path, file: Path) -> None:
    """Copy the database of a backup durably, and compare what arrived with the backup's digest."""
    size = _require_sealed(file)
    with file.open("rb") as source, part.open("r+b") as target:
        while piece := source.read(_PIECE_BYTES):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    try:
        _require_sealed(part)
    except DamagedError as error:
        raise DiskError(path=part, reason=said("the copy differs from the backup")) from error
    os.truncate(part, size)


def _bring_up_to_date(part: Path, shown: Path) -> None:
    """Migrate the copy of a backup that an older version of this program wrote."""
    engine = None
    try:
        fault = sqlite.opening_fault(part, ())
        if fault is None:
            engine = sqlite.writing_engine(part)
            bring_up_to_date(engine, str(shown))
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = reason_of(error) if isinstance(error, SQLAlchemyError) else str(error)
        raise DamagedError(path=shown, reason=said("is no usable database ({reason})", reason=reason)) from error
    finally:
        if engine is not None:
            engine.dispose()
    if fault is not None:
        raise DamagedError(path=shown, reason=said("is no usable database ({reason})", reason=fault))
    sqlite.close_log(part)


def _prepare(part: Path, previous: Path | None, is_access_restored: bool) -> list[Grant]:
    """Give the data a new epoch, and take the access away that was taken away since; return what differs."""
    was = None
    if previous is not None:
        reading = sqlite.reading_engine(previous, 1)
        try:
            with reading.connect() as connection:
                was = withdrawn.access(connection)
        except SQLAlchemyError:
            was = None
        finally:
            reading.dispose()
    engine = sqlite.writing_engine(part)
    try:
        with engine.begin() as connection:
            epochs.renew(connection)
            withdrawn.end_sessions(connection)
            differences = [] if was is None else withdrawn.differences(connection, was)
            if not is_access_restored:
                withdrawn.take_away(connection, differences, now_us())
    except SQLAlchemyError as error:
        raise OSError(0, reason_of(error), str(part)) from error
    finally:
        engine.dispose()
    sqlite.close_log(part)
    return differences


def _set_aside(target: Path) -> Path | None:
    """Give a database, with its log, a second name, if nobody has it open; the first is not taken away."""
    if not target.exists():
        return None
    if not sqlite.is_unused(target):
        raise UsageError(
            message=said("a server is using {database}", database=target), hint="Stop it first, then restore"
        )
    kept = target.with_name(f"{FILE}.before-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    for old, new in ((sqlite.log_of(target), sqlite.log_of(kept)), (target, kept)):
        if old.exists():
            sqlite.link_or_copy(old, new)
    sqlite.sync_folder(target.parent)
    return kept
