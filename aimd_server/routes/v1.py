"""Version 1 of the API, as deployed clients speak it: `?apikey=`, plain texts, its own status codes.

Source: the deployed protocol. An unknown path answers 404 with an empty body, from which deployed clients tell a wrong
address.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aimd_core.format.protocol import V1_PATH
from aimd_server.errors import StoreUnavailableError
from aimd_server.routes import v1_artifacts
from aimd_server.routes.access import Access, Backend, Call, RouteTable
from aimd_server.routes.answers import JSON, empty_answer, json_answer, text_answer
from aimd_server.routes.v1_bodies import needed, read_json
from aimd_server.services import folders, trash, version1
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.version1 import PackedPoints
from aimd_server.services.visibility import ROOT, load_folder
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database

_STATUS = {
    "forbidden": 403,
    "too_large": 413,
    "quota_exceeded": 413,
    "unsupported_encoding": 415,
    "content_missing": 409,
    "busy": 503,
}
_DOC_NOT_FOUND = "[Get] doc not found"


class Version1:
    """The dialect of version 1.

    Attributes:
        login_page: Where a caller without a key is redirected.
    """

    def __init__(self, login_page: str) -> None:
        self.login_page = login_page

    async def authenticate(self, request: Request, backend: Backend) -> Account | Response:
        """Return the caller, or the deployed answers for a missing, empty or unknown key."""
        key = request.query_params.get("apikey")
        if key is None:
            return empty_answer(302, {"Location": self.login_page})
        if not key:
            return text_answer("query is needed: apikey", 400)
        account = await backend.key_lookups.account_of(key)
        return account or text_answer(f"api key {key} not found\n", 400)

    def refused(self, error: RefusalError, request: Request) -> Response:
        """Return a refusal with the text that deployed clients look for."""
        if error.code in ("not_found", "folder_not_found"):
            return text_answer(_DOC_NOT_FOUND, 500)
        if error.code == "name_taken":
            return text_answer(f"Trial {error.facts['name']} already exists", 400)
        headers = {"Retry-After": "2"} if error.code == "busy" else None
        return text_answer(error.message, _STATUS.get(error.code, 400), headers)

    def unavailable(self, error: StoreUnavailableError, request: Request) -> Response:
        """Return a 503 that says what of the server refuses."""
        return text_answer(error.told[1], 503, {"Retry-After": "2"})

    def wrong_method(self, allowed: list[str], request: Request) -> Response:
        """Return the methods that the path supports."""
        return empty_answer(405, {"Allow": ", ".join(allowed)})


async def get_userinfo(call: Call) -> Response:
    """Answer with the user's name."""
    return json_answer({"preferred_username": call.user.name})


def routes(base: str, login_page: str) -> list[RouteTable]:
    """Return the routes of version 1 below the server's path."""
    dialect = Version1(login_page)
    table = RouteTable(base + V1_PATH, dialect)
    _register_folders(table)
    _register_trials(table)
    v1_artifacts.register(table)
    oauth2 = RouteTable(base + "/oauth2", dialect)
    oauth2.add("GET", "/userinfo", get_userinfo, access=Access.ANY_USER)
    _open_to_uploads(table)
    v1_artifacts.open_to_uploads(table)
    oauth2.open_to_uploads(("GET", "/userinfo"))
    return [table, oauth2]


def _open_to_uploads(table: RouteTable) -> None:
    """Let upload-only keys do what a deployed client needs for an upload, but not read back or delete."""
    table.open_to_uploads(
        ("GET", "/folders"),
        ("POST", "/folders"),
        ("GET", "/folders/id"),
        ("GET", "/folders/{id}"),
        ("POST", "/trials"),
        ("GET", "/trials/id"),
        ("POST", "/trials/{id}/status"),
        ("POST", "/trials/{id}/parameters"),
        ("POST", "/trials/{id}/metrics/{type}"),
    )


def _register_folders(table: RouteTable) -> None:
    """Register the routes; `id` before `{id}`."""
    table.add("GET", "/folders", list_folders, access=Access.ANY_USER)
    table.add("POST", "/folders", make_folder, access=Access.ANY_USER)
    table.add("GET", "/folders/id", find_folder, access=Access.ANY_USER)
    table.add("GET", "/folders/{id}", get_folder, access=Access.ANY_USER)


