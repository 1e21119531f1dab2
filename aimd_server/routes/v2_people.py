"""Version 2: the caller's keys, shares, what is shared with the caller, and the audit log."""

from __future__ import annotations

from starlette.responses import Response

from aimd_server.routes.access import Access, Call, Handler, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.v2_bodies import number_in, read_document
from aimd_server.services import auditing, keys, sharing
from aimd_server.services.identity import KeyWish
from aimd_server.services.sharing import FOLDER, TRIAL, ShareWish


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("GET", "/me/keys", list_keys, access=Access.ANY_USER)
    table.add("POST", "/me/keys", create_key, access=Access.ANY_USER)
    table.add("DELETE", "/me/keys/{number}", revoke_key, access=Access.ANY_USER)
    table.add("GET", "/shared", list_shared, access=Access.ANY_USER)
    table.add("GET", "/audit", list_audit, access=Access.ADMIN)
    for kind in (FOLDER, TRIAL):
        path = f"/{kind}s/{{id}}/shares"
        table.add("GET", path, _list_shares(kind), access=Access.ANY_USER)
        table.add("POST", path, _share(kind), access=Access.ANY_USER)
        table.add("DELETE", f"{path}/{{number}}", _unshare(kind), access=Access.ANY_USER)


async def list_keys(call: Call) -> Response:
    """Answer with the caller's keys."""
    return json_answer(await call.run(keys.listed))


async def create_key(call: Call) -> Response:
    """Create a key."""
    return json_answer(await call.run(keys.create, await read_document(call, KeyWish, may_be_empty=True)), 201)


async def revoke_key(call: Call) -> Response:
    """Revoke a key."""
    await call.run(keys.revoke, call.part("number"))
    return empty_answer(204)


async def list_shared(call: Call) -> Response:
    """Answer with what is shared with the caller."""
    return json_answer(await call.run(sharing.shared_with))


async def list_audit(call: Call) -> Response:
    """Answer with a page of the audit log."""
    limit = number_in(call, "limit", 50)
    return json_answer(await call.run(auditing.listed, limit, call.request.query_params.get("cursor")))


def _list_shares(kind: str) -> Handler:
    async def list_shares(call: Call) -> Response:
        return json_answer(await call.run(sharing.listed, kind, call.part("id")))

    list_shares.__doc__ = f"Answer with the shares on a {kind} itself."
    return list_shares


def _share(kind: str) -> Handler:
    async def share(call: Call) -> Response:
        wish = await read_document(call, ShareWish)
        return json_answer(await call.run(sharing.give, kind, call.part("id"), wish), 201)

    share.__doc__ = f"Share a {kind} with a user, a group or a public link."
    return share


def _unshare(kind: str) -> Handler:
    async def unshare(call: Call) -> Response:
        await call.run(sharing.take, kind, call.part("id"), call.part("number"))
        return empty_answer(204)

    unshare.__doc__ = f"Take away a share on a {kind}."
    return unshare
