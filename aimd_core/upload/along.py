"""What follows the upload of a trial.

It takes its artifacts along: those that it used or produced, are here, and were never uploaded.
An artifact is final once it is on a server, so those of a trial that still runs stay here until it has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from aimd_core.errors import AccessError, AimdError, DamagedError, DiskError, NetworkError, QuotaError
from aimd_core.format.uploads import UploadNote, note_upload, remembered_uploads
from aimd_core.language import said
from aimd_core.reading.artifacts import StoredArtifact, artifacts_beside, oldest_first
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live, iso_of
from aimd_core.reading.lineage import artifacts_in
from aimd_core.upload.artifact_checks import compare_artifact
from aimd_core.upload.artifacts import ArtifactRemote, upload_artifact_at
from aimd_core.upload.contents import Destination, Difference, Uploaded
from aimd_core.upload.refusals import DAMAGED, UNSENT, Refusal


class _HasArtifacts(Protocol):
    """A server for trials, from which its artifacts can be reached.

    Attributes:
        host: Its address.
    """

    host: str

    def artifacts(self) -> ArtifactRemote:
        """Return its artifacts, over the same connection."""


def unsent_artifacts(trial: Trial) -> list[StoredArtifact]:
    """Return the artifacts of a trial that has ended that are here and were never uploaded, the oldest first."""
    if is_live(trial.state.name):
        return []
    inputs, outputs = artifacts_in(trial.metadata)
    return oldest_first([stored for stored in artifacts_beside(trial.path, {*inputs, *outputs}) if stored.is_open])


def compare_artifacts(remote: _HasArtifacts, trial: Trial) -> list[Difference]:
    """Return what differs of the artifacts that go along with a trial, or went; those of other servers are theirs.

    Raises:
        NetworkError, AccessError: From the server.
    """
    inputs, outputs = artifacts_in(trial.metadata)
    differences: list[Difference] = []
    for artifact in oldest_first(artifacts_beside(trial.path, {*inputs, *outputs})):
        hosts = [copy.get("host") for copy in artifact.remote]
        if (artifact.is_open and is_live(trial.state.name)) or (hosts and remote.host not in hosts):
            continue
        name = artifact.label
        rows = compare_artifact(remote.artifacts(), artifact)
        differences += [row._replace(file=f"{name}/{row.file}".rstrip("/")) for row in rows]
    return differences


def conclude(remote: _HasArtifacts, trial: Trial, uploaded: Uploaded, progress: Callable[[int], None]) -> None:
    """Do what follows an upload: remember where the trial is, and take its artifacts along.

    Raises:
        NetworkError, AccessError, QuotaError: From the server; a second upload continues.
    """
    if uploaded.outcome == "skipped":
        return
    note = UploadNote(remote.host, f"{uploaded.folder.rstrip('/')}/{uploaded.name}", iso_of(time.time()))
    before = [(other.host, other.path) for other in remembered_uploads(trial.path, trial.id)]
    if uploaded.outcome != "unchanged" or (note.host, note.path) not in before:
        note_upload(trial.path, trial.id, note)
    take_along(remote, trial, uploaded, progress)


def take_along(remote: _HasArtifacts, trial: Trial, uploaded: Uploaded, progress: Callable[[int], None]) -> None:
    """Upload the artifacts of a trial to its folder. What cannot be sent is noted in the result, like its other parts.

    Raises:
        NetworkError, AccessError: From the server; a second upload continues.
        QuotaError: One does not fit into a quota; those that do were sent.
    """
    unsent = unsent_artifacts(trial)
    sent, unfit = 0, None
    for artifact in unsent:
        try:
            upload_artifact_at(remote.artifacts(), artifact, Destination(folder_id=uploaded.folder_id), progress)
            sent += 1
        except (NetworkError, AccessError):
            raise
        except QuotaError as error:  # as for the files of a trial, since no change of the artifact mends it
            unfit = unfit or error
        except AimdError as error:
            what = said("artifact {name}", name=artifact.name)
            if isinstance(error, DamagedError):
                uploaded.refusals.append(Refusal(what, error.reason, DAMAGED))
            elif isinstance(error, DiskError):  # it is this disk that refuses, so the server is not blamed
                uploaded.refusals.append(Refusal(what, error.sentence, UNSENT))
            else:
                uploaded.refusals.append(Refusal(what, error.reason))
    if sent:
        uploaded.notes.append(said("{count} artifact{s} uploaded with it", count=sent, s="s" * (sent != 1)))
    if unfit is not None:
        raise unfit
