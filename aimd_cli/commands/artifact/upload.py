"""`aimd artifact upload`: put artifacts on the server, where they are final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimd_cli.commands.artifact.choice import (
    ArtifactsArg,
    IdsOpt,
    PathsOpt,
    RepoNamesOpt,
    RepoPathsOpt,
    chosen_artifacts,
)
from aimd_cli.options import FolderIdOpt, FolderPathOpt, HostOpt, JsonOpt, MakeFolderOpt

if TYPE_CHECKING:
    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome
    from aimd_core.reading.artifacts import StoredArtifact

_FALLBACK = "the folder does not exist: uploaded to the default one (-m creates it)"


def upload(
    artifact: ArtifactsArg = None,
    path: PathsOpt = None,
    artifact_id: IdsOpt = None,
    repo_path: RepoPathsOpt = None,
    repo_name: RepoNamesOpt = None,
    folder_id: FolderIdOpt = None,
    folder_path: FolderPathOpt = None,
    make_folder: MakeFolderOpt = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Upload artifacts; from then on they cannot change. Safe to repeat: an upload that was cut off continues.

    Examples:

        aimd artifact upload mnist_model -P image_classification -m

        aimd artifact upload -n mnist_model
    """
    from aimd_cli.commands.artifact.transfer import transfer
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome
    from aimd_core.config import resolve_credentials
    from aimd_core.reading.artifacts import oldest_first
    from aimd_core.upload.artifact_servers import connect_artifacts
    from aimd_core.upload.artifacts import upload_artifact_at
    from aimd_core.upload.contents import Destination

    selected = oldest_first(chosen_artifacts(artifact, path, artifact_id, repo_path, repo_name))
    credentials = resolve_credentials(host)
    destination = Destination(folder_id, folder_path, make_folder or None, must_exist=bool(folder_id or folder_path))
    with connect_artifacts(credentials) as remote:

        def send(stored: StoredArtifact, progress: TransferProgress) -> ArtifactOutcome:
            uploaded = upload_artifact_at(remote, stored, destination, progress.advance)
            there = uploaded.remote
            facts = (stored.name, stored.id, uploaded.outcome, there.version, there.path, uploaded.address)
            return ArtifactOutcome(*facts, uploaded.sent_bytes, _FALLBACK if there.folder_fallback else "")

        size_bytes = sum(stored.size_bytes for stored in selected)
        transfer("Uploading", "sent", selected, lambda stored: stored.name, send, size_bytes, as_json)
