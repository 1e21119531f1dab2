"""Version 2: the notes of folders, which are reports, and short addresses."""

from __future__ import annotations

from starlette.responses import Response

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import json_answer
from aimd_server.routes.proxies import prefix_of
from aimd_server.routes.v2_bodies import match_in, read_document
from aimd_server.services import folder_notes, reporting, short_addresses
from aimd_server.services.folder_notes import NoteWish
from aimd_server.services.reporting import ReportRequest
from aimd_server.services.request_errors import invalid
from aimd_server.services.short_addresses import AddressWish


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", "/folders/{id}/note", get_note, access=Access.ANY_USER)
    table.add("PUT", "/folders/{id}/note", put_note, access=Access.ANY_USER)
    table.add("GET", "/folders/{id}/report", get_report, access=Access.ANY_USER)
    table.add("POST", "/folders/{id}/addresses", make_address, access=Access.ANY_USER)
    table.add("GET", "/addresses/{id}", get_address, access=Access.ANY_USER)


async def get_note(call: Call) -> Response:
    """Answer with the note of a folder."""
    return _noted(await call.run(folder_notes.get, call.part("id")))


async def put_note(call: Call) -> Response:
    """Change the note of a folder."""
    wish = await read_document(call, NoteWish)
    return _noted(await call.run(folder_notes.put, call.part("id"), wish, match_in(call)))


async def get_report(call: Call) -> Response:
    """Answer with the note of a folder and what its views show now, as one HTML file to keep."""
    language = call.request.query_params.get("lang", "en")
    if language not in ("en", "zh"):
        raise invalid("lang is en or zh", field="lang")
    request = ReportRequest(call.part("id"), language, _console(call))
    page = await call.run_stored(reporting.made, request)
    headers = {"Content-Disposition": 'attachment; filename="report.html"'}
    return Response(page.encode("utf-8", "replace"), 200, headers, "text/html; charset=utf-8")


def _console(call: Call) -> str:
    """Return the address of the console for links; that of a private server is gone before anybody follows them."""
    if call.backend.tokens.is_local:
        return ""
    url = call.request.url
    above, _, _ = str(call.request.scope["path"]).partition("/server/apis/")  # the console is next to the API
    return f"{url.scheme}://{url.netloc}{prefix_of(call.request.scope)}{above}/web/"


async def make_address(call: Call) -> Response:
    """Shorten an address of the console."""
    wish = await read_document(call, AddressWish)
    address, is_new = await call.run(short_addresses.make, call.part("id"), wish)
    return json_answer(address, 201 if is_new else 200)


async def get_address(call: Call) -> Response:
    """Answer with what a short address stands for."""
    return json_answer(await call.run(short_addresses.get, call.part("id")))


def _noted(note: dict[str, object]) -> Response:
    return json_answer(note, 200, {"ETag": str(note["etag"])})
