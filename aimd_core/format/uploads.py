"""What a working directory remembers of uploads: to which servers a trial went, and when, so that it is shown offline.

`.aimd/uploads/<id>.json` is a list, one entry for each server. It is not in the trial's directory, which a download
gives back as it was. No upload reads it, because what was sent only the server knows: it may be deleted, and where it
cannot be written nothing is remembered.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from aimd_core.format.layout import home_of
from aimd_core.format.values import is_uuid

UPLOADS_DIRECTORY = "uploads"
_MAX_BYTES = 1 << 20


class UploadNote(NamedTuple):
    """Where a trial is on a server.

    Attributes:
        host: The server's address.
        path: Its folder and its name there.
        at: When something of it was last sent, ISO 8601.
    """

    host: str
    path: str
    at: str


def _memory_of(trial: Path, trial_id: str | None) -> Path | None:
    """Return the file that remembers the uploads of a trial, None for one that is not below an `.aimd`."""
    home = home_of(trial)
    return None if home is None or not is_uuid(trial_id) else home / UPLOADS_DIRECTORY / f"{trial_id}.json"


def remembered_uploads(trial: Path, trial_id: str | None) -> list[UploadNote]:
    """Return what is remembered of the uploads of a trial, the last one first."""
    path = _memory_of(trial, trial_id)
    if path is None:
        return []
    try:
        with open(path, "rb") as file:
            listed = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return []
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    values = [[row.get(name) for name in UploadNote._fields] for row in rows]
    notes = [UploadNote(*map(str, row)) for row in values if all(isinstance(value, str) and value for value in row)]
    return sorted(notes, key=lambda note: note.at, reverse=True)


def note_upload(trial: Path, trial_id: str | None, note: UploadNote) -> None:
    """Remember an upload of a trial, if that can be written; it replaces that to the same server."""
    path = _memory_of(trial, trial_id)
    if path is None:
        return
    others = [other for other in remembered_uploads(trial, trial_id) if other.host != note.host]
    content = json.dumps([row._asdict() for row in (note, *others)], indent=1).encode() + b"\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(exist_ok=True)
        temporary.write_bytes(content)  # not forced to the disk, since nothing depends on it
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
