"""The only import of the server package, which is an extra, and the options that say where a server's data is.

A server's commands all take these options, from flags, the environment or a file, so that each of them finds the data
that `aimd server start` serves.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from aimd_core.errors import MissingExtraError, UserNotFoundError
from aimd_core.language import said

DataDirOpt = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="Where the server keeps its data; by default the user's data directory."
    ),
]
DatabaseOpt = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="postgresql://USER@HOST/NAME, without a password."),
]
BlobsOpt = Annotated[
    str | None,
    typer.Option("--blobs", metavar="URL", help="s3://BUCKET/PREFIX?endpoint=URL for large objects."),
]
ConfigOpt = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings in YAML; options and environment win. [default: DIR/server.yaml]"
    ),
]
_OPTIONS = {"directory": DataDirOpt, "database": DatabaseOpt, "blobs": BlobsOpt, "config": ConfigOpt}


def server(module: str) -> ModuleType:
    """Return a module of the server, or say how to install it."""
    try:
        return import_module(f"aimd_server.{module}")
    except ModuleNotFoundError as error:
        raise MissingExtraError(library=error.name, extra="server") from None


class DataOptions(NamedTuple):
    """Where a server's data is, as a command was told: the directory, and the settings that were given as options."""

    directory: Path
    flags: dict[str, object]
    config: Path | None

    def settings(self, **more: object) -> Any:
        """Return the settings, with further ones given as options; all that nobody set have their defaults."""
        return server("settings").of_data(self.directory, {**self.flags, **more}, self.config)

    def command(self, *words: str) -> str:
        """Return a command of `aimd server` on the same data, for a shell: `aimd server user add NAME --data-dir …`."""
        made: str = server("settings").command(" ".join(map(shlex.quote, words)), self.directory, self.settings())
        return made


def on_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the data is, and pass them to it as `data`, a DataOptions."""
    hints = get_type_hints(command, include_extras=True)
    own = [each for each in inspect.signature(command).parameters.values() if each.name != "data"]

    def run(
        directory: Path | None = None,
        database: str | None = None,
        blobs: str | None = None,
        config: Path | None = None,
        **values: Any,
    ) -> None:
        where = server("settings").data_directory(directory)
        data = DataOptions(where, {"database": database, "blobs": blobs}, config)
        try:
            command(data=data, **values)
        except UserNotFoundError as error:
            user = str(error.facts["user"])
            hint = said("Run: {command}", command=data.command("user", "add", user))
            raise UserNotFoundError(user=user, hint=hint) from error

    taken = [each.replace(annotation=hints[each.name], kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    taken += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    run.__name__, run.__qualname__, run.__module__ = command.__name__, command.__qualname__, command.__module__
    run.__doc__ = command.__doc__
    run.__annotations__ = {each.name: each.annotation for each in taken} | {"return": None}
    run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]  # which Typer reads
    return run
