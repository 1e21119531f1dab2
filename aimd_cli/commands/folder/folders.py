"""`aimd folder ls`, `tree`, `id`, `mk`, `mv`, `rm` and `restore`: look at folders, and change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import RemoteNotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.client.folders import Folders
    from aimd_core.reading.facts import Facts


FolderArg = Annotated[
    str, typer.Argument(metavar="PATH", help="A folder's path, such as vision or team:/vision, or its id.")
]
TopArg = Annotated[
    str, typer.Argument(metavar="[PATH]", help="A folder's path, such as vision or team:/vision, or its id.")
]


def folders(host: str | None = None) -> Folders:
    """Return the folders of a server that the user is signed in to; by default the active one."""
    from aimd_core.client.folders import open_folders
    from aimd_core.config import resolve_credentials

    return open_folders(resolve_credentials(host))


def place_of(path: str, host: str | None) -> tuple[str, str | None]:
    """Return the path or id of a folder on its server, and that server; None is the active one.

    Args:
        path: What was typed: a path, an id, or either behind the short name of a server, such as `team:/vision`.
        host: The server that an option names.

    Raises:
        UsageError: Both name a server.
        NotFoundError: No server has the short name.
    """
    if ":" not in path:
        return path, host
    from aimd_core.sources.naming import ServerNames

    names = ServerNames()
    split = names.split(path)
    if split is None:
        return path, host
    if host is not None:
        raise UsageError(message=said("{path} and --host both name a server", path=path), hint="Leave one out")
    name, rest = split
    return rest or "/", names.host(name)


def tell(outcome: str, sentence: str, facts: dict[str, Any], as_json: bool) -> None:
    """Say what became of a folder, or print it as JSON."""
    if not as_json:
        output.say(sentence)
        return
    from aimd_cli.views.folder import FolderOutcome

    output.show(FolderOutcome(outcome, facts), as_json)


def ls(
    path: TopArg = "/",
    shared: Annotated[bool, typer.Option("--shared", help="List what others share with you.")] = False,
    trash: Annotated[bool, typer.Option("--trash", help="List the folders in the trash.")] = False,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """List the folders in a folder, with how many trials are in each and below.

    Examples:

        aimd folder ls

        aimd folder ls image_classification --json

        aimd folder ls --shared

        aimd folder ls --trash
    """
    from aimd_cli.views.folder import FolderList, FolderTrash, SharedList

    if trash and (shared or path != "/"):
        raise UsageError(message="--trash takes neither PATH nor --shared", hint="It lists all folders in the trash")
    if shared and path != "/":
        raise UsageError(message="--shared takes no PATH", hint="Name one of the shared folders by its id instead")
    path, host = place_of(path, host)
    with folders(host) as server:
        view: output.View
        if trash:
            view = FolderTrash(server.trash())
        elif shared:
            view = SharedList(server.shared())
        else:
            view = FolderList(server.below(path, depth=1), path, server.find(path))
    output.show(view, as_json)


def tree(
    path: TopArg = "/",
    depth: Annotated[
        int | None, typer.Option("-L", "--depth", metavar="LEVELS", min=1, help="How many levels to show.")
    ] = None,
    trials: Annotated[bool, typer.Option("--trials", help="Show the trials in them, too.")] = False,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Show the folders below a folder as a tree, with how many trials are in each and below.

    Examples:

        aimd folder tree

        aimd folder tree image_classification -L 2 --trials
    """
    from aimd_cli.views.folder import FolderTree

    path, host = place_of(path, host)
    with folders(host) as server:
        top, below = server.find(path), server.below(path, depth)
        view = FolderTree(top, below, trials_of(server, top, depth) if trials else None)
    output.show(view, as_json)


def trials_of(server: Folders, top: dict[str, Any], depth: int | None) -> list[Facts]:
    """Return the trials in a folder and below, down to a depth, sorted by folder and name."""
    from aimd_core.client.lists import facts_of

    rows = [facts_of(document) for document in server.trials(str(top["id"]))]
    level = str(top["path"]).rstrip("/").count("/")
    shown = [row for row in rows if depth is None or row.folder.rstrip("/").count("/") - level <= depth]
    return sorted(shown, key=lambda row: (row.folder, row.name))


