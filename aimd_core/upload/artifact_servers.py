"""The artifacts of a server, in the newest protocol that it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimd_core.client import artifacts
from aimd_core.client.connection import RetryPolicy
from aimd_core.client.protocols import protocol_for
from aimd_core.client.signing_in import V2
from aimd_core.client.v1 import DeployedServer
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials, resolve_credentials
from aimd_core.errors import RemoteArtifactNotFoundError, RemoteNotFoundError, UsageError
from aimd_core.format.artifacts import LATEST
from aimd_core.format.model import folder_path_of
from aimd_core.format.values import MIN_ID_CHARS, is_uuid
from aimd_core.language import said
from aimd_core.reading.artifacts import StoredArtifact, require_one
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


def artifact_on(remote: ArtifactRemote, text: str) -> RemoteArtifact:
    """Return the artifact of a server with an id, or `<folder id or path>/<name>[:tag]`.

    A version 2 server also finds `<name>[:tag]`, and names, ids and commits by their unique beginning.

    Raises:
        UsageError: It has another form, or means several.
        RemoteArtifactNotFoundError: There is none, or the key may not see it.
    """
    if is_uuid(text):
        return remote.find(text)
    if not isinstance(remote, CurrentArtifactRemote):
        return remote.refer(*reference_parts(text))
    path, _, tag = text.partition(":")
    folder, slash, name = path.rpartition("/")
    if not name:
        raise RemoteArtifactNotFoundError(what=said("artifact {name}", name=text))
    if slash:
        try:
            return remote.refer(folder or "/", name, tag or LATEST)
        except RemoteNotFoundError:
            if is_uuid(folder):
                raise
    rows = list(artifacts.listed(remote.server, folder_path_of(folder) if folder.strip("/") else None))
    repo = _repo_in(rows, name, folder)
    if repo is not None:
        parent, _, name = repo.rpartition("/")
        return remote.refer(parent or "/", name, tag or LATEST)
    ids = [row["id"] for row in rows if _begins(row, text)]
    require_one(text, ids)
    if not ids:
        raise RemoteArtifactNotFoundError(what=said("artifact {name}", name=text))
    return remote.find(ids[0])


def _repo_in(rows: Sequence[dict[str, Any]], name: str, folder: str) -> str | None:
    """Return the path of the only repo with a name, else of the only one whose name begins like that.

    Raises:
        UsageError: There are several.
    """
    paths = {str(row["folder"]["path"]) for row in rows if str(row["name"]).startswith(name)}
    direct = {path for path in paths if folder and path.rpartition("/")[0].strip("/") == folder.strip("/")}
    exact = {path for path in paths if path.rpartition("/")[2] == name}
    chosen = exact or direct or paths
    require_one(name, sorted(chosen))
    return next(iter(chosen), None)


def _begins(row: dict[str, Any], text: str) -> bool:
    """Tell whether the id or the commit of an artifact begins like a text."""
    return len(text) >= MIN_ID_CHARS and (row["id"].startswith(text) or str(row.get("commit") or "").startswith(text))


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
