"""The artifacts that a trial used and made, and where it was uploaded, wherever the trial is."""

from __future__ import annotations

from collections.abc import Sequence

from aimd_core.format.artifacts import CHECKPOINT
from aimd_core.format.uploads import UploadNote, remembered_uploads
from aimd_core.reading.artifact_facts import INPUT, OUTPUT, ArtifactFacts, TrialArtifact
from aimd_core.reading.lineage import artifacts_in
from aimd_core.sources.handles import TrialHandle

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from aimd_core.client.v2 import Server


def artifacts_of(trial: TrialHandle) -> list[TrialArtifact]:
    """Return what a trial used, then what it made, each in the order in which it was noted.

    Raises:
        RemoteNotFoundError, NetworkError: From the server.
    """
    if not trial.is_remote:
        from aimd_core.reading.artifacts import artifacts_beside
        from aimd_core.sources.local import LocalTrial

        assert isinstance(trial, LocalTrial)
        inputs, outputs = artifacts_in(trial.trial.metadata)
        stored = artifacts_beside(trial.trial.path, {*inputs, *outputs})
        return _rows(inputs, outputs, {artifact.path.name: artifact.facts() for artifact in stored})
    from aimd_core.sources.remote import RemoteTrial

    assert isinstance(trial, RemoteTrial)
    trial.source.fill([trial])
    inputs, outputs = artifacts_in(trial.document["metadata"])
    return _rows(inputs, outputs, _on_server(trial.source.server, [*inputs, *outputs]))


def uploads_of(trial: TrialHandle) -> list[UploadNote]:
    """Return the servers that a trial was uploaded to, as far as that is remembered here, the last one first."""
    if not trial.is_remote:
        from aimd_core.sources.local import LocalTrial

        assert isinstance(trial, LocalTrial)
        return remembered_uploads(trial.trial.path, trial.trial.id)
    from aimd_core.sources.remote import RemoteTrial

    assert isinstance(trial, RemoteTrial)
    path = f"{trial.folder.rstrip('/')}/{trial.name}"
    return [UploadNote(trial.source.host, path, str(trial.document.get("updated") or ""))]


def _on_server(server: Server, ids: Sequence[str]) -> dict[str, ArtifactFacts]:
    if not ids:  # what uploads need is dear to load
        return {}
    from aimd_core.client.artifacts import batch
    from aimd_core.upload.current_artifacts import facts_of

    return {uid: facts_of(row, server.host) for uid, row in batch(server, list(dict.fromkeys(ids))).items()}


def _rows(inputs: Sequence[str], outputs: Sequence[str], facts: dict[str, ArtifactFacts]) -> list[TrialArtifact]:
    rows = [TrialArtifact(INPUT, uid, facts.get(uid)) for uid in inputs]
    made = [(uid, facts.get(uid)) for uid in outputs]
    roles = [CHECKPOINT if row is not None and row.type == CHECKPOINT else OUTPUT for _, row in made]
    return rows + [TrialArtifact(role, uid, row) for role, (uid, row) in zip(roles, made, strict=True)]
