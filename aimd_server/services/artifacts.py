"""Artifacts: create, fill, make final, find and show. Rights are those of the repo, which is a folder.

An artifact collects objects until it is made final: then it has a version and a commit, and nothing in it changes any
more. Versions count up within a repo and are never given twice. `latest` is the newest one that is not in the trash.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import msgspec

from aimd_core.format.artifacts import (
    KIND,
    LATEST,
    MAX_TYPE_CHARS,
    REFERENCES_FILE,
    alias_fault,
    key_fault,
    names_version,
    version_number,
)
from aimd_core.format.limits import MAX_CHANGES
from aimd_core.format.relative_paths import folders_of
from aimd_core.format.values import mapping_of
from aimd_core.language import said
from aimd_core.objects.tree import digest_of_tree
from aimd_server.services import auditing, documents, names, public_view, quotas
from aimd_server.services.clock import iso, now_us
from aimd_server.services.folders import add_in, find_path
from aimd_server.services.quotas import FolderAt
from aimd_server.services.request_errors import RefusalError, id_taken, invalid, no_artifact
from aimd_server.services.visibility import Role, load_artifact, load_folder
from aimd_server.stores import artifacts, contents, folders, shares
from aimd_server.stores.accounts import Account
from aimd_server.stores.artifacts import ArtifactRow, KeyedRow
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.folders import ROOT_PATH, FolderRow

Document = dict[str, Any]
REPO = "artifact"  # the type of a repo's folder
MAX_OBJECTS = 100_000
MAX_ALIASES = 64
MAX_DESCRIPTION_CHARS = 64 << 10
MAX_TOLD = 1_000
MAX_SHARES = 500
MAX_DOCUMENT_CHARS = 256 << 10
_LAST = "last_version"  # in a repo's config


def create(database: Database, user: Account, folder: str, repo: str, artifact_type: str, body: object) -> str:
    """Create an artifact that is not final, with its repo if that is missing, and return its id.

    The same request again changes nothing, as long as the artifact is not final.

    Raises:
        RefusalError: `folder_not_found`, `forbidden`, `invalid`, or `id_taken`.
    """
    document = checked_document(mapping_of(body))
    inner = mapping_of(document.get("metadata"))
    uid = inner.get("id") or str(uuid.uuid4())
    if not names.is_uuid(uid):
        raise invalid("metadata.id is a UUID in lower case", field="id")
    checked_type(artifact_type)

    def operation(connection: Connection) -> str:
        parent = load_folder(connection, user, folder)
        home = repo_in(connection, user, parent, names.checked(repo, "repo"), artifact_type)
        return add_to(connection, user, uid, home, document)

    return database.write(operation)


def checked_type(artifact_type: str) -> str:
    """Return the type of a repo's artifacts.

    Raises:
        RefusalError: `invalid`.
    """
    if not artifact_type or len(artifact_type) > MAX_TYPE_CHARS:
        raise invalid(said("a type has 1 to {limit} characters", limit=MAX_TYPE_CHARS), field="type")
    return artifact_type


def add_to(connection: Connection, user: Account, uid: str, home: FolderRow, document: Document) -> str:
    """Add an artifact that is not final to a repo, or change what is said of it, and return its id.

    Raises:
        RefusalError: `id_taken`.
    """
    holder = artifacts.holder_of(connection, uid)
    if holder is not None:
        row = artifacts.by_uid(connection, uid)
        if row is None or row.number is not None or row.folder_id != home.id:
            raise id_taken()
        artifacts.change(connection, row.id, document=json.dumps(document), updated_us=now_us())
        return uid
    now = now_us()
    values = {"document": json.dumps(document), "editor_id": user.id, "created_us": now, "updated_us": now}
    artifacts.add(connection, uid=uid, folder_id=home.id, **values)
    return uid


def checked_document(given: Document) -> Document:
    """Return what is kept of an artifact's document: not what the server fills in.

    Raises:
        RefusalError: `invalid`.
    """
    description, aliases = given.get("description") or "", given.get("aliases") or []
    if not isinstance(description, str) or len(description) > MAX_DESCRIPTION_CHARS:
        raise invalid(
            said("description is a text of {limit} characters at most", limit=MAX_DESCRIPTION_CHARS),
            field="description",
        )
    if not isinstance(aliases, list) or len(aliases) > MAX_ALIASES:
        raise invalid(said("aliases are a list of {limit} texts at most", limit=MAX_ALIASES), field="aliases")
    kept = [alias for alias in map(checked_alias, aliases) if not names_version(alias)]  # those the server gives
    text = documents.text_of({**given, "description": description, "aliases": kept})
    if len(text) > MAX_DOCUMENT_CHARS:
        raise invalid("the document is too large", field="metadata")
    document: Document = json.loads(text)
    return {key: value for key, value in document.items() if key not in ("commit", "version", "_remote")}


def checked_alias(alias: object) -> str:
    """Return a name that an artifact may have besides its version.

    Raises:
        RefusalError: `invalid`.
    """
    fault = "it is not text" if not isinstance(alias, str) else alias_fault(alias)
    if fault or not isinstance(alias, str):
        raise invalid(
            said("{alias!r} cannot be an alias: {fault}", alias=alias, fault=said(fault or "")), field="aliases"
        )
    return alias


def repo_in(connection: Connection, user: Account, parent: FolderRow, name: str, artifact_type: str) -> FolderRow:
    """Return a repo of a folder, created if it is missing.

    Raises:
        RefusalError: `invalid`, if something else has that name.
    """
    home = folders.by_path(connection, parent.owner_id, parent.child_path(name))
    if home is None:
        if name in (".", "..") or parent.path.count("/") >= names.MAX_DEPTH:
            raise invalid(said("a repo {name} cannot be made there", name=name), field="repo")
        config = documents.text_of({"profile": {"type": artifact_type}})
        made = add_in(connection, user, parent, name, type=REPO, config=config)
        auditing.note(connection, user.name, "folder.make", made.uid, path=made.path)
        return made
    if home.type != REPO:
        raise invalid(said("{path} is a folder, so it cannot be a repo of artifacts", path=home.path), field="repo")
    there = type_of(home.config)
    if there != artifact_type:
        words = said("the artifacts in {path} have the type {type!r}", path=home.path, type=there)
        raise invalid(words, field="type")
    return home


def type_of(config: str | None) -> str:
    """Return the type of a repo's artifacts."""
    profile = mapping_of(mapping_of(json.loads(config or "{}")).get("profile"))
    return str(profile.get("type") or "")


