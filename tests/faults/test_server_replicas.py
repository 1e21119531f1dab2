"""Several servers on one PostgreSQL and one S3: no leader, no memory, any of them killed at any time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aimd_server import operations
from tests.faults.replicas import EARLY_ANSWER, NO_ROW_LOCK, Replicas, exercise
from tests.support.object_store import ObjectStore
from tests.support.postgres import Postgres

Making = Callable[..., Replicas]


@pytest.fixture
def making(tmp_path: Path, postgres: Postgres, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Making:
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)

    def make(count: int = 2, plant: str = "") -> Replicas:
        place = tmp_path / f"{count}{len(plant)}"
        place.mkdir()
        bucket = object_store.new_bucket()
        return Replicas(place, count, postgres.new_database(), bucket, object_store.environment, plant)

    return make


def test_two_servers_lose_nothing_and_count_exactly_while_one_is_killed(making: Making) -> None:
    with making(2) as replicas:
        assert exercise(replicas, kills=3, uploaders=3, seed=1) == []
        assert operations.check(replicas.servers[0].data_dir).faults == []
        assert not any("Traceback" in server.log for server in replicas.servers)


@pytest.mark.parametrize("plant", [NO_ROW_LOCK, EARLY_ANSWER], ids=["no row lock", "early answer"])
def test_the_harness_finds_a_server_that_is_wrong(making: Making, plant: str) -> None:
    with making(2, plant) as replicas:
        for seed in range(8):
            if exercise(replicas, kills=2, uploaders=3, seed=seed):
                return
    pytest.fail("nothing was found")


@pytest.mark.soak
def test_three_servers_lose_nothing_in_five_hundred_kills(making: Making) -> None:
    with making(3) as replicas:
        for seed in range(20):
            assert exercise(replicas, kills=25, uploaders=4, seed=seed) == []
            assert operations.check(replicas.servers[0].data_dir).faults == []
