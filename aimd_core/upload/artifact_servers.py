"""The artifacts of a server, in the newest protocol that it speaks."""

from __future__ import annotations

from aimd_core.client import artifacts
from aimd_core.client.connection import RetryPolicy
from aimd_core.client.protocols import protocol_for
from aimd_core.client.signing_in import V2
from aimd_core.client.v1 import DeployedServer
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials, resolve_credentials
from aimd_core.errors import RemoteArtifactNotFoundError, UsageError
from aimd_core.format.artifacts import LATEST
from aimd_core.format.values import is_uuid
from aimd_core.language import said
from aimd_core.reading.artifacts import StoredArtifact
from aimd_core.upload.artifacts import ArtifactRemote, RemoteArtifact
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
from aimd_core.upload.v1_artifacts import DeployedArtifactRemote


def connect_artifacts(credentials: Credentials, retry: RetryPolicy | None = None) -> ArtifactRemote:
    """Return the artifacts of the server for these credentials.

    Raises:
        NetworkError: Its protocol is not cached, and it cannot be reached.
    """
    if protocol_for(credentials.host, retry) == V2:
        return CurrentArtifactRemote(Server(credentials, retry))
    return DeployedArtifactRemote(DeployedServer(credentials, retry))


def asked_for(remote: ArtifactRemote, asked: str) -> RemoteArtifact:
    """Return the artifact of a server with an id, or `<folder id or path>/<name>[:tag]`.

    A version 2 server also finds `<name>[:tag]`, where the name may be the beginning of the only one.

    Raises:
        UsageError: It has another form, or the name means several.
        RemoteArtifactNotFoundError: There is none, or the key may not see it.
    """
    if is_uuid(asked):
        return remote.find(asked)
    if "/" in asked or not isinstance(remote, CurrentArtifactRemote):
        return remote.refer(*reference_parts(asked))
    name, _, tag = asked.partition(":")
    paths = {str(row["folder"]["path"]) for row in artifacts.listed(remote.server) if row["name"].startswith(name)}
    exact = {path for path in paths if path.rpartition("/")[2] == name}
    paths = exact or paths
    if len(paths) > 1:
        raise UsageError(
            message=said("{name!r} means several artifacts: {paths}", name=name, paths=", ".join(sorted(paths)[:8])),
            hint="Name one with its folder: FOLDER/NAME[:TAG]",
        )
    if not paths:
        raise RemoteArtifactNotFoundError(what=said("artifact {name}", name=asked))
    folder, _, repo = next(iter(paths)).rpartition("/")
    return remote.refer(folder or "/", repo, tag or LATEST)


def reference_parts(reference: str) -> tuple[str, str, str]:
    """Return folder, name and tag of `<folder id or path>/<name>[:tag]`; the tag is `latest` by default.

    Raises:
        UsageError: It has another form.
    """
    path, _, tag = reference.partition(":")
    folder, _, repo = path.strip("/").rpartition("/")
    if not folder or not repo:
        raise UsageError(
            message=said("{reference!r} is neither an id nor FOLDER/NAME[:TAG]", reference=reference),
            hint="For example: image_classification/mnist_model:latest",
        )
    return folder, repo, tag or LATEST


def server_of(artifact: StoredArtifact, credentials: Credentials) -> Credentials:
    """Return the server to bring an artifact's objects from: the one signed in to, or else another that has it.

    Raises:
        NotSignedInError: There is no key for that one.
    """
    hosts = [str(copy["host"]) for copy in artifact.remote if copy.get("host")]
    if not hosts or credentials.host in hosts:
        return credentials
    return resolve_credentials(hosts[0])
