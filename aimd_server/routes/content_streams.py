"""Answers with the bytes of a content, whole or a range of it: for saving, never for showing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from aimd_server.routes.access import Call
from aimd_server.routes.answers import empty_answer
from aimd_server.routes.v2_files import UNSATISFIABLE, wanted_range
from aimd_server.services import contents
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account


def content_answer(call: Call, content_id: int, size: int, name: str, etag: str = "") -> Response:
    """Return the bytes that a request asks for; the caller has checked that they may be seen.

    Args:
        call: The request, of which one slot for large answers is taken.
        content_id: The content.
        size: Its size in bytes.
        name: What to call the file.
        etag: Its ETag, or empty.
    """
    byte_range = wanted_range(call.request.headers.get("range", ""), size)
    if byte_range == UNSATISFIABLE and size:
        return empty_answer(416, {"Content-Range": f"bytes */{size}"})
    start, end = byte_range if byte_range and byte_range != UNSATISFIABLE else (0, size)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        **({"ETag": etag} if etag else {}),
    }
    status = 200
    if (start, end) != (0, size):
        status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(_pieces(call, content_id, start, end), status, headers, "application/octet-stream")


async def _pieces(call: Call, content_id: int, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield bytes of a content; if it is removed meanwhile, they end short of the Content-Length."""
    while start < end:
        piece = await call.run_stored(_read, content_id, start, end)
        if not piece:
            return
        start += len(piece)
        yield piece


def _read(storage: Storage, _: Account, content_id: int, start: int, end: int) -> bytes:
    return contents.read(storage, content_id, start, end)
