"""The one thread of a process that writes: what has queued up goes into one commit.

Each operation runs in a savepoint, so that one that fails undoes itself alone. `submit` returns after the
commit; an operation that was acknowledged is on the disk.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from aimd_server.errors import StoreUnavailableError as StoreUnavailableError  # the word of those who call it

T = TypeVar("T")
Operation = Callable[[Connection], T]
_Queued = tuple[Operation[Any], "Future[Any]"]

GROUP = 64  # operations in one commit, at most


class Writer:
    """Runs operations, in the order of their coming, on the engine's one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="aimd-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[T]) -> T:
        """Run an operation in a transaction and return its result after the commit.

        Raises:
            StoreUnavailableError: The database refused; nothing was changed.
            Exception: What the operation raised; nothing of it was changed.
        """
        if self._closed:
            raise StoreUnavailableError("the server is stopping")
        future: Future[T] = Future()
        self._queue.put((operation, future))
        return future.result()

    def is_alive(self) -> bool:
        """Tell whether operations are taken and run."""
        return not self._closed and self._thread.is_alive()

    def close(self) -> None:
        """Finish what has queued up, then end."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        going = True
        while going:
            group, going = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Queued], bool]:
        """Wait for an operation and return it with what else is there, and whether to go on afterwards."""
        item = self._queue.get()
        group: list[_Queued] = []
        while item is not None:
            group.append(item)
            if len(group) == GROUP:
                return group, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Queued]) -> None:
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._engine.begin() as connection:
                for operation, future in group:
                    outcomes.append((future, *_attempt(connection, operation)))
        except Exception as error:
            for _, future in group:
                future.set_exception(_unavailable(error))
            return
        for future, result, fault in outcomes:
            if fault is None:
                future.set_result(result)
            else:
                future.set_exception(fault)


def _attempt(connection: Connection, operation: Operation[Any]) -> tuple[Any, BaseException | None]:
    """Run one operation in a savepoint; raise only what spoils the whole transaction."""
    try:
        with connection.begin_nested():
            return operation(connection), None
    except IntegrityError as error:
        return None, error
    except DBAPIError:
        raise
    except Exception as error:
        return None, error


def _unavailable(error: Exception) -> StoreUnavailableError:
    origin = error.orig if isinstance(error, DBAPIError) else error
    known = isinstance(error, (SQLAlchemyError, OSError))
    fault = StoreUnavailableError(str(origin) if known else type(error).__name__)
    fault.__cause__ = error
    return fault
