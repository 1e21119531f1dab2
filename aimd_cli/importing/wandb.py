"""Reads `.wandb` files, which wandb writes for every run, also offline: messages in a log of records.

Source: wandb/proto/wandb_internal.proto.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import flattened, kind_of, number_of
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.points import Point, PointColumns
from aimd_cli.importing.record_log import RecordLog, note_damage
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_cli.importing.wandb_media import add_wandb_value
from aimd_cli.importing.wire import WireError, double, fields, inner, signed, text, timestamp_s
from aimd_core.errors import NotFoundError
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.format.values import require_step
from aimd_core.language import said

_FILE_HEAD = b":W&B"
_HISTORY, _SUMMARY, _CONFIG, _STATISTICS, _RUN, _EXIT = 2, 3, 5, 7, 17, 18  # fields of Record
_UNREAD = {4: "output", 8: "artifact", 10: "alert", 13: "output"}  # what is not imported, by field
_INTERNAL = ("_step", "_timestamp", "_runtime", "_wandb")
# Values of a HistoryItem that newer releases write with a type instead of as JSON.
_TYPED: dict[int, Callable[[int | bytes], Any]] = {
    3: lambda _: None,
    4: lambda value: bool(signed(value)),
    5: signed,
    6: double,
    7: text,
    8: lambda value: json.loads(text(value)),
    16: lambda value: json.loads(text(value)),
}


def read_wandb(path: Path) -> Store:
    """Return the run of a `.wandb` file, or the runs of all such files below a directory.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    files = [root] if root.is_file() else list(listing.walk(root, lambda name: name.endswith(".wandb")))
    if not files and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no .wandb files", path=path), hint="They are wandb/*run-*/run-*.wandb"
        )

    return Store.of_each(files, _read_run, listing)


def _read_run(path: Path, store: Store) -> ImportedRun:
    return _Run(path, store).read()