def load_open(connection: Connection, user: Account, uid: str) -> ArtifactRow:
    """Return an artifact that the caller may change because it is not final.

    Raises:
        RefusalError: `not_found`, `forbidden`, or `invalid` if it is final.
    """
    row = load_artifact(connection, user, uid, Role.EDITOR)
    if row.number is not None:
        raise invalid(said("the artifact is final, so it cannot change"), field="id")
    return row


def checked_key(key: str) -> str:
    """Return the key of an object.

    Raises:
        RefusalError: `invalid`.
    """
    fault = None if key == REFERENCES_FILE else key_fault(key)
    if fault:
        raise invalid(said("{key!r} cannot be a key: {fault}", key=key, fault=said(fault)), field="key")
    return key


class SentObject(msgspec.Struct, forbid_unknown_fields=True):
    """An object: its key and the SHA-256 of its bytes."""

    key: str
    digest: str


class ObjectsWish(msgspec.Struct, forbid_unknown_fields=True):
    """Objects to set."""

    objects: list[SentObject]


def put_objects(database: Database, user: Account, uid: str, wish: ObjectsWish) -> None:
    """Set objects of an artifact to contents that the caller may refer to.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`; `content_missing`, with `digests`, for contents that the
            caller has to send first; `quota_exceeded`.
    """
    if len(wish.objects) > MAX_CHANGES:
        raise invalid(said("at most {limit} objects at once", limit=MAX_CHANGES), field="objects", limit=MAX_CHANGES)
    digest_of = {checked_key(item.key): item.digest for item in wish.objects}

    def operation(connection: Connection) -> None:
        row = load_open(connection, user, uid)
        claims = contents.claimable(connection, user.id, digest_of.values(), now_us())
        lacking = sorted(set(digest_of.values()) - claims.keys())
        if lacking:
            message = said("{count} contents have to be sent first", count=len(lacking))
            raise RefusalError("content_missing", message, digests=lacking[:MAX_TOLD])
        set_objects(connection, user, row, {key: claims[digest].id for key, digest in digest_of.items()})
        _check_count(artifacts.count_objects(connection, row.id))

    database.write(operation)


