"""Many things over several connections to a server: they begin together, and end together."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field
from types import TracebackType

import pytest

from aimd_core.upload.transfers import LONG_BODY_BYTES, MAX_PART_BYTES, WORKERS, PartSize, over_connections
from tests.support.patience import PATIENCE_S


@dataclass
class Wire:
    """A connection that remembers what was done with it."""

    twins: list[Wire] = field(default_factory=list)
    aborted: threading.Event = field(default_factory=threading.Event)
    is_closed: bool = False

    def twin(self) -> Wire:
        self.twins.append(Wire())
        return self.twins[-1]

    def abort(self) -> None:
        self.aborted.set()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.is_closed = True


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_each_item_is_done_once_and_only_the_first_connection_stays_open(count: int) -> None:
    first, done = Wire(), []
    over_connections(first, first.twin, range(count), lambda wire, item: done.append(item))
    assert sorted(done) == list(range(count))
    assert len(first.twins) == max(0, min(WORKERS, count) - 1)
    assert all(wire.is_closed for wire in first.twins)
    assert not first.is_closed


def test_an_error_begins_nothing_more_and_leaves_the_first_connection_usable() -> None:
    first, begun = Wire(), []

    def work(wire: Wire, item: int) -> None:
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match=r"\d"):
        over_connections(first, first.twin, range(1_000), work)
    assert len(begun) <= WORKERS
    assert not first.aborted.is_set()
    assert all(wire.is_closed for wire in first.twins)


def test_ctrl_c_aborts_what_is_being_done_and_begins_nothing_more() -> None:
    first, begun = Wire(), []

    def work(wire: Wire, item: int) -> None:
        begun.append(item)
        if item == WORKERS - 1:  # all others have begun
            os.kill(os.getpid(), signal.SIGINT)
        assert wire.aborted.wait(PATIENCE_S)

    with pytest.raises(KeyboardInterrupt):
        over_connections(first, first.twin, range(1_000), work)
    assert len(begun) == WORKERS
    assert all(wire.aborted.is_set() for wire in (first, *first.twins))
    assert all(wire.is_closed for wire in first.twins)


def _learned(size: PartSize, bytes_per_s: float) -> int:
    for _ in range(12):
        size.learn(size.size_bytes, size.size_bytes / bytes_per_s)
    return size.size_bytes


@pytest.mark.parametrize(
    ("bytes_per_s", "parts", "bodies"),
    [(200_000, 200_000, 200_000), (30 << 20, MAX_PART_BYTES, 30 << 20), (1 << 40, MAX_PART_BYTES, LONG_BODY_BYTES)],
)
def test_a_body_takes_about_a_second_and_is_longer_than_a_part_only_where_that_is_taken(
    bytes_per_s: float, parts: int, bodies: int
) -> None:
    size = PartSize()
    longer = size.longer()
    assert _learned(size, bytes_per_s) == parts
    assert _learned(longer, bytes_per_s) == bodies
    longer.shorten()
    assert longer.size_bytes <= MAX_PART_BYTES
    assert _learned(longer, 1 << 40) == MAX_PART_BYTES
