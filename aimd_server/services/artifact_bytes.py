"""The bytes of artifacts as version 1 sends them: whole objects of unknown digest, and objects in numbered parts.

Both become contents, as those of version 2: what arrives is put away piece by piece, and counts with one commit.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator

from aimd_core.format.limits import V1_MAX_PARTS
from aimd_core.language import said
from aimd_server.services import contents as content_service
from aimd_server.services import quotas
from aimd_server.services.artifacts import checked_key, load_open, set_objects
from aimd_server.services.clock import now_us
from aimd_server.services.quotas import Goal
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.running_hashes import RunningHashes
from aimd_server.storage import Storage
from aimd_server.stores import artifacts, contents
from aimd_server.stores.accounts import Account
from aimd_server.stores.artifacts import ArtifactRow, KeyedRow
from aimd_server.stores.database import Connection, Database


class Filling:
    """Bytes of an object that arrive piece by piece."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._parts: list[tuple[int, int, int, int]] = []
        self._hash = hashlib.sha256()
        self.size = 0

    def take(self, piece: bytes) -> None:
        """Put the next bytes away."""
        if piece:
            object_id = content_service.put_object(self._storage, piece)
            self._parts.append((self.size, len(piece), object_id, 0))
            self._hash.update(piece)
            self.size += len(piece)

    def add(self, connection: Connection) -> int:
        """Make what has arrived a content, and return its id."""
        return contents.add(connection, self._hash.hexdigest(), self.size, self._parts, now_us())


def require_open(database: Database, user: Account, uid: str, key: str) -> None:
    """Refuse bytes for an artifact or a key that cannot have them, before they arrive.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`, `quota_exceeded`.
    """
    checked_key(key)

    def look(connection: Connection) -> None:
        load_open(connection, user, uid)
        _require_room(connection, user, uid, 1, is_counted=False)

    database.read(look)


def _require_room(connection: Connection, user: Account, uid: str, added: int, is_counted: bool) -> None:
    home = quotas.home_of(connection, user, Goal(artifact=uid))
    quotas.require_room(connection, user, home, added, is_counted=is_counted)


def put_object(storage: Storage, user: Account, uid: str, key: str, filling: Filling) -> None:
    """Set an object of an artifact to what has arrived.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`.
    """

    def operation(connection: Connection) -> None:
        row = load_open(connection, user, uid)
        set_objects(connection, user, row, {checked_key(key): filling.add(connection)})

    storage.database.write(operation)


def begin(database: Database, user: Account, uid: str, key: str) -> str:
    """Begin an object that arrives in parts, and return the id of the upload.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`.
    """
    upload = str(uuid.uuid4())

    def operation(connection: Connection) -> None:
        artifacts.begin_upload(connection, upload, load_open(connection, user, uid).id, checked_key(key))

    database.write(operation)
    return upload


class Parts:
    """Receives parts; one for each process.

    The hash of an object runs along while its parts arrive in order at one process; otherwise they are read again.
    """

    def __init__(self) -> None:
        self._hashes = RunningHashes()

    def put(self, storage: Storage, user: Account, uid: str, upload: str, key: str, number: int, body: bytes) -> str:
        """Take a part, and return its ETag.

        Raises:
            RefusalError: `not_found`, `forbidden`, `invalid`.
        """
        if not 1 <= number <= V1_MAX_PARTS:
            raise invalid(
                said("partNum is between 1 and {limit}", limit=V1_MAX_PARTS), field="partNum", limit=V1_MAX_PARTS
            )

        def look(connection: Connection) -> None:
            _upload_of(connection, user, uid, upload, key)
            _require_room(connection, user, uid, len(body), is_counted=False)

        storage.database.read(look)
        filling = Filling(storage)
        filling.take(body)

        def operation(connection: Connection) -> int:
            _, upload_id = _upload_of(connection, user, uid, upload, key)
            artifacts.put_part(connection, upload_id, number, filling.add(connection))
            _require_room(connection, user, uid, len(body), is_counted=True)
            return upload_id

        digest = hashlib.sha256(body).hexdigest()
        self._hashes.follow(storage.database.write(operation), _piece_name(number, digest), body, is_first=number == 1)
        return etag_of(digest)

    def complete(self, storage: Storage, user: Account, uid: str, upload: str, key: str, named: object) -> None:
        """Make an object of its parts.

        Args:
            storage: Database and objects.
            user: The caller.
            uid: The artifact.
            upload: The id of the upload.
            key: The object's key.
            named: The parts as the client has them: `{"etag", "partNumber"}` each.

        Raises:
            RefusalError: `not_found`, `forbidden`, or `invalid` if these are not the parts that arrived.
        """

        def look(connection: Connection) -> tuple[int, list[KeyedRow]]:
            _, upload_id = _upload_of(connection, user, uid, upload, key)
            return upload_id, artifacts.parts_of(connection, upload_id)

        upload_id, parts = storage.database.read(look)
        _require_same(named, parts)
        digest = self._digest_of(storage, upload_id, parts)

        def operation(connection: Connection) -> None:
            row, upload_id = _upload_of(connection, user, uid, upload, key)
            if artifacts.parts_of(connection, upload_id) != parts:
                raise invalid("a part was replaced while the object was completed", field="parts")
            stretches, offset = [], 0
            for part in parts:
                for size, object_id, start in artifacts.stretches_of(connection, part.content_id):
                    stretches.append((offset, size, object_id, start))
                    offset += size
            content_id = contents.add(connection, digest, offset, stretches, now_us())
            artifacts.end_upload(connection, upload_id)  # first, so that its parts do not count, too
            set_objects(connection, user, row, {key: content_id})

        storage.database.write(operation)

    def _digest_of(self, storage: Storage, upload_id: int, parts: list[KeyedRow]) -> str:
        names = [_piece_name(int(part.key), part.digest) for part in parts]
        return self._hashes.digest_of(upload_id, names, _pieces_of(storage, parts))


def _pieces_of(storage: Storage, parts: list[KeyedRow]) -> Iterator[bytes]:
    for part in parts:
        start = 0
        while start < part.size:
            piece = content_service.read(storage, part.content_id, part.digest, start, part.size)
            if not piece:
                raise RefusalError("not_found", "the artifact was deleted while its object was completed")
            yield piece
            start += len(piece)


def _piece_name(number: int, digest: str) -> str:
    return f"{number} {digest}"


def _upload_of(connection: Connection, user: Account, uid: str, upload: str, key: str) -> tuple[ArtifactRow, int]:
    row = load_open(connection, user, uid)
    upload_id = artifacts.upload_of(connection, upload, row.id, key)
    if upload_id is None:
        raise RefusalError("not_found", "no such upload")
    return row, upload_id


def _require_same(named: object, parts: list[KeyedRow]) -> None:
    """Refuse other parts than those that arrived, in order and without a gap."""
    listed = named.get("parts") if isinstance(named, dict) else None
    rows = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    told = [(item.get("partNumber"), str(item.get("etag")).strip('"')) for item in rows]
    have = [(int(part.key), part.digest) for part in parts]
    if not have or told != have or [number for number, _ in have] != list(range(1, len(have) + 1)):
        raise invalid("these are not the parts that arrived: numbers from 1 on, with the ETags they got", field="parts")


def etag_of(digest: str) -> str:
    """Return the ETag of bytes with a digest."""
    return f'"{digest}"'