def set_objects(connection: Connection, user: Account, row: ArtifactRow, content_ids: dict[str, int]) -> None:
    """Set objects of an artifact that is not final.

    Raises:
        RefusalError: `invalid`, if it has become final meanwhile; `quota_exceeded`.
    """
    if not artifacts.change_open(connection, row.id, updated_us=now_us()):
        raise invalid(said("the artifact is final, so it cannot change"), field="id")
    keys = list(content_ids)
    before = artifacts.size_at(connection, row.id, keys)
    artifacts.put_objects(connection, row.id, content_ids)
    grown = artifacts.size_at(connection, row.id, keys) - before
    artifacts.grow(connection, row.id, grown)
    quotas.attach(connection, user, FolderAt(row.owner_id, row.folder_path), set(content_ids.values()), grown)


def finalize(database: Database, user: Account, uid: str) -> str:
    """Make an artifact final, which gives it a version, a commit and its aliases; return the version.

    A final one stays as it is.

    Raises:
        RefusalError: `not_found`, `forbidden`, or `invalid` for keys that exclude each other.
    """

    def operation(connection: Connection) -> str:
        row = load_artifact(connection, user, uid, Role.EDITOR)
        if row.version is not None:
            return row.version
        repo = folders.by_id(connection, row.folder_id)
        if repo is None:
            raise no_artifact(uid)
        folders.hold(connection, repo)
        if not artifacts.change_open(connection, row.id, editor_id=user.id, updated_us=now_us()):  # so nobody adds more
            return load_artifact(connection, user, uid).version or ""
        objects = artifacts.objects_of(connection, row.id)
        check_keys([item.key for item in objects])
        number = _next_number(connection, repo)
        artifacts.change(
            connection,
            row.id,
            number=number,
            commit=digest_of_tree((item.key, item.digest) for item in objects),
            objects=sum(item.key != REFERENCES_FILE for item in objects),
            size=sum(item.size for item in objects if item.key != REFERENCES_FILE),
        )
        artifacts.end_uploads(connection, row.id)
        for alias in json.loads(row.document).get("aliases") or []:
            artifacts.put_alias(connection, row, alias)
        auditing.note(connection, user.name, "artifact.make", row.uid, path=f"{row.folder_path}:v{number}")
        return f"v{number}"

    return database.write(operation)


def check_keys(keys: list[str]) -> None:
    """Refuse keys of which one is a directory of another, and too many of them.

    Raises:
        RefusalError: `invalid`.
    """
    _check_count(len(keys))
    present = set(keys)
    for key in keys:
        if not present.isdisjoint(folders_of(key)):
            raise invalid(said("{key!r} cannot be below an object", key=key), field="key")


def _check_count(count: int) -> None:
    if count > MAX_OBJECTS:
        raise invalid(
            said("an artifact has {limit} objects at most", limit=MAX_OBJECTS), field="objects", limit=MAX_OBJECTS
        )


def _next_number(connection: Connection, repo: FolderRow) -> int:
    """Return the next version of a repo and note it there, so that none is given twice, even after the trash."""
    config = mapping_of(json.loads(repo.config or "{}"))
    last = config.get(_LAST)
    before = last if isinstance(last, int) else 0
    number = max(before, artifacts.last_number(connection, repo.id)) + 1
    folders.set_config(connection, repo.id, documents.text_of({**config, _LAST: number}))
    return number


