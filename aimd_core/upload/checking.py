"""What an upload would do, and whether local and server files are equal. Both ask the server and change nothing."""

from __future__ import annotations

import os
from typing import Any

from aimd_core.client.v2 import Server
from aimd_core.errors import ContentDiffersError
from aimd_core.format.digest import digest_prefix
from aimd_core.reading.store import JOURNAL_FILES, Trial
from aimd_core.upload.outcome import Destination, Difference, Uploaded
from aimd_core.upload.sending import local_files
from aimd_core.upload.snapshot import checked_id, document_of


def plan_trial(server: Server, trial: Trial, destination: Destination) -> Uploaded:
    """Return what an upload would do now: outcome, place, and bytes in `remaining_bytes`.

    Raises:
        DamagedError, ContentDiffersError, NameTakenError: As for the upload.
    """
    trial.read_documents()
    trial_id = checked_id(trial)
    document = document_of(trial, destination.merged(trial.upload_settings))
    answer = server.put_trial(trial_id, document, dry_run=True)
    planned = Uploaded(answer)
    if planned.outcome == "skipped":
        return planned
    differences = compare_files(trial, answer.get("files") or {})
    for difference in differences:
        if difference.file in JOURNAL_FILES and difference.reason != NEW_BYTES:
            raise ContentDiffersError(path=trial.path / difference.file, reason=difference.reason)
    if planned.outcome == "unchanged" and differences:
        planned.outcome = "updated"
    journals = [one for one in differences if one.file in JOURNAL_FILES]
    planned.remaining_bytes = sum((one.local_bytes or 0) - (one.remote_bytes or 0) for one in journals)
    return planned


NEW_BYTES = "has bytes that are not on the server"


def compare_files(trial: Trial, remote: dict[str, Any]) -> list[Difference]:
    """Return the files whose size or digest differs between here and the server.

    Raises:
        DamagedError: Something other than a regular file is in its place.
    """
    differences = []
    left = dict(remote)
    for file, size_bytes, digest in local_files(trial):
        there = left.pop(file, None)
        if there is None:
            reason = NEW_BYTES if file in JOURNAL_FILES else "is not on the server"
            differences.append(Difference(file, size_bytes, None, reason))
        elif there["offset"] != size_bytes or there["digest"] != digest:
            reason = _reason(trial, file, size_bytes, there)
            differences.append(Difference(file, size_bytes, int(there["offset"]), reason))
    differences += [Difference(file, None, int(there["offset"]), "is gone here") for file, there in left.items()]
    return differences


def _reason(trial: Trial, file: str, size_bytes: int, there: dict[str, Any]) -> str:
    offset = int(there["offset"])
    if file in JOURNAL_FILES and size_bytes > offset:
        with open(trial.path / file, "rb") as opened:
            if os.fstat(opened.fileno()).st_size >= offset and digest_prefix(opened, offset) == there["digest"]:
                return NEW_BYTES
    if file in JOURNAL_FILES and size_bytes < offset:
        return "is shorter than what the server has"
    return "differs from what the server has"
