"""A server to upload to, in either protocol."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, TypeVar

from aimd_core.client.connection import RetryPolicy
from aimd_core.client.protocols import protocol_for
from aimd_core.client.signing_in import V2
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.reading.store import Trial
from aimd_core.upload.checking import compare_files, plan_trial
from aimd_core.upload.deployed import DeployedRemote
from aimd_core.upload.outcome import Destination, Difference, Uploaded
from aimd_core.upload.sending import PartSize, Progress, no_progress, send_trial
from aimd_core.upload.snapshot import checked_id, is_known, quick_id

Self = TypeVar("Self")


class Remote(Protocol):
    """A server, for one thread. Use it as a context manager."""

    host: str

    def __enter__(self: Self) -> Self:
        """Return itself."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connection."""

    def abort(self) -> None:
        """Abort the current request, from another thread."""

    def unchanged(self, trials: Sequence[Trial]) -> dict[Trial, Uploaded]:
        """Return the trials of which the server has every byte, as far as that is cheap to tell."""

    def upload(self, trial: Trial, destination: Destination, progress: Progress = no_progress) -> Uploaded:
        """Upload a trial, or what is new in it. Errors as `aimd_core.upload.sending.send_trial`."""

    def plan(self, trial: Trial, destination: Destination) -> Uploaded:
        """Return what an upload would do now, without doing it."""

    def check(self, trial: Trial) -> list[Difference]:
        """Return the files that differ, changing nothing."""


class CurrentRemote:
    """A version 2 server."""

    def __init__(self, credentials: Credentials, retry: RetryPolicy | None = None) -> None:
        self.host = credentials.host
        self._server = Server(credentials, retry)
        self._part = PartSize()

    def __enter__(self) -> CurrentRemote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.__exit__(kind, error, at)

    def abort(self) -> None:
        """Abort the current request, from another thread."""
        self._server.abort()

    def unchanged(self, trials: Sequence[Trial]) -> dict[Trial, Uploaded]:
        """Return the trials of which the server has every byte, with one request for many."""
        ids = {trial: quick_id(trial.path) for trial in trials}
        known = self._server.known([found for found in ids.values() if found])
        same: dict[Trial, Uploaded] = {}
        for trial, found in ids.items():
            if found in known and is_known(trial.path, known[found]):
                same[trial] = Uploaded({**known[found], "outcome": "unchanged"})
        return same

    def upload(self, trial: Trial, destination: Destination, progress: Progress = no_progress) -> Uploaded:
        """Upload a trial, or what is new in it. Errors as `send_trial`."""
        return send_trial(self._server, trial, destination, progress, self._part)

    def plan(self, trial: Trial, destination: Destination) -> Uploaded:
        """Return what an upload would do now, without doing it."""
        return plan_trial(self._server, trial, destination)

    def check(self, trial: Trial) -> list[Difference]:
        """Return the files that differ, changing nothing."""
        trial.read_documents()
        trial_id = checked_id(trial)
        return compare_files(trial, self._server.trial(trial_id).get("files") or {})


def connect(credentials: Credentials, retry: RetryPolicy | None = None) -> Remote:
    """Return the server for these credentials. Its protocol is asked once and cached.

    Raises:
        NetworkError: Its protocol is not cached, and it cannot be reached.
    """
    if protocol_for(credentials.host) == V2:
        return CurrentRemote(credentials, retry)
    return DeployedRemote(credentials, retry)
