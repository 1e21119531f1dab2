"""What people change about a trial: name, folder, tags, note. Also many trials in one request."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from aimd_core.format.labels import MAX_NOTE_CHARS, MAX_TAG_CHARS, MAX_TAGS, is_shown_tag
from aimd_core.format.values import clean
from aimd_core.language import said
from aimd_server.services import auditing, names, quotas
from aimd_server.services.folder_tree import require_move
from aimd_server.services.folders import FolderWish, find_path, make_path
from aimd_server.services.request_errors import RefusalError, forbidden, invalid, name_taken, too_large
from aimd_server.services.trials import MAX_PAGE, change, overviews, with_detail
from aimd_server.services.visibility import ROOT, Role, load_folder, load_trial, role_of, roles_of
from aimd_server.stores import folders, shares, trials
from aimd_server.stores import quotas as stored_quotas
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow
from aimd_server.stores.trials import TrialRow

MAX_BATCH_CHARS = 32 << 20


class TrialChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body that changes a trial; members left out stay."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    folder: FolderWish | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    add_tags: list[str] = []
    remove_tags: list[str] = []
    note: str | msgspec.UnsetType = msgspec.UNSET
    note_before: str | msgspec.UnsetType = msgspec.UNSET  # what `note` replaces; another one is not replaced


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for many trials; `detail` asks for what a list leaves out."""

    ids: list[str]
    detail: bool = False


def apply(database: Database, user: Account, uid: str, wish: TrialChange) -> dict[str, object]:
    """Rename, move, tag or annotate a trial, completely or not at all, and return it as lists show it.

    Raises:
        RefusalError: `not_found`, `folder_not_found`, `forbidden`, `name_taken`, `invalid`, `note_changed`.
    """
    columns = written(wish)

    def operation(connection: Connection) -> dict[str, object]:
        change_row(connection, user, uid, wish, columns)
        return overviews(connection, user, [load_trial(connection, user, uid)])[0]

    return database.write(operation)


def change_row(connection: Connection, user: Account, uid: str, wish: TrialChange, columns: dict[str, Any]) -> None:
    """Change a trial within a transaction; `columns` is what `written` returns. Errors as `apply`."""
    row = load_trial(connection, user, uid)
    note = row.note or ""
    if wish.note_before not in (msgspec.UNSET, note) and columns.get("note") != note:
        raise RefusalError("note_changed", said("the note was changed meanwhile"))
    values = {**columns, **_with_tags(row, wish), **_placed(connection, user, row, wish)}
    if values:
        change(connection, user, row, values)


def _with_tags(row: TrialRow, wish: TrialChange) -> dict[str, Any]:
    """Return the column of tags if some are added or removed; the others stay, also those added at the same time."""
    if not wish.add_tags and not wish.remove_tags:
        return {}
    before = json.loads(row.tags) if row.tags else []
    tags = checked_tags([tag for tag in [*before, *wish.add_tags] if tag not in wish.remove_tags])
    return {} if tags == before else {"tags": json.dumps(tags)}


def written(wish: TrialChange) -> dict[str, Any]:
    """Return the checked columns of tags and note.

    Raises:
        RefusalError: `invalid`.
    """
    columns: dict[str, Any] = {}
    if wish.tags is not msgspec.UNSET and (wish.add_tags or wish.remove_tags):
        raise invalid("give either tags, or add_tags and remove_tags", field="tags")
    for tags in (wish.add_tags, wish.remove_tags):  # before each is compared with each, while all other writers wait
        _check_count(tags)
    if wish.tags is not msgspec.UNSET:
        columns["tags"] = json.dumps(checked_tags(wish.tags))
    if wish.note is not msgspec.UNSET:
        if len(wish.note) > MAX_NOTE_CHARS:
            words = said("a note has {limit} characters at most", limit=MAX_NOTE_CHARS)
            raise invalid(words, field="note", limit=MAX_NOTE_CHARS)
        columns["note"] = clean(wish.note)
    return columns


def checked_tags(tags: list[str]) -> list[str]:
    """Return tags that a trial may have, each once.

    Raises:
        RefusalError: `invalid`.
    """
    _check_count(tags)
    for tag in tags:
        if not is_shown_tag(tag):
            words = said("a tag has 1 to {limit} characters, no comma and no control character", limit=MAX_TAG_CHARS)
            raise invalid(words, field="tags", limit=MAX_TAG_CHARS)
    return list(dict.fromkeys(tags))


