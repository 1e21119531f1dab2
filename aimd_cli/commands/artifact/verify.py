"""`aimd artifact verify`: reads every byte of artifacts and compares it with what was added."""

from __future__ import annotations

from aimd_cli import output
from aimd_cli.commands.artifact.choice import (
    ArtifactsArg,
    IdsOpt,
    PathsOpt,
    RepoNamesOpt,
    RepoPathsOpt,
    chosen_artifacts,
)
from aimd_cli.options import JsonOpt
from aimd_core.errors import DamageFoundError


def verify(
    artifact: ArtifactsArg = None,
    path: PathsOpt = None,
    artifact_id: IdsOpt = None,
    repo_path: RepoPathsOpt = None,
    repo_name: RepoNamesOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Read every byte of artifacts and compare it with what was added or downloaded. Changes nothing.

    Without names, checks all artifacts here. Exits with 6 if there is damage.

    Examples:

        aimd artifact verify

        aimd artifact verify mnist_model --json
    """
    from aimd_cli.views.artifact_outcomes import ArtifactFault, VerifiedArtifacts
    from aimd_core.reading.artifact_verification import faults_of

    selected = chosen_artifacts(artifact, path, artifact_id, repo_path, repo_name, everything=True)
    rows: list[ArtifactFault] = []
    damaged = 0
    for stored in selected:
        faults = list(faults_of(stored))
        damaged += bool(faults)
        rows += [ArtifactFault(stored.name, stored.id, *fault) for fault in faults]
    size_bytes = sum(stored.size_bytes for stored in selected)
    output.show(VerifiedArtifacts(rows, len(selected), size_bytes), as_json)
    if damaged:
        raise DamageFoundError(damaged=damaged, total=len(selected), what="artifacts")
