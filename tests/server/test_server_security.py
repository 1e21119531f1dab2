"""Who may see what, and what may never happen: docs/concepts/security.md, "Access"."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route

from aimd_server.app import create_app
from aimd_server.routes.access import Access, Call, RouteTable, UndeclaredAccessError, check_guarded
from aimd_server.routes.guards import host_name, is_loopback
from aimd_server.routes.pages import Pages
from aimd_server.stores.database import Database
from tests.server.api import User, line, new_id, wish
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

V2_PATHS = ["/info", "/trials", "/trials/x", f"/trials/{new_id()}/files/metrics", "/nothing", "", "/"]
METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"]


def _answer(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return all of an answer but the time."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "date"}


def test_without_a_valid_key_every_path_below_v2_gives_one_and_the_same_401(user: User) -> None:
    headers: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {uuid.uuid4()}"},
        {"Authorization": f"Basic {user.key}"},
        {"Authorization": f"Bearer {user.key.upper()}"},
        {"Authorization": "Bearer " + "x" * 10_000},
    ]
    seen = set()
    for path in V2_PATHS:
        for method in METHODS:
            for given in headers if path == "/info" else headers[:1]:
                answer = user.http.request(method, f"{user.server.url}/apis/v2{path}", headers=given)
                assert answer.status_code == 401
                if method != "HEAD":
                    seen.add(repr(_answer(answer)))
    assert len(seen) == 1
    assert answer.headers["www-authenticate"] == 'Bearer realm="aimd"'


def test_the_key_in_a_url_is_no_key_in_version_2(user: User) -> None:
    answer = user.http.get(f"{user.server.url}/apis/v2/info", params={"apikey": user.key})
    assert answer.status_code == 401


def test_a_body_is_not_read_before_the_key_is_known(user: User) -> None:
    answer = user.http.put(f"{user.server.url}/apis/v2/trials/{new_id()}", content=b"x" * (20 << 20))
    assert answer.status_code == 401


def test_what_is_somebody_elses_answers_exactly_as_what_is_not_there(user: User, stranger: User) -> None:
    mine, nobodys = user.new_trial(), new_id()
    user.patch(mine, 0, line(1))
    patch = {"headers": {"Upload-Offset": "0"}, "content": line(1)}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("DELETE", "", {}),
        ("POST", "", {}),
        ("HEAD", "/files/metrics", {}),
        ("GET", "/files/metrics", {}),
        ("PATCH", "/files/metrics", patch),
        ("PATCH", "/files/nothing", patch),
    ]
    for method, path, how in calls:
        theirs = stranger.v2(method, f"/trials/{mine}{path}", **how)
        missing = stranger.v2(method, f"/trials/{nobodys}{path}", **how)
        assert theirs.status_code // 100 == 4
        assert repr(_answer(theirs)).replace(mine, nobodys) == repr(_answer(missing))
    put = stranger.put(mine)
    assert (put.status_code, put.json()["error"]["code"]) == (404, "not_found")
    assert stranger.v2("GET", "/trials").json() == {"trials": [], "next": None}
    assert user.bytes_of(mine) == line(1)


def test_version_1_too_hides_what_is_somebody_elses(user: User, stranger: User) -> None:
    mine, nobodys = user.new_trial(), new_id()
    folder = user.trial(mine)["folder"]["id"]
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PUT", "", {}),
        ("DELETE", "", None),
        ("POST", "/status", {"status": "Failed"}),
        ("GET", "/parameters", None),
        ("POST", "/parameters", {}),
        ("GET", "/metrics", None),
        ("POST", "/metrics/train", []),
    ]
    for method, path, body in calls:
        theirs, missing = (stranger.v1(method, f"/trials/{one}{path}", body) for one in (mine, nobodys))
        assert _answer(theirs) == _answer(missing)
        assert theirs.status_code == 500
    assert _answer(stranger.v1("GET", f"/folders/{folder}")) == _answer(stranger.v1("GET", f"/folders/{nobodys}"))
    assert stranger.v1("GET", "/trials/id", folder=folder, name="cnn").status_code == 500
    assert stranger.v1("GET", "/folders").json()["folders"] == []
    body = {"metadata": {"name": "x", "folder": folder}, "type": "normal"}
    assert stranger.v1("POST", "/folders", body).status_code == 500
    assert stranger.v2("GET", "/trials", params={"folder_id": folder}).status_code == 404
    answer = stranger.put(new_id(), wish(folder={"id": folder})).json()["folder"]
    assert (answer["path"], answer["fallback"]) == ("/default", True)


def test_a_route_that_does_not_say_who_may_call_it_keeps_the_application_from_being_built(tmp_path: Path) -> None:
    async def anything(call: Call) -> Response:
        return Response()

    table = RouteTable("/more", Pages())
    with pytest.raises(TypeError, match="access"):
        table.add("GET", "/x", anything)  # type: ignore[call-arg]
    with pytest.raises(UndeclaredAccessError, match="/more/x"):
        table.add("GET", "/x", anything, access="everybody")  # type: ignore[arg-type]
    table.add("GET", "/x", anything, access=Access.PUBLIC_PAGE)
    with Database(tmp_path) as database, ThreadPoolExecutor(1) as threads:
        create_app(database, threads, more=[table])
        table.doors["/more/x"].rules["GET"] = (None, anything)  # type: ignore[assignment]
        with pytest.raises(UndeclaredAccessError, match="/more/x"):
            create_app(database, threads, more=[table])
    with pytest.raises(UndeclaredAccessError, match="/y"):
        check_guarded([Route("/y", anything)])


@pytest.mark.parametrize("path", ["/healthz", "/t9k/experiment/web/", "/t9k/experiment/server/apis/v2/info", "/x", "/"])
def test_a_host_header_of_another_name_is_refused_on_every_path_before_anything_else(user: User, path: str) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""):
        answer = user.http.get(f"{user.server.origin}{path}", headers={"Host": host, **user.headers})
        assert answer.status_code == 421, host
        assert answer.json()["error"]["code"] == "bad_host"
    for host in ("localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:80", "127.8.8.8"):
        answer = user.http.get(f"{user.server.origin}{path}", headers={"Host": host, **user.headers})
        assert answer.status_code != 421, host


def test_a_request_without_a_host_or_with_two_is_refused(shared_server: RunningServer) -> None:
    for head in (
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", shared_server.port), timeout=PATIENCE_S) as connection:
            connection.sendall(head)
            assert connection.recv(100).split()[1] in (b"421", b"400")


def test_names_in_host_headers_are_read_as_browsers_write_them() -> None:
    assert [host_name(header) for header in ("a:1", "A", "[::1]:2", "[::1]")] == ["a", "a", "::1", "::1"]
    assert is_loopback("::1")
    assert is_loopback("127.9.9.9")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("")


def test_an_allowed_name_is_taken_and_none_means_all(tmp_path: Path) -> None:
    async def status(hosts: tuple[str, ...] | None, host: str) -> int:
        with ThreadPoolExecutor(1) as threads:
            transport = httpx.ASGITransport(create_app(database, threads, hosts))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                return (await client.get("/healthz")).status_code

    with Database(tmp_path) as database:
        assert asyncio.run(status(("aimd.example",), "AIMD.example")) == 200
        assert asyncio.run(status(("aimd.example",), "evil.example")) == 421
        assert asyncio.run(status(None, "evil.example")) == 200


@pytest.mark.sqlite
def test_a_key_is_in_no_file_of_the_server_and_in_no_log(own_server: RunningServer) -> None:
    with User(own_server) as user:
        trial_id = user.new_trial()
        user.patch(trial_id, 0, line(1))
        user.v1("GET", "/folders")
        user.v1("GET", "/nothing")
        user.v1("POST", f"/trials/{trial_id}/metrics/train", {"no": "list"})
        user.v2("PUT", f"/trials/{trial_id}", content=b"{")
        with socket.create_connection(("127.0.0.1", own_server.port), timeout=PATIENCE_S) as connection:
            connection.sendall(f"GET /?apikey={user.key} HTTP/9.9\r\nbad\r\n\r\n".encode())
            connection.recv(1000)
        database = sqlite3.connect(own_server.data_dir / "aimd.db")
        database.execute("DROP TABLE journal")  # so that the next request fails inside
        database.close()
        failed = [user.v1("POST", f"/trials/{trial_id}/metrics/train", [POINT]), user.v2("GET", f"/trials/{trial_id}")]
        for answer in failed:
            assert answer.status_code == 503
            assert user.key not in answer.text
        files = [path for path in own_server.data_dir.rglob("*") if path.is_file()]
        assert any(path.name == "aimd.db-wal" for path in files)
        kept = b"".join(path.read_bytes() for path in files) + own_server.log.encode()
        for sentinel in (user.key, user.key.replace("-", ""), user.key[:13]):
            assert sentinel.encode() not in kept
        assert "cannot be used" in own_server.log


POINT = {"value": {"loss": 0.5}, "sequence": {"step": 1}}


def test_text_in_a_file_name_or_header_cannot_forge_a_log_line_or_a_header(user: User) -> None:
    trial_id = new_id()
    answer = user.http.get(f"{user.server.url}/apis/v2/trials/a%0d%0aX-Evil:%201", headers=user.headers)
    assert "x-evil" not in answer.headers
    assert user.put(trial_id, wish("a\r\nb")).status_code == 422
