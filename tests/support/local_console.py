"""`aimd console` in a process of its own, and a browser's calls to it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from tests.support.patience import PATIENCE_S, wait_until
from tests.support.server import clean_environment, start_python
from tests.support.warm import Script, WarmProcess

_PROGRAM = "from aimd_cli.__main__ import start\nstart()"


class LocalConsole:
    """Runs while it is entered as a context manager."""

    def __init__(self, directory: Path, cache: Path, before: str = "", opens: bool = False, **environment: str) -> None:
        """Prepare it.

        Args:
            directory: The trials.
            cache: The cache directory of the user.
            before: A shell command that comes first, in a name space of mounts of its own.
            opens: Whether it opens a browser.
            environment: More of it.
        """
        self.before = before
        self.words = ["console", str(directory), *([] if opens else ["--no-open"])]
        self.directory = directory
        self.environment = {**clean_environment(), "XDG_CACHE_HOME": str(cache), **environment}
        self.address = ""
        self._said = cache.with_name(f"{cache.name}-{uuid.uuid4().hex}.stderr")
        self.process: subprocess.Popen[str] | WarmProcess | None = None
        self.http = httpx.Client(trust_env=False, verify=False)

    def __enter__(self) -> LocalConsole:
        with self._said.open("w") as said:
            wrapped = ["unshare", "-rm", "sh", "-c", f'{self.before} && exec "$@"', "sh"] if self.before else []
            self.process = start_python(Script(_PROGRAM, os.getcwd(), self.words, self.environment), said, wrapped)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            self.stop()
            raise AssertionError(f"aimd console did not start:\n{self.stderr}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self.http.close()

    @property
    def stderr(self) -> str:
        """All that it has said so far."""
        return self._said.read_text() if self._said.exists() else ""

    def wait_for_words(self, words: str) -> None:
        wait_until(lambda: words in self.stderr, lambda: self.stderr)

    @property
    def origin(self) -> str:
        return self.address.partition("/t9k/")[0]

    @property
    def token(self) -> str:
        return self.address.partition("token=")[2]

    def sign_in(self) -> httpx.Response:
        return self.call("POST", "/session", json={"token": self.token})

    def call(self, method: str, path: str, **how: Any) -> httpx.Response:
        url = f"{self.origin}/t9k/experiment/server/apis/v2{path}"
        return self.http.request(method, url, headers={"Origin": self.origin}, **how)

    def trials(self) -> dict[str, dict[str, Any]]:
        answer = self.call("GET", "/trials?limit=500")
        assert answer.status_code == 200, answer.text
        return {trial["id"]: trial for trial in answer.json()["trials"]}

    def wait_until(self, holds: Callable[[dict[str, dict[str, Any]]], object]) -> dict[str, dict[str, Any]]:
        """Return the trials that are shown when that holds for them."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds(shown := self.trials()):
            assert time.monotonic() < end_s, shown
            time.sleep(0.05)
        return shown

    def children(self) -> list[int]:
        """Return the processes that it has started."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        others = [Path(f"/proc/{self.process.pid}/task/{name}/children") for name in _tasks(self.process.pid)]
        return [int(word) for word in (text + " ".join(place.read_text() for place in others)).split()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End it and return its exit status."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(number)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("aimd console did not end") from None
        finally:
            assert process.stdout is not None
            process.stdout.close()
        return process.returncode


def _tasks(pid: int) -> list[str]:
    return [name for name in os.listdir(f"/proc/{pid}/task") if name != str(pid)]
