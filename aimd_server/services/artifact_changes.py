"""What version 2 changes of artifacts: create, move aliases, delete and restore."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from aimd_core.format.artifacts import names_version
from aimd_core.language import said
from aimd_server.services import auditing, names, quotas
from aimd_server.services.artifact_lists import in_full, shown
from aimd_server.services.artifacts import MAX_ALIASES, add_to, checked_alias, checked_document, checked_type, repo_in
from aimd_server.services.clock import now_us
from aimd_server.services.folders import FolderWish, choose_folder
from aimd_server.services.quotas import FolderAt
from aimd_server.services.request_errors import forbidden, invalid, no_artifact
from aimd_server.services.visibility import Role, is_owner, load_artifact, require
from aimd_server.stores import artifacts, folders, trash
from aimd_server.stores.accounts import UPLOAD, Account
from aimd_server.stores.artifacts import ArtifactRow
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import ROOT_PATH


class ArtifactWish(msgspec.Struct):
    """The body of the PUT of an artifact, which is not final before it is made so."""

    repo: str
    type: str
    folder: FolderWish | None = None
    metadata: dict[str, Any] = {}


class AliasChange(msgspec.Struct, forbid_unknown_fields=True):
    """Aliases to give to an artifact, which others may have had, and to remove from it."""

    add: list[str] = []
    remove: list[str] = []


def put(database: Database, user: Account, uid: str, wish: ArtifactWish) -> tuple[dict[str, Any], bool]:
    """Create an artifact, and return it, and whether it went to the fallback folder.

    One that is not final gets the document, and stays where it is; a final one stays as it is. One in the caller's
    trash comes back, or, if its repo lies there, too, is created anew.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid`, `quota_exceeded`, or `not_found` for an id that is
            somebody else's.
    """
    if not names.is_uuid(uid):
        raise invalid("an artifact's id is a UUID in lower case", field="id")
    document = checked_document({**wish.metadata, "metadata": {**_inner(wish.metadata), "id": uid}})
    repo, artifact_type = names.checked(wish.repo, "repo"), checked_type(wish.type)

    def operation(connection: Connection) -> tuple[dict[str, Any], bool]:
        is_fallback = False
        _take_from_trash(connection, user, uid)
        if artifacts.holder_of(connection, uid) is None:
            chosen = choose_folder(connection, user, wish.folder or FolderWish())
            require(connection, user, chosen.folder, Role.EDITOR)
            is_fallback = chosen.fallback
            add_to(connection, user, uid, repo_in(connection, user, chosen.folder, repo, artifact_type), document)
        row = load_artifact(connection, user, uid, Role.EDITOR)
        if row.number is None and json.loads(row.document) != document:
            changed = {"document": json.dumps(document), "editor_id": user.id, "updated_us": now_us()}
            if artifacts.change_open(connection, row.id, **changed):
                row = load_artifact(connection, user, uid, Role.EDITOR)
        return in_full(connection, user, row), is_fallback

    return database.write(operation)


def _take_from_trash(connection: Connection, user: Account, uid: str) -> None:
    """Restore an artifact that is in the caller's trash; one whose repo lies there frees its id, for good.

    Raises:
        RefusalError: `quota_exceeded`; `forbidden` for a key that may not delete.
    """
    holder = artifacts.holder_of(connection, uid)
    if holder is None or artifacts.by_uid(connection, uid) is not None:
        return
    if not is_owner(user, artifacts.owner_of(connection, holder)):
        return
    if trash.artifact_by_uid(connection, uid) is not None:
        _restore(connection, user, uid)
    elif user.scope == UPLOAD:
        raise forbidden(
            "the artifact's repo lies in the trash, and an upload-only key deletes nothing: restore it first"
        )
    else:
        artifacts.remove(connection, holder)


def _inner(metadata: dict[str, Any]) -> dict[str, Any]:
    inner = metadata.get("metadata")
    return inner if isinstance(inner, dict) else {}


def change_aliases(database: Database, user: Account, uid: str, wish: AliasChange) -> dict[str, Any]:
    """Give an artifact aliases and remove others, all at once, and return it.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`.
    """
    if max(len(wish.add), len(wish.remove)) > MAX_ALIASES:  # each is a statement, while all other writers wait
        raise invalid(said("at most {limit} aliases at once", limit=MAX_ALIASES), field="add", limit=MAX_ALIASES)
    for alias in wish.add:
        if names_version(checked_alias(alias)):
            raise invalid(said("{alias!r} names a version, so it cannot be an alias", alias=alias), field="add")

    def operation(connection: Connection) -> dict[str, Any]:
        row = load_artifact(connection, user, uid, Role.EDITOR)
        if row.number is None:
            raise invalid("the artifact is not final yet, so it has no aliases", field="id")
        repo = folders.by_id(connection, row.folder_id)
        if repo is not None:
            folders.hold(connection, repo)
        removed = sorted(set(artifacts.aliases_of(connection, [row.id]).get(row.id, [])).intersection(wish.remove))
        for alias in removed:
            artifacts.remove_alias(connection, row.folder_id, alias)
        for alias in wish.add:
            artifacts.put_alias(connection, row, alias)
        if len(artifacts.aliases_of(connection, [row.id]).get(row.id, [])) > MAX_ALIASES:
            raise invalid(
                said("an artifact has {limit} aliases at most", limit=MAX_ALIASES), field="add", limit=MAX_ALIASES
            )
        detail = {"path": f"{row.folder_path}:{row.version}", "add": wish.add, "remove": removed}
        auditing.note(connection, user.name, "artifact.alias", row.uid, **detail)
        return shown(connection, user, [row])[0]

    return database.write(operation)


def delete(database: Database, user: Account, uid: str) -> None:
    """Move an artifact to the trash; its version and its aliases lead nowhere until it is restored.

    Raises:
        RefusalError: `not_found`, `forbidden`.
    """
    if user.scope == UPLOAD:
        raise forbidden("an upload-only key deletes nothing")

    def operation(connection: Connection) -> None:
        row = load_artifact(connection, user, uid, Role.EDITOR)
        artifacts.change(connection, row.id, trashed_us=now_us(), editor_id=user.id)
        auditing.note(connection, user.name, "artifact.delete", row.uid, path=f"{row.folder_path}:{row.version}")

    database.write(operation)


def restore(database: Database, user: Account, uid: str) -> dict[str, Any]:
    """Restore an artifact from the trash into its repo.

    Raises:
        RefusalError: `not_found`, also if its repo is gone; `quota_exceeded`.
    """

    def operation(connection: Connection) -> dict[str, Any]:
        return shown(connection, user, [_restore(connection, user, uid)])[0]

    return database.write(operation)


def _restore(connection: Connection, user: Account, uid: str) -> ArtifactRow:
    row = trash.artifact_by_uid(connection, uid) if names.is_uuid(uid) else None
    if row is None or not is_owner(user, row.owner_id) or folders.by_id(connection, row.folder_id) is None:
        raise no_artifact(uid)
    artifacts.change(connection, row.id, trashed_us=None)
    restored = load_artifact(connection, user, uid)
    home = FolderAt(restored.owner_id, restored.folder_path)
    quotas.require_room(connection, user, home, restored.size, spared=(ROOT_PATH,))  # which held it in the trash
    auditing.note(connection, user.name, "artifact.restore", uid, name=row.name)
    return restored
