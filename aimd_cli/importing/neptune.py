"""Reads what Neptune Exporter saves: a directory a project, with Parquet files RUN_part_N.parquet.

Source: the schema of neptune-exporter, for Neptune 2 and 3. A row is an attribute, or a point of a series.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import Values
from aimd_cli.importing.plain import put_nested
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_core.errors import DamagedError, MissingExtraError, NotFoundError
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.language import said

_PART = re.compile(r"(.+)_part_([0-9]+)\.parquet")
_VALUES = {
    "float": "float_value",
    "int": "int_value",
    "string": "string_value",
    "bool": "bool_value",
    "datetime": "datetime_value",
    "string_set": "string_set_value",
}
_COLUMNS = ["project_id", "run_id", "attribute_path", "attribute_type", "step", "timestamp", *_VALUES.values()]
_COUNTED = {"string_series": "text", "histogram_series": "histogram", "file": "file", "file_series": "file"}
_ORIGINS = {
    "sys/custom_run_id": "custom_run_id",
    "sys/forking/parent": "parent",
    "sys/forking/step": "from_step",
    "sys/owner": "user",
    "sys/hostname": "host",
    "sys/group_tags": "group_tags",
}
_BATCH_ROWS = 1 << 15


def read_neptune(path: Path) -> Store:
    """Return the runs below a directory; those of models are left alone.

    Raises:
        NotFoundError: There are none.
        MissingExtraError: pyarrow is not installed.
    """
    root = path.resolve()
    listing = Store()
    directory = root if root.is_dir() else root.parent
    parts: dict[tuple[Path, str], list[tuple[int, Path]]] = {}
    for file in listing.walk(directory, lambda name: _PART.fullmatch(name) is not None):
        match = _PART.fullmatch(file.name)
        if match and file.parent.name not in ("models", "model_versions"):
            parts.setdefault((file.parent, match[1]), []).append((int(match[2]), file))
    if not parts and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds nothing that Neptune Exporter saved", path=path),
            hint="It saves exports/data/PROJECT/RUN_part_0.parquet",
        )
    try:
        import pyarrow.parquet  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError(library="pyarrow", extra="parquet") from None

    def read(store: Store) -> Iterator[ImportedRun]:
        store.faults += listing.faults
        for (where, name), numbered in sorted(parts.items()):
            files = [file for _, file in sorted(numbered)]
            if sorted(numbered)[0][0] != 0:
                store.note(files[0], "is a part of a run whose export did not finish: there is no part 0")
                continue
            run = store.attempt(_read_run, where / name, files, store)
            if run is not None:
                yield run

    return Store(read)


def _read_run(name: Path, files: list[Path], store: Store) -> ImportedRun:
    return _Attributes(name).read(files, store)


class _Attributes:
    """The attributes of a run."""

    def __init__(self, name: Path) -> None:
        self._name = name
        self._project = self._run_id = ""
        self._single: dict[str, object] = {}
        self._values = Values()
        self._counted: Counter[str] = Counter()

    def read(self, files: list[Path], store: Store) -> ImportedRun:
        """Return the run.

        Raises:
            DamagedError: None of the files can be read.
        """
        for file in files:
            store.attempt(self._read_part, file)
        if not self._run_id:
            raise DamagedError(path=files[0], reason="holds no run")
        points = self._values.points.in_order_of_time()
        single = self._single
        origin = {"project": self._project, **{key: single.get(path) for path, key in _ORIGINS.items()}}
        params: dict[str, object] = {}
        for path, value in single.items():
            if not path.startswith("sys/"):
                put_nested(params, path.split("/"), value)
        tags = single.get("sys/tags")
        return ImportedRun(
            str(single.get("sys/name") or single.get("sys/custom_run_id") or self._run_id),
            f"neptune:{self._name}#{self._run_id}",
            points,
            params,
            self._ending(),
            Labels(tuple(map(str, tags)) if isinstance(tags, list) else (), str(single.get("sys/description") or "")),
            +(self._values.left_out + self._counted),
            folder=self._project.strip("/") or None,
            origin={key: value for key, value in origin.items() if value},
            key=f"neptune:{self._project}#{self._run_id}",
        )

    def _ending(self) -> Ending:
        """Return how the run ended. Neptune's own words are `sys/failed`, and `sys/state` while a run is active."""
        times = list(self._values.points.times_s())
        started_s = _seconds(self._single.get("sys/creation_time"))
        ended_s = _seconds(self._single.get("sys/ping_time")) or max(times, default=None)
        if self._single.get("sys/failed") is True:
            return Ending(FAILED, None, started_s, ended_s)
        if str(self._single.get("sys/state")).lower() in ("active", "running"):
            return Ending(RUNNING, {"kind": "unfinished"}, started_s, ended_s)
        return Ending(SUCCEEDED, None, started_s, ended_s)

    def _read_part(self, path: Path) -> bool:
        from pyarrow import ArrowException, parquet

        try:
            with open_regular(path) as opened, parquet.ParquetFile(opened) as file:
                missing = [name for name in _COLUMNS if name not in file.schema_arrow.names]
                if missing:
                    raise DamagedError(path=path, reason=said("has no column {names}", names=", ".join(missing)))
                for batch in file.iter_batches(_BATCH_ROWS, columns=_COLUMNS):
                    for row in batch.to_pylist():
                        self._take(row)
        except (ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            raise DamagedError(path=path, reason=said("cannot be read as Parquet ({error})", error=error)) from error
        return True

    def _take(self, row: dict[str, Any]) -> None:
        self._project, self._run_id = str(row["project_id"]), str(row["run_id"])
        path, kind = str(row["attribute_path"]), row["attribute_type"]
        if kind == "float_series":
            self._take_point(path, row)
        elif kind in _VALUES:
            self._single[path] = row[_VALUES[kind]]
        else:
            self._counted[_COUNTED.get(kind, str(kind))] += 1

    def _take_point(self, path: str, row: dict[str, Any]) -> None:
        step, value = row["step"], row["float_value"]
        time = row["timestamp"]
        if step is None or value is None or step != int(step):
            self._counted["fractional step" if step is not None and value is not None else "empty value"] += 1
            return
        self._values.add(path, int(step), None if time is None else time.timestamp(), value)


def _seconds(time: object) -> float | None:
    return float(time.timestamp()) if hasattr(time, "timestamp") else None
