"""The process next to `aimd console` that keeps its private server up to date with a directory.

Run as `python -m aimd_core.upload.mirror_process`. The first line on stdin is a JSON object: host, api_key, directory,
memory (the directory for its cache). It ends at the end of stdin, so also when its parent is killed. It reports on
stdout, one JSON object per line: `{"event": "progress" | "problem" | "away" | "back" | "waiting", ...}`. A second
process for the same cache waits until the first has ended, because two would undo each other's work.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aimd_core.client.connection import RetryPolicy
from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import AimdError, NetworkError
from aimd_core.reading.documents import Trial
from aimd_core.upload.contents import Destination, Result
from aimd_core.upload.current_artifacts import CurrentArtifactRemote
from aimd_core.upload.mirror import Mirror
from aimd_core.upload.mirrored_artifacts import ArtifactMirror
from aimd_core.upload.mirrored_views import ViewMirror
from aimd_core.upload.remote import CurrentRemote, upload_all
from aimd_core.upload.sending import no_progress

INTERVAL_S = 0.4
AWAY_S = 2.0
STOP_TIMEOUT_S = 3.0
PROGRESS_S = 5.0
JOBS = 4
LOCK_FILE = "mirror.lock"
_RETRY = RetryPolicy(tries=3, total_s=10.0)


class _StoppedError(Exception):
    """The parent has asked to stop, or has ended."""


class Keeper:
    """Runs rounds of a mirror until it is asked to stop."""

    def __init__(self, credentials: Credentials, directory: Path, memory: Path) -> None:
        self.credentials = credentials
        self.directory = directory
        self.memory = memory
        self.stopping = threading.Event()
        self._mirror: Mirror | None = None
        self._besides: list[ArtifactMirror | ViewMirror] = []
        self._told: dict[str, str] = {}
        self._progress_s = 0.0

    def keep(self) -> None:
        """Keep the server up to date."""
        is_away = False
        with self._alone(), Server(self.credentials, _RETRY) as server:
            while not self.stopping.is_set():
                started_s = time.monotonic()
                try:
                    if is_away and self._mirror is not None and not self._mirror.is_same_server():
                        self._mirror = None
                    if self._mirror is None:
                        self._mirror = Mirror(self.directory, server, self._upload, self.memory)
                        self._besides = [self._artifact_mirror(server), ViewMirror(self.directory, server)]
                        self._tell_progress()
                    changed = self._mirror.round() + sum(mirror.round() for mirror in self._besides)
                except NetworkError as error:
                    if not is_away:
                        tell("away", reason=str(error))
                    is_away = True
                    self.stopping.wait(AWAY_S)
                    continue
                if is_away:
                    tell("back")
                is_away = False
                self._tell_problems()
                if changed:
                    self._tell_progress()
                # A directory that is slow to scan is scanned less often.
                self.stopping.wait(max(INTERVAL_S, 3 * (time.monotonic() - started_s)))

    def close(self) -> None:
        """Save what was sent."""
        if self._mirror is not None:
            self._mirror.close()

    def _upload(self, trials: Sequence[Trial], destination: Destination) -> Iterator[Result]:
        if not trials:
            return
        for result in upload_all(lambda: CurrentRemote(self.credentials, _RETRY), trials, destination, JOBS):
            if self.stopping.is_set():
                raise _StoppedError
            if time.monotonic() - self._progress_s > PROGRESS_S:
                self._tell_progress()
            yield result

    def _artifact_mirror(self, server: Server) -> ArtifactMirror:
        remote = CurrentArtifactRemote(server)
        return ArtifactMirror(
            self.directory,
            server,
            lambda artifact, destination: remote.send_open(artifact, destination, no_progress),
            self.memory,
        )

    def _tell_progress(self) -> None:
        assert self._mirror is not None
        self._progress_s = time.monotonic()
        tell("progress", total=self._mirror.total, waiting=self._mirror.waiting)

    def _tell_problems(self) -> None:
        assert self._mirror is not None
        problems = dict(self._mirror.problems)
        for mirror in self._besides:
            problems |= mirror.problems
        for name, reason in problems.items():
            if self._told.get(name) != reason:
                tell("problem", name=name, reason=reason)
        self._told = problems

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process uses this cache."""
        import fcntl

        descriptor = os.open(self.memory / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            is_told = False
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not is_told:
                        tell("waiting")
                    is_told = True
                    if self.stopping.wait(INTERVAL_S):
                        raise _StoppedError from None
            yield
        finally:
            os.close(descriptor)


def tell(event: str, **facts: object) -> None:
    """Report to the parent, which may have stopped listening."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()


def _stop_with_stdin(keeper: Keeper) -> None:
    """Wait for the end of stdin, then end this process, whatever it is doing."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.read()
    keeper.stopping.set()
    time.sleep(STOP_TIMEOUT_S)
    os._exit(0)


def main() -> None:
    """Keep the server named in the first line of stdin up to date."""
    wish = json.loads(sys.stdin.readline())
    with contextlib.suppress(OSError):
        os.nice(5)  # serving pages comes first
    credentials = Credentials(wish["host"], wish["api_key"], {})
    keeper = Keeper(credentials, Path(wish["directory"]), Path(wish["memory"]))
    threading.Thread(target=_stop_with_stdin, args=(keeper,), daemon=True).start()
    try:
        keeper.keep()
    except _StoppedError:
        pass
    except (AimdError, OSError) as error:
        tell("failed", reason=str(error))
        sys.exit(1)
    finally:
        keeper.close()


if __name__ == "__main__":
    main()
