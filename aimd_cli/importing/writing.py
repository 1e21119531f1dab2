"""Turns runs of another tracker into trial directories; importing a run again changes nothing.

A trial is created completely or not at all. A run that was imported before is recognised by its source: if the source
has grown, what is new is appended; if it has changed otherwise, that is reported and nothing is replaced.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from aimd_cli.importing.run import ImportedRun, MetricNames, Point
from aimd_core.errors import DamagedError, DiskError
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.journal import encode_record
from aimd_core.format.labels import Labels, add_tags, set_note, tag_fault
from aimd_core.format.layout import METADATA_FILE, METRICS_FILE, PARAMETERS_FILE, list_names, new_trial_directory
from aimd_core.format.model import RUNNING, name_fault
from aimd_core.format.segments import Resume, append_segment, read_segments
from aimd_core.format.values import with_plain_integers
from aimd_core.language import said

IMPORTED, UPDATED, UNCHANGED = "imported", "updated", "unchanged"
_FROM_THE_SOURCE = (
    "startTime",
    "endTime",
    "status",
    "_import",
    "_exit",
)  # keys of the metadata; the others may be edited here


class Written(NamedTuple):
    """The result of importing a run.

    Attributes:
        path: The trial's directory.
        outcome: `imported`, `updated` or `unchanged`.
    """

    path: Path
    outcome: str


class Importer:
    """Writes runs to a working directory."""

    def __init__(self, working_directory: Path) -> None:
        """Find out which runs were imported there before.

        Raises:
            DiskError: The directory's trials cannot be listed.
        """
        self._working_directory = working_directory
        self._earlier = _imported_before(working_directory)

    def write(self, run: ImportedRun, name: str | None = None) -> Written:
        """Create a trial from a run, or update the one created before; a failure leaves no trial.

        Args:
            run: The run.
            name: The trial's name; by default the run's, with characters replaced that directories cannot have.

        Raises:
            InvalidNameError: `name` cannot be a directory name.
            DamagedError: The run was imported before, and its source no longer begins as it did.
            DiskError: The disk refused.
        """
        content = _Content(run)
        try:
            earlier = self._earlier.get(run.key or run.source)
            if earlier is not None:
                return _brought_up_to_date(earlier, run, content)
            path = new_trial_directory(self._working_directory, name or safe_name(run.name))
            try:
                _fill(path, run, content, name or safe_name(run.name))
            except BaseException:
                shutil.rmtree(path, ignore_errors=True)
                raise
        except OSError as error:
            raise DiskError(
                path=self._working_directory,
                reason=said("cannot make a trial here ({strerror})", strerror=error.strerror),
            ) from error
        self._earlier[run.key or run.source] = path
        return Written(path, IMPORTED)


class _Content:
    """The bytes of a run's journal, its times, and where the run went back to an earlier step."""

    def __init__(self, run: ImportedRun) -> None:
        times = [point.time_s for point in run.points if point.time_s is not None]
        self.started_s = min(times, default=None) if run.ending.started_s is None else run.ending.started_s
        self.ended_s = max(times, default=None) if run.ending.ended_s is None else run.ending.ended_s
        records = list(_records(run.points, self.ended_s or self.started_s or 0.0))
        self.journal = b"".join(records)
        ends = [0]
        for record in records:
            ends.append(ends[-1] + len(record))
        self.restarts = [Resume(step, ends[count]) for count, step in run.restarts]


def _records(points: Iterable[Point], unknown_s: float) -> Iterator[bytes]:
    names = MetricNames()
    for point in points:
        metrics_type, name = names.metric_of(point.key)
        time = _iso(unknown_s if point.time_s is None else point.time_s)
        yield encode_record(metrics_type, {name: point.value}, point.step, point.epoch, time)


