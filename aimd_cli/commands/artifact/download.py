"""`aimd artifact download`: bring artifacts from the server, each object whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli.options import HostOpt, JsonOpt, working_directory

if TYPE_CHECKING:
    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome


def download(
    artifact: Annotated[
        list[str],
        typer.Argument(
            metavar="ARTIFACT...",
            help="Ids, or [FOLDER/]NAME[:TAG], where TAG is a version, an alias, or latest (default).",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="The working directory to put them in: DIR/.aimd/artifacts."),
    ] = None,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Download artifacts, or what is missing of them here. Resumes where it was cut off.

    Examples:

        aimd artifact download image_classification/mnist_model:best

        aimd artifact download 0f2c7a52-9be1-4a07-8d7e-6f0b2c4d5e6f --to from_the_cluster
    """
    from aimd_cli.commands.artifact.transfer import transfer
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome
    from aimd_core.config import resolve_credentials
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.artifact_servers import asked_for, connect_artifacts
    from aimd_core.upload.artifacts import bring_artifact, download_objects

    directory = working_directory(to)
    with connect_artifacts(resolve_credentials(host)) as remote:

        def bring(asked: str, progress: TransferProgress) -> ArtifactOutcome:
            there = asked_for(remote, asked)
            stored = StoredArtifact(bring_artifact(remote, there, directory))
            before = progress.sent_bytes
            came = download_objects(remote, stored, progress.advance)
            outcome = "downloaded" if came else "unchanged"
            facts = (there.repo, there.id, outcome, there.version, str(stored.path.absolute()), "")
            return ArtifactOutcome(*facts, progress.sent_bytes - before, "")

        transfer("Downloading", "downloaded", list(dict.fromkeys(artifact)), str, bring, 0, as_json)
