"""A deadline for a whole call: one thread cuts the connections that exceed theirs.

An HTTP library's timeouts are per read, so a server that sends a byte at a time would never exceed one. A call that
ends in time costs only two assignments.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Protocol

INTERVAL_S = 0.25


class Cuttable(Protocol):
    """Something that another thread can cut."""

    def cut(self) -> None:
        """Abort the current call."""


_deadlines: dict[int, tuple[float, Cuttable]] = {}
_wake = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def until(connection: Cuttable, deadline_s: float) -> Iterator[None]:
    """Cut `connection` if the block is still running at `deadline_s` of the monotonic clock."""
    _deadlines[id(connection)] = (deadline_s, connection)
    _start()
    try:
        yield
    finally:
        _deadlines.pop(id(connection), None)


def _start() -> None:
    global _thread
    if _thread is not None and _thread.is_alive():  # a forked child has no such thread
        _wake.set()
        return
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_watch, name="aimd-deadlines", daemon=True)
            _thread.start()
    _wake.set()


def _watch() -> None:
    while True:
        _wake.wait()
        now_s = time.monotonic()
        for deadline_s, connection in list(_deadlines.values()):
            if now_s > deadline_s:
                connection.cut()
        if not _deadlines:
            _wake.clear()
            continue
        time.sleep(INTERVAL_S)
