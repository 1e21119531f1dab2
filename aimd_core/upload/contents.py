"""What an upload sends, where to, and the result.

Also a snapshot of a trial's directory: its small files, their digests, and what the server is told.
"""

from __future__ import annotations

import io
import os
import re
import threading
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aimd_core.errors import AimdError, DamagedError
from aimd_core.format.digest import digest_prefix
from aimd_core.format.documents import parse_mapping
from aimd_core.format.journal import open_regular
from aimd_core.format.layout import (
    DOCUMENT_FILES,
    FILES_DIRECTORY,
    JOURNAL_FILES,
    LABELS_FILE,
    MEDIA_FILE,
    METADATA_FILE,
    PARAMETERS_FILE,
    last_write_s,
    signature_of,
)
from aimd_core.format.model import CONFLICT_STRATEGIES, INITIALIZING, folder_path_of, strict_json
from aimd_core.format.values import MAX_PARAMETERS_CHARS
from aimd_core.language import said
from aimd_core.objects.tree import Tree
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live, iso_of
from aimd_core.reading.kept_files import TREE, local_files
from aimd_core.reading.media import has_as_many
from aimd_core.upload.refusals import DAMAGED, Refusal, sentence

_INNER = re.compile(rb"^metadata:\n((?:  .*\n)+)", re.MULTILINE)
_ID = re.compile(rb"^  id: ([0-9a-f-]{36})$", re.MULTILINE)
_STATUS = re.compile(rb"^status: (\w+)$", re.MULTILINE)
_SMALL_BYTES = 8 << 20
_OURS = frozenset((*DOCUMENT_FILES, *JOURNAL_FILES, FILES_DIRECTORY))
_NAMED = 3  # how many files a sentence names
_OFFERED = (METADATA_FILE, PARAMETERS_FILE)
_UNDERSTOOD = (*_OFFERED, LABELS_FILE)
_NO_ID = "its metadata holds no trial id"
_MAX_BOXES, _MAX_INDENTATION = 32, 64  # of a document that no server refuses for its nesting


class Companions:
    """The trials that one command uploads: none of them replaces another.

    Their ids are read when the first conflict asks for them, since most uploads have none.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._unread = set(paths)
        self._ids: dict[Path, str | None] = {}
        self._lock = threading.Lock()

    def add(self, paths: Iterable[Path]) -> None:
        """Add the directories of more trials, such as those of the next round."""
        with self._lock:
            self._unread.update(path for path in paths if path not in self._ids)

    def __contains__(self, trial_id: object) -> bool:
        with self._lock:
            self._ids |= {path: quick_id(path) or Trial(path).id for path in self._unread}
            self._unread.clear()
            return trial_id in self._ids.values()


class Destination:
    """Where a trial goes. None leaves that value to the trial's own files.

    Attributes:
        folder_id: Wins over `folder_path`.
        folder_path: Such as `image_classification/mnist`.
        make_folder: Create a missing folder with its parents.
        conflict_strategy: `skip`, `error`, `new` or `replace`, if the name is taken.
        companions: The trials of the same command, which `replace` spares.
        overwrite: Whether a trial whose files differ within what the server has replaces that; its old files are gone.
        must_exist: Whether a missing folder is an error; otherwise the trial goes to the default folder, as deployed
            clients do it.
        with_artifacts: Whether its artifacts are uploaded, too, which makes them final, and where it is is remembered.
    """

    __slots__ = (
        "companions",
        "conflict_strategy",
        "folder_id",
        "folder_path",
        "make_folder",
        "must_exist",
        "overwrite",
        "with_artifacts",
    )

    def __init__(
        self,
        folder_id: str | None = None,
        folder_path: str | None = None,
        make_folder: bool | None = None,
        conflict_strategy: str | None = None,
        companions: Companions | None = None,
        must_exist: bool = False,
        overwrite: bool = False,
        with_artifacts: bool = True,
    ) -> None:
        self.must_exist = must_exist
        self.with_artifacts = with_artifacts
        self.overwrite = overwrite
        self.companions = companions or Companions()
        self.folder_id = folder_id
        self.folder_path = folder_path
        self.make_folder = make_folder
        self.conflict_strategy = conflict_strategy

    def merged(self, settings: dict[str, object]) -> Destination:
        """Return this destination, completed from a trial's `_upload` settings."""
        folder_id, folder_path = self.folder_id, self.folder_path
        if folder_id is None and folder_path is None:
            folder_id, folder_path = _text(settings, "folder_id"), _text(settings, "folder_path")
        make_folder = bool(settings.get("make_folder")) if self.make_folder is None else self.make_folder
        strategy = self.conflict_strategy or _text(settings, "conflict_strategy") or "new"
        return Destination(
            folder_id,
            folder_path,
            make_folder,
            strategy,
            self.companions,
            self.must_exist,
            self.overwrite,
            self.with_artifacts,
        )

    @property
    def folder_wish(self) -> dict[str, Any]:
        """The folder as a PUT of version 2 asks for it."""
        return {
            "id": self.folder_id,
            "path": self.folder_path,
            "make": bool(self.make_folder),
            "must_exist": self.must_exist,
        }

    def unmet_by(self, uploaded: Uploaded) -> str:
        """Return the folder that was asked for here, if the trial is in another one because it was there before.

        An upload never moves a trial. Empty if the folder is met, or if another sentence says why it is not.
        """
        if uploaded.outcome == "skipped" or uploaded.folder_fallback or not uploaded.folder.startswith("/"):
            return ""
        is_met = uploaded.folder_id == self.folder_id
        if self.folder_path:
            is_met = is_met or uploaded.folder == folder_path_of(self.folder_path)
        return "" if is_met else self.folder_path or self.folder_id or ""