class _Run:
    """The run in the records of a file."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._name = path.stem.removeprefix("run-")
        self._id = self._name
        self._points = PointColumns()
        self._logged: set[str] = set()  # names in the history
        self._params: dict[str, Any] = {}
        self._summary: dict[str, Any] = {}
        self._labels = Labels()
        self._exit_code: int | None = None
        self._started_s: float | None = None
        self._runtime_s: float | None = None
        self._last: tuple[int, float | None] = (0, None)  # step and time of the last record of the history
        self._origin: dict[str, object] = {}
        self._left_out: Counter[str] = Counter()
        self._media = MediaList()

    def read(self) -> ImportedRun:
        """Return the run.

        Raises:
            DamagedError: It is not a `.wandb` file.
        """
        log, intact, odd = RecordLog(self._path, _FILE_HEAD), 0, 0
        for record in log.records():
            intact += 1
            try:
                self._take(record)
            except (WireError, struct.error, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
                odd += 1
        note_damage(log, intact, odd, self._store)
        self._left_out["cut record"] += log.is_cut
        self._add_summary()
        project = self._origin.get("project")
        output = self._path.parent / "files" / "output.log"
        is_kept = output.is_file() and not output.is_symlink()
        if is_kept:
            self._left_out.pop("output", None)
        return ImportedRun(
            self._name,
            f"wandb:{self._path}#{self._id}",
            self._points,
            self._params,
            self._ending(),
            self._labels,
            +self._left_out,
            folder=str(project).strip("/") or None if project else None,
            origin=self._origin,
            key=f"wandb:{self._id}@{self._started_s or self._path}",
            output=output if is_kept else None,
            media=self._media,
        )

    def _ending(self) -> Ending:
        times = list(self._points.times_s())
        started_s = min(times, default=None) if self._started_s is None else self._started_s
        ended_s = max(times, default=None)
        if started_s is not None and self._runtime_s is not None:
            ended_s = started_s + self._runtime_s
        if self._exit_code is None:
            return Ending(RUNNING, {"kind": "unfinished"}, started_s, ended_s)
        if self._exit_code:
            return Ending(FAILED, {"kind": "exit", "status": self._exit_code}, started_s, ended_s)
        return Ending(SUCCEEDED, None, started_s, ended_s)

    def _take(self, record: bytes) -> None:
        for number, _, value in fields(record):
            if number == _HISTORY:
                self._take_history(inner(value))
            elif number == _SUMMARY:
                self._take_summary(inner(value))
            elif number == _CONFIG:
                self._take_config(inner(value))
            elif number == _STATISTICS:
                self._take_statistics(inner(value))
            elif number == _RUN:
                self._take_run(inner(value))
            elif number == _EXIT:
                self._take_exit(inner(value))
            elif number in _UNREAD:
                self._left_out[_UNREAD[number]] += 1

    def _take_exit(self, message: bytes) -> None:
        self._exit_code = 0
        for number, _, value in fields(message):
            if number == 1:
                self._exit_code = signed(value)
            elif number == 2 and signed(value) > 0:
                self._runtime_s = float(signed(value))

    def _take_run(self, message: bytes) -> None:
        for number, _, value in fields(message):
            if number == 1:
                self._id = text(value)
            elif number in (3, 6, 7, 12) and value:
                self._origin[{3: "project", 6: "group", 7: "job_type", 12: "sweep"}[number]] = text(value)
            elif number == 4:
                self._take_config(inner(value))
            elif number == 5:
                self._take_summary(inner(value))
            elif number == 8 and value:
                self._name = text(value)
            elif number == 9:
                self._labels = self._labels._replace(note=text(value))
            elif number == 10 and text(value) not in self._labels.tags:
                self._labels = self._labels._replace(tags=(*self._labels.tags, text(value)))
            elif number == 17:
                self._started_s = timestamp_s(inner(value))

    def _take_config(self, message: bytes) -> None:
        for number, _, value in fields(message):
            if number == 1:
                keys, content = _item(inner(value))
                if keys and keys[0] != "_wandb":
                    _put(self._params, keys, content)

    def _take_summary(self, message: bytes) -> None:
        for number, _, value in fields(message):
            if number == 1:
                keys, content = _item(inner(value))
                _put(self._summary, keys, content)

    def _take_statistics(self, message: bytes) -> None:
        """Take the use of the machine: a point of type `system` per value; its step is the seconds since the start."""
        time_s, values = None, {}
        for number, _, value in fields(message):
            if number == 2:
                time_s = timestamp_s(inner(value))
            elif number == 3:
                keys, content = _item(inner(value))
                values[".".join(keys)] = content
        step = max(0, int((time_s or 0.0) - (self._started_s or time_s or 0.0)))
        for key, content in values.items():
            self._add(f"system/{key}", step, time_s, content)

    def _take_history(self, message: bytes) -> None:
        row: dict[str, Any] = {}
        step: int | None = None
        for number, _, value in fields(message):
            if number == 1:
                keys, content = _item(inner(value))
                _put(row, keys, content)
            elif number == 2:
                step = next((signed(item) for field, _, item in fields(inner(value)) if field == 1), 0)
        values = flattened(row)  # only now, because an image or a histogram may come in parts
        step = require_step(int(values.get("_step", step or 0)))
        time = values.get("_timestamp")
        time_s = float(time) if isinstance(time, (int, float)) else None
        self._last = (step, time_s)
        for key, content in values.items():
            if key.split(".")[0] not in _INTERNAL:
                self._logged.add(key)
                self._add(key, step, time_s, content)

    def _add(self, key: str, step: int, time_s: float | None, content: object) -> None:
        """Take a value; what a trial cannot hold is counted by kind."""
        number = number_of(content)
        if number is None:
            if not add_wandb_value(self._media, self._path.parent / "files", key, step, time_s, content):
                self._left_out[kind_of(content)] += 1
        else:
            self._points.append(Point(key, step, time_s, number))

    def _add_summary(self) -> None:
        """Keep what a script said about the whole run, unless it only repeats the history."""
        step, time_s = self._last
        for key, content in flattened(self._summary).items():
            if key.split(".")[0] not in _INTERNAL and key not in self._logged:
                self._add(f"summary/{key}", step, time_s, content)


def _item(message: bytes) -> tuple[list[str], Any]:
    """Return the key, as parts if nested, and the value of a history, summary or config item."""
    key, nested, content = "", [], None
    for number, _, value in fields(message):
        if number == 1:
            key = text(value)
        elif number == 2:
            nested.append(text(value))
        elif number in _TYPED:
            content = _TYPED[number](value)
    return nested or [key], content


def _put(tree: dict[str, Any], keys: list[str], content: object) -> None:
    """Set a value by its path, even below one that had no parts before."""
    for key in keys[:-1]:
        below = tree.get(key)
        if not isinstance(below, dict):
            below = tree[key] = {}
        tree = below
    tree[keys[-1]] = content
