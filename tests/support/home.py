"""The command line as a test uses it: in this process for speed, in a real terminal for looks."""

from __future__ import annotations

import json
import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any, NamedTuple

import pytest


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def table(self) -> list[dict[str, str]]:
        """The tab-separated lines as one mapping a row."""
        header, *rows = [line.split("\t") for line in self.out.splitlines()]
        return [dict(zip(header, row, strict=True)) for row in rows]


class Home:
    """An isolated home directory and what is typed in it."""

    def __init__(self, path: Path, work: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.work = work
        self._capture = capture

    @property
    def config(self) -> Path:
        return self.path / ".t9k" / "t9k-sdk-config.yaml"

    def write_config(self, text: str) -> None:
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(text)
        self.config.chmod(0o600)

    def aimd(self, *words: str | Path) -> Ran:
        """Run `aimd` in this process, piped."""
        from aimd_cli.__main__ import main

        self._capture.readouterr()
        sys.argv = ["aimd", *map(str, words)]
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = self._capture.readouterr()
        return Ran(code, captured.out, captured.err)

    def aimd_process(self, *words: str | Path, stdin: str = "", **environment: str) -> Ran:
        """Run `aimd` in a process of its own, piped."""
        done = subprocess.run(
            [sys.executable, "-m", "aimd_cli", *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def aimd_terminal(self, *words: str | Path, columns: int = 80, **environment: str) -> str:
        """Run `aimd` in a terminal of that width and return all that it shows."""
        return in_terminal([sys.executable, "-m", "aimd_cli", *map(str, words)], columns, environment)


def in_terminal(command: list[str], columns: int, environment: dict[str, str]) -> str:
    """Run a command in a pseudo terminal and return what it printed, with line ends as newlines."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    settings = {**os.environ, "TERM": "xterm-256color", "AIMD_PAGER": "", **environment}
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=settings):
        os.close(follower)
        shown = b""
        while piece := _read_terminal(leader):
            shown += piece
        os.close(leader)
    return shown.decode().replace("\r\n", "\n")


def _read_terminal(leader: int) -> bytes:
    """Return what a program has printed on its terminal; nothing when it has closed it."""
    try:
        return os.read(leader, 65536)
    except OSError:  # how Linux says that the other side has closed
        return b""
