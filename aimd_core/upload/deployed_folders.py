"""Which folder of a version 1 server something is uploaded to, as deployed clients choose it."""

from __future__ import annotations

import threading
from typing import Any

from aimd_core.client.v1 import DeployedServer, paths_of
from aimd_core.errors import RefusedError, RemoteFolderNotFoundError
from aimd_core.format.model import DEFAULT_FOLDER
from aimd_core.language import said
from aimd_core.upload.contents import MAKE_HINT

# Folders are made and names settled by one thread at a time, because the protocol has only reading and then writing.
settling = threading.Lock()


class DeployedFolders:
    """The folders of a version 1 server. The paths of those that were seen are remembered."""

    def __init__(self, server: DeployedServer) -> None:
        self._server = server
        self._paths: dict[str, str] = {}

    def path_of(self, folder_id: str) -> str:
        """Return the path of a folder, or its id if it has none."""
        if folder_id not in self._paths:
            self._paths |= {folder_id: folder_id, **paths_of(self._server.folders())}
        return self._paths[folder_id]

    def choose(self, wish: dict[str, Any], make: bool) -> tuple[str | None, str, bool]:
        """Return id and path of the folder to use, and whether it is the fallback; see Folders in the protocol.

        Args:
            wish: `id`, `path`, `make` and `must_exist`, as in the PUT of version 2.
            make: Whether missing folders are created; otherwise the id may be None.

        Raises:
            RemoteFolderNotFoundError: It must exist, and does not.
            RefusedError: A folder cannot be created.
        """
        if wish["id"] and self._server.folder(wish["id"]) is not None:
            return wish["id"], self.path_of(str(wish["id"])), False
        if wish["path"]:
            path = "/" + str(wish["path"]).strip("/")
            folder_id = self._at(path, make and wish["make"])
            if folder_id is not None or wish["make"]:
                return folder_id, path, False
        asked = wish["path"] or wish["id"]
        if wish["must_exist"] and asked:
            raise RemoteFolderNotFoundError(what=said("folder {place}", place=asked), hint=said(MAKE_HINT))
        return self._at(DEFAULT_FOLDER, make), DEFAULT_FOLDER, bool(wish["id"] or wish["path"])

    def _at(self, path: str, make: bool) -> str | None:
        folder_id = self._server.folder_at(path)
        if folder_id is not None or not make:
            return folder_id
        parent: str | None = None
        walked = ""
        for name in filter(None, path.split("/")):
            walked = f"{walked}/{name}"
            folder_id = self._server.folder_at(walked)
            if folder_id is None:
                self._server.make_folder(name, parent)
                folder_id = self._server.folder_at(walked)
            parent = folder_id
        if parent is None:
            raise RefusedError(host=self._server.host, reason=said("folder {path} cannot be created", path=path))
        return parent
