"""Shortcuts: a folder shown in a second place, such as somebody else's shared folder in the user's own tree.

A shortcut grants nothing: a user who may not see its target does not see the shortcut.
"""

from __future__ import annotations

import uuid
from collections import Counter

import msgspec

from aimd_core.language import said
from aimd_server.services import auditing, names, public_view
from aimd_server.services.clock import iso, now_us
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.visibility import Role, load_folder, role_of
from aimd_server.stores import folders, shortcuts
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.shortcuts import ShortcutRow

SHORTCUT = "shortcut"
MAX_IN_FOLDER = 100
MAX_SHOWN = 500


class ShortcutWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a shortcut: the id of its target."""

    target: str


def make(database: Database, user: Account, uid: str, wish: ShortcutWish) -> tuple[dict[str, object], bool]:
    """Create a shortcut in a folder and return it, and whether it is new.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid`.
    """

    def operation(connection: Connection) -> tuple[dict[str, object], bool]:
        parent = load_folder(connection, user, uid, Role.EDITOR)
        target = load_folder(connection, user, wish.target, Role.VIEWER)
        existing = shortcuts.of_pair(connection, parent.id, target.id)
        if existing is None:
            if parent.id == target.id:
                raise invalid(said("a shortcut leads to another folder than its own"), field="target")
            if shortcuts.count(connection, parent.id) >= MAX_IN_FOLDER:
                limit = MAX_IN_FOLDER
                words = said("a folder has {limit} shortcuts at most", limit=limit)
                raise invalid(words, field="target", limit=limit)
            made = str(uuid.uuid4())
            shortcuts.add(connection, made, parent.id, target.id, user.name, now_us())
            auditing.note(connection, user.name, "shortcut.make", made, folder=parent.path, target=target.uid)
        row = shortcuts.by_uid(connection, existing or made)
        assert row is not None
        return _shown(connection, user, row, target), existing is None

    return database.write(operation)


def remove(database: Database, user: Account, uid: str) -> None:
    """Delete a shortcut; its target stays.

    Raises:
        RefusalError: `not_found`, `forbidden`.
    """

    def operation(connection: Connection) -> None:
        row = shortcuts.by_uid(connection, uid) if names.is_uuid(uid) else None
        parent = folders.by_id(connection, row.folder_id) if row is not None else None
        if row is None or parent is None or role_of(connection, user, parent) is Role.NONE:
            raise RefusalError("not_found", said("no shortcut {name}", name=uid))
        load_folder(connection, user, parent.uid, Role.EDITOR)
        shortcuts.remove(connection, [row.id])
        auditing.note(connection, user.name, "shortcut.delete", uid, folder=parent.path)

    database.write(operation)


def below(connection: Connection, user: Account, top: FolderRow, depth: int | None) -> list[dict[str, object]]:
    """Return the shortcuts in a folder and below, as lists of folders show them."""
    level = 0 if top.is_root else top.path.count("/")
    shown = []
    for row, target in visible(connection, user, top):
        own_level = row.folder_path.count("/") + 1 if row.folder_path != folders.ROOT_PATH else 1
        if depth is None or own_level <= level + depth:
            shown.append(_shown(connection, user, row, target))
    return shown


def visible(connection: Connection, user: Account, top: FolderRow) -> list[tuple[ShortcutRow, FolderRow]]:
    """Return the shortcuts in a folder and below whose targets the caller may see."""
    return _with_targets(connection, user, shortcuts.in_tree(connection, top.owner_id, top.path, MAX_SHOWN))


def counts(connection: Connection, user: Account, folder_ids: list[int]) -> Counter[int]:
    """Return how many shortcuts the caller may see directly in each of some folders."""
    rows = shortcuts.in_folders(connection, folder_ids, MAX_SHOWN)
    return Counter(row.folder_id for row, _ in _with_targets(connection, user, rows))


def _with_targets(
    connection: Connection, user: Account, rows: list[ShortcutRow]
) -> list[tuple[ShortcutRow, FolderRow]]:
    """Return shortcuts with their targets, without those whose target the caller may not see."""
    pairs = []
    for row in rows:
        target = folders.by_id(connection, row.target_id)
        if target is not None and role_of(connection, user, target) is not Role.NONE:
            pairs.append((row, target))
    return pairs


def _shown(connection: Connection, user: Account, row: ShortcutRow, target: FolderRow) -> dict[str, object]:
    role, target = role_of(connection, user, target), public_view.folder(user, target)
    name = target.name if not target.is_root else target.owner
    return {
        "id": row.uid,
        "name": name,
        "path": f"{public_view.path(user, row.folder_path).rstrip('/')}/{name}",
        "parent": row.folder_uid,
        "owner": target.owner,
        "role": role.name.lower(),
        "type": SHORTCUT,
        "target": target.uid,
        "trials": folders.trial_counts(connection, [target.id]).get(target.id, 0),
        "folders": folders.folder_counts(connection, [target.id])[target.id],
        "updated": iso(row.created_us),
        "shared": False,
    }
