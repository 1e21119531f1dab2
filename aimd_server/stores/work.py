"""Work that a thread does for somebody: it ends when its time is up, nobody waits for it anymore, or the server stops.

A thread cannot be ended from outside. So whatever may take long asks `check` again and again: each statement of a
reader does, and each loop over what users stored. A statement that is running is interrupted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event

from aimd_server.errors import StoreUnavailableError

T = TypeVar("T")
log = logging.getLogger("aimd_server")

LATE, GONE, STOPPING = "late", "gone", "stopping"
_LOOK_EVERY_S = 0.2
_thread = threading.local()


class WorkStoppedError(StoreUnavailableError):
    """Work ended early.

    Attributes:
        reason: LATE, GONE or STOPPING.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Work:
    """One piece of work, and the reader's connection that it is using.

    Args:
        limit_s: How long it may take, once it has begun.
        has_left: Tells whether nobody waits for its result anymore.
    """

    def __init__(self, limit_s: float | None = None, has_left: Callable[[], bool] | None = None) -> None:
        self.limit_s = limit_s
        self.has_left = has_left
        self.reason: str | None = None
        self._end_s = float("inf")
        self._connection: Any = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Count its time from now on.

        Raises:
            WorkStoppedError: It was stopped before it began, or nobody waits for it.
        """
        self._end_s = float("inf") if self.limit_s is None else time.monotonic() + self.limit_s
        if self.reason is None and self.has_left is not None and self.has_left():
            self.reason = GONE
        self.check()

    def check(self) -> None:
        """Go on only if it was not stopped.

        Raises:
            WorkStoppedError: It was.
        """
        if self.reason is not None:
            raise WorkStoppedError(self.reason)

    def look(self) -> None:
        """Stop it if it is time to, and interrupt it again if it is still at work: a statement may have begun since."""
        if self.reason is None and time.monotonic() > self._end_s:
            self.reason = LATE
        if self.reason is None and self.has_left is not None and self.has_left():
            self.reason = GONE
        if self.reason is not None:
            self.stop(self.reason)

    def stop(self, reason: str) -> None:
        """Let nothing more of it begin, and interrupt what is running."""
        self.reason = self.reason or reason
        with self._lock:
            if self._connection is not None:
                _interrupt(self._connection)

    @contextmanager
    def using(self, connection: Connection) -> Iterator[None]:
        """Enter while it reads with a connection, which belongs to somebody else afterwards."""
        before, self._connection = self._connection, connection.connection.dbapi_connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = before


def _interrupt(connection: Any) -> None:
    """End the statement that runs on a driver's connection, if one does."""
    if hasattr(connection, "interrupt"):  # SQLite
        connection.interrupt()
        return
    try:
        connection.cancel_safe(timeout=1.0)
    except Exception as error:  # a network may fail in any way; the database has its own time limit
        log.info("could not cancel a statement: %s", type(error).__name__)


def current() -> Work | None:
    """Return what this thread is working on."""
    return getattr(_thread, "work", None)


def check() -> None:
    """Go on only if what this thread is working on was not stopped.

    Raises:
        WorkStoppedError: It was.
    """
    work = current()
    if work is not None:
        work.check()


@contextmanager
def doing(work: Work) -> Iterator[None]:
    """Enter to do a piece of work in this thread."""
    before = current()
    _thread.work = work
    try:
        work.begin()
        yield
    finally:
        _thread.work = before


def ask_before_statements(engine: Engine) -> None:
    """Begin no statement of an engine for work that was stopped."""

    @event.listens_for(engine, "before_cursor_execute")
    def ask(*_: object) -> None:
        check()


class Watch:
    """Looks after all work of a process, in a thread of its own that sleeps while there is none."""

    def __init__(self) -> None:
        self._works: set[Work] = set()
        self._is_busy = threading.Event()
        self._stop_at_s: float | None = None
        self._thread = threading.Thread(target=self._go_on, name="aimd-watch", daemon=True)
        self._thread.start()

    def run(self, work: Work, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function as a piece of work, in this thread.

        Raises:
            WorkStoppedError: It was stopped.
        """
        self._works.add(work)
        self._is_busy.set()
        try:
            with doing(work):
                return function(*arguments)
        finally:
            self._works.discard(work)

    def stop_all(self, after_s: float) -> None:
        """Stop everything that is still at work after a time, and whatever begins later."""
        self._stop_at_s = time.monotonic() + after_s

    def _go_on(self) -> None:
        while True:
            self._is_busy.wait()
            time.sleep(_LOOK_EVERY_S)
            is_over = self._stop_at_s is not None and time.monotonic() > self._stop_at_s
            for work in self._works.copy():
                if is_over:
                    work.stop(STOPPING)
                work.look()
            if not self._works:
                self._is_busy.clear()
                if self._works:  # one began in between
                    self._is_busy.set()
