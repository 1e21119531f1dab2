"""The server is killed under mixed load: its data stay sound, and every write that was acknowledged is there."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.server_load import SEAL_OFTEN, Worker, data_faults, objects_named
from tests.server.api import User
from tests.support.database_file import connected
from tests.support.patience import wait_until
from tests.support.server import RunningServer

ACKNOWLEDGED_BEFORE_THE_COMMIT = """
from aimd_server.stores import writer
def _commit(self, group):
    import time
    with self._engine.begin() as connection:
        for item in group:
            outcome = writer._attempt(connection, item.operation)
            failed = isinstance(outcome, writer._Fault)
            item.future.set_exception(outcome.error) if failed else item.future.set_result(outcome)
        time.sleep(0.05)
writer.Writer._commit = _commit
"""


class Series:
    """What came of a series of kills."""

    def __init__(self) -> None:
        self.kills = 0
        self.acknowledged = 0
        self.objects = 0
        self.faults: list[str] = []


def has_sealed(server: RunningServer) -> bool:
    """Tell whether a row of the server's database refers to an object."""
    with closing(sqlite3.connect(f"file:{server.data_dir}/aimd.db?mode=ro", uri=True)) as database:
        sealed = database.execute("SELECT count(*) FROM sealed_object WHERE journal_id IS NOT NULL")
        return bool(sealed.fetchone()[0])


def killed(server: RunningServer, kills: int, seed: int, workers: int = 4, seals: bool = True) -> Series:
    """Kill a server so many times under load, look at what is there, and go on with it; stop at the first fault.

    A kill comes after a random number of acknowledgements, the first one after an object, if the server makes any: a
    slow machine kills later, not less.
    """
    chance, series = random.Random(seed), Series()
    with User(server, f"load{seed}") as user:
        crew = [Worker(user, number) for number in range(workers)]
        for number in range(kills):
            goal = sum(worker.acknowledged for worker in crew) + chance.randint(1, 80)
            stop = threading.Event()
            threads = [threading.Thread(target=worker.work, args=(stop,)) for worker in crew]
            for thread in threads:
                thread.start()
            wait_until(lambda goal=goal: sum(worker.acknowledged for worker in crew) >= goal, "acknowledgements")
            if seals and number == 0:
                wait_until(lambda: has_sealed(server), "an object")
            time.sleep(chance.uniform(0, 0.02))  # so that it meets each stage of a request
            server.kill()
            stop.set()
            for thread in threads:
                thread.join()
            series.kills += 1
            series.faults += data_faults(server.data_dir)
            if series.faults:
                break
            server.start()
            series.faults += [fault for worker in crew for fault in worker.faults()]
            if series.faults:
                break
        series.objects = sum(path.is_file() for path in (server.data_dir / "blobs").rglob("*"))
        series.acknowledged = sum(worker.acknowledged for worker in crew)
    return series


def test_kills_under_mixed_load_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", SEAL_OFTEN) as server:
        series = killed(server, 5, seed=1)
        assert series.faults == []
        assert (series.kills, series.acknowledged > 20, series.objects > 0) == (5, True, True)
        assert "Traceback" not in server.log


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", SEAL_OFTEN) as server:
        series = killed(server, 200, seed=2)
        assert series.faults == []
        assert (series.acknowledged > 2000, series.objects > 10) == (True, True)
        assert "Traceback" not in server.log


def test_a_row_that_is_written_before_its_object_is_caught(tmp_path: Path) -> None:
    late = """
from aimd_server.blobs.disk import DiskBlobs
kept = {}
DiskBlobs.put = lambda self, key, data: kept.update({key: data})
DiskBlobs.get = lambda self, key: kept[key]
DiskBlobs.get_ranges = lambda self, key, ranges: [kept[key][start:end] for start, end in ranges]
"""
    with RunningServer(tmp_path / "data", SEAL_OFTEN + late) as server:
        assert any("no object sealed/" in fault for fault in killed(server, 8, seed=4).faults)


def test_an_acknowledgement_before_the_commit_is_caught(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ACKNOWLEDGED_BEFORE_THE_COMMIT) as server:
        assert killed(server, 8, seed=3, seals=False).faults != []


def test_a_row_without_its_object_is_caught(own_server: RunningServer) -> None:
    with User(own_server) as user:
        user.new_trial()
    key = "series/ab/6f1d9b1e-0c1f-4d8e-9a53-6f0a1b2c3d4e"
    own_server.kill()
    with closing(connected(own_server.data_dir / "aimd.db")) as database, database:
        database.execute("UPDATE trial SET note = ?", (key,))
        assert objects_named(database) == [key]
    assert f"no object {key}" in data_faults(own_server.data_dir)
