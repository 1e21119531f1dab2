"""The cost of a page of a very large folder. Repeat with: `python -m benchmarks.server_lists [TRIALS] [ENGINE]`.

All trials in one folder, see `list_store`; pages of 50 as the service makes them, the median of seven, in milliseconds
of CPU: of this process, and of the PostgreSQL where there is one; beside it the time until the page is there, which
other work on the machine makes longer. The floor: reading 50 rows of the same database by their keys with the bare
driver and decoding their JSON. `ENGINE` is SQLite or PostgreSQL; both when it is not said. 1,000,000 trials need 3 to
6 GB of disk and some minutes an engine.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aimd_server.services import trial_lists
from aimd_server.services.trial_lists import ListRequest
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from aimd_server.stores.list_plans import LIMITS as LIST_LIMITS
from benchmarks.list_store import fill
from benchmarks.measurement import Measurement, table
from tests.support import postgres
from tests.support.postgres import Postgres

TRIALS = 100_000
ROUNDS = 7
TARGETS_MS = {
    "SQLite": {100_000: 30.0, 1_000_000: 50.0},
    "PostgreSQL": {100_000: 150.0, 1_000_000: 400.0},
}
LISTS: dict[str, dict[str, Any]] = {
    "newest first": {},
    "by a metric": {"sort": "-val.acc.max"},
    "by a metric, ascending": {"sort": "val.acc.max"},
    "by a metric, half": {"sort": "-val.acc.max", "where": "params.p0 < 0.5"},
    "by a metric, 5 %": {"sort": "-val.acc.max", "where": "params.p0 < 0.05"},
    "by a metric, 5 %, ascending": {"sort": "val.acc.max", "where": "params.p0 < 0.05"},
    "by a metric, 1 %": {"sort": "-val.acc.max", "where": "params.p0 < 0.01"},
    "by a metric, 0.4 %": {"sort": "-val.acc.max", "where": "params.p0 < 0.004"},
    "by a metric, 0.1 %": {"sort": "-val.acc.max", "where": "params.p0 < 0.001"},
    "by a metric, one trial": {"sort": "-val.acc.max", "where": "params.p0 < 0.00001"},
    "by a metric, none": {"sort": "-val.acc.max", "where": "params.p0 < -1"},
    "by a metric, none by two params": {"sort": "-val.acc.max", "where": "params.p0 < 0.5 and params.p0 > 0.5"},
    "by a metric, 10 % the worst": {"sort": "-val.acc", "where": "params.bad = 1"},
    "by a metric, text of half": {"sort": "-val.acc", "where": "params.optim.name = adam"},
    "by a metric, text of 0.05 %": {"sort": "-val.acc", "where": "params.optim.name = rare"},
    "by a metric, state of 0.005 %": {"sort": "-val.acc", "where": "state = Running"},
    "by a metric, tag of 1 %": {"sort": "-val.acc", "where": "tag:best"},
    "by a metric, of the newest 1,000": {"sort": "-val.acc", "where": "started >= NEWEST"},
    "by a param, then a metric": {"sort": "params.batch,-val.acc"},
    "by a metric and a time, half": {"sort": "train.loss,started", "where": "params.p1 > 0.5"},
    "newest, 5 %, counted": {"where": "params.p0 < 0.05", "count": True},
    "newest, one trial": {"where": "params.p0 < 0.00001"},
    "by a metric, name contains": {"sort": "-val.acc", "where": "name ~ 77"},
    "by name": {"sort": "name"},
    "by name, half": {"sort": "name", "where": "params.p0 < 0.5"},
    "by state": {"sort": "state"},
    "by tags": {"sort": "tags"},
    "by duration": {"sort": "-duration"},  # which the service does by itself, and refuses for more than MAX_SORTED
}
WITH_TARGET = tuple(name for name, wanted in LISTS.items() if wanted.get("sort", "").lstrip("-").startswith("val."))


class Cost(NamedTuple):
    """What a page took, in milliseconds: until it was there, of CPU here, and of CPU of the database."""

    wall_ms: float
    own_ms: float
    database_ms: float


class Engine(NamedTuple):
    """A database that is measured."""

    name: str
    database: Database
    user: Account
    connect: Callable[[], Any]
    pid: int | None = None

    def cpu_s(self) -> float:
        """Return the CPU that the processes of a PostgreSQL have taken."""
        return 0.0 if self.pid is None else sum(_process_s(Path("/proc") / pid) for pid in _children(self.pid))


def _children(parent: int) -> Iterator[str]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            yield pid


def _process_s(folder: Path) -> float:
    """Return the CPU of a process, by the scheduler's own count, which is finer than ticks."""
    try:
        return int((folder / "schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError):
        return 0.0


@contextmanager
def sqlite_engine(count: int) -> Iterator[Engine]:
    """Fill a SQLite file."""
    with tempfile.TemporaryDirectory() as directory, Database(Path(directory)) as database:
        path = database.location.shown
        yield Engine("SQLite", database, fill(database, count), lambda: sqlite3.connect(path))


@contextmanager
def postgres_engine(count: int) -> Iterator[Engine]:
    """Fill a PostgreSQL that the tests bring along, as it is set up by default."""
    cluster = Postgres.made().start()
    try:
        url = cluster.new_database()
        with tempfile.TemporaryDirectory() as directory, Database(Path(directory), url) as database:
            import psycopg

            user = fill(database, count, url)
            yield Engine("PostgreSQL", database, user, lambda: psycopg.connect(url), cluster.pid)
    finally:
        cluster.remove()


def cost_of(engine: Engine, work: Callable[[], object]) -> Cost:
    """Return the medians of some runs, after one that warms up."""
    work()
    taken = []
    for _ in range(ROUNDS):
        database_s, own_s, wall_s = engine.cpu_s(), time.process_time(), time.perf_counter()
        work()
        wall_s, own_s = time.perf_counter() - wall_s, time.process_time() - own_s
        taken.append((wall_s, own_s, engine.cpu_s() - database_s))
    return Cost(*(statistics.median(column) * 1000 for column in zip(*taken, strict=True)))


def floor_of(engine: Engine, count: int) -> Cost:
    """Return what reading 50 rows by their keys costs, with their metrics, and decoding their JSON."""
    ids = random.Random(1).sample(range(1, count + 1), 50)

    def read() -> None:
        for row_id in ids:
            (parameters,) = connection.execute(f"SELECT parameters FROM trial WHERE id = {row_id}").fetchone()
            json.loads(parameters)
            for (live,) in connection.execute(f"SELECT live FROM series WHERE trial_id = {row_id}"):
                json.loads(live)

    with closing(engine.connect()) as connection:
        return cost_of(engine, read)


def _page(engine: Engine, cursor: str | None, wanted: dict[str, Any]) -> Any:
    return trial_lists.page_of_trials(engine.database, engine.user, ListRequest(cursor=cursor, **wanted))


def _newest(engine: Engine) -> str:
    """Return the time that the newest 1,000 trials started since, as a query has it."""
    page: Any = trial_lists.page_of_trials(engine.database, engine.user, ListRequest(limit=500))
    page = trial_lists.page_of_trials(engine.database, engine.user, ListRequest(limit=500, cursor=page["next"]))
    return str(page["trials"][-1]["started"])


def measure(engine: Engine, count: int, names: list[str] | None = None) -> Iterator[Measurement]:
    """Measure every list, and of each that has one the second page."""
    floor = floor_of(engine, count)
    target_ms = TARGETS_MS[engine.name].get(count)
    for name in names or LISTS:
        wanted = dict(LISTS[name])
        if "NEWEST" in wanted.get("where", ""):
            wanted["where"] = wanted["where"].replace("NEWEST", _newest(engine))
        if wanted.get("sort") == "-duration" and count > LIST_LIMITS.sorted:
            continue
        first = _page(engine, None, wanted)
        pages = {"page": None, "page 2,": first["next"]} if first["next"] else {"page": None}
        for which, cursor in pages.items():
            cost = cost_of(engine, lambda cursor=cursor, wanted=wanted: _page(engine, cursor, wanted))  # type: ignore[misc]
            words = f"{engine.name}, {count:,} trials; there after {cost.wall_ms:.1f} ms"
            words += f"; 50 rows by key {floor.own_ms + floor.database_ms:.1f} ms; {len(first['trials'])} trials shown"
            yield Measurement(
                f"{which} {name}",
                cost.own_ms + cost.database_ms,
                "ms",
                target_ms if name in WITH_TARGET else None,
                words,
            )


def run(count: int = TRIALS, name: str | None = None) -> list[Measurement]:
    """Measure one engine, or both where there is a PostgreSQL."""
    engines = {"SQLite": sqlite_engine}
    if postgres.is_installed():
        engines["PostgreSQL"] = postgres_engine
    found: list[Measurement] = []
    for one in [name] if name else engines:
        with engines[one](count) as engine:
            found += measure(engine, count)
    return found


if __name__ == "__main__":
    print(table(run(int(sys.argv[1]) if sys.argv[1:] else TRIALS, sys.argv[2] if sys.argv[2:] else None)))
