"""The server's memory under load, and the cost of its start. Repeat with: `python -m benchmarks.server_memory`.

For ten seconds eight connections append 50 points each, two upload journals in parts of 4 MiB and two ask for plots of
all these trials in 1,000 buckets and for lists. The memory is the most that the server's process had at any moment, as
the kernel counts it. The start is of a process on that data, until its first answer, in seconds of CPU.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measurement import Measurement, table
from tests.server.api import User
from tests.support.server import RunningServer

SECONDS = 10.0
APPENDERS, UPLOADERS, VIEWERS = 8, 2, 2
POINTS, PART_BYTES = 50, 4 << 20
RSS_MB, START_S = 150.0, 1.2


def _lines(first: int, count: int) -> bytes:
    lines = []
    for step in range(first, first + count):
        sequence = {"epoch": step // 100, "step": step, "timestamp": "2026-11-23T15:03:27.946397+00:00"}
        value = {"loss": 1 / (step + 1), "accuracy": step % 256 / 256}
        lines.append(json.dumps({"train": {"value": value, "sequence": sequence}}) + "\n")
    return "".join(lines).encode()


class _Load:
    """What the clients do, each in a thread of its own, and how often."""

    def __init__(self, server: RunningServer, key: str, trials: list[str]) -> None:
        self.server, self.key, self.trials, self.end_s = server, key, trials, 0.0
        self.points = {"appended": 0, "uploaded": 0}
        self.plots = 0
        self.faults: list[BaseException] = []
        self.journal = _lines(0, 200_000)

    def append(self, number: int) -> None:
        """Append a little at a time."""
        self._send(number, "appended", POINTS, lambda at: _lines(at, POINTS))

    def upload(self, number: int) -> None:
        """Upload in large parts, one trial after the other."""
        part = self.journal[: self.journal.rfind(b"\n", 0, PART_BYTES) + 1]
        self._send(APPENDERS + number, "uploaded", part.count(b"\n"), lambda _: part)

    def _send(self, number: int, what: str, points: int, made: Callable[[int], bytes]) -> None:
        with User(self.server, "lin", self.key) as user:
            offset = sent = 0
            while time.monotonic() < self.end_s:
                content = made(sent)
                answer = user.patch(self.trials[number], offset, content)
                if answer.status_code != 204:
                    raise RuntimeError(answer.text)
                offset, sent = offset + len(content), sent + points
            self.points[what] += sent

    def view(self, _: int) -> None:
        """Ask for plots and lists."""
        with User(self.server, "lin", self.key) as user:
            while time.monotonic() < self.end_s:
                answer = user.v2("POST", "/metrics", json={"trials": self.trials, "points": 1000})
                answer.raise_for_status()
                user.v2("GET", "/trials", params={"sort": "-train.loss"}).raise_for_status()
                self.plots += 1

    def run(self) -> None:
        """Run all clients until the time is over."""
        self.end_s = time.monotonic() + SECONDS
        works = [(self.append, n) for n in range(APPENDERS)] + [(self.upload, n) for n in range(UPLOADERS)]
        works += [(self.view, n) for n in range(VIEWERS)]

        def guarded(work: Callable[[int], None], number: int) -> None:
            try:
                work(number)
            except BaseException as error:
                self.faults.append(error)

        threads = [threading.Thread(target=guarded, args=one) for one in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.faults:
            raise self.faults[0]


def _status(pid: int, name: str) -> float:
    """Return a size of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def run() -> list[Measurement]:
    """Measure the memory, then a start."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with RunningServer(data_dir) as server, User(server, "lin") as user:
            assert server.process is not None
            trials = [user.new_trial(f"t{number}") for number in range(APPENDERS + UPLOADERS)]
            before_mb = _status(server.process.pid, "VmRSS")
            load = _Load(server, user.key, trials)
            load.run()
            most_mb = _status(server.process.pid, "VmHWM")
            key = user.key
        starts_s = []
        for _ in range(3):
            with RunningServer(data_dir) as server, contextlib.closing(User(server, "lin", key).http) as http:
                http.get(f"{server.url}/apis/v2/trials", headers={"Authorization": f"Bearer {key}"}).raise_for_status()
                assert server.process is not None
                starts_s.append(_cpu_s(server.process.pid))
    words = (
        f"{before_mb:.0f} MB at rest; {load.points['appended']:,} points by 50, {load.points['uploaded']:,} by parts,"
    )
    words += f"; {load.plots} plots of {len(trials)} trials"
    return [
        Measurement("most memory of the server under load", most_mb, "MB", RSS_MB, words),
        Measurement(
            "start of the server to its first answer", sorted(starts_s)[1], "s of CPU", START_S, "three starts"
        ),
    ]


if __name__ == "__main__":
    print(table(run()))
