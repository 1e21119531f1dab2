"""Hostile clients: while one is at work others are answered and the memory stays small; afterwards all is well."""

from __future__ import annotations

import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from aimd_server.routes.read_slots import READS_AT_ONCE
from aimd_server.stores.database import READERS
from tests.faults.attacks import ATTACKS, MIB, Attacker, attacker, idle_sockets, many_bodies, one_bomb
from tests.server.api import User, line
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import RunningServer

HEALTH_S = 1.0
TRIES = 6  # a busy machine is taken for a slow server if each of them is slow
GROWTH_BYTES = 256 * MIB
HURRIED = """
import functools
from aimd_server import http_protocol
http_protocol.ConnectionLimits = functools.partial(http_protocol.ConnectionLimits, idle_s=0.6, head_s=0.4, write_s=0.6)
"""
AS_UVICORN_HAS_IT = """
from aimd_server import http_protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
http_protocol.bounded = lambda *_: HttpToolsProtocol
"""
BODIES_UNCOUNTED = """
from aimd_server.routes.bodies import HeldBodies
HeldBodies.take = lambda *_: None
"""
BOMBS_GO_OFF = """
import types, zlib
from aimd_server.routes import bodies
class _Whole:
    def __init__(self, window):
        self._true = zlib.decompressobj(window)
    def decompress(self, body, most):
        return self._true.decompress(body)
    def __getattr__(self, name):
        return getattr(self._true, name)
bodies.zlib = types.SimpleNamespace(decompressobj=_Whole, error=zlib.error)
"""
HELD_LISTS = """
import time, uuid
from pathlib import Path
from aimd_server.services import trial_lists
_true = trial_lists.overviews
def _held(*given):
    Path(f"begun-{uuid.uuid4()}").touch()
    while not Path("released").exists():
        time.sleep(0.01)
    return _true(*given)
trial_lists.overviews = _held
"""
WITHOUT_TURNS = """
from aimd_server.routes import read_slots
read_slots.READS_AT_ONCE = 1000
"""


class Seen(NamedTuple):
    """What the others saw of a server while it was attacked."""

    slowest_s: float
    answers: int
    growth_bytes: int


def _memory_bytes(server: RunningServer) -> int:
    assert server.process is not None
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) << 10


def _health_s(server: RunningServer) -> float:
    begun_s = time.monotonic()
    answer = httpx.get(f"{server.origin}/healthz", timeout=PATIENCE_S, trust_env=False, verify=False)
    assert answer.text == "ok"
    return time.monotonic() - begun_s


def watched(server: RunningServer, work: Callable[[], None]) -> Seen:
    """Let an attack run while asking how the server is."""
    before_bytes = _memory_bytes(server)
    thread = threading.Thread(target=work)
    slowest_s, answers, most_bytes = 0.0, 0, before_bytes
    thread.start()
    while thread.is_alive() or answers < 3:
        slowest_s, answers = max(slowest_s, _health_s(server)), answers + 1
        most_bytes = max(most_bytes, _memory_bytes(server))
        time.sleep(0.02)
    thread.join()
    return Seen(slowest_s, answers, most_bytes - before_bytes)


def attacked(user: User, attack: Callable[[Attacker], None], seconds: float) -> Seen:
    trial_id = user.new_trial(f"{attack.__name__}-{uuid.uuid4().hex}")  # it may be tried again
    noise = random.Random(3).randbytes(6 * MIB)
    assert user.patch(trial_id, 0, noise, "stdout.log").status_code == 204

    def work() -> None:
        with attacker(user, trial_id, seconds) as made:
            attack(made)

    return watched(user.server, work)


def _all_is_well(user: User) -> None:
    trial_id = user.new_trial("afterwards")
    assert user.patch(trial_id, 0, line(1)).status_code == 204
    assert user.bytes_of(trial_id) == line(1)
    assert user.trial(trial_id)["metrics"]["train.loss"]["count"] == 1
    assert user.v2("DELETE", f"/trials/{trial_id}").status_code == 204


