"""The digest by which local and server bytes are compared: see docs/reference/http-api.md, "The digest"."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from aimd_core.format.journal import open_regular
from aimd_core.language import said

BLOCK_BYTES = 1 << 20


def block_digests(file: BinaryIO, size_bytes: int) -> list[bytes]:
    """Return the SHA-256 digest of each 1 MiB block of the file's next `size_bytes` bytes.

    Raises:
        EOFError: The file ends before `size_bytes`.
    """
    digests = []
    left = size_bytes
    while left:
        block = file.read(min(BLOCK_BYTES, left))
        if not block:
            raise EOFError(said("{left} bytes are missing", left=left))
        left -= len(block)
        digests.append(hashlib.sha256(block).digest())
    return digests


def combine(digests: list[bytes]) -> str:
    """Return the digest of a file from its blocks' digests, in hexadecimal."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def digest_prefix(file: BinaryIO, size_bytes: int) -> str:
    """Return the digest of the file's next `size_bytes` bytes, in hexadecimal.

    Raises:
        EOFError: The file ends before `size_bytes`.
    """
    return combine(block_digests(file, size_bytes))


class RunningDigest:
    """The digest of a file that is read once, from its beginning on.

    Attributes:
        size_bytes: How many bytes it covers.
        has_gaps: Whether other bytes were taken than those that follow, so that it says nothing.
    """

    __slots__ = ("_block", "_digests", "has_gaps", "size_bytes")

    def __init__(self) -> None:
        self._digests: list[bytes] = []
        self._block = hashlib.sha256()
        self.size_bytes = 0
        self.has_gaps = False

    def take(self, offset: int, content: bytes) -> None:
        """Take the bytes at a position."""
        self.has_gaps = self.has_gaps or offset != self.size_bytes
        if self.has_gaps:
            return
        view = memoryview(content)
        while view:
            piece = view[: BLOCK_BYTES - self.size_bytes % BLOCK_BYTES]
            self._block.update(piece)
            self.size_bytes += len(piece)
            if self.size_bytes % BLOCK_BYTES == 0:
                self._digests.append(self._block.digest())
                self._block = hashlib.sha256()
            view = view[len(piece) :]

    def read(self, file: BinaryIO, size_bytes: int) -> None:
        """Take the file's next bytes.

        Raises:
            EOFError: The file ends before `size_bytes`.
        """
        end = self.size_bytes + size_bytes
        while self.size_bytes < end:
            content = file.read(min(BLOCK_BYTES, end - self.size_bytes))
            if not content:
                raise EOFError(said("{left} bytes are missing", left=end - self.size_bytes))
            self.take(self.size_bytes, content)

    def hexdigest(self) -> str:
        """Return the digest of the bytes taken so far, in hexadecimal."""
        rest = [self._block.digest()] if self.size_bytes % BLOCK_BYTES else []
        return combine(self._digests + rest)


def md5_of(path: Path) -> str:
    """Return the MD5 of a regular file, which is all that version 1 servers tell of an object.

    Raises:
        DamagedError: It is something else.
        OSError: It cannot be read.
    """
    hashed = hashlib.md5(usedforsecurity=False)
    with open_regular(path) as opened:
        while piece := opened.read(BLOCK_BYTES):
            hashed.update(piece)
    return hashed.hexdigest()
