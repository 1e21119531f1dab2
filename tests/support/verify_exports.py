"""Reads exports with the trackers' own libraries, and notes in tests/fixtures/exports.json which bytes they accepted.

    PYTHONPATH=. python tests/support/verify_exports.py wandb|mlflow

It runs in an environment with that library. `pytest tests/core/test_converting.py` then checks that exports still have
those bytes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aimd_core.format.model import flatten, strict_json
from tests.support.exported import PARAMS, RUN_ID, digest_of, points_of

NOTED = Path(__file__).parent.parent / "fixtures" / "exports.json"


def points_by_key() -> dict[str, list[Any]]:
    """Return what each metric should be: steps, times in seconds, and values."""
    points: dict[str, list[Any]] = {}
    for point in points_of(20):
        points.setdefault(point.key, []).append([point.step, point.time_s, point.value])
    return points


def wandb_says(out: Path) -> dict[str, Any]:
    """Return what wandb reads: its data store, and its messages."""
    from wandb.proto import wandb_internal_pb2
    from wandb.sdk.internal.datastore import DataStore

    (file,) = out.rglob("*.wandb")
    store, said, points = DataStore(), {}, {}
    store.open_for_scan(str(file))
    while (content := store.scan_data()) is not None:
        record = wandb_internal_pb2.Record.FromString(content)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            config = {item.key: json.loads(item.value_json) for item in run.config.update}
            said |= {"id": run.run_id, "name": run.display_name, "project": run.project, "params": config}
            said |= {"tags": list(run.tags), "note": run.notes, "started": run.start_time.ToMicroseconds() / 1e6}
        elif kind == "history":
            row = {item.key: json.loads(item.value_json) for item in record.history.item}
            for key in row.keys() - {"_step", "_timestamp", "_runtime"}:
                points.setdefault(key, []).append([row["_step"], row["_timestamp"], row[key]])
        elif kind == "exit":
            said["exit"] = record.exit.exit_code
    return {**said, "points": points}


def mlflow_says(out: Path) -> dict[str, Any]:
    """Return what MLflow's client reads."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow import MlflowClient

    client = MlflowClient(out.absolute().as_uri())
    (experiment,) = client.search_experiments()
    (run,) = client.search_runs([experiment.experiment_id])
    points = {
        key: [
            [item.step, item.timestamp / 1000, item.value] for item in client.get_metric_history(run.info.run_id, key)
        ]
        for key in run.data.metrics
    }
    tags = dict(run.data.tags)
    said = {"id": run.info.run_id, "name": run.info.run_name, "project": experiment.name, "params": run.data.params}
    said |= {"tags": {key: tags[key] for key in ("team", "baseline")}, "note": tags["mlflow.note.content"]}
    said |= {"started": run.info.start_time / 1000, "exit": run.info.status, "points": points}
    return said


def should_say(tracker: str) -> dict[str, Any]:
    """Return what a tracker should say."""
    said: dict[str, Any] = {"id": RUN_ID, "name": "resnet 试验", "note": "a note\nof two lines", "started": 1.7e9}
    points = points_by_key()
    if tracker == "wandb":
        rows = {"project": "vision-mnist", "params": PARAMS, "tags": ["team=vision", "baseline"], "exit": 0}
        return {**said, **rows, "points": points}
    points["train/loss_a"] = points.pop("train/loss/a")  # a key of MLflow is a file, which cannot be a directory too
    params = {
        key: value if isinstance(value, str) else json.dumps(value) if isinstance(value, list) else str(value)
        for key, value in flatten(PARAMS).items()
    }
    tags = {"team": "vision", "baseline": ""}
    return {**said, "project": "vision/mnist", "params": params, "tags": tags, "exit": "FINISHED", "points": points}


def main(tracker: str) -> None:
    """Compare, and note the digest."""
    with tempfile.TemporaryDirectory() as directory:
        digest = digest_of(tracker, Path(directory))  # type: ignore[arg-type]
        says = (wandb_says if tracker == "wandb" else mlflow_says)(Path(directory) / "out")
    should = should_say(tracker)
    for key, value in should.items():
        given, right = (json.dumps(strict_json(item), sort_keys=True) for item in (says[key], value))
        if given != right:
            raise SystemExit(f"{key}: it says {given}, and it should be {right}")
    library = f"{'mlflow-skinny' if tracker == 'mlflow' else tracker}"
    noted = json.loads(NOTED.read_text()) if NOTED.exists() else {}
    noted[f"{library} {version(library)}"] = digest
    NOTED.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n")
    print(f"{library} {version(library)} reads it all")


if __name__ == "__main__":
    main(sys.argv[1])
