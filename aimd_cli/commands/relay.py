"""`aimd relay`: keep all trials below a directory uploaded, from a machine that has a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import PartlyDoneError, unlisted
from aimd_core.language import said


def relay(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The directory that holds the working directories, at any depth.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Upload what is there now, then exit.")] = False,
    interval_s: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Time between two scans.")
    ] = 30.0,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="COUNT", min=1, max=32, help="How many trials to transfer at once.")
    ] = 4,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Keep every trial below a directory uploaded: for login nodes of clusters without network on the compute nodes.

    It only lists, stats and reads; it takes no locks and follows no links, so it works on network file systems.

    Examples:

        aimd relay /scratch/$USER

        aimd relay /scratch/$USER --once
    """
    from aimd_cli.commands.following import follow
    from aimd_cli.commands.trial.upload import raise_refusals, row_of, show_report
    from aimd_cli.errors import advice_of
    from aimd_core.config import resolve_credentials
    from aimd_core.format.model import console_address
    from aimd_core.upload import Destination, connect, upload_all
    from aimd_core.upload.following import trials_below

    if not directory.is_dir():
        raise unlisted(directory)
    credentials = resolve_credentials(host)
    destination = Destination()
    if not once:
        output.say(
            said(
                "Relaying {directory} to {host}. Press Ctrl-C to stop.",
                directory=directory.absolute(),
                host=credentials.host,
            )
        )
        follow(lambda: connect(credentials), lambda: trials_below(directory), destination, jobs, interval_s, True)
        return
    results = list(upload_all(lambda: connect(credentials), trials_below(directory), destination, jobs))
    rows = [row_of(result, destination)._replace(address="") for result in results]
    failures = [(result.trial, result.error) for result in results if result.error is not None]
    show_report(rows, failures, console_address(credentials.host), as_json)
    if failures:
        hint = advice_of([error for _, error in failures])
        raise PartlyDoneError(failed=len(failures), total=len(results), what="uploads", hint=hint)
    raise_refusals(rows)
