"""The trash: deleted objects wait there to be listed, restored, or deleted for good by age."""

from __future__ import annotations

import msgspec

from aimd_core.language import said
from aimd_server.services import auditing, indexing, names, quotas
from aimd_server.services.clock import iso, now_us
from aimd_server.services.folder_tree import checked_name, container, shown
from aimd_server.services.quotas import FolderAt
from aimd_server.services.request_errors import (
    folder_taken,
    foreign_cursor,
    invalid,
    name_taken,
    no_folder,
    no_trial,
)
from aimd_server.services.trial_changes import require_taking
from aimd_server.services.trials import overviews, to_trash
from aimd_server.services.visibility import Role, is_owner, load_folder, load_trial, require, root_of
from aimd_server.stores import folders, trash, trials
from aimd_server.stores import quotas as stored_quotas
from aimd_server.stores.accounts import Account
from aimd_server.stores.cursors import cursor_of, position_in
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import ROOT_PATH, FolderRow
from aimd_server.stores.trash import TrashRow

PAGE, MAX_PAGE = 50, 500
_DAY_US = 86_400_000_000
_ROWS_AT_ONCE = 100  # rows per transaction of a sweep, so that nobody waits for it


class Restoring(msgspec.Struct, forbid_unknown_fields=True):
    """The body that restores an object, optionally under another name or into another folder of the caller's tree."""

    name: str | None = None
    parent: str | None = None


def delete_trial(database: Database, user: Account, uid: str) -> None:
    """Move a trial to the trash.

    Raises:
        RefusalError: `not_found`, `forbidden`.
    """
    database.write(lambda connection: put_trial(connection, user, uid))


def put_trial(connection: Connection, user: Account, uid: str) -> None:
    """Move a trial to the trash, within a transaction. Errors as `delete_trial`."""
    row = load_trial(connection, user, uid)
    require_taking(connection, user, row)
    to_trash(connection, user, row)


def delete_folder(database: Database, user: Account, uid: str) -> None:
    """Move a folder with its folders and trials to the trash.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid` for the root.
    """

    def operation(connection: Connection) -> None:
        row = load_folder(connection, user, uid)
        if row.is_root:
            raise invalid(said("the root folder cannot be deleted"), field="id")
        require(connection, user, container(connection, row), Role.EDITOR)
        trash.put_folder(connection, row, user.id, now_us())
        auditing.note(connection, user.name, "folder.delete", row.uid, path=row.path)

    database.write(operation)


def listed(database: Database, user: Account, limit: int, cursor: str | None, days: int) -> dict[str, object]:
    """Return a page of the caller's trash, last deleted first.

    Args:
        database: Open.
        user: Whose trash.
        limit: The most items to return.
        cursor: From the previous page.
        days: How long items stay there.

    Raises:
        RefusalError: `invalid`.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=MAX_PAGE), field="limit", limit=MAX_PAGE)
    before = _position(cursor) if cursor else None

    def operation(connection: Connection) -> dict[str, object]:
        rows = trash.page(connection, user.id, before, limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        items = [_item(connection, row, days) for row in rows]
        return {"items": items, "days": days, "next": _cursor(rows[-1]) if more else None}

    return database.read(operation)


def _item(connection: Connection, row: TrashRow, days: int) -> dict[str, object]:
    parent = folders.by_id(connection, row.folder_id)
    return {
        "kind": row.kind,
        "id": row.uid,
        "name": row.name,
        "alternative_name": row.alternative_name,
        "folder": parent.path if parent else None,
        "by": row.by,
        "deleted": iso(row.trashed_us),
        "until": iso(row.trashed_us + days * _DAY_US),
    }


def _cursor(row: TrashRow) -> str:
    return cursor_of(f"{row.trashed_us} {row.uid}")


def _position(cursor: str) -> tuple[int, str]:
    try:
        trashed, uid = position_in(cursor).split(" ")
        trashed_us = int(trashed)
    except ValueError:
        raise foreign_cursor() from None
    if not names.is_uuid(uid) or not 0 <= trashed_us < 1 << 63:
        raise foreign_cursor()
    return trashed_us, uid


def restore_trial(database: Database, user: Account, uid: str, wish: Restoring) -> dict[str, object]:
    """Restore a trial to where it was, or to the root if that folder is gone. Return it as lists show it.

    Raises:
        RefusalError: `not_found`, `folder_not_found`, `name_taken`, `invalid`, `quota_exceeded`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        take_trial(connection, user, uid, wish)
        return overviews(connection, user, [load_trial(connection, user, uid)])[0]

    return database.write(operation)


