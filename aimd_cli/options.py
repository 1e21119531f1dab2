"""Options that several commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

PathsOpt = Annotated[
    list[Path] | None, typer.Option("-p", "--path", metavar="PATH", help="A trial directory; repeatable.")
]
TrialsArg = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TRIAL]...",
        help="Names or ids or their beginnings, paths, @latest, or SERVER:NAME; '-' reads names from stdin.",
    ),
]
NamesOpt = Annotated[
    list[str] | None,
    typer.Option(
        "-n",
        "--name",
        metavar="NAME",
        help="An alternative name, or a unique prefix of a name or id; repeatable.",
    ),
]
TrialArg = Annotated[
    str, typer.Argument(metavar="TRIAL", help="A name or id or its beginning, a path, @latest, or SERVER:NAME.")
]
DirectoryOpt = Annotated[
    Path | None,
    typer.Option(
        "-d", "--dir", metavar="DIR", help="Where to look up names, also SERVER:/FOLDER; on its own, all trials in it."
    ),
]
OneDirectoryOpt = Annotated[
    Path | None,
    typer.Option("-d", "--dir", metavar="DIR", help="Where to look up the name, also SERVER:/FOLDER."),
]
RemoteOpt = Annotated[bool, typer.Option("--remote", help="Look up names on the active server; DIR is a folder there.")]
AlwaysRemoteOpt = Annotated[
    bool,
    typer.Option("--remote", help="Changes nothing here: names are those of the active server.", show_default=False),
]
HostOpt = Annotated[
    str | None,
    typer.Option(
        "-H", "--host", metavar="URL", help="The server to use, or part of the address of one that `aimd login` knows."
    ),
]
FolderIdOpt = Annotated[
    str | None, typer.Option("-I", "--folder-id", metavar="ID", help="The id of the folder to upload to; wins over -P.")
]
FolderPathOpt = Annotated[
    str | None, typer.Option("-P", "--folder-path", metavar="PATH", help="The folder to upload to.")
]
MakeFolderOpt = Annotated[
    bool, typer.Option("-m", "--make-folder", help="Create the folder and its parents if missing.")
]
AllSegmentsOpt = Annotated[
    bool,
    typer.Option(
        "--all-segments", help="Include points that were superseded when a trial went on from an earlier step."
    ),
]
JsonOpt = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
NoteTextArg = Annotated[
    str | None, typer.Argument(metavar="[TEXT]", help="The note; '-' reads it from stdin, '' removes it.")
]
HELP = {"help_option_names": ["-h", "--help"]}


def working_directory(given: Path | None) -> Path:
    """Return the directory that a command works in: the one given, that of AIMD_DIR, or the working directory."""
    from aimd_core.format.layout import default_directory

    return given or default_directory()


def given_text(argument: str) -> str:
    """Return a text given as an argument; `-` means stdin."""
    return sys.stdin.read() if argument == "-" else argument
