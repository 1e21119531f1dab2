"""Fetches small contents many at once, each compared with its digest. What does not come so is fetched alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from aimd_core.client.batches import has_batches, read_batch
from aimd_core.client.v2 import Server
from aimd_core.errors import UnreachableError
from aimd_core.upload import files

_FEW = 3  # contents that are not worth the question whether the server sends several at once
_TRIES = 5


class Small(NamedTuple):
    """A content of a trial or an artifact: its name there, its SHA-256, and its size in bytes."""

    name: str
    digest: str
    size_bytes: int


def is_small(size_bytes: int) -> bool:
    """Tell whether a content comes together with others."""
    return size_bytes <= files.SMALL_BYTES


def batches_of(server: Server, contents: Iterable[Small]) -> list[list[Small]]:
    """Return what to fetch together of the small ones among some contents: nothing, if the server is older."""
    small = [content for content in contents if is_small(content.size_bytes)]
    if len(small) <= _FEW or not has_batches(server):
        return []
    return list(files.in_batches(small, lambda content: content.size_bytes))


def fetch_batch(
    server: Server,
    path: str,
    contents: Sequence[Small],
    put: Callable[[Small, bytes], None],
    progress: Callable[[int], None],
) -> None:
    """Fetch contents, and pass those that have come with the right digest to `put`. An answer that is cut goes on.

    Args:
        server: The source.
        path: Where they are there, such as `/trials/{id}/contents`.
        contents: Which.
        put: Called with each one.
        progress: Called with the number of bytes received, each time.

    Raises:
        RemoteNotFoundError, NetworkError, AccessError: From the server.
        OSError: The disk refused.
    """
    left, tries = list(contents), _TRIES
    while left:
        reached = 0

        def take(number: int, content: bytes, left: Sequence[Small] = left) -> None:
            nonlocal reached
            reached = number + 1
            progress(len(content))
            small = left[number]
            if len(content) == small.size_bytes and hashlib.sha256(content).hexdigest() == small.digest:
                put(small, content)

        try:
            reached = read_batch(server, path, [content.name for content in left], take)
        except UnreachableError:
            tries = _TRIES if reached else tries - 1
            if not tries:
                raise
        left = left[reached:]
