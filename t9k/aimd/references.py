"""What is recorded of what a reference leads to: what the caller knows, else what a file or a web server says."""

from __future__ import annotations

import re

from aimd_core.errors import DamagedError, UsageError
from aimd_core.format.model import ReferenceFacts
from aimd_core.language import said
from aimd_core.reading.references import file_of, read_file

_PASSWORD = re.compile("[^/?#]*://[^/?#@]*:[^/?#@]+@")
_DIGEST = re.compile("[0-9a-f]{64}")


def facts_of(uri: str, size: int | None, digest: str | None, check: bool) -> ReferenceFacts | None:
    """Return what is known of what a URI leads to, or None. A file that cannot be read is only referred to.

    Args:
        uri: The URI.
        size: The size in bytes that the caller knows.
        digest: Likewise the SHA-256.
        check: Whether to ask a web server.

    Raises:
        UsageError: The size or the digest cannot be one, or `check` is for another kind of URI.
        NetworkError: There was no answer.
    """
    if size is not None and (type(size) is not int or size < 0):
        raise UsageError(message=said("size must be a number of bytes, not {value!r}", value=size))
    if digest is not None and (not isinstance(digest, str) or not _DIGEST.fullmatch(digest)):
        raise UsageError(message=said("digest must be a SHA-256 in hexadecimal, not {value!r}", value=digest))
    if check:
        from aimd_core.client.references import ask

        answered = ask(uri)
        return ReferenceFacts(answered.size_bytes if size is None else size, digest, answered.etag)
    path = file_of(uri)
    if path is not None and size is None and digest is None:
        try:
            return read_file(path)
        except (DamagedError, OSError):
            return None
    return None if size is None and digest is None else ReferenceFacts(size, digest)


def has_password(uri: str) -> bool:
    """Tell whether a URI has a password before its host."""
    return _PASSWORD.match(uri) is not None
