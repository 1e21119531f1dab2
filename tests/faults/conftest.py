"""The long series run only when asked for: `make soak`, or pytest -m soak."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.quick_disk import quick_folder
from tests.support.server import RunningServer
from tests.support.stores import bucket as bucket
from tests.support.stores import object_store as object_store
from tests.support.stores import postgres as postgres


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("-m"):
        kept = [item for item in items if item.get_closest_marker("soak") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that a test may harm."""
    with quick_folder(tmp_path) as place, RunningServer(place / "data") as server:
        yield server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that tests harm in no way that it should mind."""
    with (
        quick_folder(tmp_path_factory.mktemp("harmed")) as place,
        RunningServer(place / "data") as server,
    ):
        yield server
        assert "Traceback" not in server.log
