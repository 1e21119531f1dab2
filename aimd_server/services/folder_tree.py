"""The folder tree of version 2: list, show, create, rename and move folders."""

from __future__ import annotations

import posixpath

import msgspec

from aimd_core.language import said
from aimd_server.services import auditing, names, public_view, quotas, shortcuts
from aimd_server.services.clock import iso, now_us
from aimd_server.services.folders import add_in, find_path, make_path
from aimd_server.services.request_errors import RefusalError, folder_taken, foreign_cursor, invalid, no_folder
from aimd_server.services.visibility import ROOT, Role, lineage, load_folder, require, require_no_gain, role_of
from aimd_server.stores import folders, shares
from aimd_server.stores import quotas as stored_quotas
from aimd_server.stores.accounts import Account
from aimd_server.stores.cursors import cursor_of, position_in
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.trials import TrialRow

PAGE, MAX_PAGE = 200, 500


class FolderListRequest(msgspec.Struct, frozen=True):
    """Which folders to list: those below a folder, given by path or id, down to a depth."""

    path: str | None = None
    under: str | None = None
    depth: int | None = None
    limit: int = PAGE
    cursor: str | None = None


class NewFolder(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a folder: a path in the caller's tree, or a name in a folder.

    `parents` creates missing folders above it, and accepts an existing folder.
    """

    path: str | None = None
    parent: str | None = None
    name: str | None = None
    parents: bool = False


class FolderChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body that renames or moves a folder; members left out stay."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    parent: str | msgspec.UnsetType = msgspec.UNSET
    path: str | msgspec.UnsetType = msgspec.UNSET


def shown(connection: Connection, user: Account, rows: list[FolderRow]) -> list[dict[str, object]]:
    """Return folders as the API shows them."""
    ids = [row.id for row in rows]
    counts, shared = folders.trial_counts(connection, ids), shares.shared_out(connection, ids)
    bounds, totals = quotas.shown(connection, user, rows), _totals(connection, rows)
    inside = folders.folder_counts(connection, ids) + shortcuts.counts(connection, user, ids)
    return [
        {
            "id": row.uid,
            "name": row.name,
            "path": row.path,
            "parent": row.parent_uid,
            "owner": row.owner,
            "role": role.name.lower(),
            "type": row.type,
            "trials": counts.get(row.id, 0),
            "trials_below": totals.get(row.id, 0),
            "folders": inside[row.id],
            "updated": iso(row.updated_us),
            "shared": row.id in shared,
            "quota": bounds.get(row.id),
        }
        for row, role in ((public_view.folder(user, row), role_of(connection, user, row)) for row in rows)
    ]


def _totals(connection: Connection, rows: list[FolderRow]) -> dict[int, int]:
    """Return how many trials are in each folder and below, by row id."""
    totals: dict[int, int] = {}
    for owner_id in {row.owner_id for row in rows}:
        ids = {row.path: row.id for row in rows if row.owner_id == owner_id}
        top = posixpath.commonpath(ids)
        for path, count in folders.trial_counts_below(connection, owner_id, top).items():
            for above in lineage(path):
                if above in ids:
                    totals[ids[above]] = totals.get(ids[above], 0) + count
    return totals


def one(database: Database, user: Account, uid: str | None, path: str | None) -> dict[str, object]:
    """Return a folder, by id or by path.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        row = find_path(connection, user, path) if path is not None else load_folder(connection, user, uid or ROOT)
        return shown(connection, user, [row])[0]

    return database.read(operation)


def listed(database: Database, user: Account, request: FolderListRequest) -> dict[str, object]:
    """Return a page of the folders below one, sorted by path, and the cursor of the next page.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """
    if not 1 <= request.limit <= MAX_PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=MAX_PAGE), field="limit", limit=MAX_PAGE)
    after = public_view.whole_path(user, _position(request.cursor)) if request.cursor else None

    def operation(connection: Connection) -> dict[str, object]:
        if request.path is not None:
            top = find_path(connection, user, request.path)
        else:
            top = load_folder(connection, user, request.under or ROOT)
        rows = folders.page(connection, top.owner_id, top.path, request.depth, after, request.limit + 1)
        more, rows = len(rows) > request.limit, rows[: request.limit]
        documents = shown(connection, user, rows)
        if not more:
            documents += shortcuts.below(connection, user, top, request.depth)
        return {"folders": documents, "next": cursor_of(public_view.path(user, rows[-1].path)) if more else None}

    return database.read(operation)


def _position(cursor: str) -> str:
    try:
        path = position_in(cursor)
    except ValueError:
        path = ""
    if not path.startswith("/"):
        raise foreign_cursor()
    return path


def make(database: Database, user: Account, wish: NewFolder) -> tuple[dict[str, object], bool]:
    """Create a folder and return it, and whether it is new.

    Raises:
        RefusalError: `name_taken`, `folder_not_found`, `forbidden`, `invalid`.
    """
    if (wish.path is None) == (wish.name is None):
        raise invalid("give a path, or a name and a parent", field="path")

    def operation(connection: Connection) -> tuple[dict[str, object], bool]:
        row, is_new = _made_path(connection, user, wish) if wish.path is not None else _made(connection, user, wish)
        if is_new:
            auditing.note(connection, user.name, "folder.make", row.uid, path=row.path)
        return shown(connection, user, [row])[0], is_new

    return database.write(operation)


