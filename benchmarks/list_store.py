"""A store with very many trials in one folder, written in bulk past the services: what benchmarks of lists read.

Eight parameters and four metrics a trial. `p0` to `p4` are even between 0 and 1, `batch` is one of three, `optim.name`
is `rare` for one trial in 2,000, one in 20,000 is `Running`, and `bad` is 1 for the tenth of the trials with the worst
`val.acc`, else 0. The names are the numbers of trials behind `run-`.
The rows are what the server would have written; the indexes are made after them, which is many times faster.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import Index, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, DropIndex

from aimd_core.reading.totals import MetricSummary
from aimd_server.services import identity
from aimd_server.services.clock import iso
from aimd_server.services.indexing import label_rows, metric_rows, param_rows
from aimd_server.services.series import totals
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from aimd_server.stores.folders import by_path
from aimd_server.stores.indexes import Labelled
from aimd_server.stores.location import SqliteLocation
from aimd_server.stores.schema import series, trial, trial_metric, trial_param
from tests.support.database_file import connected

AT_ONCE = 10_000
TABLES: tuple[Table, ...] = (trial, trial_param, trial_metric, series)
FIRST_US = 1_790_000_000_000_000
TYPES = {"train": ("loss", "acc"), "val": ("loss", "acc")}
Rows = dict[str, list[dict[str, Any]]]


def fill(database: Database, count: int, url: str | None = None) -> Account:
    """Make a user with so many trials in one folder, the root; a PostgreSQL is at `url`."""
    identity.add_user(database, "lin")
    user = identity.account_of(database, identity.create_key(database, "lin"))
    assert user is not None
    root = database.read(lambda connection: by_path(connection, user.id, "/"))
    assert root is not None
    indexes = [index for table in TABLES for index in table.indexes]
    batches = _batches(count, user.id, root.id)
    if isinstance(database.location, SqliteLocation):
        _fill_file(str(database.location.path), indexes, batches)
    else:
        assert url is not None
        _fill_postgres(url, indexes, batches)
    return user


def _fill_file(path: str, indexes: list[Index], batches: Iterator[Rows]) -> None:
    with closing(connected(path, isolation_level=None)) as connection:
        for pragma in ("synchronous=OFF", "cache_size=-400000", "temp_store=FILE"):
            connection.execute(f"PRAGMA {pragma}")
        for index in indexes:
            connection.execute(str(DropIndex(index).compile(dialect=sqlite.dialect())))
        for rows in batches:
            connection.execute("BEGIN IMMEDIATE")
            for name, made in rows.items():
                columns = list(made[0])
                marks = ", ".join(f":{column}" for column in columns)
                connection.executemany(f"INSERT INTO {name} ({_quoted(columns)}) VALUES ({marks})", made)
            connection.execute("COMMIT")
        for index in indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_postgres(url: str, indexes: list[Index], batches: Iterator[Rows]) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger looks at each foreign key
        connection.execute("SET maintenance_work_mem = '512MB'")
        for index in indexes:
            connection.execute(str(DropIndex(index).compile(dialect=postgresql.dialect())))
        for rows in batches:
            with connection.cursor() as cursor:
                for name, made in rows.items():
                    with cursor.copy(f"COPY {name} ({_quoted(list(made[0]))}) FROM STDIN") as copying:
                        for row in made:
                            copying.write_row(tuple(row.values()))
        connection.execute("SELECT setval(pg_get_serial_sequence('trial', 'id'), (SELECT max(id) FROM trial))")
        for index in indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=postgresql.dialect())))
        connection.execute("VACUUM ANALYZE")  # what autovacuum does some time after


def _quoted(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _batches(count: int, owner_id: int, folder_id: int) -> Iterator[Rows]:
    rng = random.Random(0)
    for first in range(1, count + 1, AT_ONCE):
        rows: Rows = {table.name: [] for table in TABLES}
        for row_id in range(first, min(first + AT_ONCE, count + 1)):
            _add(rows, row_id, owner_id, folder_id, rng)
        yield rows


def _add(rows: Rows, row_id: int, owner_id: int, folder_id: int, rng: random.Random) -> None:
    at_us, live = FIRST_US + row_id * 1_000_000, _live(rng)
    parameters = json.dumps(_parameters(rng, live["val"]["acc"].last))
    own = {"trial_id": row_id, "folder_id": folder_id, "sort_us": at_us}
    people = {"owner_id": owner_id, "editor_id": owner_id, "folder_id": folder_id}
    times = {"sort_us": at_us, "created_us": at_us, "updated_us": at_us, "heard_us": at_us}
    state = "Running" if rng.random() < 1 / 20_000 else rng.choice(("Succeeded", "Succeeded", "Succeeded", "Failed"))
    facts = {"status": state, "state": state, "started": iso(at_us), "document": "{}"}
    uid = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    words = {"name": f"run-{row_id}", "tags": '["best"]' if rng.random() < 0.01 else "[]", "note": ""}
    rows["trial"].append({"id": row_id, "uid": uid, **people, **times, **facts, **words, "parameters": parameters})
    labelled = Labelled(row_id, folder_id, at_us, words["name"], None, state, None, words["tags"], "")
    rows["trial_param"] += [{**own, **row._asdict()} for row in (*param_rows(parameters), *label_rows(labelled))]
    for rank, (metrics_type, summary) in enumerate(live.items()):
        measured = metric_rows(metrics_type, summary, rank)
        rows["trial_metric"] += [{**own, "key": key, **row} for key, row in measured.items()]
        known = {"live": totals.text_of(summary), "rows": 0}
        rows["series"].append({"trial_id": row_id, "type": metrics_type, **known})


def _parameters(rng: random.Random, accuracy: float) -> dict[str, Any]:
    optimizer = "rare" if rng.random() < 1 / 2_000 else rng.choice(("adam", "sgd"))
    numbers = {f"p{number}": round(rng.random(), 6) for number in range(5)}
    return {
        **numbers,
        "batch": rng.choice((16, 32, 64)),
        "optim": {"name": optimizer},
        "bad": int(accuracy < 0.1),
    }


def _live(rng: random.Random) -> dict[str, dict[str, MetricSummary]]:
    found: dict[str, dict[str, MetricSummary]] = {}
    for metrics_type, names in TYPES.items():
        for name in names:
            summary = found.setdefault(metrics_type, {})[name] = MetricSummary()
            for step in range(2):
                summary.add(rng.random(), step)
    return found
