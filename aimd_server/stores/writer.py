"""The one writing thread of a process, which takes what has queued up into one commit.

A future is done after the commit, so an acknowledged operation is on the disk. One that fails undoes only itself.
Several replicas may write to one database: operations that conflict run again, so they must change only the database.
Frequent operations that can share their statements come as `Shared`.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from aimd_server.errors import StoreUnavailableError as StoreUnavailableError  # the name that callers use
from aimd_server.errors import is_full
from aimd_server.stores.postgres import is_worth_another_try

T = TypeVar("T")
Operation = Callable[[Connection], T]
log = logging.getLogger("aimd_server")

GROUP = 64  # operations in one commit, at most
CROWD = 4  # operations in a commit, from which on the next one waits for more
GATHER_S, GATHERINGS = 0.001, 8  # how long it looks for more, and how often it does so while more come
TRIES = 6  # of a group that conflicts with other replicas
_PAUSE_S = 0.01


class ChangedMeanwhileError(Exception):
    """Another replica changed what an operation read before it was locked; the operation runs again."""


class Shared(Generic[T]):
    """An operation that runs together with all others of its kind in the same commit.

    Args:
        run: Runs all of them in order, and returns a result for each; a refusal is returned, not raised, and changes
            nothing. If it raises, all of them failed, and each is run separately.
        wish: The request of this one.
    """

    __slots__ = ("run", "wish")

    def __init__(self, run: Callable[[Connection, list[Any]], list[T | Exception]], wish: Any) -> None:
        self.run = run
        self.wish = wish

    def __call__(self, connection: Connection) -> T:
        """Run it alone."""
        (outcome,) = self.run(connection, [self.wish])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class _Queued(NamedTuple):
    operation: Operation[Any]
    order: str
    future: Future[Any] | asyncio.Future[Any]


class _Fault(NamedTuple):
    """How an operation failed."""

    error: BaseException


class _FailedOperationError(Exception):
    """One of the operations failed; the transaction is rolled back and each is tried alone."""


class _LostCommitError(Exception):
    """Nobody knows whether the commit happened."""


class Writer:
    """Runs operations on the engine's one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._closed = False
        self._is_crowded = False
        self._thread = threading.Thread(target=self._work, name="aimd-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[T], order: str = "") -> Future[T]:
        """Run an operation in a transaction; its result is available after the commit.

        The future raises StoreUnavailableError if the database refused (see Database.write), or what the operation
        raised; then it changed nothing.

        Raises:
            StoreUnavailableError: The server is stopping.
        """
        future: Future[T] = Future()
        self._put(_Queued(operation, order, future))
        return future

    def submit_from_loop(self, operation: Operation[T], order: str = "") -> asyncio.Future[T]:
        """Do what `submit` does for a coroutine; the futures of a commit wake their event loop up once.

        Raises:
            StoreUnavailableError: The server is stopping.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Queued(operation, order, future))
        return future

    def _put(self, item: _Queued) -> None:
        if self._closed:
            raise StoreUnavailableError("the server is stopping")
        self._queue.put(item)

    def is_alive(self) -> bool:
        """Tell whether the thread accepts and runs operations."""
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
        """Wait for an operation, and return it with the others in the queue, and whether to continue afterwards."""
        item = self._queue.get()
        if self._is_crowded:
            self._gather()
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

    def _gather(self) -> None:
        """Wait while more operations come, but not long: a commit costs the same for one as for many."""
        waiting, left = -1, GATHERINGS
        while left and waiting < (waiting := self._queue.qsize()) < GROUP:
            time.sleep(GATHER_S)
            left -= 1

    def _commit(self, group: list[_Queued]) -> None:
        self._is_crowded = len(group) >= CROWD
        group = [item for item in group if _is_awaited(item.future)]
        group.sort(key=lambda item: item.order)  # rows in the same order in every replica, so that deadlocks are rare
        try:
            outcomes = self._run_until_done(group)
        except Exception as error:
            outcomes = [_Fault(_unavailable(error))] * len(group)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for item, outcome in zip(group, outcomes, strict=True):
            if isinstance(item.future, asyncio.Future):
                by_loop.setdefault(item.future.get_loop(), []).append((item.future, outcome))
            else:
                _finish(item.future, outcome)
        for loop, finished in by_loop.items():
            with suppress(RuntimeError):  # a loop that was closed meanwhile awaits nothing
                loop.call_soon_threadsafe(_finish_all, finished)

    def _run_until_done(self, group: list[_Queued]) -> list[Any]:
        """Run operations in a transaction, again while they conflict with other replicas. Return results or faults."""
        run = _run_together
        for left in reversed(range(TRIES)):
            try:
                return self._transact(run, group)
            except _FailedOperationError:
                run = _run_apart
            except DBAPIError as error:
                if not left or not is_worth_another_try(error):
                    raise
                log.info("a transaction is run again: %s", type(error.orig).__name__)
                time.sleep(random.uniform(0, _PAUSE_S * 2 ** (TRIES - left)))  # noqa: S311  no secret
        return self._transact(_run_apart, group)

    def _transact(self, run: Callable[..., list[Any]], group: list[_Queued]) -> list[Any]:
        with self._engine.connect() as connection:
            transaction = connection.begin()
            outcomes = run(connection, group)
            try:
                transaction.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise _LostCommitError from error
                raise
        return outcomes


def _is_awaited(future: Future[Any] | asyncio.Future[Any]) -> bool:
    """Tell whether anybody still waits; from then on it is too late to cancel."""
    return not future.cancelled() if isinstance(future, asyncio.Future) else future.set_running_or_notify_cancel()


def _finish_all(finished: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in finished:
        if not future.done():  # else nobody is waiting
            _finish(future, outcome)


def _finish(future: Future[Any] | asyncio.Future[Any], outcome: Any) -> None:
    if isinstance(outcome, _Fault):
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome)


def _run_together(connection: Connection, group: list[_Queued]) -> list[Any]:
    """Run operations that are all expected to succeed, which saves a savepoint for each."""
    outcomes: list[Any] = [None] * len(group)
    shared: dict[Any, list[int]] = {}
    try:
        for index, item in enumerate(group):
            if isinstance(item.operation, Shared):
                shared.setdefault(item.operation.run, []).append(index)
            else:
                outcomes[index] = item.operation(connection)
        for run, places in shared.items():
            shared_outcomes = run(connection, [group[index].operation.wish for index in places])  # type: ignore[attr-defined]
            for index, outcome in zip(places, shared_outcomes, strict=True):
                outcomes[index] = _Fault(outcome) if isinstance(outcome, Exception) else outcome
        return outcomes
    except Exception as error:
        if _spoils_all(error):
            raise
        raise _FailedOperationError from error


def _run_apart(connection: Connection, group: list[_Queued]) -> list[Any]:
    return [_attempt(connection, item.operation) for item in group]


def _attempt(connection: Connection, operation: Operation[Any]) -> Any:
    """Run an operation in a savepoint; raise only what breaks the whole transaction."""
    for left in reversed(range(TRIES)):
        try:
            with connection.begin_nested():
                return operation(connection)
        except (IntegrityError, ChangedMeanwhileError) as error:
            if not left:  # by now it has seen everything that others committed
                return _Fault(error if isinstance(error, IntegrityError) else _unavailable(error))
        except Exception as error:
            if _spoils_all(error):
                raise
            return _Fault(error)
    raise AssertionError("the last try returns")


def _spoils_all(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and not isinstance(error, (IntegrityError, DataError))


def _unavailable(error: Exception) -> StoreUnavailableError:
    if isinstance(error, _LostCommitError):
        fault = StoreUnavailableError("the connection was lost while committing")
    else:
        origin = error.orig if isinstance(error, DBAPIError) else error
        is_expected = isinstance(error, (SQLAlchemyError, OSError, ChangedMeanwhileError))
        reason = (str(origin) or type(error).__name__) if is_expected else type(error).__name__
        fault = StoreUnavailableError(reason, is_full(origin))
    fault.__cause__ = error
    return fault