def document_of(connection: Connection, user: Account, row: ArtifactRow, aliases: list[str] | None = None) -> Document:
    """Return an artifact's document, with what the server fills in, as version 1 shows it."""
    sent: Document = public_view.artifact(user, json.loads(row.document))
    if aliases is None and row.number is not None:
        aliases = artifacts.aliases_of(connection, [row.id]).get(row.id, [])
    inner = {
        **mapping_of(sent.get("metadata")),
        "id": row.uid,
        "name": "",
        "folder": row.folder_uid,
        "editor": public_view.name_of(user, row.editor),
        "timestamp": iso(row.updated_us),
    }
    given = {"commit": row.commit, "version": row.version}
    return {
        **sent,
        "kind": KIND,
        "metadata": inner,
        **given,
        "aliases": sent.get("aliases") if aliases is None else aliases,
    }


def get(database: Database, user: Account, uid: str) -> Document:
    """Return an artifact's document.

    Raises:
        RefusalError: `not_found`.
    """
    return database.read(lambda connection: document_of(connection, user, load_artifact(connection, user, uid)))


def tagged(connection: Connection, user: Account, folder: str, repo: str, tag: str) -> ArtifactRow:
    """Return the final artifact of a repo with a tag: `latest`, a version, or else an alias.

    Args:
        connection: Open.
        user: The caller.
        folder: The id of the repo's folder, or a path of the caller's tree.
        repo: The repo's name.
        tag: The tag.

    Raises:
        RefusalError: `not_found`, `folder_not_found`.
    """
    parent = find_path(connection, user, folder) if folder.startswith("/") else load_folder(connection, user, folder)
    home = folders.by_path(connection, parent.owner_id, parent.child_path(repo))
    row = None if home is None or home.type != REPO else _with_tag(connection, home.id, tag)
    if row is None:
        raise no_artifact(f"{repo}:{tag}")
    return load_artifact(connection, user, row.uid)


def _with_tag(connection: Connection, folder_id: int, tag: str) -> ArtifactRow | None:
    if tag == LATEST:
        newest = artifacts.final_of(connection, folder_id, 1)
        return newest[0] if newest else None
    if names_version(tag):
        number = version_number(tag)
        return None if number is None else artifacts.by_number(connection, folder_id, number)
    return artifacts.by_alias(connection, folder_id, tag)


def get_tagged(database: Database, user: Account, folder: str, repo: str, tag: str) -> Document:
    """Return the document of the artifact of a repo with a tag. Errors as `tagged`."""

    def operation(connection: Connection) -> Document:
        return document_of(connection, user, tagged(connection, user, folder, repo, tag))

    return database.read(operation)


def listed_objects(database: Database, user: Account, uid: str) -> list[KeyedRow]:
    """Return all objects of an artifact, by key.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> list[KeyedRow]:
        return artifacts.objects_of(connection, load_artifact(connection, user, uid).id)

    return database.read(operation)


def open_object(database: Database, user: Account, uid: str, key: str) -> KeyedRow:
    """Return an object of an artifact, to read from. Public links do not show the bytes of objects.

    Raises:
        RefusalError: `not_found`.
    """

    def operation(connection: Connection) -> KeyedRow:
        row = load_artifact(connection, user, uid)
        item = artifacts.object_of(connection, row.id, key) if user.link_id is None else None
        if item is None:
            raise RefusalError("not_found", "the artifact has no such object")
        return item

    return database.read(operation)


def repo_ids(connection: Connection, user: Account, scope: str) -> list[str]:
    """Return the ids of repos by path: the caller's own, those in folders that others share, or all of them."""
    uids = artifacts.repos_below(connection, user.id, ROOT_PATH) if scope != "shared" and user.link_id is None else []
    if scope != "own":
        for item in shares.shared_with(connection, user, MAX_SHARES):
            shared = folders.by_uid(connection, item.uid) if item.kind == "folder" else None
            if shared is not None and shared.owner_id != user.id:
                uids += artifacts.repos_below(connection, shared.owner_id, shared.path)
    return list(dict.fromkeys(uids))
