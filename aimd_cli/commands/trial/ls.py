"""`aimd trial ls`: the trials of a directory, or of the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import UsageError

if TYPE_CHECKING:
    from aimd_cli.views.trial_list import TrialList


def ls(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="The directory that holds .aimd, or trials. [default: .]")
    ] = None,
    detail: Annotated[
        bool, typer.Option("-d", "--detail", help="Show every parameter, not only those that differ.")
    ] = False,
    remote: Annotated[bool, typer.Option("--remote", help="List the server's trials.")] = False,
    folder: Annotated[
        str | None,
        typer.Option("-P", "--folder-path", metavar="FOLDER", help="With --remote: only this folder and below."),
    ] = None,
    limit: Annotated[int | None, typer.Option("-L", "--limit", min=1, help="Show at most so many.")] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print alternative names only (ids with --remote).")
    ] = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """List trials, newest first, with what tells them apart.

    Examples:

        aimd trial ls

        aimd trial ls ~/runs --json

        aimd trial ls --remote -P image_classification/mnist
    """
    from aimd_cli.views.trial_list import TrialList

    if remote and path is not None:
        raise UsageError(message="--remote takes no PATH", hint="Name a folder of the server with -P FOLDER")
    if folder and not remote:
        raise UsageError(message="-P goes with --remote", hint="Run: aimd trial ls --remote -P FOLDER")
    if host and not remote:
        raise UsageError(message="-H goes with --remote", hint="Run: aimd trial ls --remote -H HOST")
    if remote:
        view = _remote(folder, limit, host)
    else:
        from aimd_cli.commands.trial.reading import row_of_local
        from aimd_cli.completion.listing import remember_local
        from aimd_core.selection import trials_in

        place = path or Path()
        trials = trials_in(place)
        rows = [row_of_local(trial) for trial in trials[:limit]]
        remember_local(place, rows, whole=len(rows) == len(trials))
        view = TrialList(rows, str(place.absolute()), output.glyphs_fit(), detail)
    if quiet:
        for row in view.rows:
            output.print_line(row.id if remote else row.alternative_name)
        return
    output.show(view, as_json)


def _remote(folder: str | None, limit: int | None, host: str | None) -> TrialList:
    from aimd_cli.commands.trial.reading import row_of_remote
    from aimd_cli.completion.listing import remember_remote
    from aimd_cli.views.trial_list import TrialList
    from aimd_core.client.v2 import Server
    from aimd_core.config import resolve_credentials

    credentials = resolve_credentials(host)
    with Server(credentials) as server:
        rows = [row_of_remote(document) for document in server.trials(folder, limit)]
    remember_remote(credentials.host, rows)
    place = f"{folder} on {credentials.host}" if folder else credentials.host
    return TrialList(rows, place, output.glyphs_fit())
