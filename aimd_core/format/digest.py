"""The digest by which local and server bytes are compared: see docs/reference/http-api.md, "The digest"."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

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
