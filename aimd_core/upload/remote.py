"""A server to upload to, in either protocol, and uploads of many trials over several connections.

An interruption ends within a second.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, TypeVar

from aimd_core.client.connection import RetryPolicy
from aimd_core.client.protocols import protocol_for
from aimd_core.client.signing_in import V2
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import AccessError, AimdError, ConflictError, DiskError, NetworkError, RefusedError
from aimd_core.reading.documents import Trial
from aimd_core.reading.kept_files import TREE
from aimd_core.upload.along import conclude, unsent_artifacts
from aimd_core.upload.artifacts import ArtifactRemote
from aimd_core.upload.contents import (
    Destination,
    Difference,
    Result,
    Uploaded,
    checked_id,
    document_of,
    is_known,
    quick_id,
)
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
from aimd_core.upload.refusals import refusal_reason
from aimd_core.upload.sending import (
    Progress,
    compare_files,
    compare_media,
    compare_tree,
    find_refusals,
    no_progress,
    plan_trial,
    send_trial,
)
from aimd_core.upload.transfers import PartSize
from aimd_core.upload.version1 import DeployedRemote

Self = TypeVar("Self")
ASKED_AT_ONCE = 200
_POLL_S = 0.2


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

    def artifacts(self) -> ArtifactRemote:
        """Return its artifacts, over the same connection."""

    def plan(self, trial: Trial, destination: Destination) -> Uploaded:
        """Return what an upload would do now, without doing it."""

    def check(self, trial: Trial) -> list[Difference]:
        """Return the files that differ, changing nothing."""


def epoch_of(server: Server) -> str | None:
    """Return the id of a server's data, which changes when a backup is restored, or None if it has none."""
    epoch: str | None = server.info().get("epoch")
    return epoch


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

    def epoch(self) -> str | None:
        """Return the epoch of the server's data, or None from a server that has none."""
        return epoch_of(self._server)

    def unchanged(self, trials: Sequence[Trial]) -> dict[Trial, Uploaded]:
        """Return the trials of which the server has every byte, with one request for many."""
        ids = {trial: quick_id(trial.path) for trial in trials}
        stored = self._server.known([trial_id for trial_id in ids.values() if trial_id])
        same: dict[Trial, Uploaded] = {}
        for trial, trial_id in ids.items():
            is_same = trial_id in stored and is_known(trial.path, stored[trial_id])
            if trial_id is not None and is_same and not unsent_artifacts(trial):
                same[trial] = Uploaded({**stored[trial_id], "outcome": "unchanged"})
        return same

    def upload(self, trial: Trial, destination: Destination, progress: Progress = no_progress) -> Uploaded:
        """Upload a trial, or what is new in it. Errors as `send_trial`."""
        return send_trial(self._server, trial, destination, progress, self._part)

    def artifacts(self) -> ArtifactRemote:
        """Return its artifacts, over the same connection."""
        return CurrentArtifactRemote(self._server, self._part)

    def plan(self, trial: Trial, destination: Destination) -> Uploaded:
        """Return what an upload would do now, without doing it."""
        return plan_trial(self._server, trial, destination)

    def check(self, trial: Trial) -> list[Difference]:
        """Return the files that differ, changing nothing."""
        trial.read_documents()
        trial_id = checked_id(trial)
        stored = self._server.trial(trial_id).get("files") or {}
        differences = compare_files(trial, stored)
        differences += compare_tree(self._server, trial, trial_id, stored.get(TREE) or {})
        differences += compare_media(self._server, trial, trial_id)
        return [*differences, *self._refused(trial, trial_id)]

    def _refused(self, trial: Trial, trial_id: str) -> list[Difference]:
        """Return what the server does not take of a trial, as far as this key may ask."""
        document = document_of(trial, Destination(conflict_strategy="skip"))
        try:
            self._server.put_trial(trial_id, document, dry_run=True)
        except RefusedError as error:
            _, refusals = find_refusals(self._server, trial_id, document, error)
            return [Difference(refusal.what, None, None, refusal_reason(refusal), "") for refusal in refusals]
        except (AccessError, ConflictError):  # a key that only reads
            pass
        return []


def connect(credentials: Credentials, retry: RetryPolicy | None = None) -> Remote:
    """Return the server for these credentials. Its protocol is asked once and cached.

    Raises:
        NetworkError: Its protocol is not cached, and it cannot be reached.
    """
    if protocol_for(credentials.host, retry) == V2:
        return CurrentRemote(credentials, retry)
    return DeployedRemote(credentials, retry)


