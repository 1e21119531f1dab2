"""A recognisable key through everything, at debug level, with forced failures: afterwards it is where it must be only.

That is the person's own config file, mode 0600. Looked through are all files of the server and the person (database,
its log, backups, server logs, trial directories, caches), all that was printed, the addresses of all requests and the
command lines of all processes. Version 1 of the protocol has the key in its addresses; pinned here is where exactly.
"""

from __future__ import annotations

import base64
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from aimd_server.accounts import add_user
from aimd_server.services.clock import now_us
from aimd_server.services.identity import hash_of
from aimd_server.stores import accounts
from aimd_server.stores.database import Database
from tests.support.home import Home
from tests.support.patience import PATIENCE_S
from tests.support.proxy import Proxy
from tests.support.server import RunningServer
from tests.support.strangers import http_answer, stranger, unused_port
from tests.support.trials import record, write_trial

SENTINEL = "5e471e10-c0de-4bad-8f00-d15ea5ed5eed"
_WINDOW = 12
FAILING = """
from aimd_server.services import keys, version1
def _fail(*given):
    raise ValueError("planted failure")
keys.listed = version1.get_points = _fail
"""
A_LOG_WITH_QUERIES = """
from aimd_server.routes import guards
_true = guards.Guards._count
def _count(self, scope, status, duration_s):
    guards.log.warning("%s?%s", scope["path"], scope["query_string"].decode())
    _true(self, scope, status, duration_s)
guards.Guards._count = _count
"""
_SCRIPT = """
from t9k import aimd
trial = aimd.create_trial(trial_name="secret run", folder_path="secrets", auto_upload=True)
trial.params.update({"lr": 0.1})
for step in range(5):
    trial.log("train", {"loss": 1.0 / (step + 1)}, step=step)
trial.finish()
trial.upload()
"""


def needles(key: str = SENTINEL) -> list[bytes]:
    """Return every form and every piece of twelve characters in which a key could lie about."""
    forms = [key, key.replace("-", ""), key.upper(), base64.b64encode(key.encode()).decode()[:40], key[::-1]]
    pieces = [form[start : start + _WINDOW] for form in forms for start in range(len(form) - _WINDOW + 1)]
    return [piece.encode() for piece in dict.fromkeys(pieces)]


_ANY = re.compile(b"|".join(re.escape(needle) for needle in needles()))


def files_with_it(folder: Path) -> list[str]:
    """Return the files below a folder in which the key, or a piece of it, stands."""
    return [str(path) for path in sorted(folder.rglob("*")) if path.is_file() and _ANY.search(path.read_bytes())]


