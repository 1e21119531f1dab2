"""Artifacts as version 2 of the API shows them: one, those of a repo, those of a folder and below."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from aimd_core.format.artifacts import reference_facts_in
from aimd_core.language import said
from aimd_server.services import documents, public_view
from aimd_server.services.artifacts import REPO, tagged, type_of
from aimd_server.services.clock import iso
from aimd_server.services.folders import find_path
from aimd_server.services.request_errors import foreign_cursor, invalid
from aimd_server.services.visibility import ROOT, Role, load_artifact, load_folder, role_of, shows_artifact
from aimd_server.stores import artifacts, folders
from aimd_server.stores.accounts import Account
from aimd_server.stores.artifacts import ArtifactRow
from aimd_server.stores.cursors import cursor_of, position_in
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import FolderRow

PAGE, MAX_PAGE = 50, 500
OBJECTS_PAGE = 10_000
_AT_ONCE = 20  # whose documents, of 256 KiB, are in memory


class ArtifactListRequest(msgspec.Struct, frozen=True):
    """Which artifacts to list: those of a folder and below, which may be a repo, by path or id."""

    folder: str | None = None
    folder_id: str | None = None
    limit: int = PAGE
    cursor: str | None = None


class ArtifactBatch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for many artifacts."""

    ids: list[str]


def shown(connection: Connection, user: Account, rows: list[ArtifactRow]) -> list[dict[str, Any]]:
    """Return artifacts as the API shows them."""
    aliases = artifacts.aliases_of(connection, [row.id for row in rows])
    roles = {row.folder_id: _role(connection, user, row.folder_id) for row in rows}
    return [_shown(user, row, aliases.get(row.id, []), roles[row.folder_id]) for row in rows]


def in_full(connection: Connection, user: Account, row: ArtifactRow) -> dict[str, Any]:
    """Return one artifact as the API shows it, with what its uploader told of what its references lead to."""
    facts = reference_facts_in(json.loads(row.document))
    references = {key: recorded.document() for key, recorded in facts.items()}
    return {**shown(connection, user, [row])[0], **({"references": references} if references else {})}


def _role(connection: Connection, user: Account, folder_id: int) -> Role:
    repo = folders.by_id(connection, folder_id)
    return Role.NONE if repo is None else role_of(connection, user, repo)


def _shown(user: Account, row: ArtifactRow, aliases: list[str], role: Role) -> dict[str, Any]:
    sent = json.loads(row.document)
    created = sent.get("creatingTimestamp")
    return {
        "id": row.uid,
        "name": row.repo,
        "type": type_of(row.config),
        "folder": {"id": row.folder_uid, "path": public_view.path(user, row.folder_path)},
        "description": str(sent.get("description") or ""),
        "commit": row.commit,
        "version": row.version,
        "aliases": aliases if row.number is not None else documents.texts(sent.get("aliases")),
        "created": created if isinstance(created, str) else None,
        "updated": iso(row.updated_us),
        "owner": public_view.name_of(user, row.owner),
        "editor": public_view.name_of(user, row.editor),
        "role": role.name.lower(),
        "objects": row.objects,
        "size": row.size,
    }


def one(database: Database, user: Account, uid: str) -> dict[str, Any]:
    """Return an artifact.

    Raises:
        RefusalError: `not_found`.
    """
    return database.read(lambda connection: in_full(connection, user, load_artifact(connection, user, uid)))


def batch(database: Database, user: Account, wish: ArtifactBatch) -> dict[str, Any]:
    """Return many artifacts, in the requested order, and the ids of those that do not exist, or may not be seen.

    Raises:
        RefusalError: `invalid`.
    """
    if len(wish.ids) > MAX_PAGE:
        raise invalid(said("{limit} ids at most", limit=MAX_PAGE), field="ids", limit=MAX_PAGE)

    def operation(connection: Connection) -> dict[str, Any]:
        uids, seen = list(dict.fromkeys(wish.ids)), dict[str, dict[str, Any]]()
        for start in range(0, len(uids), _AT_ONCE):
            rows = artifacts.by_uids(connection, uids[start : start + _AT_ONCE])
            roles = {folder_id: _role(connection, user, folder_id) for folder_id in {row.folder_id for row in rows}}
            rows = [row for row in rows if shows_artifact(row, roles[row.folder_id])]
            seen |= {item["id"]: item for item in shown(connection, user, rows)}
        listed = [seen[uid] for uid in uids if uid in seen]
        return {"artifacts": listed, "missing": [uid for uid in uids if uid not in seen]}

    return database.read(operation)


def by_tag(database: Database, user: Account, folder: str, repo: str, tag: str) -> dict[str, Any]:
    """Return the artifact of a repo with a tag. Errors as `aimd_server.services.artifacts.tagged`."""

    def operation(connection: Connection) -> dict[str, Any]:
        return in_full(connection, user, tagged(connection, user, folder, repo, tag))

    return database.read(operation)


def listed(database: Database, user: Account, request: ArtifactListRequest) -> dict[str, Any]:
    """Return a page of final artifacts, the newest first, and the cursor of the next page.

    Raises:
        RefusalError: `folder_not_found`, `invalid`.
    """
    if not 1 <= request.limit <= MAX_PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=MAX_PAGE), field="limit", limit=MAX_PAGE)
    before = _position(request.cursor) if request.cursor else None

    def operation(connection: Connection) -> dict[str, Any]:
        top, items, last = _top(connection, user, request), list[dict[str, Any]](), before
        while len(items) < request.limit:
            count = min(_AT_ONCE, request.limit - len(items))
            rows = artifacts.page(connection, top.owner_id, top.path, last, count + 1)
            more, rows = len(rows) > count, rows[:count]
            items += shown(connection, user, rows)
            if not more:
                return {"artifacts": items, "next": None}
            last = rows[-1].id
        return {"artifacts": items, "next": None if last is None else _cursor(last)}

    return database.read(operation)


def _top(connection: Connection, user: Account, request: ArtifactListRequest) -> FolderRow:
    if request.folder is not None:
        return find_path(connection, user, request.folder)
    return load_folder(connection, user, request.folder_id or ROOT)


def _cursor(row_id: int) -> str:
    return cursor_of(f"artifact {row_id}")


def _position(cursor: str) -> int:
    try:
        word, number = position_in(cursor).split(" ")
        row_id = int(number)
    except ValueError:
        raise foreign_cursor() from None
    if word != REPO or not 0 <= row_id < 1 << 63:
        raise foreign_cursor()
    return row_id


def objects(database: Database, user: Account, uid: str, after: str | None) -> dict[str, Any]:
    """Return a page of the objects of an artifact, by key, those after a key.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> dict[str, Any]:
        row = load_artifact(connection, user, uid)
        rows = artifacts.objects_of(connection, row.id, after, OBJECTS_PAGE + 1)
        more, rows = len(rows) > OBJECTS_PAGE, rows[:OBJECTS_PAGE]
        items = [{"key": item.key, "size": item.size, "digest": item.digest} for item in rows]
        return {"objects": items, "next": rows[-1].key if more else None}

    return database.read(operation)
