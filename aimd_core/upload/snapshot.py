"""A snapshot of a trial's directory: its small files, their digests, and what the server is told."""

from __future__ import annotations

import io
import re
import uuid
from pathlib import Path
from typing import Any

from aimd_core.errors import DamagedError
from aimd_core.format.digest import digest_prefix
from aimd_core.format.journal import open_regular
from aimd_core.format.model import CONFLICT_STRATEGIES, FAILED, SUCCEEDED, strict_json
from aimd_core.language import joined, said
from aimd_core.reading.store import DOCUMENT_FILES, JOURNAL_FILES, METADATA_FILE, Trial
from aimd_core.upload.outcome import Destination

_INNER = re.compile(rb"^metadata:\n((?:  .*\n)+)", re.MULTILINE)
_ID = re.compile(rb"^  id: ([0-9a-f-]{36})$", re.MULTILINE)
_STATUS = re.compile(rb"^status: (\w+)$", re.MULTILINE)


def digest_of(content: bytes) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    return digest_prefix(io.BytesIO(content), len(content))


def checked_id(trial: Trial) -> str:
    """Return a trial's id in the server's form.

    Raises:
        DamagedError: Its metadata cannot be read, or has none.
    """
    trial_id = trial.id
    if trial.damage:
        raise DamagedError(path=trial.path, reason=joined("; ", trial.damage))
    try:
        return str(uuid.UUID(trial_id or ""))
    except ValueError:
        raise DamagedError(path=trial.path, reason="its metadata holds no trial id") from None


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


def is_known(path: Path, known: dict[str, Any]) -> bool:
    """Tell whether the server has every byte of an ended trial, so that there is nothing to do.

    Equal digests of the small files prove that the server knows their content.
    """
    files = known.get("files") or {}
    try:
        for file in (*DOCUMENT_FILES, *JOURNAL_FILES):
            content = _content(path / file)
            remote = files.get(file)
            if content is None:
                if remote:
                    return False
                continue
            if not remote or remote.get("offset") != len(content) or remote.get("digest") != digest_of(content):
                return False
            if file == METADATA_FILE and not _has_ended(content, known.get("state")):
                return False
    except (DamagedError, OSError, _TooLargeError):
        return False
    return METADATA_FILE in files


def _has_ended(metadata: bytes, state: object) -> bool:
    status = _guess(metadata)[1]
    return status in (SUCCEEDED, FAILED) and status == state and b"\n_exit:" not in metadata


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


_SMALL_BYTES = 8 << 20


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
    document: dict[str, Any] = {
        "name": trial.name,
        "alternative_name": trial.alternative_name,
        "folder": {
            "id": destination.folder_id,
            "path": destination.folder_path,
            "make": bool(destination.make_folder),
        },
        "on_conflict": destination.conflict_strategy,
        "state": trial.state.name,
        "metadata": {key: value for key, value in trial.metadata.items() if key != "_upload"},
        "parameters": trial.parameters,
    }
    # What the server fills in is not sent, so that a second upload equals the first.
    inner = trial.metadata.get("metadata")
    if isinstance(inner, dict):
        document["metadata"]["metadata"] = {**inner, "folder": None, "editor": None, "timestamp": None}
    plain = strict_json(document)
    assert isinstance(plain, dict)
    return plain
