"""`aimd folder ls`, `tree`, `id`, `mk`, `mv`, `rm` and `restore`: look at folders, and change them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import RemoteNotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.client.folders import Folders


FolderArg = Annotated[str, typer.Argument(metavar="PATH", help="A folder's path, or its id.")]
TopArg = Annotated[str, typer.Argument(metavar="[PATH]", help="A folder's path, or its id.")]


def folders(host: str | None = None) -> Folders:
    """Return the folders of a server that the user is signed in to; by default the active one."""
    from aimd_core.client.folders import open_folders
    from aimd_core.config import resolve_credentials

    return open_folders(resolve_credentials(host))


def ls(
    path: TopArg = "/",
    shared: Annotated[bool, typer.Option("--shared", help="List what others share with you.")] = False,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """List the folders in a folder.

    Examples:

        aimd folder ls

        aimd folder ls image_classification --json

        aimd folder ls --shared
    """
    from aimd_cli.views.folder import FolderList, SharedList

    if shared and path != "/":
        raise UsageError(message="--shared takes no PATH", hint="Name one of the shared folders by its id instead")
    with folders(host) as server:
        view = SharedList(server.shared()) if shared else FolderList(server.below(path, depth=1), path)
    output.show(view, as_json)


def tree(
    path: TopArg = "/",
    depth: Annotated[
        int | None, typer.Option("-L", "--depth", metavar="LEVELS", min=1, help="How many levels to show.")
    ] = None,
    as_json: JsonOpt = False,
    host: HostOpt = None,
) -> None:
    """Show the folders below a folder as a tree.

    Examples:

        aimd folder tree

        aimd folder tree image_classification -L 2
    """
    from aimd_cli.views.folder import FolderTree

    with folders(host) as server:
        view = FolderTree(server.find(path), server.below(path, depth))
    output.show(view, as_json)


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
    host: HostOpt = None,
) -> None:
    """Rename or move a folder with everything in it. The new parent folder must exist.

    Examples:

        aimd folder mv mnist image_classification/mnist
    """
    with folders(host) as server:
        moved = server.move(path, new_path)
    output.say(said("Moved {path} to {new_path}.", path=path, new_path=moved["path"]))


def rm(
    path: FolderArg,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")] = False,
    host: HostOpt = None,
) -> None:
    """Move a folder to the trash, with its folders and trials. Asks first; needs --yes without a terminal.

    Examples:

        aimd folder rm image_classification/old

        aimd folder rm image_classification/old --yes
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError(message="cannot ask for confirmation without a terminal", hint="Confirm with --yes")
    with folders(host) as server:
        folder = server.find(path)
        if folder["path"] == "/":
            raise UsageError(message="the root folder cannot be deleted", hint="Name a folder in it")
        if not yes:
            below = server.below(str(folder["id"]))
            count = len(below)
            within = said(", {below} folder{s} in it", below=count, s="" if count == 1 else "s") if below else ""
            trials = sum(int(row.get("trials") or 0) for row in (folder, *below))
            told = {"path": folder["path"], "within": within, "trials": trials, "s": "" if trials == 1 else "s"}
            _ask(
                said(
                    "Move {path}{within} and {trials} trial{s} to the trash? `aimd folder restore` brings it back.",
                    **told,
                )
            )
        server.delete(str(folder["id"]))
    output.say(said("Deleted {path}. Bring it back: aimd folder restore {id}", path=folder["path"], id=folder["id"]))


def _ask(question: str) -> None:
    """Continue only if the user at the terminal says yes."""
    output.say(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError(message="nothing was deleted")


def restore(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="The path that it had, its name, or its id or the beginning of it.")
    ],
    host: HostOpt = None,
) -> None:
    """Restore a folder from the trash, with everything that was in it.

    Examples:

        aimd folder restore image_classification/old
    """
    with folders(host) as server:
        restored = server.restore(folder)
    output.say(said("Restored {path}.", path=restored["path"]))
