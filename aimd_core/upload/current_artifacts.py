"""Artifacts of a version 2 server: contents that it lacks are sent first, then keys and digests, then it is made final.

Digests go end to end: what a server lists is compared with what arrives, and nothing is sent that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from aimd_core.client import artifacts as remote
from aimd_core.client.contents import Goal
from aimd_core.client.direct import distrust
from aimd_core.client.v2 import Server, twin_of
from aimd_core.errors import DamagedError, RemoteArtifactNotFoundError
from aimd_core.format.artifacts import (
    KIND,
    OBJECTS_DIRECTORY,
    REFERENCE_FACTS,
    REFERENCES_FILE,
    copy_at,
    object_path,
    references_object,
)
from aimd_core.format.model import StoredObject, folder_path_of
from aimd_core.format.values import is_uuid
from aimd_core.language import said
from aimd_core.objects.copying import digest_file, open_source
from aimd_core.reading.artifact_facts import ArtifactFacts
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.reading.kept_files import KeptFile
from aimd_core.upload.artifacts import (
    ADD_AGAIN_HINT,
    UNCHANGED,
    UPLOADED,
    RemoteArtifact,
    received_references,
    sent_document,
)
from aimd_core.upload.batches import Small, batches_of, fetch_batch
from aimd_core.upload.contents import Destination
from aimd_core.upload.files import ContentSending, below
from aimd_core.upload.sending import Progress
from aimd_core.upload.transfers import PartSize


class CurrentArtifactRemote:
    """The artifacts of a version 2 server."""

    can_resume = True

    def __init__(self, server: Server, part: PartSize | None = None) -> None:
        self.host = server.host
        self.server = server
        self._part = part or PartSize()

    def __enter__(self) -> CurrentArtifactRemote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.server.__exit__(kind, error, at)

    def abort(self) -> None:
        """Abort the current request, from another thread."""
        self.server.abort()

    def twin(self) -> CurrentArtifactRemote:
        """Return another connection to the same server, for another thread."""
        return CurrentArtifactRemote(twin_of(self.server), self._part)

    def find(self, artifact_id: str) -> RemoteArtifact:
        """Return the artifact with an id.

        Raises:
            RemoteArtifactNotFoundError: It does not exist, is not final, or the key may not see it.
        """
        shown = remote.get(self.server, artifact_id)
        if shown["version"] is None:
            raise RemoteArtifactNotFoundError(what=said("artifact {name}", name=artifact_id))
        return self._whole(shown)

    def refer(self, folder: str, repo: str, tag: str) -> RemoteArtifact:
        """Return the artifact of a repo with a tag; `folder` is an id or a path. Errors as `find`."""
        return self._whole(remote.by_tag(self.server, folder if is_uuid(folder) else folder_path_of(folder), repo, tag))

    def _whole(self, shown: dict[str, Any], is_fallback: bool = False) -> RemoteArtifact:
        objects = list(remote.objects_of(self.server, shown["id"]))
        listed = next((row for row in objects if row.key == REFERENCES_FILE), None)
        references = self._references(shown["id"], listed) if listed is not None else {}
        rows = [row for row in objects if row.key != REFERENCES_FILE]
        path = str(shown["folder"]["path"])
        return RemoteArtifact(document_of(shown), shown["name"], shown["type"], path, rows, references, is_fallback)

    def _references(self, artifact_id: str, listed: StoredObject) -> dict[str, str]:
        return received_references(self.host, lambda take: remote.read(self.server, artifact_id, listed, 0, take))

    def send(
        self, artifact: StoredArtifact, destination: Destination, progress: Progress
    ) -> tuple[str, RemoteArtifact]:
        """Send an artifact, or what is missing of it, and make it final."""
        shown, is_new = self.send_open(artifact, destination, progress)
        if not is_new:
            return UNCHANGED, self._whole(shown)
        return UPLOADED, self._whole(remote.finalize(self.server, artifact.id), bool(shown.get("fallback")))

    def send_open(
        self, artifact: StoredArtifact, destination: Destination, progress: Progress
    ) -> tuple[dict[str, Any], bool]:
        """Send an artifact, or what is missing of it, and return it, and whether it was not final already."""
        document = {
            "repo": artifact.name,
            "type": artifact.type,
            "folder": destination.merged({}).folder_wish,
            "metadata": sent_document(artifact),
        }
        shown = remote.put(self.server, artifact.id, document)
        if shown["version"] is not None:
            return shown, False
        files = [_local_file(artifact, row) for row in artifact.objects]
        references = references_object(artifact.path)
        if references is not None:
            files.append(_local_file(artifact, StoredObject(REFERENCES_FILE, references.stat().st_size)))
        there = {row.key: row.digest for row in remote.objects_of(self.server, artifact.id)}
        changed = [file for file in files if there.get(file.path) != file.digest]
        goal = Goal("artifact", artifact.id)
        sending = ContentSending(self.server, below(artifact.path / OBJECTS_DIRECTORY), goal, progress, self._part)
        sending.send(changed)
        if sending.failed:
            key, reason = sorted(sending.failed.items())[0]
            raise DamagedError(path=object_path(artifact.path, key), reason=reason, hint=ADD_AGAIN_HINT)
        remote.put_objects(self.server, artifact.id, [(file.path, file.digest) for file in changed])
        return shown, True

    def batches(self, contents: Sequence[Small]) -> list[list[Small]]:
        """Return what of some objects is fetched together."""
        return batches_of(self.server, contents)

    def fetch_batch(
        self, artifact_id: str, batch: Sequence[Small], put: Callable[[Small, bytes], None], progress: Progress
    ) -> None:
        """Fetch objects together, and pass those that have come with the right digest to `put`."""
        fetch_batch(self.server, f"/artifacts/{artifact_id}/contents", batch, put, progress)

    def distrust_store(self) -> None:
        """Read nothing more from the object store itself."""
        distrust(self.server)

    def read(self, artifact_id: str, row: StoredObject, start: int, take: Callable[[bytes], bool]) -> None:
        """Pass an object's bytes from `start` on to `take`, piece by piece, as long as it returns True."""
        remote.read(self.server, artifact_id, row, start, take)


