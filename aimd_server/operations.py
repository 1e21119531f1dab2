"""Operations on a data directory: status, check, backup and restore.

All but `restore` work while a server is running.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from aimd_core.errors import DamagedError, DiskError, NotFoundError, UsageError
from aimd_core.format.digest import BLOCK_BYTES
from aimd_core.language import said
from aimd_server.blobs import BlobMissingError, Blobs, open_blobs
from aimd_server.errors import ObjectStoreError, StoreUnavailableError
from aimd_server.services import indexing, monitoring
from aimd_server.services.files import digest_of
from aimd_server.settings import Settings, location_for, of_data
from aimd_server.storage import ReadObjects, joined
from aimd_server.stores import health, journals, sealed, sqlite, trial_documents
from aimd_server.stores.database import FILE, Connection, Database, is_there
from aimd_server.stores.health import DocumentPlace, Fault, JournalPlace
from aimd_server.stores.location import Location, SqliteLocation
from aimd_server.stores.postgres import take_time
from aimd_server.stores.sealed import ObjectRow

ADDRESS_FILE = "server.json"


class Checked(msgspec.Struct):
    """What a check read, and what it found."""

    faults: list[Fault]
    journals: int = 0
    documents: int = 0
    objects: int = 0
    size_bytes: int = 0


def _require_data(data_dir: Path, location: Location) -> None:
    if not is_there(location):
        raise NotFoundError(
            message=said("there is no server data in {directory}", directory=data_dir), hint="Name it: --data-dir DIR"
        )


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


def status(data_dir: Path, settings: Settings | None = None) -> dict[str, object]:
    """Return the address of the running server, or None, and numbers about what is stored.

    Raises:
        NotFoundError: There is no data.
    """
    location = location_for(data_dir, settings)
    _require_data(data_dir, location)
    with Database(data_dir, location=location) as database:
        numbers = {name.removeprefix("aimd_"): int(value) for name, value in monitoring.gauges(database).items()}
    return {"address": address_of(data_dir), **numbers}


def address_of(data_dir: Path) -> str | None:
    """Return where the last started server listens, or None if it ended cleanly."""
    try:
        document = json.loads((data_dir / ADDRESS_FILE).read_bytes())
        return str(document["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check(data_dir: Path, settings: Settings | None = None) -> Checked:
    """Read all data and check it against its digests and summaries, changing nothing.

    Raises:
        NotFoundError: There is no data.
        DamagedError: The file is not a database anymore.
    """
    location = location_for(data_dir, settings)
    _require_data(data_dir, location)
    with _objects_of(data_dir, settings) as blobs, Database(data_dir, location=location) as database:
        joined(database, blobs)
        checked = Checked(database.read(health.engine_faults))
        if checked.faults:
            return checked  # what is read from a damaged file means nothing
        _check_objects(database, blobs, checked)
        for look in (_check_rows, _check_journals, _check_chunks, _check_documents):
            database.read(lambda connection, look=look: _at_leisure(connection, look, checked))  # type: ignore[misc]
        return checked


def _at_leisure(connection: Connection, look: Callable[[Connection, Checked], None], checked: Checked) -> None:
    take_time(connection)
    look(connection, checked)


def _check_rows(connection: Connection, checked: Checked) -> None:
    checked.faults += health.orphans(connection) + health.misplaced_folders(connection)
    checked.faults += [Fault(f"trial {uid}", what) for uid, what in indexing.faults(connection)]


@contextmanager
def _objects_of(data_dir: Path, settings: Settings | None) -> Iterator[Blobs]:
    """Open a data directory's object store, or raise the error that says why not."""
    with closing(open_blobs((settings or of_data(data_dir)).blobs, data_dir)) as blobs:
        try:
            yield blobs
        except StoreUnavailableError as error:
            raise ObjectStoreError(reason=str(error)) from error


def _check_objects(database: Database, blobs: Blobs, checked: Checked) -> None:
    last = 0
    while rows := database.read(partial(sealed.objects, after_id=last)):
        last = rows[-1].id
        for row in rows:
            checked.objects += 1
            what = _object_fault(blobs, row)
            if what:
                checked.faults.append(Fault(f"trial {row.trial}", f"object {row.key} {what}"))


def _object_fault(blobs: Blobs, row: ObjectRow) -> str | None:
    try:
        content = blobs.get(row.key)
    except BlobMissingError:
        return "is missing"
    is_right = len(content) == row.size and hashlib.sha256(content).hexdigest() == row.digest
    return None if is_right else "has other bytes than its digest says"


def _check_chunks(connection: Connection, checked: Checked) -> None:
    from aimd_server.stores import chunks

    checked.faults += [Fault(f"trial {uid}", what) for uid, what in chunks.faults(connection)]


def _check_documents(connection: Connection, checked: Checked) -> None:
    for document in list(health.documents(connection)):
        checked.documents += 1
        what = _document_fault(connection, document, checked)
        if what:
            checked.faults.append(Fault(f"trial {document.trial}, {document.file}", what))


