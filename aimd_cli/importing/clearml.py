"""Reads the offline sessions of ClearML: a zip archive, or the directory that it was made of.

Source: what ClearML 1.10 to 2.1 writes: task.json, metrics.jsonl and log.jsonl, whose lines are lists of events.
Nothing is unpacked: members are read by these names, so where an archive says that they go does not matter.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from aimd_cli.importing.contents import Values, milliseconds_s, parse_json, read_within_limits
from aimd_cli.importing.plain import put_nested
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.format.values import mapping_of
from aimd_core.language import said

_TASK, _METRICS, _LOG = "task.json", "metrics.jsonl", "log.jsonl"
_MAX_LINE_BYTES = 64 << 20
_MAX_OUTPUT_BYTES = 64 << 20
_SINGLE_VALUE_STEP = -(2**31)  # of a value of the whole run
_KINDS = {"stats": "histogram", "vector": "histogram", "image": "image", "plot": "plot", "scalar": "scalar"}
_ENDED = {"completed": SUCCEEDED, "published": SUCCEEDED, "closed": SUCCEEDED, "failed": FAILED}
_CASTS: dict[str, Callable[[str], object]] = {"int": int, "float": float, "bool": lambda text: text == "True"}
_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, UnicodeDecodeError)


def read_clearml(path: Path) -> Store:
    """Return the session in an archive, or the sessions below a directory.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    files = [root] if root.is_file() else list(listing.walk(root, lambda name: name == _TASK or name.endswith(".zip")))
    archives = {file.with_suffix("") for file in files if file.suffix == ".zip"}
    files = [file for file in files if file.parent not in archives]  # an archive's directory says the same
    if not files and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no offline sessions of ClearML", path=path),
            hint="They are ~/.clearml/cache/offline/offline-*.zip",
        )

    return Store.of_each(files, _read_session, listing)


class _Session:
    """The files of a session, in an archive or a directory."""

    def __init__(self, path: Path, archive: zipfile.ZipFile | None) -> None:
        self.path = path
        self._archive = archive

    def others(self) -> int:
        """Return how many other files there are."""
        if self._archive is not None:
            names = {item.filename for item in self._archive.infolist() if not item.is_dir()}
        else:
            directory = self.path.parent
            names = {file.relative_to(directory).as_posix() for file in Store().walk(directory, lambda _: True)}
        return len(names - {_TASK, _METRICS, _LOG})

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes] | None]:
        """Provide a file, or None if there is none.

        Raises:
            DamagedError: It is not a regular file, or cannot be unpacked.
        """
        try:
            if self._archive is None:
                with open_regular(self.path.parent / name) as file:
                    yield file
            else:
                with self._archive.open(name) as member:
                    yield member
        except (FileNotFoundError, KeyError):
            yield None


def _read_session(path: Path, store: Store) -> ImportedRun:
    if path.suffix != ".zip":
        return _read(_Session(path, None), store)
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            return _read(_Session(path, archive), store)
    except _BAD_ARCHIVE as error:
        raise DamagedError(
            path=path, reason=said("is not a zip archive that can be read ({error})", error=error)
        ) from error


