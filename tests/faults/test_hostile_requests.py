"""Many hostile requests of forty kinds, mixed: each gets an answer that is no fault, and the server stays as it was."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.faults.test_server_abuse import MIB, _memory_bytes
from tests.server.api import User, line, new_id
from tests.support.server import RunningServer

BASE = "/t9k/experiment/server/apis"
FAULTY = """
from aimd_server.services import clock
from aimd_server.routes import v2_files
v2_files.wanted_range = lambda header, size: (int(header.partition("=")[2].split("-")[0]), size)
"""


class Sender:
    """Makes the requests as raw bytes, all for one user's trial."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.port = user.server.port
        self.trial = user.new_trial("target")
        assert user.patch(self.trial, 0, line(1)).status_code == 204
        self.kinds: list[Callable[[random.Random], bytes]] = [
            *self._heads(),
            *self._bodies(),
            *self._paths(),
            *self._values(),
            *self._queries(),
        ]

    def head(self, method: str, path: str, *headers: str, key: bool = True, host: str = "localhost") -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            *([] if host is None else [f"Host: {host}"]),
            "Connection: close",
            *headers,
        ]
        lines += [f"Authorization: Bearer {self.user.key}"] if key else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def v2(self, method: str, path: str, *headers: str, body: bytes = b"", key: bool = True) -> bytes:
        return self.head(method, f"{BASE}/v2{path}", f"Content-Length: {len(body)}", *headers, key=key) + body

    def info(self, header: str) -> bytes:
        return self.head("GET", f"{BASE}/v2/info", header, key=False)

    def chunked(self, *headers: str, content: bytes = b"2\r\n{}\r\n0\r\n\r\n") -> bytes:
        return self.head("PUT", f"{BASE}/v2/trials/{new_id()}", "Transfer-Encoding: chunked", *headers) + content

    def _heads(self) -> list[Callable[[random.Random], bytes]]:
        health = "/healthz"
        hosts = ["evil", "", "[", "[]", "a@localhost", "localhost:9x", "é"]
        methods = ["TRACE", "OPTIONS", "CONNECT", "PATCH", "FOO", "HEAD"]
        return [
            lambda rng: self.head("GET", health, *[f"X-{n}: y" for n in range(rng.randint(100, 4000))]),
            lambda rng: self.head("GET", health, f"X: {'y' * rng.randint(1000, 100_000)}"),
            lambda rng: self.head("GET", health, host=rng.choice(hosts)),
            lambda _: self.head("GET", health, "Host: evil"),
            lambda rng: self.head(rng.choice(methods), f"{BASE}/v2/trials"),
            lambda rng: self.info(f'Cookie: aimd_session="{chr(92) * rng.randint(9, 60_000)}"'),
            lambda rng: self.info(f"Authorization: Bearer {'k' * rng.randint(1, 60_000)}"),
            lambda _: self.head("GET", f"{BASE}/v2/info", "Authorization: Bearer x"),
            lambda rng: rng.randbytes(rng.randint(1, 2000)),
            lambda rng: b"GET /" + rng.choice([b" HTTP/9.9", b"", b" HTTP/1.1\nHost: a\n", b" http/1.1"]) + b"\r\n\r\n",
            lambda rng: self.head("GET", health)[: rng.randint(1, 40)],
        ]

    def _bodies(self) -> list[Callable[[random.Random], bytes]]:
        trial, packed = f"/trials/{self.trial}/files/metrics", "Content-Encoding: gzip"
        return [
            lambda rng: self.chunked(content=b"0\r\n" + b"X: y\r\n" * rng.randint(1, 20_000) + b"\r\n"),
            lambda rng: self.chunked(content=b"2;" + b"e" * rng.randint(1, 90_000) + b"\r\n{}\r\n0\r\n\r\n"),
            lambda _: self.chunked(content=b"fffffffffffffffffff\r\n{}"),
            lambda _: self.chunked("Content-Length: 5"),
            lambda rng: self.v2("PUT", "/trials/x", f"Transfer-Encoding: {rng.choice(['gzip', 'gzip, chunked', 'x'])}"),
            lambda _: self.v2("PATCH", trial, "Upload-Offset: 0", "Upload-Offset: 1", body=line(2)),
            lambda rng: self.v2(
                "PATCH", trial, f"Upload-Offset: {rng.choice(['-1', '1e3', '9' * 40, '²', ''])}", body=line(2)
            ),
            lambda rng: self.v2(
                "PATCH", trial, "Upload-Offset: 0", packed, body=gzip.compress(b"") * rng.randint(2, 3000)
            ),
            lambda _: self.v2("PATCH", trial, "Upload-Offset: 0", packed, body=gzip.compress(bytes(9 * MIB))),
            lambda rng: self.v2(
                "PATCH", trial, f"Upload-Offset: {len(line(1))}", body=rng.randbytes(rng.randint(1, 3000))
            ),
            lambda rng: self.v2(
                "PUT", f"/trials/{new_id()}", body=rng.choice([b"[", b'{"a":', b'"', b"{},"]) * rng.randint(1, 50_000)
            ),
            lambda rng: self.v2(
                "POST", "/session", "Origin: http://localhost", body=rng.randbytes(rng.randint(1, 5000)), key=False
            ),
            lambda _: (
                self.head("PUT", f"{BASE}/v2/trials/{new_id()}", "Content-Length: 5", "Expect: 100-continue") + b"{}   "
            ),
        ]

    def _paths(self) -> list[Callable[[random.Random], bytes]]:
        keys = ["me/keys", "me/sessions", "folders/root/shares"]
        ranges = ["-0", "9-", "5-1", "0-0,1-1", "9" * 30 + "-"]
        odd = ["%00", "%ff%fe", "..%2f..%2fetc", "%zz", "%", "a" * 5000, "%F0%9F%98%80", "٣", "-1", "9" * 40, "1e9"]
        return [
            lambda rng: self.v2("GET", f"/trials/{rng.choice(odd)}"),
            lambda rng: self.v2("GET", f"/trials/{self.trial}/files/{rng.choice(odd)}"),
            lambda rng: self.v2("DELETE", f"/{rng.choice(keys)}/{rng.choice(odd)}"),
            lambda rng: self.head("GET", f"/t9k/experiment/web/{rng.choice(['', 'assets/'])}{rng.choice(odd)}"),
            lambda rng: self.head("GET", f"{BASE}/v1/trials/{rng.choice(odd)}?apikey={self.user.key}", key=False),
            lambda rng: self.head("GET", f"http://{rng.choice(['evil', '[::1', 'a:99999999'])}/healthz"),
            lambda rng: self.v2("GET", f"/trials/{self.trial}/files/metrics", f"Range: bytes={rng.choice(ranges)}"),
        ]

    def _values(self) -> list[Callable[[random.Random], bytes]]:
        values = ["1" * 400, "1" * 5000, "1e999", "NaN", '"\\ud800"', '"\\u0000\\u202e"', "[[[[]]]]", "null", "-0.0"]
        points = '[{{"value": {{"a": {0}}}, "sequence": {{"step": {0}}}}}]'
        folder, plot = '{{"path": {0}}}', '{{"trials": [{0}], "from": {0}}}'
        return [
            lambda rng: self.v2("POST", "/folders", body=folder.format(rng.choice(values)).encode()),
            lambda rng: self._v1(f"/trials/{self.trial}/metrics/x", points.format(rng.choice(values))),
            lambda rng: self._v1(f"/trials/{self.trial}/parameters", f'{{"a": {rng.choice(values)}}}'),
            lambda rng: self.v2("POST", "/metrics", body=plot.format(rng.choice(values)).encode()),
        ]

    def _v1(self, path: str, body: str) -> bytes:
        head = self.head("POST", f"{BASE}/v1{path}?apikey={self.user.key}", f"Content-Length: {len(body)}", key=False)
        return head + body.encode()

    def _queries(self) -> list[Callable[[random.Random], bytes]]:
        wheres = [
            "(" * 9000,
            "not+" * 2000,
            "note~%22a%22+or+" * 190 + "a=1",
            "a=" + "9" * 5000,
            "%ff",
            "a+in+[" + "1," * 3000,
        ]
        return [
            lambda rng: self.v2("GET", f"/trials?where={rng.choice(wheres)}"),
            lambda rng: self.v2("GET", f"/trials?{'a=b&' * rng.randint(50, 15_000)}"),
            lambda rng: self.v2("GET", f"/trials?limit={rng.choice(['0', '-1', '501', '1e3', '٣', '9' * 99])}"),
            lambda rng: self.v2("GET", f"/trials?cursor={'W1tb' * rng.randint(1, 10_000)}"),
            lambda rng: self.v2("GET", f"/trials?sort={','.join(['-a'] * rng.randint(9, 4000))}"),
        ]

    def answer_to(self, content: bytes) -> bytes:
        """Return the first line of an answer, which is empty if the server only ended the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.settimeout(0.5 if len(content) < 50 else 10)
            with contextlib.suppress(OSError):
                connection.sendall(content)
            with contextlib.suppress(OSError):
                return connection.recv(4096).split(b"\r\n")[0]
        return b""


class Health:
    """Asks how a server is, again and again, in a thread."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.slowest_s = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Health:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(trust_env=False, timeout=20, verify=False) as client:
            while not self._ending.wait(0.02):
                begun_s = time.monotonic()
                assert client.get(f"{self.server.origin}/healthz").text == "ok"
                self.slowest_s = max(self.slowest_s, time.monotonic() - begun_s)


