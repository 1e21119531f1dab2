"""Reads MLflow stores: a directory `mlruns` of files, or an SQLite database such as `mlflow.db`.

Source: the file layout and the tables of MLflow 1 to 3. Deleted runs are left out. A store may be hostile, so links are
never followed, and only real tables of a database are read.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aimd_cli.importing.contents import milliseconds_s
from aimd_cli.importing.database import column_names, open_database, ordinary_tables
from aimd_cli.importing.mlflow_artifacts import Artifacts, LoggedModel, artifacts_of
from aimd_cli.importing.points import Point, PointColumns
from aimd_cli.importing.run import Ending, ImportedRun, Store, read_text
from aimd_core.errors import NotFoundError
from aimd_core.format.documents import read_mapping
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.format.values import is_step, require_step
from aimd_core.language import said

_ADVICE = "Name a directory mlruns, or a file mlflow.db"
# Status of a run by name, as in databases, and by number, as in files: RUNNING 1, SCHEDULED 2, ...
_STATUSES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_LARGEST = 1.7976931348623157e308  # how a database stores Infinity
_MAX_LINE_BYTES = 1 << 16
_TABLES = ("runs", "tags", "params", "metrics", "experiments")


class _Facts(NamedTuple):
    """What a store says about a run besides its values, as written there."""

    status: str
    start_ms: object
    end_ms: object
    experiment: str
    tags: Mapping[str, str]


def read_mlflow(path: Path) -> Store:
    """Return the runs of a store.

    Raises:
        NotFoundError: There is no store, or none with runs.
        DamagedError: It is a database that cannot be read.
    """
    root = path.resolve()
    if root.is_dir() and (root / "mlflow.db").is_file():
        root = root / "mlflow.db"
    elif root.is_dir() and (root / "mlruns").is_dir():
        root = root / "mlruns"
    if not root.exists():
        raise NotFoundError(message=said("{path} holds no MLflow runs", path=path), hint=_ADVICE)

    def read(store: Store) -> Iterator[ImportedRun]:
        is_empty = True
        for run in _read_files(root, store) if root.is_dir() else _read_database(root, store):
            is_empty = False
            yield run
        if is_empty and not store.faults:
            raise NotFoundError(message=said("{path} holds no MLflow runs", path=path), hint=_ADVICE)

    return Store(read)


def _imported(
    name: str, source: str, points: PointColumns, params: Mapping[str, str], facts: _Facts, artifacts: Artifacts
) -> ImportedRun:
    tags = facts.tags
    own = tuple(f"{key}={value}" if value else key for key, value in tags.items() if not key.startswith("mlflow."))
    origin = {
        "experiment": facts.experiment,
        "parent": tags.get("mlflow.parentRunId"),
        "user": tags.get("mlflow.user"),
        "commit": tags.get("mlflow.source.git.commit"),
        "entrypoint": tags.get("mlflow.source.name"),
    }
    return ImportedRun(
        name or tags.get("mlflow.runName") or source.rpartition("#")[2],
        source,
        points,
        params,
        _ending(facts),
        Labels(own, tags.get("mlflow.note.content", "")),
        +artifacts.left_out,
        folder=facts.experiment.strip("/") or None if facts.experiment != "Default" else None,
        origin={key: value for key, value in origin.items() if value},
        key=f"mlflow:{source.rpartition('#')[2]}",
        media=artifacts.media,
        files=artifacts.files,
    )


def _ending(facts: _Facts) -> Ending:
    """Return how a run ended: one that was killed, or still says RUNNING, did not succeed."""
    status = _STATUSES.get(facts.status, facts.status)
    started_s, ended_s = _seconds(facts.start_ms), _seconds(facts.end_ms)
    if status == "FINISHED":
        return Ending(SUCCEEDED, None, started_s, ended_s)
    if status == "FAILED":
        return Ending(FAILED, None, started_s, ended_s)
    kind = "signal" if status == "KILLED" else "unfinished"
    return Ending(RUNNING, {"kind": kind, "message": f"{status} in MLflow"}, started_s, ended_s)


def _seconds(time_ms: object) -> float | None:
    seconds = milliseconds_s(time_ms)
    return seconds if seconds else None  # 0 is unknown


def _read_files(root: Path, store: Store) -> Iterator[ImportedRun]:
    experiments: dict[Path, str] = {}
    models: dict[str, list[LoggedModel]] = {}  # by run
    for file in store.walk(root, lambda name: name == "meta.yaml"):
        meta = store.attempt(read_mapping, file)
        if meta is None:
            continue
        directory = file.parent
        if "run_id" not in meta and "run_uuid" not in meta:
            experiments[directory] = str(meta.get("name") or "")
            models |= _models_in(directory / "models", store)
        elif meta.get("lifecycle_stage") != "deleted":
            run_id = str(meta.get("run_id") or meta.get("run_uuid"))
            experiment = experiments.get(directory.parent, "")
            yield _read_run(root, directory, meta, experiment, models.get(run_id, []), store)


def _models_in(directory: Path, store: Store) -> dict[str, list[LoggedModel]]:
    """Return the models of an experiment by the runs that made them."""
    models: dict[str, list[LoggedModel]] = {}
    for path in Store().walk(directory, lambda name: name == "meta.yaml"):
        if path.parent.parent != directory:
            continue
        meta = store.attempt(read_mapping, path) or {}
        model_id = path.parent.name
        model = LoggedModel(str(meta.get("name") or ""), model_id, f"{path.parent}/artifacts")
        models.setdefault(str(meta.get("source_run_id")), []).append(model)
    return models


def _read_run(
    root: Path,
    directory: Path,
    meta: Mapping[str, object],
    experiment: str,
    models: list[LoggedModel],
    store: Store,
) -> ImportedRun:
    tags, params = (dict(_texts(directory / kind, store)) for kind in ("tags", "params"))
    points = PointColumns()
    for key, file in _keyed(directory / "metrics", store):
        points.extend(store.attempt(_metric_file, file, key, store) or ())
    facts = _Facts(str(meta.get("status")), meta.get("start_time"), meta.get("end_time"), experiment, tags)
    run_id = str(meta.get("run_id") or meta.get("run_uuid"))
    uri = str(meta.get("artifact_uri") or "")
    if (directory / "artifacts").is_dir():
        uri = f"{directory}/artifacts"
    artifacts = artifacts_of(root, run_id, uri, tags, models, store)
    artifacts.left_out["dataset"] += sum(
        1 for _ in Store().walk(directory / "inputs", lambda name: name == "meta.yaml")
    )
    source = f"mlflow:{directory}#{run_id}"
    return _imported(str(meta.get("run_name") or ""), source, points.in_order_of_time(), params, facts, artifacts)


def _keyed(directory: Path, store: Store) -> Iterator[tuple[str, Path]]:
    """Yield the files below a directory with their keys, which may contain slashes."""
    if not directory.is_dir():
        return
    for file in store.walk(directory, lambda _: True):
        yield file.relative_to(directory).as_posix(), file


def _texts(directory: Path, store: Store) -> Iterator[tuple[str, str]]:
    for key, file in _keyed(directory, store):
        content = store.attempt(read_text, file)
        if content is not None:
            yield key, content


def _metric_file(path: Path, key: str, store: Store) -> PointColumns:
    """Return the points of a metric; an incomplete last line is not a point."""
    points, odd, number = PointColumns(), [], 0
    with open_regular(path) as file:
        while line := file.readline(_MAX_LINE_BYTES):
            number += 1
            try:
                points.append(_point(key, line))
            except (ValueError, IndexError, OverflowError):
                odd.append(number)
    if odd:
        shown = ", ".join(map(str, odd[:5])) + (", ..." if len(odd) > 5 else "")
        store.note(path, said("skipped lines that are not 'time value step': {numbers}", numbers=shown))
    return points


def _point(key: str, line: bytes) -> Point:
    """Return the point of a line `time value step`; the oldest stores have no steps.

    Raises:
        ValueError, IndexError, OverflowError: It is not a point, or the line has no end.
    """
    if not line.endswith(b"\n"):
        raise ValueError(line)
    words = line.split()
    return Point(key, require_step(int(words[2])) if len(words) > 2 else 0, int(words[0]) / 1000, float(words[1]))


def _read_database(path: Path, store: Store) -> Iterator[ImportedRun]:
    with open_database(path, "MLflow", _TABLES) as database:
        experiments = dict(database.execute("SELECT experiment_id, name FROM experiments"))
        uri = "artifact_uri" if "artifact_uri" in column_names(database, "runs") else "''"
        rows = database.execute(
            f"SELECT run_uuid, name, status, start_time, end_time, {uri}, experiment_id FROM runs"  # noqa: S608
            " WHERE lifecycle_stage = 'active' ORDER BY start_time, run_uuid"
        ).fetchall()
        for row in rows:
            yield _read_row(database, path, row, str(experiments.get(row[6]) or ""), store)


def _read_row(
    database: sqlite3.Connection, path: Path, row: tuple[Any, ...], experiment: str, store: Store
) -> ImportedRun:
    run_id, name, status, start_ms, end_ms, uri, _ = row
    tags = {str(key): str(value) for key, value in _rows(database, "key, value FROM tags", run_id)}
    params = {str(key): str(value) for key, value in _rows(database, "key, value FROM params", run_id)}
    points, odd = PointColumns(), 0
    for key, step, time_ms, value, is_nan in _rows(
        database, "key, step, timestamp, value, is_nan FROM metrics", run_id, " ORDER BY timestamp, step, key"
    ):
        if isinstance(step, int) and is_step(step) and isinstance(time_ms, int) and isinstance(value, (int, float)):
            points.append(Point(str(key), step, time_ms / 1000, math.nan if is_nan else _unlimited(value)))
        else:
            odd += 1
    if odd:
        store.note(path, said("run {run_id}: skipped {count} values that are not numbers", run_id=run_id, count=odd))
    facts = _Facts(str(status), start_ms, end_ms, experiment, tags)
    models = _models_of(database, run_id) if "logged_models" in ordinary_tables(database) else []
    artifacts = artifacts_of(path.parent, str(run_id), str(uri or ""), tags, models, store)
    return _imported(str(name or ""), f"mlflow:{path}#{run_id}", points, params, facts, artifacts)


def _models_of(database: sqlite3.Connection, run_id: str) -> list[LoggedModel]:
    rows = database.execute(
        "SELECT name, model_id, artifact_location FROM logged_models"
        " WHERE source_run_id = ? AND lifecycle_stage = 'active' ORDER BY creation_timestamp_ms, model_id",
        (run_id,),
    )
    return [LoggedModel(str(name or ""), str(model_id), str(uri or "")) for name, model_id, uri in rows]


def _rows(database: sqlite3.Connection, columns: str, run_id: str, order: str = "") -> Iterator[tuple[Any, ...]]:
    yield from database.execute(f"SELECT {columns} WHERE run_uuid = ?{order}", (run_id,))


def _unlimited(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) >= _LARGEST else float(value)
