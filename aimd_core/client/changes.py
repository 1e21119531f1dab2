"""What changes trials on a server, and its trash. Source: docs/reference/http-api.md."""

from __future__ import annotations

from typing import Any

from aimd_core.client import answers
from aimd_core.client.v2 import Server

TRASH_PAGE = 500


def change_trial(server: Server, trial_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Change name, folder, tags or note of a trial, completely or not at all, and return it as in a list.

    Args:
        server: The server.
        trial_id: Its id.
        changes: The body, as in docs/reference/http-api.md.

    Raises:
        NameTakenError: The folder has another trial of that name.
        RemoteNotFoundError: The trial or the folder does not exist.
        AccessError: The key may not do it.
    """
    return server.call(answers.TRIAL, "PATCH", f"/trials/{trial_id}", document=changes)


def delete_trial(server: Server, trial_id: str) -> None:
    """Move a trial to the trash."""
    server.call(None, "DELETE", f"/trials/{trial_id}")


def restore_trial(server: Server, trial_id: str) -> dict[str, Any]:
    """Move a trial back from the trash, and return it as in a list."""
    return server.call(answers.TRIAL, "POST", f"/trials/{trial_id}/restore", document={})


def trash_of(server: Server, kind: str) -> list[dict[str, Any]]:
    """Return what of a kind, `trial` or `folder`, is in the key owner's trash, last deleted first."""
    pages = server.pages(answers.TRASH, "/trash", {"limit": str(TRASH_PAGE)})
    return [item for page in pages for item in page["items"] if item["kind"] == kind]
