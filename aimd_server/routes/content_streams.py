"""Answers with the bytes of a content, whole or a range of it: for saving, and only if asked for, for showing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from aimd_server.routes.access import Call
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.v2_bodies import number_in
from aimd_server.routes.v2_files import MOST_OFFSET, UNSATISFIABLE, wanted_range
from aimd_server.services import content_batches, contents, presigning
from aimd_server.services.content_batches import Small
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account

_PIECE_BYTES, _PIECE_CONTENTS = 1 << 20, 256  # of a batch that are read at once


async def content_answer(
    call: Call,
    content_id: int,
    digest: str,
    size: int,
    name: str,
    etag: str = "",
    more_headers: Mapping[str, str] | None = None,
    media_type: str = "application/octet-stream",
    is_shown: bool = False,
) -> Response:
    """Return the bytes that a request asks for; the caller has checked that they may be seen.

    The first of them are read before the answer begins, so that an object store that is away is a 503.

    Args:
        call: The request, of which one slot for large answers is taken.
        content_id: The content.
        digest: Its digest.
        size: Its size in bytes.
        name: What to call the file.
        etag: Its ETag, or empty.
        more_headers: Further headers.
        media_type: What the bytes are.
        is_shown: Whether a browser that opens them shows them, instead of saving them.
    """
    byte_range = wanted_range(call.request.headers.get("range", ""), size)
    if byte_range == UNSATISFIABLE and size:
        return empty_answer(416, {"Content-Range": f"bytes */{size}"})
    start, end = byte_range if byte_range and byte_range != UNSATISFIABLE else (0, size)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Disposition": f"{'inline' if is_shown else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
        **({"ETag": etag} if etag else {}),
        **(more_headers or {}),
    }
    status = 200
    if (start, end) != (0, size):
        status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{size}"
    pieces = _pieces(call, content_id, digest, start, end)
    first = await anext(pieces, b"")
    return StreamingResponse(_after(first, pieces), status, headers, media_type)


async def batch_answer(call: Call, items: Sequence[Small | None]) -> Response:
    """Return contents that may be seen: a line of JSON with their sizes, null for what is not sent, then the bytes.

    As many as fit in one answer; those who need more ask again.
    """
    taken = content_batches.fitting(items)
    sent = [item for item in taken if item is not None]
    head = json.dumps([None if item is None else item.size for item in taken]).encode() + b"\n"
    headers = {"Content-Length": str(len(head) + sum(item.size for item in sent)), "Cache-Control": "no-store"}
    pieces = _batches(call, sent)
    return StreamingResponse(_after(head + await anext(pieces, b""), pieces), 200, headers, "application/octet-stream")


async def _batches(call: Call, items: Sequence[Small]) -> AsyncIterator[bytes]:
    """Yield the bytes of contents, some at once."""
    some, size = list[Small](), 0
    for item in items:
        some.append(item)
        size += item.size
        if size >= _PIECE_BYTES or len(some) >= _PIECE_CONTENTS:
            yield await call.run_stored(content_batches.read, some)
            some, size = [], 0
    if some:
        yield await call.run_stored(content_batches.read, some)


async def parts_answer(call: Call, content_id: int, digest: str) -> Response:
    """Return where the object store gives the bytes of a content; the caller has checked that they may be seen."""
    start = number_in(call, "from", 0, len(str(MOST_OFFSET)))
    parts = await call.run_stored(presigning.parts, content_id, digest, start)
    return json_answer({"parts": parts, "expires_s": presigning.EXPIRES_S}, headers={"Cache-Control": "no-store"})


async def _pieces(call: Call, content_id: int, digest: str, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield bytes of a content; if it is removed meanwhile, they end short of the Content-Length."""
    while start < end:
        piece = await call.run_stored(_read, content_id, digest, start, end)
        if not piece:
            return
        start += len(piece)
        yield piece


async def _after(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what was read already, then the rest."""
    yield first
    del first  # it may be large
    async for piece in pieces:
        yield piece


def _read(storage: Storage, _: Account, content_id: int, digest: str, start: int, end: int) -> bytes:
    return contents.read(storage, content_id, digest, start, end)
