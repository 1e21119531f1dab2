"""Uploads artifacts and brings them back, with a version 1 server or a newer one.

An upload that was cut off continues when it is repeated, and one that is complete changes nothing. What comes from a
server goes to a hidden directory first and is renamed when it is whole; no key leads out of the artifact's directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeVar

from aimd_core.errors import (
    DamagedError,
    DiskError,
    NetworkError,
    NotAServerError,
    RefusedError,
    RemoteNotFoundError,
    UnreachableError,
)
from aimd_core.format.artifacts import (
    ARTIFACTS_DIRECTORY,
    KIND,
    MAX_REFERENCE_FACTS,
    REFERENCE_FACTS,
    REFERENCES_FILE,
    artifact_document,
    change_artifact,
    checked_repo,
    copies_in,
    copy_at,
    key_fault,
    listing,
    new_artifact,
    object_path,
    parse_references,
    reference_facts_in,
)
from aimd_core.format.layout import METADATA_FILE
from aimd_core.format.locking import locked_by_file
from aimd_core.format.model import StoredObject, artifact_address
from aimd_core.format.values import name_fault
from aimd_core.language import said
from aimd_core.objects.adding import Adding, place
from aimd_core.objects.copying import Stored
from aimd_core.objects.packs import PACKED_BYTES
from aimd_core.objects.store import has_sound, store_of
from aimd_core.reading.artifact_facts import ArtifactFacts
from aimd_core.reading.artifacts import StoredArtifact, artifacts_of_repo
from aimd_core.upload.batches import Small, is_small
from aimd_core.upload.contents import FILLED_IN, Destination
from aimd_core.upload.sending import Progress, no_progress
from aimd_core.upload.transfers import over_connections

Self = TypeVar("Self")
UPLOADED, UNCHANGED = "uploaded", "unchanged"
ADD_AGAIN_HINT = "Add it again, or bring it back: aimd artifact download"
MAX_REFERENCES_BYTES = 32 << 20
_PARTS_DIRECTORY = ".parts"  # of an artifact, for objects that have not arrived whole
_PARTS_LOCK = "lock"
_TRIES = 5
_PIECE_BYTES = 1 << 20


class RemoteArtifact(NamedTuple):
    """An artifact of a server.

    Attributes:
        document: Its document, as `metadata.yaml` has it.
        repo: The name of its repo.
        type: The type of its repo.
        path: The path of its repo on the server.
        objects: Its objects; without digests from a version 1 server.
        references: Its references, URIs by key.
        folder_fallback: It went to the default folder, because the requested one does not exist.
        checksums: From a version 1 server, the MD5 of objects by key, as far as it tells them.
    """

    document: dict[str, Any]
    repo: str
    type: str
    path: str
    objects: list[StoredObject]
    references: dict[str, str]
    folder_fallback: bool = False
    checksums: Mapping[str, str] = {}

    @property
    def id(self) -> str:
        """Its UUID."""
        return str(self.document["metadata"]["id"])

    @property
    def version(self) -> str:
        """Its version."""
        return str(self.document.get("version") or "")

    @property
    def folder_id(self) -> str:
        """The id of its repo."""
        return str(self.document["metadata"].get("folder") or "")


def facts_on(host: str, artifact: RemoteArtifact) -> ArtifactFacts:
    """Return what is shown of a server's artifact, with its objects."""
    document, inner = artifact.document, artifact.document["metadata"]
    return ArtifactFacts(
        artifact.repo,
        artifact.type,
        artifact.id,
        str(document.get("description") or ""),
        None if document.get("commit") is None else str(document["commit"]),
        artifact.version or None,
        [str(alias) for alias in document.get("aliases") or []],
        document.get("creatingTimestamp"),
        inner.get("editor"),
        artifact.path,
        artifact.objects,
        artifact.references,
        [copy_at(host, artifact.path, document.get("version"))],
        sum(row.size_bytes for row in artifact.objects),
        len(artifact.objects),
        [],
        reference_facts_in(document),
    )