def _document_fault(connection: Connection, document: DocumentPlace, checked: Checked) -> str | None:
    """Return what is wrong with the bytes of a small file, or None."""
    try:
        content = trial_documents.content(connection, document.trial_id, document.file) or b""
    except zlib.error:
        return "cannot be unpacked"
    checked.size_bytes += len(content)
    if len(content) != document.size:
        return f"has {len(content)} bytes where {document.size} are due"
    return None if digest_of(content) == document.digest else "has other bytes than its digest says"


def _check_journals(connection: Connection, checked: Checked) -> None:
    for journal in list(health.journals(connection)):
        checked.journals += 1
        what = _journal_fault(connection, journal, checked)
        if what:
            checked.faults.append(Fault(f"trial {journal.trial}, {journal.file}", what))


def _journal_fault(connection: Connection, journal: JournalPlace, checked: Checked) -> str | None:
    """Return what is wrong with the bytes of a file, or None, reading block by block."""
    digests = journals.block_digests(connection, journal.id)
    if len(digests) != journal.next_offset // BLOCK_BYTES:
        return f"has {len(digests)} digests for {journal.next_offset} bytes"
    for start in range(0, journal.next_offset, BLOCK_BYTES):
        end = min(start + BLOCK_BYTES, journal.next_offset)
        try:
            content = journals.read(connection, journal.id, start, end)
        except (zlib.error, ValueError):
            return f"cannot be unpacked between byte {start} and {end}"
        checked.size_bytes += len(content)
        if len(content) != end - start:
            return f"has {len(content)} bytes where {end - start} are due, from byte {start} on"
        number = start // BLOCK_BYTES
        if number < len(digests) and hashlib.sha256(content).digest() != digests[number]:
            return f"has other bytes than its digest says, from byte {start} on"
    return None


def backup(data_dir: Path, file: Path, settings: Settings | None = None) -> int:
    """Write all data as of one moment to one file, completely or not at all. Return its size in bytes.

    The file contains the bytes of all objects.

    Raises:
        NotFoundError: There is no data.
        UsageError: The file exists.
        DiskError: It cannot be written.
        DamagedError: The file cannot be read back, or an object is missing or damaged.
        ObjectStoreError: The object store cannot be used.
    """
    location = location_for(data_dir, settings)
    source = _file_of(location, "pg_dump --format=custom")
    _require_data(data_dir, location)
    if file.exists():
        raise UsageError(
            message=said("{file} exists already", file=file), hint="Name another file; a backup overwrites nothing"
        )
    made = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        sqlite.copy(source, made)
        _make_whole(made, data_dir, settings)
        _require_sound(made)
        os.replace(made, file)
        _sync_folder(file.parent)
    except OSError as error:
        raise DiskError(path=file, reason=error.strerror or str(error)) from error
    finally:
        made.unlink(missing_ok=True)
    return file.stat().st_size


def _make_whole(file: Path, data_dir: Path, settings: Settings | None) -> None:
    """Copy the bytes of objects into a copy of a database."""
    engine = sqlite.writing_engine(file)
    try:
        with _objects_of(data_dir, settings) as blobs, engine.begin() as connection:
            sealed.unseal(connection, ReadObjects(blobs))
    except ValueError as error:
        raise DamagedError(path=data_dir, reason=str(error)) from error
    finally:
        engine.dispose()
    sqlite.close_log(file)


def restore(data_dir: Path, file: Path, settings: Settings | None = None) -> Path | None:
    """Replace a directory's data with a backup, and return where the old data is now, or None.

    Raises:
        UsageError: A server is using the data.
        NotFoundError: There is no such backup.
        DamagedError: The file is not a backup, or damaged.
        DiskError: The disk refuses.
    """
    if not file.is_file():
        raise NotFoundError(
            message=said("there is no file {file}", file=file), hint="Name a file that aimd server backup wrote"
        )
    target = _file_of(location_for(data_dir, settings), "pg_restore")
    _require_sound(file)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = data_dir / f".{FILE}.{os.getpid()}.part"
        try:
            sqlite.copy(file, made)
            kept = _set_aside(target) if target.exists() else None
            os.replace(made, target)
        finally:
            made.unlink(missing_ok=True)
        _sync_folder(data_dir)
    except OSError as error:
        raise DiskError(path=error.filename or data_dir, reason=error.strerror or str(error)) from error
    return kept


def _set_aside(target: Path) -> Path:
    """Move a database with its log out of the way, if nobody has it open."""
    if not sqlite.is_unused(target):
        raise UsageError(
            message=said("a server is using {database}", database=target), hint="Stop it first, then restore"
        )
    kept = target.with_name(f"{FILE}.before-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    os.replace(target, kept)
    return kept


def _require_sound(file: Path) -> None:
    fault = sqlite.fault_of(file)
    if fault is not None:
        raise DamagedError(path=file, reason=fault)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
