"""A server for the whole run, and one that a test may stop, kill and start again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.api import User
from tests.support.quick_disk import quick_folder
from tests.support.server import RunningServer
from tests.support.stores import bucket as bucket
from tests.support.stores import engine as engine
from tests.support.stores import object_store as object_store
from tests.support.stores import postgres as postgres
from tests.support.stores import pytest_collection_modifyitems as pytest_collection_modifyitems


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with (
        quick_folder(tmp_path_factory.mktemp("shared")) as place,
        RunningServer(place / "data") as server,
    ):
        yield server
        assert "Traceback" not in server.log


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    with quick_folder(tmp_path) as place, RunningServer(place / "data") as server:
        yield server


@pytest.fixture
def user(shared_server: RunningServer) -> Iterator[User]:
    with User(shared_server) as made:
        yield made


@pytest.fixture
def stranger(shared_server: RunningServer) -> Iterator[User]:
    with User(shared_server) as made:
        yield made
