"""Saved views of folders and their baselines: what a terminal and the console show by name.

A view is one person's, for which it is enough to see the folder, or it is shared with everybody who sees the folder,
for which one must be an editor. Nobody replaces what they have not seen: a view that exists is only replaced by a
caller who names its ETag. The holder of a public link sees no views.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from aimd_core.errors import QueryError, UsageError
from aimd_core.format.saved_views import check_name, fault_in
from aimd_core.language import said
from aimd_core.query import parse_columns, parse_sort, read_word
from aimd_server.services import auditing, public_view
from aimd_server.services.clock import iso, now_us
from aimd_server.services.documents import check_depth
from aimd_server.services.request_errors import RefusalError, forbidden, invalid, too_large
from aimd_server.services.visibility import Role, lineage, load_folder, load_trial, role_of
from aimd_server.stores import folders, saved_views, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.saved_views import BaselineRow, ViewRow

MAX_IN_FOLDER = 100  # of one account, and of everybody
MAX_CHARS = 64 << 10  # of a view as JSON
MAX_CHARS_IN_FOLDER = 256 << 10  # of those that one account, or everybody, has in a folder: a list has all of them
_PARSERS: dict[str, Callable[[str], object]] = {"query": read_word, "sort": parse_sort, "columns": parse_columns}


Saved = tuple[dict[str, object], bool]  # a view, and whether it is new


class ViewWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body that saves a view."""

    view: dict[str, Any]


class BaselineWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body that chooses a baseline: the id of a trial."""

    trial: str


class ViewKey(NamedTuple):
    """Which view is meant: that of a caller, or the shared one, of a folder and under a name."""

    folder: str
    name: str
    is_shared: bool


def etag_of(document: str) -> str:
    """Return the ETag of a view, which is the same whenever its content is."""
    return f'"{hashlib.sha256(document.encode()).hexdigest()[:32]}"'


def listed(database: Database, user: Account, uid: str, with_above: bool) -> dict[str, object]:
    """Return the views of a folder that a caller sees, by name, and perhaps those of the folders above, nearest first.

    Raises:
        RefusalError: `folder_not_found`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        visible = _folders(connection, user, uid, with_above)
        if user.link_id is not None:
            return {"views": []}
        rows = saved_views.in_folders(connection, list(visible), user.id)
        nearness = {folder_id: position for position, folder_id in enumerate(visible)}
        ordered = sorted(rows, key=lambda row: (row.name, nearness[row.folder_id]))
        return {"views": [_shown(row, visible[row.folder_id]) for row in ordered]}

    return database.read(operation)