def id_of(
    path: FolderArg,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Print only the id of a folder.

    Examples:

        aimd folder id image_classification/mnist
    """
    from aimd_cli.views.folder import FolderList

    path, host = place_of(path, host)
    with folders(host) as server:
        folder = server.find(path)
    if as_json:
        output.show(FolderList([folder], path), as_json)
    else:
        output.print_line(str(folder["id"]))


def mk(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The path of the new folder.")],
    parents: Annotated[
        bool, typer.Option("-p", "--parents", help="Create missing parents too; no error if the folder exists.")
    ] = False,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Create a folder and print its id.

    Examples:

        aimd folder mk image_classification

        aimd folder mk -p image_classification/mnist
    """
    from aimd_cli.views.folder import FolderList

    path, host = place_of(path, host)
    if not path.strip("/"):
        raise UsageError(message="the root folder always exists", hint="Name the folder to create")
    with folders(host) as server:
        try:
            made = server.make(path, parents)
        except RemoteNotFoundError as error:
            what = error.facts["what"]
            raise RemoteNotFoundError(
                what=what, hint="To create missing parents too: aimd folder mk -p PATH"
            ) from error
    if as_json:
        output.show(FolderList([made], path), as_json)
    else:
        output.print_line(str(made["id"]))


def mv(
    path: FolderArg,
    new_path: Annotated[str, typer.Argument(metavar="NEW_PATH", help="Its new path.")],
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Rename or move a folder with everything in it. The new parent folder must exist.

    Examples:

        aimd folder mv mnist image_classification/mnist
    """
    path, host = place_of(path, host)
    new_path, new_host = place_of(new_path, None) if ":" in new_path else (new_path, host)
    if new_host != host:
        raise UsageError(message="a folder only moves on its own server", hint="Name the new path without a server")
    with folders(host) as server:
        moved = server.move(path, new_path)
    told = said("Moved {path} to {new_path}.", path=path, new_path=moved["path"])
    tell("moved", told, {"folder": moved, "from": path}, as_json)


def rm(
    path: FolderArg,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")] = False,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Move a folder to the trash, with its folders and trials. Asks first; needs --yes without a terminal.

    Examples:

        aimd folder rm image_classification/old

        aimd folder rm image_classification/old --yes
    """
    path, host = place_of(path, host)
    with folders(host) as server:
        folder = server.find(path)
        if folder["path"] == "/":
            raise UsageError(message="the root folder cannot be deleted", hint="Name a folder in it")
        if not yes:
            output.confirm(_question(folder, server.below(str(folder["id"])), server.host))
        server.delete(str(folder["id"]))
    told = {"path": folder["path"], "host": server.host, "id": folder["id"]}
    sentence = said("Moved {path} to the trash of {host}. Bring it back: aimd folder restore {id}", **told)
    tell("deleted", sentence, {"folder": folder, "host": server.host}, as_json)


def _question(folder: dict[str, Any], below: list[dict[str, Any]], host: str) -> str:
    """Return the question that says how much goes to the trash, and how it comes back."""
    count = len(below)
    within = said(", {below} folder{s} in it", below=count, s="" if count == 1 else "s") if below else ""
    trials = sum(int(row.get("trials") or 0) for row in (folder, *below))
    return said(
        "Move {path}{within} and {trials} trial{s} to the trash of {host}? `aimd folder restore` undoes it.",
        path=folder["path"],
        within=within,
        trials=trials,
        s="" if trials == 1 else "s",
        host=host,
    )


def restore(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="The path that it had, its name, or its id or the beginning of it.")
    ],
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Restore a folder from the trash, with everything that was in it.

    Examples:

        aimd folder restore image_classification/old
    """
    folder, host = place_of(folder, host)
    with folders(host) as server:
        restored = server.restore(folder)
    tell("restored", said("Restored {path}.", path=restored["path"]), {"folder": restored}, as_json)
