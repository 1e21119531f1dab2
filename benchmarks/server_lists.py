"""What a page of a folder of 100,000 trials costs the server. Again: `python -m benchmarks.server_lists [TRIALS]`.

Twelve parameters and six metrics a trial, all trials in one folder; the first page of 50, as the service makes it, in
milliseconds of CPU (all of it is in this process), the median of seven. The floor: reading 50 rows of the same
database by their keys with sqlite3 and decoding their JSON. With a number of trials, a folder of that size. The rows
are written in bulk by the stores' own tables.
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from aimd_core.model import MetricSummary
from aimd_server.services import identity, listing, summaries
from aimd_server.services.indexing import metric_rows, param_rows
from aimd_server.services.listing import Wanted
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from aimd_server.stores.folders import by_path
from aimd_server.stores.schema import series, trial, trial_metric, trial_param
from benchmarks.measurement import Measurement, table

TRIALS = 100_000
ROUNDS = 7
AT_ONCE = 5_000
TARGETS_MS = {100_000: 30.0, 1_000_000: 50.0}
LISTS: dict[str, dict[str, Any]] = {
    "newest first": {},
    "sorted by a metric": {"sort": "-val.acc.max"},
    "sorted, filter of 5 %": {"sort": "-val.acc.max", "where": "params.p0 < 0.05"},
    "sorted, filter of 0.1 %": {"sort": "-val.acc.max", "where": "params.p0 < 0.001"},
    "sorted ascending, two keys, filter of 50 %": {"sort": "train.loss,started", "where": "params.p1 > 0.5"},
    "sorted by few values": {"sort": "params.batch,-val.acc"},
    "sorted, name contains": {"sort": "-val.acc", "where": "name ~ 77"},
    "filter of 5 %, counted": {"where": "params.p0 < 0.05", "count": True},
}


def _parameters(rng: random.Random) -> dict[str, Any]:
    numbers = {f"p{number}": round(rng.random(), 6) for number in range(8)}
    return {
        **numbers,
        "batch": rng.choice((16, 32, 64)),
        "optim": {"name": rng.choice(("adam", "sgd"))},
        "seed": 1,
        "b": True,
    }


def _live(rng: random.Random) -> dict[str, dict[str, MetricSummary]]:
    found: dict[str, dict[str, MetricSummary]] = {}
    for metrics_type, names in (("train", ("loss", "acc", "lr")), ("val", ("loss", "acc", "f1"))):
        for name in names:
            summary = found.setdefault(metrics_type, {})[name] = MetricSummary()
            for step in range(3):
                summary.add(rng.random(), step)
    return found


class _Rows:
    """Rows of some trials, by table."""

    def __init__(self, first_id: int, count: int, owner_id: int, folder_id: int, rng: random.Random) -> None:
        self.trials: list[dict[str, Any]] = []
        self.params: list[dict[str, Any]] = []
        self.metrics: list[dict[str, Any]] = []
        self.series: list[dict[str, Any]] = []
        for row_id in range(first_id, first_id + count):
            self._add(row_id, owner_id, folder_id, rng)

    def _add(self, row_id: int, owner_id: int, folder_id: int, rng: random.Random) -> None:
        at_us, parameters = 1_790_000_000_000_000 + row_id * 1_000_000, json.dumps(_parameters(rng))
        own = {"trial_id": row_id, "folder_id": folder_id, "sort_us": at_us}
        people = {"owner_id": owner_id, "editor_id": owner_id, "folder_id": folder_id}
        times = {"sort_us": at_us, "created_us": at_us, "updated_us": at_us, "indexed_us": at_us}
        facts = {"status": "Succeeded", "state": "Succeeded", "started": "2026-11-23T15:03:27+00:00", "document": "{}"}
        uid = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        self.trials.append(
            {"id": row_id, "uid": uid, "name": f"run-{row_id}", **people, **times, **facts, "parameters": parameters}
        )
        self.params += [{**own, **row._asdict()} for row in param_rows(parameters)]
        for metrics_type, live in _live(rng).items():
            self.metrics += [{**own, "key": key, **row} for key, row in metric_rows(metrics_type, live).items()]
            text = summaries.text_of(live)
            self.series.append(
                {"trial_id": row_id, "type": metrics_type, "live": text, "indexed_us": at_us, "stale_us": None}
            )


def fill(database: Database, count: int) -> Account:
    """Make a user with so many trials in one folder, the root."""
    identity.add_user(database, "lin")
    user = identity.account_of(database, identity.create_key(database, "lin"))
    assert user is not None
    root = database.read(lambda connection: by_path(connection, user.id, "/"))
    assert root is not None
    rng = random.Random(0)
    for rows in _batches(count, user.id, root.id, rng):

        def write(connection: Any, rows: _Rows = rows) -> None:
            for one, made in ((trial, rows.trials), (trial_param, rows.params), (trial_metric, rows.metrics)):
                connection.execute(insert(one), made)
            connection.execute(insert(series), rows.series)

        database.write(write)
    return user


def _batches(count: int, owner_id: int, folder_id: int, rng: random.Random) -> Iterator[_Rows]:
    for first in range(1, count + 1, AT_ONCE):
        yield _Rows(first, min(AT_ONCE, count + 1 - first), owner_id, folder_id, rng)


def median_ms(work: Callable[[], object]) -> float:
    """Return the median CPU time of some runs, after one that warms up."""
    work()
    taken = []
    for _ in range(ROUNDS):
        begun_s = time.process_time()
        work()
        taken.append((time.process_time() - begun_s) * 1000)
    return statistics.median(taken)


def floor_ms(path: Path, count: int) -> float:
    """Return what reading 50 rows by their keys costs, with their metrics, and decoding their JSON."""
    connection = sqlite3.connect(path)
    ids = random.Random(1).sample(range(1, count + 1), 50)

    def read() -> None:
        for row_id in ids:
            (parameters,) = connection.execute("SELECT parameters FROM trial WHERE id = ?", (row_id,)).fetchone()
            json.loads(parameters)
            for (live,) in connection.execute("SELECT live FROM series WHERE trial_id = ?", (row_id,)):
                json.loads(live)

    return median_ms(read)


def measure(count: int) -> list[Measurement]:
    """Measure every list over so many trials."""
    with tempfile.TemporaryDirectory() as directory, Database(Path(directory)) as database:
        user = fill(database, count)
        floor = floor_ms(database.path, count)
        words = f"{count:,} trials; 50 rows by key {floor:.1f} ms"
        found = []
        for name, wanted in LISTS.items():
            taken = median_ms(lambda wanted=wanted: listing.listed(database, user, Wanted(**wanted)))  # type: ignore[misc]
            target = TARGETS_MS.get(count) if name.startswith("sorted, filter") else None
            found.append(Measurement(f"page {name}", taken, "ms", target, words))
        return found


def run() -> list[Measurement]:
    """Measure over 100,000 trials."""
    return measure(TRIALS)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if sys.argv[1:] else TRIALS)))
