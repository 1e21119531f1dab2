"""The only import of the server package, which is an extra, and the location of its data."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from aimd_core.errors import MissingExtraError

DataDirOpt = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="Where the server keeps its data; by default the user's data directory."
    ),
]


def server(module: str) -> ModuleType:
    """Return a module of the server, or say how to install it."""
    try:
        return import_module(f"aimd_server.{module}")
    except ModuleNotFoundError as error:
        raise MissingExtraError(library=error.name, extra="server") from None


def data_dir(given: Path | None) -> Path:
    """Return the data directory: the given one, else AIMD_SERVER_DATA_DIR, else the user's own."""
    import os

    if given is not None:
        return given.absolute()
    if os.environ.get("AIMD_SERVER_DATA_DIR"):
        return Path(os.environ["AIMD_SERVER_DATA_DIR"]).absolute()
    from platformdirs import user_data_path

    return user_data_path("aimd") / "server"