def _folders(database: Database, user: Account) -> list[dict[str, Any]]:
    rows = database.read(lambda connection: folders.list_all(connection, user))
    return [version1.folder_document(user, row) for row in rows]


def _pointers(database: Database, user: Account) -> list[dict[str, Any]]:
    return database.read(lambda connection: version1.pointers(connection, user))


async def list_folders(call: Call) -> Response:
    """Answer with all folders of the user."""
    return json_answer({"folders": await call.run(_folders), "pointers": await call.run(_pointers)})


async def make_folder(call: Call) -> Response:
    """Create a folder and answer with its id."""
    return json_answer({"id": await call.run(version1.make_folder, await read_json(call))})


def _folder_id(database: Database, user: Account, path: str) -> str:
    row = database.read(lambda connection: folders.find_path(connection, user, path))
    return ROOT if row.is_root else row.uid


async def find_folder(call: Call) -> Response:
    """Answer with the id of the folder at a path, as text."""
    path = needed(call, "path")
    try:
        return text_answer(await call.run(_folder_id, path))
    except RefusalError:
        return text_answer(f"folder {path} not exists", 500)


def _folder(database: Database, user: Account, uid: str) -> dict[str, Any]:
    return version1.folder_document(user, database.read(lambda connection: load_folder(connection, user, uid)))


async def get_folder(call: Call) -> Response:
    """Answer with one folder."""
    return json_answer({"doc": await call.run(_folder, call.part("id"))})


def _register_trials(table: RouteTable) -> None:
    """Register the routes; `id` before `{id}`."""
    table.add("POST", "/trials", create_trial, access=Access.ANY_USER)
    table.add("GET", "/trials/id", find_trial, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}", get_trial, access=Access.ANY_USER)
    table.add("PUT", "/trials/{id}", replace_trial, access=Access.ANY_USER)
    table.add("DELETE", "/trials/{id}", delete_trial, access=Access.ANY_USER)
    table.add("POST", "/trials/{id}/status", set_status, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}/parameters", get_parameters, access=Access.ANY_USER)
    table.add("POST", "/trials/{id}/parameters", set_parameters, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}/metrics", get_metrics, access=Access.ANY_USER)
    table.add("POST", "/trials/{id}/metrics/{type}", add_metrics, access=Access.ANY_USER)


def _done(call: Call) -> Response:
    return json_answer({"id": call.part("id")})


async def create_trial(call: Call) -> Response:
    """Create a trial and answer with its id."""
    return json_answer({"id": await call.run(version1.create_trial, await read_json(call))})


async def find_trial(call: Call) -> Response:
    """Answer with the id of a trial by name and folder, as text."""
    folder, name = needed(call, "folder"), needed(call, "name")
    try:
        return text_answer(await call.run(version1.find_trial, folder, name))
    except RefusalError:
        return text_answer(f"trial {name} not exists", 500)


async def get_trial(call: Call) -> Response:
    """Answer with a trial's full document."""
    return json_answer({"doc": await call.run(version1.get_trial, call.part("id"))})


async def replace_trial(call: Call) -> Response:
    """Write a trial's full document."""
    await call.run(version1.replace_trial, call.part("id"), await read_json(call))
    return _done(call)


async def delete_trial(call: Call) -> Response:
    """Delete a trial: it goes to the trash, and its name and id are free."""
    await call.run(trash.delete_trial, call.part("id"))
    return _done(call)


async def set_status(call: Call) -> Response:
    """Set a trial's status."""
    await call.run(version1.set_status, call.part("id"), await read_json(call))
    return _done(call)


async def get_parameters(call: Call) -> Response:
    """Answer with a trial's parameters."""
    return json_answer(await call.run(version1.get_parameters, call.part("id")))


async def set_parameters(call: Call) -> Response:
    """Replace a trial's parameters."""
    await call.run(version1.set_parameters, call.part("id"), await read_json(call))
    return _done(call)


async def get_metrics(call: Call) -> Response:
    """Answer with all points; a non-finite value is null, because JSON has no token for it."""
    call.take_slot()
    points = await call.run(version1.get_points, call.part("id"))
    return StreamingResponse(_pieces(points), media_type=JSON)


async def _pieces(points: PackedPoints) -> AsyncIterator[bytes]:
    for piece in points.pieces():
        yield piece


async def add_metrics(call: Call) -> Response:
    """Append points."""
    await call.run(version1.add_points, call.part("id"), call.part("type"), await read_json(call))
    return _done(call)