class ArtifactRemote(Protocol):
    """A server's artifacts, for one thread. Use it as a context manager.

    Attributes:
        host: Its address.
        can_resume: Whether objects can be read from the middle on.
    """

    host: str
    can_resume: bool

    def __enter__(self: Self) -> Self:
        """Return itself."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connection."""

    def abort(self) -> None:
        """Abort the current request, from another thread."""

    def twin(self) -> ArtifactRemote:
        """Return another connection to the same server, for another thread."""

    def find(self, artifact_id: str) -> RemoteArtifact:
        """Return the artifact with an id, which is final.

        Raises:
            RemoteNotFoundError: It does not exist, or the key may not see it.
        """

    def refer(self, folder: str, repo: str, tag: str) -> RemoteArtifact:
        """Return the artifact of a repo with a tag; `folder` is an id or a path. Errors as `find`."""

    def send(
        self, artifact: StoredArtifact, destination: Destination, progress: Progress
    ) -> tuple[str, RemoteArtifact]:
        """Send an artifact, or what is missing of it, make it final, and return the outcome and what the server has."""

    def batches(self, contents: Sequence[Small]) -> list[list[Small]]:
        """Return what of some objects, by their keys, is fetched together; a server that cannot do that has none."""

    def fetch_batch(
        self, artifact_id: str, batch: Sequence[Small], put: Callable[[Small, bytes], None], progress: Progress
    ) -> None:
        """Fetch objects together, and pass those that have come with the right digest to `put`."""

    def distrust_store(self) -> None:
        """Read nothing more directly from an object store, because other bytes came than were asked for."""
        ...

    def read(self, artifact_id: str, row: StoredObject, start: int, take: Callable[[bytes], bool]) -> None:
        """Pass an object's bytes from `start` on to `take`, piece by piece, as long as it returns True."""


class UploadedArtifact(NamedTuple):
    """The result of uploading an artifact.

    Attributes:
        outcome: `uploaded` or `unchanged`.
        remote: What the server has.
        address: Where to see it in the console.
        sent_bytes: Bytes of objects that were sent.
    """

    outcome: str
    remote: RemoteArtifact
    address: str
    sent_bytes: int


def upload_artifact_at(
    remote: ArtifactRemote, artifact: StoredArtifact, destination: Destination, progress: Progress = no_progress
) -> UploadedArtifact:
    """Upload an artifact, and note in its directory where it is. Then it cannot change any more.

    Raises:
        DamagedError: Its documents cannot be read, or an object is not here as it was added.
        DiskError: The disk refused.
        NetworkError, AccessError, RefusedError: From the server; a second call continues.
    """
    artifact.require_whole()
    missing = artifact.missing()
    if missing:
        raise DamagedError(
            path=object_path(artifact.path, missing[0].key),
            reason=said("is missing or has changed in size since it was added", count=len(missing)),
            hint=ADD_AGAIN_HINT,
        )
    sent_bytes = 0

    def advance(count: int) -> None:
        nonlocal sent_bytes
        sent_bytes += count
        progress(count)

    outcome, sent = _sent(remote, artifact, destination, advance)
    try:
        note_remote(artifact.path, remote.host, sent)
        _take_aliases(artifact.path, remote.host, sent)
    except OSError as error:
        raise DiskError(path=artifact.path / METADATA_FILE, reason=error.strerror or str(error)) from error
    return UploadedArtifact(outcome, sent, artifact_address(remote.host, sent.folder_id, sent.version), sent_bytes)