def _made_path(connection: Connection, user: Account, wish: NewFolder) -> tuple[FolderRow, bool]:
    parts = names.path_parts(wish.path or "")
    existing = folders.by_path(connection, user.id, names.joined(parts))
    if existing is not None:
        if not wish.parents:
            raise folder_taken(existing.name, names.joined(parts[:-1]))
        return existing, False
    if wish.parents:
        return make_path(connection, user, parts), True
    parent = find_path(connection, user, names.joined(parts[:-1]))
    return add_in(connection, user, parent, parts[-1]), True


def _made(connection: Connection, user: Account, wish: NewFolder) -> tuple[FolderRow, bool]:
    parent = load_folder(connection, user, wish.parent or ROOT)
    name = checked_name(wish.name or "")
    existing = folders.by_path(connection, parent.owner_id, parent.child_path(name))
    if existing is not None:
        if not wish.parents:
            raise folder_taken(name, parent.path)
        return existing, False
    if parent.path.count("/") >= names.MAX_DEPTH:
        raise _too_deep()
    return add_in(connection, user, parent, name), True


def checked_name(name: str) -> str:
    """Return a name that a folder may have.

    Raises:
        RefusalError: `invalid`.
    """
    if name in (".", ".."):
        raise invalid(said("a folder has another name than '.' and '..'"), field="name")
    return names.checked(name, "name")


def _too_deep() -> RefusalError:
    words = said("a folder path has {limit} parts at most", limit=names.MAX_DEPTH)
    return invalid(words, field="path", limit=names.MAX_DEPTH)


def change(database: Database, user: Account, uid: str, wish: FolderChange) -> dict[str, object]:
    """Rename or move a folder with everything below, and return it.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `name_taken`, `quota_exceeded`, or `invalid` for a folder moved
            into itself.
    """

    def operation(connection: Connection) -> dict[str, object]:
        row = load_folder(connection, user, uid)
        parent, name = _target(connection, user, row, wish)
        if (parent.id, name) != (row.parent_id, row.name):
            _move(connection, user, row, parent, name)
        return shown(connection, user, [load_folder(connection, user, uid)])[0]

    return database.write(operation)


def _target(connection: Connection, user: Account, row: FolderRow, wish: FolderChange) -> tuple[FolderRow, str]:
    """Return the new parent and name of a folder."""
    if row.is_root:
        raise invalid("the root folder cannot be renamed or moved", field="id")
    set_count = sum(member is not msgspec.UNSET for member in (wish.parent, wish.path))
    if set_count == 2 or (wish.path is not msgspec.UNSET and wish.name is not msgspec.UNSET):
        raise invalid("give a path, or a name and a parent", field="path")
    name = row.name if wish.name is msgspec.UNSET else checked_name(wish.name)
    if wish.path is not msgspec.UNSET:
        parts = names.path_parts(wish.path)
        if not parts:
            raise invalid("the path of a folder has a name", field="path")
        return find_path(connection, user, names.joined(parts[:-1])), parts[-1]
    if wish.parent is not msgspec.UNSET:
        return load_folder(connection, user, wish.parent), name
    return container(connection, row), name


def container(connection: Connection, row: FolderRow) -> FolderRow:
    """Return a folder's parent, without checking access.

    Raises:
        RefusalError: `folder_not_found`, if it has none.
    """
    parent = None if row.parent_id is None else folders.by_id(connection, row.parent_id)
    if parent is None:
        raise no_folder(row.uid)
    return parent


def _move(connection: Connection, user: Account, row: FolderRow, parent: FolderRow, name: str) -> None:
    if parent.owner_id == row.owner_id and f"{parent.path}/".startswith(f"{row.path}/"):
        raise invalid(said("a folder cannot lie in itself"), field="parent")
    require_move(connection, user, row, container(connection, row), parent)  # before the target is examined
    if folders.by_path(connection, parent.owner_id, parent.child_path(name)) is not None:
        raise folder_taken(name, parent.path)
    levels = folders.deepest(connection, row.owner_id, row.path) - row.path.count("/")
    if parent.child_path(name).count("/") + levels > names.MAX_DEPTH:
        raise _too_deep()
    size = stored_quotas.used(connection, row.owner_id, row.path)
    quotas.require_room_to_move(connection, user, container(connection, row), parent, size)
    if parent.owner_id != row.owner_id:
        shares.remove_below(connection, folders.ids_below(row.owner_id, row.path))
    folders.place(connection, row, parent, name, user.id, now_us())
    auditing.note(connection, user.name, "folder.move", row.uid, before=row.path, path=parent.child_path(name))


def require_move(
    connection: Connection, user: Account, item: FolderRow | TrialRow, source: FolderRow, target: FolderRow
) -> None:
    """Refuse a move out of or into a folder that the caller may not change.

    Moving out of a tree, or to where anybody may do more, needs an owner.

    Raises:
        RefusalError: `forbidden`.
    """
    leaves_tree = source.owner_id != target.owner_id
    require(connection, user, source, Role.OWNER if leaves_tree else Role.EDITOR)
    require(connection, user, target, Role.EDITOR)
    require_no_gain(connection, user, item, target)
