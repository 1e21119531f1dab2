"""Receives bytes by their SHA-256, from any offset on, and gives them to those who may see what refers to them.

Knowing a digest is no right. An account may refer to a content if it has sent all of its bytes lately, or if something
that it owns refers to it already; for everybody else the content is not there, and they send it. The bytes are stored
once, but nobody learns that somebody else has them.

A content counts once its digest was computed from what arrived. The hash runs along while parts arrive in order at one
process; another replica, or the same one after a restart, reads the parts again.
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import msgspec

from aimd_core.format.limits import MAX_DIGESTS, MAX_SMALL
from aimd_core.language import said
from aimd_server.blobs import BlobMissingError
from aimd_server.errors import StoreUnavailableError
from aimd_server.services import quotas
from aimd_server.services.clock import now_us
from aimd_server.services.quotas import OWN_TREE, Goal
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.running_hashes import RunningHashes
from aimd_server.services.visibility import Role, load_trial
from aimd_server.storage import Storage
from aimd_server.stores import contents
from aimd_server.stores.accounts import Account
from aimd_server.stores.contents import ContentRow, UploadRow, WholeContent
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow

PREFIX = "contents"
MAX_BYTES = 1 << 40
PROOF_US = 86_400_000_000
LEFT_OVER_US = 86_400_000_000
UPLOAD_US = 7 * 86_400_000_000
_PIECE_BYTES = 4 << 20
_AT_ONCE = 200
_HASHING = 2  # parts that are hashed at once
_MOST_ANNOUNCED = 1_000
_ANNOUNCED_US = 3_600_000_000  # far less than until what is left over is removed
_DIGEST = re.compile("[0-9a-f]{64}")


class Missing(msgspec.Struct, forbid_unknown_fields=True):
    """The body that asks which contents the caller has to send.

    Attributes:
        digests: Of the contents.
        trial: The id of a trial that the caller may change: its files count as the caller's.
        artifact: The id of an artifact that they are for instead.
        sizes: Of the contents in bytes, in the order of the digests, to learn in time that there is no room.
    """

    digests: list[str]
    trial: str | None = None
    artifact: str | None = None
    sizes: list[int] | None = None


class Arrived(msgspec.Struct, frozen=True):
    """How much of a content the caller has sent, in bytes."""

    offset: int
    is_complete: bool


def checked(digest: str) -> str:
    """Return a digest.

    Raises:
        RefusalError: `invalid`, if it is none.
    """
    if not _DIGEST.fullmatch(digest):
        raise invalid("a digest is a SHA-256 in hexadecimal, in lower case", field="digest")
    return digest


def require_fitting(size: int, offset: int, length: int) -> None:
    """Refuse bytes that a content cannot have.

    Args:
        size: Of the whole content in bytes.
        offset: Where the bytes begin.
        length: How many there are.

    Raises:
        RefusalError: `invalid`.
    """
    if size > MAX_BYTES:
        raise invalid(
            said("a file may have {limit} bytes at most", limit=MAX_BYTES), field="Upload-Length", limit=MAX_BYTES
        )
    if offset + length > size:
        raise invalid("there are more bytes than Upload-Length says", field="Upload-Length")


def missing(storage: Storage, user: Account, wish: Missing) -> dict[str, object]:
    """Return which contents the caller has to send, and how much of each has arrived.

    Raises:
        RefusalError: `invalid`, `not_found`, `forbidden`, `quota_exceeded`.
    """
    if wish.sizes is not None and (len(wish.sizes) != len(wish.digests) or min(wish.sizes, default=0) < 0):
        raise invalid("there is one size for each digest", field="sizes")
    if len(wish.digests) > MAX_DIGESTS:
        raise invalid(said("at most {limit} digests at once", limit=MAX_DIGESTS), field="digests", limit=MAX_DIGESTS)
    digests = list(dict.fromkeys(map(checked, wish.digests)))
    _take_held(storage, user, digests)

    def operation(connection: Connection) -> dict[str, object]:
        trial_id = None if wish.trial is None else load_trial(connection, user, wish.trial, Role.EDITOR).id
        claims = contents.claimable(connection, user.id, digests, now_us(), trial_id)
        left = [digest for digest in digests if digest not in claims]
        offsets = contents.offsets_of(connection, user.id, left)
        if wish.sizes is not None:
            size_of = dict(zip(wish.digests, wish.sizes, strict=True))
            added = sum(size_of[digest] for digest in left if digest not in offsets)
            home = quotas.home_of(connection, user, Goal(wish.trial, wish.artifact))
            quotas.require_room(connection, user, home, added, is_counted=False)
        return {"missing": left, "offsets": offsets}

    return storage.database.read(operation)


def _take_held(storage: Storage, user: Account, digests: Sequence[str]) -> None:
    """Make contents of what the object store can read although nobody sent it, as if the caller had sent it."""
    held = storage.blobs.held(digests)
    if not held:
        return

    def operation(connection: Connection) -> None:
        there = contents.by_digest(connection, held)
        for digest, (key, size) in held.items():
            if digest not in there:
                object_id = contents.announced(connection, key) or contents.announce(connection, key, size, now_us())
                contents.add(connection, digest, size, [(0, size, object_id, 0)] if size else [], now_us())
        rows = contents.by_digest(connection, held)
        contents.prove(connection, user.id, [row.id for row in rows.values()], now_us() + PROOF_US)

    storage.database.write(operation)


def standing(database: Database, user: Account, digest: str) -> Arrived:
    """Return how much the caller has sent of a content.

    Raises:
        RefusalError: `invalid`.
    """
    checked(digest)

    def operation(connection: Connection) -> Arrived:
        claim = contents.claimable(connection, user.id, [digest], now_us()).get(digest)
        if claim is not None:
            return Arrived(claim.size, True)
        upload = contents.upload_of(connection, user.id, digest)
        return Arrived(0 if upload is None else upload.next_offset, False)

    return database.read(operation)


class _Announced(NamedTuple):
    """An object that was announced for the next bytes of an upload, together with those before them."""

    key: str
    object_id: int
    made_us: int


class Receiving:
    """Receives contents; one for each process.

    A part is hashed while it is put away, and the object for the next one is announced in the transaction that records
    this one: each wait for the disk counts when a large file arrives part by part.
    """

    def __init__(self) -> None:
        self._hashes = RunningHashes()
        self._hashing = ThreadPoolExecutor(_HASHING, "hash")
        self._announced: OrderedDict[int, _Announced] = OrderedDict()
        self._lock = threading.Lock()

    def small(self, storage: Storage, user: Account, body: bytes, goal: Goal = OWN_TREE) -> list[str]:
        """Take several contents at once, and return their digests.

        Args:
            storage: Database and objects.
            user: The caller.
            body: A line of JSON with the sizes of the contents in bytes, then the contents one behind the other.
            goal: What they are for.

        Raises:
            RefusalError: `invalid`, `not_found`, `forbidden`, `quota_exceeded`.
        """
        pieces = list(_pieces(body))
        by_digest = {hashlib.sha256(piece).hexdigest(): piece for piece in pieces}
        size_bytes = sum(map(len, by_digest.values()))

        def look(connection: Connection) -> tuple[FolderRow, dict[str, ContentRow]]:
            home = quotas.home_of(connection, user, goal)
            quotas.require_room(connection, user, home, size_bytes, is_counted=False)
            return home, contents.by_digest(connection, by_digest)

        home, stored = storage.database.read(look)
        new = {digest: piece for digest, piece in by_digest.items() if digest not in stored}
        object_id = put_object(storage, b"".join(new.values())) if any(new.values()) else 0

        def operation(connection: Connection) -> None:
            there, adding, start = contents.by_digest(connection, by_digest), [], 0
            for digest, piece in new.items():
                if digest not in there:
                    adding.append(WholeContent(digest, len(piece), object_id, start))
                start += len(piece)
            contents.add_all(connection, adding, now_us())
            ids = [row.id for row in contents.by_digest(connection, by_digest).values()]
            if len(ids) < len(by_digest):  # one was there a moment ago, and nothing referred to it
                raise RefusalError("busy", "the contents were being removed; send them again")
            contents.prove(connection, user.id, ids, now_us() + PROOF_US, home.id)
            quotas.require_room(connection, user, home, size_bytes)

        storage.database.write(operation)
        return [hashlib.sha256(piece).hexdigest() for piece in pieces]

    def part(
        self,
        storage: Storage,
        user: Account,
        digest: str,
        size: int,
        offset: int,
        body: bytes | memoryview,
        goal: Goal = OWN_TREE,
    ) -> Arrived:
        """Take the next bytes of a content, and return how much has arrived.

        Args:
            storage: Database and objects.
            user: The caller.
            digest: Of the whole content.
            size: Of the whole content in bytes.
            offset: Where these bytes begin.
            body: The bytes, which stay as they are until this returns; none, to complete what has arrived.
            goal: What they are for.

        Raises:
            RefusalError: `invalid`, `not_found`, `forbidden`, `quota_exceeded`; `offset_mismatch`, with the true
                offset; `content_differs`, if all bytes together have another digest: then the next try begins at 0.
        """
        checked(digest)
        require_fitting(size, offset, len(body))
        prepared = self._going_on(storage, user, digest, size, offset) if offset and body else None
        if prepared is None:
            prepare = partial(_prepared, user=user, digest=digest, size=size, offset=offset, length=len(body))
            prepared = storage.database.write(partial(prepare, goal=goal))
        if prepared is None:
            return Arrived(size, True)
        upload, announced = prepared
        if body:
            self._put_away(storage, user, upload, announced, body)
        reached = offset + len(body)
        if reached < size:
            return Arrived(reached, False)
        self._complete(storage, user, upload)
        return Arrived(size, True)

    def _going_on(
        self, storage: Storage, user: Account, digest: str, size: int, offset: int
    ) -> tuple[UploadRow, _Announced] | None:
        """Return an upload that stands at an offset, with the object for its next bytes, if that was announced."""
        upload = storage.database.read(lambda connection: contents.upload_of(connection, user.id, digest))
        if upload is None or (upload.size, upload.next_offset) != (size, offset):
            return None
        with self._lock:
            announced = self._announced.pop(upload.id, None)
        if announced is None or now_us() - announced.made_us > _ANNOUNCED_US:
            return None
        return upload, announced

    def _put_away(
        self, storage: Storage, user: Account, upload: UploadRow, announced: _Announced, body: bytes | memoryview
    ) -> None:
        """Store the next bytes of an upload and record them.

        Raises:
            RefusalError: `offset_mismatch`, if others came first.
        """
        is_first = upload.next_offset == 0
        hashed = self._hashing.submit(self._hashes.ahead, upload.id, announced.key, body, is_first)
        try:
            storage.blobs.put(announced.key, body)
        finally:
            ran = hashed.result()
        has_more = upload.next_offset + len(body) < upload.size

        def record(connection: Connection) -> tuple[bool, _Announced | None]:
            object_id = announced.object_id
            if not contents.extend(connection, upload, size=len(body), object_id=object_id, now_us=now_us()):
                return False, None
            return True, _announce(connection, announced.key) if has_more else None

        is_recorded, following = storage.database.write(record)
        if not is_recorded:
            raise _mismatch(storage.database.read(lambda c: contents.upload_of(c, user.id, upload.digest)))
        self._hashes.note(upload.id, ran)
        if following is not None:
            with self._lock:
                self._announced[upload.id] = following
                while len(self._announced) > _MOST_ANNOUNCED:
                    self._announced.popitem(last=False)

    def _digest_of(self, storage: Storage, upload: UploadRow) -> str:
        rows = storage.database.read(lambda connection: contents.upload_parts(connection, upload.id))
        pieces = (ranged(storage, key, 0, size) for _, size, _, key in rows)
        return self._hashes.digest_of(upload.id, [key for *_, key in rows], pieces)

    def _complete(self, storage: Storage, user: Account, upload: UploadRow) -> None:
        """Make what has arrived a content, if it has the digest that was promised."""
        is_right = self._digest_of(storage, upload) == upload.digest

        def operation(connection: Connection) -> None:
            present = contents.upload_of(connection, user.id, upload.digest, lock=True)
            if present is None or present.id != upload.id:
                return  # another request has completed it
            if is_right:
                parts = [(at, size, object_id, 0) for at, size, object_id, _ in _rows(connection, upload.id)]
                content_id = contents.add(connection, upload.digest, upload.size, parts, now_us())
                contents.prove(connection, user.id, [content_id], now_us() + PROOF_US, present.folder_id)
            contents.end(connection, upload.id)

        storage.database.write(operation)
        if not is_right:
            message = "the bytes that arrived have another digest; send them again from the beginning"
            raise RefusalError("content_differs", message, offset=0)


def _rows(connection: Connection, upload_id: int) -> list[tuple[int, int, int, str]]:
    return contents.upload_parts(connection, upload_id)


def _prepared(
    connection: Connection, user: Account, digest: str, size: int, offset: int, length: int, goal: Goal
) -> tuple[UploadRow, _Announced] | None:
    """Announce an object for the next bytes; None if the caller has sent all of the content already."""
    claim = contents.claimable(connection, user.id, [digest], now_us()).get(digest)
    if claim is not None:
        contents.prove(connection, user.id, [claim.id], now_us() + PROOF_US)
        return None
    upload = contents.upload_of(connection, user.id, digest)
    if upload is None:
        home = quotas.home_of(connection, user, goal)
        upload = contents.begin(connection, user.id, digest, size, now_us(), home.id)
        quotas.require_room(connection, user, home, size)
    if upload.size != size:
        raise invalid("Upload-Length is another one than before", field="Upload-Length")
    if upload.next_offset != offset:
        raise _mismatch(upload)
    return upload, _announce(connection) if length else _Announced("", 0, 0)


def _announce(connection: Connection, beside: str = "") -> _Announced:
    """Record an object that is about to be stored, under a new key, in the folder of the object before it if any."""
    key, made_us = _new_key(beside), now_us()
    return _Announced(key, contents.announce(connection, key, 0, made_us), made_us)


def _mismatch(upload: UploadRow | None) -> RefusalError:
    offset = 0 if upload is None else upload.next_offset
    return RefusalError("offset_mismatch", said("the server stands at byte {offset}", offset=offset), offset=offset)


def _pieces(body: bytes) -> Iterator[bytes]:
    """Yield the contents in a body of small ones."""
    head, newline, rest = body.partition(b"\n")
    try:
        sizes = msgspec.json.decode(head, type=list[int])
    except msgspec.DecodeError:
        raise invalid("the body begins with a line of JSON: a list of sizes in bytes") from None
    if not newline or any(size < 0 for size in sizes) or sum(sizes) != len(rest):
        raise invalid("the sizes are not those of the bytes that follow")
    if len(sizes) > MAX_SMALL:
        raise invalid(said("at most {limit} contents at once", limit=MAX_SMALL), limit=MAX_SMALL)
    start = 0
    for size in sizes:
        yield rest[start : start + size]
        start += size


def _new_key(beside: str = "") -> str:
    name = str(uuid.uuid4())
    return f"{beside.rpartition('/')[0] or f'{PREFIX}/{name[:2]}'}/{name}"


def put_object(storage: Storage, body: bytes) -> int:
    """Store an object, and return its id."""
    key = _new_key()
    object_id = storage.database.write(lambda connection: contents.announce(connection, key, len(body), now_us()))
    storage.blobs.put(key, body)
    return object_id


def ranged(storage: Storage, key: str, start: int, end: int) -> bytes:
    """Return bytes of an object.

    Raises:
        StoreUnavailableError: It is missing, or cannot be read now.
    """
    try:
        return storage.blobs.get_range(key, start, end)
    except BlobMissingError as error:
        raise StoreUnavailableError(f"damaged: {error}") from None


def read(storage: Storage, content_id: int, digest: str, start: int, end: int) -> bytes:
    """Return some of the next bytes of a content, at least one unless it is gone.

    The caller has checked that they may be seen. A content that has got the id of a removed one is none that was asked
    for, which its digest tells.

    Raises:
        StoreUnavailableError: An object is missing, or cannot be read now.
    """
    end = min(end, start + _PIECE_BYTES)
    parts = storage.database.read(lambda connection: contents.parts_of(connection, content_id, digest, start, end))
    pieces = []
    for part in parts:
        first, last = max(start - part.offset, 0), min(end - part.offset, part.size)
        if part.key is None:
            pieces.append((part.data or b"")[first:last])
        else:
            pieces.append(ranged(storage, part.key, part.start + first, part.start + last))
    return b"".join(pieces)


def sweep(storage: Storage, left_over_us: int = LEFT_OVER_US, upload_us: int = UPLOAD_US) -> int:
    """Remove contents that nothing refers to, and objects that no content needs. Return their number.

    Only objects that this database announced are removed, because others may use the same store.
    """
    gone = 0
    forget = partial(contents.forget_stale, upload_before_us=now_us() - upload_us, limit=_AT_ONCE)
    while count := storage.database.write(lambda connection: forget(connection, now_us())):
        gone += count
    before_us = now_us() - left_over_us
    while rows := storage.database.read(partial(contents.left_over, before_us=before_us, limit=_AT_ONCE)):
        for _, key in rows:
            storage.blobs.delete(key)
        storage.database.write(partial(contents.forget_objects, ids=[number for number, _ in rows]))
        gone += len(rows)
    return gone
