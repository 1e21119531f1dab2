"""Version 1: folders."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import json_answer, text_answer
from aimd_server.routes.v1_bodies import needed, read_json
from aimd_server.services import deployed, folders
from aimd_server.services.refusals import RefusalError
from aimd_server.services.visibility import ROOT, load_folder
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database


def register(table: RouteTable) -> None:
    """Register the routes; `id` before `{id}`."""
    table.add("GET", "/folders", list_folders, access=Access.ANY_USER)
    table.add("POST", "/folders", make_folder, access=Access.ANY_USER)
    table.add("GET", "/folders/id", find_folder, access=Access.ANY_USER)
    table.add("GET", "/folders/{id}", get_folder, access=Access.ANY_USER)


def _all(database: Database, user: Account) -> list[dict[str, Any]]:
    rows = database.read(lambda connection: folders.list_all(connection, user))
    return [deployed.folder_document(row) for row in rows]


def _pointers(database: Database, user: Account) -> list[dict[str, Any]]:
    return database.read(lambda connection: deployed.pointers(connection, user))


async def list_folders(call: Call) -> Response:
    """Answer with all folders of the user."""
    return json_answer({"folders": await call.run(_all), "pointers": await call.run(_pointers)})


async def make_folder(call: Call) -> Response:
    """Make a folder and answer with its id."""
    return json_answer({"id": await call.run(deployed.make_folder, await read_json(call))})


def _find(database: Database, user: Account, path: str) -> str:
    row = database.read(lambda connection: folders.find_path(connection, user, path))
    return ROOT if row.is_root else row.uid


async def find_folder(call: Call) -> Response:
    """Answer with the id of the folder at a path, as text."""
    path = needed(call, "path")
    try:
        return text_answer(await call.run(_find, path))
    except RefusalError:
        return text_answer(f"folder {path} not exists", 500)


def _get(database: Database, user: Account, uid: str) -> dict[str, Any]:
    return deployed.folder_document(database.read(lambda connection: load_folder(connection, user, uid)))


async def get_folder(call: Call) -> Response:
    """Answer with one folder."""
    return json_answer({"doc": await call.run(_get, call.part("id"))})
