"""The command tree. Each command is a module in `commands`; what it needs is imported when it runs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.commands import folder, login, server, trial
from aimd_cli.options import HELP
from aimd_core.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    context_settings=HELP,
    rich_markup_mode=None,  # plain help: Rich would double the time it takes
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aimd {__version__}")
        raise typer.Exit


@app.callback()
def aimd(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Record, list, compare and upload training trials: plain files, a terminal, your own server."""
    if debug:
        os.environ["AIMD_DEBUG"] = "1"
    output.verbose = verbose


app.command()(login.login)
app.command()(login.logout)
app.add_typer(trial.app, name="trial")
app.add_typer(folder.app, name="folder")
app.add_typer(server.app, name="server")
