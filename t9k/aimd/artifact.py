"""An artifact: files and references under one id, such as a model or a data set. Once it is uploaded, it is final.

It is a directory of plain files, `.aimd/artifacts/<name>/<id>/`, and works without a network. What `add_file` returned
from is there whole, also after a kill.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from aimd_core.errors import AimdError, ArtifactNotFoundError, ArtifactStateError, DamagedError, DiskError, UsageError
from aimd_core.format.artifacts import (
    LATEST,
    MAX_OBJECT_BYTES,
    MAX_TYPE_CHARS,
    Listing,
    add_reference,
    artifact_document,
    checked_alias,
    checked_key,
    listing,
    new_artifact,
    object_path,
)
from aimd_core.format.layout import HOME, default_directory, expanded
from aimd_core.format.model import StoredObject
from aimd_core.language import said, translated
from aimd_core.objects.adding import Adding
from aimd_core.objects.store import store_of
from aimd_core.objects.tree import read_tree
from aimd_core.reading.artifacts import StoredArtifact, artifact_at, artifact_with_id
from t9k.aimd.stamps import new_id, timestamp
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_NAMED = 10  # how many files that were left out are named
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LeftOut = tuple[Path, str]


class Artifact:
    """An artifact. Use `aimd.create_artifact` to create one, and `aimd.grab_artifact` to get an existing one."""

    def __init__(self, path: Path) -> None:
        """Open an artifact's directory.

        Args:
            path: The directory; its documents exist.
        """
        self._path = path
        self._listed: Listing | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Pickle an artifact: its directory only."""
        return {"_path": self._path, "_listed": None}

    @property
    def _stored(self) -> StoredArtifact:
        return StoredArtifact(self._path)

    @property
    def id(self) -> str:
        """The artifact's UUID, the same on disk and on every server."""
        return self._stored.id

    @property
    def path(self) -> Path:
        """The artifact's directory."""
        return self._path

    @property
    def name(self) -> str:
        """The artifact's name, which is that of its repo."""
        return self._stored.name

    @property
    def repo(self) -> dict[str, object]:
        """The repo, in which all artifacts of a name are: `{"name": ..., "type": ...}`."""
        return self._stored.repo

    @property
    def description(self) -> str:
        """The description, possibly empty."""
        return self._stored.description

    @property
    def commit(self) -> str | None:
        """The commit that the server gave it, None until it is uploaded."""
        return self._stored.commit

    @property
    def version(self) -> str | None:
        """The version that the server gave it, None until it is uploaded."""
        return self._stored.version

    @property
    def aliases(self) -> list[str]:
        """Its own names besides the version, such as `best`."""
        return self._stored.aliases

    @property
    def objects(self) -> list[dict[str, object]]:
        """The objects: `{"key": ..., "size": ...}` each, the size in bytes."""
        return [{"key": row.key, "size": row.size_bytes} for row in self._stored.require_whole().objects]

    @property
    def references(self) -> dict[str, str]:
        """The references: URIs by key."""
        return dict(self._stored.require_whole().references)

    @property
    def remote(self) -> list[dict[str, object]]:
        """The servers that have it: `{"host": ..., "path": ..., "version": ...}` each."""
        return self._stored.remote

    @property
    def is_open(self) -> bool:
        """Whether it was never uploaded, so that objects can be added."""
        return self._stored.is_open

    def local_path(self, key: str | None = None) -> str | None:
        """Return the path of the artifact's directory, or of an object's file; None for a key that it does not have.

        The file may be missing until `download` was called.
        """
        if key is None:
            return str(self._path)
        rows = self._stored.require_whole().objects
        return str(object_path(self._path, key)) if any(row.key == key for row in rows) else None

    def add_file(
        self, file_path: str | os.PathLike[str], key: str | None = None, *, obj_path: str | None = None
    ) -> None:
        """Add a copy of a file, or replace the object of that key.

        Args:
            file_path: The file.
            key: Its key, by default its name. One that ends with `/` is a directory to put it in.
            obj_path: Another name of `key`.

        Raises:
            ArtifactStateError: The artifact was uploaded; also a RuntimeError.
            UsageError: The key cannot be used, or the file is too large.
            DamagedError: It is not a regular file, or was changed while it was read.
            DiskError: It cannot be read, or the disk refused.
        """
        self._require_open()
        source = expanded(file_path)
        name = _key_below(key if key is not None else obj_path, source.name, is_file=True)
        try:
            with listing(self._path, self._listed) as self._listed:
                self._listed.check(name)
        except OSError as error:
            raise _refused(self._path, error) from error
        faults = self._take([(name, source)])
        if faults:
            raise _explained(source, faults[0][1])

    def add_dir(
        self, dir_path: str | os.PathLike[str], key: str | None = None, *, follow_links: bool = False
    ) -> list[tuple[str, str]]:
        """Add copies of all files of a directory. What cannot be read is named on stderr and left out.

        Args:
            dir_path: The directory.
            key: The key of the directory, by default its name. One that ends with `/` is a directory to put it in.
            follow_links: Whether links to files outside of the directory are followed; those to directories never are.

        Returns:
            What was left out: path and reason.

        Raises:
            ArtifactStateError: The artifact was uploaded; also a RuntimeError.
            UsageError: The key cannot be used.
            DiskError: The directory cannot be read, or the disk is full.
        """
        self._require_open()
        top = expanded(dir_path)
        if not top.is_dir():
            raise DiskError(path=top, reason="is not a directory" if top.exists() else "is not there")
        prefix = checked_key(_key_below(key, Path(os.path.abspath(top)).name, is_file=False))
        items, left_out = self._checked(top, prefix, follow_links)
        left_out += [(path, error.sentence) for path, error in self._take(items)]
        for path, reason in left_out[:_NAMED]:
            tell(said("WARNING: {path} was left out: {reason}", path=path, reason=said(reason)))
        if len(left_out) > _NAMED:
            tell(said("WARNING: {count} files of {path} were left out", count=len(left_out), path=top))
        return [(str(path), translated(reason)) for path, reason in left_out]

    def _checked(self, top: Path, prefix: str, follow_links: bool) -> tuple[list[tuple[str, Path]], list[_LeftOut]]:
        """Return the files of a directory with their keys, and those that cannot be added."""
        tree = read_tree(top)
        files = [(entry.path, top / entry.path) for entry in tree.entries.values()]
        left_out: list[_LeftOut] = []
        for name, reason in tree.left_out:
            if _is_followed(top, top / name, follow_links):
                files.append((name, top / name))
            else:
                left_out.append((top / name, reason))
        items: list[tuple[str, Path]] = []
        try:
            with listing(self._path, self._listed) as self._listed:
                for name, path in sorted(files):
                    if HOME in name.split("/"):
                        continue
                    try:
                        items.append((self._listed.check(f"{prefix}/{name}"), path))
                    except UsageError as error:
                        left_out.append((path, error.sentence))
        except OSError as error:
            raise _refused(self._path, error) from error
        return items, left_out

    def _take(self, items: Iterable[tuple[str, Path]]) -> list[tuple[Path, DamagedError | DiskError | UsageError]]:
        """Copy files to their keys and list them. Return those that could not be read.

        Raises:
            DiskError: The disk refused.
        """
        rows: list[StoredObject] = []
        faults: list[tuple[Path, DamagedError | DiskError | UsageError]] = []
        try:
            with Adding(store_of(self._path)) as adding:
                for key, source in items:
                    target = object_path(self._path, key)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    try:
                        _require_size(source)
                        stored = adding.take(source, target, follows=True)
                        rows.append(StoredObject(key, stored.size_bytes, stored.digest))
                    except (DamagedError, UsageError) as error:
                        faults.append((source, error))
                    except OSError as error:
                        if error.errno in _FULL:
                            raise
                        faults.append((source, _refused(source, error)))
            with listing(self._path, self._listed) as self._listed:
                for row in rows:
                    self._listed.add(row)
        except OSError as error:
            raise _refused(Path(error.filename or self._path), error) from error
        return faults

    def add_reference(
        self,
        uri: str,
        key: str | None = None,
        *,
        size: int | None = None,
        digest: str | None = None,
        check: bool = False,
    ) -> None:
        """Add a reference to content that stays where it is, such as `s3://bucket/data.tar`.

        What is known of the content is recorded, so that `aimd artifact verify` can tell whether it is still the same.
        A file of a `file://` URI is read for its size and digest. The network is not asked, unless you say so.

        Args:
            uri: Where it is.
            key: Its key, by default the last part of the URI. One that ends with `/` is a directory to put it in.
            size: How many bytes it has.
            digest: Its SHA-256 in hexadecimal.
            check: Ask the server of an `https://` URI for its size and ETag.

        Raises:
            ArtifactStateError: The artifact was uploaded; also a RuntimeError.
            UsageError: The key, the size or the digest cannot be used, or the URI has no scheme.
            NetworkError: With `check`: there was no answer.
            DiskError: The disk refused.
        """
        self._require_open()
        if "://" not in uri:
            raise UsageError(
                message=said("{uri!r} is not a URI", uri=uri), hint="For example: s3://bucket/data.tar, file:///data"
            )
        from t9k.aimd.references import facts_of, has_password

        last = uri.split("://", 1)[1].split("?", 1)[0].rstrip("/").rpartition("/")[2]
        own_key = _key_below(key, last, is_file=True)
        try:
            add_reference(self._path, own_key, uri, facts_of(uri, size, digest, check))
        except OSError as error:
            raise _refused(self._path, error) from error
        if has_password(uri):
            warning = "WARNING: the URI of {key} has a password, which everyone who may see the artifact can read"
            tell(said(warning, key=own_key))

    def _require_open(self) -> None:
        stored = self._stored
        if not stored.is_open:
            raise ArtifactStateError(name=stored.name, artifact_id=stored.id)

    def upload(
        self, folder_id: str | None = None, folder_path: str | None = None, make_folder: bool | None = None
    ) -> dict[str, Any]:
        """Upload the artifact, which is final then. A second call to the same server changes nothing.

        Args:
            folder_id: Overrides `folder_path`; without either it goes to `/default`.
            folder_path: Such as `image_classification/mnist`.
            make_folder: Create a missing folder with its parents.

        Returns:
            The artifact's document, as the server has it.

        Raises:
            AimdError: See its subclasses. What was sent stays, and a second call continues from there.
        """
        from t9k.aimd.artifact_session import upload_directory

        return upload_directory(self._path, folder_id, folder_path, make_folder)

    def download(self) -> None:
        """Bring back the objects that are not here, or have another size, from the server that has them.

        Raises:
            AimdError: See its subclasses. A second call continues.
        """
        from t9k.aimd.artifact_session import download_directory

        download_directory(self._path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Artifact) and other._path == self._path

    def __hash__(self) -> int:
        return hash(self._path)

    def __repr__(self) -> str:
        return f"<Artifact {self.name} {self.id}>"


