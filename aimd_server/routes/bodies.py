"""Request bodies: complete, decompressed, and within limits of size and time, both in and out of gzip.

A body of any size is passed on in pieces, of which two are in memory: one is stored while the next one arrives.
"""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from aimd_core.language import said
from aimd_server.services.request_errors import RefusalError, too_large

T = TypeVar("T")

DOCUMENT_BYTES = 8 << 20
BODY_TIMEOUT_S = 60.0
_UNPACKING = threading.BoundedSemaphore(4)  # each takes several times its result while it runs
LARGE_ANSWERS = 16  # per caller, at once
_HELD, _SLOT = "aimd.held_bytes", "aimd.slot"
HELD_BYTES = 128 << 20  # of all bodies in memory at once
_GZIP_WINDOW = 31  # zlib's code for the gzip format
MAX_MEMBERS = 1_024  # of a gzip body: each costs as much as several KiB
_WINDOW_BYTES = 1 << 10  # of a member, at first; what comes behind its end is copied
_GZIP_SLACK_BYTES = 64 << 10  # what gzip may add to incompressible bytes


class HeldBodies:
    """Counts the bytes of bodies in memory, so that many clients cannot fill it."""

    def __init__(self, limit_bytes: int = HELD_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0

    def take(self, scope: Scope, size_bytes: int) -> None:
        """Count bytes of a request.

        Raises:
            RefusalError: `busy`, if there is no room now.
        """
        if not self.has_room(size_bytes):
            raise RefusalError("busy", "the server holds too many bodies now; try again", limit=self.limit_bytes)
        self.held_bytes += size_bytes
        scope[_HELD] = scope.get(_HELD, 0) + size_bytes

    def has_room(self, size_bytes: int) -> bool:
        """Tell whether that many more bytes could be counted now."""
        return self.held_bytes + size_bytes <= self.limit_bytes

    def release(self, scope: Scope) -> None:
        """Release the bytes of an answered request."""
        self.held_bytes -= scope.pop(_HELD, 0)


class Slots:
    """Counts the large answers that each caller is reading, so that a slow reader cannot fill the memory."""

    def __init__(self, limit: int = LARGE_ANSWERS) -> None:
        self.limit = limit
        self._taken: dict[object, int] = {}

    def take(self, scope: Scope, caller: object) -> None:
        """Count an answer.

        Raises:
            RefusalError: `busy`, if the caller is reading as many as allowed.
        """
        if self._taken.get(caller, 0) >= self.limit:
            raise RefusalError(
                "busy", said("you are reading {limit} files already; try again", limit=self.limit), limit=self.limit
            )
        self._taken[caller] = self._taken.get(caller, 0) + 1
        scope[_SLOT] = caller

    def release(self, scope: Scope) -> None:
        """Release the answer of a request, if it was counted."""
        if _SLOT in scope:
            caller = scope.pop(_SLOT)
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]


async def read_body(request: Request, limit_bytes: int, timeout_s: float = BODY_TIMEOUT_S) -> bytes:
    """Return a body as sent, compressed or not, if it arrives within a time.

    Raises:
        RefusalError: `too_large`, `busy`, or `bad_request` if it does not arrive in time.
    """
    held: HeldBodies = request.app.state.backend.bodies
    allowed_bytes = limit_bytes + (_GZIP_SLACK_BYTES if encoding_of(request) == "gzip" else 0)
    if declared_bytes(request) > allowed_bytes:
        raise too_large("the body", limit_bytes)
    body = bytearray()
    with _in_time(timeout_s):
        async for piece in request.stream():
            held.take(request.scope, len(piece))
            body += piece
            if len(body) > allowed_bytes:
                raise too_large("the body", limit_bytes)
    return bytes(body)


def declared_bytes(request: Request) -> int:
    """Return how many bytes a body has by its head, 0 if that does not say."""
    declared = request.headers.get("content-length", "")
    return int(declared[:20]) if declared.isascii() and declared.isdigit() else 0


async def pass_on(
    request: Request, store: Callable[[memoryview], Awaitable[T]], piece_bytes: int, timeout_s: float = BODY_TIMEOUT_S
) -> T:
    """Pass a body of any size on in pieces, each of which is stored while the next one arrives.

    Args:
        request: Its body is not compressed.
        store: Stores the next piece, whose memory is used again afterwards. Its caller ends with the first error; what
            was stored before stays. A body without bytes is one piece.
        piece_bytes: The size of all pieces but the last.
        timeout_s: How long a piece may take to arrive.

    Returns:
        What `store` returned for the last piece.

    Raises:
        RefusalError: `busy`, or `bad_request` if a piece does not arrive in time.
    """
    arriving, held = _Arriving(request), request.app.state.backend.bodies
    buffer, other = bytearray(), bytearray()
    storing: asyncio.Future[T] | None = None
    try:
        while True:
            with _in_time(timeout_s):
                size_bytes = await arriving.fill(buffer, piece_bytes)
            if storing is not None:
                stored = await storing
                if not size_bytes:
                    return stored
            storing = asyncio.ensure_future(store(memoryview(buffer)[:size_bytes]))
            if size_bytes < piece_bytes:
                return await storing
            if other or held.has_room(piece_bytes):
                buffer, other = other, buffer
            else:
                await storing
    finally:
        if storing is not None:
            await asyncio.gather(storing, return_exceptions=True)


