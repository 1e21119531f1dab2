"""Fixtures that all tests share: an isolated home, the command line in it, a real server."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.home import Home
from tests.support.once import run_folder
from tests.support.quick_disk import quick_folder, remove_left_over
from tests.support.server import LIBRARIES, Forks, RunningServer, clean_environment
from tests.support.warm import LazyPython

gc.disable()  # until all tests are collected: what is made until then stays, and is not looked through again


# A run starts thousands of Pythons: what one has compiled the others find, whatever the environment says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that starts something in the background leaves SIGINT ignored, and nohup leaves SIGHUP so; every child here
# would inherit that.
for number, action in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, action)


# What takes long is run first, so that no long test is left to one worker at the end.
_LONG = ("tests/e2e/", "tests/sdk/integrations/", "tests/faults/", "tests/console/", "tests/server/")
_SHOWN_S, _SHOWN = 120.0, 12  # from how long a run on it says which files took most of it, and how many
_seconds: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        return next((number for number, part in enumerate(_LONG) if item.nodeid.startswith(part)), len(_LONG))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid.partition("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _seconds.total() > _SHOWN_S:
        terminalreporter.section("seconds by file")
        for file, seconds in _seconds.most_common(_SHOWN):
            terminalreporter.line(f"{seconds:7.1f} {file}")
        terminalreporter.line(f"{_seconds.total():7.1f} in all")


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of its own for every test, so that none sees or leaves anything in that of the person."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """English for every test, whatever the person speaks; a test in Chinese sets AIMD_LANG."""
    monkeypatch.setenv("AIMD_LANG", "en")


@pytest.fixture(autouse=True)
def no_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AIMD_DEBUG before and after every test: the option --debug sets it in the process of the test."""
    monkeypatch.setenv("AIMD_DEBUG", "")  # so that it is remembered, and undone
    monkeypatch.delenv("AIMD_DEBUG")


@pytest.fixture(autouse=True)
def no_handlers_left() -> Iterator[None]:
    """The log's own handlers after every test: a server that is started in the process of a test sets others."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def no_login_left() -> Iterator[None]:
    """Nobody signed in after every test: who called `aimd.login` would upload the trials of the next test, too."""
    yield
    configuration = sys.modules.get("t9k.aimd.configuration")
    if configuration:
        configuration.CONFIG._loaded, configuration.CONFIG._changed = None, {}


@pytest.fixture(autouse=True)
def no_trials_left() -> Iterator[None]:
    """No open trial after every test: each keeps its files open, and thousands of tests would run out of them."""
    yield
    endings = sys.modules.get("t9k.aimd.endings")
    for trial in list(endings._open_trials.values()) if endings else ():
        trial._release()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Home]:
    """A home directory of its own, with the working directory in it and no setting from outside."""
    for name in ("AIMD_HOST", "AIMD_API_KEY", "AIMD_DEBUG", "T9K_CONFIG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("COLUMNS", "LINES"):  # a worker of pytest-xdist may have them
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AIMD_CAPTURE_SYSTEM", "0")  # no companion processes but where a test asks for them
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(work)
    arguments = sys.argv
    yield Home(tmp_path, work, capfd)
    sys.argv = arguments


@pytest.fixture(scope="session", autouse=True)
def warm_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the servers of all workers fork from one process, once a test needs one: its libraries are imported once."""
    remove_left_over()
    place = run_folder(tmp_path_factory.getbasetemp()) / "servers"
    environment = {**clean_environment(), "OPENBLAS_NUM_THREADS": "1"}  # without threads, which no fork takes along
    with LazyPython(place, LIBRARIES, environment) as Forks.python:
        yield
    Forks.python = None


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the whole run; tests make users of their own in it, who do not see each other."""
    with (
        quick_folder(tmp_path_factory.mktemp("server")) as place,
        RunningServer(place / "data") as server,
    ):
        yield server


class Account(NamedTuple):
    """A user of a running server."""

    url: str
    key: str


@pytest.fixture
def account(running_server: RunningServer) -> Account:
    """A new user of the shared server, with a key."""
    return Account(running_server.url, running_server.new_user(f"user-{uuid.uuid4().hex[:12]}"))


@pytest.fixture
def signed_in(home: Home, account: Account) -> Account:
    """A new user, whose key is in the config file of `home`."""
    home.write_config(f"aimd_host: {account.url}\napi_key: {account.key}\n")
    return account
