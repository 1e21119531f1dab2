"""What every place for objects promises; tests/server/test_server_blobs.py holds each of them to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*(?:\.[a-z0-9]+)?")
_LONGEST_KEY = 200


class BlobMissingError(Exception):
    """There is no object of that key, or it ends before the bytes that were asked for."""


class BlobRow(NamedTuple):
    """An object without its bytes."""

    key: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """Objects by key; may be used from any thread.

    Every method raises StoreUnavailableError when the store cannot be used now, and ValueError for a text that is no
    key.
    """

    def put(self, key: str, data: bytes) -> None:
        """Keep an object, whole or not at all; it is durable when this returns. What had the key is replaced."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes; raises BlobMissingError."""
        ...

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` to before `end`; raises BlobMissingError when the object lacks any of them."""
        ...

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges, as `get_range` does for each."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; none of that key is fine."""
        ...

    def keys(self, prefix: str = "") -> Iterator[BlobRow]:
        """Yield the objects whose keys begin with `prefix`, a key or nothing, and a slash."""
        ...

    def check(self) -> None:
        """Return when the store can be reached."""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...


def checked(key: str) -> str:
    """Return a key; raise ValueError for what is none, so that no text of a user ever becomes a path."""
    if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of an object")
    return key


def checked_range(start: int, end: int) -> int:
    """Return the length of a range; raise ValueError for what is none."""
    if not 0 <= start <= end:
        raise ValueError(f"from {start} to {end} is no range")
    return end - start
