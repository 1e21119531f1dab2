"""Version 1: trials, their parameters and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import JSON, json_answer, text_answer
from aimd_server.routes.v1_bodies import needed, read_json
from aimd_server.services import deployed, deployed_points, trash
from aimd_server.services.deployed_points import Gathered
from aimd_server.services.refusals import RefusalError


def register(table: RouteTable) -> None:
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
    """Make a trial and answer with its id."""
    return json_answer({"id": await call.run(deployed.create_trial, await read_json(call))})


async def find_trial(call: Call) -> Response:
    """Answer with the id of the trial of a name in a folder, as text."""
    folder, name = needed(call, "folder"), needed(call, "name")
    try:
        return text_answer(await call.run(deployed.find_trial, folder, name))
    except RefusalError:
        return text_answer(f"trial {name} not exists", 500)


async def get_trial(call: Call) -> Response:
    """Answer with a trial's full document."""
    return json_answer({"doc": await call.run(deployed.get_trial, call.part("id"))})


async def replace_trial(call: Call) -> Response:
    """Write a trial's full document."""
    await call.run(deployed.replace_trial, call.part("id"), await read_json(call))
    return _done(call)


async def delete_trial(call: Call) -> Response:
    """Delete a trial: it lies in the trash, and its name and id are free."""
    await call.run(trash.delete_trial, call.part("id"))
    return _done(call)


async def set_status(call: Call) -> Response:
    """Set a trial's status."""
    await call.run(deployed.set_status, call.part("id"), await read_json(call))
    return _done(call)


async def get_parameters(call: Call) -> Response:
    """Answer with a trial's parameters."""
    return json_answer(await call.run(deployed.get_parameters, call.part("id")))


async def set_parameters(call: Call) -> Response:
    """Replace a trial's parameters."""
    await call.run(deployed.set_parameters, call.part("id"), await read_json(call))
    return _done(call)


async def get_metrics(call: Call) -> Response:
    """Answer with all points; a value that is not finite is null, because JSON has no token for it."""
    call.take_slot()
    gathered = await call.run(deployed_points.get_points, call.part("id"))
    return StreamingResponse(_pieces(gathered), media_type=JSON)


async def _pieces(gathered: Gathered) -> AsyncIterator[bytes]:
    for piece in gathered.pieces():
        yield piece


async def add_metrics(call: Call) -> Response:
    """Append points."""
    await call.run(deployed.add_points, call.part("id"), call.part("type"), await read_json(call))
    return _done(call)
