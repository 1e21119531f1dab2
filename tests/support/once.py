"""Something expensive that all workers of one test run share: started by the first, stopped by the last."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Ends process groups when the run does not live to do so itself.
_WATCH = """
import os, signal, sys, time
run, *groups = map(int, sys.argv[1:])
while True:
    try:
        os.kill(run, 0)
        os.kill(groups[0], 0)
    except ProcessLookupError:
        break
    time.sleep(2)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def end_with_run(pids: list[int]) -> None:
    """See to it that process groups end when this run of tests was killed."""
    run = os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid()
    command = [sys.executable, "-c", _WATCH, str(run), *map(str, pids)]
    quiet = subprocess.DEVNULL
    _watchers.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True))


_watchers: list[subprocess.Popen[bytes]] = []  # held, so that nobody warns of one that is still there


def run_folder(base: Path) -> Path:
    """Return a folder that all workers of a run have in common; `base` is the run's base directory of this worker."""
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@contextmanager
def shared(place: Path, start: Callable[[], dict[str, Any]], stop: Callable[[dict[str, Any]], None]) -> Iterator[Any]:
    """Yield what `start` returned, in this process or another one; `stop` it when nobody uses it any more."""
    state = place.with_suffix(".json")
    with _locked(place):
        known = json.loads(state.read_text()) if state.exists() else {"users": 0, "facts": start()}
        known["users"] += 1
        state.write_text(json.dumps(known))
    try:
        yield known["facts"]
    finally:
        with _locked(place):
            known = json.loads(state.read_text())
            known["users"] -= 1
            if known["users"]:
                state.write_text(json.dumps(known))
            else:
                state.unlink()
                stop(known["facts"])


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
