"""A Python that has imported what many scripts import, and forks for each of them, so that the import is paid once.

Such a script runs as by `python -c`: in a process of its own that begins with the working directory, environment and
arguments it is given, has the script as its `__main__` and ends as any process does. Its libraries are imported
already; ours are not.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.support.once import end_with_run, shared
from tests.support.patience import PATIENCE_S

_PROGRAM = """
import sys
exec(sys.argv[1])
from tests.support.warm import await_script
exec(await_script(sys.argv[2]), vars(sys.modules["__main__"]))
"""
_NUMBER_BYTES = 8


class WarmPython:
    """Runs scripts in forks of a process that is there already."""

    def __init__(self, address: str) -> None:
        self.address = address

    def start(self, script: Script, out: IO[Any], err: IO[Any]) -> WarmProcess:
        """Start a script whose output goes to these files."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_S)
        connection.connect(self.address)
        content = json.dumps(script._asdict()).encode()
        socket.send_fds(connection, [len(content).to_bytes(8, "big")], [out.fileno(), err.fileno()])
        connection.sendall(content)
        return WarmProcess(connection)

    def run(
        self, code: str, directory: Path, arguments: tuple[str, ...], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run Python code in `directory` and return what became of it, whatever its exit status."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = self.start(Script(code, str(directory), arguments, environment), out, err)
            try:
                status = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess([sys.executable, "-c", code], status, out.read(), err.read())


class Script(NamedTuple):
    """Python code and what it begins with: the working directory, the arguments, the environment."""

    code: str
    directory: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


class WarmProcess:
    """A script that was started in a fork; to be used as a `subprocess.Popen`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = self._number()
        self.returncode: int | None = None
        self.stdout: IO[str] | None = None

    def _number(self) -> int:
        content = b""
        while len(content) < _NUMBER_BYTES:
            received = self._connection.recv(_NUMBER_BYTES - len(content))
            if not received:
                raise RuntimeError("the Python that forks is gone")
            content += received
        return int.from_bytes(content, "big", signed=True)

    def poll(self) -> int | None:
        """Return the exit status of a script that has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the script ends and return its exit status.

        Raises:
            subprocess.TimeoutExpired: It has not ended in time.
        """
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def _ended(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], timeout_s)[0]:
            self.returncode = self._number()
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to a script that has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def warm_python(place: Path, preparation: str, environment: Mapping[str, str]) -> Iterator[WarmPython]:
    """Yield a Python in which `preparation` has run; all workers of a run have the same one.

    Args:
        place: Where its socket is made.
        preparation: The imports, in Python.
        environment: What they are done with; it must include the path to the tests.
    """

    def start() -> dict[str, Any]:
        address = f"{tempfile.mkdtemp(prefix='aimd-warm-')}/socket"  # below /tmp, because a socket's path must be short
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, preparation, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
        assert process.stdout is not None
        with process.stdout as said:
            assert said.readline() == b"ready\n", "the preparation failed"
        end_with_run([process.pid])
        _children.append(process)
        return {"address": address, "pid": process.pid}

    def stop(facts: dict[str, Any]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(facts["pid"], signal.SIGKILL)
        shutil.rmtree(Path(facts["address"]).parent, ignore_errors=True)

    with shared(place, start, stop) as facts:
        yield WarmPython(facts["address"])


class LazyPython:
    """A warm Python of a run, made when the first script starts; see `warm_python`."""

    def __init__(self, place: Path, preparation: str, environment: Mapping[str, str]) -> None:
        self._made = warm_python(place, preparation, environment)
        self._stack = contextlib.ExitStack()
        self._python: WarmPython | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> LazyPython:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, script: Script, out: IO[Any], err: IO[Any]) -> WarmProcess:
        """Start a script whose output goes to these files."""
        return self._warmed().start(script, out, err)

    def run(self, script: Script) -> subprocess.CompletedProcess[str]:
        """Run a script and return what became of it, whatever its exit status."""
        return self._warmed().run(script.code, Path(script.directory), tuple(script.arguments), script.environment)

    def _warmed(self) -> WarmPython:
        with self._lock:
            if self._python is None:
                self._python = self._stack.enter_context(self._made)
            return self._python


_children: list[subprocess.Popen[bytes]] = []  # held, so that nobody warns of a process that is still there


def await_script(address: str) -> types.CodeType:
    """Fork for each script that comes, and return its code in the child alone, which is prepared to execute it."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        gc.freeze()
        print("ready", flush=True)
        connection, _ = listening.accept()
        while os.fork():
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    continue
            connection, _ = listening.accept()
    with connection:
        head, descriptors, _, _ = socket.recv_fds(connection, 8, 2)
        with connection.makefile("rb") as incoming:
            request = json.loads(incoming.read(int.from_bytes(head, "big")))
        if pid := os.fork():
            for descriptor in descriptors:
                os.close(descriptor)  # so that a reader of the script's output sees its end
            connection.sendall(_as_bytes(pid))
            _, status = os.waitpid(pid, 0)
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(_as_bytes(os.waitstatus_to_exitcode(status)))
            os._exit(0)
    for number, descriptor in enumerate(descriptors, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return _prepared(request)


def _as_bytes(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES, "big", signed=True)


def _prepared(request: dict[str, Any]) -> types.CodeType:
    """Make this process one that has just begun, as far as a script can see, and return the script."""
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if processes := sys.modules.get("multiprocessing.process"):
        processes.ORIGINAL_DIR = os.getcwd()  # where workers look for the script
    sys.argv = ["-c", *request["arguments"]]
    sys.orig_argv = [sys.executable, "-c", request["code"], *request["arguments"]]
    for name in [name for name in sys.modules if name == "__main__" or name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    _leave_at_exit(dict(sys.modules))
    sys.modules["__main__"] = types.ModuleType("__main__")
    return compile(request["code"], "<string>", "exec")


def _leave_at_exit(modules: dict[str, types.ModuleType]) -> None:
    """Have the interpreter end without taking these modules apart, which would copy most of the memory of this fork."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(modules))

    def leave() -> None:
        for name in modules.keys() - {"builtins", "sys"}:
            sys.modules.pop(name, None)

    atexit.register(leave)  # as the first one, and so called after those of the script