# What a server writes into the inner metadata of what is uploaded, so that it differs from what was sent.
FILLED_IN = ("folder", "editor", "timestamp")
# What to do about a folder that is not there, said by each protocol alike.
MAKE_HINT = "Create it with -m, or choose another: aimd folder tree"


def _text(settings: dict[str, object], key: str) -> str | None:
    value = settings.get(key)
    return str(value) if value else None


class Uploaded:
    """The result of uploading a trial.

    Attributes:
        outcome: `created`, `updated`, `unchanged` or `skipped`.
        trial_id: Its id on the server; if skipped, the id of the trial in the way.
        name: Its name on the server.
        folder: The path of its folder.
        folder_id: The id of its folder.
        folder_fallback: The requested folder does not exist, so the default one was used.
        sent_bytes: Bytes of journals and of files that were new to the server.
        sent_files: How many of its `files/` are new or changed on the server.
        notes: What else to say of its files.
        remaining_bytes: What would be sent, in a dry run.
        damage: A sentence about local damage, or empty.
        address: Where to see it in the console, or empty if that is not known.
        refusals: What was left out because it is damaged here or the server does not take it; all the rest was sent.
    """

    __slots__ = (
        "address",
        "damage",
        "folder",
        "folder_fallback",
        "folder_id",
        "name",
        "notes",
        "outcome",
        "refusals",
        "remaining_bytes",
        "sent_bytes",
        "sent_files",
        "trial_id",
    )

    def __init__(self, answer: dict[str, Any]) -> None:
        folder = answer.get("folder") or {}
        self.outcome = str(answer.get("outcome"))
        self.trial_id = str(answer.get("id"))
        self.name = str(answer.get("name"))
        self.folder = str(folder.get("path"))
        self.folder_id = str(folder.get("id"))
        self.folder_fallback = bool(folder.get("fallback"))
        self.sent_bytes = 0
        self.sent_files = 0
        self.notes: list[str] = []
        self.remaining_bytes = 0
        self.damage = ""
        self.address = ""
        self.refusals: list[Refusal] = []

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the result, with a link to the trial."""
        from html import escape

        name = escape(self.name)
        if self.address.startswith(("http://", "https://")):
            name = f'<a href="{escape(self.address)}" target="_blank" rel="noopener noreferrer">{name}</a>'
        rest = f"{escape(self.outcome)} in {escape(self.folder)}, {self.sent_bytes:,} bytes sent"
        warning = escape(str(sentence(self.refusals)))
        return f"{name}: {rest}" + (f"<br><strong>{warning}</strong>" if warning else "")

    def __repr__(self) -> str:
        parts = (
            f"<Uploaded {self.outcome}: {self.name} in {self.folder}, {self.sent_bytes:,} bytes sent",
            self.address,
            str(sentence(self.refusals)),
        )
        return ", ".join(filter(None, parts)) + ">"


class Result(NamedTuple):
    """The result for one of several trials: either an outcome or an error."""

    trial: Trial
    uploaded: Uploaded | None
    error: AimdError | None


class Difference(NamedTuple):
    """A file that differs between here and the server. Sizes in bytes, None if it is absent.

    `mended_by` is `upload`, `overwrite` if the files here were changed after their upload, `artifact` if it is of
    an artifact, which is final, or empty if the server does not take it.
    """

    file: str
    local_bytes: int | None
    remote_bytes: int | None
    reason: str
    mended_by: str = "upload"


def digest_of(content: bytes) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    return digest_prefix(io.BytesIO(content), len(content))


def checked_id(trial: Trial) -> str:
    """Return a trial's id in the server's form.

    Raises:
        DamagedError: Its metadata have none. Damaged metadata may still show it.
    """
    unread = trial.unread.get(METADATA_FILE)
    trial_id = quick_id(trial.path) if unread else trial.id
    try:
        return str(uuid.UUID(trial_id or ""))
    except ValueError:
        reason = said("{file}: {reason}", file=METADATA_FILE, reason=unread) if unread else _NO_ID
        raise DamagedError(path=trial.path, reason=reason) from None


def damaged_parts(trial: Trial) -> list[Refusal]:
    """Return the documents of a trial that `read_documents` could not read or understand."""
    return [Refusal(file, reason, DAMAGED) for file, reason in trial.unread.items()]


def left_behind(path: Path) -> list[str]:
    """Return the names of what else is in a trial's directory and is not uploaded."""
    try:
        return sorted(name for name in os.listdir(path) if name not in _OURS and not name.startswith("."))
    except OSError:
        return []


