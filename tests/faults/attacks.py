"""What one hostile client can send, as functions over a running server; each is bounded in time and count.

An attack opens what it needs through its `Attacker`, which closes all of it at the end.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.server.api import User, line, new_id

PREFIX = "/t9k/experiment/server"
MIB = 1 << 20
_RESET = (1).to_bytes(4, "little") + bytes(4)  # SO_LINGER on, no time: closing sends a reset


class Attacker:
    """Opens sockets to one server and writes raw bytes."""

    def __init__(self, user: User, trial_id: str, seconds: float) -> None:
        self.user = user
        self.trial_id = trial_id
        self.end_s = time.monotonic() + seconds
        self.sockets: list[socket.socket] = []

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self.end_s

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.user.server.port), timeout=5)
        self.sockets.append(made)
        return made

    def send(self, content: bytes, to: socket.socket | None = None) -> socket.socket:
        """Send without waiting for room, and without minding a server that had enough."""
        to = to or self.connect()
        to.settimeout(0.3)
        with contextlib.suppress(OSError):
            to.sendall(content)
        return to

    def head(self, method: str, path: str, *headers: str, key: bool = True) -> bytes:
        lines = [f"{method} {PREFIX}/apis/v2{path} HTTP/1.1", "Host: localhost", *headers]
        lines += [f"Authorization: Bearer {self.user.key}"] if key else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def request(self, method: str, path: str, body: bytes, *headers: str) -> socket.socket:
        return self.send(self.head(method, path, f"Content-Length: {len(body)}", *headers) + body)

    def answer(self, to: socket.socket) -> bytes:
        """Return the beginning of an answer, empty when there is none in time."""
        to.settimeout(max(0.2, min(5.0, self.end_s - time.monotonic())))
        with contextlib.suppress(OSError):
            return to.recv(4096)
        return b""

    def wait(self) -> None:
        time.sleep(max(0.0, self.end_s - time.monotonic()))

    @property
    def file(self) -> str:
        return f"/trials/{self.trial_id}/files"


@contextmanager
def attacker(user: User, trial_id: str, seconds: float) -> Iterator[Attacker]:
    made = Attacker(user, trial_id, seconds)
    try:
        yield made
    finally:
        for one in made.sockets:
            one.close()


def _drip(attack: Attacker, first: bytes, count: int) -> None:
    opened = [attack.send(first) for _ in range(count)]
    while attack.is_on:
        for one in opened:
            attack.send(b"a", one)
        time.sleep(0.05)


def slow_heads(attack: Attacker) -> None:
    _drip(attack, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 100)


def slow_bodies(attack: Attacker) -> None:
    _drip(attack, attack.head("PATCH", f"{attack.file}/metrics", "Upload-Offset: 0", "Content-Length: 900000"), 100)


def slow_bodies_without_a_key(attack: Attacker) -> None:
    _drip(attack, attack.head("PUT", f"/trials/{new_id()}", "Content-Length: 900000", key=False), 100)


def idle_sockets(attack: Attacker) -> None:
    for _ in range(500):
        attack.connect()
    attack.wait()


def resets(attack: Attacker) -> None:
    for _ in range(300):
        one = attack.send(attack.head("GET", "/trials")[: random.Random(1).randint(1, 90)])
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.close()


def one_bomb(attack: Attacker) -> None:
    """One that alone is more than a server may grow by."""
    bomb = gzip.compress(bytes(500 * MIB), 1)
    attack.answer(attack.request("PATCH", f"{attack.file}/metrics", bomb, "Upload-Offset: 0", "Content-Encoding: gzip"))


def gzip_bombs(attack: Attacker) -> None:
    bomb = gzip.compress(bytes(200 * MIB), 6)
    headers = ("Upload-Offset: 0", "Content-Encoding: gzip")
    opened = [attack.request("PATCH", f"{attack.file}/metrics", bomb, *headers) for _ in range(16)]
    opened += [attack.request("PUT", f"/trials/{new_id()}", bomb, "Content-Encoding: gzip") for _ in range(16)]
    assert all(attack.answer(one).startswith((b"HTTP/1.1 413", b"")) for one in opened)


def deep_json(attack: Attacker) -> None:
    for opening in (b"[" * 200_000, b'{"a":' * 200_000, b'{"name":"x","metadata":' + b'{"a":' * 90_000):
        for _ in range(4):
            attack.request("PUT", f"/trials/{new_id()}", opening)


def wide_json(attack: Attacker) -> None:
    """Two bytes here are 64 in memory there."""
    many = b'{"name": "x", "metadata": {"a": [' + b"{}," * (2 * MIB) + b"{}]}}"
    for _ in range(8):
        attack.request("PUT", f"/trials/{new_id()}", many)
    attack.wait()


def unknown_keys(attack: Attacker) -> None:
    many = json.dumps({"name": "x", **{f"key{number}": number for number in range(200_000)}}).encode()
    for path in (f"/trials/{new_id()}", f"/trials/{attack.trial_id}"):
        attack.answer(attack.request("PUT", path, many))


def thousand_ranges(attack: Attacker) -> None:
    ranges = ",".join(f"{number}-{number + 1}" for number in range(1000))
    for _ in range(20):
        attack.answer(attack.send(attack.head("GET", f"{attack.file}/metrics", f"Range: bytes={ranges}")))


def long_queries(attack: Attacker) -> None:
    for text in ("a" * 10_000, "&".join(f"a{n}=b" for n in range(2000)), "where=" + "(" * 9000, "%00" * 3000):
        for path in ("/trials", "/folders", "/trash", "/audit"):
            query = text if "=" in text else f"cursor={text}"
            attack.answer(attack.send(attack.head("GET", f"{path}?{query}")))


def large_heads(attack: Attacker) -> None:
    start = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    many = start + b"".join(b"X-%d: y\r\n" % number for number in range(500_000))
    for _ in range(8):
        attack.send(start + b"X: " + b"x" * (16 * MIB))
        attack.send(many)
        attack.send(b"GET /" + b"x" * (4 * MIB))


def endless_chunks(attack: Attacker) -> None:
    headers = ("Upload-Offset: 0", "Transfer-Encoding: chunked")
    opened = [attack.send(attack.head("PATCH", f"{attack.file}/metrics", *headers)) for _ in range(20)]
    opened += [attack.send(attack.head("PUT", "/session", *headers, key=False)) for _ in range(20)]
    while attack.is_on:
        for one in opened:
            attack.send(b"4000\r\n" + bytes(0x4000) + b"\r\n", one)


def pipelining(attack: Attacker) -> None:
    for _ in range(10):
        attack.send(attack.head("GET", "/info") * 1000)
    attack.wait()


def length_lies(attack: Attacker) -> None:
    for length in ("-1", "9" * 30, "1e3", "0x10", "+5", "5, 5", "99999999"):
        attack.send(attack.head("PUT", f"/trials/{new_id()}", f"Content-Length: {length}") + b"{}")
    two = ("Content-Length: 2", "Transfer-Encoding: chunked")
    attack.send(attack.head("PUT", f"/trials/{new_id()}", *two) + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
    attack.send(attack.head("PUT", f"/trials/{new_id()}", "Content-Length: 2", "Content-Length: 9") + b"{}")
    attack.send(attack.head("GET", "/info", "Content-Length: 3") + b"abcGET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
    attack.send(attack.head("PUT", f"/trials/{new_id()}", "Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n")


def deaf_readers(attack: Attacker) -> None:
    """Ask for much and read nothing."""
    for _ in range(100):
        attack.send(attack.head("GET", f"{attack.file}/stdout.log"))
    attack.wait()


def many_bodies(attack: Attacker) -> None:
    """More bodies at once than the memory should hold, none of them finished."""
    head = attack.head("PATCH", f"{attack.file}/metrics", "Upload-Offset: 0", f"Content-Length: {8 * MIB}")
    for _ in range(60):
        attack.send(head + bytes(7 * MIB))
    attack.wait()


def many_series(attack: Attacker) -> None:
    """A part in which every line names another metrics type, and one with many metrics."""
    lines = b"".join(line(1, metrics_type=f"type{number}") for number in range(20_000))
    attack.answer(attack.request("PATCH", f"/trials/{attack.trial_id}/files/metrics", lines, "Upload-Offset: 0"))
    values = {f"metric{number}": 1.0 for number in range(100_000)}
    wide = (json.dumps({"wide": {"value": values, "sequence": {"step": 1}}}) + "\n").encode()
    attack.request("PATCH", f"/trials/{attack.trial_id}/files/metrics", wide, f"Upload-Offset: {len(lines)}")


ATTACKS: list[Callable[[Attacker], None]] = [
    slow_heads,
    slow_bodies,
    slow_bodies_without_a_key,
    idle_sockets,
    resets,
    gzip_bombs,
    deep_json,
    wide_json,
    unknown_keys,
    thousand_ranges,
    long_queries,
    large_heads,
    endless_chunks,
    pipelining,
    length_lies,
    deaf_readers,
    many_bodies,
    many_series,
]
