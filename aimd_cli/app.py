"""The command tree. Each command is a module in `commands`, imported with its dependencies when it runs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.tree import SETTINGS, CommandGroup, Commands, LazyGroup
from aimd_cli.typer_inside import TyperGroup, application
from aimd_core.language import said
from aimd_core.version import __version__

app = typer.Typer(cls=LazyGroup, add_completion=False, **SETTINGS)  # completion answers before Typer is loaded


def _print_version(given: bool) -> None:
    if given:
        typer.echo(f"aimd {__version__}")
        raise typer.Exit


def _install_completion(given: bool) -> None:
    if given:
        install_completion(None)
        raise typer.Exit


def _show_completion(given: bool) -> None:
    if given:
        show_completion(None)
        raise typer.Exit


def install_completion(shell: str | None) -> None:
    """Install completion for a shell, by default the one in use."""
    from aimd_cli.completion.install import install, shell_named

    name = shell_named(shell)
    for path in install(name):
        output.say(said("Wrote {path}", path=path))
    output.say(said("Completion for {name} works in every shell you start from now on.", name=name))


def show_completion(shell: str | None) -> None:
    """Print the script for a shell, by default the one in use."""
    from aimd_cli.completion.install import shell_named
    from aimd_cli.completion.scripts import SCRIPTS

    output.print_line(SCRIPTS[shell_named(shell)].rstrip("\n"))


@app.callback()
def aimd(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print more on stderr.")] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            callback=_install_completion,
            is_eager=True,
            help=("Install completion for this shell, or for the one named after it: bash, zsh, fish, powershell."),
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            callback=_show_completion,
            is_eager=True,
            help="Print the completion script instead of installing it.",
        ),
    ] = False,
    no_pager: Annotated[
        bool,
        typer.Option("--no-pager", help="Print everything at once, without a pager (AIMD_PAGER, PAGER)."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Record, list, compare and upload training trials: plain files, a terminal, your own server.

    Examples:

        aimd trial ls

        aimd trial top

        aimd trial compare cnn_keras_a cnn_keras_b

        aimd trial upload -d .

        aimd server start
    """
    if debug:
        os.environ["AIMD_DEBUG"] = "1"
    output.verbose = verbose
    output.pages = not no_pager


COMMANDS = CommandGroup(
    "aimd_cli.commands",
    "",
    {
        "trial": "trial:GROUP",
        "artifact": "artifact:GROUP",
        "console": "console:console",
        "du": "storage:du",
        "gc": "storage:gc",
        "login": "login:login",
        "logout": "login:logout",
        "relay": "relay:relay",
        "folder": "folder:GROUP",
        "server": "server:GROUP",
        "config": "config:GROUP",
        "help": "help:help_",
    },
    {
        "Record and look": ("trial", "artifact", "console", "du", "gc"),
        "Share through a server": ("login", "logout", "relay", "folder"),
        "Run a server": ("server",),
        "Settings and help": ("config", "help"),
    },
)


def root() -> TyperGroup:
    """Return the whole application, whose commands are built on demand."""
    return application(app, Commands(COMMANDS), COMMANDS.sections)
