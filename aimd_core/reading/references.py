"""What references of artifacts lead to on this disk, and whether it is still what was recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aimd_core.errors import DamagedError
from aimd_core.format.model import ReferenceFacts
from aimd_core.objects.copying import digest_file, open_source
from aimd_core.reading.artifact_verification import ObjectFault
from aimd_core.reading.artifacts import StoredArtifact

_LOCAL = ("", "localhost")


def file_of(uri: str) -> Path | None:
    """Return the file of this host that a URI leads to, or None for what is elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in _LOCAL:
        return None
    path = unquote(parts.path)
    return None if not os.path.isabs(path) or "\0" in path else Path(path)


def read_file(path: Path) -> ReferenceFacts:
    """Return size and digest of a file.

    Raises:
        DamagedError: It is not a regular file, or was changed while it was read.
        OSError: It cannot be read.
    """
    with open_source(path, follows=True) as opened:
        read = digest_file(opened, path)
    return ReferenceFacts(read.size_bytes, read.digest)


def changed_references(artifact: StoredArtifact) -> Iterator[ObjectFault]:
    """Yield the files of this host that an artifact refers to and that have changed; absent ones may be elsewhere."""
    for key, uri in artifact.references.items():
        recorded, path = artifact.reference_facts.get(key), file_of(uri)
        if recorded is None or recorded.digest is None or path is None:
            continue
        try:
            read = read_file(path)
        except FileNotFoundError:
            continue
        except DamagedError as error:
            yield ObjectFault(key, recorded.size_bytes or 0, error.reason)
        except OSError as error:
            yield ObjectFault(key, recorded.size_bytes or 0, error.strerror or "cannot be read")
        else:
            if read.digest != recorded.digest:
                yield ObjectFault(key, recorded.size_bytes or 0, "has changed since it was added")
