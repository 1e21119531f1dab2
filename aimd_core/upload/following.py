"""Uploads trials repeatedly while they run, across restarts of the server.

It only stats and reads files, so it works on network file systems and login nodes: no notifications, no locks, no links
followed.

What was sent is remembered until the epoch of the server changes: then a backup was restored there, and everything is
compared with it again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aimd_core.errors import AimdError, NetworkError
from aimd_core.format.layout import TRIALS_DIRECTORY
from aimd_core.reading.changes import Changes, Look
from aimd_core.reading.documents import Trial, find_trials
from aimd_core.reading.facts import LOST_AFTER_S, is_live
from aimd_core.upload.contents import Result

Round = Callable[[Sequence[Trial]], Iterator[Result]]
Ask = Callable[[], "str | None"]
_MOST_WAIT_S = 60.0
EPOCH_S = 30.0  # how often a server is asked whether it is still the same
BEAT_S = LOST_AFTER_S / 4  # how often a server is told that a silent trial is still running


class Follower:
    """Uploads what has changed, round by round.

    Attributes:
        away: Why the server could not be used in the last round that sent it a request, or None.
    """

    def __init__(
        self,
        find: Callable[[], Sequence[Trial]],
        upload: Round,
        clock: Callable[[], float] = time.monotonic,
        ask_epoch: Ask = lambda: None,
    ) -> None:
        """Follow trials.

        Args:
            find: Returns the current trials as fresh objects; called once per round.
            upload: Uploads some trials.
            clock: Tells the time in seconds.
            ask_epoch: Asks the server for its epoch; None means that it has none.
        """
        self._ask_epoch = ask_epoch
        self._epoch: str | None = None
        self._asked_s: float | None = None
        self._clock = clock
        self._sent_s: dict[Path, float] = {}
        self._find = find
        self._upload = upload
        self._changes = Changes()
        self.away: NetworkError | None = None
        self.running = False

    def round(self) -> Iterator[Result]:
        """Upload what has changed, and yield the results.

        Afterwards `running` tells whether a trial is still running or could not be sent because the server was away.
        """
        trials = {trial.path: trial for trial in self._find()}
        looks = [self._changes.look(path) for path in trials]
        self.running = any(is_live(look.state) for look in looks)
        if self._is_another_server():
            self._changes.forget()
        due = {look.path: look for look in self._changes.changed(looks)}
        beats = {look.path: look for look in looks if look.path not in due and self._is_to_beat(look)}
        if not due and not beats:
            return
        self.away = None
        for result in self._upload([trials[path] for path in (*due, *beats)]):
            path = result.trial.path
            self._sent_s[path] = self._clock()
            if isinstance(result.error, NetworkError):
                self.away = result.error
                self.running = True
            else:  # one that failed is reported once, and again when it changes
                self._changes.settle({**due, **beats}[path])  # from before the upload, so later changes are due
            if path in due or result.error is not None:
                yield result

    def _is_another_server(self) -> bool:
        """Ask now and then, after it was away, and before the end, whether the server has lost what it had."""
        is_fresh = self._asked_s is not None and self._clock() - self._asked_s < EPOCH_S
        if is_fresh and self.running and self.away is None:
            return False
        try:
            epoch = self._ask_epoch()
        except AimdError:
            return False  # an upload will tell
        before, self._epoch, self._asked_s = self._epoch, epoch, self._clock()
        return before is not None and before != epoch

    def _is_to_beat(self, look: Look) -> bool:
        """Tell whether a trial runs in silence for so long that the server would soon take it for lost."""
        return is_live(look.state) and self._clock() - self._sent_s.get(look.path, 0.0) >= BEAT_S


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
    trials_found: list[Trial] = []
    for parent, names, _ in os.walk(directory, followlinks=False):
        if TRIALS_DIRECTORY.parts[0] in names:
            names.remove(TRIALS_DIRECTORY.parts[0])
            trials = Path(parent) / TRIALS_DIRECTORY
            try:
                if trials.is_dir() and not trials.is_symlink() and not trials.parent.is_symlink():
                    trials_found += [trial for trial in find_trials(trials) if not trial.path.is_symlink()]
            except OSError:
                continue
    return trials_found
