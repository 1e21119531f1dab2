"""Uploads a trial to a deployed server, which speaks version 1: points instead of bytes, counts instead of offsets.

It keeps what promises the protocol allows: a second upload appends only what is missing, points are counted before a
retry, and points that differ from the local ones are reported, never overwritten. It reports what the protocol cannot
carry (stdout.log, numbers that are not finite). See docs/reference/deployed-servers.md.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from aimd_core.client.connection import RetryPolicy
from aimd_core.client.v1 import ContestedError, DeployedServer, IdTakenError, NameIsTakenError
from aimd_core.config import Credentials
from aimd_core.errors import (
    ContentDiffersError,
    DamagedError,
    NameTakenError,
    RefusedError,
    RemoteFolderNotFoundError,
    RemoteNotFoundError,
)
from aimd_core.format.journal import Damage
from aimd_core.format.layout import METADATA_FILE, METRICS_FILE, PARAMETERS_FILE
from aimd_core.format.model import INITIALIZING, strict_json
from aimd_core.language import joined, said
from aimd_core.reading.documents import Trial, reason_of
from aimd_core.reading.kept_files import tree_of
from aimd_core.reading.media import media_lines
from aimd_core.reading.series import records_of
from aimd_core.upload.artifacts import ArtifactRemote
from aimd_core.upload.contents import (
    FILLED_IN,
    Companions,
    Destination,
    Difference,
    Uploaded,
    checked_id,
    damaged_parts,
    document_of,
)
from aimd_core.upload.deployed_folders import DeployedFolders, settling
from aimd_core.upload.refusals import DAMAGED, Refusal, admitted, plain_name, refusal_reason
from aimd_core.upload.sending import Progress, no_progress
from aimd_core.upload.v1_artifacts import DeployedArtifactRemote

BATCH_POINTS = 1000
_CONFLICT_TRIES, _REPLACE_TRIES = 6, 3
_CONTEST_TRIES, _CONTEST_BASE_S, _CONTEST_CAP_S = 10, 0.1, 5.0
_REPEATED = "its points are from here, but repeated or in another order, as after several uploads at once"
_BARE = ("kind", "metadata", "startTime", "endTime", "status")  # of a document
_UNKNOWN = {"kind": "Trial", "status": INITIALIZING}  # of a trial whose metadata cannot be read
_PARAMETERS = "parameters"


def _pause(attempt: int) -> None:
    """Wait for a random time, so that uploads of one trial at once get out of step."""
    time.sleep(random.uniform(0.5, 1.0) * min(_CONTEST_CAP_S, _CONTEST_BASE_S * float(2**attempt)))  # noqa: S311


class LocalPoints:
    """The points of a trial that count by type, as version 1 takes them.

    Attributes:
        by_type: Points in the order of the journal.
        left_out: How many values are left out of their points because strict JSON has no numbers that are not finite.
        damage: What could not be read in the journal.
        fault: Why none of it can be read, or empty.
    """

    def __init__(self, trial: Trial) -> None:
        self.by_type: dict[str, list[dict[str, Any]]] = {}
        self.left_out = 0
        self.damage = Damage()
        self.fault = ""
        try:
            for record in records_of(trial.path, self.damage):
                ((metrics_type, point),) = record.items()
                self.by_type.setdefault(metrics_type, []).append(self._finite(point))
        except (DamagedError, OSError) as error:
            self.by_type.clear()
            self.fault = reason_of(error)

    def refusals(self) -> list[Refusal]:
        """Return what is left out if the journal cannot be read."""
        return [Refusal(METRICS_FILE, self.fault, DAMAGED)] if self.fault else []

    def note(self, with_damage: bool) -> str:
        """Say what was left out, in one sentence; empty when nothing was."""
        notes = [f"{METRICS_FILE}: {self.damage.sentence()}"] if with_damage and self.damage else []
        if self.left_out:
            notes.append(
                said(
                    ("{left_out} values that are not finite were left out: protocol version 1 cannot carry them"),
                    left_out=self.left_out,
                )
            )
        return joined("; ", notes)

    def _finite(self, point: dict[str, Any]) -> dict[str, Any]:
        values = point["value"]
        finite = {name: value for name, value in values.items() if not isinstance(value, float) or math.isfinite(value)}
        self.left_out += len(values) - len(finite)
        return {"value": finite, "sequence": strict_json(point["sequence"])}


def _unsent(trial: Trial) -> list[str]:
    """Say which files are not uploaded, because version 1 has no call for them."""
    notes: list[str] = []
    if count := len(tree_of(trial.path).entries):
        s = "s" * (count != 1)
        notes.append(said("not uploaded: {count} file{s} in files/, which version 1 does not take", count=count, s=s))
    try:
        records = sum(1 for _ in media_lines(trial.path, Damage()))
    except DamagedError:
        records = 0
    if records:
        s = "s" * (records != 1)
        words = said("not uploaded: {count} record{s} of media, which version 1 does not take", count=records, s=s)
        notes.append(words)
    return notes


class DeployedRemote:
    """A version 1 server."""

    def __init__(self, credentials: Credentials, retry: RetryPolicy | None = None) -> None:
        self.host = credentials.host
        self._server = DeployedServer(credentials, retry)
        self._folders = DeployedFolders(self._server)

    def __enter__(self) -> DeployedRemote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.__exit__(kind, error, at)

    def abort(self) -> None:
        """Abort the current request, from another thread."""
        self._server.abort()

    def unchanged(self, trials: Sequence[Trial]) -> dict[Trial, Uploaded]:
        """Return nothing: this protocol has no cheap way to tell."""
        return {}

    def artifacts(self) -> ArtifactRemote:
        """Return its artifacts, over the same connection."""
        return DeployedArtifactRemote(self._server)

    def upload(self, trial: Trial, destination: Destination, progress: Progress = no_progress) -> Uploaded:
        """Upload a trial, or what is new in it.

        Raises:
            DamagedError, ContentDiffersError, NameTakenError, RefusedError, NetworkError, AccessError: As for version
                2.
        """
        trial.read_documents()
        trial_id = checked_id(trial)
        merged = destination.merged(trial.upload_settings)
        document = document_of(trial, merged)
        for attempt in range(_CONTEST_TRIES):
            try:
                uploaded = self._bring(trial, trial_id, document, merged.companions, progress)
                uploaded.refusals += damaged_parts(trial) if uploaded.outcome != "skipped" else []
                uploaded.notes += _unsent(trial)
                return uploaded
            except RemoteFolderNotFoundError:
                raise
            except RemoteNotFoundError:  # another command has replaced it in the middle, so it goes beside that
                document["on_conflict"] = "new" if document["on_conflict"] == "replace" else document["on_conflict"]
                _pause(attempt)
            except ContentDiffersError:
                there = self._server.trial(trial_id)
                if not merged.overwrite or there is None or attempt:
                    raise
                self._server.delete_trial(trial_id)
                self._server.create_trial({**(document["metadata"] or there), **_named(there)})
            except ContestedError:
                _pause(attempt)
                self._start_over(trial, trial_id, document)
        raise ContestedError(host=self.host, reason="something else is appending to this trial")

    def _start_over(self, trial: Trial, trial_id: str, document: dict[str, Any]) -> None:
        """Replace a trial whose points are ours, but repeated or mixed by uploads at the same time.

        While one of them still appends, nothing is done.
        """
        try:
            there, before = self._server.trial(trial_id), self._server.points(trial_id)
            _pause(0)
            if there is None or self._server.points(trial_id) != before:
                return  # one of them goes on
            try:
                self._missing(trial, trial_id, LocalPoints(trial))
                return  # another one has mended it
            except ContestedError:
                pass
            self._server.delete_trial(trial_id)
            self._server.create_trial({**(document["metadata"] or there), **_named(there)})
        except (IdTakenError, NameIsTakenError, RemoteNotFoundError):
            return  # another upload does the same

    def _bring(
        self, trial: Trial, trial_id: str, document: dict[str, Any], companions: Companions, progress: Progress
    ) -> Uploaded:
        there = self._server.trial(trial_id)
        if there is None:
            with settling:
                uploaded = self._create(trial_id, document, companions)
        else:
            uploaded = self._update(trial_id, document, there)
        if uploaded.outcome == "skipped":
            return uploaded
        changed = False
        refusals: list[Refusal] = []
        if document["parameters"] is not None:
            changed, refusals = _settle_parameters(self._server, trial_id, document["parameters"])
        points = LocalPoints(trial)
        refusals += points.refusals()
        if not points.fault:
            uploaded.sent_bytes, refused_points = self._append(trial, trial_id, points, progress)
            refusals += refused_points
        uploaded.refusals += refusals
        if uploaded.outcome == "unchanged" and (changed or uploaded.sent_bytes):
            uploaded.outcome = "updated"
        uploaded.damage = points.note(uploaded.sent_bytes > 0)
        return uploaded

    def plan(self, trial: Trial, destination: Destination) -> Uploaded:
        """Return what an upload would do now, as far as this protocol can tell without doing it."""
        trial.read_documents()
        trial_id = checked_id(trial)
        document = document_of(trial, destination.merged(trial.upload_settings))
        points = LocalPoints(trial)
        there = self._server.trial(trial_id)
        if there is None:
            planned = self._plan_new(trial_id, document, points)
            planned.refusals = damaged_parts(trial) + points.refusals()
            return planned
        try:
            missing = {} if points.fault else self._missing(trial, trial_id, points)
        except ContestedError:  # the upload starts it over
            missing = points.by_type
        same = not missing and _without_filled_in(there) == _without_filled_in(
            {**(document["metadata"] or there), **_named(there)}
        )
        same = same and document["parameters"] in (None, self._server.parameters(trial_id))
        planned = Uploaded({**self._place(there), "outcome": "unchanged" if same else "updated", "id": trial_id})
        planned.remaining_bytes = sum(len(json.dumps(left)) for left in missing.values())
        planned.refusals = damaged_parts(trial) + points.refusals()
        return planned

    def check(self, trial: Trial) -> list[Difference]:
        """Return the differences, by parameters and by number and values of points."""
        trial.read_documents()
        trial_id = checked_id(trial)
        if self._server.trial(trial_id) is None:
            raise RemoteNotFoundError(what=said("trial {name}", name=trial.name))
        points = LocalPoints(trial)
        damaged = damaged_parts(trial) + points.refusals()
        differences = [Difference(part.what, None, None, refusal_reason(part), "") for part in damaged]
        if PARAMETERS_FILE not in trial.unread and self._server.parameters(trial_id) != strict_json(trial.parameters):
            differences.append(Difference(PARAMETERS_FILE, None, None, "differs from what the server has"))
        try:
            missing = {} if points.fault else self._missing(trial, trial_id, points)
        except (ContentDiffersError, ContestedError) as error:
            return [*differences, Difference(METRICS_FILE, None, None, error.sentence, "overwrite")]
        for metrics_type, left in missing.items():
            reason = said(
                "{count} {metrics_type} points are not on the server", count=len(left), metrics_type=metrics_type
            )
            differences.append(Difference(METRICS_FILE, None, None, reason))
        return differences

    def _plan_new(self, trial_id: str, document: dict[str, Any], points: LocalPoints) -> Uploaded:
        folder_id, path, fallback = self._folders.choose(document["folder"], make=False)
        name, outcome = document["name"], "created"
        taken = self._server.trial_named(folder_id, name) if folder_id else None
        if taken and document["on_conflict"] == "error":
            raise NameTakenError(name=name, folder=path)
        if taken and document["on_conflict"] == "skip":
            outcome, trial_id = "skipped", taken
        elif taken and document["on_conflict"] == "new":
            name = document["alternative_name"]
        folder = {"id": folder_id, "path": path, "fallback": fallback}
        planned = Uploaded({"outcome": outcome, "id": trial_id, "name": name, "folder": folder})
        if outcome == "created":
            planned.remaining_bytes = sum(len(json.dumps(type_points)) for type_points in points.by_type.values())
        return planned

    def _create(self, trial_id: str, document: dict[str, Any], companions: Companions) -> Uploaded:
        folder_id, path, fallback = self._folders.choose(document["folder"], make=True)
        assert folder_id is not None
        name = document["name"]
        folder = {"id": folder_id, "path": path, "fallback": fallback}
        for attempt in range(_CONFLICT_TRIES):
            try:
                metadata = document["metadata"] or _UNKNOWN
                name, refusals = _create_admitted(self._server, metadata, name, folder_id, trial_id)
            except IdTakenError:
                refusals = []  # the answer was lost, but the trial exists
            except NameIsTakenError:
                taken = self._server.trial_named(folder_id, name)
                if taken is None:
                    continue  # it was deleted in between
                if document["on_conflict"] == "skip":
                    return Uploaded({"outcome": "skipped", "id": taken, "name": name, "folder": folder})
                is_spared = taken in companions or attempt >= _REPLACE_TRIES  # replaced by turns, it would never end
                name = self._resolve(document, name, path, taken, is_spared)
                continue
            created = Uploaded({"outcome": "created", "id": trial_id, "name": name, "folder": folder})
            created.refusals = refusals
            return created
        raise RefusedError(host=self.host, reason="the name is taken again and again")

    def _resolve(self, document: dict[str, Any], name: str, path: str, taken: str, is_spared: bool) -> str:
        """Decide a conflict and return the name to try next."""
        if document["on_conflict"] == "replace" and not is_spared:
            self._server.delete_trial(taken)
            return name
        other = str(document["alternative_name"])
        if document["on_conflict"] == "error" or name == other:
            raise NameTakenError(name=name, folder=path)
        return other

    def _update(self, trial_id: str, document: dict[str, Any], there: dict[str, Any]) -> Uploaded:
        """Update a trial's document where it is, whatever the folder."""
        metadata = {**(document["metadata"] or there), **_named(there)}
        outcome, refusals = "unchanged", []
        if _without_filled_in(there) != _without_filled_in(metadata):
            try:
                self._server.replace_trial(trial_id, metadata)
                outcome = "updated"
            except RefusedError as error:
                refusals = [Refusal(METADATA_FILE, error.reason)]
        updated = Uploaded({**self._place(there), "outcome": outcome, "id": trial_id})
        own_names = (document["name"], document["alternative_name"])
        if updated.name not in own_names and updated.name in [plain_name(name, trial_id) for name in own_names]:
            refusals.append(Refusal("name", said("it is {name!r} there", name=updated.name)))
        updated.refusals = refusals
        return updated

    def _place(self, there: dict[str, Any]) -> dict[str, Any]:
        """Return the name and the folder of a trial; a folder without a path is shown by its id."""
        inner = there.get("metadata")
        inner = inner if isinstance(inner, dict) else {}
        folder = str(inner.get("folder"))
        return {
            "name": str(inner.get("name")),
            "folder": {"id": folder, "path": self._folders.path_of(folder), "fallback": False},
        }

    def _missing(self, trial: Trial, trial_id: str, points: LocalPoints) -> dict[str, list[Any]]:
        """Return, by type, the points that the server does not have.

        Raises:
            ContentDiffersError: Its points are not the first ones of the local journal.
            ContestedError: They are all from that journal, but repeated or in another order.
        """
        there = self._server.points(trial_id)
        missing, is_mixed = {}, False
        for metrics_type in {**points.by_type, **there}:
            local, remote = points.by_type.get(metrics_type, []), there.get(metrics_type, [])
            if len(remote) > len(local) or any(map(_differ, local, remote)):
                is_mixed = True
                if not _are_from(remote, local):
                    reason = said(
                        "the {count} {metrics_type} points on the server are not the first ones here",
                        count=len(remote),
                        metrics_type=metrics_type,
                    )
                    raise ContentDiffersError(path=trial.path / METRICS_FILE, reason=reason)
            elif len(local) > len(remote):
                missing[metrics_type] = local[len(remote) :]
        if is_mixed:
            raise ContestedError(host=self.host, reason=_REPEATED)
        return missing

    def _append(
        self, trial: Trial, trial_id: str, points: LocalPoints, progress: Progress
    ) -> tuple[int, list[Refusal]]:
        """Append the missing points, compare, and return how many bytes of points were sent and what was refused."""
        sent_bytes, refusals = 0, {}
        missing = self._missing(trial, trial_id, points)
        for metrics_type, new in missing.items():
            before, start, count = len(points.by_type[metrics_type]) - len(new), 0, BATCH_POINTS
            while start < len(new):
                batch = new[start : start + count]
                try:
                    self._server.add_points(trial_id, metrics_type, batch, before + start)
                except ContestedError:
                    raise
                except RefusedError as error:
                    if len(batch) == 1:  # those behind it would stand where it should be
                        refusals[metrics_type] = _refused_points(metrics_type, batch[0], len(new) - start, error)
                        break
                    count = len(batch) // 2
                    continue
                start += len(batch)
                size_bytes = len(json.dumps(batch))
                sent_bytes += size_bytes
                progress(size_bytes)
        if missing and self._missing(trial, trial_id, points).keys() - refusals.keys():
            raise ContestedError(host=self.host, reason="it has fewer points than it acknowledged")
        return sent_bytes, list(refusals.values())