def take_trial(connection: Connection, user: Account, uid: str, wish: Restoring) -> None:
    """Take a trial out of the trash, within a transaction. Errors as `restore_trial`."""
    row = trash.trial_by_uid(connection, uid) if names.is_uuid(uid) else None
    if row is None or not is_owner(user, row.owner_id):
        raise no_trial(uid)
    parent = _parent(connection, user, row, wish)
    name = row.name if wish.name is None else names.checked(wish.name, "name")
    if trials.by_name(connection, parent.id, name) is not None:
        raise name_taken(name, parent.path)
    _require_room(connection, user, parent, stored_quotas.size_of_trial(connection, row.id))
    trash.restore_trial(connection, row, parent, name)
    indexing.index_labels(connection, [row.id])
    auditing.note(connection, user.name, "trial.restore", uid, folder=parent.path, name=name)


def restore_folder(database: Database, user: Account, uid: str, wish: Restoring) -> dict[str, object]:
    """Restore a folder with everything that was deleted with it, as `restore_trial` does.

    Raises:
        RefusalError: `folder_not_found`, `name_taken`, `invalid`, `quota_exceeded`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        row = trash.folder_by_uid(connection, uid) if names.is_uuid(uid) else None
        if row is None or not is_owner(user, row.owner_id):
            raise no_folder(uid)
        parent = _parent(connection, user, row, wish)
        name = row.name if wish.name is None else checked_name(wish.name)
        if folders.by_path(connection, parent.owner_id, parent.child_path(name)) is not None:
            raise folder_taken(name, parent.path)
        _check_depth(connection, row, parent)
        _require_room(connection, user, parent, trash.size_of(connection, row))
        trash.restore_folder(connection, row, parent, name)
        auditing.note(connection, user.name, "folder.restore", uid, path=parent.child_path(name))
        return shown(connection, user, [load_folder(connection, user, uid)])[0]

    return database.write(operation)


def _require_room(connection: Connection, user: Account, parent: FolderRow, size: int) -> None:
    quotas.require_room_to_move(connection, user, FolderAt(parent.owner_id, ROOT_PATH), parent, size)


def _check_depth(connection: Connection, row: TrashRow, parent: FolderRow) -> None:
    levels = trash.levels_of(connection, row)
    if parent.child_path("x").count("/") + levels > names.MAX_DEPTH:
        limit = names.MAX_DEPTH
        raise invalid(said("a folder path has {limit} parts at most", limit=limit), field="parent", limit=limit)


def _parent(connection: Connection, user: Account, row: TrashRow, wish: Restoring) -> FolderRow:
    """Return the folder to restore into: the requested one, the former one, or the root."""
    if wish.parent is not None:
        parent = load_folder(connection, user, wish.parent)
        if parent.owner_id != row.owner_id:
            words = said("things are restored into their owner's tree; move them afterwards")
            raise invalid(words, field="parent")
        return parent
    former = folders.by_id(connection, row.folder_id)
    if former is not None and former.owner_id == row.owner_id:
        return former
    return root_of(connection, user)


def sweep(database: Database, days: int) -> int:
    """Delete for good what has been in the trash for this many days, a little at a time; return the number of rows."""
    before_us, total = now_us() - days * _DAY_US, 0
    while gone := database.write(lambda connection: trash.purge(connection, before_us, _ROWS_AT_ONCE)):
        total += gone
    return total
