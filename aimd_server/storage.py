"""The storage of a server: the database and the object store.

An object is written before its row, so a row never names a missing object. A crash may leave an object without a row,
which a sweep removes by age.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from aimd_server.blobs import BlobMissingError, Blobs
from aimd_server.stores.database import Database
from aimd_server.stores.sealed import ObjectsNeededError

REMEMBERED_BYTES = 32 << 20


class Storage(NamedTuple):
    """Both of them, for services that also need objects."""

    database: Database
    blobs: Blobs


def joined(database: Database, blobs: Blobs) -> Storage:
    """Return both, connected so that rows of the database can refer to objects."""
    objects = ReadObjects(blobs)
    database.lead_to_objects(objects, ObjectsAtHand(objects))
    return Storage(database, blobs)


class ReadObjects:
    """Reads ranges of objects and caches the most recent; objects never change."""

    def __init__(self, blobs: Blobs, remembered_bytes: int = REMEMBERED_BYTES) -> None:
        self._blobs = blobs
        self._most_bytes = remembered_bytes
        self._held_bytes = 0
        self._known: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return ranges of an object's bytes; see stores.sealed.Objects."""
        contents_of = {part: self.at_hand(key, *part) for part in ranges}
        missing = [part for part, content in contents_of.items() if content is None]
        if missing:
            try:
                contents = self._blobs.get_ranges(key, missing)
            except BlobMissingError as error:
                raise ValueError(f"damaged: {error}") from None
            for part, content in zip(missing, contents, strict=True):
                contents_of[part] = content
                self._remember((key, *part), content)
        return [contents_of[part] or b"" for part in ranges]

    def at_hand(self, key: str, start: int, end: int) -> bytes | None:
        """Return a cached range, or None."""
        with self._lock:
            content = self._known.get((key, start, end))
            if content is not None:
                self._known.move_to_end((key, start, end))
            return content

    def _remember(self, what: tuple[str, int, int], content: bytes) -> None:
        with self._lock:
            if what in self._known:
                return
            self._known[what] = content
            self._held_bytes += len(content)
            while self._held_bytes > self._most_bytes:
                _, gone = self._known.popitem(last=False)
                self._held_bytes -= len(gone)


class ObjectsAtHand:
    """Objects for the writer, which nobody should wait for: only what is cached. Callers must fetch the rest."""

    def __init__(self, objects: ReadObjects) -> None:
        self._objects = objects

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return ranges of an object's bytes; see stores.sealed.Objects."""
        contents = [self._objects.at_hand(key, *part) for part in ranges]
        if any(content is None for content in contents):
            raise ObjectsNeededError(self._objects, key, ranges)
        return [content or b"" for content in contents]