@contextmanager
def watched_command_lines() -> Iterator[list[str]]:
    """Collect the command lines that hold the key, of any process of this machine, while the context lasts."""
    seen: list[str] = []
    ending = threading.Event()

    def look() -> None:
        while not ending.wait(0.02):
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = place.read_bytes()
                except OSError:
                    continue
                if _ANY.search(line):
                    seen.append(line.decode("utf-8", "replace"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()


def let_in(data_dir: Path) -> None:
    """Make a user whose key is the sentinel."""
    add_user(data_dir, "lin")
    with Database(data_dir) as database:

        def operation(connection: accounts.Connection) -> None:
            found = accounts.by_name(connection, "lin")
            assert found is not None
            accounts.add_key(connection, found.id, hash_of(SENTINEL), now_us(), name="sentinel", scope="write")

        database.write(operation)


def use_the_client(home: Home, url: str, printed: list[str]) -> None:
    """Do with the command line and the SDK what a person does, wrong things too."""

    def run(*words: str | Path) -> int:
        ran = home.aimd(*words)
        printed.extend([ran.out, ran.err])
        return ran.code

    ran = home.aimd_process("login", "-H", url, "-k", "-", stdin=SENTINEL + "\n")
    printed.extend([ran.out, ran.err])
    assert ran.code == 0, ran.err
    trial = write_trial(home.work / ".aimd" / "trials", metrics=b"".join(record(step) for step in range(20)))
    assert run("--debug", "trial", "upload", "-n", "cnn") == 0
    for words in (
        ("login", "--status"),
        ("config", "list", "--show-origin"),
        ("config", "hosts"),
        ("trial", "ls", "--remote", "--json"),
        ("trial", "upload", "-n", "cnn", "--check"),
        ("folder", "tree"),
        ("folder", "mk", "a/b"),
        ("folder", "share", "a", "--link"),
        ("folder", "ls", "nothing"),
        ("--debug", "trial", "download", "nothing"),
        ("folder", "ls", "-H", f"http://127.0.0.1:{unused_port()}/t9k/experiment/server"),
        ("login", "-H", f"http://127.0.0.1:{unused_port()}", "-k", "not-a-key"),
    ):
        run(*words)
    script = home.work / "train.py"
    script.write_text(_SCRIPT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    printed.extend([done.stdout, done.stderr])
    assert done.returncode == 0, done.stderr
    (trial / "metrics").write_bytes(b"")  # the server has more: a conflict that is reported
    run("--debug", "trial", "upload", "-n", "cnn")
    with stranger(http_answer("500 Bad", b"oops")) as other:
        run("--debug", "folder", "ls", "-H", other.url)
        assert not any(_ANY.search(request) for request in other.requests)


def use_the_server(server: RunningServer, answers: list[bytes]) -> None:
    """Send the key in every way that the protocols know, and in ways that they do not, with failures inside."""
    bearer, v1, v2 = {"Authorization": f"Bearer {SENTINEL}"}, f"{server.url}/apis/v1", f"{server.url}/apis/v2"
    with httpx.Client(timeout=PATIENCE_S, trust_env=False, verify=False) as client:

        def ask(method: str, url: str, **how: object) -> httpx.Response:
            answer = client.request(method, url, **how)  # type: ignore[arg-type]
            answers.append(repr(answer.headers).encode() + answer.content)
            return answer

        trial = {"metadata": {"name": "old"}}
        trial_id = ask("POST", f"{v1}/trials", params={"apikey": SENTINEL}, json=trial).json()["id"]
        for method, path in (("GET", "/folders"), ("GET", "/nothing"), ("PUT", f"/trials/{trial_id}"), ("GET", "/x/y")):
            ask(method, v1 + path, params={"apikey": SENTINEL}, content=b"{")
        assert ask("GET", f"{v1}/trials/{trial_id}/metrics", params={"apikey": SENTINEL}).status_code == 500
        assert ask("GET", f"{v2}/me/keys", headers=bearer).status_code == 500
        for path in ("/info", "/me/sessions", "/audit", "/trials/x", "/nothing"):
            ask("GET", v2 + path, headers=bearer)
            ask("GET", v2 + path, params={"apikey": SENTINEL, "key": SENTINEL})
        ask("POST", f"{v2}/session", json={"key": SENTINEL}, headers={"Origin": server.origin})
        ask("POST", f"{v2}/session", json={"key": SENTINEL}, headers={"Origin": "http://evil.example"})
        ask("POST", f"{v2}/session", json={"token": SENTINEL}, headers={"Origin": server.origin})
        ask("GET", f"{server.origin}/metrics", headers=bearer)
        ask("PUT", f"{v2}/trials/{trial_id}", headers=bearer, content=b"{")
        ask("GET", f"{v2}/info", headers={**bearer, "Host": "evil.example", "Referer": f"http://x/?apikey={SENTINEL}"})
    for raw in (f"GET /?apikey={SENTINEL} HTTP/9.9\r\n\r\n", f"GET /{SENTINEL} HTTP/1.1\r\nX: {SENTINEL}\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
            connection.sendall(raw.encode())
            answers.append(connection.recv(4096))


@pytest.fixture
def debug_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("secrets")
    let_in(folder / "data")
    with RunningServer(folder / "data", FAILING, log_level="debug", wrapped=("env",)) as server:  # with a command line
        yield server


def test_a_key_is_nowhere_but_in_its_owners_config_file(home: Home, debug_server: RunningServer) -> None:
    printed: list[str] = []
    answers: list[bytes] = []
    with watched_command_lines() as lines, Proxy(debug_server.port) as proxy:
        use_the_client(home, proxy.url, printed)
        addresses = list(proxy.requests)
        use_the_server(debug_server, answers)
        backup = debug_server.data_dir.parent / "backup.db"
        assert home.aimd("server", "backup", backup, "--data-dir", debug_server.data_dir).code == 0
        assert files_with_it(debug_server.data_dir.parent) == []  # with the database's log, which a stop takes away
        assert (debug_server.data_dir / "aimd.db-wal").stat().st_size > 0
    debug_server.stop()
    assert "planted failure" in debug_server.log
    assert debug_server.log.count("Traceback") == 2
    assert files_with_it(debug_server.data_dir.parent) == []
    assert files_with_it(home.path) == [str(home.config)]
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert [text for text in printed if _ANY.search(text.encode())] == []
    assert len(addresses) > 20
    assert [line for line in addresses if _ANY.search(line.encode())] == []
    assert [answer for answer in answers if _ANY.search(answer)] == []
    assert lines == []


def test_version_1_has_the_key_in_one_place_of_its_addresses(
    home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    printed: list[str] = []
    folder = tmp_path_factory.mktemp("secrets")
    let_in(folder / "data")
    with RunningServer(folder / "data", log_level="debug") as server, Proxy(server.port) as proxy:
        proxy.hides_v2 = True
        assert home.aimd_process("login", "-H", proxy.url, "-k", "-", stdin=SENTINEL).code == 0
        write_trial(home.work / ".aimd" / "trials", metrics=b"".join(record(step) for step in range(5)))
        for words in (("--debug", "trial", "upload", "-n", "cnn"), ("folder", "ls"), ("folder", "mk", "x/y")):
            ran = home.aimd(*words)
            printed += [ran.out, ran.err]
    with_it = [line.split(" ")[1] for line in proxy.requests if _ANY.search(line.encode())]
    assert len(with_it) > 5
    for target in with_it:
        parts = urlsplit(target)
        assert re.fullmatch(r"/t9k/experiment/server/(apis/v1/.+|oauth2/userinfo)", parts.path)
        assert [name for name, value in parse_qsl(parts.query) if _ANY.search(value.encode())] == ["apikey"]
        assert dict(parse_qsl(parts.query))["apikey"] == SENTINEL
    assert [text for text in printed if _ANY.search(text.encode())] == []
    assert files_with_it(folder) == []
    assert files_with_it(home.path) == [str(home.config)]


def test_a_server_that_logs_queries_is_caught(tmp_path: Path) -> None:
    let_in(tmp_path / "data")
    with RunningServer(tmp_path / "data", A_LOG_WITH_QUERIES) as server:
        httpx.get(f"{server.url}/apis/v1/folders", params={"apikey": SENTINEL}, verify=False)
    assert files_with_it(tmp_path) == [str(tmp_path / "data.stderr")]


def test_a_key_on_a_command_line_is_caught() -> None:
    with watched_command_lines() as lines:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", SENTINEL[:13]], check=True)
    assert lines


def test_a_key_in_the_database_is_caught(tmp_path: Path) -> None:
    add_user(tmp_path / "data", "lin")
    assert files_with_it(tmp_path) == []
    add_user(tmp_path / "data", f"lin-{SENTINEL}")
    assert any("aimd.db" in path for path in files_with_it(tmp_path))
