"""What every object store promises; tests/server/test_server_blobs.py tests it for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*(?:\.[a-z0-9]+)?")
_LONGEST_KEY = 200


class BlobMissingError(Exception):
    """There is no object with that key, or it is shorter than the requested bytes."""


class BlobRow(NamedTuple):
    """An object without its bytes."""

    key: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """Objects by key; may be used from any thread.

    Every method raises StoreUnavailableError if the store cannot be used now, and ValueError for a malformed key.
    """

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store an object completely or not at all, durably, replacing any object with that key."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes; raises BlobMissingError."""
        ...

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` to before `end`; raises BlobMissingError if the object lacks any of them."""
        ...

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges, as `get_range` does for each."""
        ...

    def held(self, digests: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return key and size in bytes, by SHA-256, of what can be read although nobody stored it here.

        Only a private server has any: what is in the working directory that it shows.
        """
        ...

    def signed(self, keys: Sequence[str], expires_s: int) -> list[str]:
        """Return an address for each object, at which anyone can read all of it for a while.

        Returns:
            The addresses, or an empty list if clients do not reach the store. Whether an object is there is not asked.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""
        ...

    def keys(self, prefix: str = "") -> Iterator[BlobRow]:
        """Yield the objects below `prefix`, which is a key or empty."""
        ...

    def check(self) -> None:
        """Check that the store can be reached."""
        ...

    def close(self) -> None:
        """Release all resources."""
        ...


def checked(key: str) -> str:
    """Return a key, or raise ValueError if it is malformed, so that no user text ever becomes a path."""
    if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of an object")
    return key


def checked_range(start: int, end: int) -> int:
    """Return the length of a range, or raise ValueError if it is malformed."""
    if not 0 <= start <= end:
        raise ValueError(f"from {start} to {end} is no range")
    return end - start
