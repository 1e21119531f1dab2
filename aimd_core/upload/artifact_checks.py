"""Proves that a server has the same bytes of an artifact as this disk, or names what differs. It changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from aimd_core.errors import RemoteNotFoundError
from aimd_core.format.artifacts import object_path
from aimd_core.format.digest import md5_of
from aimd_core.format.model import StoredObject
from aimd_core.objects.copying import digest_file, open_source
from aimd_core.reading.artifact_verification import faults_of
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload.artifacts import ArtifactRemote, RemoteArtifact
from aimd_core.upload.contents import Difference

FINAL = "artifact"  # what a difference is mended by
FINAL_HINT = "An artifact is final: bring its objects back with aimd artifact download, or upload them as a new one"
_ABSENT, _DIFFERS, _EXTRA = "is not on the server", "differs from what the server has", "is only on the server"


def compare_artifact(remote: ArtifactRemote, artifact: StoredArtifact) -> list[Difference]:
    """Return the objects and references of an artifact that differ; every byte here is read.

    A version 2 server tells the digest of each object. A version 1 server tells sizes, and of most objects an MD5.

    Raises:
        NetworkError, AccessError: From the server.
    """
    damaged = [Difference(fault.key, fault.size_bytes, None, fault.fault, FINAL) for fault in faults_of(artifact)]
    return [*damaged, *differences_there(remote, artifact, {difference.file for difference in damaged})]


def differences_there(remote: ArtifactRemote, artifact: StoredArtifact, damaged: Collection[str]) -> list[Difference]:
    """Return how what a server has of an artifact differs, besides the objects that are damaged here.

    Args:
        remote: The server.
        artifact: The artifact, whose recorded digests are those of its objects.
        damaged: The keys of the objects for which that is not so.

    Raises:
        NetworkError, AccessError: From the server.
    """
    try:
        there = remote.find(artifact.id)
    except RemoteNotFoundError:
        return [Difference("", artifact.size_bytes, None, _ABSENT, "upload" if artifact.is_open else FINAL)]
    return list(_differences(artifact, there, damaged))


def _differences(artifact: StoredArtifact, there: RemoteArtifact, damaged: Collection[str]) -> Iterator[Difference]:
    answered = {row.key: row for row in there.objects if row.key not in damaged}
    for row in (row for row in artifact.objects if row.key not in damaged):
        other = answered.pop(row.key, None)
        if other is None:
            yield Difference(row.key, row.size_bytes, None, _ABSENT, FINAL)
        elif other.size_bytes != row.size_bytes or not _is_same(artifact, row, other, there.checksums):
            yield Difference(row.key, row.size_bytes, other.size_bytes, _DIFFERS, FINAL)
    for other in answered.values():
        yield Difference(other.key, None, other.size_bytes, _EXTRA, FINAL)
    for key in sorted(artifact.references.keys() | there.references.keys()):
        uris = artifact.references.get(key), there.references.get(key)
        if uris[0] != uris[1]:
            yield Difference(key, None, None, _DIFFERS if all(uris) else _EXTRA if uris[1] else _ABSENT, FINAL)


def _is_same(artifact: StoredArtifact, row: StoredObject, other: StoredObject, checksums: Mapping[str, str]) -> bool:
    """Tell whether an object of the right size has the digest that the server tells, if it tells any."""
    path = object_path(artifact.path, row.key)
    if other.digest is not None:
        if row.digest is not None:
            return row.digest == other.digest
        with open_source(path) as opened:
            return digest_file(opened, path).digest == other.digest
    return row.key not in checksums or md5_of(path) == checksums[row.key]
