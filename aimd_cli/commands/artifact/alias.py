"""`aimd artifact alias`: gives a version of an artifact other names, which other versions lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import ArtifactArg, RemoteOpt, finder_of
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.reading.artifact_facts import ArtifactFacts
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote


def alias(
    artifact: ArtifactArg,
    names: Annotated[list[str] | None, typer.Argument(metavar="[ALIAS]...", help="The aliases to add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="ALIAS", help="Remove this name from it; repeatable.")
    ] = None,
    remote: RemoteOpt = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Give an artifact aliases. An alias that another version had moves to it, in one step.

    Examples:

        aimd artifact alias --remote image_classification/mnist_model:v3 best production

        aimd artifact alias mnist_model --remove best
    """
    from aimd_cli.views.artifact import ArtifactList
    from aimd_core.format.artifacts import checked_alias
    from aimd_core.reading.artifacts import artifact_meant

    add = list(dict.fromkeys(names or []))
    if not add and not remove:
        raise UsageError(message="no alias was given", hint="Name the aliases to add, or use --remove to take one away")
    for name in add:
        checked_alias(name)
    finder = finder_of(remote, host)
    server, rest = finder.split(artifact)
    if server is None:
        row = _here(artifact_meant(rest, working_directory(None)), add, remove or [])
    else:
        row = _on_server(finder.current_server(server, "move aliases"), rest, add, remove or [])
    output.show(ArtifactList([row], True), as_json)


def _on_server(server: CurrentArtifactRemote, word: str, add: list[str], remove: list[str]) -> ArtifactFacts:
    from aimd_core.client import artifacts
    from aimd_core.upload.artifact_servers import artifact_on
    from aimd_core.upload.current_artifacts import facts_of

    there = artifact_on(server, word)
    _tell_absent(there.repo, there.document.get("aliases") or [], remove)
    return facts_of(artifacts.change_aliases(server.server, there.id, add, remove), server.host)


def _here(chosen: StoredArtifact, add: list[str], remove: list[str]) -> ArtifactFacts:
    from aimd_core.reading.artifacts import StoredArtifact, artifacts_of_repo

    _tell_absent(chosen.name, chosen.aliases, remove)
    for other in artifacts_of_repo(chosen.path.parent):
        if other.path == chosen.path:
            kept = [name for name in other.aliases if name not in remove and name not in add]
            _set(other, [*kept, *add])
        else:
            _set(other, [name for name in other.aliases if name not in add])
    if chosen.remote:
        output.say(said("note: {name} is on a server; --remote changes its aliases there", name=chosen.name))
    return StoredArtifact(chosen.path).facts()


def _tell_absent(name: str, aliases: list[str], remove: list[str]) -> None:
    for alias in remove:
        if alias not in aliases:
            output.say(said("note: {name} has no alias {alias}", name=name, alias=alias))


def _set(artifact: StoredArtifact, aliases: list[str]) -> None:
    from aimd_core.format.artifacts import change_artifact

    if aliases != artifact.aliases and not artifact.damage:
        change_artifact(artifact.path, lambda document: {**document, "aliases": aliases})