def _create_admitted(
    server: DeployedServer, metadata: dict[str, Any], name: str, folder_id: str, trial_id: str
) -> tuple[str, list[Refusal]]:
    """Create a trial, under a plainer name or with less of its document if the server refuses those.

    Returns:
        The name, and what was refused.

    Raises:
        IdTakenError, NameIsTakenError, RefusedError: Nothing was created.
    """
    try:
        server.create_trial(_full(metadata, name, folder_id, trial_id))
        return name, []
    except RefusedError as error:
        refused = error
    reason = refused.reason
    bare = {key: value for key, value in metadata.items() if key in _BARE}
    plain = plain_name(name, trial_id)
    for document, shown in ((metadata, plain), (bare, name), (bare, plain)):
        try:
            server.create_trial(_full(document, shown, folder_id, trial_id))
        except RefusedError:
            continue
        refusals = [Refusal("name", reason)] if shown != name else []
        return shown, refusals + [Refusal(METADATA_FILE, reason)] * (document is bare)
    raise refused


def _full(metadata: dict[str, Any], name: str, folder_id: str, trial_id: str) -> dict[str, Any]:
    inner = metadata.get("metadata")
    kept = inner if isinstance(inner, dict) else {}
    return {**metadata, "metadata": {**kept, "id": trial_id, "name": name, "folder": folder_id}}


