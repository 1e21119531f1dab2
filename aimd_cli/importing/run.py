"""A run of another tracker, as every reader returns it, and how it becomes a trial directory."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from aimd_core.errors import DiskError
from aimd_core.format.documents import write_mapping
from aimd_core.format.journal import encode_record
from aimd_core.format.labels import Labels, add_tags, set_note, tag_fault
from aimd_core.format.model import FAILED, SUCCEEDED, name_fault, standard_type
from aimd_core.language import said
from aimd_core.reading.store import METADATA_FILE, METRICS_FILE, PARAMETERS_FILE, new_trial_directory

_TYPES = ("train", "training", "val", "valid", "validation", "validate", "test", "testing", "eval", "evaluation")
_OTHER_TYPE = "metrics"  # of a metric whose name says none
_BUFFER_BYTES = 1 << 20


class Point(NamedTuple):
    """One value.

    Attributes:
        key: The metric's name there.
        step: The step.
        time_s: When, in seconds since the epoch; None when it is not known.
        value: The value.
        epoch: The epoch, or None.
    """

    key: str
    step: int
    time_s: float | None
    value: float
    epoch: int | None = None


class ImportedRun(NamedTuple):
    """A run.

    Attributes:
        name: Its name there.
        source: Where it was read from.
        points: Its values, in their order.
        params: Its parameters, plain data.
        has_failed: Whether it ended in failure.
        labels: Its tags and note.
        left_out: How many values are no numbers, or could not be read.
    """

    name: str
    source: str
    points: list[Point]
    params: Mapping[str, object] = MappingProxyType({})
    has_failed: bool = False
    labels: Labels = Labels()
    left_out: int = 0


def metric_of(key: str) -> tuple[str, str]:
    """Return type and name of a metric by its name in another tracker.

    `train/loss` and `train.loss` are `train`, `loss`; `val_loss` is `val`, `loss`; `loss` alone is `metrics`, `loss`.
    """
    for separator in ("/", "."):
        first, found, rest = key.partition(separator)
        if found and first and rest:
            return standard_type(first), rest
    first, found, rest = key.partition("_")
    if found and rest and first.lower() in _TYPES:
        return standard_type("validation" if first.lower() == "valid" else first.lower()), rest
    return _OTHER_TYPE, key


def plain_value(text: str) -> object:
    """Return a parameter that was kept as text as the number, truth or text that it means."""
    try:
        value = json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)
    return value if isinstance(value, (int, float, bool, str)) or value is None else text


def write_run(run: ImportedRun, working_directory: Path, name: str | None = None) -> Path:
    """Make a trial of a run and return its directory; on failure none is left.

    Args:
        run: The run.
        working_directory: The directory that holds `.aimd`, or will.
        name: The trial's name; by default that of the run, with what no directory can be called replaced.

    Raises:
        InvalidNameError: `name` cannot be a directory name.
        DiskError: The disk refused.
    """
    shown = name or safe_name(run.name)
    try:
        path = new_trial_directory(working_directory, shown)
        try:
            _fill(path, run, shown)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
    except OSError as error:
        raise DiskError(
            path=working_directory, reason=said("cannot make a trial here ({strerror})", strerror=error.strerror)
        ) from error
    return path


def _fill(path: Path, run: ImportedRun, name: str) -> None:
    times = [point.time_s for point in run.points if point.time_s is not None]
    with (path / METRICS_FILE).open("wb", buffering=_BUFFER_BYTES) as journal:
        journal.writelines(_records(run.points, max(times, default=0.0)))
    write_mapping(path / PARAMETERS_FILE, dict(run.params))
    shown = ("-".join(re.split(r"[\s,'\"]+", tag.strip(" -"))) for tag in run.labels.tags)  # a tag here is one word
    tags = [tag for tag in shown if tag_fault(tag) is None]
    if tags:
        add_tags(path, tags)
    if run.labels.note:
        set_note(path, run.labels.note)
    write_mapping(path / METADATA_FILE, _metadata(run, name, times))


def _records(points: Iterable[Point], unknown_s: float) -> Iterable[bytes]:
    for point in points:
        metrics_type, name = metric_of(point.key)
        time = _iso(unknown_s if point.time_s is None else point.time_s)
        yield encode_record(metrics_type, {name: point.value}, point.step, point.epoch, time)


def _metadata(run: ImportedRun, name: str, times: list[float]) -> dict[str, object]:
    return {
        "kind": "Trial",
        "metadata": {"folder": None, "name": name, "editor": None, "id": str(uuid.uuid4()), "timestamp": None},
        "platform": {},
        "startTime": _iso(min(times)) if times else None,
        "endTime": _iso(max(times)) if times else None,
        "status": FAILED if run.has_failed else SUCCEEDED,
        "inputArtifacts": [],
        "outputArtifacts": [],
        "_upload": {"folder_id": None, "folder_path": None, "make_folder": False, "conflict_strategy": "new"},
        "_git": {},
        "_import": {"source": run.source, "name": run.name},
    }


def _iso(time_s: float) -> str:
    try:
        return datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc).isoformat(timespec="microseconds")


def safe_name(name: str) -> str:
    """Return a name that a directory can have, as near to the one given as may be."""
    kept = "".join("-" if character in "/\\\0" or not character.isprintable() else character for character in name)
    kept = kept.replace("..", ".").strip(". -")[:60].strip() or "imported"
    return kept if name_fault(kept) is None else "imported"
