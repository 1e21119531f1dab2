"""Which artifacts a person means, wherever they are: by the same addresses as trials.

- `mnist_model:best`, `mnist`, `0f2c`: a name or the unique beginning of one, with a version, an alias or `latest` after
  a colon, or the unique beginning of an id or a commit; in the working directory, or on the server with `--remote`;
- `.aimd/artifacts/mnist_model/0f2c...`: with a slash, the path of a directory;
- `team:mnist_model:best`, `team:/models/resnet:v3`, `remote:0f2c`: on the server with this short name, `remote:` being
  the active one.

Rules: docs/guides/artifacts.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from aimd_core.config import resolve_credentials
from aimd_core.errors import ArtifactNotFoundError, OldServerError, UsageError
from aimd_core.format.model import StoredObject
from aimd_core.hosts import REMOTE
from aimd_core.language import said
from aimd_core.reading.artifact_facts import ArtifactFacts
from aimd_core.reading.artifacts import StoredArtifact, artifact_meant, artifact_with_id
from aimd_core.sources.naming import ServerNames
from aimd_core.upload.artifact_servers import artifact_on, connect_artifacts
from aimd_core.upload.artifacts import ArtifactRemote, RemoteArtifact, facts_on
from aimd_core.upload.current_artifacts import CurrentArtifactRemote


class ArtifactHandle(ABC):
    """An artifact where it is."""

    @property
    @abstractmethod
    def id(self) -> str:
        """Its UUID."""

    @abstractmethod
    def facts(self) -> ArtifactFacts:
        """Return what is shown of it, with its objects."""

    @property
    @abstractmethod
    def objects(self) -> Sequence[StoredObject]:
        """Its objects.

        Raises:
            DamagedError: They cannot be read.
        """

    @property
    @abstractmethod
    def references(self) -> Mapping[str, str]:
        """Its references, URIs by key."""


class LocalArtifact(ArtifactHandle):
    """An artifact's directory.

    Attributes:
        stored: The directory, read lazily.
    """

    def __init__(self, stored: StoredArtifact) -> None:
        self.stored = stored

    @property
    def id(self) -> str:
        """Its UUID."""
        return self.stored.id

    def facts(self) -> ArtifactFacts:
        """Return what is shown of it."""
        return self.stored.facts()

    @property
    def objects(self) -> Sequence[StoredObject]:
        """Its objects."""
        return self.stored.require_whole().objects

    @property
    def references(self) -> Mapping[str, str]:
        """Its references."""
        return self.stored.require_whole().references


class ServerArtifact(ArtifactHandle):
    """An artifact of a server.

    Attributes:
        server: The server's artifacts.
        there: What the server says of it.
    """

    def __init__(self, server: ArtifactRemote, there: RemoteArtifact) -> None:
        self.server, self.there = server, there

    @property
    def id(self) -> str:
        """Its UUID."""
        return self.there.id

    def facts(self) -> ArtifactFacts:
        """Return what is shown of it."""
        return facts_on(self.server.host, self.there)

    @property
    def objects(self) -> Sequence[StoredObject]:
        """Its objects."""
        return self.there.objects

    @property
    def references(self) -> Mapping[str, str]:
        """Its references."""
        return self.there.references


class ArtifactFinder:
    """Finds artifacts by what a person writes. Close it: connections stay open until then."""

    def __init__(self, directory: Path, remote: bool = False, host: str | None = None) -> None:
        """Choose where names without a server are looked up.

        Args:
            directory: The working directory.
            remote: Whether that is the active server instead.
            host: A server to take for the active one: its address, or a part of it.
        """
        self._directory, self._remote, self._host = directory, remote, host
        self._names = ServerNames()
        self._servers: dict[str, ArtifactRemote] = {}

    def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            server.__exit__(None, None, None)

    def server(self, name: str = REMOTE) -> ArtifactRemote:
        """Return the artifacts of the server with a short name.

        Raises:
            NotSignedInError, NetworkError: It cannot be asked.
        """
        if name not in self._servers:
            host = self._host if name == REMOTE else self._names.host(name)
            self._servers[name] = connect_artifacts(resolve_credentials(host))
        return self._servers[name]

    def current_server(self, name: str, what: str) -> CurrentArtifactRemote:
        """Return the artifacts of a server that can do more than version 1.

        Raises:
            OldServerError: It cannot do `what`.
        """
        server = self.server(name)
        if not isinstance(server, CurrentArtifactRemote):
            raise OldServerError(host=server.host, what=what)
        return server

    def split(self, text: str) -> tuple[str | None, str]:
        """Return the short name of the server on which a text looks, None for this disk, and what follows it.

        Raises:
            NotFoundError: No server has that short name.
        """
        is_path = not self._remote and text.startswith((".", "/", "~"))
        address = None if is_path else self._names.split(text)
        return address or ((REMOTE if self._remote else None), text)

    def named(self, text: str) -> ArtifactHandle:
        """Return the artifact that a text means.

        Raises:
            NotFoundError: There is none, or no such server.
            UsageError: It means several.
            NotSignedInError, NetworkError: It is on a server that cannot be asked.
        """
        name, rest = self.split(text)
        if name is None:
            return LocalArtifact(artifact_meant(rest, self._directory))
        server = self.server(name)
        return ServerArtifact(server, artifact_on(server, rest))

    def stored(self, text: str) -> StoredArtifact:
        """Return the artifact that a text means, on this disk; one on a server, if it was downloaded.

        Raises:
            UsageError: It is on a server and not here. Others as `named`.
        """
        handle = self.named(text)
        if isinstance(handle, LocalArtifact):
            return handle.stored
        try:
            return artifact_with_id(handle.id, self._directory)
        except ArtifactNotFoundError:
            raise UsageError(
                message=said("{artifact} is on a server, and this takes artifacts on this disk", artifact=text),
                hint=said("To get it: aimd artifact download {artifact}", artifact=text),
            ) from None
