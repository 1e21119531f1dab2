"""Version 2: the files of a trial, bytes with an offset."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer
from aimd_server.routes.bodies import encoding_of, read_body, unpacked
from aimd_server.services import files
from aimd_server.services.files import PART_BYTES, Opened, Standing
from aimd_server.services.refusals import RefusalError
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

_PATH = "/trials/{id}/files/{file}"


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("HEAD", _PATH, head_file, access=Access.ANY_USER)
    table.add("GET", _PATH, get_file, access=Access.ANY_USER)
    table.add("PATCH", _PATH, patch_file, access=Access.ANY_USER)


def _headers(standing: Standing) -> dict[str, str]:
    return {"Upload-Offset": str(standing.offset), "Upload-Digest": standing.digest}


def _open(database: Database, user: Account, uid: str, file: str) -> Opened:
    return database.read(lambda connection: files.open_file(connection, user, uid, file))


async def head_file(call: Call) -> Response:
    """Answer with how far the server has a file."""
    opened = await call.run(_open, call.part("id"), call.part("file"))
    return empty_answer(204, _headers(opened.standing))


async def get_file(call: Call) -> Response:
    """Answer with a file's bytes, piece by piece."""
    file = call.part("file")
    opened = await call.run(_open, call.part("id"), file)
    headers = {
        **_headers(opened.standing),
        "Content-Length": str(opened.standing.offset),
        "Content-Disposition": f'attachment; filename="{file}"',
    }
    return StreamingResponse(_pieces(call, opened), headers=headers, media_type="application/octet-stream")


async def _pieces(call: Call, opened: Opened) -> AsyncIterator[bytes]:
    """Yield a file as it stood when it was opened; deleted meanwhile, it ends short of its Content-Length."""
    start = 0
    while start < opened.standing.offset:
        piece = await call.run(_read, opened, start)
        if not piece:
            return
        start += len(piece)
        yield piece


def _read(database: Database, user: Account, opened: Opened, start: int) -> bytes:
    def operation(connection: Connection) -> bytes:
        return files.read_piece(connection, opened, start)

    return database.read(operation)


async def patch_file(call: Call) -> Response:
    """Append a file's bytes from an offset on."""
    offset = _offset(call.request.headers.get("upload-offset", ""))
    body = await read_body(call.request, PART_BYTES)
    reached = await call.run(_append, call.part("id"), call.part("file"), offset, body, encoding_of(call.request))
    return empty_answer(204, {"Upload-Offset": str(reached)})


def _append(database: Database, user: Account, uid: str, file: str, offset: int, body: bytes, encoding: str) -> int:
    return files.append(database, user, uid, file, offset, unpacked(body, encoding, PART_BYTES))


def _offset(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RefusalError("bad_request", "Upload-Offset is a number of bytes")
    return int(text)
