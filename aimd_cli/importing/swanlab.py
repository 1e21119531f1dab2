"""Reads the `.swanlab` files that SwanLab writes for a run: records in JSON or, from 0.8, in Protocol Buffers.

Source: swanlab/proto of SwanLab 0.6 and 0.10. The files from before 0.6.5, which only its dashboard reads, are others.
"""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import Values, parse_json, utc_seconds
from aimd_cli.importing.files import FileList
from aimd_cli.importing.record_log import RecordLog, note_damage
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_cli.importing.swanlab_media import SwanMedia, saved_files
from aimd_cli.importing.wire import WireError, double, fields, inner, signed, text, timestamp_s
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.documents import read_mapping
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.format.values import is_step
from aimd_core.language import said

_FILE_HEAD = b":SWL"
_JSON = 1  # version of a file whose records are JSON
_START, _FINISH, _SCALAR, _MEDIA, _LOG, _SAVE = 10, 11, 13, 14, 16, 20  # fields of a Record
_FINISHED, _CRASHED, _ABORTED = 1, 2, 3  # states
_ODD = {"INF": "Infinity", "-INF": "-Infinity", "inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
_SYSTEM = "__swanlab__."
_MAX_OUTPUT_BYTES = 64 << 20
_OWN_LINE = "swanlab: "  # what SwanLab itself prints


def read_swanlab(path: Path) -> Store:
    """Return the run of a `.swanlab` file, or the runs of all such files below a directory.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    files = [root] if root.is_file() else list(listing.walk(root, lambda name: name.endswith(".swanlab")))
    if not files and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no .swanlab files", path=path), hint="They are swanlog/run-*/*.swanlab"
        )

    return Store.of_each(files, _read_run, listing)


def _read_run(path: Path, store: Store) -> ImportedRun:
    return _SwanRun(path, store).read()


class _SwanRun:
    """The run in the records of a file."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._values = Values()
        self._name = self._id = path.parent.name
        self._labels = Labels()
        self._origin: dict[str, object] = {}
        self._ending: tuple[int, str, float | None] | None = None  # state, error, time
        self._started_s: float | None = None
        self._output = bytearray()
        self._saved = 0
        self._shown = SwanMedia(path.parent, FileList(store.note))

    def read(self) -> ImportedRun:
        """Return the run.

        Raises:
            DamagedError: It is not a `.swanlab` file.
        """
        log, intact, odd = RecordLog(self._path, _FILE_HEAD), 0, 0
        for record in log.records():
            intact += 1
            try:
                self._take_json(record) if log.version == _JSON else self._take(record)
            except (WireError, struct.error, ValueError, TypeError, AttributeError, OverflowError, DamagedError):
                odd += 1
        note_damage(log, intact, odd, self._store)
        self._shown.note_missing()
        saved = list(saved_files(self._path.parent))
        for name, path in saved:
            self._shown.files.add(name, path)
        left_out = self._values.left_out + Counter(file=max(0, self._saved - len(saved)))  # those are links
        left_out["cut record"] += log.is_cut
        project = self._origin.get("project")
        return ImportedRun(
            self._name,
            f"swanlab:{self._path}#{self._id}",
            self._values.points,
            self._config(),
            self._how_it_ended(),
            self._labels,
            +left_out,
            folder=str(project).strip("/") or None if project else None,
            origin=self._origin,
            key=f"swanlab:{self._id}@{self._started_s or self._path}",
            output=bytes(self._output) or None,
            media=self._shown.media,
            files=self._shown.files,
        )

    def _config(self) -> dict[str, object]:
        """Return the config, which SwanLab keeps in a file with description and order of each parameter."""
        file = self._path.parent / "files" / "config.yaml"
        if not file.exists():
            return {}
        document = self._store.attempt(read_mapping, file) or {}
        return {
            key: entry["value"] if isinstance(entry, dict) and "value" in entry else entry
            for key, entry in document.items()
        }

    def _how_it_ended(self) -> Ending:
        times = list(self._values.points.times_s())
        started_s = min(times, default=None) if self._started_s is None else self._started_s
        if self._ending is None:
            return Ending(RUNNING, {"kind": "unfinished"}, started_s, max(times, default=None))
        state, error, ended_s = self._ending
        if state == _FINISHED:
            return Ending(SUCCEEDED, None, started_s, ended_s)
        if state == _CRASHED:
            exit_ = {"kind": "exception", "message": error[:1000]} if error else None
            return Ending(FAILED, exit_, started_s, ended_s)
        kind = "signal" if state == _ABORTED else "unfinished"
        return Ending(RUNNING, {"kind": kind, "message": error[:1000]} if error else {"kind": kind}, started_s, ended_s)

    def _add(self, key: str, step: int, time_s: float | None, value: object) -> None:
        if key.startswith(_SYSTEM):
            key = f"system/{key.removeprefix(_SYSTEM)}"
            if time_s is not None and self._started_s is not None:
                step = max(0, int(time_s - self._started_s))
        self._values.add(key, step, time_s, _ODD.get(value, value) if isinstance(value, str) else value)

    def _print(self, line: str) -> None:
        if len(self._output) < _MAX_OUTPUT_BYTES and not line.startswith(_OWN_LINE):
            self._output += line.encode("utf-8", "replace") + b"\n"

    def _take(self, record: bytes) -> None:
        for number, _, value in fields(record):
            if number == _START:
                self._take_start(inner(value))
            elif number == _FINISH:
                self._take_finish(inner(value))
            elif number == _SCALAR:
                self._take_scalar(inner(value))
            elif number == _MEDIA:
                self._shown.take(inner(value))
            elif number == _LOG:
                self._print(next((text(item) for field, _, item in fields(inner(value)) if field == 1), ""))
            elif number == _SAVE and not any(field == 5 for field, _, _ in fields(inner(value))):
                self._saved += 1  # one that the script saved; the others are SwanLab's own

    def _take_start(self, message: bytes) -> None:
        for number, _, value in fields(message):
            if number in (1, 2, 7, 8) and value:
                self._origin[{1: "project", 2: "workspace", 7: "group", 8: "job_type"}[number]] = text(value)
            elif number == 4:
                self._name = text(value) or self._name
            elif number == 5:
                self._labels = self._labels._replace(note=text(value))
            elif number == 6:
                self._labels = self._labels._replace(tags=(*self._labels.tags, text(value)))
            elif number == 10:
                self._id = text(value) or self._id
            elif number == 12:
                self._started_s = timestamp_s(inner(value))

    def _take_finish(self, message: bytes) -> None:
        state, error, ended_s = 0, "", None
        for number, _, value in fields(message):
            if number == 1:
                state = signed(value)
            elif number == 2:
                error = text(value)
            elif number == 3:
                ended_s = timestamp_s(inner(value))
        self._ending = state, error, ended_s

    def _take_scalar(self, message: bytes) -> None:
        key, step, time_s, number_of = "", 0, None, 0.0
        for number, _, value in fields(message):
            if number == 1:
                key = text(value)
            elif number == 2:
                step = signed(value)
            elif number == 4:
                time_s = timestamp_s(inner(value))
            elif number == 5:
                number_of = next((double(item) for field, _, item in fields(inner(value)) if field == 1), 0.0)
        self._add(key, step, time_s, number_of)

    def _take_json(self, record: bytes) -> None:
        document = parse_json(record, self._path)
        data: dict[str, Any] = document["data"]
        kind = document["model_type"]
        time_s = utc_seconds(data.get("create_time"))
        if kind == "Header":
            self._started_s = time_s
        elif kind == "Footer":
            self._ending = _FINISHED if data.get("success") else _CRASHED, "", time_s
        elif kind == "Project":
            self._origin |= {key: data[key] for key in ("name", "workspace") if data.get(key)}
            self._origin["project"] = self._origin.pop("name", None)
        elif kind == "Experiment":
            self._name, self._id = str(data["name"]), str(data["id"])
            self._labels = Labels(tuple(map(str, data.get("tags") or ())), str(data.get("description") or ""))
        elif kind == "Log":
            self._print(str(data["message"]))
        elif kind == "Media":
            self._shown.take_json(data, utc_seconds(data["metric"].get("create_time")))
        elif kind == "Column":
            self._shown.take_column(data)
        elif kind == "Scalar":
            step, metric = data["step"], data["metric"]
            if not isinstance(step, int) or not is_step(step):
                raise ValueError(step)
            self._add(str(data["key"]), step, utc_seconds(metric.get("create_time")), metric["data"])
