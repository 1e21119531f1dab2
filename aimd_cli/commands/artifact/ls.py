"""`aimd artifact ls`: the artifacts of a directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import finder_of
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import ArtifactsDamagedError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.reading.artifact_facts import ArtifactFacts
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote


def ls(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]",
            help="The directory that holds .aimd, or one of artifacts; SERVER:/FOLDER, or a folder with --remote."
            " [default: .]",
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

        aimd artifact ls team:/models
    """
    from aimd_cli.views.artifact import ArtifactList
    from aimd_core.format.layout import expanded
    from aimd_core.reading.artifacts import find_artifacts

    if remote and path is not None and folder:
        raise UsageError(message="PATH and -P both name a folder", hint="Choose one of them")
    finder = finder_of(remote, host)
    server, rest = (None, "") if path is not None and Path(path).is_dir() and not remote else finder.split(path or "")
    if server is None and (folder or host):
        raise UsageError(message="-P and -H need --remote", hint="Add --remote")
    if server is None:
        directory = None if path is None else expanded(path)
        rows = [artifact.facts() for artifact in find_artifacts(working_directory(directory))]
    else:
        rows = _on_server(finder.current_server(server, "list artifacts"), folder or rest)
    output.show(ArtifactList(rows, detail, server is not None), as_json)
    damaged = [row for row in rows if row.damage]
    for row in damaged:
        for sentence in row.damage:
            output.say(said("WARNING: {location}: {sentence}", location=row.location, sentence=sentence))
    if damaged:
        raise ArtifactsDamagedError(failed=len(damaged), total=len(rows))


def _on_server(server: CurrentArtifactRemote, folder: str) -> list[ArtifactFacts]:
    from aimd_core.client import artifacts
    from aimd_core.format.model import folder_path_of
    from aimd_core.upload.current_artifacts import facts_of

    path = folder_path_of(folder) if folder.strip("/") else None
    return sorted(
        (facts_of(row, server.host) for row in artifacts.listed(server.server, path)), key=lambda row: row.name
    )
