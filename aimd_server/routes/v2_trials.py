"""Version 2: trials."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from aimd_core.language import ENGLISH, Said, translated
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.bodies import DOCUMENT_BYTES, encoding_of, read_body, unpacked
from aimd_server.routes.v2_bodies import language_of, number_in, read_document, switch_in
from aimd_server.services import bulk_changes, trash, trial_changes, trial_lists, trial_values, trials
from aimd_server.services.bulk_changes import BulkChange
from aimd_server.services.documents import decode
from aimd_server.services.trial_changes import BatchRequest, TrialChange
from aimd_server.services.trial_lists import ListRequest
from aimd_server.services.trials import CREATED, PAGE, Put, TrialWish
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", "/trials", list_trials, access=Access.ANY_USER)
    table.add("GET", "/trials/columns", list_columns, access=Access.ANY_USER)
    table.add("GET", "/trials/values", list_values, access=Access.ANY_USER)
    table.add("POST", "/trials/batch", get_batch, access=Access.READER)
    table.add("POST", "/trials/known", post_known, access=Access.READER)
    table.add("POST", "/trials/changes", change_trials, access=Access.ANY_USER)
    table.add("GET", "/trials/{id}", get_trial, access=Access.ANY_USER)
    table.add("PUT", "/trials/{id}", put_trial, access=Access.ANY_USER)
    table.add("PATCH", "/trials/{id}", change_trial, access=Access.ANY_USER)
    table.add("DELETE", "/trials/{id}", delete_trial, access=Access.ANY_USER)
    table.add("POST", "/trials/{id}/restore", restore_trial, access=Access.ANY_USER)
    table.add("GET", "/trash", list_trash, access=Access.ANY_USER)


async def list_trials(call: Call) -> Response:
    """Answer with a page of trials."""
    page: Any = await call.run(trial_lists.page_of_trials, _list_request(call))
    return _worded(call, page, page["trials"])


def _alone(call: Call, trial: dict[str, Any]) -> Response:
    return _worded(call, trial, [trial])


def _worded(call: Call, document: object, shown: list[dict[str, Any]]) -> Response:
    """Return an answer whose trials also say in the language of the caller why they are in their state.

    `reason` stays English, because queries compare it; it may also be data, such as the message of an exception.
    """
    reads = language_of(call.request)
    for trial in shown if reads != ENGLISH else []:
        if isinstance(trial["reason"], Said):
            trial["reason_words"] = translated(trial["reason"], reads)
    return json_answer(document)


def _list_request(call: Call) -> ListRequest:
    query = call.request.query_params
    return ListRequest(
        query.get("folder"),
        query.get("folder_id"),
        number_in(call, "limit", PAGE),
        query.get("cursor"),
        switch_in(call, "below", True),
        query.get("where", ""),
        query.get("sort", ""),
        query.get("columns", ""),
        switch_in(call, "count", False),
    )


async def list_columns(call: Call) -> Response:
    """Answer with the names of parameters and metrics, for choosing columns."""
    return json_answer(await call.run(trial_lists.columns, _list_request(call)))


async def list_values(call: Call) -> Response:
    """Answer with the values of some fields, for completing a filter."""
    fields = call.request.query_params.get("fields", "")
    return json_answer(await call.run(trial_values.values, _list_request(call), fields))


async def post_known(call: Call) -> Response:
    """Answer with what the server has of some trials."""
    body = await read_body(call.request, DOCUMENT_BYTES)
    return json_answer(await call.run(_known, body, encoding_of(call.request)))


def _known(database: Database, user: Account, body: bytes, encoding: str) -> dict[str, object]:
    return trials.known(database, user, decode(unpacked(body, encoding, DOCUMENT_BYTES), trials.KnownRequest))


async def get_trial(call: Call) -> Response:
    """Answer with one trial."""
    return _alone(call, await call.run(trials.shown, call.part("id")))


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


async def get_batch(call: Call) -> Response:
    """Answer with many trials."""
    answer: Any = await call.run(trial_changes.batch, await read_document(call, BatchRequest))
    return _worded(call, answer, answer["trials"])


async def change_trials(call: Call) -> Response:
    """Delete, restore, move or tag many trials, each by itself."""
    wish = await read_document(call, BulkChange)
    return json_answer(await call.run(bulk_changes.apply, wish, language_of(call.request)))


async def change_trial(call: Call) -> Response:
    """Rename, move, tag or annotate a trial."""
    wish = await read_document(call, TrialChange)
    return _alone(call, await call.run(trial_changes.apply, call.part("id"), wish))


async def delete_trial(call: Call) -> Response:
    """Move a trial to the trash."""
    await call.run(trash.delete_trial, call.part("id"))
    return empty_answer(204)


async def restore_trial(call: Call) -> Response:
    """Restore a trial from the trash."""
    wish = await read_document(call, trash.Restoring, may_be_empty=True)
    return _alone(call, await call.run(trash.restore_trial, call.part("id"), wish))


async def list_trash(call: Call) -> Response:
    """Answer with a page of the caller's trash."""
    limit = number_in(call, "limit", trash.PAGE)
    cursor, days = call.request.query_params.get("cursor"), call.backend.settings.trash_days
    return json_answer(await call.run(trash.listed, limit, cursor, days))
