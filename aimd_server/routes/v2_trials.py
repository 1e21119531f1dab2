"""Version 2: trials."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.bodies import DOCUMENT_BYTES, encoding_of, read_body, unpacked
from aimd_server.services import trials
from aimd_server.services.documents import decode
from aimd_server.services.refusals import invalid
from aimd_server.services.trials import CREATED, PAGE, Put, TrialWish, Wanted
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", "/trials", list_trials, access=Access.ANY_USER)
    table.add("POST", "/trials/known", post_known, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}", get_trial, access=Access.ANY_USER)
    table.add("PUT", "/trials/{id}", put_trial, access=Access.ANY_USER)
    table.add("DELETE", "/trials/{id}", delete_trial, access=Access.ANY_USER)


async def list_trials(call: Call) -> Response:
    """Answer with a page of trials."""
    query = call.request.query_params
    limit = query.get("limit", str(PAGE))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 10):
        raise invalid("limit is a number", field="limit")
    wanted = Wanted(query.get("folder"), query.get("folder_id"), int(limit), query.get("cursor"))
    return json_answer(await call.run(trials.listed, wanted))


async def post_known(call: Call) -> Response:
    """Answer with what the server has of some trials."""
    body = await read_body(call.request, DOCUMENT_BYTES)
    return json_answer(await call.run(_known, body, encoding_of(call.request)))


def _known(database: Database, user: Account, body: bytes, encoding: str) -> dict[str, object]:
    return trials.known(database, user, decode(unpacked(body, encoding, DOCUMENT_BYTES), trials.Asked))


async def get_trial(call: Call) -> Response:
    """Answer with one trial."""
    return json_answer(await call.run(trials.shown, call.part("id")))


async def put_trial(call: Call) -> Response:
    """Create or update a trial."""
    body = await read_body(call.request, DOCUMENT_BYTES)
    dry_run = call.request.query_params.get("dry_run") == "1"
    done = await call.run(_put, call.part("id"), body, encoding_of(call.request), dry_run)
    return json_answer(_shown(done), 201 if done.outcome == CREATED and not dry_run else 200)


def _put(database: Database, user: Account, uid: str, body: bytes, encoding: str, dry_run: bool) -> Put:
    wish = decode(unpacked(body, encoding, DOCUMENT_BYTES), TrialWish)
    return trials.put(database, user, uid, wish, dry_run)


def _shown(done: Put) -> dict[str, Any]:
    row = done.trial
    return {
        "id": row.uid,
        "name": row.name,
        "outcome": done.outcome,
        "folder": {"id": row.folder_uid, "path": row.folder_path, "fallback": done.fallback},
        "files": done.files,
    }


async def delete_trial(call: Call) -> Response:
    """Delete a trial."""
    await call.run(trials.delete, call.part("id"))
    return empty_answer(204)
