"""Upload of trial directories: everything is a file with an offset, and the server is asked where it stands.

No local database says what was sent. Uploading again, while training runs, twice at once, after a cut at any
byte, or from another host all end the same: the server has the bytes of the local files. A journal whose sent part has
changed is reported, and nothing is overwritten.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from typing import Any, BinaryIO

from aimd_core.client.v2 import OffsetMismatchError, Server
from aimd_core.digest import digest_prefix
from aimd_core.errors import ContentDiffersError, DamagedError, RefusedError
from aimd_core.journal import open_regular
from aimd_core.model import CONFLICT_STRATEGIES, strict_json
from aimd_core.store import JOURNAL_FILES, METRICS_FILE, Trial

PART_BYTES = 2 << 20
_OFFSET_TRIES = 8


class Destination:
    """Where a trial is to go. A value of None leaves it to what the trial's own files say.

    Attributes:
        folder_id: Wins over `folder_path`.
        folder_path: Such as `image_classification/mnist`.
        make_folder: Make a missing folder with its parents.
        conflict_strategy: `skip`, `error`, `new` or `replace`, when the name is taken.
    """

    __slots__ = ("conflict_strategy", "folder_id", "folder_path", "make_folder")

    def __init__(
        self,
        folder_id: str | None = None,
        folder_path: str | None = None,
        make_folder: bool | None = None,
        conflict_strategy: str | None = None,
    ) -> None:
        self.folder_id = folder_id
        self.folder_path = folder_path
        self.make_folder = make_folder
        self.conflict_strategy = conflict_strategy

    def merged(self, settings: dict[str, object]) -> Destination:
        """Return this destination with what it leaves open taken from a trial's `_upload` settings."""
        folder_id, folder_path = self.folder_id, self.folder_path
        if folder_id is None and folder_path is None:
            folder_id, folder_path = _text(settings, "folder_id"), _text(settings, "folder_path")
        make_folder = bool(settings.get("make_folder")) if self.make_folder is None else self.make_folder
        strategy = self.conflict_strategy or _text(settings, "conflict_strategy") or "new"
        return Destination(folder_id, folder_path, make_folder, strategy)


def _text(settings: dict[str, object], key: str) -> str | None:
    value = settings.get(key)
    return str(value) if value else None


class Uploaded:
    """What became of one trial.

    Attributes:
        outcome: `created`, `updated`, `unchanged` or `skipped`.
        trial_id: Its id on the server; of the trial that was in the way when skipped.
        name: Its name on the server.
        folder: The path of the folder where it landed.
        folder_fallback: The folder asked for was not there, so that it landed in the default one.
        sent_bytes: Journal bytes that were new to the server.
        damage: What was found wrong locally, in one sentence, or empty.
    """

    __slots__ = ("damage", "folder", "folder_fallback", "name", "outcome", "sent_bytes", "trial_id")

    def __init__(self, answer: dict[str, Any]) -> None:
        folder = answer.get("folder") or {}
        self.outcome = str(answer.get("outcome"))
        self.trial_id = str(answer.get("id"))
        self.name = str(answer.get("name"))
        self.folder = str(folder.get("path"))
        self.folder_fallback = bool(folder.get("fallback"))
        self.sent_bytes = 0
        self.damage = ""


def _no_progress(sent_bytes: int) -> None:
    """Show nothing."""


def upload_trial(
    server: Server, trial: Trial, destination: Destination, progress: Callable[[int], None] = _no_progress
) -> Uploaded:
    """Upload one trial, or what is new of it.

    Args:
        server: Where to.
        trial: The trial directory; it may still be growing.
        destination: Wins over what the trial's own files say.
        progress: Told how many journal bytes were sent, each time some were.

    Raises:
        DamagedError: The metadata cannot be read, or holds no id.
        ContentDiffersError: The journal is shorter than what was sent, or its sent part has changed.
        NameTakenError, RefusedError, NetworkError, AccessError: As the server says.
    """
    trial_id = _checked_id(trial)
    answer = server.put_trial(trial_id, _document(trial, destination.merged(trial.upload_settings)))
    uploaded = Uploaded(answer)
    if uploaded.outcome == "skipped":
        return uploaded
    known = answer.get("files") or {}
    for file in JOURNAL_FILES:
        uploaded.sent_bytes += _upload_file(server, trial, trial_id, file, known.get(file) or {}, progress)
    if uploaded.outcome == "unchanged" and uploaded.sent_bytes:
        uploaded.outcome = "updated"
    return uploaded


def _checked_id(trial: Trial) -> str:
    trial_id = trial.id
    if trial.damage:
        raise DamagedError(path=trial.path, reason="; ".join(trial.damage))
    try:
        return str(uuid.UUID(trial_id or ""))
    except ValueError:
        raise DamagedError(path=trial.path, reason="its metadata holds no trial id") from None


def _document(trial: Trial, destination: Destination) -> dict[str, Any]:
    """Return the body of the PUT: what a trial is, less its journals."""
    if destination.conflict_strategy not in CONFLICT_STRATEGIES:
        raise DamagedError(
            path=trial.path, reason=f"conflict strategy {destination.conflict_strategy!r} is not one of the four"
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
    if trial.damage:  # found while reading the parameters
        raise DamagedError(path=trial.path, reason="; ".join(trial.damage))
    # What the server fills in by itself is not sent, so that a second upload is the same as the first.
    inner = trial.metadata.get("metadata")
    if isinstance(inner, dict):
        document["metadata"]["metadata"] = {**inner, "folder": None, "editor": None, "timestamp": None}
    plain = strict_json(document)
    assert isinstance(plain, dict)
    return plain


def _upload_file(
    server: Server,
    trial: Trial,
    trial_id: str,
    file: str,
    known: dict[str, Any],
    progress: Callable[[int], None],
) -> int:
    """Bring one journal file on the server up to the local one and return how many bytes were new."""
    path = trial.path / file
    offset = int(known.get("offset") or 0)
    try:
        opened = open_regular(path)
    except FileNotFoundError:
        if offset:
            raise ContentDiffersError(path=path, reason="is gone, but the server has bytes of it") from None
        return 0
    with opened:
        size_bytes = os.fstat(opened.fileno()).st_size
        if size_bytes < offset:
            raise ContentDiffersError(
                path=path, reason=f"has {size_bytes} bytes, but the server has {offset} bytes of it"
            )
        if offset and digest_prefix(opened, offset) != known.get("digest"):
            raise ContentDiffersError(path=path, reason=f"has changed within the {offset} bytes already uploaded")
        return _send_rest(server, trial_id, file, opened, offset, progress)


def _send_rest(
    server: Server, trial_id: str, file: str, opened: BinaryIO, offset: int, progress: Callable[[int], None]
) -> int:
    """Send a file from `offset` to its end as it is now; another uploader at work at once does no harm."""
    start, mismatches = offset, 0
    while True:
        opened.seek(offset)
        content = opened.read(PART_BYTES)
        if not content:
            return max(0, offset - start)
        try:
            reached = server.append(trial_id, file, offset, content)
        except OffsetMismatchError as error:
            reached = int(str(error.facts["offset"]))
            mismatches += 1
            if mismatches > _OFFSET_TRIES:
                raise RefusedError(host=server.host, reason=f"the offset of {file} keeps changing") from error
        progress(max(0, reached - offset))
        offset = reached


def damage_sentence(trial: Trial) -> str:
    """Say what is wrong with a trial's metrics journal, in one sentence; empty when nothing is."""
    damage = trial.summary.damage
    return f"{METRICS_FILE}: {damage.sentence()}" if damage else ""
