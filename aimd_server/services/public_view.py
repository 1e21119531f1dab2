"""What the holder of a public link sees: the trial and its numbers, and nothing that names a person or a machine.

A link shows names, folders from the shared one down, tags, notes, parameters, metrics, states and times, which their
owner chose to share. It does not show who owns or changed something, where and how it ran (host, paths, command, pid,
environment), git apart from the commit, the message of an exception, or the recorded output. What it does not show it
cannot ask for either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from aimd_core.language import said
from aimd_core.query import Field
from aimd_server.services.request_errors import invalid
from aimd_server.stores.accounts import Account
from aimd_server.stores.folders import ROOT_PATH, FolderRow
from aimd_server.stores.trials import TrialRow

FILES = ("parameters.yaml", "segments", "metrics")
_ARTIFACT = ("description", "creatingTimestamp")
_ROOT = "root"  # the id of a folder that is not shown
_MEMBERS = ("kind", "status", "startTime", "endTime")
_ENDING = ("kind", "exception", "signal", "status", "at")
_HIDDEN_KINDS = ("git", "platform")
_HIDDEN_FIELDS = ("reason", "folder")


def trial(user: Account, row: TrialRow) -> TrialRow:
    """Return a trial as a caller sees it."""
    if user.link_id is None:
        return row
    ending = None if row.ending is None else json.dumps(_some(json.loads(row.ending), _ENDING))
    shown_path = path(user, row.folder_path)
    folder_uid = _ROOT if shown_path == ROOT_PATH else row.folder_uid
    return msgspec.structs.replace(
        row, owner="", editor="", ending=ending, folder_path=shown_path, folder_uid=folder_uid
    )


def folder(user: Account, row: FolderRow) -> FolderRow:
    """Return a folder as a caller sees it."""
    if user.link_id is None:
        return row
    shown_path = path(user, row.path)
    parent_uid = row.parent_uid if shown_path.count("/") > 1 else None
    return msgspec.structs.replace(row, owner="", editor="", path=shown_path, parent_uid=parent_uid)


def path(user: Account, whole: str) -> str:
    """Return the path of a folder as a caller sees it: through a link, only from what is shared down."""
    if user.link_id is None or not user.link_above:
        return whole
    return whole[len(user.link_above) :] if whole.startswith(f"{user.link_above}/") else ROOT_PATH


def whole_path(user: Account, shown: str) -> str:
    """Return the path of a folder in its owner's tree, from what `path` has returned."""
    return shown if user.link_id is None else user.link_above + shown


def name_of(user: Account, name: str) -> str:
    """Return the name of a person as a caller sees it."""
    return name if user.link_id is None else ""


def document(user: Account, text: str) -> str:
    """Return the JSON document of a trial as a caller sees it."""
    if user.link_id is None:
        return text
    whole = json.loads(text)
    shown = _some(whole, _MEMBERS)
    git = whole.get("_git") if isinstance(whole, dict) else None
    return json.dumps({**shown, "_git": _some(git, ("commit",))})


def artifact(user: Account, sent: dict[str, Any]) -> dict[str, Any]:
    """Return what a client has sent as the document of an artifact as a caller sees it."""
    return sent if user.link_id is None else _some(sent, _ARTIFACT)


def shows(user: Account, file: str) -> bool:
    """Tell whether a caller sees a file of a trial."""
    return user.link_id is None or file in FILES


def check_fields(user: Account, fields: Iterable[Field], parameter: str = "where") -> None:
    """Refuse a query for what a caller does not see; `parameter` is the one that names it.

    Raises:
        RefusalError: `invalid`.
    """
    if not all(may_ask(user, field) for field in fields):
        words = said("a public link does not show where and how trials ran, so it cannot ask for it")
        raise invalid(words, field=parameter)


def may_ask(user: Account, field: Field) -> bool:
    """Tell whether a caller sees a field's values."""
    is_hidden = field.kind in _HIDDEN_KINDS or (field.kind == "trial" and field.name in _HIDDEN_FIELDS)
    return user.link_id is None or not is_hidden


def _some(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return those members of a mapping that are plain values."""
    given = value if isinstance(value, dict) else {}
    return {name: given[name] for name in names if isinstance(given.get(name), (str, int, float))}
