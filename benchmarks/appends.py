"""Appends of 50 points by 32 trainers. Again: `python -m benchmarks.appends [postgresql://USER@HOST/NAME]`.

Each trainer sends its next 50 points, packed as the client packs them, when the last were acknowledged. On SQLite, and
on a PostgreSQL that flushes every commit: the one that is named, else one that the tests bring along, where it is
installed. Server, database and trainers share this machine's cores.

The floor is a bare route (`benchmarks.bare_route`) that unpacks the same bodies and writes each as one row in a shared
commit, under the same load, in turns with the server. What counts is the ratio of the CPU that one append costs the
two processes: it depends little on what else the machine does.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from aimd_core.client.v2 import pack
from benchmarks.measurement import Measurement, table
from tests.server.api import User
from tests.support import postgres
from tests.support.server import RunningServer

TRAINERS, POINTS, ROUNDS = 32, 50, 3
PARTS = 82  # of each trainer in a round: 4,100 points, so that each of them fills one chunk
MOST_CPU = 2.0  # times the floor's
P99_MS = 250.0


class Load(NamedTuple):
    """What a run gave: answers a second, CPU of an answer, and the times of answers."""

    a_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


class Target(NamedTuple):
    """Where trainers send to: a process, its port, a path for each trainer, and the key."""

    pid: int
    port: int
    paths: list[str]
    key: str


def part(first: int) -> bytes:
    """Return the lines of 50 points of two values."""
    lines = []
    for step in range(first, first + POINTS):
        sequence = {"epoch": step // 100, "step": step, "timestamp": "2026-11-23T15:03:27.946397+00:00"}
        value = {"loss": 1 / (step + 1), "accuracy": step % 256 / 256}
        lines.append(json.dumps({"train": {"value": value, "sequence": sequence}}) + "\n")
    return "".join(lines).encode()


class Trainers:
    """All trainers, who remember how far they have come from one load to the next."""

    def __init__(self, rounds: int = ROUNDS + 1) -> None:
        # The same for all of them, so that making the parts costs nothing.
        contents = [part(number * POINTS) for number in range(rounds * PARTS)]
        self._bodies = [(len(content), pack(content)) for content in contents]
        self._reached: dict[tuple[int, str], tuple[int, int]] = {}

    def load(self, target: Target, parts: int = PARTS) -> Load:
        """Let each of them send so many parts."""
        times_s: list[float] = []
        cpu_s, begun_s = cpu_of(target.pid), time.monotonic()

        async def send() -> None:
            await asyncio.gather(*(self._trainer(target, path, parts, times_s) for path in target.paths))

        asyncio.run(send())
        spent_s, cpu_s = time.monotonic() - begun_s, cpu_of(target.pid) - cpu_s
        cuts = statistics.quantiles(times_s, n=100)
        return Load(len(times_s) / spent_s, cpu_s / len(times_s) * 1e6, cuts[49] * 1000, cuts[98] * 1000)

    async def _trainer(self, target: Target, path: str, parts: int, times_s: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        number, offset = self._reached.get((target.port, path), (0, 0))
        for _ in range(parts):
            size, body = self._bodies[number]
            head = f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {target.key}\r\n"
            head += f"Content-Encoding: gzip\r\nUpload-Offset: {offset}\r\nContent-Length: {len(body)}\r\n\r\n"
            begun_s = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            times_s.append(time.perf_counter() - begun_s)
            if not answer.startswith(b"HTTP/1.1 204"):
                raise RuntimeError(answer.decode())
            number, offset = number + 1, offset + size
        self._reached[target.port, path] = number, offset
        writer.close()


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@contextmanager
def server(data_dir: Path) -> Iterator[Target]:
    """Run our server on a data directory."""
    with RunningServer(data_dir) as running, User(running, "lin") as user:
        base = "/t9k/experiment/server/apis/v2/trials"
        paths = [f"{base}/{user.new_trial(f't{number}')}/files/metrics" for number in range(TRAINERS)]
        assert running.process is not None
        yield Target(running.process.pid, running.port, paths, user.key)


@contextmanager
def floor(place: Path, url: str | None) -> Iterator[Target]:
    """Run the bare route."""
    command = [sys.executable, "-m", "benchmarks.bare_route", str(place), *([url] if url else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(" ")[2])
            yield Target(process.pid, port, [f"/{number}" for number in range(TRAINERS)], "none")
        finally:
            process.kill()


def compare(data_dir: Path, place: Path, url: str | None = None) -> tuple[list[Load], list[Load]]:
    """Measure the server and the floor in turns; the first turn of each only warms it up."""
    trainers = Trainers()
    with server(data_dir) as ours, floor(place, url) as bare:
        rounds = [(trainers.load(ours), trainers.load(bare)) for _ in range(ROUNDS + 1)]
    return [pair[0] for pair in rounds[1:]], [pair[1] for pair in rounds[1:]]


def _measured(name: str, ours: list[Load], bare: list[Load]) -> list[Measurement]:
    middle, least = (sorted(loads, key=lambda load: load.cpu_us)[len(loads) // 2] for loads in (ours, bare))
    told = f"{middle.cpu_us:,.0f} us of CPU, {1e6 / middle.cpu_us * POINTS:,.0f} points a CPU second; "
    told += f"bare route {least.cpu_us:,.0f} us, {1e6 / least.cpu_us * POINTS:,.0f} points"
    rates = f"{middle.a_second:,.0f} a second; bare route {least.a_second:,.0f}"
    return [
        Measurement(f"CPU of an append on {name}", middle.cpu_us / least.cpu_us, "x", MOST_CPU, told),
        Measurement(f"appends on {name}, p50", middle.p50_ms, "ms", None, rates),
        Measurement(f"appends on {name}, p99", middle.p99_ms, "ms", P99_MS, f"bare route {least.p99_ms:.0f} ms"),
    ]


def _on_postgres(url: str, place: Path) -> list[Measurement]:
    (place / "url").mkdir(mode=0o700)
    (place / "url" / "server.yaml").write_text(json.dumps({"database": url}))
    return _measured("PostgreSQL", *compare(place / "url", place, url))


def run(url: str | None = None) -> list[Measurement]:
    """Measure both engines."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        measured = _measured("SQLite", *compare(place / "file", place))
        if url is not None:
            return measured + _on_postgres(url, place)
        if not postgres.is_installed():
            return measured
        cluster = postgres.Postgres.made().start()
        try:
            return measured + _on_postgres(cluster.new_database(), place)
        finally:
            cluster.remove()


if __name__ == "__main__":
    print(table(run(*sys.argv[1:2])))
