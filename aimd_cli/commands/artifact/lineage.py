"""`aimd artifact lineage`: what an artifact or a trial was made from, and what was made from it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import ArtifactNotFoundError, NotFoundError, OldServerError

if TYPE_CHECKING:
    from aimd_core.reading.lineage import Lineage, LineageNode


class Picture(str, Enum):
    """Languages of pictures."""

    mermaid = "mermaid"
    dot = "dot"


def lineage(
    artifact: Annotated[
        str, typer.Argument(metavar="NAME", help="An artifact, as in describe, or a trial; with --remote an id.")
    ],
    depth: Annotated[
        int, typer.Option("--depth", metavar="STEPS", min=1, max=50, help="How many steps to show, each way.")
    ] = 10,
    form: Annotated[Picture | None, typer.Option("--format", help="Print the graph in this language.")] = None,
    remote: Annotated[bool, typer.Option("--remote", help="As the server has it, of all that you may see.")] = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Show what an artifact or a trial was made from, and what was made from it.

    Examples:

        aimd artifact lineage mnist_model

        aimd artifact lineage cnn_keras --format mermaid
    """
    from aimd_cli.views.lineage import LineageView

    view = LineageView(_on_server(artifact, depth, host) if remote else _here(artifact, depth))
    if form is None or as_json:
        output.show(view, as_json)
        return
    for line in view.mermaid() if form is Picture.mermaid else view.dot():
        output.print_line(line)


def _here(word: str, depth: int) -> Lineage:
    from aimd_core.reading.local_lineage import lineage_in

    return lineage_in(working_directory(None), _node(word), depth)


def _node(word: str) -> LineageNode:
    from aimd_cli.commands.artifact.choice import chosen_artifacts
    from aimd_core.reading.local_lineage import node_of_artifact, node_of_trial
    from aimd_core.reading.selection import select_trials

    try:
        return node_of_artifact(chosen_artifacts([word], None, None, None, None)[0])
    except NotFoundError:
        pass
    directory = working_directory(None)
    try:
        return node_of_trial(select_trials([], [word], directory)[0])
    except NotFoundError:
        raise ArtifactNotFoundError(name=word, where=directory.absolute()) from None


def _on_server(asked: str, depth: int, host: str | None) -> Lineage:
    from aimd_core.client.artifacts import lineage_of
    from aimd_core.config import resolve_credentials
    from aimd_core.upload.artifact_servers import asked_for, connect_artifacts
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote

    with connect_artifacts(resolve_credentials(host)) as server:
        if not isinstance(server, CurrentArtifactRemote):
            raise OldServerError(host=server.host, what="show lineage")
        artifact_id = asked if "/" not in asked else asked_for(server, asked).id
        return lineage_of(server.server, artifact_id, depth)