class _Arriving:
    """A body as it arrives, in buffers that grow no further than it does."""

    def __init__(self, request: Request) -> None:
        self._held: HeldBodies = request.app.state.backend.bodies
        self._scope = request.scope
        self._chunks = request.stream()
        self._rest = memoryview(b"")

    async def fill(self, buffer: bytearray, size_bytes: int) -> int:
        """Write what comes next over a buffer, up to a size; return how much, which is less only at the end."""
        filled_bytes = 0
        while filled_bytes < size_bytes and await self._has_more():
            some = self._rest[: size_bytes - filled_bytes]
            self._rest = self._rest[len(some) :]
            if filled_bytes < len(buffer):
                memoryview(buffer)[filled_bytes : filled_bytes + len(some)] = some
            else:
                self._held.take(self._scope, len(some))
                buffer += some
            filled_bytes += len(some)
        return filled_bytes

    async def _has_more(self) -> bool:
        while not self._rest:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                return False
            self._rest = memoryview(chunk)
        return True


@contextmanager
def _in_time(timeout_s: float) -> Iterator[None]:
    """Refuse a body, or a piece of it, that does not arrive inside within a time, or is cut off."""
    try:
        with _deadline(timeout_s):
            yield
    except TimeoutError:
        raise RefusalError(
            "bad_request", said("the body did not arrive within {timeout_s:.0f} s", timeout_s=timeout_s)
        ) from None
    except ClientDisconnect:
        raise RefusalError("bad_request", "the body was cut off") from None


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside after a time, as `asyncio.timeout` does, which Python 3.10 lacks."""
    task, passed = asyncio.current_task(), False
    assert task is not None

    def end() -> None:
        nonlocal passed
        passed = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, end)
    try:
        yield
    except asyncio.CancelledError:
        if passed and not (hasattr(task, "uncancel") and task.uncancel()):
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def encoding_of(request: Request) -> str:
    """Return a body's content encoding in lower case.

    Raises:
        RefusalError: `unsupported_encoding`.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in ("identity", "gzip"):
        raise RefusalError("unsupported_encoding", "Content-Encoding is gzip or identity")
    return encoding


def unpacked(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """Return a body without its content encoding. Errors as `unpacked_members`."""
    pieces = unpacked_members(body, encoding, limit_bytes)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unpacked_members(body: bytes, encoding: str, limit_bytes: int) -> list[bytes]:
    """Return the decompressed members of a body, of which gzip may have several; stop at the limit.

    Raises:
        RefusalError: `too_large`, `bad_encoding`.
    """
    if encoding == "identity":
        if len(body) > limit_bytes:
            raise too_large("the body", limit_bytes)
        return [body]
    pieces: list[bytes] = []
    size_bytes = start = 0
    while start < len(body) or not pieces:  # gzip files may be concatenated
        if len(pieces) == MAX_MEMBERS:
            raise RefusalError(
                "bad_encoding", said("a gzip body has {limit} members at most", limit=MAX_MEMBERS), limit=MAX_MEMBERS
            )
        with _UNPACKING:
            piece, start = _member(body, start, limit_bytes - size_bytes)
        size_bytes += len(piece)
        if size_bytes > limit_bytes:
            raise too_large("the unpacked body", limit_bytes)
        pieces.append(piece)
    return pieces


def _member(body: bytes, start: int, limit_bytes: int) -> tuple[bytes, int]:
    """Return the content of the member at `start`, of one byte more than the limit at most, and where it ends.

    The window grows as the member does, so that the bytes behind a member, which zlib copies, are fewer than its own.
    """
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    content, window_bytes = bytearray(), _WINDOW_BYTES
    view = memoryview(body)
    while not unpacker.eof:
        part: bytes | memoryview = unpacker.unconsumed_tail or view[start : start + window_bytes]
        if not part:
            raise _bad_gzip()
        if not unpacker.unconsumed_tail:
            start, window_bytes = start + len(part), 2 * window_bytes
        try:
            content += unpacker.decompress(part, limit_bytes - len(content) + 1)
        except zlib.error:
            raise _bad_gzip() from None
        if len(content) > limit_bytes:
            break
    return bytes(content), start - len(unpacker.unused_data)


def small_members(body: bytes, encoding: str, small_bytes: int) -> list[bytes] | None:
    """Return what `unpacked_members` would for a single small member, or None if it takes more to tell."""
    if encoding == "identity":
        return [body] if len(body) <= small_bytes else None
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        piece = unpacker.decompress(body[:small_bytes], small_bytes + 1)
    except zlib.error:
        return None
    is_all = unpacker.eof and not unpacker.unused_data and len(body) <= small_bytes
    return [piece] if is_all and len(piece) <= small_bytes else None


def _bad_gzip() -> RefusalError:
    return RefusalError("bad_encoding", "the body is no complete gzip")
