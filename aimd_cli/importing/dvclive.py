"""Reads what DVCLive writes: a directory with metrics.json, params.yaml and plots/metrics/**/*.tsv.

Source: the layout of DVCLive 2 and 3. It keeps no times unless asked to, and not how a run ended.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aimd_cli.importing.contents import Values, flattened, number_of, read_json
from aimd_cli.importing.points import PointColumns
from aimd_cli.importing.run import ImportedRun, Store
from aimd_core.errors import NotFoundError
from aimd_core.format.documents import read_mapping
from aimd_core.format.journal import open_regular
from aimd_core.language import said

_METRICS, _PARAMS, _PLOTS = "metrics.json", "params.yaml", Path("plots", "metrics")
_KINDS = {"images": "image"}  # of other plots, by directory; those of scikit-learn and one's own are plots
_MAX_LINE_CHARS = 1 << 16
_USUAL_NAME = "dvclive"


def read_dvclive(path: Path) -> Store:
    """Return the runs below a directory.

    Raises:
        NotFoundError: There are none.
    """
    root = path.resolve()
    listing = Store()
    directories: dict[Path, list[Path]] = {}
    for file in listing.walk(root, lambda name: name == _METRICS or name.endswith(".tsv")):
        if file.name == _METRICS and (file.parent / _PLOTS).is_dir():
            directories.setdefault(file.parent, [])
        for parent in file.parents:
            if file.suffix == ".tsv" and parent.parts[-2:] == _PLOTS.parts:
                directories.setdefault(parent.parent.parent, []).append(file)
                break
    if not directories and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no DVCLive runs", path=path),
            hint="They are directories with metrics.json and plots/metrics",
        )

    def read(store: Store) -> Iterator[ImportedRun]:
        store.faults += listing.faults
        for directory, tables in directories.items():
            yield _read_run(directory, tables, store)

    return Store(read)


def _read_run(directory: Path, tables: list[Path], store: Store) -> ImportedRun:
    values = Values()
    logged = set()
    for table in tables:
        key = table.relative_to(directory / _PLOTS).as_posix().removesuffix(".tsv")
        logged.add(key)
        store.attempt(_read_table, table, key, values, store)
    summary = (store.attempt(read_json, directory / _METRICS) or {}) if (directory / _METRICS).exists() else {}
    params = (store.attempt(read_mapping, directory / _PARAMS) or {}) if (directory / _PARAMS).exists() else {}
    points = values.points.in_order_of_step()
    last = _last_step(points, summary)
    for key, content in flattened(summary).items():
        if key != "step" and key.replace(".", "/") not in logged and key not in logged:
            values.add(f"summary/{key}", last, None, content)
    points.extend(values.points[len(points) :])
    name = directory.name if directory.name != _USUAL_NAME else directory.parent.name
    return ImportedRun(
        name or _USUAL_NAME,
        f"dvclive:{directory}",
        points,
        params,
        left_out=+(values.left_out + _plots(directory)),
        key=_key(directory, points),
    )


def _last_step(points: PointColumns, summary: dict[str, Any]) -> int:
    step = summary.get("step")
    if isinstance(step, int) and abs(step) < 1 << 62:
        return step
    return max((point.step for point in points), default=0)


def _read_table(path: Path, key: str, values: Values, store: Store) -> None:
    """Take the points of a metric; a last line without its end may be cut, so it is not a point."""
    odd = []
    with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="") as lines:
        header = _fields(lines.readline(_MAX_LINE_CHARS))
        number = 1
        while line := lines.readline(_MAX_LINE_CHARS):
            number += 1
            if not line.endswith("\n"):
                values.left_out["cut record"] += 1
                break
            try:
                _take_row(dict(zip(header, _fields(line), strict=True)), key, values)
            except (ValueError, KeyError, OverflowError, csv.Error):
                odd.append(number)
    if odd:
        shown = ", ".join(map(str, odd[:5])) + (", ..." if len(odd) > 5 else "")
        store.note(path, said("skipped lines that are not points: {numbers}", numbers=shown))


def _fields(line: str) -> list[str]:
    return next(csv.reader([line], delimiter="\t"), [])


def _take_row(row: dict[str, str], key: str, values: Values) -> None:
    step = int(row.pop("step"))
    time_ms = row.pop("timestamp", None)
    (text,) = row.values()
    time_s = None if time_ms is None else int(time_ms) / 1000
    values.add(key, step, time_s, _number(text))


def _number(text: str) -> object:
    """Return the number in a field; a field may hold text, too."""
    if text in ("True", "False"):
        return text == "True"
    try:
        return float(text)
    except ValueError:
        return text if number_of(text) is None else f"'{text}"


def _plots(directory: Path) -> Counter[str]:
    """Count the plots that are not numbers."""
    counts: Counter[str] = Counter()
    for file in Store().walk(directory / "plots", lambda _: True):
        kind = file.relative_to(directory / "plots").parts[0]
        if kind != "metrics":
            counts[_KINDS.get(kind, "plot")] += 1
    counts["artifact"] = sum(1 for _ in Store().walk(directory / "artifacts", lambda _: True))
    return counts


def _key(directory: Path, points: PointColumns) -> str:
    """Return what stays the same of a run elsewhere: the time of its first points, or else only its directory."""
    first_s = min(points.times_s(), default=None)
    if first_s is None:
        return f"dvclive:{directory}"
    names = hashlib.sha256("\0".join(sorted(points.keys())[:1]).encode("utf-8", "surrogateescape")).hexdigest()
    return f"dvclive:{first_s}#{names[:16]}"