def faults_of(server: RunningServer, count: int, most_health_s: float) -> list[str]:
    """Send so many requests, and return what should not have come of them."""
    rng = random.Random(11)
    faults = []
    statuses: set[bytes] = set()
    with User(server) as user:
        sender = Sender(user)
        assert len(sender.kinds) == 40
        for kind in sender.kinds:  # once, so that everything is loaded
            sender.answer_to(kind(rng))
        before_bytes = _memory_bytes(server)
        with Health(server) as health:
            for number in range(count):
                content = sender.kinds[number % len(sender.kinds)](rng)
                answer = sender.answer_to(content)
                statuses.add(answer[9:12])
                is_old = b" /t9k/experiment/server/apis/v1/" in content[:60]
                if b" 500 " in answer and not is_old:
                    faults.append(f"{content[:120]!r}: {answer!r}")
        if health.slowest_s > most_health_s:
            faults.append(f"health took {health.slowest_s:.2f} s")
        grown_bytes = _memory_bytes(server) - before_bytes
        if grown_bytes > 100 * MIB or _memory_bytes(server) > 250 * MIB:
            faults.append(f"{grown_bytes / MIB:.0f} MiB more")
        assert user.patch(user.new_trial("afterwards"), 0, line(1)).status_code == 204
    # Each layer refuses some of them; if one refused all, the others would not have been asked.
    assert {b"200", b"400", b"401", b"404", b"405", b"413", b"421", b"422", b"431"} <= statuses
    if "Traceback" in server.log:
        faults.append(server.log[-3000:])
    return faults


