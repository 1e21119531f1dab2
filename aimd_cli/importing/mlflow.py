"""Reads MLflow stores: a directory `mlruns` of files, or an SQLite database such as `mlflow.db`.

Source: the file layout and the tables that MLflow 1 to 3 write. Deleted runs are left out.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from aimd_cli.importing.run import ImportedRun, Point, plain_value
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.documents import read_mapping
from aimd_core.format.labels import Labels
from aimd_core.language import said

_FAILED = ("FAILED", "KILLED", "4", "5")
_LARGEST = 1.7976931348623157e308  # how a database holds Infinity


def read_mlflow(path: Path) -> list[ImportedRun]:
    """Return the runs of a store.

    Raises:
        NotFoundError: There is no store, or none with runs.
        DamagedError: It cannot be read.
    """
    if path.is_dir() and (path / "mlflow.db").is_file():
        path = path / "mlflow.db"
    elif path.is_dir() and (path / "mlruns").is_dir():
        path = path / "mlruns"
    runs = list(_read_files(path)) if path.is_dir() else _read_database(path)
    if not runs:
        raise NotFoundError(
            message=said("{path} holds no MLflow runs", path=path), hint="Name a directory mlruns, or a file mlflow.db"
        )
    return runs


def _read_files(path: Path) -> Iterator[ImportedRun]:
    for file in sorted(path.glob("**/meta.yaml")):
        meta = read_mapping(file)
        if "run_id" not in meta and "run_uuid" not in meta:
            continue  # of an experiment
        if meta.get("lifecycle_stage") == "deleted":
            continue
        place = file.parent
        tags = {key: value.read_text("utf-8", "replace") for key, value in _files(place / "tags")}
        name = str(meta.get("run_name") or tags.get("mlflow.runName") or place.name)
        points = [point for key, metric in _files(place / "metrics") for point in _metric_file(key, metric)]
        params = {key: plain_value(value.read_text("utf-8", "replace")) for key, value in _files(place / "params")}
        has_failed = str(meta.get("status")) in _FAILED
        yield ImportedRun(name, f"mlflow:{place.absolute()}", _ordered(points), params, has_failed, _labels(tags))


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below a directory, a key each, which may hold slashes."""
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            yield file.relative_to(directory).as_posix(), file


def _metric_file(key: str, path: Path) -> Iterator[Point]:
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        words = line.split()
        try:
            time_ms, value = int(words[0]), float(words[1])
            yield Point(key, int(words[2]) if len(words) > 2 else 0, time_ms / 1000, value)
        except (ValueError, IndexError) as error:
            raise DamagedError(
                path=path, reason=said("line {number} is not 'time value step'", number=number)
            ) from error


def _read_database(path: Path) -> list[ImportedRun]:
    if not path.is_file():
        raise NotFoundError(
            message=said("{path} is not there", path=path), hint="Name a directory mlruns, or a file mlflow.db"
        )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(
                "SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time, run_uuid"
            ).fetchall()
            return [_database_run(database, path, *row) for row in rows]
    except sqlite3.Error as error:
        raise DamagedError(path=path, reason=said("is no MLflow database ({error})", error=error)) from error


def _database_run(
    database: sqlite3.Connection, path: Path, run_id: str, name: str | None, status: object
) -> ImportedRun:
    tags = dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,)))
    params = dict(database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,)))
    metrics = database.execute(
        "SELECT key, step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step, key",
        (run_id,),
    )
    points = [
        Point(key, step, time_ms / 1000, math.nan if is_nan else _unlimited(value))
        for key, step, time_ms, value, is_nan in metrics
    ]
    plain = {key: plain_value(str(value)) for key, value in params.items()}
    shown = name or tags.get("mlflow.runName") or run_id
    source = f"mlflow:{path.absolute()}#{run_id}"
    return ImportedRun(shown, source, points, plain, str(status) in _FAILED, _labels(tags))


def _unlimited(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) >= _LARGEST else value


def _labels(tags: dict[str, str]) -> Labels:
    """Return the note of a run, and its own tags as `key=value`; those that MLflow sets are not labels."""
    own = tuple(f"{key}={value}" for key, value in tags.items() if not key.startswith("mlflow."))
    return Labels(own, tags.get("mlflow.note.content", ""))


def _ordered(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda point: (point.time_s or 0.0, point.step))
