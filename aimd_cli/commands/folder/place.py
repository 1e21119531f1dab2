"""What the folder commands share: the argument that names a folder, and the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aimd_core.client.folders import Folders

FolderArg = Annotated[str, typer.Argument(metavar="PATH", help="A folder's path, or its id.")]
TopArg = Annotated[str, typer.Argument(metavar="[PATH]", help="A folder's path, or its id.")]


def folders(host: str | None = None) -> Folders:
    """Return the folders of a server that the user is signed in to; by default the active one."""
    from aimd_core.client.folders import open_folders
    from aimd_core.config import resolve_credentials

    return open_folders(resolve_credentials(host))
