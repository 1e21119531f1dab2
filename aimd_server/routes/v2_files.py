"""Version 2: the files of a trial, as bytes with an offset."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from aimd_core.format.limits import PART_BYTES
from aimd_core.language import said
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.bodies import encoding_of, read_body, small_members, unpacked, unpacked_members
from aimd_server.services import files, line_counts, media_index
from aimd_server.services.files import FILE_BYTES, MEDIA, OpenFile, Standing
from aimd_server.services.line_counts import LineWish
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.series import appending
from aimd_server.services.series.appending import Append
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.packing import GZIP, Packed

_PATH = "/trials/{id}/files/{file}"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_SMALL_BYTES = 64 << 10  # a part this small is read without a thread
UNSATISFIABLE = (-1, -1)
MOST_OFFSET = 10**18 - 1  # what a request may contain and a database can store


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("HEAD", _PATH, head_file, access=Access.ANY_USER)
    table.add("GET", _PATH, get_file, access=Access.ANY_USER)
    table.add("PUT", _PATH, put_file, access=Access.ANY_USER)
    table.add("PATCH", _PATH, patch_file, access=Access.ANY_USER)
    table.add("GET", f"{_PATH}/lines", get_lines, access=Access.ANY_USER)


def _headers(standing: Standing) -> dict[str, str]:
    return {"Upload-Offset": str(standing.offset), "Upload-Digest": standing.digest}


def _open(database: Database, user: Account, uid: str, file: str) -> OpenFile:
    return database.read(lambda connection: files.open_file(connection, user, uid, file))


async def head_file(call: Call) -> Response:
    """Answer with how much of a file the server has."""
    opened = await call.run(_open, call.part("id"), call.part("file"))
    return empty_answer(204, _headers(opened.standing))


async def get_file(call: Call) -> Response:
    """Answer with a file's bytes, piece by piece."""
    file = call.part("file")
    call.take_slot()
    opened = await call.run(_open, call.part("id"), file)
    size_bytes = opened.standing.offset
    byte_range = wanted_range(call.request.headers.get("range", ""), size_bytes)
    if byte_range == UNSATISFIABLE:
        # Nothing there yet: a reader that follows a file learns that instead of getting all of it again.
        return empty_answer(416, {**_headers(opened.standing), "Content-Range": f"bytes */{size_bytes}"})
    start, end = byte_range or (0, size_bytes)
    headers = {
        **_headers(opened.standing),
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Disposition": f'attachment; filename="{file}"',
    }
    if byte_range is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    status = 200 if byte_range is None else 206
    return StreamingResponse(_pieces(call, opened, start, end), status, headers, "application/octet-stream")


def wanted_range(header: str, size_bytes: int) -> tuple[int, int] | None:
    """Return the bytes that a Range header asks for, from `start` to before `end`.

    None means all of them, also for several ranges or a malformed one, as HTTP allows. `UNSATISFIABLE` if the file has
    none of the bytes.
    """
    match = _RANGE.fullmatch(header)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        size = min(int(match[2]), size_bytes)
        return (size_bytes - size, size_bytes) if size else UNSATISFIABLE
    start, last = int(match[1]), int(match[2]) if match[2] else size_bytes - 1
    if match[2] and last < start:
        return None
    return (start, min(last + 1, size_bytes)) if start < size_bytes else UNSATISFIABLE


async def _pieces(call: Call, opened: OpenFile, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield bytes of a file as of when it was opened; if it is deleted, they end short of the Content-Length."""
    while start < end:
        piece = (await call.run(_read, opened, start))[: end - start]
        if not piece:
            return
        start += len(piece)
        yield piece


def _read(database: Database, user: Account, opened: OpenFile, start: int) -> bytes:
    def operation(connection: Connection) -> bytes:
        return files.read_piece(connection, opened, start)

    return database.read(operation)


async def get_lines(call: Call) -> Response:
    """Answer with a place of a file that only grows: how many newlines precede a byte, or where a line begins."""
    query = call.request.query_params
    wish = LineWish(_number(query.get("offset"), "offset", 0), _number(query.get("line"), "line", 1))
    return json_answer(await call.run(line_counts.position_of, call.part("id"), call.part("file"), wish))


def _number(text: str | None, field: str, least: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_OFFSET))) or int(text) < least:
        raise invalid(said("{field} is a number from {least} on", field=field, least=least), field=field)
    return int(text)


async def patch_file(call: Call) -> Response:
    """Append a file's bytes from an offset on."""
    offset = _offset(call.request.headers.get("upload-offset", ""))
    body = await read_body(call.request, PART_BYTES)
    encoding, wants_digest = encoding_of(call.request), call.request.headers.get("want-upload-digest") == "?1"
    uid, file = call.part("id"), call.part("file")
    members = small_members(body, encoding, _SMALL_BYTES)
    if members is None:
        wish = await call.run(_prepared, uid, file, offset, body, encoding, wants_digest)
    else:  # a thread would cost more than the work
        wish = _wish_of(call.user, uid, file, offset, body, encoding, members, wants_digest)
    appends = call.backend.appends
    done = await call.write(appends.operation(wish), order=uid)
    appends.follow(wish, done)
    del body, members, wish  # which may be large
    if done.due is not None:
        # Before the answer, so that faster appends wait.
        settle = media_index.index if file == MEDIA else appending.settle
        await call.backend.settle(settle, call.database, done.due)
    reached = done.standing
    return empty_answer(204, _headers(reached) if wants_digest else {"Upload-Offset": str(reached.offset)})


def _prepared(
    _: Database, user: Account, uid: str, file: str, offset: int, body: bytes, encoding: str, wants_digest: bool
) -> Append:
    members = unpacked_members(body, encoding, PART_BYTES)
    return _wish_of(user, uid, file, offset, body, encoding, members, wants_digest)


def _wish_of(
    user: Account, uid: str, file: str, offset: int, body: bytes, encoding: str, members: list[bytes], digest: bool
) -> Append:
    content = members[0] if len(members) == 1 else b"".join(members)
    as_sent = Packed(GZIP, body) if encoding == "gzip" and len(members) == 1 and len(body) < len(content) else None
    return appending.prepare(user, uid, file, offset, content, as_sent, digest)


async def put_file(call: Call) -> Response:
    """Replace a small file."""
    body = await read_body(call.request, FILE_BYTES)
    standing = await call.run(_put, call.part("id"), call.part("file"), body, encoding_of(call.request))
    return empty_answer(204, _headers(standing))


def _put(database: Database, user: Account, uid: str, file: str, body: bytes, encoding: str) -> Standing:
    return files.put_document(database, user, uid, file, unpacked(body, encoding, FILE_BYTES))


def _offset(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_OFFSET))):
        raise RefusalError("bad_request", "Upload-Offset is a number of bytes")
    return int(text)