def faults_of(user: User, seconds: float) -> list[str]:
    found = []
    for attack in ATTACKS:
        for _ in range(TRIES):
            seen = attacked(user, attack, seconds)
            if seen.slowest_s <= HEALTH_S or seen.growth_bytes > GROWTH_BYTES:
                break
        if seen.slowest_s > HEALTH_S or seen.growth_bytes > GROWTH_BYTES:
            found.append(f"{attack.__name__}: health {seen.slowest_s:.2f} s, {seen.growth_bytes / MIB:.0f} MiB more")
        _all_is_well(user)
    return found


def test_while_a_hostile_client_is_at_work_others_are_served_and_the_memory_stays_small(
    own_server: RunningServer,
) -> None:
    with User(own_server) as user:
        assert faults_of(user, 0.2) == []
    assert "Traceback" not in own_server.log


@pytest.mark.soak
def test_hostile_clients_for_long(own_server: RunningServer) -> None:
    with User(own_server) as user:
        assert faults_of(user, 15.0) == []
    assert "Traceback" not in own_server.log


@pytest.mark.soak
def test_uncounted_bodies_are_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", BODIES_UNCOUNTED) as server, User(server) as user:
        assert attacked(user, many_bodies, 3.0).growth_bytes > GROWTH_BYTES


@pytest.mark.soak
def test_a_bomb_that_is_unpacked_whole_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", BOMBS_GO_OFF) as server, User(server) as user:
        assert attacked(user, one_bomb, 10.0).growth_bytes > GROWTH_BYTES


def _closed_after_s(server: RunningServer, first: bytes, every: bytes = b"", most_s: float = 3.0) -> float | None:
    """Return after how long the server ends a connection on which so much, and then this again and again, comes."""
    begun_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.05) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(first)
        while time.monotonic() - begun_s < most_s:
            try:
                if connection.recv(4096) == b"":
                    return time.monotonic() - begun_s
            except TimeoutError:
                pass
            except OSError:
                return time.monotonic() - begun_s
            try:
                connection.sendall(every)
            except OSError:
                return time.monotonic() - begun_s
    return None


def dragging(server: RunningServer, user: User) -> Iterator[tuple[str, float | None]]:
    """Yield each way to drag a connection out, and after how long the server ended it."""
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    path = b"/t9k/experiment/server/apis/v2/trials/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\n"
    yield "silence", _closed_after_s(server, b"")
    yield "empty lines", _closed_after_s(server, b"\r\n", b"\r\n")
    yield "a head in drops", _closed_after_s(server, head + b"X: ", b"y")
    yield "silence in a head", _closed_after_s(server, head)
    yield "silence after an answer", _closed_after_s(server, head + b"\r\n")
    yield "a second head in drops", _closed_after_s(server, head + b"\r\n" + head, b"z")
    yield "a body in drops after its answer", _closed_after_s(server, b"PUT " + path, b"b")
    yield "a reader who does not read", _deaf_for_s(server, user)


def _deaf_for_s(server: RunningServer, user: User) -> float | None:
    trial_id = user.new_trial("deaf")
    noise = random.Random(5).randbytes(8 * MIB)
    assert user.patch(trial_id, 0, noise, "stdout.log").status_code == 204
    request = f"GET /t9k/experiment/server/apis/v2/trials/{trial_id}/files/stdout.log HTTP/1.1\r\nHost: localhost\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"{request}Authorization: Bearer {user.key}\r\n\r\n".encode())
        begun_s = time.monotonic()
        taken = 0
        time.sleep(2.0)
        try:
            while piece := connection.recv(1 << 16):
                taken += len(piece)
                if taken >= len(noise):
                    return None
        except OSError:
            pass
        return time.monotonic() - begun_s


