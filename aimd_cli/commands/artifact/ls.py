"""`aimd artifact ls`: the artifacts of a directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import ArtifactsDamagedError, OldServerError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.reading.artifact_facts import ArtifactFacts


def ls(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]", help="The directory that holds .aimd, or a directory of artifacts. [default: .]"
        ),
    ] = None,
    detail: Annotated[bool, typer.Option("-d", "--detail", help="Also show type, aliases and editor.")] = False,
    remote: Annotated[bool, typer.Option("--remote", help="List the server's artifacts.")] = False,
    folder: Annotated[
        str | None,
        typer.Option("-P", "--folder-path", metavar="FOLDER", help="With --remote: only this folder and below."),
    ] = None,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """List artifacts by name, newest first within a name. Exits with 8 if some are damaged.

    Examples:

        aimd artifact ls

        aimd artifact ls ~/runs -d

        aimd artifact ls --remote -P image_classification
    """
    from aimd_cli.views.artifact import ArtifactList
    from aimd_core.reading.artifacts import find_artifacts

    if not remote and (folder or host):
        raise UsageError(message="-P and -H need --remote", hint="Add --remote")
    if remote and path is not None:
        raise UsageError(message="--remote takes no PATH", hint="Name a folder of the server: -P FOLDER")
    rows = (
        _on_server(folder, host)
        if remote
        else [artifact.facts() for artifact in find_artifacts(working_directory(path))]
    )
    output.show(ArtifactList(rows, detail), as_json)
    damaged = [row for row in rows if row.damage]
    for row in damaged:
        for sentence in row.damage:
            output.say(said("WARNING: {location}: {sentence}", location=row.location, sentence=sentence))
    if damaged:
        raise ArtifactsDamagedError(failed=len(damaged), total=len(rows))


def _on_server(folder: str | None, host: str | None) -> list[ArtifactFacts]:
    from aimd_core.client import artifacts
    from aimd_core.config import resolve_credentials
    from aimd_core.format.model import folder_path_of
    from aimd_core.upload.artifact_servers import connect_artifacts
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote, facts_of

    with connect_artifacts(resolve_credentials(host)) as server:
        if not isinstance(server, CurrentArtifactRemote):
            raise OldServerError(host=server.host, what="list artifacts")
        rows = [
            facts_of(row, server.host) for row in artifacts.listed(server.server, folder and folder_path_of(folder))
        ]
    return sorted(rows, key=lambda row: row.name)
