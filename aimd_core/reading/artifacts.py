"""Finds artifacts on disk and reads their documents, and decides which of them a path, an id or a name means.

A damaged artifact is still listed, with what is wrong, and never hides the others.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from aimd_core.errors import ArtifactNotFoundError, DamagedError, NoArtifactsError, UsageError
from aimd_core.format.artifacts import (
    ARTIFACTS_DIRECTORY,
    KIND,
    LATEST,
    OBJECT_LIST_FILE,
    REFERENCES_FILE,
    artifact_id_of,
    artifact_names,
    copies_in,
    forget_artifact,
    is_artifact_directory,
    object_path,
    read_objects,
    read_references,
    read_repo,
    reference_facts_in,
    version_number,
)
from aimd_core.format.documents import read_mapping
from aimd_core.format.layout import METADATA_FILE, working_directory_of
from aimd_core.format.values import MIN_ID_CHARS
from aimd_core.format.wording import short_id
from aimd_core.language import joined, said
from aimd_core.objects.lending import take_back
from aimd_core.objects.store import store_of
from aimd_core.reading.artifact_facts import ArtifactFacts
from aimd_core.reading.facts import written_time

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimd_core.format.model import ReferenceFacts, StoredObject

T = TypeVar("T")
HEX_DIGITS = frozenset("0123456789abcdef")
SHOWN_CANDIDATES = 8


class StoredArtifact:
    """An artifact's directory, read lazily; every attribute is read once and cached.

    Attributes:
        path: The directory.
        damage: What is wrong with its documents, one sentence each.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[str] = []
        self._document: dict[str, object] | None = None
        self._repo: dict[str, object] | None = None
        self._objects: list[StoredObject] | None = None
        self._references: dict[str, str] | None = None

    @property
    def document(self) -> dict[str, object]:
        """The content of `metadata.yaml`, empty if it cannot be read."""
        if self._document is None:
            self._document = self._read(METADATA_FILE, lambda: read_mapping(self.path / METADATA_FILE)) or {}
            if not self.damage and not artifact_id_of(self._document):
                self.damage.append(said("{file}: {reason}", file=METADATA_FILE, reason="has no id"))
        return self._document

    @property
    def objects(self) -> list[StoredObject]:
        """Its objects, without references; empty if the list cannot be read."""
        if self._objects is None:
            self._objects = self._read(OBJECT_LIST_FILE, lambda: read_objects(self.path)) or []
        return self._objects

    @property
    def references(self) -> dict[str, str]:
        """Its references, URIs by key; empty if they cannot be read."""
        if self._references is None:
            self._references = self._read(REFERENCES_FILE, lambda: read_references(self.path)) or {}
        return self._references

    @property
    def reference_facts(self) -> dict[str, ReferenceFacts]:
        """What is known of what its references lead to, by key."""
        return reference_facts_in(self.document)

    def _read(self, file: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except FileNotFoundError:
            self.damage.append(said("{file} is missing", file=file))
        except DamagedError as error:
            self.damage.append(said("{file}: {reason}", file=file, reason=said(error.reason)))
        except OSError as error:
            self.damage.append(said("{file}: {reason}", file=file, reason=error.strerror or str(error)))
        return None

    def read(self) -> StoredArtifact:
        """Return itself with everything read, so that `damage` is complete."""
        assert self.document is not None
        assert self.objects is not None
        assert self.references is not None
        for row in self.objects:
            try:
                object_path(self.path, row.key)
            except DamagedError as error:
                self.damage.append(said("{file}: {reason}", file=OBJECT_LIST_FILE, reason=said(error.reason)))
        return self

    def require_whole(self) -> StoredArtifact:
        """Return itself.

        Raises:
            DamagedError: One of its documents cannot be read.
        """
        self.read()
        if self.damage:
            reason = joined("; ", [said(sentence) for sentence in self.damage])
            raise DamagedError(path=self.path, reason=reason, hint="Other artifacts are not affected")
        return self

    def _inner(self, key: str) -> str | None:
        inner = self.document.get("metadata")
        value = inner.get(key) if isinstance(inner, dict) else None
        return value if isinstance(value, str) else None

    @property
    def id(self) -> str:
        """The artifact's UUID, that of its directory if its document has none."""
        return artifact_id_of(self.document) or self.path.name

    @property
    def repo(self) -> dict[str, object]:
        """The repo: `name` and `type`."""
        if self._repo is None:
            home = self.path.parent
            whole = self._read(f"../{METADATA_FILE}", lambda: read_repo(home)) or {"name": home.name, "type": ""}
            self._repo = {"name": whole["name"], "type": whole["type"]}
        return self._repo

    @property
    def name(self) -> str:
        """The name of its repo."""
        return str(self.repo["name"])

    @property
    def type(self) -> str:
        """The type of its repo."""
        return str(self.repo["type"])

    @property
    def description(self) -> str:
        """The description, possibly empty."""
        description = self.document.get("description")
        return description if isinstance(description, str) else ""

    @property
    def commit(self) -> str | None:
        """The commit that the server gave it, None until it was uploaded."""
        return self._text("commit")

    @property
    def version(self) -> str | None:
        """The version that the server gave it, None until it was uploaded."""
        return self._text("version")

    def _text(self, key: str) -> str | None:
        value = self.document.get(key)
        return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" else None

    @property
    def label(self) -> str:
        """Its name with the version, or with the beginning of the id until it has one."""
        return f"{self.name}:{self.version or short_id(self.id)}"

    @property
    def aliases(self) -> list[str]:
        """Its own names beside the version, such as `best`."""
        aliases = self.document.get("aliases")
        return [str(alias) for alias in aliases if alias is not None] if isinstance(aliases, list) else []

    @property
    def created(self) -> str | None:
        """When it was created, ISO 8601, or None."""
        return written_time(self.document.get("creatingTimestamp"))

    @property
    def editor(self) -> str | None:
        """Who uploaded it, None until then."""
        return self._inner("editor")

    @property
    def folder(self) -> str | None:
        """The id of the repo's folder on the server, None until it was uploaded."""
        return self._inner("folder")

    @property
    def remote(self) -> list[dict[str, object]]:
        """The servers that have it: `{host, path, version}` each."""
        return copies_in(self.document)

    @property
    def is_open(self) -> bool:
        """Whether it was never uploaded, so that it may still change."""
        return not self.remote and self.commit is None

    @property
    def size_bytes(self) -> int:
        """The size of all objects."""
        return sum(row.size_bytes for row in self.objects)

    def facts(self) -> ArtifactFacts:
        """Return everything that is shown of it."""
        self.read()
        return ArtifactFacts(
            self.name,
            self.type,
            self.id,
            self.description,
            self.commit,
            self.version,
            self.aliases,
            self.created,
            self.editor,
            str(self.path.absolute()),
            self.objects,
            self.references,
            self.remote,
            self.size_bytes,
            len(self.objects),
            list(dict.fromkeys(self.damage)),
            self.reference_facts,
        )

    def missing(self) -> list[StoredObject]:
        """Return the objects whose file is not here or has another size."""
        return [row for row in self.objects if _size_of(object_path(self.path, row.key)) != row.size_bytes]


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def remove_artifact(artifact: StoredArtifact) -> None:
    """Remove an artifact from the disk, and of its bytes what only a checkpoint has.

    Raises:
        OSError: The disk refused.
    """
    digests = {row.digest for row in artifact.objects if row.digest is not None}
    forget_artifact(artifact.path)
    take_back(store_of(artifact.path), digests)


def artifacts_beside(trial: Path, ids: set[str]) -> list[StoredArtifact]:
    """Return those of some artifacts that are in the working directory of a trial, in no order."""
    home = working_directory_of(trial) / ARTIFACTS_DIRECTORY
    if not ids or not home.is_dir():
        return []
    return [StoredArtifact(path) for path in _names_in(home) if path.name in ids]


def find_artifacts(directory: Path) -> list[StoredArtifact]:
    """Return the artifacts of a directory, by name, the newest of each first.

    Args:
        directory: A directory that holds `.aimd/artifacts`, that holds repos, or the directory of one repo.

    Raises:
        NoArtifactsError: It has none, or cannot be listed.
    """
    try:
        artifacts = [StoredArtifact(path) for path in artifact_names(directory)]
    except OSError as error:
        raise NoArtifactsError(where=f"{directory.absolute()} ({error.strerror})") from error
    if not artifacts:
        raise NoArtifactsError(where=directory.absolute())
    artifacts.sort(key=lambda artifact: artifact.created or "", reverse=True)
    artifacts.sort(key=lambda artifact: artifact.name)
    return artifacts


def artifact_at(path: Path) -> StoredArtifact:
    """Return the artifact with a directory.

    Raises:
        ArtifactNotFoundError: It is not an artifact's directory.
    """
    path = Path(os.path.abspath(path))
    if not _is_artifact(path):
        raise ArtifactNotFoundError(name=path.name, where=path.parent)
    return StoredArtifact(path)


def _is_artifact(path: Path) -> bool:
    """Tell whether a directory is an artifact's, by its document, or, if that is lost, by being in a repo.

    It is not enough that it has a `metadata.yaml` or `objects/`, as trials, repos and `.aimd` have.
    """
    try:
        return read_mapping(path / METADATA_FILE).get("kind") == KIND
    except (DamagedError, OSError):
        return is_artifact_directory(path) and (path.parent / METADATA_FILE).is_file()


def artifact_with_id(artifact_id: str, directory: Path) -> StoredArtifact:
    """Return the artifact of a directory with an id, or the only one whose id begins like that.

    Raises:
        ArtifactNotFoundError: There is none, or there are several.
    """
    matching = [path for path in _names_in(directory) if path.name == artifact_id]
    if not matching and len(artifact_id) >= MIN_ID_CHARS:
        matching = [path for path in _names_in(directory) if path.name.startswith(artifact_id)]
    if len(matching) != 1:
        raise ArtifactNotFoundError(name=artifact_id, where=directory.absolute())
    return StoredArtifact(matching[0])


def oldest_first(artifacts: Sequence[StoredArtifact]) -> list[StoredArtifact]:
    """Return artifacts in the order in which uploads send them, so that a later one gets a later version."""
    return sorted(artifacts, key=lambda artifact: artifact.created or "")


def artifacts_of_repo(home: Path) -> list[StoredArtifact]:
    """Return the artifacts of a repo, the newest first.

    Raises:
        ArtifactNotFoundError: It is not the directory of a repo.
    """
    if not (home / METADATA_FILE).is_file():
        raise ArtifactNotFoundError(name=home.name, where=home.absolute().parent)
    return find_artifacts(home)


def artifact_named(reference: str, directory: Path) -> StoredArtifact:
    """Return the artifact of a directory that `NAME[:TAG]` means: a version or an alias, by default the newest one.

    Raises:
        ArtifactNotFoundError: There is none.
        UsageError: Several names begin like that, and none is it.
    """
    name, _, tag = reference.partition(":")
    if tag and (repo_named(reference, directory) / METADATA_FILE).is_file():  # a name that has a colon itself
        name, tag = reference, ""
    home = _repo_meant(name, directory)
    if not (home / METADATA_FILE).is_file():
        raise ArtifactNotFoundError(name=reference, where=directory.absolute())
    try:
        artifacts = find_artifacts(home)
    except NoArtifactsError:  # all of that name were removed
        raise ArtifactNotFoundError(name=reference, where=directory.absolute()) from None
    if tag in ("", LATEST):
        return artifacts[0]
    number = version_number(tag)
    for artifact in artifacts:
        if tag == artifact.version or (number is not None and number == version_number(artifact.version or "")):
            return artifact
    for artifact in artifacts:
        if tag in artifact.aliases:
            return artifact
    raise ArtifactNotFoundError(name=reference, where=directory.absolute())


def _repo_meant(name: str, directory: Path) -> Path:
    """Return the directory of the repo with a name, or of the only one whose name begins like that."""
    home = repo_named(name, directory)
    if not name or (home / METADATA_FILE).is_file():
        return home
    homes = {path.parent for path in _names_in(directory / ARTIFACTS_DIRECTORY) if path.parent.name.startswith(name)}
    require_one(name, [path.name for path in homes])
    return next(iter(homes), home)


def require_one(name: str, candidates: Sequence[str]) -> None:
    """Refuse a name that several artifacts begin with.

    Raises:
        UsageError: There are several candidates.
    """
    if len(candidates) > 1:
        listed = ", ".join(sorted(candidates)[:SHOWN_CANDIDATES])
        raise UsageError(
            message=said("{name!r} means several artifacts: {paths}", name=name, paths=listed),
            hint="Type more of the name, or the beginning of an id, as aimd artifact ls shows it",
        )


def repo_named(name: str, directory: Path) -> Path:
    """Return the directory of the repo with a name, in a directory that holds `.aimd/artifacts`."""
    return directory / ARTIFACTS_DIRECTORY / name


def _names_in(directory: Path) -> list[Path]:
    try:
        return artifact_names(directory)
    except OSError:
        return []


def select_artifacts(
    paths: Sequence[Path],
    ids: Sequence[str],
    repo_paths: Sequence[Path],
    repo_names: Sequence[str],
    directory: Path,
) -> list[StoredArtifact]:
    """Return the selected artifacts, each once, in the order named.

    Args:
        paths: Directories of artifacts.
        ids: Ids, or unique prefixes of them, looked up in `directory`.
        repo_paths: Directories of repos, each meaning all its artifacts.
        repo_names: Names of repos of `directory`, likewise.
        directory: A directory that holds `.aimd/artifacts`.

    Raises:
        ArtifactNotFoundError, NoArtifactsError: As above.
    """
    selected = [artifact_at(path) for path in paths]
    selected += [artifact_with_id(artifact_id, directory) for artifact_id in ids]
    for home in [*repo_paths, *(repo_named(name, directory) for name in repo_names)]:
        selected += artifacts_of_repo(home)
    return list({artifact.path.absolute(): artifact for artifact in selected}.values())


def artifact_meant(word: str, directory: Path) -> StoredArtifact:
    """Return the artifact that a word means: a path if it has a slash, else an id, `NAME[:TAG]`, or a commit.

    Ids, names and commits may be given by their unique beginning.

    Raises:
        ArtifactNotFoundError: There is none, or there are several with that id.
        UsageError: Several names begin like that.
    """
    if "/" in word:
        return artifact_at(Path(word))
    try:
        return artifact_with_id(word, directory)
    except ArtifactNotFoundError:
        pass
    try:
        return artifact_named(word, directory)
    except ArtifactNotFoundError:
        committed = _with_commit(word, directory)
        if committed is None:
            raise
        return committed


def _with_commit(text: str, directory: Path) -> StoredArtifact | None:
    """Return the only artifact of a directory whose commit begins like a text, as lists show it."""
    if len(text) < MIN_ID_CHARS or not HEX_DIGITS.issuperset(text):
        return None
    stored = [StoredArtifact(path) for path in _names_in(directory)]
    matching = [artifact for artifact in stored if (artifact.commit or "").startswith(text)]
    return matching[0] if len(matching) == 1 else None
