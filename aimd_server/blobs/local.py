"""The objects of a private server: what it stores itself, and, in place, what a working directory has by digest.

A large file of a local trial is then never copied only to be looked at. Nothing is written to the working directory,
and an object that is removed there is missing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.objects.store import ObjectStore
from aimd_server.blobs.disk import DiskBlobs
from aimd_server.blobs.interface import BlobMissingError, BlobRow, checked, checked_range

HELD = "held/"


class LocalBlobs:
    """A directory of its own, and the store of a working directory, which is only read."""

    def __init__(self, root: Path, objects: Path) -> None:
        """Use both; `objects` need not be there yet."""
        self._own = DiskBlobs(root)
        self._objects = ObjectStore(objects)

    def held(self, digests: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return key and size in bytes of what the working directory has; see Blobs."""
        sizes = {digest: self._objects.size_of(digest) for digest in digests}
        return {digest: (HELD + digest, size) for digest, size in sizes.items() if size is not None}

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store an object; see Blobs."""
        if key.startswith(HELD):
            raise ValueError(f"{key!r} is in a working directory, which is only read")
        self._own.put(key, data)

    def get(self, key: str) -> bytes:
        """Return an object's bytes; see Blobs."""
        if not key.startswith(HELD):
            return self._own.get(key)
        try:
            return self._objects.read(_digest_in(key))
        except (NotFoundError, DamagedError, OSError) as error:
            raise BlobMissingError(str(error)) from None

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return a range of an object's bytes; see Blobs."""
        if not key.startswith(HELD):
            return self._own.get_range(key, start, end)
        length = checked_range(start, end)
        try:
            with self._objects.open(_digest_in(key)) as file:
                file.seek(start)
                content = file.read(length)
        except (NotFoundError, DamagedError, OSError) as error:
            raise BlobMissingError(str(error)) from None
        if len(content) < length:
            raise BlobMissingError(f"{key} ends before byte {end}")
        return content

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges; see Blobs."""
        if not key.startswith(HELD):
            return self._own.get_ranges(key, ranges)
        return [self.get_range(key, start, end) for start, end in ranges]

    def signed(self, keys: Sequence[str], expires_s: int) -> list[str]:
        """Return nothing: only the server reaches the disk; see Blobs."""
        return []

    def delete(self, key: str) -> None:
        """Remove an object of its own; see Blobs. What the working directory has stays there."""
        if not key.startswith(HELD):
            self._own.delete(key)

    def keys(self, prefix: str = "") -> Iterator[BlobRow]:
        """Yield the objects of its own; see Blobs."""
        return self._own.keys(prefix)

    def check(self) -> None:
        """Check that files can be created; see Blobs."""
        self._own.check()

    def close(self) -> None:
        """Release all resources; see Blobs."""
        self._own.close()
        self._objects.close()


def _digest_in(key: str) -> str:
    return checked(key).removeprefix(HELD)
