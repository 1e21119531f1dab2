"""Status and check of a server's data, also while the server runs."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.digest import BLOCK_BYTES
from aimd_core.language import said
from aimd_server.blobs import BlobMissingError, Blobs
from aimd_server.errors import ObjectsUnavailableError, StoreUnavailableError
from aimd_server.opening import opened, opened_objects, opening_error
from aimd_server.services import contents as content_service
from aimd_server.services import indexing, monitoring
from aimd_server.services.files import digest_of
from aimd_server.settings import Settings, location_for
from aimd_server.storage import Storage, joined
from aimd_server.stores import contents, health, journals, sealed, trial_documents
from aimd_server.stores.contents import ContentRow
from aimd_server.stores.database import Connection, Database, is_there
from aimd_server.stores.health import DocumentPlace, Fault, JournalPlace
from aimd_server.stores.location import Location
from aimd_server.stores.postgres import take_time
from aimd_server.stores.sealed import ObjectRow

ADDRESS_FILE = "server.json"


class Checked(msgspec.Struct):
    """What a check read, and what it found."""

    faults: list[Fault]
    journals: int = 0
    documents: int = 0
    objects: int = 0
    contents: int = 0
    size_bytes: int = 0


def require_data(data_dir: Path, location: Location) -> None:
    """Check that there is a database, without creating one."""
    if not is_there(location):
        raise NotFoundError(
            message=said("there is no server data in {directory}", directory=data_dir), hint="Name it: --data-dir DIR"
        )


def status(data_dir: Path, settings: Settings | None = None) -> dict[str, object]:
    """Return the address of the running server, or None, and numbers about what is stored.

    Raises:
        NotFoundError: There is no data.
    """
    require_data(data_dir, location_for(data_dir, settings))
    with opened(data_dir, settings) as database:
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
    require_data(data_dir, location)
    with opened_objects(data_dir, settings) as blobs, opened(data_dir, settings) as database:
        joined(database, blobs)
        checked = Checked(_engine_faults(database))
        if checked.faults:
            return checked  # what is read from a damaged file means nothing
        _check_objects(database, blobs, checked)
        _check_contents(Storage(database, blobs), checked)
        for look in LOOKS:
            database.read(lambda connection, look=look: _at_leisure(connection, look, checked))  # type: ignore[misc]
        return checked


def _engine_faults(database: Database) -> list[Fault]:
    shown = database.location.shown
    try:
        return [Fault(shown, what) for what in database.read(health.engine_faults)]
    except StoreUnavailableError as error:
        if isinstance(problem := opening_error(database.location, error), DamagedError):
            return [Fault(shown, str(problem.facts["reason"]))]
        raise


def _at_leisure(connection: Connection, look: Callable[[Connection, Checked], None], checked: Checked) -> None:
    take_time(connection)
    look(connection, checked)


def _check_rows(connection: Connection, checked: Checked) -> None:
    checked.faults += health.orphans(connection) + health.misplaced_folders(connection)
    checked.faults += [Fault(f"trial {uid}", what) for uid, what in indexing.faults(connection)]


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
    return None if is_right else "does not match its digest"


def _check_contents(storage: Storage, checked: Checked) -> None:
    """Compare the bytes of all contents with their digests."""
    last = 0
    while rows := storage.database.read(partial(contents.all_of, after_id=last)):
        last = rows[-1].id
        for row in rows:
            checked.contents += 1
            what = _content_fault(storage, row, checked)
            if what:
                checked.faults.append(Fault(f"content {row.digest}", what))


def _content_fault(storage: Storage, row: ContentRow, checked: Checked) -> str | None:
    digest, start = hashlib.sha256(), 0
    while start < row.size:
        try:
            piece = content_service.read(storage, row.id, row.digest, start, row.size)
        except StoreUnavailableError as error:
            if isinstance(error, ObjectsUnavailableError):
                raise
            return str(error).removeprefix("damaged: ")
        if not piece:
            return f"ends at byte {start} of {row.size}"
        digest.update(piece)
        start += len(piece)
        checked.size_bytes += len(piece)
    return None if digest.hexdigest() == row.digest else "does not match its digest"


def _check_contents_in_rows(connection: Connection, checked: Checked) -> None:
    """Compare the bytes of contents in a copy, which are in its rows, with their digests."""
    last = 0
    while rows := contents.all_of(connection, after_id=last):
        last = rows[-1].id
        for row in rows:
            checked.contents += 1
            digest, start = hashlib.sha256(), 0
            # One part at a time: they may be large.
            while parts := contents.parts_of(connection, row.id, row.digest, start, start + 1):
                digest.update(parts[0].data or b"")
                start += parts[0].size
            checked.size_bytes += start
            if digest.hexdigest() != row.digest:
                checked.faults.append(Fault(f"content {row.digest}", "does not match its digest"))


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
    return None if digest_of(content) == document.digest else "does not match its digest"


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
            return f"does not match its digest, from byte {start} on"
    return None


LOOKS = (_check_rows, _check_journals, _check_chunks, _check_documents)


def check_copy(connection: Connection) -> Checked:
    """Check all rows of a database that contains the bytes of its objects; the engine's own check comes first."""
    checked = Checked([Fault("database", what) for what in health.engine_faults(connection)])
    if not checked.faults:
        for look in (*LOOKS, _check_contents_in_rows):
            look(connection, checked)
    return checked
