"""Sessions: a browser signs in with a key, and its cookie is of no use to other people's pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from aimd_core.format.protocol import SERVER_PATH
from aimd_server.app import create_app
from aimd_server.services import identity
from aimd_server.services.sessions import MAX_SESSIONS
from aimd_server.settings import Settings
from aimd_server.stores.database import Database
from tests.server.api import User, code_of
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

V2 = f"{SERVER_PATH}/apis/v2"


class Browser:
    """Keeps cookies and sends an Origin, as a browser does."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.origin: str | None = user.server.origin
        self.http = httpx.Client(timeout=PATIENCE_S, trust_env=False, verify=False)

    def call(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = {**({"Origin": self.origin} if self.origin else {}), **how.pop("headers", {})}
        return self.http.request(method, f"{self.user.server.url}/apis/v2{path}", headers=headers, **how)

    def sign_in(self) -> httpx.Response:
        answer = self.call("POST", "/session", json={"key": self.user.key})
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def browser(user: User) -> Iterator[Browser]:
    made = Browser(user)
    with made.http:
        yield made


def test_signing_in_gives_a_cookie_that_is_as_good_as_the_key_until_signing_out(browser: Browser) -> None:
    assert browser.call("GET", "/session").status_code == 401
    answer = browser.sign_in()
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/t9k/experiment", "Max-Age=604800"))
    assert "Secure" not in cookie
    assert answer.json() == browser.call("GET", "/session").json()
    assert {
        "user": browser.user.name,
        "kind": "user",
        "scope": "write",
        "admin": False,
    }.items() <= answer.json().items()
    made = browser.call("POST", "/folders", json={"path": "by-cookie"})
    assert made.status_code == 201
    assert browser.user.v2("GET", "/folders/by-path", params={"path": "by-cookie"}).json() == made.json()
    kept = dict(browser.http.cookies)
    assert browser.call("DELETE", "/session").status_code == 204
    assert not browser.http.cookies
    again = browser.call("GET", "/info", headers={"Cookie": "; ".join(f"{name}={one}" for name, one in kept.items())})
    assert again.status_code == 401


def test_two_servers_on_one_host_do_not_sign_each_other_out(browser: Browser, own_server: RunningServer) -> None:
    """A browser keeps one set of cookies for all ports of a host."""
    browser.sign_in()
    with User(own_server, "other") as other:
        beside = Browser(other)
        beside.http.close()
        beside.http = browser.http
        beside.sign_in()
        assert {cookie.name for cookie in browser.http.cookies.jar} == {
            f"aimd_session_{one.user.server.port}" for one in (browser, beside)
        }
        for one in (browser, beside, browser):
            assert one.call("GET", "/session").json()["user"] == one.user.name
        assert beside.call("DELETE", "/session").status_code == 204
        assert beside.call("GET", "/session").status_code == 401
        assert browser.call("GET", "/session").status_code == 200


def test_another_origin_is_refused_with_a_cookie_and_a_missing_one_for_changes(browser: Browser) -> None:
    browser.sign_in()
    port = browser.user.server.port
    others = ["null", "http://evil.example", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", "http://x@y"]
    for origin in [*others, f"http://localhost:{port}", f"{browser.user.server.origin}.evil.example"]:
        for method in ("GET", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS"):
            answer = browser.call(method, "/folders", headers={"Origin": origin}, json={"path": "x"})
            assert answer.status_code == 403, (origin, method)
    assert code_of(browser.call("GET", "/folders", headers={"Origin": "null"})) == "bad_origin"
    assert code_of(browser.call("GET", "/no/such/path", headers={"Origin": "null"})) == "bad_origin"
    browser.origin = None
    assert browser.call("GET", "/folders").status_code == 200
    assert code_of(browser.call("POST", "/folders", json={"path": "x"})) == "bad_origin"
    assert browser.user.v2("GET", "/folders").json()["folders"] == []
    by_key = browser.user.v2("POST", "/folders", json={"path": "x"}, headers={"Origin": "http://evil.example"})
    assert by_key.status_code == 201  # a key is nothing that a browser adds by itself


def test_signing_in_needs_the_right_origin_a_valid_key_and_nothing_else(browser: Browser) -> None:
    body = {"key": browser.user.key}
    for origin in ("http://evil.example", "null"):
        assert code_of(browser.call("POST", "/session", json=body, headers={"Origin": origin})) == "bad_origin"
    bad = browser.call("POST", "/session", json={"key": "no-key"})
    assert (bad.status_code, bad.headers["www-authenticate"]) == (401, 'Bearer realm="aimd"')
    for odd in ({}, {"key": "x", "token": "y"}, {"key": 3}, {"keys": "x"}, []):
        assert browser.call("POST", "/session", json=odd).status_code == 422
    assert code_of(browser.call("POST", "/session", json={"key": "x" * 5000})) == "too_large"
    browser.origin = None
    assert code_of(browser.call("POST", "/session", json=body)) == "bad_origin"
    assert not browser.http.cookies


def test_a_session_dies_with_its_key(browser: Browser) -> None:
    browser.sign_in()
    assert browser.call("GET", "/info").status_code == 200
    (key,) = browser.user.v2("GET", "/me/keys").json()["keys"]
    assert browser.user.v2("DELETE", f"/me/keys/{key['id']}").status_code == 204
    assert browser.call("GET", "/info").status_code == 401


def test_sessions_are_listed_and_ended_by_their_user_only(browser: Browser, stranger: User) -> None:
    browser.sign_in()
    browser.sign_in()
    found = browser.call("GET", "/me/sessions").json()["sessions"]
    assert [one["current"] for one in found] == [True, False]
    number = found[1]["id"]
    assert stranger.v2("DELETE", f"/me/sessions/{number}").status_code == 404
    assert stranger.v2("GET", "/me/sessions").json() == {"sessions": []}
    assert browser.call("DELETE", f"/me/sessions/{number}").status_code == 204
    assert browser.call("DELETE", f"/me/sessions/{number}").status_code == 404
    assert browser.call("DELETE", "/me/sessions/x").status_code == 404
    assert [one["id"] for one in browser.call("GET", "/me/sessions").json()["sessions"]] == [found[0]["id"]]
    assert browser.call("DELETE", f"/me/sessions/{found[0]['id']}").status_code == 204
    assert browser.call("GET", "/info").status_code == 401


def test_a_key_has_a_limited_number_of_sessions_and_the_oldest_ends(browser: Browser) -> None:
    browser.sign_in()
    first = dict(browser.http.cookies)
    for _ in range(MAX_SESSIONS):
        browser.sign_in()
    assert len(browser.call("GET", "/me/sessions").json()["sessions"]) == MAX_SESSIONS
    browser.http.cookies.clear()
    browser.http.cookies.update(first)
    assert browser.call("GET", "/info").status_code == 401


async def _statuses(app: Any, calls: list[tuple[str, dict[str, str], Any]]) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:2463") as client:
        return [
            await client.request(method, f"{V2}/session", headers=headers, json=body) for method, headers, body in calls
        ]


def test_a_token_signs_in_once_with_the_key_it_stands_for(tmp_path: Path) -> None:
    with Database(tmp_path) as database, ThreadPoolExecutor(1) as threads:
        identity.add_user(database, "lin")
        key, origin = identity.create_key(database, "lin"), {"Origin": "http://localhost:2463"}
        app = create_app(database, threads, tokens={"once": key})
        calls: list[tuple[str, dict[str, str], Any]] = [
            ("POST", origin, {"token": one}) for one in ("no", "once", "once")
        ]
        answers = asyncio.run(_statuses(app, calls))
        assert [answer.status_code for answer in answers] == [401, 200, 401]
        assert answers[1].json()["user"] == "lin"


def test_behind_a_trusted_proxy_the_origin_is_the_proxys_and_the_cookie_is_for_https_only(tmp_path: Path) -> None:
    with Database(tmp_path) as database, ThreadPoolExecutor(1) as threads:
        identity.add_user(database, "lin")
        body = {"key": identity.create_key(database, "lin")}
        forwarded = {
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "aimd.example.org",
            "X-Forwarded-Prefix": "/tools/aimd/",
        }
        outside, inside = {"Origin": "https://aimd.example.org"}, {"Origin": "http://localhost:2463"}
        calls: list[tuple[str, dict[str, str], Any]] = [
            ("POST", {**forwarded, **one}, body) for one in (outside, inside)
        ]
        hosts = ("aimd.example.org",)
        for trusted, statuses in (("127.0.0.1",), [200, 403]), ((), [403, 200]):
            app = create_app(database, threads, hosts, settings=Settings(trusted_proxies=trusted))
            answers = asyncio.run(_statuses(app, calls))
            assert [answer.status_code for answer in answers] == statuses
            good = answers[statuses.index(200)].headers["set-cookie"]
            assert ("Secure" in good, "Path=/tools/aimd/t9k/experiment;" in good) == (bool(trusted), bool(trusted))
        assert "trusted_proxies" in answers[0].json()["error"]["message"]
