"""Reads several small contents of a version 2 server in one answer: a line of JSON with their sizes, then the bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from aimd_core.client.answers import misfitting
from aimd_core.client.v2 import Server, offers, read_posted
from aimd_core.errors import NotAServerError
from aimd_core.format.limits import PART_BYTES
from aimd_core.format.protocol import CONTENT_BATCHES

_HEAD_BYTES = 1 << 20  # of a line of sizes, more than there is in any


def has_batches(server: Server) -> bool:
    """Tell whether a server sends several contents at once; an older one sends one after the other."""
    return offers(server, CONTENT_BATCHES)


def read_batch(server: Server, path: str, names: Sequence[str], take: Callable[[int, bytes], None]) -> int:
    """Ask for contents of a trial or an artifact, and return how many of the names were answered, from the first on.

    Args:
        server: The server.
        path: Where they are, such as `/trials/{id}/contents`.
        names: Their paths, digests or keys.
        take: Called with each content as soon as it is whole, and the place of its name. It is not compared with
            anything. What the server does not have, or sends alone only, is passed over.

    Raises:
        RemoteNotFoundError: There is no such trial or artifact.
        UnreachableError: The answer was cut; what was whole was passed on.
        NotAServerError: It is something else.
    """
    arriving = _Arriving(server.host, len(names), take)
    read_posted(server, path, {"names": list(names)}, arriving.add)
    return arriving.end()


class _Arriving:
    """An answer that arrives piece by piece."""

    def __init__(self, host: str, names: int, take: Callable[[int, bytes], None]) -> None:
        self._host = host
        self._names = names
        self._take = take
        self._sizes: list[int | None] | None = None
        self._number = 0
        self._waiting = bytearray()

    def add(self, piece: bytes) -> bool:
        """Take the next bytes; return whether there may be more."""
        self._waiting += piece
        if self._sizes is None:
            line, newline, rest = self._waiting.partition(b"\n")
            if not newline:
                return len(self._waiting) <= _HEAD_BYTES
            self._sizes, self._waiting = self._sizes_in(line), rest
        start = 0
        while self._number < len(self._sizes):
            size = self._sizes[self._number]
            if size is not None:
                if len(self._waiting) - start < size:
                    break
                self._take(self._number, bytes(self._waiting[start : start + size]))
                start += size
            self._number += 1
        del self._waiting[:start]
        return self._number < len(self._sizes) or not self._waiting

    def _sizes_in(self, line: bytes | bytearray) -> list[int | None]:
        try:
            sizes = json.loads(line)
        except (ValueError, RecursionError):
            sizes = None
        is_right = isinstance(sizes, list) and min(1, self._names) <= len(sizes) <= self._names
        if not is_right or not all(size is None or (type(size) is int and 0 <= size <= PART_BYTES) for size in sizes):
            raise self._misfitting()
        return list(sizes)

    def end(self) -> int:
        """Return how many names were answered.

        Raises:
            NotAServerError: There are fewer or more bytes than the answer says.
        """
        if self._sizes is None or self._number < len(self._sizes) or self._waiting:
            raise self._misfitting()
        return self._number

    def _misfitting(self) -> NotAServerError:
        return misfitting(self._host, "contents", "sizes of what was asked for, and as many bytes")