def _sent(
    remote: ArtifactRemote, artifact: StoredArtifact, destination: Destination, progress: Progress
) -> tuple[str, RemoteArtifact]:
    """Send an artifact; if another upload of it has been faster, there is nothing left to do.

    Raises:
        RefusedError: The server refuses it, or has other content under its id.
    """
    try:
        outcome, sent = remote.send(artifact, destination, progress)
    except RefusedError as error:
        try:
            outcome, sent = UNCHANGED, remote.find(artifact.id)
        except RemoteNotFoundError:
            raise error from None
    there = {row.key: row for row in sent.objects}
    same = there.keys() == {row.key for row in artifact.objects} and sent.references == artifact.references
    if not same or any(_differ(row, there[row.key]) for row in artifact.objects):
        raise RefusedError(
            host=remote.host, reason="it has other content under the id of this artifact, which is final"
        )
    return outcome, sent


def _differ(here: StoredObject, there: StoredObject) -> bool:
    """Tell whether two objects differ, as far as their digests are known."""
    is_known = here.digest is not None and there.digest is not None
    return here.size_bytes != there.size_bytes or (is_known and here.digest != there.digest)


def note_remote(path: Path, host: str, sent: RemoteArtifact) -> None:
    """Write into an artifact's document what a server says of it.

    Raises:
        DamagedError: The document cannot be read.
        OSError: The disk refused.
    """

    def noted(document: dict[str, Any]) -> dict[str, Any]:
        elsewhere = [row for row in copies_in(document) if row.get("host") != host]
        inner = {**(document.get("metadata") or {}), **{key: sent.document["metadata"].get(key) for key in FILLED_IN}}
        given = {key: sent.document.get(key) for key in ("commit", "version", "aliases")}
        copy = copy_at(host, sent.path, sent.document.get("version"))
        return {**document, "metadata": inner, **given, "_remote": [*elsewhere, copy]}

    change_artifact(path, noted)


def _take_aliases(path: Path, host: str, sent: RemoteArtifact) -> None:
    """Take the aliases that moved to an artifact on a server from the other versions that are here.

    Raises:
        OSError: The disk refused.
    """
    moved = set(sent.document.get("aliases") or ())
    if not moved:
        return

    def left(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, "aliases": [alias for alias in document.get("aliases") or [] if alias not in moved]}

    for other in artifacts_of_repo(path.parent):
        is_there = any((copy.get("host"), copy.get("path")) == (host, sent.path) for copy in other.remote)
        if other.path != path and is_there and moved.intersection(other.aliases) and not other.damage:
            change_artifact(other.path, left)


def sent_document(artifact: StoredArtifact) -> dict[str, Any]:
    """Return the document that creates an artifact: without what the server fills in, so that it is always the same."""
    inner = artifact.document.get("metadata")
    kept = inner if isinstance(inner, dict) else {}
    facts = list(artifact.reference_facts.items())[:MAX_REFERENCE_FACTS]
    told = {REFERENCE_FACTS: {key: each.document() for key, each in facts}} if facts else {}
    document = artifact_document(artifact.id, artifact.description, artifact.aliases, artifact.created, **told)
    return {**document, "metadata": {**kept, "folder": None, "editor": None, "timestamp": None, "id": artifact.id}}


def received_references(host: str, read: Callable[[Callable[[bytes], bool]], None]) -> dict[str, str]:
    """Return the references of a server's artifact.

    Args:
        host: The server's address.
        read: Passes the bytes of their object to a function, as long as that returns True.

    Raises:
        DamagedError: They are something else, or larger than 32 MiB.
        NetworkError, AccessError: From the server.
    """
    content = bytearray()

    def take(piece: bytes) -> bool:
        content.extend(piece)
        return len(content) <= MAX_REFERENCES_BYTES

    read(take)
    return parse_references(bytes(content), f"{host}: {REFERENCES_FILE}")