def get(database: Database, user: Account, key: ViewKey) -> dict[str, object]:
    """Return one view.

    Raises:
        RefusalError: `folder_not_found`, `not_found`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        folder = load_folder(connection, user, key.folder, Role.VIEWER)
        return _shown(_existing(connection, user, folder, key), folder)

    return database.read(operation)


def put(database: Database, user: Account, key: ViewKey, wish: ViewWish, match: str | None) -> Saved:
    """Save a view and return it, and whether it is new; what is saved as it is already changes nothing.

    Args:
        database: The database.
        user: The caller.
        key: Which view.
        wish: What to save.
        match: The ETag of what it replaces, `*` for anything; None if there must be none of that name.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid`, `too_large`, `view_changed`.
    """
    document = _checked(key.name, wish.view)

    def operation(connection: Connection) -> Saved:
        folder = _held_folder(connection, user, key)
        account_id = None if key.is_shared else user.id
        before = saved_views.by_name(connection, folder.id, account_id, key.name)
        if before is not None and before.document == document:
            return _shown(before, folder), False
        _require_match(before, match)
        if before is None and saved_views.count(connection, folder.id, account_id) >= MAX_IN_FOLDER:
            words = said("a folder has {limit} views at most", limit=MAX_IN_FOLDER)
            raise invalid(words, field="name", limit=MAX_IN_FOLDER)
        grown = len(document) - len("" if before is None else before.document)
        if grown > 0 and saved_views.chars(connection, folder.id, account_id) + grown > MAX_CHARS_IN_FOLDER:
            raise too_large("the views of a folder", MAX_CHARS_IN_FOLDER)
        row_id = 0 if before is None else before.id
        row = ViewRow(row_id, folder.id, account_id, key.name, document, user.name, now_us())
        saved_views.put(connection, row)
        _note(connection, user, "view.save", folder, key)
        return _shown(row, folder), before is None

    return database.write(operation)


def remove(database: Database, user: Account, key: ViewKey, match: str | None) -> None:
    """Delete a view.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `not_found`, `view_changed`.
    """

    def operation(connection: Connection) -> None:
        folder = _held_folder(connection, user, key)
        row = _existing(connection, user, folder, key)
        _require_match(row, match or "*")
        saved_views.remove(connection, row.id)
        _note(connection, user, "view.delete", folder, key)

    database.write(operation)


def get_baseline(database: Database, user: Account, uid: str) -> dict[str, object]:
    """Return the baseline of a folder: its own, else the nearest one above that the caller sees.

    Raises:
        RefusalError: `folder_not_found`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        visible = _folders(connection, user, uid, with_above=True)
        chosen = saved_views.baselines(connection, list(visible))
        for folder_id, folder in visible.items():
            shown = _baseline(connection, user, chosen.get(folder_id), folder)
            if shown is not None:
                return {"baseline": shown}
        return {"baseline": None}

    return database.read(operation)


def set_baseline(database: Database, user: Account, uid: str, wish: BaselineWish | None) -> dict[str, object]:
    """Choose the baseline of a folder, or with None clear it, and return it.

    Raises:
        RefusalError: `folder_not_found`, `not_found`, `forbidden`, `invalid`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        folder = load_folder(connection, user, uid, Role.EDITOR)
        folders.hold(connection, folder)
        trial = None if wish is None else load_trial(connection, user, wish.trial, Role.VIEWER)
        saved_views.set_baseline(connection, folder.id, None if trial is None else trial.id, user.name, now_us())
        auditing.note(
            connection,
            user.name,
            "baseline.set",
            folder.uid,
            path=folder.path,
            trial=None if wish is None else wish.trial,
        )
        own = saved_views.baselines(connection, [folder.id]).get(folder.id)
        return {"baseline": _baseline(connection, user, own, folder)}

    return database.write(operation)


def _folders(connection: Connection, user: Account, uid: str, with_above: bool) -> dict[int, FolderRow]:
    """Return a folder, and perhaps those above it that the caller sees, nearest first, by row id."""
    folder = load_folder(connection, user, uid, Role.VIEWER)
    paths = lineage(folder.path)[:-1] if with_above and not folder.is_root else []
    above = [folders.by_path(connection, folder.owner_id, path) for path in reversed(paths)]
    visible = [row for row in above if row is not None and role_of(connection, user, row) is not Role.NONE]
    return {row.id: row for row in (folder, *visible)}


def _held_folder(connection: Connection, user: Account, key: ViewKey) -> FolderRow:
    """Return the folder of a view that the caller may change, locked."""
    if user.link_id is not None:
        raise forbidden("a public link saves no views")
    folder = load_folder(connection, user, key.folder, Role.EDITOR if key.is_shared else Role.VIEWER)
    folders.hold(connection, folder)
    return folder


def _existing(connection: Connection, user: Account, folder: FolderRow, key: ViewKey) -> ViewRow:
    account_id = None if key.is_shared else user.id
    row = None if user.link_id else saved_views.by_name(connection, folder.id, account_id, key.name)
    if row is None:
        raise RefusalError("not_found", said("no view {name}", name=key.name))
    return row


def _require_match(row: ViewRow | None, match: str | None) -> None:
    """Refuse a change of a view that the caller has not seen as it is now."""
    if row is None and match is not None:
        raise RefusalError("view_changed", said("the view was deleted meanwhile"))
    if row is not None and match not in ("*", etag_of(row.document)):
        changed = said("the view was changed meanwhile, by {name}", name=row.editor)
        words = said("there is a view of that name, by {name}", name=row.editor) if match is None else changed
        raise RefusalError("view_changed", words, etag=etag_of(row.document))


def _checked(name: str, view: dict[str, Any]) -> str:
    """Return a view as the text to store: equal views have equal texts."""
    try:
        check_name(name)
    except UsageError as error:
        raise invalid(error.sentence, field="name") from None
    fault = fault_in(view)
    if fault is not None:
        raise invalid(
            said("{field}: {fault}", field=fault.field, fault=said(fault.reason)), field=f"view.{fault.field}"
        )
    for field, read in _PARSERS.items():
        _parse(field, read, str(view.get(field) or ""))
    check_depth(view)
    document = json.dumps(view, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(document) > MAX_CHARS:
        raise too_large("a view", MAX_CHARS)
    return document


def _parse(field: str, read: Callable[[str], object], text: str) -> None:
    if not text.strip():
        return
    try:
        read(text)
    except QueryError as error:
        _, start, _ = error.fault
        raise invalid(error.problem, field=f"view.{field}", position=start) from None


def _note(connection: Connection, user: Account, action: str, folder: FolderRow, key: ViewKey) -> None:
    if key.is_shared:  # what somebody keeps for themselves concerns nobody else
        auditing.note(connection, user.name, action, folder.uid, path=folder.path, name=key.name)


def _shown(row: ViewRow, folder: FolderRow) -> dict[str, object]:
    return {
        "name": row.name,
        "shared": row.account_id is None,
        "folder": {"id": folder.uid, "path": folder.path},
        "editor": row.editor,
        "updated": iso(row.updated_us),
        "etag": etag_of(row.document),
        "view": msgspec.Raw(row.document.encode()),
    }


def _baseline(
    connection: Connection, user: Account, row: BaselineRow | None, folder: FolderRow
) -> dict[str, object] | None:
    trial = None if row is None else trials.by_uid(connection, row.trial_uid)
    if row is None or trial is None or role_of(connection, user, trial) is Role.NONE:
        return None
    return {
        "trial": trial.uid,
        "name": trial.name,
        "alternative_name": trial.alternative_name,
        "folder": {"id": folder.uid, "path": public_view.path(user, folder.path)},
        "editor": public_view.name_of(user, row.editor),
        "updated": iso(row.updated_us),
    }
