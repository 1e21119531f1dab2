"""Version 2: saved views of folders, and their baselines."""

from __future__ import annotations

from starlette.responses import Response

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.v2_bodies import match_in, read_document, switch_in
from aimd_server.services import saved_views
from aimd_server.services.saved_views import BaselineWish, ViewKey, ViewWish


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", "/folders/{id}/views", list_views, access=Access.ANY_USER)
    table.add("GET", "/folders/{id}/views/{name}", get_view, access=Access.ANY_USER)
    table.add("PUT", "/folders/{id}/views/{name}", put_view, access=Access.ANY_USER)
    table.add("DELETE", "/folders/{id}/views/{name}", delete_view, access=Access.ANY_USER)
    table.add("GET", "/folders/{id}/baseline", get_baseline, access=Access.ANY_USER)
    table.add("PUT", "/folders/{id}/baseline", set_baseline, access=Access.ANY_USER)
    table.add("DELETE", "/folders/{id}/baseline", clear_baseline, access=Access.ANY_USER)


async def list_views(call: Call) -> Response:
    """Answer with the saved views of a folder that the caller sees."""
    above = switch_in(call, "above", default=False)
    return json_answer(await call.run(saved_views.listed, call.part("id"), above))


async def get_view(call: Call) -> Response:
    """Answer with one saved view."""
    return _answer(await call.run(saved_views.get, _key(call)), 200)


async def put_view(call: Call) -> Response:
    """Save a view."""
    wish = await read_document(call, ViewWish)
    view, is_new = await call.run(saved_views.put, _key(call), wish, match_in(call))
    return _answer(view, 201 if is_new else 200)


async def delete_view(call: Call) -> Response:
    """Delete a saved view."""
    await call.run(saved_views.remove, _key(call), match_in(call))
    return empty_answer(204)


async def get_baseline(call: Call) -> Response:
    """Answer with the trial that others of a folder are measured against."""
    return json_answer(await call.run(saved_views.get_baseline, call.part("id")))


async def set_baseline(call: Call) -> Response:
    """Choose the trial that others of a folder are measured against."""
    wish = await read_document(call, BaselineWish)
    return json_answer(await call.run(saved_views.set_baseline, call.part("id"), wish))


async def clear_baseline(call: Call) -> Response:
    """Clear the baseline of a folder."""
    await call.run(saved_views.set_baseline, call.part("id"), None)
    return empty_answer(204)


def _key(call: Call) -> ViewKey:
    return ViewKey(call.part("id"), call.part("name"), switch_in(call, "shared", default=False))


def _answer(view: dict[str, object], status: int) -> Response:
    return json_answer(view, status, {"ETag": str(view["etag"])})