def _read(session: _Session, store: Store) -> ImportedRun:
    with session.open(_TASK) as file:
        if file is None:
            raise DamagedError(path=session.path, reason="holds no task.json")
        content = read_within_limits(file, session.path)
    task = parse_json(content, session.path)
    values, output = Values(), bytearray()
    times: list[float] = []
    single: list[tuple[str, float | None, object]] = []
    for event in _events(session, _METRICS, store):
        time_s = milliseconds_s(event.get("timestamp"))
        times += [time_s] if time_s is not None else []
        _take(event, time_s, values, single)
    last = max((point.step for point in values.points), default=0)
    for key, time_s, value in single:
        values.add(f"summary/{key}", last, time_s, value)
    for event in _events(session, _LOG, store):
        if len(output) < _MAX_OUTPUT_BYTES:
            output += str(event.get("msg", "")).encode("utf-8", "replace") + b"\n"
    task_id = str(task.get("id") or session.path.stem)
    project = str(task.get("project_name") or "").strip("/")
    values.left_out["file"] += session.others()
    values.left_out["configuration"] += len(mapping_of(task.get("configuration")))
    script = mapping_of(task.get("script"))
    origin = {
        "project": project,
        "type": task.get("type"),
        "parent": task.get("parent"),
        "entrypoint": script.get("entry_point"),
        "commit": script.get("version_num"),
    }
    tags = task.get("tags")
    return ImportedRun(
        str(task.get("name") or task_id),
        f"clearml:{session.path}#{task_id}",
        values.points,
        _params(mapping_of(task.get("hyperparams"))),
        _ending(task, session.path, times),
        Labels(tuple(sorted(map(str, tags))) if isinstance(tags, list) else (), str(task.get("comment") or "")),
        +values.left_out,
        folder=project or None,
        origin={key: value for key, value in origin.items() if value},
        key=f"clearml:{task_id}",
        output=bytes(output) or None,
    )


def _take(
    event: dict[str, Any], time_s: float | None, values: Values, single: list[tuple[str, float | None, object]]
) -> None:
    kind = str(event.get("type", "")).removeprefix("training_stats_").removeprefix("training_")
    if kind != "scalar":
        values.left_out[_KINDS.get(kind.partition("_")[0], kind or "other")] += 1
        return
    title, series, step = str(event.get("metric")), str(event.get("variant")), event.get("iter")
    if step == _SINGLE_VALUE_STEP:
        single.append((series, time_s, event.get("value")))
        return
    try:
        values.add(title if title == series else f"{title}/{series}", step, time_s, event.get("value"))
    except ValueError:
        values.left_out["stepless value"] += 1


def _events(session: _Session, name: str, store: Store) -> Iterator[dict[str, Any]]:
    """Yield the events of a file, and note lines that are none."""
    odd, number = [], 0
    with session.open(name) as file:
        while file is not None and (line := file.readline(_MAX_LINE_BYTES)):
            number += 1
            try:
                events = json.loads(line)
            except (ValueError, RecursionError):
                events = None
            if isinstance(events, list):
                yield from (event for event in events if isinstance(event, dict))
            else:
                odd.append(number)
            if len(line) == _MAX_LINE_BYTES:
                break
    if odd:
        shown = ", ".join(map(str, odd[:5])) + (", ..." if len(odd) > 5 else "")
        store.note(session.path, said("{name}: skipped lines that are not events: {numbers}", name=name, numbers=shown))


def _params(sections: dict[str, Any]) -> dict[str, object]:
    """Return the parameters by section. ClearML keeps each as text and its type; nested ones have slashes."""
    params: dict[str, object] = {}
    for section, entries in sections.items():
        for name, entry in mapping_of(entries).items():
            put_nested(params, f"{section}/{name}".split("/"), _parameter(mapping_of(entry)))
    return params


def _parameter(entry: dict[str, Any]) -> object:
    text = entry.get("value")
    if not isinstance(text, str):
        return text
    kind = str(entry.get("type") or "str")
    try:
        if kind.startswith(("list", "dict", "tuple")):
            return json.loads(text)
        return _CASTS.get(kind, str)(text)
    except (ValueError, RecursionError):
        return text


def _ending(task: dict[str, Any], path: Path, times: list[float]) -> Ending:
    """Return how a session ended: closing it makes the archive, so a directory without one was not closed."""
    started_s, ended_s = min(times, default=None), max(times, default=None)
    status = task.get("status")
    if status in _ENDED:
        return Ending(_ENDED[status], None, started_s, ended_s)
    directory = path.parent
    is_open = path.suffix != ".zip" and task.get("offline_folder") == str(directory)
    if status is None and not is_open:
        return Ending(SUCCEEDED, None, started_s, ended_s)
    kind = "signal" if status == "stopped" else "unfinished"
    return Ending(RUNNING, {"kind": kind}, started_s, ended_s)
