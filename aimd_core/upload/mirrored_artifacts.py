"""Keeps the artifacts of a directory on the private server of `aimd console`, as they are now.

They are never made final there: a version is what a server of a team gives. So one whose documents have changed can be
sent again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from aimd_core.client.v2 import Server
from aimd_core.errors import AimdError, NetworkError, RemoteNotFoundError
from aimd_core.format.artifacts import (
    ARTIFACTS_DIRECTORY,
    OBJECT_LIST_FILE,
    REFERENCES_FILE,
    artifact_names,
    copies_in,
)
from aimd_core.format.files import replace_file
from aimd_core.format.layout import METADATA_FILE, home_of
from aimd_core.objects.copying import Stat, stat_at
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload.contents import Destination

MEMORY_FILE = "mirrored_artifacts.json"
_DOCUMENTS = (METADATA_FILE, OBJECT_LIST_FILE, REFERENCES_FILE)
_UNFILED = "default"
Send = Callable[[StoredArtifact, Destination], object]
Signature: TypeAlias = "tuple[Stat | None, ...]"


class SentArtifact(NamedTuple):
    """What was sent of an artifact: its id, and size, time and inode of each of its documents."""

    id: str
    signature: Signature


class ArtifactMirror:
    """Mirrors the artifacts beside a directory's trials.

    Attributes:
        problems: What could not be shown: a sentence by the path of an artifact.
    """

    def __init__(self, directory: Path, server: Server, send: Send, memory: Path) -> None:
        """Look at nothing yet.

        Args:
            directory: As `find_trials` takes it.
            memory: The directory in which the ids of those that the server has are remembered.
            server: The server; nobody else writes to it.
            send: Sends an artifact and leaves it open.
        """
        home = home_of(directory)
        self._directory = (directory if home is None else home.parent) / ARTIFACTS_DIRECTORY
        self._server = server
        self._send = send
        self._memory = memory / MEMORY_FILE
        self._there = _read_memory(self._memory)
        self._sent: dict[str, SentArtifact] = {}  # by path
        self.problems: dict[str, str] = {}

    def round(self) -> int:
        """Bring the server up to date, and return how many artifacts changed there.

        Raises:
            NetworkError: The server is away or cannot store.
        """
        try:
            paths = {str(path): path for path in artifact_names(self._directory)}
        except OSError:
            return 0  # a file system that is away does not mean that artifacts were removed
        changed = 0
        for name, path in paths.items():
            signature = _signature_of(path)
            if name not in self._sent or self._sent[name].signature != signature:
                changed += self._take(name, path, signature)
        self._sent = {name: sent for name, sent in self._sent.items() if name in paths}
        self.problems = {name: reason for name, reason in self.problems.items() if name in paths}
        for artifact_id in self._there.difference(sent.id for sent in self._sent.values()):
            self._forget(artifact_id)
            changed += 1
        if changed:
            with contextlib.suppress(OSError):  # then those that go while nobody watches stay
                replace_file(self._memory, json.dumps(sorted(self._there)).encode(), mode=0o600)
        return changed

    def _take(self, name: str, path: Path, signature: Signature) -> int:
        artifact = StoredArtifact(path)
        self._sent[name] = SentArtifact(
            artifact.id, signature
        )  # one that cannot be shown is tried again once it changes
        try:
            artifact.require_whole()
            self._there.add(artifact.id)
            copies = copies_in(artifact.document)
            folder = str(Path(str(copies[-1]["path"])).parent).strip("/") if copies else _UNFILED
            self._send(artifact, Destination(folder_path=folder or None, make_folder=True))
        except NetworkError:
            del self._sent[name]
            raise
        except (AimdError, OSError) as error:
            self.problems[name] = str(error)
            return 0
        self.problems.pop(name, None)
        return 1

    def _forget(self, artifact_id: str) -> None:
        with contextlib.suppress(RemoteNotFoundError):
            self._server.call(None, "DELETE", f"/artifacts/{artifact_id}")
        self._there.discard(artifact_id)


def _signature_of(path: Path) -> Signature:
    return tuple(map(stat_at, (path / document for document in _DOCUMENTS)))


def _read_memory(file: Path) -> set[str]:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return set()
    return {text for text in document if isinstance(text, str)} if isinstance(document, list) else set()