def _check_count(tags: list[str]) -> None:
    if len(tags) > MAX_TAGS:
        raise invalid(said("a trial has {limit} tags at most", limit=MAX_TAGS), field="tags", limit=MAX_TAGS)


def _placed(connection: Connection, user: Account, row: TrialRow, wish: TrialChange) -> dict[str, Any]:
    """Return the columns of name and folder, empty if neither changes."""
    name = row.name if wish.name is msgspec.UNSET else names.checked(wish.name, "name")
    return placed(
        connection, user, row, name, None if wish.folder is msgspec.UNSET else _target(connection, user, wish.folder)
    )


def placed(connection: Connection, user: Account, row: TrialRow, name: str, target: FolderRow | None) -> dict[str, Any]:
    """Return the columns for a trial's new name and folder, None keeping the old; empty if nothing changes.

    Raises:
        RefusalError: `forbidden`, `name_taken`, `quota_exceeded`.
    """
    source = _folder_of(connection, row)
    target = target or source
    if (name, target.id) == (row.name, source.id):
        return {}
    if target.id != source.id:
        require_move(connection, user, row, source, target)
    if trials.by_name(connection, target.id, name) is not None:
        raise name_taken(name, target.path)
    if target.id != source.id:
        size = stored_quotas.size_of_trial(connection, row.id)
        quotas.require_room_to_move(connection, user, source, target, size)
    if target.owner_id != source.owner_id:
        shares.remove_of_trial(connection, row.id)
    before = f"{row.folder_path.rstrip('/')}/{row.name}"
    auditing.note(connection, user.name, "trial.move", row.uid, before=before, after=target.child_path(name))
    return {"name": name, "folder_id": target.id, "owner_id": target.owner_id}


def _folder_of(connection: Connection, row: TrialRow) -> FolderRow:
    folder = folders.by_id(connection, row.folder_id)
    assert folder is not None  # an existing trial is in an existing folder
    return folder


def _target(connection: Connection, user: Account, wish: FolderWish) -> FolderRow:
    if wish.id is not None or wish.path is None:
        return load_folder(connection, user, wish.id or ROOT)
    if wish.make:
        return make_path(connection, user, names.path_parts(wish.path))
    return find_path(connection, user, wish.path)


def require_taking(connection: Connection, user: Account, row: TrialRow) -> None:
    """Refuse a caller who may change a trial but not the folder that it would leave.

    Raises:
        RefusalError: `forbidden`.
    """
    if role_of(connection, user, _folder_of(connection, row)) < Role.EDITOR:
        raise forbidden("deleting needs the role editor on the folder")


def batch(database: Database, user: Account, wish: BatchRequest) -> dict[str, object]:
    """Return many trials as lists show them, in the requested order, and the ids that do not exist.

    Raises:
        RefusalError: `invalid`, or `too_large` if their parameters, notes and documents are.
    """
    if len(wish.ids) > MAX_PAGE:
        raise invalid(said("{limit} ids at most", limit=MAX_PAGE), field="ids", limit=MAX_PAGE)

    def operation(connection: Connection) -> dict[str, object]:
        by_id = {row.uid: row for row in trials.by_uids(connection, wish.ids)}
        roles = roles_of(connection, user, list(by_id.values()))
        seen = {uid: row for uid, row in by_id.items() if roles[row.id] >= Role.VIEWER}
        order = list(dict.fromkeys(uid for uid in wish.ids if uid in seen))
        missing = list(dict.fromkeys(uid for uid in wish.ids if uid not in seen))
        rows = [seen[uid] for uid in order]
        size = sum(len(row.parameters) + len(row.note or "") for row in rows)
        if wish.detail:
            size += trials.documents_chars(connection, [row.id for row in rows])
        if size > MAX_BATCH_CHARS:
            raise too_large("the trials of one answer", MAX_BATCH_CHARS)
        shown = overviews(connection, user, rows)
        if wish.detail:
            shown = with_detail(connection, user, rows, shown)
        return {"trials": shown, "missing": missing}

    return database.read(operation)