def bring_artifact(remote: ArtifactRemote, artifact: RemoteArtifact, directory: Path) -> Path:
    """Make the directory of a server's artifact, without its objects' bytes, unless it is there; return its path.

    Raises:
        InvalidRepoNameError, UsageError: It cannot have a directory of that name here.
        NotAServerError: A key of it would lead elsewhere.
        DiskError: The disk refused.
    """
    if artifact.id.startswith(".") or name_fault(artifact.id):  # it becomes the name of a directory
        reason = said("it has an artifact with the id {name!r}", name=artifact.id[:200])
        raise NotAServerError(host=remote.host, reason=reason)
    for key in [*(row.key for row in artifact.objects), *artifact.references]:
        if key_fault(key):
            raise NotAServerError(host=remote.host, reason=said("it has an object with the key {key!r}", key=key[:200]))
    copy = copy_at(remote.host, artifact.path, artifact.document.get("version"))
    document = {"kind": KIND, **artifact.document, "_remote": [copy]}
    path = directory / ARTIFACTS_DIRECTORY / checked_repo(artifact.repo) / artifact.id
    try:
        if not path.exists():
            new_artifact(directory, artifact.repo, artifact.type, document, artifact.objects, artifact.references)
        return path
    except FileExistsError:
        return path
    except OSError as error:
        raise DiskError(path=error.filename or path, reason=error.strerror or str(error)) from error


def download_objects(
    remote: ArtifactRemote, artifact: StoredArtifact, progress: Progress = no_progress
) -> list[StoredObject]:
    """Bring back the objects of an artifact that are not here, or have another size, and return them.

    Of several downloads of it at once, one does the work, and the others wait for it.

    Raises:
        DamagedError: Its documents cannot be read.
        NotAServerError: The server sent something else than the object.
        DiskError: The disk refused.
        NetworkError, AccessError: From the server; a second call continues.
    """
    artifact.require_whole()
    if not artifact.missing():
        return []
    parts = artifact.path / _PARTS_DIRECTORY
    try:
        with locked_by_file(parts / _PARTS_LOCK):
            missing = artifact.missing()
            _bring(remote, artifact, missing, progress)
        with contextlib.suppress(OSError):
            parts.rmdir()  # unless others wait there
    except OSError as error:
        raise DiskError(path=error.filename or artifact.path, reason=error.strerror or str(error)) from error
    return missing


def _bring(remote: ArtifactRemote, artifact: StoredArtifact, missing: list[StoredObject], progress: Progress) -> None:
    """Bring objects, and record the digests of those that have come, also if others fail."""
    fetched: list[StoredObject] = []
    try:
        _fetch_all(remote, artifact, missing, fetched, progress)
    finally:
        with listing(artifact.path) as added:
            for row in fetched:
                added.add(row)


def _fetch_all(
    remote: ArtifactRemote,
    artifact: StoredArtifact,
    missing: list[StoredObject],
    fetched: list[StoredObject],
    progress: Progress,
) -> None:
    """Bring objects over several connections, and add each to `fetched` once it is in its place, with its digest."""

    def fetch(connection: ArtifactRemote, row: StoredObject) -> None:
        digest = _fetch(connection, artifact, row, progress)
        fetched.append(StoredObject(row.key, row.size_bytes, digest))

    later = _fetched_together(remote, artifact, missing, fetched, progress)
    by_digest = {row.digest: row for row in reversed(later) if row.digest is not None}
    first = [row for row in later if row.digest is None or by_digest[row.digest] is row]
    over_connections(remote, remote.twin, first, fetch)
    begun = {row.key for row in first}  # the bytes of others are in the store once those of another key have come
    over_connections(remote, remote.twin, [row for row in later if row.key not in begun], fetch)


def _fetched_together(
    remote: ArtifactRemote,
    artifact: StoredArtifact,
    missing: list[StoredObject],
    fetched: list[StoredObject],
    progress: Progress,
) -> list[StoredObject]:
    """Bring small objects, many at once, and add them to `fetched`; return those that are left."""
    store = store_of(artifact.path)
    by_digest: dict[str, list[StoredObject]] = {}
    for row in missing:
        if row.digest is not None and is_small(row.size_bytes):
            by_digest.setdefault(row.digest, []).append(row)
    lacking = [
        Small(rows[0].key, digest, rows[0].size_bytes)
        for digest, rows in by_digest.items()
        if not has_sound(store, Stored(digest, rows[0].size_bytes))
    ]

    def fetch_some(connection: ArtifactRemote, batch: Sequence[Small]) -> None:
        come: list[StoredObject] = []
        with Adding(store) as adding:

            def put(small: Small, content: bytes) -> None:
                for row in by_digest[small.digest]:
                    adding.take_bytes(content, _target_of(artifact, row))
                    come.append(row)

            try:
                connection.fetch_batch(artifact.id, batch, put, progress)
            except NetworkError:
                adding.settle()  # so that a second call goes on from there
                fetched.extend(come)
                raise
        fetched.extend(come)

    over_connections(remote, remote.twin, remote.batches(lacking), fetch_some)
    is_here = {row.key for row in fetched}
    return [row for row in missing if row.key not in is_here]


