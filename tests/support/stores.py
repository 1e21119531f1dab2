"""Fixtures of the real stores that tests run on; imported by the conftest of those that need them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.object_store import Cluster, ObjectStore, is_installed
from tests.support.once import run_folder, shared
from tests.support.parts import require_part


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
        return {"endpoint": cluster.start().endpoint, "pids": cluster.pids}

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
