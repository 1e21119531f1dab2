"""A server whose disk is really full, a small tmpfs: an upload says so, and goes on once there is room."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy.exc import OperationalError

from aimd_core.client.v2 import Server
from aimd_core.config import Credentials
from aimd_core.errors import BusyError, StorageAwayError, StorageFullError
from aimd_server.blobs import open_blobs, s3
from aimd_server.errors import ObjectsUnavailableError
from aimd_server.stores.location import unavailable
from tests.faults.test_file_uploads import FileCase
from tests.faults.uploads import QUICK, Case
from tests.server.api import User, line
from tests.support.home import Home
from tests.support.parts import can_mount, require_part
from tests.support.proxy import Proxy
from tests.support.server import RunningServer

DISK = "size=16m"
LARGE_BYTES = 24 << 20


@pytest.fixture
def full_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server on a small disk."""
    require_part("a mount name space", can_mount())
    data = tmp_path / "data"
    data.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(data)], capture_output=True)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        with RunningServer(data) as server:
            yield server
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


def _fill(server: RunningServer) -> Path:
    """Leave no room on the server's disk; return what is to be removed for it."""
    filler = server.data_dir / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(descriptor, b"x" * 4096):
            pass
    except OSError:
        os.close(descriptor)
    return filler


def test_an_upload_says_that_the_disk_of_the_server_is_full_and_goes_on_when_it_has_room(
    full_server: RunningServer, tmp_path: Path
) -> None:
    with Proxy(full_server.port) as proxy:
        case = FileCase(full_server, proxy, tmp_path / "t")
        (case.path / "files" / "huge.bin").write_bytes(os.urandom(LARGE_BYTES))
        with pytest.raises(StorageFullError, match="has no room left"):
            case.upload()
        subprocess.run(["mount", "-o", "remount,size=64m", str(full_server.data_dir)], check=True)
        proxy.wire_bytes = 0
        case.upload()
        assert proxy.wire_bytes < LARGE_BYTES * 3 / 4  # what was taken before stays
        assert case.faults(tmp_path / "back") == []
    assert "No space left on device" in full_server.log
    assert "Traceback" not in full_server.log


@pytest.mark.sqlite
@pytest.mark.parametrize("protocol", [1, 2])
def test_an_upload_says_that_the_database_has_no_room_in_both_protocols(
    full_server: RunningServer, tmp_path: Path, protocol: int
) -> None:
    with Proxy(full_server.port) as proxy:
        case = Case(full_server, proxy, tmp_path / "t", protocol)
        filler = _fill(full_server)
        with pytest.raises(StorageFullError):
            case.upload()
        filler.unlink()
        case.upload()
        assert case.state()["metrics"]
    assert "database or disk is full" in full_server.log


@pytest.mark.sqlite
def test_a_full_disk_is_a_code_of_its_own_without_the_reason_in_the_log(full_server: RunningServer) -> None:
    with User(full_server) as user:
        trial_id = user.new_trial()
        filler = _fill(full_server)
        answers = []
        for step in range(2_000):  # until what SQLite has already taken of the disk is used up
            answers.append(user.patch(trial_id, len(line(1)) * step, line(step % 10)))
            if answers[-1].status_code != 204:
                break
        answer = answers[-1]
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        message = "the server has no room left: its disk or its object store is full"
        assert answer.json() == {"error": {"code": "storage_full", "message": message}}
        points = [{"value": {"loss": 0.5}, "sequence": {"step": 1}}]
        told = user.v1("POST", f"/trials/{trial_id}/metrics/train", points)
        assert (told.status_code, told.text) == (503, message)
        assert user.trial(trial_id)["name"] == "cnn"  # reading goes on
        filler.unlink()
        assert user.patch(trial_id, len(line(1)) * (len(answers) - 1), line(1)).status_code == 204


def test_the_command_line_says_what_became_of_the_upload(
    full_server: RunningServer, tmp_path: Path, home: Home
) -> None:
    with Proxy(full_server.port) as proxy:
        case = FileCase(full_server, proxy, home.work / "run")
    (case.path / "files" / "huge.bin").write_bytes(os.urandom(LARGE_BYTES))
    assert home.aimd("login", "-H", full_server.url, "-k", case.key).code == 0
    ran = home.aimd("trial", "upload", "-p", case.path)
    assert ran.code == 5
    told = ran.err.splitlines()[-2:]
    assert told[0].endswith(f"{full_server.url} has no room left: its disk or its object store is full")
    assert "What it took before is kept" in told[1]
    assert "it resumes where it stopped" in told[1]


class _Answering(BaseHTTPRequestHandler):
    """A server that refuses each request, and counts them."""

    code, requests = "", 0

    def do_GET(self) -> None:
        type(self).requests += 1
        body = json.dumps({"error": {"code": self.code, "message": "no"}}).encode()
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("code", "kind", "requests"),
    [
        ("storage_full", StorageFullError, 1),
        ("storage_away", StorageAwayError, QUICK.tries),
        ("busy", BusyError, QUICK.tries),
    ],
)
def test_a_server_that_is_full_is_asked_once_and_one_that_comes_back_again(
    code: str, kind: type[BusyError], requests: int
) -> None:
    handler = type("Answering", (_Answering,), {"code": code})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        credentials = Credentials(f"http://127.0.0.1:{server.server_port}", "key", {})
        with Server(credentials, QUICK) as asked, pytest.raises(kind):
            asked.info()
        server.shutdown()
    assert handler.requests == requests


@pytest.mark.parametrize(("sqlstate", "is_full"), [("53100", True), ("40001", False), ("57P03", False)])
def test_a_postgresql_that_is_full_is_told_from_one_that_refuses(sqlstate: str, is_full: bool) -> None:
    class DriverError(Exception):
        """What the driver raises."""

    refused = DriverError("could not extend file")
    refused.sqlstate = sqlstate  # type: ignore[attr-defined]
    error = unavailable(OperationalError("INSERT", {}, refused))
    assert (error.is_full, error.told[0]) == (is_full, "storage_full" if is_full else "busy")


class _Refusing(BaseHTTPRequestHandler):
    """An object store that refuses each object."""

    status, body = 507, b""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "code", "is_full"),
    [
        (507, "", True),
        (507, "XMinioStorageFull", True),
        (403, "QuotaExceeded", True),
        (403, "AccessDenied", False),
        (400, "EntityTooLarge", False),
    ],
)
def test_an_object_store_that_is_full_is_told_from_one_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str, is_full: bool
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setitem(s3._AGAIN, "max_retries", 0)
    body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
    handler = type("Refusing", (_Refusing,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as store:
        Thread(target=store.serve_forever, daemon=True).start()
        blobs = open_blobs(f"s3://bucket/p?endpoint=http://127.0.0.1:{store.server_port}", tmp_path)
        with pytest.raises(ObjectsUnavailableError) as refused:
            blobs.put("a/b", b"x")
        store.shutdown()
    assert refused.value.is_full == is_full
    assert refused.value.told[0] == (StorageFullError if is_full else StorageAwayError).code
