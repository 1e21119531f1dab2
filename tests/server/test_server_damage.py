"""Damaged, foreign and unusable data: every command names it, with its exit code, and the server does not start."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.api import User, line
from tests.support.home import Home, Ran
from tests.support.server import RunningServer, clean_environment

pytestmark = pytest.mark.sqlite
USAGE, DAMAGED, DISK = 2, 6, 7
PAGE = 4096


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped server's data, with something in every large table."""
    server = RunningServer(tmp_path_factory.mktemp("damage") / "data")
    with server, User(server, "lin") as user:
        for number in range(20):
            trial = user.new_trial(f"t{number}", parameters={f"p{n}": "x" * 50 for n in range(20)})
            user.patch(trial, 0, b"".join(line(step) for step in range(300)))
    return server.data_dir


@pytest.fixture
def data_dir(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "data")
    return tmp_path / "data"


def rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(file: Path) -> None:
        file.write_bytes(change(file.read_bytes()))

    return apply


def run_sql(*statements: str) -> Callable[[Path], None]:
    def apply(file: Path) -> None:
        with closing(sqlite3.connect(file)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return apply


def zero_inner_pages(content: bytes) -> bytes:
    """Overwrite pages that are inside trees: every seventh after the schema."""
    pages = [content[start : start + PAGE] for start in range(0, len(content), PAGE)]
    return b"".join(b"\xa5" * PAGE if n > 4 and n % 7 == 0 else page for n, page in enumerate(pages))


def lose_file_keep_log(file: Path) -> None:
    file.with_name("aimd.db-wal").write_bytes(b"x" * 100)
    file.unlink()


DAMAGE: dict[str, Callable[[Path], None]] = {
    "flipped magic": rewrite(lambda content: bytes([content[0] ^ 1]) + content[1:]),
    "flipped page size": rewrite(lambda content: content[:16] + b"\xff\xff" + content[18:]),
    "flipped format": rewrite(lambda content: content[:44] + b"\0\0\0\x7f" + content[48:]),
    "inner pages": rewrite(zero_inner_pages),
    "truncated": rewrite(lambda content: content[: len(content) // 2 // PAGE * PAGE]),
    "one page only": rewrite(lambda content: content[:PAGE]),
    "cut header": rewrite(lambda content: content[:50]),
    "empty": rewrite(lambda _: b""),
    "garbage": rewrite(lambda content: bytes(range(256)) * (len(content) // 256)),
    "text": rewrite(lambda _: b"port: 2463\n" * 1000),
    "another program's": lambda file: (file.unlink(), run_sql("CREATE TABLE notes (t)")(file))[0],  # type: ignore[func-returns-value]
    "a table is missing": run_sql("DROP TABLE journal_tail"),
    "lost, log left": lose_file_keep_log,
}
COMMANDS = (
    ("status",),
    ("check",),
    ("backup", "b.db"),
    ("migrate", "--to", "elsewhere"),
    ("user", "ls"),
    ("key", "ls"),
    ("group", "ls"),
    ("user", "add", "mei"),
    ("key", "create", "--user", "lin"),
    ("start", "--port", "0"),
)
# Commands that do not read what is damaged, and work.
UNHARMED = {
    "inner pages": {"status", "user", "key", "group", "migrate"},
    "truncated": {"status", "user", "key", "group", "migrate"},
}


def stopped(home: Home, *words: str) -> Ran:
    """Run a command, which must not serve."""
    return home.aimd("server", *words)


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_command_names_a_damaged_database(home: Home, data_dir: Path, kind: str) -> None:
    DAMAGE[kind](data_dir / "aimd.db")
    before = {path.name: path.read_bytes() for path in data_dir.glob("aimd.db*")}
    for words in COMMANDS:
        name = " ".join(words[: 2 if words[0] in ("user", "key", "group") else 1])
        if words[0] in UNHARMED.get(kind, ()):
            continue
        ran = stopped(home, *words, "--data-dir", str(data_dir))
        assert (ran.code, "Traceback" in ran.err) == (DAMAGED, False), (name, ran.err)
        assert str(data_dir / "aimd.db") in ran.out + ran.err, (name, ran.err)
    if kind not in (*UNHARMED, "a table is missing"):
        assert {path.name: path.read_bytes() for path in data_dir.glob("aimd.db*")} == before


def test_a_newer_schema_is_left_alone(home: Home, data_dir: Path) -> None:
    run_sql("UPDATE alembic_version SET version_num = '9999'")(data_dir / "aimd.db")
    for words in COMMANDS:
        ran = stopped(home, *words, "--data-dir", str(data_dir))
        assert ran.code != 0, words
        assert "newer version" in ran.err, (words, ran.err)
        assert "Traceback" not in ran.err


def test_a_lost_log_is_found_or_was_not_needed(home: Home, own_server: RunningServer) -> None:
    with User(own_server, "lin") as user:
        user.new_trial()
        own_server.kill()
    (own_server.data_dir / "aimd.db-wal").unlink()
    ran = stopped(home, "check", "--data-dir", str(own_server.data_dir))
    assert ran.code in (0, DAMAGED), ran.err
    assert "Traceback" not in ran.err


def test_a_foreign_log_is_found(home: Home, data_dir: Path, tmp_path: Path) -> None:
    other = RunningServer(tmp_path / "other")
    with other, User(other, "mei") as user:
        user.patch(user.new_trial(), 0, b"".join(line(step) for step in range(3000)))
        other.kill()
    shutil.copyfile(other.data_dir / "aimd.db-wal", data_dir / "aimd.db-wal")
    for words in COMMANDS[:3]:
        ran = stopped(home, *words, "--data-dir", str(data_dir))
        assert "Traceback" not in ran.err
        assert ran.code in (0, DAMAGED), ran.err


def obey_modes() -> None:
    """Take from root, in a child, what lets it read and write everything."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP


@pytest.mark.parametrize(
    ("kind", "directory_mode", "file_mode"),
    [("no permission", 0, 0), ("read-only directory", 0o555, 0o444), ("read-only file", 0o777, 0o444)],
)
def test_what_may_not_be_used_is_named(data_dir: Path, kind: str, directory_mode: int, file_mode: int) -> None:
    for path in [*data_dir.rglob("*"), data_dir]:
        path.chmod(file_mode if path.is_file() else 0o755)
    data_dir.chmod(directory_mode)
    for words in (("check",), ("user", "add", "mei"), ("backup", str(data_dir / "b.db")), ("start", "--port", "0")):
        done = subprocess.run(
            [sys.executable, "-m", "aimd_cli", "server", *words, "--data-dir", str(data_dir)],
            env=clean_environment(),
            preexec_fn=obey_modes,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if kind == "read-only file" and words[0] in ("check", "backup"):
            continue  # which only read it
        codes = (DISK, USAGE) if kind == "no permission" else (DISK,)  # Typer itself looks at --data-dir
        assert done.returncode in codes, (kind, words, done.returncode, done.stderr)
        assert str(data_dir) in done.stderr
        assert "Traceback" not in done.stderr
    data_dir.chmod(0o755)


class TestTwoServers:
    """Only one server at a time runs on a data directory."""

    def start(self, data_dir: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aimd_cli", "server", "start", "--port", "0", "--data-dir", str(data_dir)]
        return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)

    def test_the_second_says_who_runs_and_stops(self, own_server: RunningServer) -> None:
        assert own_server.process is not None
        done = self.start(own_server.data_dir)
        assert done.returncode == 2, done.stderr
        assert f"process {own_server.process.pid} on {os.uname().nodename}" in done.stderr
        assert str(own_server.data_dir) in done.stderr

    def test_a_killed_server_leaves_no_lock(self, own_server: RunningServer) -> None:
        own_server.kill()
        own_server.start()

    def test_a_stopped_process_still_has_it(self, own_server: RunningServer) -> None:
        assert own_server.process is not None
        own_server.process.send_signal(signal.SIGSTOP)
        try:
            assert self.start(own_server.data_dir).returncode == 2
        finally:
            own_server.process.send_signal(signal.SIGCONT)

    @pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs unshare as root")
    def test_a_container_that_shares_the_volume_sees_it(self, own_server: RunningServer) -> None:
        command = ["unshare", "--pid", "--uts", "--mount", "--fork", "--mount-proc", sys.executable, "-m", "aimd_cli"]
        command += ["server", "start", "--port", "0", "--data-dir", str(own_server.data_dir)]
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
        if "Operation not permitted" in done.stderr:
            pytest.skip("no new namespaces here")
        assert done.returncode == 2, done.stderr
        assert os.uname().nodename in done.stderr

    def test_restore_and_migrate_want_it_for_themselves(self, home: Home, own_server: RunningServer) -> None:
        data = ("--data-dir", own_server.data_dir)
        assert home.aimd("server", "user", "add", "lin", *data).code == 0
        assert home.aimd("server", "backup", home.path / "b.db", *data).code == 0
        for words in (("restore", home.path / "b.db"), ("migrate", "--to", home.path / "elsewhere")):
            ran = home.aimd("server", *words, *data)
            assert (ran.code, "a server is using" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("damage", ["text", "yaml", "list"])
def test_advice_about_damage_of_a_server_is_for_servers(home: Home, damage: str) -> None:
    """Not that of trials, or of the key file of a client."""
    place = home.path / "data"
    assert home.aimd("server", "user", "add", "lin", "--data-dir", place).code == 0
    if damage == "text":
        (place / "aimd.db").write_text("no database " * 1000)
    else:
        (place / "server.yaml").write_bytes(b"\xff{" if damage == "yaml" else b"- a\n")
    for words in (["status"], ["check"], ["user", "ls"], ["backup", home.path / "out"]):
        ran = home.aimd("server", *words, "--data-dir", place)
        assert ran.code == (6 if damage == "text" else 2)
        assert ("aimd server restore FILE" if damage == "text" else "--config FILE") in ran.err
        assert "login" not in ran.err
        assert "trials" not in ran.err