def sentence_of(left_behind: Sequence[str], named: int = _NAMED) -> str:
    """Say what stays here, with the first so many names; empty if nothing does."""
    if not left_behind:
        return ""
    names = names_in(left_behind, named)
    if len(left_behind) == 1:
        return said("1 other file stays here: {names}", names=names)
    return said("{count} other files stay here: {names}", count=len(left_behind), names=names)


def names_in(listed: Sequence[str], named: int = _NAMED) -> str:
    """Return the first so many names of a list for a sentence."""
    return ", ".join(listed[:named]) + (", ..." if len(listed) > named else "")


def notes_on(tree: Tree, only_there: int = 0, named: int = _NAMED) -> list[str]:
    """Return what to say of files that are left out on purpose, and of what a download does not bring back.

    Args:
        tree: What is below `files/`.
        only_there: How many files only the server has.
        named: How many paths are named.
    """
    notes: list[str] = []
    if only_there:
        s = "s" * (only_there != 1)
        notes.append(said("gone here and kept on the server: {count} file{s}", count=only_there, s=s))
    if tree.ignored:
        s = "s" * (tree.ignored != 1)
        notes.append(said("left out by .aimdignore: {count} file{s}", count=tree.ignored, s=s))
    if tree.empty:
        names = names_in([TREE + path for path in tree.empty], named)
        notes.append(said("without files, so not kept: {names}", names=names))
    if tree.executable:
        names = names_in([TREE + path for path in tree.executable], named)
        notes.append(said("comes back without the permission to execute it: {names}", names=names))
    return notes


def quick_id(path: Path) -> str | None:
    """Guess a trial's id from its metadata without parsing YAML; the file's digest proves it later."""
    try:
        with open_regular(path / METADATA_FILE) as file:
            return _guess(file.read(1 << 20))[0]
    except (DamagedError, OSError):
        return None