def create_artifact(
    artifact_name: str | None = None,
    artifact_type: str | None = None,
    description: str = "",
    aliases: list[str] | None = None,
    *,
    dir: str | os.PathLike[str] | None = None,
    name: str | None = None,
    labels: list[str] | None = None,
) -> Artifact:
    """Create an artifact in the working directory.

    Args:
        artifact_name: Its name; all artifacts of a name have the same type.
        artifact_type: Such as `model` or `dataset`.
        description: What it is.
        aliases: More names besides its version, such as `best`.
        dir: The directory that holds `.aimd`, created if missing; that of `AIMD_DIR`, or the working directory, by
            default.
        name: Another word for `artifact_name`, as in `t9k.em`, which has no types: then the type is `artifact`.
        labels: Words that describe it, kept as they are, as in `t9k.em`.

    Raises:
        InvalidRepoNameError: The name cannot be a directory name.
        UsageError: The name belongs to artifacts of another type, or an alias cannot be used.
        DiskError: The disk refused.
    """
    if artifact_name is None and name is not None:
        artifact_name, artifact_type = name, artifact_type or "artifact"
    for what, value in (("artifact_name", artifact_name), ("artifact_type", artifact_type)):
        if not isinstance(value, str) or not value:
            raise UsageError(message=said("{what} must be a string, not {value!r}", what=what, value=value), hint="")
    assert artifact_name is not None
    assert artifact_type is not None
    if len(artifact_type) > MAX_TYPE_CHARS:
        raise UsageError(
            message=said(
                "artifact_type has {count:,} characters, the limit is {limit}",
                count=len(artifact_type),
                limit=MAX_TYPE_CHARS,
            ),
            hint="For example: model, dataset",
        )
    names = [aliases] if isinstance(aliases, str) else list(aliases or [])
    directory = Path(os.path.abspath(default_directory() if dir is None else expanded(dir)))
    checked = [checked_alias(alias) for alias in dict.fromkeys(names) if alias != LATEST]
    others = {"labels": list(labels)} if labels else {}
    document = artifact_document(new_id(), description, checked, timestamp(), _remote=[], **others)
    try:
        return Artifact(new_artifact(directory, artifact_name, artifact_type, document))
    except OSError as error:
        raise _refused(Path(error.filename or directory), error) from error