def _target_of(artifact: StoredArtifact, row: StoredObject) -> Path:
    """Return where an object goes, in a directory that is there.

    Raises:
        DamagedError: That is behind a link.
    """
    target = object_path(artifact.path, row.key)
    target.parent.mkdir(parents=True, exist_ok=True)
    inside = target.parent.relative_to(artifact.path)
    if os.path.realpath(target.parent) != os.path.join(os.path.realpath(artifact.path), inside):
        raise DamagedError(path=target.parent, reason="is a link, which is not followed")
    return target


def _fetch(remote: ArtifactRemote, artifact: StoredArtifact, row: StoredObject, progress: Progress) -> str:
    """Bring an object to its place, whole, and return its digest."""
    target, store = _target_of(artifact, row), store_of(artifact.path)
    partial = artifact.path / _PARTS_DIRECTORY / hashlib.sha256(row.key.encode()).hexdigest()
    if row.digest is not None and has_sound(store, Stored(row.digest, row.size_bytes)):
        store.put_at(row.digest, target)
        partial.unlink(missing_ok=True)
        return row.digest
    digest = _complete(remote, artifact.id, row, partial, progress)
    if row.size_bytes > PACKED_BYTES:  # so that another version with the same bytes takes neither time nor space
        with store.locked(is_shared=True):
            place(store, partial, Stored(digest, row.size_bytes), target)
    else:
        os.replace(partial, target)
    return digest


def _complete(remote: ArtifactRemote, artifact_id: str, row: StoredObject, partial: Path, progress: Progress) -> str:
    """Bring an object's bytes into a file, after those that are there, and return their digest."""
    for attempt in range(_TRIES):
        try:
            digest = _append(remote, artifact_id, row, partial, progress)
        except UnreachableError:
            if attempt == _TRIES - 1:
                raise
            continue
        if partial.stat().st_size == row.size_bytes and row.digest in (None, digest):
            return digest
        remote.distrust_store()
        partial.unlink()
    reason = said("its {file} does not match its size or digest", file=row.key[:200])
    raise NotAServerError(host=remote.host, reason=reason)


def _append(remote: ArtifactRemote, artifact_id: str, row: StoredObject, partial: Path, progress: Progress) -> str:
    """Read what a file lacks of an object, and return the digest of the whole file."""
    have = partial.stat().st_size if remote.can_resume and partial.exists() else 0
    have = have if have < row.size_bytes else 0
    hashed = hashlib.sha256()
    if not have:
        partial.unlink(missing_ok=True)  # perhaps the second name of an object, after a kill: it is not written to
    with open(partial, "r+b" if have else "xb") as opened:
        while opened.tell() < have:
            hashed.update(opened.read(min(_PIECE_BYTES, have - opened.tell())))
        left = row.size_bytes - have

        def take(piece: bytes) -> bool:
            nonlocal left
            opened.write(piece)
            hashed.update(piece)
            left -= len(piece)
            progress(len(piece))
            return left >= 0  # one byte too many is enough

        try:
            if left or not have:
                remote.read(artifact_id, row, have, take)
        finally:
            opened.flush()
            os.fsync(opened.fileno())
    if left > 0:
        raise UnreachableError(host=remote.host, reason="the object ended early")
    return hashed.hexdigest()
