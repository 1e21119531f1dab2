"""What pages and names of other people cannot do, on every route of the live table: Host, Origin, CORS, cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.test_server_paths import live_routes
from tests.server.api import User
from tests.support.server import RunningServer

FOREIGN_HOSTS = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "localhost@evil")
FOREIGN_ORIGINS = ("http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://localhost")
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
WITH_CORS = """
from aimd_server.routes import guards
guards._RAW_HEADERS.append((b"access-control-allow-origin", b"*"))
"""
ANY_ORIGIN = """
from aimd_server.routes import v2_session
v2_session.is_own_origin = lambda *_: True
"""
ANY_HOST = """
from aimd_server.routes import guards
guards.Guards._knows = lambda *_: True
"""
A_COOKIE_FOR_ALL = """
from starlette.responses import Response
_true = Response.set_cookie
Response.set_cookie = lambda *given, **more: _true(*given, **{**more, "httponly": False, "samesite": "lax"})
"""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    return live_routes(tmp_path_factory.mktemp("routes"))


@pytest.fixture
def user(shared_server: RunningServer) -> Iterator[User]:
    with User(shared_server) as made:
        yield made


def _filled(path: str) -> str:
    return re.sub(r"\{\w+(:path)?\}", "0", path)


def _ask(user: User, method: str, path: str, **headers: str) -> httpx.Response:
    """Ask, and read no more than the head: some answers go on."""
    request = user.http.build_request(method, user.server.origin + _filled(path), headers=headers)
    answer = user.http.send(request, stream=True)
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        answer.close()
    else:
        answer.read()
    return answer


def _key(user: User, path: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {user.key}"} if "/apis/v2" in path or path == "/metrics" else {}


def host_faults(user: User, routes: list[tuple[str, str]]) -> list[str]:
    """Return the routes that answer to another name than this server's."""
    found = []
    for method, path in [*routes, ("GET", "/nothing"), ("OPTIONS", "/")]:
        for host in FOREIGN_HOSTS:
            answer = _ask(user, method, path, **_key(user, path), Host=host)
            if answer.status_code != 421:
                found.append(f"{method} {path} as {host!r}: {answer.status_code}")
    return found


def test_another_name_than_this_servers_is_refused_on_every_route(user: User, routes: list[tuple[str, str]]) -> None:
    assert host_faults(user, routes) == []


def header_faults(user: User, routes: list[tuple[str, str]]) -> list[str]:
    """Return the answers, of every kind, that lack a header or allow another page something."""
    found = []
    asked = [(method, path, {}) for method, path in routes]
    asked += [(method, path, _key(user, path)) for method, path in routes]
    asked += [(method, path, {"Host": "evil.example"}) for method, path in routes[:5]]
    asked += [(method, path, {}) for _, path in routes[::4] for method in _METHODS]
    asked += [("GET", "/nothing", {}), ("GET", "/t9k/experiment/server/apis/v2/nothing", {})]
    for method, path, more in asked:
        preflight = {"Access-Control-Request-Method": "PUT"} if method == "OPTIONS" else {}
        answer = _ask(user, method, path, **more, **preflight, Origin="http://evil.example")
        missing = [name for name, value in EVERYWHERE.items() if answer.headers.get(name) != value]
        policy = answer.headers.get("content-security-policy", "")
        strict = "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        allowed = [name for name in answer.headers if name.startswith("access-control-")]
        cached = "/apis/" in path and answer.headers.get("cache-control") not in ("no-store", "no-cache, private")
        if missing or allowed or cached or not strict:
            found.append(f"{method} {path} {answer.status_code}: {missing} {allowed} {policy!r} {cached}")
        if "server" in answer.headers or "x-powered-by" in answer.headers:
            found.append(f"{method} {path}: says what it is made of")
    return found


def test_every_answer_has_the_headers_and_allows_no_other_page_anything(
    user: User, routes: list[tuple[str, str]]
) -> None:
    assert header_faults(user, routes) == []


def _set_cookie(user: User) -> str:
    url = f"{user.server.url}/apis/v2/session"
    answer = user.http.post(url, json={"key": user.key}, headers={"Origin": user.server.origin})
    assert answer.status_code == 200, answer.text
    user.http.cookies.clear()
    return str(answer.headers["set-cookie"])


def _cookie(user: User) -> str:
    return _set_cookie(user).split(";")[0]


def cookie_faults(given: str) -> list[str]:
    """Return what a cookie of a session does not say about who may use it."""
    said = {part.strip().lower() for part in given.split(";")}
    return sorted({"httponly", "path=/t9k/experiment", "samesite=strict"} - said)


def test_a_sessions_cookie_is_for_this_site_and_for_no_script(user: User) -> None:
    assert cookie_faults(_set_cookie(user)) == []


def origin_faults(user: User, routes: list[tuple[str, str]]) -> list[str]:
    """Return the calls with a cookie that another page could make, on every route of version 2."""
    found, cookie = [], _cookie(user)
    port = user.server.port
    for method, path in routes:
        if "/apis/v2" not in path and path != "/metrics":
            continue
        changes = method not in ("GET", "HEAD")
        for origin in FOREIGN_ORIGINS:
            answer = _ask(user, method, path, Cookie=cookie, Origin=origin.replace("{port}", str(port)))
            if answer.status_code != 403 or (method != "HEAD" and "bad_origin" not in answer.text):
                found.append(f"{method} {path} from {origin}: {answer.status_code}")
        if changes:
            answer = _ask(user, method, path, Cookie=cookie)
            if answer.status_code != 403:
                found.append(f"{method} {path} without an Origin: {answer.status_code}")
    return found


def test_a_cookie_is_no_use_to_another_page_on_any_route(user: User, routes: list[tuple[str, str]]) -> None:
    assert origin_faults(user, routes) == []
    assert user.v2("GET", "/info", headers={"Origin": "http://evil.example"}).status_code == 200  # a key is no cookie


def test_a_server_that_lets_other_pages_in_is_caught(tmp_path: Path, routes: list[tuple[str, str]]) -> None:
    few = [route for route in routes if route[1].endswith(("/info", "/me/keys"))]
    planted = WITH_CORS + ANY_ORIGIN + ANY_HOST + A_COOKIE_FOR_ALL
    with RunningServer(tmp_path / "data", planted) as server, User(server) as user:
        assert len(host_faults(user, routes[:3])) > 3
        assert cookie_faults(_set_cookie(user)) == ["httponly", "samesite=strict"]
        assert len(header_faults(user, routes[:3])) > 3
        assert len(origin_faults(user, few)) > 3


def test_version_1_takes_no_cookie(user: User, routes: list[tuple[str, str]]) -> None:
    cookie = _cookie(user)
    for method, path in routes:
        if "/apis/v1" in path or "/oauth2" in path:
            assert _ask(user, method, path, Cookie=cookie, Origin=user.server.origin).status_code == 302