def _imported_before(working_directory: Path) -> dict[str, Path]:
    """Return the trials that were imported into a directory, by the key of each."""
    try:
        directory, names = list_names(working_directory)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DiskError(
            path=working_directory, reason=said("cannot be listed ({strerror})", strerror=error.strerror)
        ) from error
    earlier = {}
    for name in names:
        try:
            origin = read_mapping(directory / name / METADATA_FILE).get("_import")
        except (FileNotFoundError, DamagedError):
            continue
        if isinstance(origin, dict) and isinstance(origin.get("key"), str):
            earlier[origin["key"]] = directory / name
    return earlier


def _brought_up_to_date(path: Path, run: ImportedRun, content: _Content) -> Written:
    journal = path / METRICS_FILE
    before = journal.read_bytes() if journal.exists() else b""
    if not content.journal.startswith(before):
        raise DamagedError(
            path=path,
            reason=said("was imported from {source}, which has changed since and not only grown", source=run.source),
        )
    metadata = read_mapping(path / METADATA_FILE)
    inner = metadata.get("metadata")
    identity = inner if isinstance(inner, dict) else {}
    documents = _metadata(run, content, str(identity.get("name")), str(identity.get("id")))
    kept = {key: value for key, value in metadata.items() if key != "_exit"}
    documents = {**kept, **{key: documents[key] for key in _FROM_THE_SOURCE if key in documents}}
    params = read_mapping(path / PARAMETERS_FILE)
    if before == content.journal and metadata == documents and params == _params(run):
        return Written(path, UNCHANGED)
    with journal.open("ab") as file:
        file.write(content.journal[len(before) :])
    for restart in content.restarts[len(read_segments(path).resumes) :]:
        append_segment(path, restart)
    write_mapping(path / PARAMETERS_FILE, _params(run))
    write_mapping(path / METADATA_FILE, documents)
    return Written(path, UPDATED)


def _params(run: ImportedRun) -> dict[str, object]:
    params = with_plain_integers(dict(run.params))
    assert isinstance(params, dict)
    return params


def _fill(path: Path, run: ImportedRun, content: _Content, name: str) -> None:
    (path / METRICS_FILE).write_bytes(content.journal)
    for restart in content.restarts:
        append_segment(path, restart)
    write_mapping(path / PARAMETERS_FILE, _params(run))
    _write_labels(path, run.labels)
    write_mapping(path / METADATA_FILE, _metadata(run, content, name, str(uuid.uuid4())))


def _write_labels(path: Path, labels: Labels) -> None:
    words = ("-".join(re.split(r"[\s,'\"]+", tag.strip(" -"))) for tag in labels.tags)  # a tag here is one word
    tags = [tag for tag in words if tag_fault(tag) is None]
    if tags:
        add_tags(path, tags)
    if labels.note:
        set_note(path, labels.note)


def _metadata(run: ImportedRun, content: _Content, name: str, trial_id: str) -> dict[str, object]:
    document: dict[str, object] = {
        "kind": "Trial",
        "metadata": {"folder": None, "name": name, "editor": None, "id": trial_id, "timestamp": None},
        "platform": {},
        "startTime": None if content.started_s is None else _iso(content.started_s),
        "endTime": None if content.ended_s is None or run.ending.status == RUNNING else _iso(content.ended_s),
        "status": run.ending.status,
        "inputArtifacts": [],
        "outputArtifacts": [],
        "_upload": {"folder_id": None, "folder_path": run.folder, "make_folder": True, "conflict_strategy": "new"},
        "_git": {},
        "_import": {"key": run.key or run.source, "source": run.source, "name": run.name, **run.origin},
    }
    if run.ending.exit:
        at = {} if content.ended_s is None else {"at": _iso(content.ended_s)}
        document["_exit"] = {**run.ending.exit, **at}
    return document


def _iso(time_s: float) -> str:
    try:
        return datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc).isoformat(timespec="microseconds")


def safe_name(name: str) -> str:
    """Return the most similar name that a directory can have."""
    kept = "".join("-" if character in "/\\\0" or not character.isprintable() else character for character in name)
    kept = kept.replace("..", ".").strip(". -")[:60].strip() or "imported"
    return kept if name_fault(kept) is None else "imported"
