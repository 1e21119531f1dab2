"""Where an upload goes, and what its result is."""

from __future__ import annotations

from typing import Any, NamedTuple

from aimd_core.errors import AimdError
from aimd_core.reading.store import Trial


class Destination:
    """Where a trial goes. None leaves that value to the trial's own files.

    Attributes:
        folder_id: Wins over `folder_path`.
        folder_path: Such as `image_classification/mnist`.
        make_folder: Create a missing folder with its parents.
        conflict_strategy: `skip`, `error`, `new` or `replace`, if the name is taken.
    """

    __slots__ = ("conflict_strategy", "folder_id", "folder_path", "make_folder")

    def __init__(
        self,
        folder_id: str | None = None,
        folder_path: str | None = None,
        make_folder: bool | None = None,
        conflict_strategy: str | None = None,
    ) -> None:
        self.folder_id = folder_id
        self.folder_path = folder_path
        self.make_folder = make_folder
        self.conflict_strategy = conflict_strategy

    def merged(self, settings: dict[str, object]) -> Destination:
        """Return this destination, completed from a trial's `_upload` settings."""
        folder_id, folder_path = self.folder_id, self.folder_path
        if folder_id is None and folder_path is None:
            folder_id, folder_path = _text(settings, "folder_id"), _text(settings, "folder_path")
        make_folder = bool(settings.get("make_folder")) if self.make_folder is None else self.make_folder
        strategy = self.conflict_strategy or _text(settings, "conflict_strategy") or "new"
        return Destination(folder_id, folder_path, make_folder, strategy)


def _text(settings: dict[str, object], key: str) -> str | None:
    value = settings.get(key)
    return str(value) if value else None


class Uploaded:
    """The result of uploading a trial.

    Attributes:
        outcome: `created`, `updated`, `unchanged` or `skipped`.
        trial_id: Its id on the server; if skipped, the id of the trial in the way.
        name: Its name on the server.
        folder: The path of its folder.
        folder_fallback: The requested folder does not exist, so the default one was used.
        sent_bytes: Journal bytes that were new to the server.
        remaining_bytes: What would be sent, in a dry run.
        damage: A sentence about local damage, or empty.
    """

    __slots__ = ("damage", "folder", "folder_fallback", "name", "outcome", "remaining_bytes", "sent_bytes", "trial_id")

    def __init__(self, answer: dict[str, Any]) -> None:
        folder = answer.get("folder") or {}
        self.outcome = str(answer.get("outcome"))
        self.trial_id = str(answer.get("id"))
        self.name = str(answer.get("name"))
        self.folder = str(folder.get("path"))
        self.folder_fallback = bool(folder.get("fallback"))
        self.sent_bytes = 0
        self.remaining_bytes = 0
        self.damage = ""


class Result(NamedTuple):
    """The result for one of several trials: either an outcome or an error."""

    trial: Trial
    uploaded: Uploaded | None
    error: AimdError | None


class Difference(NamedTuple):
    """A file that differs between here and the server. Sizes in bytes, None if it is absent."""

    file: str
    local_bytes: int | None
    remote_bytes: int | None
    reason: str
