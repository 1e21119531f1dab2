"""Uploads trials repeatedly while they run, across restarts of the server.

It only stats and reads files, so it works on network file systems and login nodes: no notifications, no locks, no links
followed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aimd_core.errors import NetworkError
from aimd_core.reading.facts import is_live
from aimd_core.reading.store import DOCUMENT_FILES, JOURNAL_FILES, TRIALS_DIRECTORY, Trial, find_trials
from aimd_core.upload.contents import Result

Signature = tuple[tuple[int, int, int], ...]
Round = Callable[[Sequence[Trial]], Iterator[Result]]
_MOST_WAIT_S = 60.0


def signature(trial: Trial) -> Signature:
    """Return what changes when a trial's files change: size, time and inode of each, from stat alone."""
    found = []
    for file in (*DOCUMENT_FILES, *JOURNAL_FILES):
        try:
            status = os.lstat(trial.path / file)
        except OSError:
            found.append((-1, 0, 0))
            continue
        found.append((status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(found)


class Follower:
    """Uploads what has changed, round by round.

    Attributes:
        reached: Whether the server answered in the last round that sent it a request.
    """

    def __init__(self, find: Callable[[], Sequence[Trial]], upload: Round) -> None:
        """Follow trials.

        Args:
            find: Returns the current trials as fresh objects; called once per round.
            upload: Uploads some trials.
        """
        self._find = find
        self._upload = upload
        self._settled: dict[Path, tuple[Signature, str]] = {}
        self._refused: dict[Path, Signature] = {}
        self.reached = True
        self.running = False

    def round(self) -> Iterator[Result]:
        """Upload what has changed, and yield the results.

        Afterwards `running` tells whether a trial is still running or could not be sent because the server was away.
        """
        due: dict[Path, tuple[Signature, str]] = {}
        trials = []
        self.running = False
        for trial in self._find():
            now = (signature(trial), trial.state.name)
            self.running = self.running or is_live(now[1])
            if self._settled.get(trial.path) == now or self._refused.get(trial.path) == now[0]:
                continue
            due[trial.path] = now
            trials.append(trial)
        if not trials:
            return
        self.reached = True
        for result in self._upload(trials):
            self._take(result, due[result.trial.path])
            yield result

    def _take(self, result: Result, seen: tuple[Signature, str]) -> None:
        if result.error is None:
            self._settled[result.trial.path] = seen  # from before the upload, so later changes are due
            self._refused.pop(result.trial.path, None)
        elif isinstance(result.error, NetworkError):
            self.reached = False
            self.running = True
        else:
            self._refused[result.trial.path] = seen[0]  # reported once, and again when its files change


def wait_s(interval_s: float, failures: int) -> float:
    """Return how long to wait before the next round: up to a minute while the server is away."""
    return min(max(interval_s, _MOST_WAIT_S), interval_s * float(2 ** min(failures, 10)))


def pause(seconds: float) -> None:
    """Wait, interruptibly by Ctrl-C."""
    time.sleep(seconds)


def trials_below(directory: Path) -> list[Trial]:
    """Return the trials of all working directories below a directory, itself included; no link is followed.

    Directories that cannot be listed are skipped: on a shared file system they come and go.
    """
    found: list[Trial] = []
    for place, names, _ in os.walk(directory, followlinks=False):
        if TRIALS_DIRECTORY.parts[0] in names:
            names.remove(TRIALS_DIRECTORY.parts[0])
            trials = Path(place) / TRIALS_DIRECTORY
            try:
                if trials.is_dir() and not trials.is_symlink() and not trials.parent.is_symlink():
                    found += [trial for trial in find_trials(trials) if not trial.path.is_symlink()]
            except OSError:
                continue
    return found
