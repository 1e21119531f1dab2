"""Version 2: signing in with a cookie, and the rule that keeps other sites from using it.

A browser sends a cookie to all ports of a host. So its name contains the port, and a console and a server, or two
consoles, on one machine do not sign each other out. A browser also sends it for requests from other sites. So a call
with the cookie is refused if its Origin is not this server's, and a change also if it has no Origin.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from aimd_core.language import joined, said
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.proxies import is_own_origin, own_origin, prefix_of
from aimd_server.routes.v2_bodies import decoded_body
from aimd_server.services import sessions
from aimd_server.services.request_errors import RefusalError
from aimd_server.services.sessions import SignIn

COOKIE = "aimd_session"
COOKIE_PATH = "/t9k/experiment"
BODY_BYTES, BODY_TIMEOUT_S = 4 << 10, 10.0  # anybody may send it


def register(table: RouteTable) -> None:
    """Register the routes."""
    table.add("POST", "/session", open_session, access=Access.SIGN_IN)
    table.add("GET", "/session", get_session, access=Access.ANY_USER)
    table.add("DELETE", "/session", close_session, access=Access.READER)
    table.add("GET", "/me/sessions", list_sessions, access=Access.ANY_USER)
    table.add("DELETE", "/me/sessions/{number}", end_session, access=Access.READER)
    table.open_to_uploads(("GET", "/session"), ("DELETE", "/session"))


def cookie_name(request: Request) -> str:
    """Return the name of this server's cookie in the browser that sent a request."""
    port = own_origin(request.scope).rpartition(":")[2]
    return f"{COOKIE}_{port}" if port.isascii() and port.isdigit() else COOKIE


def secret_in(request: Request) -> str:
    """Return the secret in this server's cookie, or an empty text.

    Starlette's parser resolves escapes in all cookies of the host, in quadratic time; a secret has none.
    """
    name = cookie_name(request)
    for header in request.headers.getlist("cookie"):
        for part in header.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
    return ""


def check_origin(request: Request, is_needed: bool) -> None:
    """Refuse a request from another site.

    Raises:
        RefusalError: `bad_origin`.
    """
    given = request.headers.getlist("origin")
    if not given and not is_needed:
        return
    if len(given) != 1 or not is_own_origin(request.scope, given[0]):
        own = own_origin(request.scope)
        words = said("with a cookie, Origin is {own}, this server's own", own=own)
        if own.startswith("http:"):
            words = joined("; ", [words, said("behind a proxy with TLS, name the proxy in trusted_proxies")])
        raise RefusalError("bad_origin", words)


async def open_session(call: Call) -> Response:
    """Sign a browser in and answer with a cookie."""
    check_origin(call.request, is_needed=True)
    wish = await decoded_body(call, SignIn, BODY_BYTES, BODY_TIMEOUT_S)
    opened = await call.backend.run(sessions.open_session, call.database, wish, call.backend.tokens)
    if opened is None:
        raise RefusalError("unauthenticated", "that key is unknown, expired or revoked")
    answer = json_answer(sessions.shown(opened.account, call.backend.tokens))
    _set_cookie(call.request, answer, opened.secret, sessions.LIFE_S)
    return answer


async def get_session(call: Call) -> Response:
    """Answer with who is signed in."""
    return json_answer(sessions.shown(call.user, call.backend.tokens))


async def close_session(call: Call) -> Response:
    """Sign out."""
    await call.run(sessions.close)
    answer = empty_answer(204)
    _set_cookie(call.request, answer, "", 0)
    return answer


def _set_cookie(request: Request, answer: Response, secret: str, life_s: int) -> None:
    answer.set_cookie(
        cookie_name(request),
        secret,
        max_age=life_s,
        path=prefix_of(request.scope) + COOKIE_PATH,
        secure=request.scope.get("scheme") == "https",
        httponly=True,
        samesite="strict",
    )


async def list_sessions(call: Call) -> Response:
    """Answer with the caller's sessions."""
    return json_answer(await call.run(sessions.listed))


async def end_session(call: Call) -> Response:
    """End a session."""
    await call.run(sessions.end, call.part("number"))
    return empty_answer(204)
