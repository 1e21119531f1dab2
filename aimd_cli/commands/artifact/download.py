"""`aimd artifact download`: bring artifacts from the server, each object whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli.commands.artifact.choice import finder_of
from aimd_cli.options import AlwaysRemoteOpt, HostOpt, JsonOpt, working_directory
from aimd_core.hosts import REMOTE

if TYPE_CHECKING:
    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome


def download(
    artifact: Annotated[
        list[str],
        typer.Argument(
            metavar="ARTIFACT...",
            help="[FOLDER/]NAME[:TAG] on the server, an id, or their beginnings, or SERVER:/FOLDER/NAME[:TAG].",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="The working directory to put them in: DIR/.aimd/artifacts."),
    ] = None,
    remote: AlwaysRemoteOpt = True,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Download artifacts, or what is missing of them here. Resumes where it was cut off.

    Examples:

        aimd artifact download image_classification/mnist_model:best

        aimd artifact download team:/models/resnet:v3 --to from_the_cluster
    """
    from aimd_cli.commands.artifact.transfer import transfer
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.artifact_servers import artifact_on
    from aimd_core.upload.artifacts import bring_artifact, download_objects

    directory = working_directory(to)
    finder = finder_of(remote, host)

    def bring(word: str, progress: TransferProgress) -> ArtifactOutcome:
        name, rest = finder.split(word)
        server = finder.server(name or REMOTE)
        there = artifact_on(server, rest)
        stored = StoredArtifact(bring_artifact(server, there, directory))
        before = progress.sent_bytes
        came = download_objects(server, stored, progress.advance)
        outcome = "downloaded" if came else "unchanged"
        facts = (there.repo, there.id, outcome, there.version, str(stored.path.absolute()), "")
        return ArtifactOutcome(*facts, progress.sent_bytes - before, "")

    transfer("Downloading", "downloaded", list(dict.fromkeys(artifact)), str, bring, 0, as_json)
