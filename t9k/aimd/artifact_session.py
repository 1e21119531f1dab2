"""Uploading and downloading artifacts from a script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aimd_core.config import resolve_credentials
from aimd_core.errors import UsageError
from aimd_core.format.layout import default_directory
from aimd_core.hosts import REMOTE
from aimd_core.language import said
from aimd_core.reading.artifacts import StoredArtifact, oldest_first, select_artifacts
from aimd_core.sources.naming import ServerNames
from aimd_core.upload.artifact_servers import connect_artifacts, reference_parts, server_of
from aimd_core.upload.artifacts import bring_artifact, download_objects, upload_artifact_at
from aimd_core.upload.contents import Destination
from t9k.aimd.session import credentials
from t9k.aimd.telling import tell


def upload_directory(
    path: Path, folder_id: str | None, folder_path: str | None, make_folder: bool | None
) -> dict[str, Any]:
    """Upload the artifact in a directory and return its document on the server. As `Artifact.upload`."""
    artifact = StoredArtifact(path)
    with connect_artifacts(credentials()) as remote:
        uploaded = upload_artifact_at(remote, artifact, Destination(folder_id, folder_path, make_folder))
    if uploaded.remote.folder_fallback:
        tell(
            said(
                "WARNING: {name} goes to {folder}: the folder it asks for does not exist (make_folder=True creates it)",
                name=artifact.name,
                folder=uploaded.remote.path.rpartition("/")[0],
            )
        )
    tell(said("{name} is on the server: {address}", name=artifact.name, address=uploaded.address))
    return uploaded.remote.document


def download_directory(path: Path) -> None:
    """Bring back what an artifact's directory lacks. As `Artifact.download`."""
    artifact = StoredArtifact(path).require_whole()
    if not artifact.missing():
        return
    with connect_artifacts(server_of(artifact, credentials())) as remote:
        download_objects(remote, artifact)


def bring(directory: Path, artifact_id: str | None, artifact_ref: str | None) -> Path:
    """Make the directory of a server's artifact, without its objects, and return it. As `grab_artifact`."""
    server, reference = ServerNames().split(str(artifact_ref)) or (REMOTE, str(artifact_ref))
    named = ServerNames().host(server)
    with connect_artifacts(credentials() if named is None else resolve_credentials(named)) as remote:
        if artifact_id is not None:
            artifact = remote.find(artifact_id)
        else:
            artifact = remote.refer(*reference_parts(reference))
        return bring_artifact(remote, artifact, directory)


def upload_artifact(
    artifact_path: str | os.PathLike[str] | list[str] | None = None,
    artifact_id: str | list[str] | None = None,
    repo_path: str | os.PathLike[str] | list[str] | None = None,
    repo_name: str | list[str] | None = None,
    folder_id: str | None = None,
    folder_path: str | None = None,
    make_folder: bool = False,
) -> list[dict[str, Any]]:
    """Upload artifacts on disk.

    Args:
        artifact_path: One or several directories of artifacts.
        artifact_id: One or several ids, in `AIMD_DIR` or the working directory.
        repo_path: One or several directories of repos: all artifacts in them.
        repo_name: One or several names: all artifacts of that name.
        folder_id: As in `Artifact.upload`, like the next two.
        folder_path: See there.
        make_folder: See there.

    Returns:
        Their documents, as the server has them.

    Raises:
        UsageError: Nothing was named.
        AimdError: From the first artifact that fails; those before it are uploaded.
    """
    paths, ids, repos, names = (_listed(value) for value in (artifact_path, artifact_id, repo_path, repo_name))
    if not paths and not ids and not repos and not names:
        raise UsageError(
            message="no artifact was named", hint="Give artifact_path, artifact_id, repo_path or repo_name"
        )
    selected = select_artifacts([*map(Path, paths)], ids, [*map(Path, repos)], names, default_directory())
    uploaded = {
        artifact.path: upload_directory(artifact.path, folder_id, folder_path, make_folder or None)
        for artifact in oldest_first(selected)
    }
    return [uploaded[artifact.path] for artifact in selected]


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [os.fspath(value)] if isinstance(value, (str, os.PathLike)) else [os.fspath(item) for item in value]  # type: ignore[attr-defined]
