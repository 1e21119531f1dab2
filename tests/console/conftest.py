"""Fixtures of the browser's tests: one Chromium a module, one window a test, a server with a person on it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.browser import Watched, chromium, running_browser, start_chromium
from tests.server.api import User
from tests.support.once import end_with_run, run_folder, shared
from tests.support.parts import require_part
from tests.support.patience import PATIENCE_S
from tests.support.quick_disk import quick_folder
from tests.support.server import RunningServer
from tests.support.stores import kill_all

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
Window = Callable[..., Watched]


@pytest.fixture(scope="session")
def built_console() -> None:
    """Build the console, when its sources have changed."""
    script = [sys.executable, str(ROOT / "scripts" / "web_console.py"), "build"]
    done = subprocess.run(
        script, capture_output=True, text=True, timeout=2 * PATIENCE_S
    )  # others wait for the one that builds
    is_there = (ROOT / "aimd_server" / "static" / "index.html").is_file()
    require_part("a built console (a package index for npm)", is_there)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def chromium_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the one Chromium of all workers of a run."""
    require_part("Chromium", chromium() is not None)
    require_part("Playwright (pip install playwright)", importlib.util.find_spec("playwright") is not None)
    place = run_folder(tmp_path_factory.getbasetemp())

    def start() -> dict[str, Any]:
        address, process = start_chromium(place)
        end_with_run([process.pid])
        _children.append(process)
        return {"address": address, "pid": process.pid}

    def stop(facts: dict[str, Any]) -> None:
        kill_all([facts["pid"]])

    with shared(place / "chromium", start, stop) as facts:
        yield facts["address"]


_children: list[subprocess.Popen[str]] = []  # held, so that nobody warns of a process that is still there


@pytest.fixture(scope="module")
def browser(chromium_address: str) -> Iterator[Browser]:
    """Chromium for a module's tests.

    Not for the session: while it is connected, the thread has a running event loop, which tests elsewhere must not
    meet.
    """
    with running_browser(chromium_address) as running:
        yield running


@pytest.fixture(scope="session")
def server(built_console: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with (
        quick_folder(tmp_path_factory.mktemp("console")) as place,
        RunningServer(place / "data") as running,
    ):
        yield running
        assert "Traceback" not in running.log


@pytest.fixture
def person(server: RunningServer) -> Iterator[User]:
    """Somebody with a key and nothing yet."""
    with User(server) as made:
        yield made


@pytest.fixture
def window(browser: Browser, server: RunningServer) -> Iterator[Window]:
    """Opens windows, signed in when a person is named; none of them may have done what no page of ours may do."""
    opened: list[Watched] = []

    def open_window(user: User | None = None, **settings: Any) -> Watched:
        made = Watched(browser, server.origin, **settings)
        opened.append(made)
        if user is not None:
            made.sign_in(user.key)
        return made

    yield open_window
    for made in opened:
        made.close()
    assert [fault for made in opened for fault in made.faults] == []
