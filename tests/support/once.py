"""Something expensive that all workers of one test run share: started by the first, stopped by the last."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


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
