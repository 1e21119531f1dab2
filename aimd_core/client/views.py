"""Saved views and the baselines of a server's folders. Source: docs/reference/http-api.md."""

from __future__ import annotations

from typing import Any

from aimd_core.client import answers
from aimd_core.client.v2 import Server
from aimd_core.errors import OldServerError, RemoteNotFoundError


class FolderViews:
    """The saved views of a folder of a server.

    Attributes:
        server: The connection.
        path: The folder's path in one's own tree, or its id.
    """

    def __init__(self, server: Server, path: str, folder_id: str = "") -> None:
        """Take the folder at a path, and its id if that is known."""
        self.server, self.path = server, path
        self._id = folder_id

    @property
    def folder_id(self) -> str:
        """The id of the folder.

        Raises:
            RemoteNotFoundError: There is none, or the key may not see it.
        """
        if not self._id:
            answer = self.server.call(answers.FOLDER, "GET", "/folders/by-path", query={"path": self.path})
            self._id = str(answer["id"])
        return self._id

    def all(self) -> list[dict[str, Any]]:
        """Return the views that names mean in the folder: of each name the personal before the shared, the nearest one.

        Raises:
            OldServerError: The server keeps no views.
            RemoteNotFoundError: There is no such folder.
        """
        base = f"/folders/{self.folder_id}/views"
        try:
            rows = self.server.call(answers.VIEWS, "GET", base, query={"above": "1"})["views"]
        except RemoteNotFoundError:
            raise OldServerError(host=self.server.host, what="keep saved views") from None
        meant: dict[str, dict[str, Any]] = {}
        for row in rows:
            meant.setdefault(row["name"], row)
        return list(meant.values())

    def own(self, name: str, is_shared: bool) -> dict[str, Any] | None:
        """Return the view of the folder itself that has a name, shared or not; None if there is none.

        Raises:
            RemoteNotFoundError: There is no such folder.
        """
        path = self._view(name)  # a folder that is not there is another answer than a view that is not
        try:
            return self.server.call(answers.VIEW, "GET", path, query=_of(is_shared))
        except RemoteNotFoundError:
            return None

    def put(self, name: str, is_shared: bool, document: dict[str, Any], etag: str | None) -> bool:
        """Save a view, and return whether anything changed.

        Args:
            name: Its name.
            is_shared: Whether everybody who sees the folder sees it.
            document: The view.
            etag: Of the view that it replaces; None if there must be none.

        Raises:
            ViewChangedError: There is another one than that.
            RefusedError: It is not a view.
        """
        headers = {"If-Match": etag} if etag else {}
        saved = self.server.call(
            answers.VIEW, "PUT", self._view(name), query=_of(is_shared), headers=headers, document={"view": document}
        )
        return bool(saved["etag"] != etag)

    def remove(self, name: str, is_shared: bool) -> None:
        """Delete a view.

        Raises:
            RemoteNotFoundError: There is none.
        """
        self.server.call(None, "DELETE", self._view(name), query=_of(is_shared))

    def baseline(self) -> dict[str, Any] | None:
        """Return the trial that others are measured against, None if there is none.

        Raises:
            RemoteNotFoundError: There is no such folder.
        """
        path = f"/folders/{self.folder_id}/baseline"
        try:
            answer = self.server.call(answers.BASELINE, "GET", path)
        except RemoteNotFoundError:
            return None
        baseline: dict[str, Any] | None = answer.get("baseline")
        return baseline

    def set_baseline(self, trial_id: str | None) -> None:
        """Choose the trial that others are measured against, or none."""
        path = f"/folders/{self.folder_id}/baseline"
        if trial_id is None:
            self.server.call(None, "DELETE", path)
        else:
            self.server.call(answers.BASELINE, "PUT", path, document={"trial": trial_id})

    def _view(self, name: str) -> str:
        from urllib.parse import quote

        return f"/folders/{self.folder_id}/views/{quote(name, safe='')}"


def _of(is_shared: bool) -> dict[str, str]:
    return {"shared": "1" if is_shared else "0"}