def _guess(metadata: bytes) -> tuple[str | None, str | None]:
    """Guess id and status from a metadata document as this project writes it."""
    inner = _INNER.search(metadata)
    trial_id = _ID.search(inner[1]) if inner else None
    status = _STATUS.search(metadata)
    return (trial_id[1].decode() if trial_id else None), (status[1].decode() if status else None)


def is_known(path: Path, stored: dict[str, Any]) -> bool:
    """Tell whether the server has every byte of an ended trial, so that there is nothing to do.

    Equal digests of the small files prove that the server knows their content, but not that it takes all of it: large,
    deeply nested or damaged documents are offered again, so that what is left out is said each time.
    """
    files = stored.get("files") or {}
    try:
        for file in (*DOCUMENT_FILES, *JOURNAL_FILES):
            content = _content(path / file)
            remote = files.get(file)
            if content is None:
                if remote:
                    return False
                continue
            if file in _OFFERED and _may_be_refused(content):
                return False
            if file in _UNDERSTOOD:
                parse_mapping(content, file)
            if not remote or remote.get("offset") != len(content) or remote.get("digest") != digest_of(content):
                return False
            if file == METADATA_FILE and not _has_ended(content, stored.get("state")):
                return False
        if not _has_bytes(path, files):
            return False
    except (DamagedError, OSError, _TooLargeError):
        return False
    return METADATA_FILE in files


def _has_bytes(path: Path, files: dict[str, Any]) -> bool:
    """Tell whether the server has the files below `files/`, of which none is left out, and what the media refer to."""
    local = local_files(path)
    if local.left_out or local.ignored or local.tree.empty:
        return False
    if (local.files or TREE in files) and (files.get(TREE) or {}).get("digest") != local.digest:
        return False
    return has_as_many(path, (files.get(MEDIA_FILE) or {}).get("count", 0))


def _may_be_refused(content: bytes) -> bool:
    """Tell whether a document is so large or nested that a server may refuse parts of it."""
    boxes = content.count(b"[") + content.count(b"{")
    return len(content) > MAX_PARAMETERS_CHARS // 4 or boxes > _MAX_BOXES or b" " * _MAX_INDENTATION in content


def _has_ended(metadata: bytes, state: object) -> bool:
    status = _guess(metadata)[1] or INITIALIZING
    return not is_live(status) and status == state


class _TooLargeError(Exception):
    """A file that is too large to read at once."""


def _content(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            content = file.read(_SMALL_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > _SMALL_BYTES:
        raise _TooLargeError
    return content


def document_of(trial: Trial, destination: Destination) -> dict[str, Any]:
    """Return the body of the PUT without the small files.

    Raises:
        DamagedError: The conflict strategy does not exist.
    """
    if destination.conflict_strategy not in CONFLICT_STRATEGIES:
        raise DamagedError(
            path=trial.path,
            reason=said(
                "conflict strategy {conflict_strategy!r} is not one of the four",
                conflict_strategy=destination.conflict_strategy,
            ),
        )
    signature, state = signature_of(trial.path), trial.state
    is_cut_off = is_live(trial.status) and not is_live(state.name)  # so that no end is written
    document: dict[str, Any] = {
        "name": trial.name,
        "alternative_name": trial.alternative_name,
        "folder": destination.folder_wish,
        "on_conflict": destination.conflict_strategy,
        "state": state.name,
        "last_write": iso_of(last_write_s(trial.path, signature)) if is_cut_off else None,
        "metadata": {key: value for key, value in trial.metadata.items() if key != "_upload"},
        "parameters": trial.parameters,
    }
    for file, member in ((METADATA_FILE, "metadata"), (PARAMETERS_FILE, "parameters")):
        if file in trial.unread:  # then the server keeps what it has
            document[member] = None
    # What the server fills in is not sent, so that a second upload equals the first.
    inner = trial.metadata.get("metadata")
    if isinstance(inner, dict):
        document["metadata"]["metadata"] = {**inner, "folder": None, "editor": None, "timestamp": None}
    plain = strict_json(document)
    assert isinstance(plain, dict)
    return plain
