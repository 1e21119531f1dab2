"""Starting, stopping, being killed: what was acknowledged survives, as docs/concepts/security.md promises."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from aimd_core.errors import AimdError, DamagedError, DiskError, NotFoundError, UsageError
from aimd_server import launch
from aimd_server.accounts import add_user, create_key
from aimd_server.errors import NewerDatabaseError, PortInUseError
from tests.server.api import User, line, new_id, wish
from tests.support.database_file import connected
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer, clean_environment, run_python

KILLS = 10


def _integrity(data_dir: Path) -> list[str]:
    with connected(data_dir / "aimd.db") as database:
        found = [row[0] for row in database.execute("PRAGMA integrity_check")]
        found += [str(row) for row in database.execute("PRAGMA foreign_key_check")]
    database.close()
    return found


def test_a_restart_keeps_everything(own_server: RunningServer) -> None:
    with User(own_server) as user:
        trial_id = user.new_trial()
        user.patch(trial_id, 0, b"".join(line(step) for step in range(20)))
        user.patch(trial_id, 0, "中文\n".encode(), "stdout.log")
        before = (user.trial(trial_id), user.bytes_of(trial_id), user.v1("GET", "/folders").json())
        own_server.restart()
        assert (user.trial(trial_id), user.bytes_of(trial_id), user.v1("GET", "/folders").json()) == before
        assert user.put(trial_id).json()["outcome"] == "unchanged"


def test_a_signal_ends_the_server_in_order_with_status_0(own_server: RunningServer) -> None:
    process = own_server.process
    assert process is not None
    assert own_server.stop() == 0
    assert not list(own_server.data_dir.glob("aimd.db-*"))
    assert "Traceback" not in own_server.log


def test_users_and_keys_are_made_while_the_server_runs_and_while_it_does_not(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    before = server.new_user("before")
    with server:
        after = server.new_user("after")
        second = create_key(server.data_dir, "after")
        for key, name in [(before, "before"), (after, "after"), (second, "after")]:
            answer = httpx.get(f"{server.url}/apis/v2/info", headers={"Authorization": f"Bearer {key}"}, verify=False)
            assert answer.json()["user"] == name
        assert "There is no user yet" not in server.log


def test_a_first_start_says_where_the_data_are_and_how_to_make_a_user(own_server: RunningServer) -> None:
    assert f"Data: {own_server.data_dir}" in own_server.log
    assert "this machine only" in own_server.log
    assert "aimd server user add NAME" in own_server.log
    assert "aimd server key create --user NAME" in own_server.log


def test_the_data_are_private_to_their_owner(own_server: RunningServer) -> None:
    own_server.new_user("lin")
    assert stat.S_IMODE(own_server.data_dir.stat().st_mode) == 0o700
    for path in own_server.data_dir.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "a\n", "x" * 65, "-a", "\u202ea"])
def test_a_user_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name") as caught:
        add_user(tmp_path / "data", name)
    assert caught.value.advice


@pytest.mark.sqlite
def test_a_user_is_made_once_and_keys_are_for_users_only(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no server data"):
        create_key(tmp_path / "data", "lin")
    assert not (tmp_path / "data").exists()
    add_user(tmp_path / "data", "lin")
    with pytest.raises(UsageError, match="there is already"):
        add_user(tmp_path / "data", "lin")
    with pytest.raises(NotFoundError, match="no user 'other'"):
        create_key(tmp_path / "data", "other")
    add_user(tmp_path / "data", "李雷")
    assert len(create_key(tmp_path / "data", "李雷")) == 36


def test_six_processes_may_make_the_first_database_at_once(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from aimd_server.accounts import add_user; "
    program += "add_user(Path(sys.argv[1]), sys.argv[2])"
    with ThreadPoolExecutor(6) as threads:
        for ran in threads.map(lambda number: run_python(program, str(tmp_path / "data"), f"u{number}"), range(6)):
            assert ran.returncode == 0, ran.stderr
    assert _integrity(tmp_path / "data") == ["ok"]


def test_a_port_in_use_is_a_clear_error(own_server: RunningServer, tmp_path: Path) -> None:
    with pytest.raises(PortInUseError, match=f"port {own_server.port} on 127.0.0.1 is in use"):
        launch.start(tmp_path / "other", "127.0.0.1", own_server.port)
    assert not (tmp_path / "other").exists()


_NAME_ONE = "Name an address of this machine, such as 127.0.0.1"
_ALONE = "Give the address alone, without brackets, a port or a path: --host 127.0.0.1 --port 2463"


@pytest.mark.parametrize(
    ("host", "port", "reason", "advice"),
    [
        ("no.such.host.invalid", 0, "", _NAME_ONE),
        ("a..b", 0, "that is not a name", _NAME_ONE),
        ("203.0.113.7", 0, "this machine does not have that address", _NAME_ONE),
        ("127.0.0.1", 99999, "a port is between 0 and 65535", _NAME_ONE),
        ("2501", 0, "an IPv4 address has four numbers", "To choose the port: --port 2501"),
        ("127.1", 0, "an IPv4 address has four numbers", _NAME_ONE),
        ("127.0.0.1:2501", 0, "", _ALONE),
        ("http://127.0.0.1", 0, "", _ALONE),
        ("[::1]", 0, "", _ALONE),
        ("127.0.0.1/24", 0, "", _ALONE),
    ],
)
def test_a_place_that_is_not_one_to_listen_on_is_a_clear_error(
    tmp_path: Path, host: str, port: int, reason: str, advice: str
) -> None:
    with pytest.raises(UsageError, match="cannot listen on") as caught:
        launch.start(tmp_path / "data", host, port)
    assert str(caught.value).startswith(f"cannot listen on {host} port {port}: {reason}")
    assert "Errno" not in str(caught.value)
    assert caught.value.advice == advice
    assert not (tmp_path / "data").exists()


@pytest.mark.sqlite
def test_a_data_directory_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    cases: list[tuple[Path, type[AimdError]]] = [
        (tmp_path / "file", DiskError),
        (tmp_path / "file" / "below", DiskError),
        (Path("/proc/no"), DiskError),
    ]
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "aimd.db").write_bytes(b"no database at all" * 1000)
    cases.append((tmp_path / "garbage", DamagedError))
    for data_dir, kind in cases:
        with pytest.raises(kind):
            launch.start(data_dir, "127.0.0.1", 0)


@pytest.mark.sqlite
def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    add_user(tmp_path, "lin")
    with sqlite3.connect(tmp_path / "aimd.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = (tmp_path / "aimd.db").read_bytes()
    with pytest.raises(NewerDatabaseError, match="9999"):
        add_user(tmp_path, "other")
    assert (tmp_path / "aimd.db").read_bytes() == before


@pytest.mark.sqlite
def test_reads_go_on_while_the_database_takes_no_write_and_a_write_waits(own_server: RunningServer) -> None:
    with User(own_server) as user, ThreadPoolExecutor(1) as pool:
        trial_id = user.new_trial()
        user.patch(trial_id, 0, line(1))
        other = sqlite3.connect(own_server.data_dir / "aimd.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(user.patch, trial_id, len(line(1)), line(2))
        assert user.bytes_of(trial_id) == line(1)
        assert not waiting.done()
        other.execute("ROLLBACK")
        other.close()
        assert waiting.result().status_code == 204


@pytest.mark.sqlite
def test_a_database_that_refuses_is_503_with_retry_after_and_nothing_is_half_done(own_server: RunningServer) -> None:
    with User(own_server) as user:
        trial_id = user.new_trial()
        with connected(own_server.data_dir / "aimd.db") as database:
            database.execute("ALTER TABLE journal_tail RENAME TO away")
        answer = user.patch(trial_id, 0, line(1))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json()["error"]["code"] == "busy"
        assert user.v2("GET", "/info").status_code == 200
        database.execute("ALTER TABLE away RENAME TO journal_tail")
        database.close()
        assert user.trial(trial_id)["files"] == {}
        assert user.patch(trial_id, 0, line(1)).status_code == 204


def test_a_server_on_another_address_answers_to_every_name(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from aimd_server.launch import start; "
    program += "start(Path(sys.argv[1]), '0.0.0.0', 0)"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    port = first.split(":")[2].split("/")[0]
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": "aimd.example"}, verify=False).text == "ok"
    process.terminate()
    rest, log = process.communicate(timeout=PATIENCE_S)
    assert (rest, process.returncode) == ("", 0)
    assert "Warning: reachable from the network" in log


def test_one_failing_operation_does_not_take_its_group_down(user: User) -> None:
    trial_id = user.new_trial()

    def put(number: int) -> int:
        if number % 2:
            return user.patch(trial_id, 10**9, line(1)).status_code
        return user.put(new_id(), wish(f"n{number}")).status_code

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(put, range(40))) == [201, 409] * 20
