"""An artifact's directory: its documents, the list of its objects, its references, and the file of its repo.

`<directory>/.aimd/artifacts/<repo>/<id>/` is what deployed clients write and read; every byte of it but the objects
themselves has its one writer and one parser here. A kill at any instant leaves a directory that both can read: an
artifact appears whole, documents are replaced whole, and the list of objects grows by one write for each call, after
the objects are there. Format: docs/reference/artifact-format.md.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

from aimd_core.errors import DamagedError, InvalidRepoNameError, UsageError
from aimd_core.format.documents import parse_rows, read_document, read_mapping, render_mapping, write_mapping
from aimd_core.format.files import ABANDONED_S, PARTIAL, replace_file
from aimd_core.format.layout import HOME, METADATA_FILE
from aimd_core.format.locking import locked
from aimd_core.format.model import ReferenceFacts, StoredObject
from aimd_core.format.relative_paths import folders_of, path_fault
from aimd_core.format.values import directory_name_fault, name_fault
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

ARTIFACTS_DIRECTORY = Path(HOME, "artifacts")
OBJECT_LIST_FILE, OBJECTS_DIRECTORY, REFERENCES_FILE = "object_list.yaml", "objects", "references.json"
KIND = "Artifact"
LATEST = "latest"
CHECKPOINT = "checkpoint"  # the type of those that a trial keeps of its training
_VERSION = re.compile("v?([0-9]+)")
_VERSION_DIGITS = 9
MAX_ALIAS_BYTES = 128
MAX_TYPE_CHARS = 128
MAX_OBJECT_BYTES = 10_000 * (10 << 20)  # 97.65 GiB: 10,000 parts of 10 MiB
REFERENCE_FACTS = "_references"  # the key in an artifact's document
MAX_REFERENCE_FACTS = 1_000  # that a server is told of
MAX_ETAG_CHARS = 256
_DIGEST = re.compile("[0-9a-f]{64}")
FILES_SUFFIX = ".files"  # of a directory with the files of an artifact that is being made


def key_fault(key: str) -> str | None:
    """Return why a text cannot be the key of an object, or None. A key is a relative path of names."""
    return "the list of references has that name" if key == REFERENCES_FILE else path_fault(key)


def checked_key(key: str) -> str:
    """Return the key of an object.

    Raises:
        UsageError: It cannot be one.
    """
    fault = key_fault(key)
    if fault:
        raise UsageError(
            message=said("key {key!r} cannot be used: {fault}", key=key, fault=said(fault)),
            hint="A key is a relative path, such as model.pt or images/0001.png",
        )
    return key


def checked_repo(name: str) -> str:
    """Return the name of a repo, which is also that of a directory.

    Raises:
        InvalidRepoNameError: It cannot be one.
    """
    fault = "it begins with '.'" if name.startswith(".") else directory_name_fault(name)
    if fault:
        raise InvalidRepoNameError(name=name, reason=fault)
    return name


def checked_alias(alias: object) -> str:
    """Return a name that an artifact may have besides its version.

    Raises:
        UsageError: It cannot be part of a reference.
    """
    fault = "it is not text" if not isinstance(alias, str) else own_alias_fault(alias)
    if fault:
        raise UsageError(
            message=said("alias {alias!r} cannot be used: {fault}", alias=alias, fault=said(fault)),
            hint="For example: best, production",
        )
    assert isinstance(alias, str)
    return alias


def names_version(alias: str) -> bool:
    """Tell whether an alias would hide a version, such as `v7` or the `7` of deployed servers, or `latest`."""
    return alias == LATEST or _VERSION.fullmatch(alias) is not None


def version_number(tag: str) -> int | None:
    """Return the number in a tag that names a version, None if it is something else, or larger than any version."""
    match = _VERSION.fullmatch(tag)
    return int(match[1]) if match and len(match[1]) <= _VERSION_DIGITS else None


def own_alias_fault(alias: str) -> str | None:
    """Return why a text cannot be an alias that a person gives, or None: it must not hide a version, or `latest`."""
    return "it names a version" if names_version(alias) else alias_fault(alias)


def alias_fault(alias: str) -> str | None:
    """Return why a text cannot be an alias, or None."""
    if any(character in alias for character in ":/") or alias != alias.strip():
        return "it contains ':' or '/', or begins or ends with a space"
    return name_fault(alias, MAX_ALIAS_BYTES)


def new_artifact(
    directory: Path,
    repo: str,
    artifact_type: str,
    document: dict[str, Any],
    objects: Iterable[StoredObject] = (),
    references: Mapping[str, str] | None = None,
    files: Path | None = None,
) -> Path:
    """Create the directory of an artifact, and its repo if that is new, and return its path.

    Args:
        directory: The directory that holds `.aimd`.
        repo: The name of the repo, which is the artifact's name.
        artifact_type: Its type.
        document: The content of `metadata.yaml`, with an id.
        objects: What the list of objects begins with.
        references: URIs by key.
        files: A directory next to it with its objects' files, which is moved into it.

    Raises:
        InvalidRepoNameError: The repo's name cannot be a directory name.
        UsageError: The repo has artifacts of another type.
        FileExistsError: There is an artifact with that id.
        OSError: The disk refused.
    """
    home = directory / ARTIFACTS_DIRECTORY / checked_repo(repo)
    home.mkdir(parents=True, exist_ok=True)
    artifact_id = artifact_id_of(document)
    with locked(home):
        entries = _joined_repo(home, repo, artifact_type)
        path, partial = home / artifact_id, home / f".{artifact_id}{PARTIAL}"
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        _remove_abandoned(home)
        partial.mkdir()
        if files is None:
            (partial / OBJECTS_DIRECTORY).mkdir()
        else:
            os.rename(files, partial / OBJECTS_DIRECTORY)
        write_mapping(partial / METADATA_FILE, document)
        rows = list(objects)
        if rows:
            replace_file(partial / OBJECT_LIST_FILE, b"".join(map(_rendered, rows)))
        if references:
            replace_file(partial / OBJECTS_DIRECTORY / REFERENCES_FILE, render_references(references))
        os.rename(partial, path)
        listed = [entry for entry in entries["artifacts"] if not isinstance(entry, dict) or entry["id"] != artifact_id]
        created, description = document.get("creatingTimestamp"), document.get("description")
        listed.append({"id": artifact_id, "timestamp": created, "description": description})
        write_mapping(home / METADATA_FILE, {**entries, "artifacts": listed})
    return path


def _remove_abandoned(home: Path) -> None:
    """Remove what killed processes have left behind in a repo."""
    before_s = time.time() - ABANDONED_S
    for entry in home.iterdir():
        if entry.name.startswith(".") and entry.name.endswith((PARTIAL, FILES_SUFFIX)) and entry.is_dir():
            try:
                newest_s = max((path.lstat().st_mtime for path in entry.rglob("*")), default=entry.lstat().st_mtime)
            except OSError:
                continue
            if newest_s < before_s:
                shutil.rmtree(entry, ignore_errors=True)


def forget_artifact(path: Path) -> None:
    """Remove an artifact from the disk: it disappears whole, and its repo no longer lists it.

    Raises:
        OSError: The disk refused.
    """
    home = path.parent
    with locked(home):
        hidden = home / f".{path.name}{PARTIAL}"
        shutil.rmtree(hidden, ignore_errors=True)
        os.rename(path, hidden)
        try:
            entries = read_repo(home)
            listed = [entry for entry in entries["artifacts"] if entry["id"] != path.name]
            if listed != entries["artifacts"]:
                write_mapping(home / METADATA_FILE, {**entries, "artifacts": listed})
        except (FileNotFoundError, DamagedError):
            pass  # the list is for other programs; the directory decides
    shutil.rmtree(hidden, ignore_errors=True)


def _joined_repo(home: Path, repo: str, artifact_type: str) -> dict[str, Any]:
    """Return the file of a repo that may have artifacts of a type; create it if it is missing."""
    try:
        entries = read_repo(home)
    except FileNotFoundError:
        entries = {"name": repo, "type": artifact_type, "artifacts": []}
        write_mapping(home / METADATA_FILE, entries)
    if entries["type"] != artifact_type:
        raise UsageError(
            message=said(
                "the artifacts named {name!r} have the type {there!r}, not {artifact_type!r}",
                name=repo,
                there=entries["type"],
                artifact_type=artifact_type,
            ),
            hint="Use that type, or another name",
        )
    return entries


def read_repo(home: Path) -> dict[str, Any]:
    """Return the file of a repo: `name`, `type`, and `artifacts`, a list of `{id, timestamp, description}`.

    Raises:
        FileNotFoundError: It has none.
        DamagedError: It cannot be read.
    """
    document = read_mapping(home / METADATA_FILE)
    listed = document.get("artifacts")
    entries = [row for row in listed if isinstance(row, dict) and "id" in row] if isinstance(listed, list) else []
    name, artifact_type = document.get("name"), document.get("type")
    return {**document, "name": str(name or home.name), "type": str(artifact_type or ""), "artifacts": entries}


def artifact_document(
    artifact_id: str, description: str, aliases: list[str], created: str | None, **others: object
) -> dict[str, Any]:
    """Return the content of `metadata.yaml` of an artifact that no server has yet.

    Args:
        artifact_id: A UUID.
        description: Possibly empty.
        aliases: Its own names besides the version.
        created: When it was created, ISO 8601.
        **others: More members.
    """
    return {
        "kind": KIND,
        "metadata": {"folder": None, "name": "", "editor": None, "id": artifact_id, "timestamp": None},
        "description": description,
        "commit": None,
        "version": None,
        "aliases": aliases,
        "creatingTimestamp": created,
        **others,
    }


def copy_at(host: str, path: str, version: object) -> dict[str, object]:
    """Return the entry of a server in an artifact's `_remote`.

    Args:
        host: The server's address.
        path: The path of the repo there.
        version: The version there.
    """
    return {"host": host, "path": path, "version": version}


def copies_in(document: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the servers that have an artifact, as its document says: `{host, path, version}` each."""
    listed = document.get("_remote")
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


