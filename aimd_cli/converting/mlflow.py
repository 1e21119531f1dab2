"""Writes runs as an MLflow store of files, a directory `mlruns`.

Source: the layout of MLflow's FileStore, which MLflow 1 to 3 read. Its keys are paths below a directory, so a name that
could leave it, or that MLflow refuses, is changed. Times have milliseconds, and parameters are text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path, PurePosixPath

from aimd_cli.converting.mlflow_media import WrittenArtifacts
from aimd_cli.importing.run import ImportedRun
from aimd_core.errors import DamagedError
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.model import FAILED, SUCCEEDED, flatten, strict_json
from aimd_core.reading.documents import Trial

_STATUSES = {SUCCEEDED: 3, FAILED: 4}
_KILLED = 5
_DEFAULT = ("0", "Default")
_REFUSED = re.compile(r"[^/\w.\- :]")
_MAX_KEY_CHARS = 250


def experiment_of(store: Path, folder: str | None) -> Path:
    """Return the directory of the experiment that corresponds to a folder, made if it is missing.

    Args:
        store: The directory `mlruns`.
        folder: The folder's path, or None for the default experiment.
    """
    number, name = _DEFAULT
    if folder:
        name = folder.strip("/")
        number = str(int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:7], "big") + 10**17)
        number = _number_there(store, name) or number
    directory = store / number
    directory.mkdir(parents=True, exist_ok=True)
    (store / ".trash").mkdir(exist_ok=True)
    if not (directory / "meta.yaml").exists():
        write_mapping(
            directory / "meta.yaml",
            {
                "artifact_location": directory.absolute().as_uri(),
                "creation_time": 0,
                "experiment_id": number,
                "last_update_time": 0,
                "lifecycle_stage": "active",
                "name": name,
            },
        )
    return directory


def _number_there(store: Path, name: str) -> str | None:
    """Return the number of the experiment with a name, if the store has one."""
    for file in sorted(store.glob("*/meta.yaml")):
        try:
            if read_mapping(file).get("name") == name:
                return file.parent.name
        except (DamagedError, FileNotFoundError):
            continue
    return None


def write_mlflow(
    run: ImportedRun, trial: Trial, directory: Path, experiment: str, run_id: str, left_out: Counter[str]
) -> None:
    """Write a run into its directory.

    Args:
        run: The run.
        trial: The trial that it is.
        directory: The directory, which is to be below its experiment's and have the run's id for a name.
        experiment: The number of its experiment.
        run_id: Its id, 32 hexadecimal digits.
        left_out: Counts what is not written, by kind.
    """
    for name in ("metrics", "params", "tags", "artifacts"):
        (directory / name).mkdir()
    times = [time_s for point in run.points if (time_s := point.time_s) is not None]
    started_s = run.ending.started_s or min(times, default=0.0)
    ended_s = run.ending.ended_s or max(times, default=started_s)
    _write_metrics(run, directory / "metrics", ended_s)
    params = _Keys()
    for name, value in flatten(dict(run.params)).items():
        params.write(directory / "params", name, _as_text(value))
    tags = {"mlflow.runName": run.name, "mlflow.note.content": run.labels.note}
    artifacts = WrittenArtifacts(trial, directory / "artifacts", run_id, ended_s, left_out)
    if artifacts.tables:
        tables = [{"path": path, "type": "table"} for path in artifacts.tables]
        tags["mlflow.loggedArtifacts"] = json.dumps(tables, ensure_ascii=False)
    if artifacts.has_images:
        tags["mlflow.loggedImages"] = "True"
    for tag in run.labels.tags:
        key, _, value = tag.partition("=")
        tags.setdefault(key, value)
    names = _Keys()
    for name, value in tags.items():
        if value or not name.startswith("mlflow."):
            names.write(directory / "tags", name, value)
    write_mapping(
        directory / "meta.yaml",
        {
            "artifact_uri": f"{directory.parent.absolute().as_uri()}/{run_id}/artifacts",
            "end_time": _milliseconds(ended_s),
            "entry_point_name": "",
            "experiment_id": experiment,
            "lifecycle_stage": "active",
            "run_id": run_id,
            "run_name": run.name,
            "run_uuid": run_id,
            "source_name": "",
            "source_type": 4,
            "source_version": "",
            "start_time": _milliseconds(started_s),
            "status": _STATUSES.get(run.ending.status, _KILLED),
            "tags": [],
            "user_id": "",
        },
    )


def _write_metrics(run: ImportedRun, directory: Path, unknown_s: float) -> None:
    lines: dict[str, list[str]] = {}
    for point in run.points:
        time_ms = _milliseconds(unknown_s if point.time_s is None else point.time_s)
        lines.setdefault(point.key, []).append(f"{time_ms} {point.value} {point.step}\n")
    keys = _Keys()
    for name, listed in lines.items():
        keys.write(directory, name, "".join(listed))


def _as_text(value: object) -> str:
    if isinstance(value, (str, bool, int, float)):
        return str(value)
    return json.dumps(strict_json(value), ensure_ascii=False)


def _milliseconds(time_s: float) -> int:
    return round(time_s * 1000)


def _is_odd(part: str) -> bool:
    """Tell whether a file of that name is none, leads elsewhere, or is taken for one of another kind."""
    return not part.strip(".") or part.startswith("._") or part == "meta.yaml"


class _Keys:
    """The keys of a run of one kind: none leaves the directory, is another one, or is a directory of another one."""

    def __init__(self) -> None:
        self._files: set[str] = set()

    def write(self, directory: Path, name: str, content: str) -> None:
        """Write the file of a key, whose path is its name wherever MLflow takes that."""
        parts = [f"_{part}" if _is_odd(part) else part for part in _REFUSED.sub("_", name).split("/")]
        key = "/".join(parts)[:_MAX_KEY_CHARS].strip("/") or "_"
        while self._is_below_a_file(key):
            above, _, last = key.rpartition("/")
            key = f"{above}_{last}"
        while (directory / key).exists():  # also where case does not tell names apart
            key += "_"
        self._files.add(key)
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", errors="replace", newline="")

    def _is_below_a_file(self, key: str) -> bool:
        return any(parent.as_posix() in self._files for parent in PurePosixPath(key).parents)
