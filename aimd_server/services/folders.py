"""Folders: find, create with their parents, and show."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from aimd_core.format.model import DEFAULT_FOLDER
from aimd_core.language import said
from aimd_server.services import names
from aimd_server.services.clock import now_us
from aimd_server.services.request_errors import RefusalError, no_folder
from aimd_server.services.visibility import load_folder, load_path, root_of
from aimd_server.stores import folders
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection
from aimd_server.stores.folders import FolderRow


class FolderWish(msgspec.Struct):
    """Where a trial should go."""

    id: str | None = None
    path: str | None = None
    make: bool = False
    must_exist: bool = False


class ChosenFolder(msgspec.Struct, frozen=True):
    """Where a trial goes, and whether that is the fallback for another request."""

    folder: FolderRow
    fallback: bool


def choose_folder(connection: Connection, user: Account, wish: FolderWish) -> ChosenFolder:
    """Choose the folder: the id if it exists, else the path, else `/default`, created if missing.

    Raises:
        RefusalError: `invalid`, for an impossible path; `folder_not_found` instead of `/default`, if it must exist.
    """
    parts = names.path_parts(wish.path) if wish.path else None
    for candidate in (_by_id, _by_path):
        row = candidate(connection, user, wish, parts)
        if row is not None:
            return ChosenFolder(row, fallback=False)
    if wish.must_exist and (wish.id or wish.path):
        raise no_folder(wish.path or str(wish.id))
    default = make_path(connection, user, names.path_parts(DEFAULT_FOLDER))
    return ChosenFolder(default, fallback=bool(wish.id or wish.path))


def _by_id(connection: Connection, user: Account, wish: FolderWish, _parts: list[str] | None) -> FolderRow | None:
    try:
        return load_folder(connection, user, wish.id) if wish.id else None
    except RefusalError as error:
        if error.code == "forbidden":
            raise
        return None


def _by_path(connection: Connection, user: Account, wish: FolderWish, parts: list[str] | None) -> FolderRow | None:
    if parts is None:
        return None
    if wish.make:
        return make_path(connection, user, parts)
    try:
        return load_path(connection, user, names.joined(parts))
    except RefusalError:
        return None


def make_path(connection: Connection, user: Account, parts: list[str]) -> FolderRow:
    """Return the folder at a path, created with its parents if missing."""
    current = root_of(connection, user)
    for part in parts:
        existing = folders.by_path(connection, user.id, current.child_path(part))
        current = existing or add_in(connection, user, current, part)
    return current


def add_in(connection: Connection, user: Account, parent: FolderRow, name: str, **more: Any) -> FolderRow:
    """Create a folder in another. The caller has checked the name and that it is free."""
    return folders.add(
        connection,
        uid=str(uuid.uuid4()),
        owner_id=parent.owner_id,
        editor_id=user.id,
        now_us=now_us(),
        parent=parent,
        name=name,
        **more,
    )


def make_in(
    connection: Connection, user: Account, parent_uid: str, name: str, type: str, config: str | None
) -> FolderRow:
    """Create a folder in another.

    Raises:
        RefusalError: `folder_not_found` for the parent, `folder_taken`, `invalid`.
    """
    parent = load_folder(connection, user, parent_uid)
    names.checked(name, "metadata.name")
    if name in (".", "..") or parent.path.count("/") >= names.MAX_DEPTH:
        raise RefusalError("invalid", said("a folder {name} cannot be made there", name=name))
    if folders.by_path(connection, parent.owner_id, parent.child_path(name)) is not None:
        raise names.conflict_error(name)
    return add_in(connection, user, parent, name, type=type, config=config)


def list_all(connection: Connection, user: Account) -> list[FolderRow]:
    """Return all folders of a user, parents first."""
    return folders.of_owner(connection, user.id)


def find_path(connection: Connection, user: Account, path: str) -> FolderRow:
    """Return the folder at a path that a user wrote.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """
    return load_path(connection, user, names.joined(names.path_parts(path)))