def artifact_id_of(document: dict[str, Any]) -> str:
    """Return the id in an artifact's document, or an empty text if it has none."""
    inner = document.get("metadata")
    artifact_id = inner.get("id") if isinstance(inner, dict) else None
    return artifact_id if isinstance(artifact_id, str) else ""


def artifact_names(directory: Path) -> list[Path]:
    """Return the directories of the artifacts in a directory, without reading them, in the order of their names.

    Args:
        directory: A directory that holds `.aimd/artifacts`, that holds repos, or the directory of one repo.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: It cannot be listed.
    """
    nested = directory / ARTIFACTS_DIRECTORY
    parent = nested if nested.is_dir() else directory
    own = _artifacts_of(parent)
    if own:
        return own
    repos = sorted(entry for entry in parent.iterdir() if not entry.name.startswith(".") and entry.is_dir())
    return [path for repo in repos for path in _artifacts_of(repo, is_repo=True)]


def _artifacts_of(home: Path, is_repo: bool = False) -> list[Path]:
    """Return the artifacts of a repo, none for a directory that is not one."""
    if not is_repo and not (home / METADATA_FILE).exists():
        return []
    try:
        entries = sorted(entry for entry in home.iterdir() if not entry.name.startswith("."))
    except PermissionError:
        return []
    return [entry for entry in entries if is_artifact_directory(entry)]


