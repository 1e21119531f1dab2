"""Reads every byte of an artifact and reports what differs from what was added. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.artifacts import object_path
from aimd_core.objects.copying import digest_file, open_source
from aimd_core.reading.artifacts import StoredArtifact


class ObjectFault(NamedTuple):
    """An object with something wrong; for the artifact's own documents the key is empty."""

    key: str
    size_bytes: int
    fault: str


def faults_of(artifact: StoredArtifact) -> Iterator[ObjectFault]:
    """Yield what is wrong with an artifact. An object without a recorded digest is compared by size alone."""
    for sentence in artifact.read().damage:
        yield ObjectFault("", 0, sentence)
    for row in artifact.objects:
        try:
            path = object_path(artifact.path, row.key)
            with open_source(path) as opened:
                read = digest_file(opened, path)
        except FileNotFoundError:
            yield ObjectFault(row.key, row.size_bytes, "is missing")
        except DamagedError as error:
            yield ObjectFault(row.key, row.size_bytes, error.reason)
        except OSError as error:
            yield ObjectFault(row.key, row.size_bytes, error.strerror or "cannot be read")
        else:
            if read.size_bytes != row.size_bytes:
                yield ObjectFault(row.key, row.size_bytes, "has changed in size since it was added")
            elif row.digest not in (None, read.digest):
                yield ObjectFault(row.key, row.size_bytes, "has changed since it was added")
