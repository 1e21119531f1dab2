"""How bytes go to a server and come from it: parts that take about a second, over several connections at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, TypeVar

from aimd_core.format.limits import PART_BYTES

WORKERS = 4
FIRST_PART_BYTES = 1 << 20
MIN_PART_BYTES, MAX_PART_BYTES = 64 << 10, PART_BYTES
LONG_BODY_BYTES = 256 << 20  # the most that is sent at once to a server that takes longer bodies
PART_S = 1.0  # a part is sized to take about this long


class Connected(Protocol):
    """A connection to a server, for one thread."""

    def abort(self) -> None:
        """Abort the current request, from another thread."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connection."""


Connection = TypeVar("Connection", bound=Connected)
Item = TypeVar("Item")


class PartSize:
    """How many bytes to send at once, so that a part takes about a second. One per connection."""

    def __init__(self) -> None:
        self.size_bytes = FIRST_PART_BYTES
        self._most_bytes = MAX_PART_BYTES

    def longer(self) -> PartSize:
        """Return a size that begins with this one, for where bodies may be longer than a part."""
        made = PartSize()
        made.size_bytes, made._most_bytes = self.size_bytes, LONG_BODY_BYTES
        return made

    def shorten(self) -> None:
        """Send no bodies that are longer than a part from now on."""
        self._most_bytes = MAX_PART_BYTES
        self.size_bytes = min(self.size_bytes, self._most_bytes)

    def learn(self, sent_bytes: int, took_s: float) -> None:
        """Learn from how long a part took; a short last part says nothing."""
        if sent_bytes < self.size_bytes:
            return
        fitting = int(sent_bytes * PART_S / max(took_s, 1e-3))
        self.size_bytes = max(MIN_PART_BYTES, min(self._most_bytes, fitting, self.size_bytes * 4))


def over_connections(
    first: Connection, twin: Callable[[], Connection], items: Sequence[Item], work: Callable[[Connection, Item], None]
) -> None:
    """Do something with each item, over up to four connections at once.

    After an error, each connection ends what it is doing and begins nothing more. Ctrl-C aborts what they are doing.

    Args:
        first: A connection, which stays open.
        twin: Opens another one to the same server, which is closed in the end.
        items: What there is to do.
        work: Does it with one item, over one of the connections, in a thread.

    Raises:
        Exception: Whatever `work` raised.
    """
    left = deque(items)
    if len(items) < 2:
        _serve(first, left, work)
        return
    connections = [first, *(twin() for _ in range(min(WORKERS, len(items)) - 1))]
    threads = ThreadPoolExecutor(len(connections))
    try:
        for end in [threads.submit(_serve, connection, left, work) for connection in connections]:
            end.result()
    except BaseException as error:
        left.clear()
        if not isinstance(error, Exception):  # an aborted connection is of no use for what comes after an error
            for connection in connections:
                connection.abort()
        raise
    finally:
        threads.shutdown()
        for connection in connections[1:]:
            connection.__exit__(None, None, None)


def _serve(connection: Connection, left: deque[Item], work: Callable[[Connection, Item], None]) -> None:
    while left:
        try:
            item = left.popleft()
        except IndexError:  # another thread took the last one
            return
        try:
            work(connection, item)
        except BaseException:
            left.clear()
            raise
