"""Appends of 50 points by 32 trainers. Again: `python -m benchmarks.appends [postgresql://USER@HOST/NAME]`.

Each trainer sends its next 50 points when the last were acknowledged. On SQLite, and on a PostgreSQL that flushes every
commit: the one that is named, else one that the tests bring along, where it is installed. Server, database and trainers
share this machine's cores. The floor is what the database takes of the same bytes by its bare driver, 32 rows a commit.
Where more is better, the number is given as target / measured, so that 1 or less is ok.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.measurement import Measurement, table
from tests.server.api import User
from tests.support import postgres
from tests.support.server import RunningServer

TRAINERS, POINTS, SECONDS = 32, 50, 8.0
TARGETS = {"SQLite": 1200.0, "PostgreSQL": 1000.0}
P99_MS = 250.0


class Load(NamedTuple):
    """What a run gave: answers a second and a second of the server's CPU, and the times of answers."""

    a_second: float
    a_cpu_second: float
    p50_ms: float
    p99_ms: float


def part(first: int) -> bytes:
    """Return the lines of 50 points of two values."""
    lines = []
    for step in range(first, first + POINTS):
        sequence = {"epoch": step // 100, "step": step, "timestamp": "2026-11-23T15:03:27.946397+00:00"}
        value = {"loss": 1 / (step + 1), "accuracy": step % 256 / 256}
        lines.append(json.dumps({"train": {"value": value, "sequence": sequence}}) + "\n")
    return "".join(lines).encode()


async def _trainer(port: int, path: str, key: str, end_s: float, bodies: list[bytes], times_s: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    offset = 0
    for body in bodies:
        if time.monotonic() > end_s:
            break
        head = f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        head += f"Upload-Offset: {offset}\r\nContent-Length: {len(body)}\r\n\r\n"
        begun_s = time.perf_counter()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        times_s.append(time.perf_counter() - begun_s)
        if not answer.startswith(b"HTTP/1.1 204"):
            raise RuntimeError(answer.decode())
        offset += len(body)
    writer.close()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def load(data_dir: Path) -> Load:
    """Measure a server on a data directory."""
    with RunningServer(data_dir) as server, User(server, "lin") as user:
        paths = [
            f"/t9k/experiment/server/apis/v2/trials/{user.new_trial(f't{n}')}/files/metrics" for n in range(TRAINERS)
        ]
        times_s: list[float] = []
        bodies = [
            part(number * POINTS) for number in range(1000)
        ]  # the same for all, so that making them costs nothing

        async def all_of_them(seconds: float) -> None:
            end_s = time.monotonic() + seconds
            await asyncio.gather(*(_trainer(server.port, path, user.key, end_s, bodies, times_s) for path in paths))

        assert server.process is not None
        cpu_s, begun_s = _cpu_s(server.process.pid), time.monotonic()
        asyncio.run(all_of_them(SECONDS))
        spent_s, cpu_s = time.monotonic() - begun_s, _cpu_s(server.process.pid) - cpu_s
    cuts = statistics.quantiles(times_s, n=100)
    return Load(len(times_s) / spent_s, len(times_s) / cpu_s, cuts[49] * 1000, cuts[98] * 1000)


def _rows_a_second(write: Callable[[list[tuple[int, bytes]]], object]) -> float:
    content, count, end_s = part(0), 0, time.monotonic() + 2
    begun_s = time.monotonic()
    while time.monotonic() < end_s:
        write([(count + number, content) for number in range(TRAINERS)])
        count += TRAINERS
    return count / (time.monotonic() - begun_s)


def sqlite_floor(place: Path) -> float:
    """Return how many rows a second sqlite3 takes, 32 a commit, flushed."""
    database = sqlite3.connect(place / "floor.db", isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b)",
    ):
        database.execute(statement)

    def write(rows: list[tuple[int, bytes]]) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO t VALUES (?, ?)", rows)
        database.execute("COMMIT")

    try:
        return _rows_a_second(write)
    finally:
        database.close()


def postgres_floor(url: str) -> float:
    """Return how many rows a second psycopg takes, 32 a commit, flushed."""
    import psycopg

    with psycopg.connect(url) as database:
        database.execute("CREATE TABLE floor (id bigint PRIMARY KEY, b bytea)")

        def write(rows: list[tuple[int, bytes]]) -> None:
            with database.cursor() as cursor:
                cursor.executemany("INSERT INTO floor VALUES (%s, %s)", rows)
            database.commit()

        found = _rows_a_second(write)
        database.execute("DROP TABLE floor")
        database.commit()
    return found


def _measured(name: str, floor: float, found: Load) -> list[Measurement]:
    told = f"{found.a_second:,.0f} a second, {found.a_cpu_second:,.0f} a CPU second; bare driver {floor:,.0f} rows"
    return [
        Measurement(f"appends on {name}, target / measured", TARGETS[name] / found.a_second, "x", 1.0, told),
        Measurement(f"appends on {name}, p50", found.p50_ms, "ms", None, ""),
        Measurement(f"appends on {name}, p99", found.p99_ms, "ms", P99_MS, ""),
    ]


def _on_postgres(url: str, place: Path) -> list[Measurement]:
    place.mkdir(mode=0o700)
    (place / "server.yaml").write_text(json.dumps({"database": url}))
    return _measured("PostgreSQL", postgres_floor(url), load(place))


def run(url: str | None = None) -> list[Measurement]:
    """Measure both engines."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        found = _measured("SQLite", sqlite_floor(place), load(place / "file"))
        if url is not None:
            return found + _on_postgres(url, place / "url")
        if not postgres.is_installed():
            return found
        cluster = postgres.Postgres.made().start()
        try:
            return found + _on_postgres(cluster.new_database(), place / "url")
        finally:
            cluster.remove()


if __name__ == "__main__":
    print(table(run(*sys.argv[1:2])))
