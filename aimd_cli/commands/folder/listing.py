"""`aimd folder ls`, `tree` and `id`."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.folder.place import FolderArg, TopArg, folders
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import UsageError


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
        found = server.find(path)
    if as_json:
        output.show(FolderList([found], path), as_json)
    else:
        output.print_line(str(found["id"]))
