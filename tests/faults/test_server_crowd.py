"""Many at once, and no room: nobody meets a locked database; a full disk is a clear refusal, and passes."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from aimd_server.accounts import add_user, create_key
from aimd_server.operations import check
from tests.server.api import User, line, new_id
from tests.support.parts import can_mount, require_part
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer

DEFERRED = """
from aimd_server.stores import sqlite
sqlite.BUSY_TIMEOUT_S = 0.05
sqlite.writing_engine = lambda path: sqlite._engine(path, "BEGIN", ["journal_mode=WAL", "foreign_keys=ON"], 1)
"""
ACKNOWLEDGED_ALL_THE_SAME = """
from aimd_server.services.files import Standing
from aimd_server.services.series.appending import Appended
from aimd_server.stores import writer
def _commit(self, group):
    try:
        with self._engine.begin() as connection:
            outcomes = [writer._attempt(connection, item.operation) for item in group]
    except Exception:
        outcomes = [Appended(Standing(0, ""), 0) for _ in group]
    for item, outcome in zip(group, outcomes):
        failed = isinstance(outcome, writer._Fault)
        item.future.set_exception(outcome.error) if failed else item.future.set_result(outcome)
writer.Writer._commit = _commit
"""
ROOM = "6m"
_MOUNT = 'mount -t tmpfs -o size=$1 tmpfs "$0" && cp -a "$2"/. "$0"/ && shift 2 && exec "$@"'


def crowd(server: RunningServer, seconds: float) -> Counter[str]:
    """Let 8 write, 4 read and 2 look after the server; return the statuses, and what was lost."""
    seen: Counter[str] = Counter()
    end_s = time.monotonic() + seconds
    with User(server) as user:
        trial_ids = [user.new_trial(f"t{number}") for number in range(8)]

        def write(trial_id: str) -> None:
            stored = b""
            while time.monotonic() < end_s:
                content = line(len(stored))
                answer = user.patch(trial_id, len(stored), content)
                seen[str(answer.status_code)] += 1
                stored += content if answer.status_code == 204 else b""
            if user.bytes_of(trial_id) != stored:
                seen["lost"] += 1

        def read(_: int) -> None:
            while time.monotonic() < end_s:
                seen[str(user.v2("GET", "/trials").status_code)] += 1

        def look_after(number: int) -> None:
            """Write from another process than the server's, as `aimd server user` does."""
            while time.monotonic() < end_s:
                add_user(server.data_dir, f"{user.name}-{number}-{new_id()[:8]}")
                seen["accounts"] += 1
                time.sleep(0.02)

        with ThreadPoolExecutor(14) as pool:
            jobs = [pool.submit(write, trial_id) for trial_id in trial_ids]
            jobs += [pool.submit(read, number) for number in range(4)]
            jobs += [pool.submit(look_after, number) for number in range(2)]
            for job in jobs:
                job.result()
    return seen


def test_eight_writers_and_four_readers_never_meet_a_locked_database(own_server: RunningServer) -> None:
    seen = crowd(own_server, 3.0)
    assert set(seen) == {"200", "204", "accounts"}, seen
    assert "locked" not in own_server.log


@pytest.mark.soak
def test_eight_writers_and_four_readers_for_a_minute(own_server: RunningServer) -> None:
    seen = crowd(own_server, 60.0)
    assert set(seen) == {"200", "204", "accounts"}, seen
    assert "locked" not in own_server.log
    assert check(own_server.data_dir).faults == []


def test_transactions_that_do_not_say_that_they_write_are_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", DEFERRED) as server:
        seen: Counter[str] = Counter()
        for _ in range(8):
            seen += crowd(server, 1.0)
            if seen["503"]:
                break
        assert seen["503"] > 0
        assert "locked" in server.log


class SmallDisk:
    """A server whose data lie on a disk of a few MiB, which can be filled and emptied."""

    def __init__(self, server: RunningServer, user: User) -> None:
        assert server.process is not None
        self.user = user
        self.data_dir = Path(f"/proc/{server.process.pid}/root{server.data_dir}")
        self._filler = self.data_dir / "filler"

    def fill(self) -> None:
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while os.write(descriptor, bytes(size)):
                        pass
                except OSError:
                    continue
        finally:
            os.close(descriptor)

    def empty(self) -> None:
        self._filler.unlink()


class KnownUser(User):
    """A user who was there before."""

    def __init__(self, server: RunningServer, key: str) -> None:
        self.server, self.name, self.key = server, "lin", key
        self.headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx.Client(timeout=PATIENCE_S, trust_env=False, verify=False)


@contextmanager
def small_disk(tmp_path: Path, before: str = "") -> Iterator[SmallDisk]:
    require_part("unshare that may mount", can_mount())
    seed, data_dir = tmp_path / "seed", tmp_path / "data"
    add_user(seed, "lin")
    key = create_key(seed, "lin")
    data_dir.mkdir()
    words = ("unshare", "-rm", "sh", "-c", _MOUNT, str(data_dir), ROOM, str(seed))
    with RunningServer(data_dir, before, wrapped=words) as server, KnownUser(server, key) as user:
        yield SmallDisk(server, user)


def _appended(user: User, trial_id: str, stored: bytes, size: int, seed: int) -> tuple[int, bytes, str]:
    content = random.Random(seed).randbytes(size)
    answer = user.patch(trial_id, len(stored), content, "stdout.log")
    done = answer.status_code == 204
    return answer.status_code, stored + content if done else stored, answer.headers.get("retry-after", "")


def test_a_full_disk_is_refused_reads_go_on_and_all_is_well_when_there_is_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        user, trial_id = disk.user, disk.user.new_trial()
        status, stored, _ = _appended(user, trial_id, b"", 300_000, 1)
        assert status == 204
        disk.fill()
        statuses = []
        for number in range(6):
            status, stored, again = _appended(user, trial_id, stored, 500_000, number)
            statuses.append(status)
            assert (status == 503) == (again == "2")
            assert user.bytes_of(trial_id, "stdout.log") == stored
        assert 503 in statuses
        assert set(statuses) <= {204, 503}
        points = [{"value": {"loss": 1.0}, "sequence": {"step": 1}}] * 3000
        assert user.v1("POST", f"/trials/{trial_id}/metrics/train", points).status_code in (200, 503)
        assert user.v2("GET", "/trials").status_code == 200
        assert user.http.get(f"{user.server.origin}/healthz").text == "ok"
        with ThreadPoolExecutor(6) as pool:
            many = [pool.submit(_appended, user, user_trial, b"", 200_000, 9) for user_trial in [trial_id] * 3]
            assert {job.result()[0] for job in many} <= {503, 409}
        disk.empty()
        status, stored, _ = _appended(user, trial_id, stored, 500_000, 77)
        assert status == 204
        assert user.bytes_of(trial_id, "stdout.log") == stored
        # SQLite resolves the path into the other mount namespace, and would look at another file here.
        shutil.copytree(disk.data_dir, tmp_path / "copied")
        assert check(tmp_path / "copied").faults == []
        assert "Traceback" not in user.server.log


def test_a_server_that_ignores_a_full_disk_is_caught(tmp_path: Path) -> None:
    with small_disk(tmp_path, ACKNOWLEDGED_ALL_THE_SAME) as disk:
        trial_id = disk.user.new_trial()
        disk.fill()
        status, stored = 204, b""
        for number in range(6):
            status, stored, _ = _appended(disk.user, trial_id, stored, 500_000, number)
            assert status == 204
            if disk.user.bytes_of(trial_id, "stdout.log") != stored:
                return
        pytest.fail("the planted bug went by")
