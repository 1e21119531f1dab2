"""`aimd artifact upload`: put artifacts on the server, where they are final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import (
    ArtifactNaming,
    ArtifactsArg,
    IdsOpt,
    PathsOpt,
    RepoNamesOpt,
    RepoPathsOpt,
    chosen_artifacts,
)
from aimd_cli.options import FolderIdOpt, FolderPathOpt, HostOpt, JsonOpt, MakeFolderOpt
from aimd_core.errors import NotTheSameError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome
    from aimd_core.config import Credentials
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.artifacts import UploadedArtifact

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
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Verify that the server has the same bytes, changing nothing; exit with 1 if not."
        ),
    ] = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Upload artifacts; from then on they cannot change. Safe to repeat: an upload that was cut off continues.

    Examples:

        aimd artifact upload mnist_model -P image_classification -m

        aimd artifact upload mnist_model --check

        aimd artifact upload -n mnist_model
    """
    from aimd_cli.commands.artifact.transfer import transfer
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome
    from aimd_core.config import resolve_credentials
    from aimd_core.reading.artifacts import oldest_first
    from aimd_core.upload.artifact_servers import connect_artifacts
    from aimd_core.upload.artifacts import upload_artifact_at
    from aimd_core.upload.contents import Destination

    selected = oldest_first(chosen_artifacts(ArtifactNaming(artifact, path, artifact_id, repo_path, repo_name)))
    credentials = resolve_credentials(host)
    if check:
        _check(credentials, selected, as_json)
        return
    destination = Destination(folder_id, folder_path, make_folder or None, must_exist=bool(folder_id or folder_path))
    with connect_artifacts(credentials) as remote:

        def send(stored: StoredArtifact, progress: TransferProgress) -> ArtifactOutcome:
            uploaded = upload_artifact_at(remote, stored, destination, progress.advance)
            there = uploaded.remote
            facts = (stored.name, stored.id, uploaded.outcome, there.version, there.path, uploaded.address)
            note = _FALLBACK if there.folder_fallback else _unmet(uploaded, folder_path)
            return ArtifactOutcome(*facts, uploaded.sent_bytes, note)

        size_bytes = sum(stored.size_bytes for stored in selected)
        transfer("Uploading", "sent", selected, lambda stored: stored.name, send, size_bytes, as_json)


def _unmet(uploaded: UploadedArtifact, folder_path: str | None) -> str:
    """Say that an artifact stays in the folder where it was, although another was typed; empty if it does not."""
    from aimd_core.format.model import folder_path_of
    from aimd_core.upload.artifacts import UNCHANGED

    folder = folder_path_of(uploaded.remote.path.rpartition("/")[0])
    if uploaded.outcome != UNCHANGED or not folder_path or folder == folder_path_of(folder_path):
        return ""
    return said("it was on the server before, and stays in its folder; not moved to {unmet}", unmet=folder_path)


def _check(credentials: Credentials, selected: Sequence[StoredArtifact], as_json: bool) -> None:
    """Compare artifacts with those of the server, and name what differs.

    Raises:
        NotTheSameError: Something does.
    """
    from aimd_cli.views.check import CheckReport, CheckRow
    from aimd_core.upload.artifact_checks import FINAL, FINAL_HINT, compare_artifact
    from aimd_core.upload.artifact_servers import connect_artifacts

    rows: list[CheckRow] = []
    mended_by: set[str] = set()
    failed = 0
    with connect_artifacts(credentials) as remote:
        for stored in selected:
            name = stored.label
            differences = compare_artifact(remote, stored)
            rows += [CheckRow(name, "differs", *difference[:4]) for difference in differences]
            rows += [] if differences else [CheckRow(name, "same", "", None, None, "")]
            mended_by.update(difference.mended_by for difference in differences)
            failed += bool(differences)
    output.show(CheckReport(rows, "ARTIFACT"), as_json)
    if failed:
        hint = said(FINAL_HINT) if FINAL in mended_by else "Bring the server up to date with: aimd artifact upload"
        raise NotTheSameError(failed=failed, total=len(selected), what="artifacts", hint=hint)