class Watching:
    """Receives the progress of an upload, from any thread. This base class does nothing."""

    def begin(self, trial: Trial) -> None:
        """A trial has started."""

    def advance(self, sent_bytes: int) -> None:
        """More bytes were sent."""


Work = Callable[[Remote, Trial], Result]


def upload_all(
    make_remote: Callable[[], Remote],
    trials: Sequence[Trial],
    destination: Destination,
    jobs: int = 1,
    watching: Watching | None = None,
) -> Iterator[Result]:
    """Upload trials over `jobs` connections and yield the results as they arrive.

    A failure is a result, unless it would hit every other trial as well.

    Raises:
        AccessError: The server does not accept the key.
    """
    shown = watching or Watching()
    destination.companions.add(trial.path for trial in trials)

    def upload(remote: Remote, trial: Trial) -> Result:
        shown.begin(trial)
        uploaded = remote.upload(trial, destination, shown.advance)
        if destination.with_artifacts:
            conclude(remote, trial, uploaded, shown.advance)
        return Result(trial, uploaded, None)

    return run_all(make_remote, trials, upload, jobs, ask_first=len(trials) > 1)


def run_all(
    make_remote: Callable[[], Remote], trials: Sequence[Trial], work: Work, jobs: int, ask_first: bool = False
) -> Iterator[Result]:
    """Do something with each trial over `jobs` connections; arguments and errors as `upload_all`."""
    pool = _Pool(make_remote, trials, work, ask_first)
    pool.start(min(jobs, max(1, len(trials))))
    try:
        yield from pool.results(len(trials))
    finally:
        pool.stop()


class _Pool:
    """Threads that take trials from a queue. They are daemons, so that none delays the end of the program."""

    def __init__(self, make_remote: Callable[[], Remote], trials: Sequence[Trial], work: Work, ask_first: bool) -> None:
        self._make_remote = make_remote
        self._work = work
        self._ask_first = ask_first
        self._batches: queue.SimpleQueue[Sequence[Trial]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Result | BaseException] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._remotes: list[Remote] = []
        self._gone: NetworkError | None = None
        self._trials = trials

    def start(self, jobs: int) -> None:
        size = max(1, min(ASKED_AT_ONCE, -(-len(self._trials) // jobs))) if self._ask_first else 1
        for start in range(0, len(self._trials), size):
            self._batches.put(self._trials[start : start + size])
        for number in range(jobs):
            threading.Thread(target=self._run, name=f"aimd-upload-{number}", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        for remote in list(self._remotes):
            remote.abort()

    def results(self, count: int) -> Iterator[Result]:
        while count:
            try:
                item = self._done.get(timeout=_POLL_S)  # short, so that Ctrl-C works
            except queue.Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            count -= 1
            yield item

    def _run(self) -> None:
        try:
            with self._make_remote() as remote:
                self._remotes.append(remote)
                self._serve(remote)
        except BaseException as error:
            self._done.put(error)

    def _serve(self, remote: Remote) -> None:
        while not self._stopping.is_set():
            try:
                batch = self._batches.get_nowait()
            except queue.Empty:
                return
            same = self._unchanged(remote, batch)
            for trial in batch:
                if self._stopping.is_set():
                    return
                uploaded = same.get(trial)
                self._done.put(uploaded if uploaded else self._attempt(remote, trial))

    def _unchanged(self, remote: Remote, batch: Sequence[Trial]) -> dict[Trial, Result]:
        if not self._ask_first or self._gone is not None:
            return {}
        try:
            return {trial: Result(trial, same, None) for trial, same in remote.unchanged(batch).items()}
        except NetworkError:
            return {}  # each trial reports it itself

    def _attempt(self, remote: Remote, trial: Trial) -> Result:
        if self._gone is not None:  # every other trial would wait as long for the same error
            return Result(trial, None, self._gone)
        try:
            return self._work(remote, trial)
        except AccessError:
            raise
        except NetworkError as error:
            self._gone = error
            return Result(trial, None, error)
        except AimdError as error:
            return Result(trial, None, error)
        except OSError as error:
            return Result(
                trial, None, DiskError(path=error.filename or trial.path, reason=error.strerror or str(error))
            )
