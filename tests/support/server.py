"""A real server in a process of its own, on a free loopback port, for the tests of every part."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from aimd_server.accounts import add_user, create_key
from aimd_server.stores import location
from tests.support.patience import PATIENCE_S
from tests.support.warm import LazyPython, Script, WarmProcess

ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")
_PROGRAM = """
import sys
from pathlib import Path
from aimd_server.launch import run
from aimd_server.settings import beside, resolve
place = Path(sys.argv[1])
run(place, resolve({"host": sys.argv[2], "port": sys.argv[3], "log_level": sys.argv[4]}, beside(place), {}))
"""

# What the server imports of others, at its start and with its first requests.
LIBRARIES = """
import alembic.command, alembic.config, alembic.ddl, anyio._backends._asyncio, asyncio, email.message, httptools
import logging.config, msgspec.inspect, multiprocessing.connection, numpy, platformdirs.unix, sqlalchemy
import sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite, sqlite3, starlette.applications
import starlette.middleware, starlette.requests, starlette.responses, starlette.routing, uvicorn.lifespan.off
import uvicorn.loops.uvloop, uvicorn.protocols.http.httptools_impl, uvicorn.server, uvloop, zstandard
"""


def clean_environment() -> dict[str, str]:
    """Return an environment that holds nothing of the person who runs the tests."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class Forks:
    """Where servers are forks of a Python that has imported `LIBRARIES`: not where it is None, as in benchmarks."""

    python: LazyPython | None = None


def start_python(script: Script, err: TextIO, wrapped: Sequence[str] = ()) -> subprocess.Popen[str] | WarmProcess:
    """Start Python code that needs the server's libraries; with a command around it, it is a program of its own."""
    if Forks.python is None or wrapped:
        return subprocess.Popen(
            [*wrapped, sys.executable, "-c", script.code, *script.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            cwd=script.directory,
            env=script.environment,
            text=True,
            start_new_session=True,
        )
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as out:
        process = Forks.python.start(script, out, err)
    process.stdout = os.fdopen(reading)
    return process


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code that needs the server's libraries, and return what became of it, whatever its exit status."""
    assert Forks.python is not None
    return Forks.python.run(Script(code, os.getcwd(), arguments, clean_environment()))


class RunningServer:
    """Runs while it is entered as a context manager, and may be killed and started again.

    Attributes:
        data_dir: Where its data are.
        url: Its address as given to `aimd login`, with /t9k/experiment/server.
        port: The port, kept over restarts.
        process: The process, None when it was stopped.
    """

    def __init__(
        self,
        data_dir: Path,
        before: str = "",
        log_level: str = "warning",
        wrapped: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Choose what to run.

        Args:
            data_dir: Where its data are.
            before: Python that runs in the process before the server: a planted bug, a hook, a limit.
            log_level: How much it logs.
            wrapped: The words of a command that runs the server, such as those of unshare.
            environment: More of the environment, for the process.
        """
        self.data_dir = data_dir
        location.url_of(data_dir)  # where the tests run on PostgreSQL, this gives it a database: see support.stores
        self._before = before
        self._log_level = log_level
        self._wrapped = wrapped
        self._environment = environment or {}
        self.port = 0
        self.url = ""
        self.process: subprocess.Popen[str] | WarmProcess | None = None
        self._log_path = data_dir.with_name(data_dir.name + ".stderr")

    def __enter__(self) -> RunningServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that the server wrote to stderr, over all its starts."""
        return self._log_path.read_text(encoding="utf-8") if self._log_path.exists() else ""

    def start(self) -> None:
        """Start it, on the port it had before, and wait until it listens."""
        assert self.process is None, "it runs already"
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        code, environment = self._before + _PROGRAM, {**clean_environment(), **self._environment}
        with self._log_path.open("a") as log:
            self.process = start_python(
                Script(code, str(self.data_dir.parent), self._arguments(), environment), log, self._wrapped
            )
        line = self._first_line()
        if not line.startswith("Listening on http://"):
            self.kill()
            raise AssertionError(f"the server did not start; it said {line!r} and:\n{self.log}")
        self.url = line.removeprefix("Listening on ").strip()
        self.port = int(self.url.split("/")[2].rpartition(":")[2])

    def _arguments(self) -> list[str]:
        return [str(self.data_dir), "127.0.0.1", str(self.port), self._log_level]

    def _first_line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        stdout = self.process.stdout
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            return lines.get(timeout=PATIENCE_S)
        except queue.Empty:
            return ""

    def stop(self) -> int | None:
        """Ask it to end and return its exit status; a server that is not running is left alone."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it and start it again on the same data and port."""
        self.stop()
        self.start()

    def _end(self, number: signal.Signals) -> int | None:
        if self.process is None:
            return None
        process, self.process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("the server did not stop") from None
        finally:
            assert process.stdout is not None
            process.stdout.close()
        return process.returncode

    def new_user(self, name: str) -> str:
        """Make a user and return a new key for them."""
        add_user(self.data_dir, name)
        return create_key(self.data_dir, name)