def test_hostile_requests_get_answers_and_leave_nothing_behind(own_server: RunningServer) -> None:
    assert faults_of(own_server, 400, 2.0) == []


@pytest.mark.soak
def test_ten_thousand_hostile_requests(own_server: RunningServer) -> None:
    assert faults_of(own_server, 10_000, 0.2) == []


def test_a_route_that_fails_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", FAULTY) as server:
        assert faults_of(server, 80, 60.0) != []


def test_a_page_of_large_trials_ends_early_and_takes_little_memory(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server, User(server) as user:
        large = {"text": "x" * 250_000}
        ids = {user.new_trial(f"large-{number}", parameters=large) for number in range(150)}
        user.v2("GET", "/trials")
        before_bytes = _memory_bytes(server)
        for sort in ("", "duration"):
            seen: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                params = {"limit": "500", "sort": sort, "where": "params.text ~ x", "cursor": cursor}
                answer = user.v2("GET", "/trials", params=params)
                assert len(answer.content) < 24 * MIB
                page = json.loads(answer.content)
                seen += [row["id"] for row in page["trials"]]
                cursor = page["next"]
            assert (len(seen), set(seen)) == (150, ids)
        assert user.v2("POST", "/trials/batch", json={"ids": sorted(ids)}).status_code == 413
        assert _memory_bytes(server) - before_bytes < 150 * MIB