def _local_file(artifact: StoredArtifact, row: StoredObject) -> KeptFile:
    """Return an object as it is sent; a digest that is not recorded is computed.

    Raises:
        DamagedError: It is not a regular file, or was changed while it was read.
    """
    digest = row.digest
    if digest is None:
        path: Path = object_path(artifact.path, row.key)
        with open_source(path) as opened:
            digest = digest_file(opened, path).digest
    return KeptFile(row.key, row.size_bytes, digest)


def document_of(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a server's artifact, as `metadata.yaml` has it."""
    inner = {
        "folder": shown["folder"]["id"],
        "name": "",
        "editor": shown.get("editor"),
        "id": shown["id"],
        "timestamp": shown.get("updated"),
    }
    return {
        "kind": KIND,
        "metadata": inner,
        "description": shown.get("description") or "",
        "commit": shown.get("commit"),
        "version": shown.get("version"),
        "aliases": list(shown.get("aliases") or []),
        "creatingTimestamp": shown.get("created"),
        **({REFERENCE_FACTS: shown["references"]} if shown.get("references") else {}),
    }


def facts_of(shown: dict[str, Any], host: str) -> ArtifactFacts:
    """Return a server's artifact as it is shown, without its objects."""
    path = str(shown["folder"]["path"])
    return ArtifactFacts(
        str(shown["name"]),
        str(shown["type"]),
        str(shown["id"]),
        str(shown.get("description") or ""),
        shown.get("commit"),
        shown.get("version"),
        list(shown.get("aliases") or []),
        shown.get("created"),
        shown.get("editor"),
        path,
        None,
        {},
        [copy_at(host, path, shown.get("version"))],
        int(shown.get("size") or 0),
        int(shown.get("objects") or 0),
        [],
    )