def is_artifact_directory(path: Path) -> bool:
    """Tell whether a path is an artifact's directory."""
    return (path / OBJECTS_DIRECTORY).is_dir() or (path / OBJECT_LIST_FILE).is_file()


def change_artifact(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Change an artifact's document under its lock, and return it.

    Raises:
        FileNotFoundError, DamagedError: It cannot be read, so it is not replaced.
        OSError: The disk refused.
    """
    with locked(path):
        before = read_mapping(path / METADATA_FILE)
        after = change(before)
        if after != before:
            write_mapping(path / METADATA_FILE, after)
    return after


def object_path(path: Path, key: str) -> Path:
    """Return the file of an object.

    Raises:
        DamagedError: The key would lead out of the artifact's directory.
    """
    fault = key_fault(key)
    if fault and key != REFERENCES_FILE:
        raise DamagedError(path=path / OBJECT_LIST_FILE, reason=said("has the key {key!r}", key=key))
    return path / OBJECTS_DIRECTORY / key


@contextmanager
def listing(path: Path, before: Listing | None = None) -> Iterator[Listing]:
    """Let one writer at a time add objects to an artifact: what was added is listed when the block ends.

    Args:
        path: The artifact's directory.
        before: What an earlier block had, so that the list is read again only if others have changed it.

    Raises:
        DamagedError: The list cannot be read, so nothing can be added.
        OSError: The disk refused.
    """
    with locked(path):
        target = path / OBJECT_LIST_FILE
        if before is not None and before.signature == _signature(target):
            added = before
        else:
            added = Listing(*_read_list(path))
        try:
            yield added
        finally:
            added.signature = None
            if added.added:
                _write_added(path, added)
                added.added.clear()
                added.can_grow = True
            added.signature = _signature(target)


class Listing:
    """The objects of an artifact while some are added."""

    def __init__(self, before: list[StoredObject], can_grow: bool = False) -> None:
        """Begin with what is listed; `can_grow`: whether lines can be appended to the file."""
        self.rows = {row.key: row for row in before}
        self._folders = {folder for key in self.rows for folder in folders_of(key)}
        self.added: list[StoredObject] = []
        self.signature: tuple[int, int, int] | None = None
        self.can_grow = can_grow

    def check(self, key: str) -> str:
        """Return a key for which there is room: no object has the name of a directory of others.

        Raises:
            UsageError: There is none, or it cannot be a key.
        """
        checked_key(key)
        if key in self._folders or any(folder in self.rows for folder in folders_of(key)):
            raise UsageError(
                message=said("key {key!r} cannot be both an object and a directory of others", key=key),
                hint="Choose another key",
            )
        return key

    def add(self, row: StoredObject) -> None:
        """Add an object, or replace the one of that key."""
        before = self.rows.get(row.key)
        if before == row:
            return
        self.can_grow = self.can_grow and before is None
        self.rows[row.key] = row
        self._folders.update(folders_of(row.key))
        self.added.append(row)


def _signature(path: Path) -> tuple[int, int, int]:
    """Return what changes with a list that grows or is replaced."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns


def _write_added(path: Path, added: Listing) -> None:
    """Append what was added in one write, or replace the list if that is not possible."""
    target = path / OBJECT_LIST_FILE
    if not added.can_grow:
        replace_file(target, b"".join(map(_rendered, added.rows.values())))
        return
    content = b"".join(map(_rendered, added.added))
    descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        whole = os.write(descriptor, content) == len(content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not whole:  # the disk was nearly full
        replace_file(target, b"".join(map(_rendered, added.rows.values())))


def _rendered(row: StoredObject) -> bytes:
    """Return the lines of an object in the list."""
    members: dict[str, object] = {"key": row.key, "size": row.size_bytes}
    if row.digest is not None:
        members["digest"] = row.digest
    lines = render_mapping(members).splitlines(keepends=True)
    return b"- " + b"  ".join(lines)


def read_objects(path: Path) -> list[StoredObject]:
    """Return the objects of an artifact, each once, in the order of the list.

    A last entry that a full disk or a power cut has left incomplete does not count.

    Raises:
        DamagedError: The list cannot be read.
    """
    return _read_list(path)[0]


def _read_list(path: Path) -> tuple[list[StoredObject], bool]:
    """Return the objects of an artifact, and whether lines can be appended to the list."""
    origin = path / OBJECT_LIST_FILE
    try:
        text = read_document(origin)
    except FileNotFoundError:
        return [], True
    is_block = text.startswith(b"- ")
    last = text.rfind(b"\n-") + 1  # where the last entry begins
    if text.endswith(b"\n") or not is_block:
        try:
            return _rows_of(text, origin), is_block
        except DamagedError:
            if not is_block or not last:
                raise
    return _rows_of(text[:last], origin), False


def _rows_of(text: bytes, origin: Path) -> list[StoredObject]:
    by_key: dict[str, StoredObject] = {}
    for row in parse_rows(text, origin):
        key, size_bytes, digest = row.get("key"), row.get("size"), row.get("digest")
        if not isinstance(key, str) or type(size_bytes) is not int or size_bytes < 0:
            raise DamagedError(path=origin, reason="has an entry without key and size")
        by_key[key] = StoredObject(key, size_bytes, digest if isinstance(digest, str) else None)
    return list(by_key.values())


def read_references(path: Path) -> dict[str, str]:
    """Return the references of an artifact: URIs by key.

    Raises:
        DamagedError: They cannot be read.
    """
    origin = path / OBJECTS_DIRECTORY / REFERENCES_FILE
    try:
        text = read_document(origin)
    except FileNotFoundError:
        return {}
    return parse_references(text, origin)


def parse_references(text: bytes, origin: str | Path) -> dict[str, str]:
    """Return the references in a JSON document.

    Raises:
        DamagedError: It is something else.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not all(isinstance(uri, str) for uri in document.values()):
        raise DamagedError(path=origin, reason="is not a JSON object of URIs by key")
    return document


def render_references(references: Mapping[str, str]) -> bytes:
    """Return references as JSON."""
    return json.dumps(references, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def add_reference(path: Path, key: str, uri: str, facts: ReferenceFacts | None = None) -> None:
    """Add a reference to an artifact, or replace the one of that key, with what is known of what it leads to.

    Raises:
        UsageError: An object has that key, or it cannot be one.
        DamagedError: The references cannot be read, so they are not replaced.
        OSError: The disk refused.
    """
    with locked(path):
        added = Listing(read_objects(path))
        if key in added.rows:
            raise UsageError(message=said("key {key!r} is that of an object", key=key), hint="Choose another key")
        references = {**read_references(path), added.check(key): uri}
        replace_file(path / OBJECTS_DIRECTORY / REFERENCES_FILE, render_references(references))
    before = reference_facts_in(read_mapping(path / METADATA_FILE))
    after = {**{name: recorded for name, recorded in before.items() if name != key}, **({key: facts} if facts else {})}
    if after != before:
        told = {name: recorded.document() for name, recorded in after.items()}
        change_artifact(path, lambda document: {**document, REFERENCE_FACTS: told})


def reference_facts_in(document: Mapping[str, object]) -> dict[str, ReferenceFacts]:
    """Return what an artifact's document says of what its references lead to, by key; what is malformed is left out."""
    listed = document.get(REFERENCE_FACTS)
    facts: dict[str, ReferenceFacts] = {}
    for key, row in listed.items() if isinstance(listed, dict) else ():
        if not isinstance(row, dict):
            continue
        size, digest, etag = (row.get(name) for name in ("size", "digest", "etag"))
        recorded = ReferenceFacts(
            size if type(size) is int and size >= 0 else None,
            digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else None,
            etag if isinstance(etag, str) and 0 < len(etag) <= MAX_ETAG_CHARS else None,
        )
        if recorded.document():
            facts[str(key)] = recorded
    return facts


def references_object(path: Path) -> Path | None:
    """Return the file of the references, which is uploaded as an object of that key, or None without references."""
    target = path / OBJECTS_DIRECTORY / REFERENCES_FILE
    return target if target.is_file() else None
