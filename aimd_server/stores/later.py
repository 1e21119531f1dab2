"""Writes of a group's appends that wait for each other, so that they go to the database together.

An append reads a few rows and writes three; to a database behind a network each of them is a round trip. Where the
writer runs a group, an append may leave its writes here; they are done before the commit, each statement once for all
of them. Nothing may read them before that: the writer settles them before the next operation of the same trial, and an
operation that goes on to read what it wrote calls `settle` itself. Elsewhere they are done at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Executable

_Writes = dict[tuple[Executable, frozenset[str]], list[dict[str, Any]]]


class _State(threading.local):
    """What the operation of this thread may do."""

    writes: _Writes | None = None
    deferring = False


_state = _State()


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Let operations leave writes while the context lasts; they are done at its end, unless it ends with an error."""
    _state.writes = {}
    try:
        yield
        settle(connection)
    finally:
        _state.writes = None


@contextmanager
def deferring() -> Iterator[None]:
    """Leave what `execute` is given, if the writer lets us, while the context lasts."""
    _state.deferring = True
    try:
        yield
    finally:
        _state.deferring = False


def execute(connection: Connection, statement: Executable, values: dict[str, Any]) -> None:
    """Do a write, or leave it for later."""
    if _state.writes is None or not _state.deferring:
        connection.execute(statement, values)
    else:
        _state.writes.setdefault((statement, frozenset(values)), []).append(values)


def settle(connection: Connection) -> None:
    """Do all that was left, in the order in which the statements were first left."""
    writes, _state.writes = _state.writes, None if _state.writes is None else {}
    for (statement, _), rows in (writes or {}).items():
        connection.execute(statement, rows)
