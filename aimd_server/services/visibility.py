"""The one place that decides who may see what: every object is loaded through here.

An object that a user may not see is reported exactly as one that is not there.
"""

from __future__ import annotations

from aimd_server.services.names import is_uuid
from aimd_server.services.refusals import no_folder, no_trial
from aimd_server.stores import folders, trials
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.trials import TrialRow

ROOT = "root"  # how version 1 names a user's root folder


def may_see(user: Account, item: FolderRow | TrialRow) -> bool:
    """Tell whether a user may see, and for now also change, a folder or a trial."""
    return item.owner_id == user.id


def load_trial(connection: Connection, user: Account, uid: str) -> TrialRow:
    """Return a trial.

    Raises:
        RefusalError: `not_found`.
    """
    row = trials.by_uid(connection, uid) if is_uuid(uid) else None
    if row is None or not may_see(user, row):
        raise no_trial(uid)
    return row


def load_folder(connection: Connection, user: Account, uid: str) -> FolderRow:
    """Return a folder by its id, or the user's own root.

    Raises:
        RefusalError: `folder_not_found`.
    """
    if uid == ROOT:
        return root_of(connection, user)
    row = folders.by_uid(connection, uid) if is_uuid(uid) else None
    if row is None or not may_see(user, row):
        raise no_folder(uid)
    return row


def load_path(connection: Connection, user: Account, path: str) -> FolderRow:
    """Return the folder at a normalised path of the user's own tree.

    Raises:
        RefusalError: `folder_not_found`.
    """
    row = folders.by_path(connection, user.id, path)
    if row is None or not may_see(user, row):
        raise no_folder(path)
    return row


def root_of(connection: Connection, user: Account) -> FolderRow:
    """Return the root of the user's own tree."""
    return load_path(connection, user, folders.ROOT_PATH)
