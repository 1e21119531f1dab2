"""Artifacts of a deployed server, which speaks version 1: see docs/reference/deployed-servers.md.

References travel as the object `references.json`, which is where deployed clients keep them on disk. The protocol has
no digests: what was cut off is compared by size and, where its ETag is one, by MD5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from aimd_core.client.v1 import DeployedServer, deployed_twin_of
from aimd_core.client.v1_artifacts import DeployedArtifacts
from aimd_core.errors import NotAServerError, RefusedError, RemoteArtifactNotFoundError
from aimd_core.format.artifacts import (
    REFERENCES_FILE,
    object_path,
    references_object,
)
from aimd_core.format.digest import md5_of
from aimd_core.format.model import StoredObject
from aimd_core.language import said
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload.artifacts import (
    MAX_REFERENCES_BYTES,
    UNCHANGED,
    UPLOADED,
    RemoteArtifact,
    received_references,
    sent_document,
)
from aimd_core.upload.batches import Small
from aimd_core.upload.contents import Destination
from aimd_core.upload.deployed_folders import DeployedFolders, settling
from aimd_core.upload.sending import Progress

_MD5 = re.compile("[0-9a-f]{32}")


class DeployedArtifactRemote:
    """The artifacts of a version 1 server."""

    can_resume = False

    def __init__(self, server: DeployedServer) -> None:
        self.host = server.host
        self._server = server
        self._artifacts = DeployedArtifacts(server.calls)
        self._folders = DeployedFolders(self._server)

    def __enter__(self) -> DeployedArtifactRemote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.__exit__(kind, error, at)

    def abort(self) -> None:
        """Abort the current request, from another thread."""
        self._server.abort()

    def twin(self) -> DeployedArtifactRemote:
        """Return another connection to the same server, for another thread."""
        return DeployedArtifactRemote(deployed_twin_of(self._server))

    def find(self, artifact_id: str) -> RemoteArtifact:
        """Return the artifact with an id.

        Raises:
            RemoteArtifactNotFoundError: It does not exist, is not final, or the key may not see it.
        """
        document = self._artifacts.artifact(artifact_id)
        if document is None or not _is_final(document):
            raise RemoteArtifactNotFoundError(what=said("artifact {name}", name=artifact_id))
        return self._whole(document)

    def refer(self, folder: str, repo: str, tag: str) -> RemoteArtifact:
        """Return the artifact of a repo with a tag; `folder` is an id or a path. Errors as `find`."""
        by_path = self._server.folder_at("/" + folder.strip("/"))
        folder_id = by_path or (folder if self._server.folder(folder) is not None else None)
        document = self._artifacts.tagged(folder_id, repo, tag) if folder_id else None
        if document is None:
            what = said("artifact {name}", name=f"{folder}/{repo}:{tag}")
            raise RemoteArtifactNotFoundError(what=what)
        return self._whole(document)

    def _whole(self, document: dict[str, Any], is_fallback: bool = False) -> RemoteArtifact:
        """Return an artifact with its repo and its objects."""
        artifact_id = str((document.get("metadata") or {}).get("id") or "")
        folder_id = str((document.get("metadata") or {}).get("folder") or "")
        folder = self._server.folder(folder_id) if folder_id else None
        if folder is None or not artifact_id:
            raise NotAServerError(host=self.host, reason="it does not say in which repo an artifact is")
        name = str((folder.get("metadata") or {}).get("name") or "")
        profile = (folder.get("config") or {}).get("profile") or {}
        listed = self._artifacts.objects(artifact_id)
        sizes = {key: row.size_bytes for key, row in listed.items()}
        checksums = {key: md5 for key, row in listed.items() if (md5 := _md5_in(row.checksum))}
        references = self._references(artifact_id, sizes.pop(REFERENCES_FILE, None))
        objects = [StoredObject(key, size_bytes) for key, size_bytes in sizes.items()]
        path = self._folders.path_of(folder_id)
        artifact_type = str(profile.get("type") or "")
        return RemoteArtifact(document, name, artifact_type, path, objects, references, is_fallback, checksums)

    def _references(self, artifact_id: str, size_bytes: int | None) -> dict[str, str]:
        if size_bytes is None or size_bytes > MAX_REFERENCES_BYTES:
            return {}
        return received_references(self.host, lambda take: self._artifacts.read(artifact_id, REFERENCES_FILE, take))

    def send(
        self, artifact: StoredArtifact, destination: Destination, progress: Progress
    ) -> tuple[str, RemoteArtifact]:
        """Send an artifact, or what is missing of it, and make it final."""
        document = self._artifacts.artifact(artifact.id)
        if document is not None and _is_final(document):
            return UNCHANGED, self._whole(document)
        is_fallback = False
        if document is None:
            is_fallback = self._create(artifact, destination)
        self._send_objects(artifact, progress, is_new=document is None)
        refused: RefusedError | None = None
        try:
            self._artifacts.finalize(artifact.id)
        except RefusedError as error:  # it may be final already, by a request whose answer was lost
            refused = error
        final = self._artifacts.artifact(artifact.id)
        if final is None:
            raise RemoteArtifactNotFoundError(what=said("artifact {name}", name=artifact.id))
        if refused is not None and not _is_final(final):
            raise refused
        return UPLOADED, self._whole(final, is_fallback)

    def _create(self, artifact: StoredArtifact, destination: Destination) -> bool:
        """Create the artifact on the server, and return whether it is in the fallback folder."""
        wish = destination.merged({}).folder_wish
        with settling:
            folder_id, _, is_fallback = self._folders.choose(wish, make=True)
            assert folder_id is not None
            created = self._artifacts.create(folder_id, artifact.name, artifact.type, sent_document(artifact))
        if created != artifact.id:
            raise RefusedError(host=self.host, reason=said("it gave the artifact another id, {name}", name=created))
        return is_fallback

    def _send_objects(self, artifact: StoredArtifact, progress: Progress, is_new: bool) -> None:
        there = {} if is_new else self._artifacts.objects(artifact.id)
        sent = {row.key: object_path(artifact.path, row.key) for row in artifact.objects}
        references = references_object(artifact.path)
        if references is not None:
            sent[REFERENCES_FILE] = references
        for key, path in sent.items():
            size_bytes = path.stat().st_size
            row = there.get(key)
            if row is None or row.size_bytes != size_bytes or not _is_same(path, row.checksum):
                self._artifacts.put(artifact.id, key, path, size_bytes, progress)

    def batches(self, contents: Sequence[Small]) -> list[list[Small]]:
        """Return nothing: version 1 has no digests to compare with."""
        return []

    def fetch_batch(
        self, artifact_id: str, batch: Sequence[Small], put: Callable[[Small, bytes], None], progress: Progress
    ) -> None:
        """Do nothing: version 1 sends one object after the other."""

    def distrust_store(self) -> None:
        """Do nothing: version 1 has no such thing."""

    def read(self, artifact_id: str, row: StoredObject, start: int, take: Callable[[bytes], bool]) -> None:
        """Pass an object's bytes to `take`, piece by piece, as long as it returns True."""
        assert start == 0
        self._artifacts.read(artifact_id, row.key, take)


def _is_final(document: dict[str, Any]) -> bool:
    return bool(document.get("commit"))


def _is_same(path: Path, checksum: str) -> bool:
    """Tell whether a file of the right size is what the server has, as far as its ETag says."""
    md5 = _md5_in(checksum)
    return md5 is not None and md5_of(path) == md5


def _md5_in(etag: str) -> str | None:
    """Return the MD5 in an ETag, None if it is something else."""
    text = etag.strip('"')
    return text if _MD5.fullmatch(text) else None
