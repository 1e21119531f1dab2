"""Streams the file of a multipart form, which may be too large for the memory; RFC 7578.

The parser holds back only what could be the beginning of a boundary, and bounds everything else.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from aimd_core.language import said
from aimd_server.routes.bodies import BODY_TIMEOUT_S
from aimd_server.services.request_errors import RefusalError, too_large

SLOWEST_BYTES_PER_S = 16 << 10
_MAX_HEAD_BYTES = 16 << 10
_MAX_AROUND_BYTES = 1 << 20  # of a form, around the file
_MAX_FIELDS = 100
_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary=(?:"([^"\r\n]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE)
_NAME = re.compile(rb'content-disposition:[^\r\n]*?[;\s]name="?([^";\r\n]*)"?', re.IGNORECASE)


async def pieces_of(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield a body as it arrives, within a time that its size allows.

    Raises:
        RefusalError: `too_large`, or `bad_request` if it does not arrive in time.
    """
    deadline_s = time.monotonic() + BODY_TIMEOUT_S
    size_bytes = 0
    stream = request.stream().__aiter__()
    while True:
        try:
            left_s = deadline_s + size_bytes / SLOWEST_BYTES_PER_S - time.monotonic()
            piece = await asyncio.wait_for(stream.__anext__(), max(left_s, 0.001))
        except StopAsyncIteration:
            return
        except (asyncio.TimeoutError, TimeoutError):
            raise RefusalError("bad_request", "the body did not arrive in time") from None
        except ClientDisconnect:
            raise RefusalError("bad_request", "the body was cut off") from None
        size_bytes += len(piece)
        if size_bytes > limit_bytes:
            raise too_large("the body", limit_bytes)
        yield piece


async def form_file(request: Request, field: str, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield the bytes of a field of a form.

    Raises:
        RefusalError: `bad_request` if it is not a whole form with that field; others as `pieces_of`.
    """
    match = _BOUNDARY.match(request.headers.get("content-type", ""))
    if match is None:
        raise RefusalError("bad_request", "the body is a multipart form")
    form = _Form((match[1] or match[2]).encode("latin-1"), field)
    async for piece in pieces_of(request, limit_bytes + _MAX_AROUND_BYTES):
        content = form.feed(piece)
        if content:
            yield content
    if not form.is_whole:
        raise RefusalError("bad_request", said("the form is not whole, or has no field {field}", field=field))


class _Form:
    """A form as it arrives: gives what belongs to one field, and drops everything else."""

    def __init__(self, boundary: bytes, field: str) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._field = field
        self._buffer = bytearray(b"\r\n")  # so that the first delimiter looks like the others
        self._has_field = self._in_field = self._is_ended = False
        self._fields = 0

    @property
    def is_whole(self) -> bool:
        """Whether the form has ended, and had the field."""
        return self._has_field and self._is_ended

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes of the form, and return those of the field."""
        self._buffer += piece
        content = bytearray()
        while not self._is_ended:
            at = self._buffer.find(self._delimiter)
            self._drop(at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1), content)
            if at < 0 or not self._enter():
                break
        return bytes(content)

    def _drop(self, count: int, content: bytearray) -> None:
        """Take bytes from the front: they belong to the field or to nothing."""
        if self._in_field:
            content += self._buffer[:count]
        del self._buffer[:count]

    def _enter(self) -> bool:
        """Read the delimiter at the front, and the head of the field after it; return whether it was there."""
        start = len(self._delimiter)
        self._in_field = False
        if self._buffer[start : start + 2] == b"--":
            self._is_ended = True
            return False
        head_end = self._buffer.find(b"\r\n\r\n", start)
        if (len(self._buffer) if head_end < 0 else head_end) - start > _MAX_HEAD_BYTES:
            raise RefusalError("bad_request", "the head of a form's field is too long")
        if head_end < 0:
            return False
        self._fields += 1
        if self._fields > _MAX_FIELDS:
            raise RefusalError("bad_request", said("a form has {limit} fields at most", limit=_MAX_FIELDS))
        lines = bytes(self._buffer[start:head_end]).split(b"\r\n")
        name = next(filter(None, map(_NAME.match, lines)), None)
        is_named = name is not None and name[1].decode("utf-8", "replace") == self._field
        self._in_field = is_named and not self._has_field
        self._has_field = self._has_field or is_named
        del self._buffer[: head_end + 4]
        return True