def test_a_connection_that_is_dragged_out_is_ended(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", HURRIED) as server, User(server) as user:
        ended = dict(dragging(server, user))
        assert [name for name, after_s in ended.items() if after_s is None] == []
        _all_is_well(user)


def test_a_server_without_these_deadlines_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", AS_UVICORN_HAS_IT) as server:
        assert _closed_after_s(server, b"GET / HTTP/1.1\r\nX: ", b"y", most_s=1.5) is None


def test_a_slow_but_steady_client_is_served(tmp_path: Path) -> None:
    """Deadlines are for those who drag; a body within its time, and a reader who reads, go on."""
    with RunningServer(tmp_path / "data", HURRIED) as server, User(server) as user:
        # On a busy machine a client can stop for longer than these short deadlines, but hardly each time.
        assert any(_is_served_slowly(server, user) for _ in range(TRIES))


def _is_served_slowly(server: RunningServer, user: User) -> bool:
    """Send 8 MiB and read them again, both slowly, and tell whether the server let us."""
    trial_id = user.new_trial()
    content = random.Random(7).randbytes(8 * MIB)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(content), MIB):
            time.sleep(0.12)
            yield content[start : start + MIB]

    url = f"{server.url}/apis/v2/trials/{trial_id}/files/stdout.log"
    got = bytearray()
    try:
        answer = user.v2(
            "PATCH", f"/trials/{trial_id}/files/stdout.log", headers={"Upload-Offset": "0"}, content=pieces()
        )
        with user.http.stream("GET", url, headers=user.headers) as reading:
            for piece in reading.iter_bytes(MIB):
                got += piece
                time.sleep(0.1)
    except httpx.TransportError:
        return False
    return answer.status_code == 204 and bytes(got) == content


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", 431),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_with_all_headers(shared_server: RunningServer, head: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head)
        answer = connection.recv(4096).decode()
    assert answer.split()[1] == str(status)
    assert "x-content-type-options: nosniff" in answer.lower()
    assert "content-security-policy: default-src 'none'" in answer.lower()


def test_silent_connections_beyond_the_number_keep_nobody_out(tmp_path: Path) -> None:
    few = "from aimd_server import launch\nlaunch.MOST_CONNECTIONS = 50\n"
    with RunningServer(tmp_path / "data", few) as server, User(server) as user:
        trial_id = user.new_trial()
        with attacker(user, trial_id, 0.2) as made:
            idle_sockets(made)
            assert any(_health_s(server) < HEALTH_S for _ in range(TRIES))
            _all_is_well(user)
            closed = 0
            for one in made.sockets:
                one.settimeout(0.01)
                try:
                    closed += one.recv(1) == b""
                except TimeoutError:
                    continue
                except OSError:
                    closed += 1
            assert closed >= 450
        _all_is_well(user)


def _others_are_served(server: RunningServer, begun: int, patience_s: float = PATIENCE_S) -> bool:
    """Tell whether somebody gets a trial while somebody else's lists, of which so many have begun, do not end."""
    place = server.data_dir.parent
    with User(server) as busy, User(server) as other, ThreadPoolExecutor(20) as pool:
        trial_id = other.new_trial()
        busy.new_trial()
        lists = [pool.submit(busy.v2, "GET", "/trials") for _ in range(10)]
        wait_until(lambda: len(list(place.glob("begun-*"))) >= begun, "the lists have begun")
        try:
            is_served = other.v2("GET", f"/trials/{trial_id}", timeout=patience_s).status_code == 200
        except httpx.ReadTimeout:
            is_served = False
        finally:
            (place / "released").touch()
        for one in lists:
            one.result()
    return is_served


def test_a_caller_of_many_slow_lists_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", HELD_LISTS) as server:
        assert _others_are_served(server, READS_AT_ONCE)


@pytest.mark.soak
def test_readers_without_turns_are_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", HELD_LISTS + WITHOUT_TURNS) as server:
        assert not _others_are_served(server, READERS, HEALTH_S)