def _named(there: dict[str, Any]) -> dict[str, Any]:
    """Return the inner part of a document, with the trial's name and folder on the server."""
    return {"metadata": there.get("metadata")}


def _without_filled_in(document: dict[str, Any]) -> dict[str, Any]:
    inner = document.get("metadata")
    kept = {key: value for key, value in inner.items() if key not in FILLED_IN} if isinstance(inner, dict) else {}
    return {**document, "metadata": kept}


def _differ(local: dict[str, Any], remote: Any) -> bool:
    """Tell whether a point on the server differs from the local one; their time stamps may be formatted differently."""
    return not isinstance(remote, dict) or remote.get("value") != local["value"] or _step(remote) != _step(local)


def _step(point: dict[str, Any]) -> object:
    sequence = point.get("sequence")
    return sequence.get("step") if isinstance(sequence, dict) else None


def _are_from(remote: list[Any], local: list[dict[str, Any]]) -> bool:
    """Tell whether each point on the server is one of the local ones, in any order and number."""
    by_step: dict[str, list[dict[str, Any]]] = {}
    for point in local:
        by_step.setdefault(str(_step(point)), []).append(point)
    return all(
        isinstance(point, dict)
        and any(not _differ(candidate, point) for candidate in by_step.get(str(_step(point)), ()))
        for point in remote
    )


def _refused_points(metrics_type: str, point: dict[str, Any], count: int, error: RefusedError) -> Refusal:
    what = said(
        "{count} {metrics_type} points from step {step} on", count=count, metrics_type=metrics_type, step=_step(point)
    )
    return Refusal(what, error.reason)


def _settle_parameters(server: DeployedServer, trial_id: str, parameters: dict[str, Any]) -> tuple[bool, list[Refusal]]:
    """Bring the parameters on the server up to date; return whether they differed, and which it refuses."""
    there = server.parameters(trial_id)
    if there == parameters:
        return False, []
    try:
        server.set_parameters(trial_id, parameters)
        return True, []
    except RefusedError as error:
        refused = error

    def offer(document: dict[str, Any]) -> None:
        server.set_parameters(trial_id, document[_PARAMETERS])

    try:
        taken, refusals = admitted({"name": "", _PARAMETERS: parameters}, refused, offer, trial_id)
    except RefusedError:
        return False, [Refusal(PARAMETERS_FILE, refused.reason)]
    server.set_parameters(trial_id, taken[_PARAMETERS])  # the last offer may have been a part of it
    return there != taken[_PARAMETERS], refusals
