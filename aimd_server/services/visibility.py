"""Decides who may do what, and nothing else does: every object is loaded here.

An object that a caller may not see is reported exactly like one that does not exist. A caller who may see it but not do
more is told so. A call that changes things (`Account.writing`, set by the route) needs an editor of every object.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from aimd_core.language import said
from aimd_server.services.names import is_uuid
from aimd_server.services.request_errors import forbidden, no_artifact, no_folder, no_trial
from aimd_server.stores import artifacts, folders, shares, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.artifacts import ArtifactRow
from aimd_server.stores.database import Connection
from aimd_server.stores.folders import ROOT_PATH, FolderRow
from aimd_server.stores.trials import TrialRow

ROOT = "root"  # version 1's name of a user's root folder


class Role(IntEnum):
    """What a user may do with a folder and everything below, or with a trial. Each role includes those before it."""

    NONE = 0
    VIEWER = 1
    EDITOR = 2
    OWNER = 3


ROLES = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "owner": Role.OWNER}


def role_of(connection: Connection, user: Account, item: FolderRow | TrialRow) -> Role:
    """Return a caller's role for a folder or trial: the highest that it or a folder above it gives."""
    if is_owner(user, item.owner_id):
        return Role.OWNER
    path, trial_id = (item.path, None) if isinstance(item, FolderRow) else (item.folder_path, item.id)
    given = shares.roles(connection, user, item.owner_id, lineage(path), trial_id)
    return _most(given)


def roles_of(connection: Connection, user: Account, rows: list[TrialRow]) -> dict[int, Role]:
    """Return a caller's role for each of many trials, by row id: `role_of` in one query."""
    is_own = {row.id: is_owner(user, row.owner_id) for row in rows}
    others = [row for row in rows if not is_own[row.id]]
    paths = {path for row in others for path in lineage(row.folder_path)}
    given = shares.roles_by_place(connection, user, {row.owner_id for row in others}, paths, [row.id for row in others])

    def most(row: TrialRow) -> Role:
        on_folders = [name for path in lineage(row.folder_path) for name in given.get((row.owner_id, path), [])]
        names = [*on_folders, *given.get(row.id, [])]
        return _most(names)

    return {row.id: Role.OWNER if is_own[row.id] else most(row) for row in rows}


def is_owner(user: Account, owner_id: int) -> bool:
    """Tell whether a caller owns the tree of an object; the holder of a public link owns nothing."""
    return user.link_id is None and owner_id == user.id


def lineage(path: str) -> list[str]:
    """Return a folder's path and those of all folders above it."""
    parts = [part for part in path.split("/") if part]
    return [ROOT_PATH, *("/" + "/".join(parts[: number + 1]) for number in range(len(parts)))]


def require(connection: Connection, user: Account, item: FolderRow | TrialRow, role: Role) -> None:
    """Refuse a caller whose role for a visible object is too low.

    Raises:
        RefusalError: `forbidden`.
    """
    if role_of(connection, user, item) < role:
        raise forbidden(said("that needs the role {role} there", role=role.name.lower()))


def require_no_gain(connection: Connection, user: Account, item: FolderRow | TrialRow, target: FolderRow) -> None:
    """Refuse to move something to where anybody, the caller too, may do more with it: only its owner may give rights.

    Raises:
        RefusalError: `forbidden`.
    """
    if role_of(connection, user, item) is Role.OWNER:
        return
    path, trial_id = (item.path, None) if isinstance(item, FolderRow) else (item.folder_path, item.id)
    before = shares.grants(connection, item.owner_id, lineage(path), trial_id)
    after = shares.grants(connection, target.owner_id, lineage(target.path))
    if any(_most(roles) > _most(before.get(subject, [])) for subject, roles in after.items()):
        raise forbidden("moving it there would give somebody more rights, which needs the role owner on it")


def _most(names: Iterable[str]) -> Role:
    return max((ROLES[name] for name in names), default=Role.NONE)


def _needed(user: Account, role: Role | None) -> Role:
    return role or (Role.EDITOR if user.writing else Role.VIEWER)


def load_trial(connection: Connection, user: Account, uid: str, role: Role | None = None) -> TrialRow:
    """Return a trial for which the caller has a role; by default, the one that the call needs.

    Raises:
        RefusalError: `not_found`, `forbidden`.
    """
    row = trials.by_uid(connection, uid) if is_uuid(uid) else None
    has = Role.NONE if row is None else role_of(connection, user, row)
    if row is None or has is Role.NONE:
        raise no_trial(uid)
    if has < _needed(user, role):
        raise forbidden(said("that needs the role {role} on the trial", role=_needed(user, role).name.lower()))
    return row


def load_artifact(connection: Connection, user: Account, uid: str, role: Role | None = None) -> ArtifactRow:
    """Return an artifact for which the caller has a role: that of its repo. What is not final, only editors see.

    Raises:
        RefusalError: `not_found`, `forbidden`.
    """
    row = artifacts.by_uid(connection, uid) if is_uuid(uid) else None
    repo = None if row is None else folders.by_id(connection, row.folder_id)
    has = Role.NONE if repo is None else role_of(connection, user, repo)
    if row is None or not shows_artifact(row, has):
        raise no_artifact(uid)
    if has < _needed(user, role):
        raise forbidden(
            said("that needs the role {role} on the artifact's repo", role=_needed(user, role).name.lower())
        )
    return row


def shows_artifact(row: ArtifactRow, has: Role) -> bool:
    """Tell whether a role in the repo of an artifact shows it: what is not final, only editors see."""
    return has is not Role.NONE and (row.number is not None or has >= Role.EDITOR)


def load_folder(connection: Connection, user: Account, uid: str, role: Role | None = None) -> FolderRow:
    """Return a folder by id, or the caller's root, for which the caller has a role.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`.
    """
    if uid == ROOT:
        return root_of(connection, user)
    row = folders.by_uid(connection, uid) if is_uuid(uid) else None
    has = Role.NONE if row is None else role_of(connection, user, row)
    if row is None or has is Role.NONE:
        raise no_folder(uid)
    if has < _needed(user, role):
        raise forbidden(said("that needs the role {role} on the folder", role=_needed(user, role).name.lower()))
    return row


def load_path(connection: Connection, user: Account, path: str) -> FolderRow:
    """Return the folder at a normalised path of the caller's own tree.

    Raises:
        RefusalError: `folder_not_found`.
    """
    row = folders.by_path(connection, user.id, path)
    if row is None or role_of(connection, user, row) is not Role.OWNER:
        raise no_folder(path)
    return row


def root_of(connection: Connection, user: Account) -> FolderRow:
    """Return the root of the caller's own tree."""
    return load_path(connection, user, ROOT_PATH)
