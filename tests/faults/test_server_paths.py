"""No text of a request becomes a path: hundreds of payloads over a raw socket to every route; what the server opens.

An audit hook in the server's process writes down everything that Python opens, lists, runs or connects to; in the long
form strace does, which sees SQLite and the loader too.
"""

from __future__ import annotations

import hashlib
import random
import re
import socket
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from aimd_server.app import create_app
from aimd_server.routes.guards import Guards
from aimd_server.stores.database import Database
from tests.faults.payloads import payloads, targets
from tests.server.api import User
from tests.support.parts import can_trace, require_part
from tests.support.patience import PATIENCE_S
from tests.support.server import ROOT, RunningServer

HOOK = """
import os, sys
_opened = os.open({place!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
def _hook(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod",
                 "os.link", "os.symlink", "os.truncate", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system",
                 "sqlite3.connect", "socket.connect", "socket.getaddrinfo"):
        what = arguments[0] if event != "socket.connect" else arguments[1]
        if not isinstance(what, int):
            what = os.fsdecode(what) if isinstance(what, (str, bytes, os.PathLike)) else repr(what)
            os.write(_opened, (event + "\\t" + what.replace("\\n", " ") + "\\n").encode("utf-8", "replace"))
sys.addaudithook(_hook)
"""
A_PATH_FROM_A_REQUEST = """
from aimd_server import app, launch
from aimd_server.routes.access import Access, RouteTable
from aimd_server.routes.answers import empty_answer, text_answer
from aimd_server.routes.pages import Pages
async def _serve_any(call):
    try:
        with open("/usr/share/" + call.part("path").replace(chr(0), ""), "rb") as file:
            return text_answer(file.read(100).decode("latin-1"))
    except OSError:
        return empty_answer(404)
_table = RouteTable("/t9k/experiment/web/assets", Pages())
_table.add("GET", "/{path:path}", _serve_any, access=Access.PUBLIC_PAGE)
_true = app.create_app
launch.create_app = lambda *given, **more: _true(*given, **more, more=[_table])
"""
_CODE = tuple(str(Path(place).resolve()) for place in (sys.prefix, sys.base_prefix, ROOT))
_ENDS_CONNECTION = re.compile(rb"(?i)\r\nconnection: close|\r\ntransfer-encoding: chunked")  # streams do not end
_V1_TEXTS = re.compile(rb"\[Get\] doc not found|(folder|trial) .* not exists", re.DOTALL)


def live_routes(folder: Path) -> list[tuple[str, str]]:
    """Return (method, path) of every route of the application."""
    with Database(folder) as database, ThreadPoolExecutor(1) as threads:
        app = create_app(database, threads)
        assert isinstance(app, Guards)
        table = app.app.router.routes  # type: ignore[attr-defined]
        return [(method, route.path) for route in table for method in route.app.rules]


class Connection:
    """Keeps a socket open over requests, and opens another when the server has ended it."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._socket: socket.socket | None = None

    def ask(self, method: str, target: str) -> bytes:
        """Send one raw request line and return the whole answer, empty when the connection was ended."""
        with_key = "&" if "?" in target else "?"
        line = f"{method} {target}{with_key}apikey={self.user.key}" if "/apis/v1" in target else f"{method} {target}"
        head = f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.user.key}\r\n"
        raw = head.encode("utf-8", "surrogatepass") + b"Content-Length: 0\r\n\r\n"
        for _ in range(2):
            self._socket = self._socket or socket.create_connection(
                ("127.0.0.1", self.user.server.port), timeout=PATIENCE_S
            )
            try:
                self._socket.sendall(raw)
                answer = self._read(method)
            except OSError:
                answer = b""
            if not answer or _ENDS_CONNECTION.search(answer.partition(b"\r\n\r\n")[0]):
                self.close()
            if answer:
                return answer
        return b""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self, method: str) -> bytes:
        assert self._socket is not None
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = self._socket.recv(1 << 16)
            if not piece:
                return answer
            answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        due = 0 if method == "HEAD" or head.split()[1] in (b"204", b"304") or length is None else int(length[1])
        while len(body) < due:
            piece = self._socket.recv(1 << 16)
            if not piece:
                break
            body += piece
        return head + b"\r\n\r\n" + body


def bad_answers(
    user: User, routes: list[tuple[str, str]], chosen: Iterable[str], share: float
) -> tuple[int, list[str]]:
    """Send payloads to a share of all places; return how many requests, and the answers that should not be."""
    chance, found = random.Random(4), []
    wanted = [one for payload in chosen for one in targets(routes, payload) if chance.random() < share]
    with closing(Connection(user)) as connection:
        for method, target in wanted:
            answer = connection.ask(method, target)
            status = int(answer.split()[1]) if answer else 0
            wrong = status >= 500 and not ("/apis/v1" in target and _V1_TEXTS.search(answer))
            leaked = re.search(rb"root:.*:0:0|Traceback|sqlite|site-packages|canary of", answer)
            leaked = leaked or re.search(rb"\r\nX-Evil", answer.partition(b"\r\n\r\n")[0])
            if wrong or leaked or not answer:
                found.append(f"{method} {target[:120]!r}: {answer[:120]!r} {(leaked or [b''])[0]!r}")
    return len(wanted), found


def _is_own(path: str, data_dir: Path) -> bool:
    """Tell whether a file is the server's data, or code that Python loads."""
    resolved = str(Path(path).resolve())
    is_code = resolved.startswith(_CODE) and resolved.endswith((".py", ".pyc", ".so", "__pycache__", ".pyi"))
    is_package = "site-packages" in resolved and Path(resolved).is_dir()  # Python lists it before it imports from it
    return resolved.startswith(f"{data_dir.resolve()}") or is_code or is_package


