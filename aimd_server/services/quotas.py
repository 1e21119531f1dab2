"""Quotas: refuses bytes for which a folder, or its owner, has no room left; and who sets and sees them.

A quota on a folder bounds what is in it and below it. One on the root of a tree is the user's. `stores.quotas` says
what counts. It is asked twice: before bytes are sent, so that nobody sends for nothing, and in the transaction that
lets something have them, where no other upload can come between.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from aimd_core.errors import NotFoundError
from aimd_core.format.values import size_text
from aimd_core.language import said
from aimd_server.services import auditing, names
from aimd_server.services.identity import no_user
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.visibility import Role, lineage, load_artifact, load_trial, role_of, root_of
from aimd_server.stores import accounts, contents, folders, quotas
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import ROOT_PATH, FolderRow
from aimd_server.stores.quotas import QuotaRow


class FolderAt(msgspec.Struct, frozen=True):
    """The folder of something: its path in its owner's tree."""

    owner_id: int
    path: str


class Goal(msgspec.Struct, frozen=True):
    """What bytes are sent for: a trial or an artifact, by id; neither is the caller's own tree."""

    trial: str | None = None
    artifact: str | None = None


OWN_TREE = Goal()


def home_of(connection: Connection, user: Account, goal: Goal) -> FolderRow:
    """Return the folder that bytes are sent for.

    Raises:
        RefusalError: `not_found`, `forbidden`.
    """
    if goal.trial is not None:
        folder_id = load_trial(connection, user, goal.trial, Role.EDITOR).folder_id
    elif goal.artifact is not None:
        folder_id = load_artifact(connection, user, goal.artifact, Role.EDITOR).folder_id
    else:
        return root_of(connection, user)
    home = folders.by_id(connection, folder_id)
    assert home is not None  # what is there is in a folder
    return home


def require_room(
    connection: Connection,
    user: Account,
    home: FolderAt | FolderRow,
    added: int,
    *,
    is_counted: bool = True,
    spared: Collection[str] = (),
) -> None:
    """Refuse bytes that a folder, one above it, or their owner has no room for; fewer than before are never refused.

    Args:
        connection: Open; of a write, if the bytes are counted already, so that other replicas wait.
        user: The caller.
        home: Where the bytes go.
        added: How many.
        is_counted: Whether what the database has includes them.
        spared: Paths of the same tree whose folders hold the bytes already.

    Raises:
        RefusalError: `quota_exceeded`, with `limit`, `used` and `more` in bytes.
    """
    if added <= 0:
        return
    paths = [path for path in lineage(home.path) if path not in spared]
    for row in quotas.on_paths(connection, home.owner_id, paths, lock=is_counted):
        total = _standing(connection, row)["used"] + (0 if is_counted else added)
        if total > row.size:
            raise _exceeded(connection, user, row, total - added, added)


def _exceeded(connection: Connection, user: Account, row: QuotaRow, used: int, more: int) -> RefusalError:
    """Return the refusal; the name of a folder that the caller may not see is not in it."""
    home = folders.by_id(connection, row.folder_id)
    is_seen = home is not None and role_of(connection, user, home) is not Role.NONE
    holder = said("a folder above it")
    if is_seen:
        is_root = row.path == ROOT_PATH
        holder = said("user {name}", name=row.owner) if is_root else said("folder {place}", place=row.path)
    words = said(
        "{holder} may hold {limit} and holds {used}, so {more} more do not fit",
        holder=holder,
        limit=size_text(row.size),
        used=size_text(used),
        more=size_text(more),
    )
    return RefusalError("quota_exceeded", words, limit=row.size, used=used, more=more, holder=str(holder))


def _standing(connection: Connection, row: QuotaRow) -> dict[str, int]:
    arriving = quotas.arriving(connection, row.owner_id, row.path)
    return {"limit": row.size, "used": quotas.used(connection, row.owner_id, row.path) + arriving}


def attach(connection: Connection, user: Account, home: FolderAt, content_ids: Collection[int], added: int) -> None:
    """Count contents that something in a folder has now as that, and no longer as on their way.

    Raises:
        RefusalError: `quota_exceeded`.
    """
    contents.settle(connection, user.id, content_ids)
    require_room(connection, user, home, added)


def require_room_to_move(
    connection: Connection, user: Account, source: FolderAt | FolderRow, target: FolderRow, size: int
) -> None:
    """Refuse to move bytes to where there is no room for them. What is in the trash is in the root of its tree.

    Raises:
        RefusalError: `quota_exceeded`.
    """
    spared = lineage(source.path) if source.owner_id == target.owner_id else ()
    require_room(connection, user, target, size, is_counted=False, spared=spared)


def shown(connection: Connection, user: Account, rows: Collection[FolderRow]) -> dict[int, dict[str, int]]:
    """Return limit and use in bytes of those folders that have a quota themselves, by row id; links see none."""
    if user.link_id is not None:
        return {}
    on = quotas.on_folders(connection, [row.id for row in rows])
    return {folder_id: _standing(connection, row) for folder_id, row in on.items()}


def of_user(database: Database, user: Account) -> dict[str, int] | None:
    """Return limit and use of the caller's own quota in bytes, or None if there is none."""

    def operation(connection: Connection) -> dict[str, int] | None:
        rows = quotas.on_paths(connection, user.id, [ROOT_PATH])
        return _standing(connection, rows[0]) if rows else None

    return None if user.link_id is not None else database.read(operation)


def put(database: Database, name: str, path: str, size: int | None) -> None:
    """Set the quota of a user, or of a folder of theirs, in bytes; None removes it. What is there stays.

    Raises:
        NotFoundError: There is no such user or folder, or no quota to remove.
    """

    def operation(connection: Connection) -> None:
        owner = accounts.by_name(connection, name)
        if owner is None:
            raise no_user(name)
        home = folders.by_path(connection, owner.id, _path(path))
        if home is None:
            raise NotFoundError(message=said("{name} has no folder {path}", name=name, path=path))
        if size is not None:
            quotas.put(connection, home.id, size)
        elif not quotas.remove(connection, home.id):
            raise NotFoundError(message=said("there is no quota on {path} of {name}", path=home.path, name=name))
        auditing.note(connection, auditing.OPERATOR, "quota.set", name, path=home.path, size=size)

    database.write(operation)


def _path(path: str) -> str:
    try:
        return names.joined(names.path_parts(path))
    except RefusalError:
        return path


def listed(database: Database) -> list[tuple[QuotaRow, int]]:
    """Return all quotas, each with how many bytes are used."""

    def operation(connection: Connection) -> list[tuple[QuotaRow, int]]:
        return [(row, _standing(connection, row)["used"]) for row in quotas.all_of(connection)]

    return database.read(operation)
