"""`aimd artifact lineage`: what an artifact or a trial was made from, and what was made from it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import RemoteOpt, finder_of
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import NotFoundError, RemoteNotFoundError
from aimd_core.format.values import is_uuid
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.reading.lineage import Lineage, LineageNode
    from aimd_core.sources.naming import TrialFinder
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote


_HINT = "Run: aimd artifact ls, or: aimd trial ls"


class Picture(str, Enum):
    """Languages of pictures."""

    mermaid = "mermaid"
    dot = "dot"


def lineage(
    artifact: Annotated[
        str, typer.Argument(metavar="NAME", help="An artifact, as in describe, or else a trial, as in trial describe.")
    ],
    depth: Annotated[
        int, typer.Option("--depth", metavar="STEPS", min=1, max=50, help="How many steps to show, each way.")
    ] = 10,
    form: Annotated[Picture | None, typer.Option("--format", help="Print the graph in this language.")] = None,
    remote: RemoteOpt = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Show what an artifact or a trial was made from, and what was made from it.

    Examples:

        aimd artifact lineage mnist_model

        aimd artifact lineage team:/models/resnet:v3

        aimd artifact lineage cnn_keras --format mermaid
    """
    from aimd_cli.views.lineage import LineageView
    from aimd_core.sources.naming import TrialFinder

    finder = finder_of(remote, host)
    server, rest = finder.split(artifact)
    if server is None:
        graph = _here(rest, depth)
    else:
        current = finder.current_server(server, "show lineage")
        graph = _on_server(current, rest, TrialFinder(None, remote, host), artifact, depth)
    view = LineageView(graph)
    if form is None or as_json:
        output.show(view, as_json)
        return
    for line in view.mermaid() if form is Picture.mermaid else view.dot():
        output.print_line(line)


def _here(word: str, depth: int) -> Lineage:
    from aimd_core.reading.local_lineage import lineage_in

    return lineage_in(working_directory(None), _node(word), depth)


def _node(word: str) -> LineageNode:
    from aimd_core.reading.artifacts import artifact_meant
    from aimd_core.reading.local_lineage import node_of_artifact, node_of_trial
    from aimd_core.sources.local import DirectorySource

    directory = working_directory(None)
    try:
        return node_of_artifact(artifact_meant(word, directory))
    except NotFoundError:
        pass
    try:
        return node_of_trial(DirectorySource(directory).named(word).trial)
    except NotFoundError:
        message = said("no artifact and no trial {name!r} in {where}", name=word, where=directory.absolute())
        raise NotFoundError(message=message, hint=_HINT) from None


def _on_server(server: CurrentArtifactRemote, word: str, trials: TrialFinder, named_as: str, depth: int) -> Lineage:
    """Return the lineage of an artifact, or else of a trial."""
    from aimd_core.client.artifacts import lineage_of
    from aimd_core.sources.naming import only_one
    from aimd_core.sources.remote import RemoteTrial
    from aimd_core.upload.artifact_servers import artifact_on

    if is_uuid(word):
        return lineage_of(server.server, word, depth)
    try:
        return lineage_of(server.server, artifact_on(server, word).id, depth)
    except RemoteNotFoundError as error:
        try:
            with trials:
                trial = only_one(trials.named(named_as))
        except NotFoundError:
            what = said("artifact or trial {name}", name=word)
            raise RemoteNotFoundError(what=what, hint=error.advice) from None
    assert isinstance(trial, RemoteTrial)
    return lineage_of(server.server, trial.id, depth)
