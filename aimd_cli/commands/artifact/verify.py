"""`aimd artifact verify`: reads every byte of artifacts and compares it with what was added."""

from __future__ import annotations

import contextlib
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
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import DamageFoundError, NetworkError, NotTheSameError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_core.reading.artifact_verification import ObjectFault
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.artifacts import ArtifactRemote


def verify(
    artifact: ArtifactsArg = None,
    path: PathsOpt = None,
    artifact_id: IdsOpt = None,
    repo_path: RepoPathsOpt = None,
    repo_name: RepoNamesOpt = None,
    remote: Annotated[bool, typer.Option("--remote", help="Also compare with what the server has.")] = False,
    references: Annotated[
        bool, typer.Option("--references", help="Also ask the servers of https:// references for size and ETag.")
    ] = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Read every byte of artifacts and compare it with what was added or downloaded. Changes nothing.

    Without names, checks all artifacts here. Exits with 6 if there is damage, with 1 if the server has something else,
    with 5 if the server of a reference gave no answer.

    Examples:

        aimd artifact verify

        aimd artifact verify mnist_model --remote
    """
    from aimd_cli.views.artifact_outcomes import ArtifactFault, VerifiedArtifacts
    from aimd_core.reading.artifact_verification import faults_of
    from aimd_core.reading.references import changed_references

    selected = chosen_artifacts(ArtifactNaming(artifact, path, artifact_id, repo_path, repo_name), everything=True)
    rows: list[ArtifactFault] = []
    unasked: list[NetworkError] = []
    damaged = differing = 0
    with contextlib.nullcontext() if not remote else _server(host) as server:
        for stored in selected:
            faults = [*faults_of(stored), *changed_references(stored)]
            changed, silent = _asked(stored, unasked) if references else ([], [])
            faults += changed
            there = [] if server is None else _differences(server, stored, faults)
            damaged += bool(faults)
            differing += bool(there)
            rows += [ArtifactFault(stored.name, stored.id, *fault) for fault in [*faults, *silent, *there]]
    size_bytes = sum(stored.size_bytes for stored in selected)
    output.show(VerifiedArtifacts(rows, len(selected), size_bytes), as_json)
    if damaged:
        raise DamageFoundError(damaged=damaged, total=len(selected), what="artifacts")
    if differing:
        hint = "See what differs: aimd artifact upload --check"
        raise NotTheSameError(failed=differing, total=len(selected), what="artifacts", hint=hint)
    if unasked:
        raise unasked[0]


def _asked(stored: StoredArtifact, unasked: list[NetworkError]) -> tuple[list[ObjectFault], list[ObjectFault]]:
    """Return the references whose servers say something else than was recorded, and those that did not answer."""
    from aimd_core.client.references import ask, has_changed
    from aimd_core.format.model import ReferenceFacts
    from aimd_core.reading.artifact_verification import ObjectFault

    changed, silent = [], []
    for key, uri in stored.references.items():
        recorded = stored.reference_facts.get(key) or ReferenceFacts()
        if not uri.startswith(("https://", "http://")):
            continue
        try:
            if has_changed(recorded, ask(uri)):
                changed.append(ObjectFault(key, recorded.size_bytes or 0, "has changed since it was added"))
        except NetworkError as error:  # of one server, which says nothing of the others
            unasked.append(error)
            silent.append(ObjectFault(key, recorded.size_bytes or 0, said("no answer ({reason})", reason=error.reason)))
    return changed, silent


def _server(host: str | None) -> ArtifactRemote:
    from aimd_core.config import resolve_credentials
    from aimd_core.upload.artifact_servers import connect_artifacts

    return connect_artifacts(resolve_credentials(host))


def _differences(server: ArtifactRemote, stored: StoredArtifact, faults: Sequence[ObjectFault]) -> list[ObjectFault]:
    """Return how what the server has of an artifact differs, besides what is damaged here."""
    from aimd_core.reading.artifact_verification import ObjectFault
    from aimd_core.upload.artifact_checks import differences_there

    rows = differences_there(server, stored, {fault.key for fault in faults})
    return [ObjectFault(row.file, row.local_bytes or row.remote_bytes or 0, row.reason) for row in rows]
