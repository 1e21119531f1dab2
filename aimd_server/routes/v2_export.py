"""Version 2: a folder as a tar, streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.services import contents, exporting
from aimd_server.services.exporting import ExportPage, Member
from aimd_server.services.files import OpenFile, read_piece
from aimd_server.services.request_errors import RefusalError
from aimd_server.storage import Storage
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection
from aimd_server.stores.trials import TrialRow
from aimd_server.stores.writer import StoreUnavailableError


def register(table: RouteTable) -> None:
    """Register the route."""
    table.add("GET", "/folders/{id}/export", export_folder, access=Access.ANY_USER)


async def export_folder(call: Call) -> Response:
    """Answer with the trials of a folder and below, as a tar of their directories."""
    first = await call.run(exporting.batch, call.part("id"), None)
    call.take_slot()
    headers = {"Content-Disposition": 'attachment; filename="export.tar"'}
    return StreamingResponse(_pieces(call, first), 200, headers, "application/x-tar")


async def _pieces(call: Call, page: ExportPage) -> AsyncIterator[bytes]:
    sent: set[str] = set()  # of the objects that several trials may have
    while True:
        for row in page.rows:
            async for piece in _trial(call, row, sent):
                yield piece
        if page.after is None:
            break
        page = await call.run(exporting.batch, call.part("id"), page.after)
    yield exporting.END


async def _trial(call: Call, row: TrialRow, sent: set[str]) -> AsyncIterator[bytes]:
    try:
        members = await call.run(exporting.members, row)
    except RefusalError:
        return  # it was deleted in the meantime
    directory = exporting.directory_of(row)
    yield exporting.header(directory + "/", 0, row, is_directory=True)
    for member in members:
        path = f"{directory}/{member.name}"
        if member.is_beside:
            path = f"{directory.rpartition('/')[0]}/{member.name}".removeprefix("/")
            if path in sent:
                continue
            sent.add(path)
        yield exporting.header(path, member.opened.standing.offset, row)
        async for piece in _content(call, member):
            yield piece


async def _content(call: Call, member: Member) -> AsyncIterator[bytes]:
    start, end = 0, member.opened.standing.offset
    while start < end:
        piece = (await call.run_stored(_read, member.opened, start, end))[: end - start]
        if not piece:  # its size was already sent: abort, so that nobody takes the rest for a file
            raise StoreUnavailableError("a file was deleted while it was exported")
        start += len(piece)
        yield piece
    yield exporting.padding(end)


def _read(storage: Storage, user: Account, opened: OpenFile, start: int, end: int) -> bytes:
    if opened.content_id is not None:
        return contents.read(storage, opened.content_id, opened.standing.digest, start, end)

    def operation(connection: Connection) -> bytes:
        return read_piece(connection, opened, start)

    return storage.database.read(operation)
