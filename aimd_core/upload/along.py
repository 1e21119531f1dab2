"""A trial's upload takes its artifacts along: those that it used or produced, are here, and were never uploaded.

An artifact is final once it is on a server, so those of a trial that still runs stay here until it has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aimd_core.errors import AccessError, AimdError, DamagedError, NetworkError
from aimd_core.format.artifacts import ARTIFACTS_DIRECTORY, artifact_names
from aimd_core.format.layout import home_of
from aimd_core.language import said
from aimd_core.reading.artifacts import StoredArtifact, oldest_first
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live
from aimd_core.reading.lineage import artifacts_in
from aimd_core.upload.artifacts import ArtifactRemote, upload_artifact_at
from aimd_core.upload.contents import Destination, Uploaded
from aimd_core.upload.refusals import DAMAGED, Refusal


class _HasArtifacts(Protocol):
    """A server for trials, from which its artifacts can be reached."""

    def artifacts(self) -> ArtifactRemote:
        """Return its artifacts, over the same connection."""


def unsent_artifacts(trial: Trial) -> list[StoredArtifact]:
    """Return the artifacts of a trial that has ended that are here and were never uploaded, the oldest first."""
    directory = _artifacts_beside(trial.path)
    if directory is None or is_live(trial.state.name):
        return []
    inputs, outputs = artifacts_in(trial.metadata)
    ids = {*inputs, *outputs}
    if not ids:
        return []
    try:
        stored = [StoredArtifact(path) for path in artifact_names(directory) if path.name in ids]
    except OSError:
        return []
    return oldest_first([artifact for artifact in stored if artifact.is_open])


def _artifacts_beside(trial: Path) -> Path | None:
    """Return the directory of the artifacts next to that of a trial, or None if there is none."""
    home = home_of(trial)
    directory = None if home is None else home.parent / ARTIFACTS_DIRECTORY
    return directory if directory is not None and directory.is_dir() else None


def take_along(remote: _HasArtifacts, trial: Trial, uploaded: Uploaded, progress: Callable[[int], None]) -> None:
    """Upload the artifacts of a trial to its folder. What cannot be sent is noted in the result, like its other parts.

    Raises:
        NetworkError, AccessError: From the server; a second upload continues.
    """
    unsent = [] if uploaded.outcome == "skipped" else unsent_artifacts(trial)
    sent = 0
    for artifact in unsent:
        try:
            upload_artifact_at(remote.artifacts(), artifact, Destination(folder_id=uploaded.folder_id), progress)
            sent += 1
        except (NetworkError, AccessError):
            raise
        except AimdError as error:
            what = said("artifact {name}", name=artifact.name)
            reason = str(error.facts.get("reason") or error.sentence)
            if isinstance(error, DamagedError):
                uploaded.refusals.append(Refusal(what, reason, DAMAGED))
            else:
                uploaded.refusals.append(Refusal(what, reason))
    if sent:
        uploaded.notes.append(said("{count} artifact{s} uploaded with it", count=sent, s="s" * (sent != 1)))