def opened_elsewhere(log: Path, start: int, data_dir: Path) -> list[str]:
    """Return what the audit hook saw that is neither data nor code, from a byte of its log on."""
    lines = log.read_bytes()[start:].decode("utf-8", "replace").splitlines()
    return [
        line for line in lines if not _is_own(line.partition("\t")[2].split("?")[0].removeprefix("file:"), data_dir)
    ]


def _tree(folder: Path) -> str:
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(repr([(str(path), path.read_bytes()) for path in names]).encode()).hexdigest()


def test_no_payload_makes_the_server_open_anything_or_fail(tmp_path: Path) -> None:
    canaries, log = tmp_path / "canaries", tmp_path / "opened.log"
    canaries.mkdir()
    for place in (tmp_path, canaries):
        (place / "canary.txt").write_text("canary of this test")
    before, routes = _tree(canaries), live_routes(tmp_path / "other")
    assert len(payloads()) >= 300
    with RunningServer(tmp_path / "data", HOOK.format(place=str(log))) as server, User(server) as user:
        start = log.stat().st_size
        sent, found = bad_answers(user, routes, payloads(), 0.1)
        assert sent > 1500
        assert found == []
        assert opened_elsewhere(log, start, server.data_dir) == []
        assert "Traceback" not in server.log
    assert _tree(canaries) == before


def test_a_route_that_makes_a_path_of_a_request_is_caught(tmp_path: Path) -> None:
    log = tmp_path / "opened.log"
    with (
        RunningServer(tmp_path / "data", HOOK.format(place=str(log)) + A_PATH_FROM_A_REQUEST) as server,
        User(server) as user,
    ):
        start = log.stat().st_size
        routes = [("GET", "/t9k/experiment/web/assets/{path:path}")]
        _, found = bad_answers(user, routes, payloads(), 1.0)
        assert any("root:" in one for one in found)
        assert any(line.endswith("/etc/passwd") for line in opened_elsewhere(log, start, server.data_dir))


@pytest.mark.soak
def test_every_payload_on_every_route_under_strace(tmp_path: Path) -> None:
    require_part("strace that may trace", can_trace())
    trace, routes = tmp_path / "trace", live_routes(tmp_path / "other")
    words = (
        "strace",
        "-D",
        "-f",
        "-qq",
        "-e",
        "trace=open,openat,openat2,creat,unlink,rename,connect,execve",
        "-o",
        str(trace),
    )
    with RunningServer(tmp_path / "data", wrapped=words) as server, User(server) as user:
        for _ in range(2):  # what is loaded once is loaded here
            bad_answers(user, routes, ["warm"], 1.0)
        start = trace.stat().st_size
        sent, found = bad_answers(user, routes, payloads(), 0.3)
        assert sent > 3000
        assert found == []
        calls = trace.read_bytes()[start:].decode("utf-8", "replace")
        opened = re.findall(r'(?:open|openat|openat2|creat|unlink|rename|execve)\([^"]*"([^"]*)"', calls)
        assert [path for path in opened if not _is_own(path, server.data_dir)] == []
        assert "connect(" not in calls
