"""The folders of a server, in either protocol. A folder is a mapping as in docs/reference/http-api.md.

A version 1 server lists, finds and creates folders; it has no trial counts, and cannot rename, delete or share.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from aimd_core.client import answers
from aimd_core.client.changes import trash_of
from aimd_core.client.connection import NO_RETRY, Connection
from aimd_core.client.protocols import protocol_for
from aimd_core.client.signing_in import V2, check_v1
from aimd_core.client.v1 import ROOT, folders_in, paths_of
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import NotAServerError, OldServerError, RefusedError, RemoteNotFoundError, UsageError
from aimd_core.format.values import MIN_ID_CHARS, is_uuid
from aimd_core.language import said

Folder = dict[str, Any]
PAGE = 500
_NOTES = "keep notes of folders"


def parts_of(path: str) -> list[str]:
    """Return the names in a path."""
    return [part for part in path.split("/") if part]


class Folders:
    """The folders of a version 2 server. Use it as a context manager."""

    def __init__(self, credentials: Credentials) -> None:
        self.host = credentials.host
        self._server = Server(credentials)

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.__exit__(kind, error, at)

    def find(self, folder: str) -> Folder:
        """Return the folder with a path or an id.

        Raises:
            RemoteNotFoundError: It does not exist, or the key may not see it.
        """
        if is_uuid(folder):
            return self._server.call(answers.FOLDER, "GET", f"/folders/{folder}")
        return self._server.call(answers.FOLDER, "GET", "/folders/by-path", query={"path": folder})

    def below(self, folder: str, depth: int | None = None) -> list[Folder]:
        """Return the folders below a path or an id, sorted by path, down to a depth."""
        query = {"under" if is_uuid(folder) else "path": folder, "limit": str(PAGE)}
        if depth is not None:
            query["depth"] = str(depth)
        pages = self._server.pages(answers.FOLDERS, "/folders", query)
        return [row for page in pages for row in page["folders"] if row.get("type") != "shortcut"]

    def make(self, path: str, parents: bool) -> Folder:
        """Create a folder, with its parents if requested, and return it.

        Raises:
            NameTakenError: It exists, and `parents` is False.
        """
        return self._server.call(answers.FOLDER, "POST", "/folders", document={"path": path, "parents": parents})

    def move(self, folder: str, path: str) -> Folder:
        """Move a folder to another path and return it."""
        return self._server.call(
            answers.FOLDER, "PATCH", f"/folders/{self.find(folder)['id']}", document={"path": path}
        )

    def delete(self, folder_id: str) -> None:
        """Move a folder to the trash, with everything in it."""
        self._server.call(None, "DELETE", f"/folders/{folder_id}")

    def restore(self, folder: str) -> Folder:
        """Restore a folder from the trash: by its id or the beginning of it, by the path that it had, or by its name.

        Raises:
            RemoteNotFoundError: None in the trash is called so.
            UsageError: Several are.
        """
        folder_id = folder if is_uuid(folder) else self._trashed_id(folder)
        return self._server.call(answers.FOLDER, "POST", f"/folders/{folder_id}/restore", document={})

    def _trashed_id(self, folder: str) -> str:
        items = trash_of(self._server, "folder")
        parts = parts_of(folder)
        paths = {item["id"]: [*parts_of(item.get("folder") or ""), item["name"]] for item in items}
        ids = [folder_id for folder_id, path in paths.items() if path == parts]
        ids = ids or [folder_id for folder_id, path in paths.items() if path[-1:] == parts]
        ids = ids or [folder_id for folder_id in paths if len(folder) >= MIN_ID_CHARS and folder_id.startswith(folder)]
        if not ids:
            raise RemoteNotFoundError(
                what=said("folder {place} in the trash", place=folder), hint="Run: aimd folder ls --trash"
            )
        if len(ids) > 1:
            raise UsageError(
                message=said("several folders in the trash are called {place!r}", place=folder),
                hint=said("Restore one by its id: {ids}", ids=", ".join(ids)),
            )
        return str(ids[0])

    def trash(self) -> list[dict[str, Any]]:
        """Return the folders in the trash, last deleted first."""
        return trash_of(self._server, "folder")

    def trials(self, folder_id: str) -> list[dict[str, Any]]:
        """Return the trials in a folder and below."""
        pages = self._server.pages(answers.TRIALS, "/trials", {"folder_id": folder_id, "limit": str(PAGE)})
        return [trial for page in pages for trial in page["trials"]]

    def shared(self) -> list[dict[str, Any]]:
        """Return what others share with the user."""
        return list(self._server.call(answers.SHARED, "GET", "/shared")["items"])

    def shares(self, folder: str) -> list[dict[str, Any]]:
        """Return the shares of the folder itself."""
        return list(self._server.call(answers.SHARES, "GET", f"/folders/{self.find(folder)['id']}/shares")["shares"])

    def share(self, folder: str, document: dict[str, Any]) -> dict[str, Any]:
        """Share a folder and return the share."""
        shape = answers.LINK if document.get("link") else answers.SHARE
        return self._server.call(shape, "POST", f"/folders/{self.find(folder)['id']}/shares", document=document)

    def unshare(self, folder: str, number: int) -> None:
        """Remove a share."""
        self._server.call(None, "DELETE", f"/folders/{self.find(folder)['id']}/shares/{number}")

    def note(self, folder: str) -> dict[str, Any]:
        """Return the note of a folder, with its ETag.

        Raises:
            OldServerError: The server keeps no notes of folders.
        """
        path = f"/folders/{self.find(folder)['id']}/note"
        try:
            return self._server.call(answers.NOTE, "GET", path)
        except RemoteNotFoundError:
            raise OldServerError(host=self.host, what=_NOTES) from None

    def set_note(self, folder: str, note: str) -> dict[str, Any]:
        """Replace the note of a folder and return it; one that is changed in the same moment is not overwritten.

        Raises:
            RefusedError: It was changed meanwhile, or is too long.
        """
        before = self.note(folder)
        path, match = f"/folders/{self.find(folder)['id']}/note", {"If-Match": before["etag"]}
        return self._server.call(answers.NOTE, "PUT", path, document={"note": note}, headers=match)

    def report(self, folder: str, language: str) -> bytes:
        """Return the report of a folder as an HTML file.

        Raises:
            OldServerError: The server makes no reports.
        """
        path = f"/folders/{self.find(folder)['id']}/report"
        try:
            return self._server.send("GET", path, query={"lang": language}).body
        except RemoteNotFoundError:
            raise OldServerError(host=self.host, what=_NOTES) from None


class OldFolders(Folders):
    """The folders of a version 1 server."""

    def __init__(self, credentials: Credentials) -> None:
        self.host = credentials.host
        self._key = {"apikey": credentials.api_key}
        self._connection = Connection(credentials.host, retry=NO_RETRY)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.__exit__(kind, error, at)

    def _all(self) -> dict[str, Folder]:
        """Return all folders by path, derived from names and parent ids."""
        answer = self._connection.request("GET", "/apis/v1/folders", query=self._key)
        check_v1(answer, self.host)
        rows = folders_in(answer, self.host)
        paths = paths_of(rows)
        by_id = {row["metadata"]["id"]: row for row in rows if answers.fits(row, answers.OLD_FOLDER)}
        folders = {path: _folder(by_id[folder_id], path) for folder_id, path in paths.items()}
        root = {"id": ROOT, "name": "", "path": "/", "parent": None, "owner": "", "role": "", "updated": None}
        return {"/": {**root, "trials": None}, **folders}

    def find(self, folder: str) -> Folder:
        """Return the folder with a path or an id."""
        matching = self._all()
        if is_uuid(folder):
            folders = next((row for row in matching.values() if row["id"] == folder), None)
        else:
            folders = matching.get("/" + "/".join(parts_of(folder)))
        if folders is None:
            raise RemoteNotFoundError(what=said("folder {place}", place=folder), hint="Run: aimd folder tree")
        return folders

    def below(self, folder: str, depth: int | None = None) -> list[Folder]:
        """Return the folders below a path or an id, sorted by path, down to a depth."""
        top = str(self.find(folder)["path"]).rstrip("/")
        rows = [row for path, row in sorted(self._all().items()) if path.startswith(f"{top}/") and path != "/"]
        return [row for row in rows if depth is None or row["path"].count("/") - top.count("/") <= depth]

    def make(self, path: str, parents: bool) -> Folder:
        """Create a folder, with its parents if requested, and return it."""
        parts, folders = parts_of(path), self._all()
        if "/" + "/".join(parts) in folders and not parents:
            raise RefusedError(host=self.host, reason=said("folder {path} already exists", path=path))
        for number in range(len(parts)):
            here, above = "/" + "/".join(parts[: number + 1]), "/" + "/".join(parts[:number])
            if here in folders:
                continue
            if number + 1 < len(parts) and not parents:
                raise RemoteNotFoundError(what=said("folder {here}", here=here))
            if above not in folders:
                raise NotAServerError(host=self.host, reason="a folder that it made is not in its list")
            self._make_one(folders[above]["id"], parts[number])
            folders = self._all()
        return self.find(path)

    def _make_one(self, parent_id: str, name: str) -> None:
        parent = {} if parent_id == ROOT else {"folder": parent_id}
        body = {"kind": "Folder", "metadata": {"name": name, **parent}, "type": "normal"}
        check_v1(self._connection.request("POST", "/apis/v1/folders", query=self._key, document=body), self.host)

    def _refuse(self, what: str) -> OldServerError:
        return OldServerError(host=self.host, what=what)

    def note(self, folder: str) -> dict[str, Any]:
        """Refuse: version 1 cannot do it."""
        raise self._refuse(_NOTES)

    def report(self, folder: str, language: str) -> bytes:
        """Refuse: version 1 cannot do it."""
        raise self._refuse(_NOTES)

    def move(self, folder: str, path: str) -> Folder:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("rename or move folders")

    def delete(self, folder_id: str) -> None:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("delete folders")

    def restore(self, folder: str) -> Folder:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("restore folders")

    def trash(self) -> list[dict[str, Any]]:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("list the trash")

    def trials(self, folder_id: str) -> list[dict[str, Any]]:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("list and read trials")

    def shared(self) -> list[dict[str, Any]]:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("list what is shared")

    def shares(self, folder: str) -> list[dict[str, Any]]:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("list shares")

    def share(self, folder: str, document: dict[str, Any]) -> dict[str, Any]:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("share folders")

    def unshare(self, folder: str, number: int) -> None:
        """Refuse: version 1 cannot do it."""
        raise self._refuse("share folders")


def _folder(row: Folder, path: str) -> Folder:
    inner = row["metadata"]
    own = {"id": inner["id"], "name": inner["name"], "path": path, "parent": inner.get("folder")}
    return {**own, "owner": "", "role": "", "trials": None, "updated": inner.get("timestamp")}


def open_folders(credentials: Credentials) -> Folders:
    """Return the folders of a server, in its newest protocol.

    Raises:
        UnreachableError: There was no answer.
        NotAServerError: It speaks neither protocol.
    """
    return Folders(credentials) if protocol_for(credentials.host, NO_RETRY) == V2 else OldFolders(credentials)
