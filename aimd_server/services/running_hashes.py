"""Hashes that run along while a content arrives in pieces, so that it need not be read again at its end.

A hash is believed only if it has run over exactly the pieces that the content is made of, in their order. Pieces may
arrive twice, out of order or at another process, and ids of rows may be given again; then the pieces are read instead.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

MOST = 64


class RunningHashes:
    """The hashes of what is arriving at this process, by the id of the upload. Each piece has a name that is unique."""

    def __init__(self) -> None:
        self._hashes: OrderedDict[int, tuple[Any, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def follow(self, upload_id: int, name: str, piece: bytes | memoryview, is_first: bool) -> None:
        """Let the hash of an upload run over its next piece, if it has run since the first one."""
        self.note(upload_id, self.ahead(upload_id, name, piece, is_first))

    def ahead(self, upload_id: int, name: str, piece: bytes | memoryview, is_first: bool) -> tuple[Any, Any] | None:
        """Return the hash of an upload as it is once a piece has arrived, for `note`; nothing changes before."""
        with self._lock:
            ran = self._hashes.get(upload_id)
        if is_first:
            names, digest = hashlib.sha256(), hashlib.sha256()
        elif ran is None:
            return None
        else:
            names, digest = (each.copy() for each in ran)
        names.update(name.encode() + b"\n")
        digest.update(piece)
        return names, digest

    def note(self, upload_id: int, ran: tuple[Any, Any] | None) -> None:
        """Take what `ahead` returned, since the piece has arrived."""
        with self._lock:
            self._hashes.pop(upload_id, None)
            if ran is not None:
                self._hashes[upload_id] = ran
            while len(self._hashes) > MOST:
                self._hashes.popitem(last=False)

    def digest_of(self, upload_id: int, names: Iterable[str], pieces: Iterable[bytes]) -> str:
        """Return the digest of an upload that consists of pieces with these names, read only if they must be."""
        running = self.take(upload_id, names)
        if running is not None:
            return running
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest()

    def take(self, upload_id: int, names: Iterable[str]) -> str | None:
        """Return the digest of an upload, and forget it; None if it has not run over the pieces with these names."""
        with self._lock:
            ran, digest = self._hashes.pop(upload_id, (None, None))
        if ran is None or ran.digest() != hashlib.sha256(b"".join(name.encode() + b"\n" for name in names)).digest():
            return None
        return str(digest.hexdigest())
