"""`aimd artifact describe`: one artifact or several, with their objects and where they are."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import (
    ArtifactNaming,
    ArtifactsArg,
    IdsOpt,
    PathsOpt,
    RepoNamesOpt,
    RepoPathsOpt,
    described_artifacts,
)
from aimd_cli.options import JsonOpt
from aimd_core.errors import ArtifactsDamagedError


def describe(
    artifact: ArtifactsArg = None,
    path: PathsOpt = None,
    artifact_id: IdsOpt = None,
    repo_path: RepoPathsOpt = None,
    repo_name: RepoNamesOpt = None,
    remote: Annotated[bool, typer.Option("-R", "--remote", help="Show the servers that have it.")] = False,
    objects: Annotated[bool, typer.Option("-o", "--object", help="Show the objects and references.")] = False,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Show all of these.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Describe artifacts: type, version, aliases, times, and the parts you ask for.

    Examples:

        aimd artifact describe mnist_model -a

        aimd artifact describe remote:/image_classification/mnist_model:best -o

        aimd artifact describe -n mnist_model --json
    """
    from aimd_cli.views.artifact import ArtifactDetails, ArtifactParts

    handles = described_artifacts(ArtifactNaming(artifact, path, artifact_id, repo_path, repo_name))
    rows = [handle.facts() for handle in handles]
    output.show(ArtifactDetails(rows, ArtifactParts(remote or everything, objects or everything)), as_json)
    damaged = sum(bool(row.damage) for row in rows)
    if damaged:
        raise ArtifactsDamagedError(failed=damaged, total=len(rows))
