"""`aimd server …`: the one door to the server package, which is an extra."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HELP
from aimd_core.errors import AimdError

DEFAULT_PORT = 2463  # A-I-M-D on a telephone keypad

app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="Run your own AIMD server, and its accounts.")
user_app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="The people who may use the server.")
key_app = typer.Typer(no_args_is_help=True, context_settings=HELP, help="Their API keys.")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")

DataDirOpt = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="Where the server keeps its data; by default the user's data directory."
    ),
]


def _server(module: str) -> ModuleType:
    """Return a module of the server, or say how to install it."""
    try:
        return import_module(f"aimd_server.{module}")
    except ModuleNotFoundError as error:
        raise AimdError(
            message=f"the server is not installed ({error.name} is missing)",
            hint="Install it: pip install 'aimd-cli[server]'",
        ) from None


def _data_dir(given: Path | None) -> Path:
    if given is not None:
        return given.absolute()
    from platformdirs import user_data_path

    return user_data_path("aimd") / "server"


@app.command()
def start(
    data_dir: DataDirOpt = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Run the server in this process until it is stopped (Ctrl-C or SIGTERM).

    It prints its address on stdout when it is ready. Nothing is open by default: make a user and a key first.

    Examples:

        aimd server start

        aimd server start --data-dir /srv/aimd --host 0.0.0.0 --port 2463
    """
    _server("launch").start(_data_dir(data_dir), host, port)


@user_app.command("add")
def user_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new user's name.")], data_dir: DataDirOpt = None
) -> None:
    """Add a user. Works whether the server runs or not.

    Examples:

        aimd server user add lin
    """
    _server("accounts").add_user(_data_dir(data_dir), name)
    output.say(f"Added user {name}.")
    output.hint(f"Next: aimd server key create --user {name}")


@key_app.command("create")
def key_create(
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Whose key it is.")], data_dir: DataDirOpt = None
) -> None:
    """Create an API key and print it alone on stdout. It is shown this once; the server keeps only its hash.

    Examples:

        aimd server key create --user lin
    """
    output.print_line(_server("accounts").create_key(_data_dir(data_dir), user))
    output.hint("Next: aimd login -H URL -k KEY")