def load_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Return the artifact in a directory, as `grab_artifact(artifact_path=path)` does."""
    return grab_artifact(artifact_path=path)


def grab_artifact(
    artifact_path: str | os.PathLike[str] | None = None,
    artifact_id: str | None = None,
    artifact_ref: str | None = None,
) -> Artifact:
    """Return an existing artifact; one of a server without its objects, which `download` brings.

    Args:
        artifact_path: An artifact's directory.
        artifact_id: An id: that of an artifact in `AIMD_DIR` or the working directory, else of one on the server.
        artifact_ref: `<folder id or path>/<name>[:tag]` on the server; the tag is a version or an alias, by default
            `latest`.

    Raises:
        UsageError: None or several were given, or the reference has another form.
        ArtifactNotFoundError, RemoteNotFoundError: There is no such artifact.
        DamagedError: Its documents cannot be read.
        AimdError: From the server; see its subclasses.
    """
    given = [value for value in (artifact_path, artifact_id, artifact_ref) if value is not None]
    if len(given) != 1:
        raise UsageError(message="give one of artifact_path, artifact_id and artifact_ref", hint="")
    if artifact_path is not None:
        return Artifact(artifact_at(expanded(artifact_path)).require_whole().path)
    directory = Path(os.path.abspath(default_directory()))
    if artifact_id is not None:
        try:
            return Artifact(artifact_with_id(artifact_id, directory).require_whole().path)
        except ArtifactNotFoundError:
            pass
    from t9k.aimd.artifact_session import bring

    return Artifact(bring(directory, artifact_id, artifact_ref))


def _is_followed(top: Path, path: Path, follow_links: bool) -> bool:
    """Tell whether a path is a link to a file, and to one of the directory unless all links are followed."""
    if not path.is_symlink() or not path.is_file():
        return False
    inside = os.path.realpath(top).rstrip(os.sep) + os.sep
    return follow_links or os.path.realpath(path).startswith(inside)


def _require_size(source: Path) -> None:
    size_bytes = source.stat().st_size
    if size_bytes > MAX_OBJECT_BYTES:
        limit = f"{MAX_OBJECT_BYTES / (1 << 30):.2f} GiB"
        raise UsageError(
            message=said("{path} is larger than {limit}", path=source, limit=limit), hint="Split it into several files"
        )


def _key_below(key: str | None, name: str, is_file: bool) -> str:
    """Return the key of something with a name: the given one, or in the directory that the given one is."""
    key = "" if key is None else os.fspath(key)
    key = key[1:] if key.startswith("/") else key
    whole = f"{key}{name}" if not key or key.endswith("/") else key
    return checked_key(whole) if is_file else whole


def _explained(source: Path, fault: AimdError) -> AimdError:
    """Return the error for a file that could not be added, with what to do."""
    if not isinstance(fault, (DamagedError, DiskError)):
        return fault
    hint = fault.advice
    if source.is_dir():
        hint = "All files of a directory are added by: artifact.add_dir"
    elif isinstance(fault, DamagedError):
        hint = "An artifact takes regular files, while nothing writes to them; nothing was added"
    elif not source.exists():
        hint = "Check the path; a relative one begins at the working directory"
    return type(fault)(path=fault.facts["path"], reason=fault.facts["reason"], hint=hint)


def _refused(path: Path, error: OSError) -> DiskError:
    return DiskError(path=error.filename or path, reason=error.strerror or str(error))
