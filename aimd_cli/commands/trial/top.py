"""`aimd trial top`: a live screen of the trials of a directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import working_directory
from aimd_core.errors import MissingExtraError, UsageError, unlisted
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.commands.trial.live import LocalSources
    from aimd_cli.commands.trial.live_remote import RemoteSources
    from aimd_cli.screen.panes import Settings


def top(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="The directory that holds .aimd, a directory of trials, another tracker's store, SERVER:/FOLDER, or "
            "@VIEW. [default: .]",
        ),
    ] = None,
    where: Annotated[
        str, typer.Option("--where", metavar="QUERY", help="Start with this filter; `/` changes it.")
    ] = "",
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD", help="The field to sort by; a leading '-' puts the largest first.")
    ] = "",
    metric: Annotated[str, typer.Option("-m", "--metric", metavar="METRIC", help="The metric to chart.")] = "",
    interval_s: Annotated[
        float, typer.Option("--interval", min=0.2, metavar="SECONDS", help="Time between two updates.")
    ] = 2.0,
    remote: Annotated[bool, typer.Option("--remote", help="Watch the active server; PATH is a folder there.")] = False,
) -> None:
    """Watch trials on a live screen: filter, sort, compare their curves, read their output. Press ? for all keys.

    Needs a terminal and the extra `ui`: pip install 'aimd-cli[ui]'. Other commands print everything it shows: `aimd
    trial ls --watch`, `plot --watch`, `logs -f`, `describe`.

    Examples:

        aimd trial top

        aimd trial top @night

        aimd trial top ~/runs --where 'state = Running' --sort=-val.acc.max -m val.acc

        aimd trial top remote:/image_classification
    """
    path, view = _split(path)
    settings = _settings(where, sort, metric, interval_s)
    address = _address(path, remote)
    directory = working_directory(path)
    if address is None and not directory.exists():
        raise unlisted(directory)
    _check_terminal()
    try:
        from aimd_cli.screen.app import TopApp
        from aimd_cli.screen.keys import all_keys
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("textual"):
            raise
        raise MissingExtraError(library="textual", extra="ui") from None
    from aimd_cli.commands.trial.own_commands import read_settings

    sources = _sources(directory, address) if address or path is None else _named_sources(directory)
    if view:
        settings = settings._replace(view=sources.view(view))
    mouse, commands = read_settings(directory, all_keys())
    settings = settings._replace(mouse=mouse, commands=commands)
    for name in ("COLUMNS", "LINES"):  # Textual would trust them, and they may be outdated
        os.environ.pop(name, None)
    TopApp(sources, settings).run(mouse=mouse)


def _split(path: Path | None) -> tuple[Path | None, str]:
    """Return the place and the saved view that an argument such as `@night` or `team:/vision/@night` means."""
    before, at, name = str(path or "").rpartition("@")
    if not at or not name or (before and not before.endswith("/")):
        return path, ""
    return (Path(before) if before else None), name


def _address(path: Path | None, remote: bool) -> tuple[str, str] | None:
    """Return the server's short name and the folder that are meant, None for a directory."""
    from aimd_core.hosts import REMOTE

    text = "" if path is None else str(path)
    if remote:
        return REMOTE, text
    if ":" not in text or Path(text).is_dir():
        return None
    from aimd_core.sources.naming import ServerNames

    return ServerNames().split(text)


def _sources(directory: Path, address: tuple[str, str] | None) -> LocalSources | RemoteSources:
    if address is None:
        from aimd_cli.commands.trial.live import LocalSources

        return LocalSources(directory)
    from aimd_cli.commands.trial.live_remote import RemoteSources
    from aimd_cli.typer_inside import at_end
    from aimd_core.config import resolve_credentials
    from aimd_core.sources.naming import ServerNames

    sources = RemoteSources(resolve_credentials(ServerNames().host(address[0])), *address)
    at_end(sources.close)
    return sources


def _named_sources(path: Path) -> LocalSources:
    """Return the trials of a directory that was named, which may be another tracker's store."""
    from aimd_cli.commands.trial.choice import read_in_place
    from aimd_cli.commands.trial.live import LocalSources, StoreSources

    trials = read_in_place(path)
    if trials is None and not path.is_dir():
        raise unlisted(path)
    return LocalSources(path) if trials is None else StoreSources(path, trials)


def _check_terminal() -> None:
    """Refuse to run without a screen or a keyboard.

    Raises:
        UsageError: There is none.
    """
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    if is_terminal and os.environ.get("TERM", "") not in ("", "dumb"):
        return
    why = said(
        "a terminal that can move its cursor (TERM is dumb)" if is_terminal else "a terminal for input and output"
    )
    raise UsageError(
        message=said("aimd trial top needs {why}", why=why), hint="Without one, run: aimd trial ls --watch"
    )


def _settings(where: str, sort: str, metric: str, interval_s: float) -> Settings:
    """Check the options before the screen is opened."""
    from aimd_cli.screen.board import read_sort
    from aimd_cli.screen.panes import Settings
    from aimd_core.query import read_word

    read_word(where)
    if sort.strip():
        read_sort(sort)
    return Settings(
        where, sort.strip(), metric, interval_s, output.glyphs_fit(), output.braille_fits(), output.wants_color()
    )
