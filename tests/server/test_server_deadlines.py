"""A thread's work ends: when its time is up, when its client has left, and when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from aimd_server.app import create_app
from aimd_server.routes.access import Backend
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.work import GONE, LATE, STOPPING, Watch, Work, WorkStoppedError, check, doing
from tests.server.api import User, code_of
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import RunningServer

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}
SHORT_READS = "from aimd_server.routes import access\naccess.READ_S = 0.5\n"
LONG_READS = "from aimd_server.routes import access\naccess.READ_S = 600.0\n"
STOPS_SOON = """
import functools
from aimd_server import launch
launch.run = functools.partial(launch.run, stop_timeout_s=3)
"""
WORK_GOES_ON = """
from aimd_server.stores import work
work.Work.stop = lambda *_: None
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "data") as made:
        made.start_writer()
        yield made


def endless(connection: Connection) -> None:
    connection.execute(text(ENDLESS[connection.dialect.name]))


def _reason(work: Work, watch: Watch, database: Database) -> str:
    with pytest.raises(WorkStoppedError) as error:
        watch.run(work, database.read, endless)
    return error.value.reason


def test_a_statement_is_interrupted_and_its_connection_is_used_again(database: Database) -> None:
    watch, leaving = Watch(), threading.Event()
    threading.Timer(0.3, leaving.set).start()
    assert _reason(Work(0.2), watch, database) == LATE
    assert _reason(Work(None, leaving.is_set), watch, database) == GONE
    for _ in range(20):  # more than there are connections
        assert (
            watch.run(Work(60.0), database.read, lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1
        )
    threading.Timer(0.2, watch.stop_all, (0.0,)).start()
    assert _reason(Work(), watch, database) == STOPPING


def test_nothing_of_stopped_work_begins(database: Database) -> None:
    work, done = Work(), []

    def several(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        work.stop(LATE)
        connection.execute(text("SELECT 2"))
        done.append(2)

    with doing(work):
        with pytest.raises(WorkStoppedError):
            database.read(several)
        with pytest.raises(WorkStoppedError):
            database.write(done.append)
        with pytest.raises(WorkStoppedError):
            check()
    assert not done
    check()  # outside of it, nothing is stopped
    with pytest.raises(WorkStoppedError), doing(Work(None, lambda: True)):
        done.append(3)
    assert not done


def _with_notes(user: User, count: int) -> None:
    """Make trials with long notes, in which a text is nearly found at every character."""
    for number in range(count):
        trial_id = user.new_trial(f"noted-{number}")
        assert user.v2("PATCH", f"/trials/{trial_id}", json={"note": "a" * 60_000}).status_code == 200


def _costly() -> str:
    return " or ".join(f'note ~ "{"a" * 30}{number:03}"' for number in range(199))


def test_a_query_that_takes_too_long_is_ended_with_advice(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", SHORT_READS) as server, User(server) as user:
        _with_notes(user, 40)
        answer = user.v2("GET", "/trials", params={"where": _costly()})
        assert (answer.status_code, code_of(answer), answer.json()["error"]["limit"]) == (422, "too_slow", 0.5)
        assert "fewer conditions" in answer.json()["error"]["message"]
        simple = {"where": "note ~ aaab"}  # which a busy machine may make too slow as well
        wait_until(lambda: user.v2("GET", "/trials", params=simple).json().get("trials") == [], "it is answered")
        assert "Traceback" not in server.log


def _cpu_s(server: RunningServer) -> float:
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ask_and_leave(user: User, count: int) -> None:
    """Send a query that takes minutes several times, and leave once the server is at work."""
    before_s = _cpu_s(user.server)
    query = str(user.http.build_request("GET", "/", params={"where": _costly()}).url).partition("?")[2]
    head = f"GET /t9k/experiment/server/apis/v2/trials?{query} HTTP/1.1\r\nHost: localhost\r\n"
    opened = [socket.create_connection(("127.0.0.1", user.server.port), timeout=5) for _ in range(count)]
    for connection in opened:
        connection.sendall(f"{head}Authorization: Bearer {user.key}\r\n\r\n".encode())
    while _cpu_s(user.server) < before_s + 0.5:
        time.sleep(0.05)
    for connection in opened:
        connection.close()


def _is_idle_within(server: RunningServer, seconds: float) -> bool:
    """Tell whether the server comes to rest: uses next to no CPU time, less than it would even on a crowded machine."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        before_s = _cpu_s(server)
        time.sleep(1.0)
        if _cpu_s(server) - before_s < 0.015:
            return True
    return False


def test_the_work_for_a_client_who_has_left_ends(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", LONG_READS) as server, User(server) as user:
        _with_notes(user, 200)
        _ask_and_leave(user, 8)
        assert _is_idle_within(server, 15)
        assert user.v2("GET", "/info").status_code == 200
        assert "Traceback" not in server.log


def test_work_that_goes_on_for_nobody_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", LONG_READS + WORK_GOES_ON) as server, User(server) as user:
        _with_notes(user, 200)
        _ask_and_leave(user, 2)
        assert not _is_idle_within(server, 3)
        server.kill()


def test_whatever_runs_the_server_stops_in_seconds(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", LONG_READS + STOPS_SOON) as server, User(server) as user:
        _with_notes(user, 200)
        trial_id = user.new_trial("exported")
        assert user.patch(trial_id, 0, random.Random(1).randbytes(8 << 20), "stdout.log").status_code == 204
        folder_id = user.trial(trial_id)["folder"]["id"]
        server_path = "/t9k/experiment/server/apis/v2"
        query = str(user.http.build_request("GET", "/", params={"where": _costly()}).url).partition("?")[2]
        heads = [
            f"GET {server_path}/trials?{query} HTTP/1.1",
            f"GET {server_path}/events?folder_id={folder_id} HTTP/1.1",
            f"GET {server_path}/folders/{folder_id}/export HTTP/1.1",
            f"GET {server_path}/trials/{trial_id}/files/stdout.log HTTP/1.1",
            f"PUT {server_path}/trials/{trial_id}/files/stdout.log HTTP/1.1\r\nContent-Length: 99",
        ]
        with contextlib.ExitStack() as stack:
            for head in heads * 6:
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(f"{head}\r\nHost: localhost\r\nAuthorization: Bearer {user.key}\r\n\r\n".encode())
            before_s = _cpu_s(server)
            while _cpu_s(server) < before_s + 1:
                time.sleep(0.05)
            begun_s = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun_s < 11
        assert "Traceback" not in server.log


def test_no_append_waits_long_for_what_another_one_left_due(tmp_path: Path) -> None:
    begun, may_end, done = threading.Event(), threading.Event(), list[str]()

    def long() -> None:
        begun.set()
        may_end.wait(PATIENCE_S)
        done.append("long")

    async def both(backend: Backend) -> None:
        backend.turn_s = 0.05
        first = asyncio.create_task(backend.settle(long))
        await asyncio.to_thread(begun.wait, PATIENCE_S)
        await backend.settle(done.append, "short")  # which goes without
        assert done == []
        may_end.set()
        await first
        await backend.settle(done.append, "next")

    with Database(tmp_path) as database, ThreadPoolExecutor(4) as threads:
        asyncio.run(both(create_app(database, threads).backend))
    assert done == ["long", "next"]
