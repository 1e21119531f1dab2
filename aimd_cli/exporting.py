"""Streams points of trials as rows for other programs: long (one row per value) or wide (one row per step).

Also what else they recorded: one row per picture, table and the like, which names its bytes.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from aimd_cli.importing.points import UNKNOWN_TIME
from aimd_cli.text import clean_json
from aimd_core.errors import DiskError, InTheWayError, MissingExtraError
from aimd_core.format.files import PARTIAL
from aimd_core.format.journal import SEGMENTS_FILE, Damage
from aimd_core.format.layout import METRICS_FILE
from aimd_core.format.model import strict_json
from aimd_core.format.values import step_of
from aimd_core.language import said
from aimd_core.reading.series import all_records_of, metric_values, records_of
from aimd_core.sources.handles import TrialHandle
from aimd_core.sources.media import media_of

FORMATS = ("csv", "jsonl", "parquet")
_PLACE = ("trial", "step", "epoch", "timestamp")
LONG_COLUMNS = ("trial", "metric", "step", "epoch", "timestamp", "value")
MEDIA_COLUMNS = (
    *("trial", "key", "step", "index", "kind", "type", "digest", "size"),
    *("text", "histogram", "caption", "group", "timestamp"),
)
_SEGMENT = ("segment",)  # a column if superseded points are included
_BATCH_ROWS = 1 << 16
_LINE_END = "\r\n"  # both of its characters are quoted in names
_FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also as full-width characters
_TYPES = {
    **{"trial": "string", "metric": "string", "timestamp": "string"},
    **{"step": "int64", "epoch": "int64", "segment": "int64", "index": "int64", "size": "int64"},
    **dict.fromkeys(("key", "kind", "type", "digest", "text", "histogram", "caption", "group"), "string"),
}


class Points(NamedTuple):
    """Rows of points, which can be read once.

    Attributes:
        columns: The name of each column.
        rows: The rows, with None for missing values.
    """

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


Record = tuple["int | None", "dict[str, Any]"]  # its segment, if that was asked for, and the record itself


def _records(trial: TrialHandle, damage: Damage, all_segments: bool) -> Iterator[Record]:
    directory = trial.directory((METRICS_FILE, SEGMENTS_FILE))
    if all_segments:
        yield from all_records_of(directory, damage)
    else:
        yield from ((None, record) for record in records_of(directory, damage))


def _values(record: dict[str, Any], metrics: frozenset[str]) -> Iterator[tuple[str, float]]:
    """Yield metrics of a record as `type.name` and value, or all if none is named."""
    return ((metric, value) for metric, value in metric_values(record) if not metrics or metric in metrics)


def _place(record: dict[str, Any]) -> tuple[Any, Any, Any]:
    (body,) = record.values()
    sequence = body["sequence"]
    timestamp = sequence.get("timestamp")
    told = timestamp if isinstance(timestamp, str) and timestamp != UNKNOWN_TIME else None
    return step_of(sequence.get("step")), step_of(sequence.get("epoch")), told


def long_points(
    trials: Sequence[TrialHandle], metrics: Sequence[str], damage: Damage, all_segments: bool = False
) -> Points:
    """Return one row per value, in the order written.

    Args:
        trials: The trials.
        metrics: `type.name` each; none means all.
        damage: Notes what was left out.
        all_segments: Whether to include superseded points; then the last column is the number of the segment.
    """
    names = frozenset(metrics)

    def rows() -> Iterator[Sequence[Any]]:
        for trial in trials:
            for segment, record in _records(trial, damage, all_segments):
                position, more = _place(record), (segment,) * all_segments
                for metric, value in _values(record, names):
                    yield trial.alternative_name, metric, *position, value, *more

    return Points((*LONG_COLUMNS, *_SEGMENT[:all_segments]), rows())


def wide_points(
    trials: Sequence[TrialHandle], metrics: Sequence[str], damage: Damage, all_segments: bool = False
) -> Points:
    """Return one row per step with one column per metric. Arguments as for `long_points`.

    Consecutive records with the same step and epoch share a row, unless both have the same metric, so that no value is
    lost. The timestamp is that of the first. The journals are read twice, for the columns and for the rows.
    """
    names = frozenset(metrics)
    records = (record for trial in trials for _, record in _records(trial, Damage(), all_segments))
    columns = list(dict.fromkeys(name for record in records for name, _ in _values(record, names)))

    def rows() -> Iterator[Sequence[Any]]:
        for trial in trials:
            for segment, position, values in _steps(_records(trial, damage, all_segments), names):
                cells = (*position, *(segment,) * all_segments)
                yield trial.alternative_name, *cells, *(values.get(name) for name in columns)

    return Points([*_PLACE, *_SEGMENT[:all_segments], *columns], rows())


def _steps(
    records: Iterable[Record], metrics: frozenset[str]
) -> Iterator[tuple[int | None, tuple[Any, Any, Any], dict[str, float]]]:
    """Join the records of a step."""
    joined: tuple[int | None, tuple[Any, Any, Any], dict[str, float]] | None = None
    for segment, record in records:
        values, position = dict(_values(record, metrics)), _place(record)
        if not values:
            continue
        if joined is not None:
            is_same = (segment, position[:2]) == (joined[0], joined[1][:2])
            if is_same and not joined[2].keys() & values.keys():
                joined[2].update(values)
                continue
            yield joined
        joined = segment, position, values
    if joined is not None:
        yield joined


def media_rows(trials: Sequence[TrialHandle]) -> Points:
    """Return one row per picture, table and the like that counts: what it is, and where its bytes are, by digest."""

    def rows() -> Iterator[Sequence[Any]]:
        for trial in trials:
            for item in media_of(trial).items():
                record, stored = item.record, item.record.stored
                bytes_of = (None, None, None) if stored is None else (stored.type, stored.digest, stored.size_bytes)
                words = record.caption or None, record.group or None, record.timestamp or None
                histogram = None if record.histogram is None else json.dumps(item.document()["histogram"])
                first = trial.alternative_name, record.key, record.step, item.number, record.kind
                yield *first, *bytes_of, record.text, histogram, *words

    return Points(MEDIA_COLUMNS, rows())


def csv_lines(points: Points, escape_formulas: bool = False) -> Iterator[str]:
    """Yield points as CSV (RFC 4180), row by row, with numbers in full, and `NaN` and `Infinity` as in the journal.

    Args:
        points: The points.
        escape_formulas: Whether names that a spreadsheet would take for a formula get a `'` in front.
    """
    yield _csv_line(points.columns, escape_formulas)
    for row in points.rows:
        yield _csv_line(row, escape_formulas)


def _csv_line(fields: Sequence[object], escape_formulas: bool) -> str:
    line = io.StringIO()
    names = [f"'{field}" if escape_formulas and _is_formula(field) else field for field in fields]
    csv.writer(line, lineterminator=_LINE_END).writerow([strict_json(field) for field in names])
    return line.getvalue().removesuffix(_LINE_END)


def _is_formula(field: object) -> bool:
    """Tell whether a spreadsheet would evaluate a field instead of showing it."""
    return isinstance(field, str) and field.lstrip().startswith(_FORMULA_SIGNS)


def json_lines(points: Points) -> Iterator[str]:
    """Yield points as strict JSON, one object per line, with strings for non-finite numbers and without absent ones."""
    for row in points.rows:
        values = {name: value for name, value in zip(points.columns, row, strict=True) if value is not None}
        yield clean_json(json.dumps(strict_json(values), ensure_ascii=False))


def write_parquet(points: Points, file: IO[bytes]) -> int:
    """Write points as Parquet and return the number of rows.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtraError(library="pyarrow", extra="parquet") from None
    schema = pyarrow.schema([(name, _TYPES.get(name, "float64")) for name in points.columns])
    written = 0
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in _batches(points.rows):
            columns = [list(column) for column in zip(*batch, strict=True)]
            arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            written += len(batch)
    return written


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def write_lines(lines: Iterable[str], file: IO[bytes]) -> int:
    """Write lines as UTF-8 and return their number."""
    written = 0
    for written, line in enumerate(lines, start=1):  # noqa: B007 - the last number is the count
        file.write(line.encode("utf-8", "backslashreplace") + b"\n")
    return written


def write_file(path: Path, write: Callable[[IO[bytes]], int], force: bool) -> int:
    """Create a file completely or not at all, and return what `write` returns.

    Args:
        path: The file.
        write: Writes its content.
        force: Whether an existing file may be replaced.

    Raises:
        InTheWayError: The file exists, and `force` is False.
        DiskError: The disk failed or is full; nothing of the file is left.
    """
    if not force and os.path.lexists(path):
        raise _in_the_way(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with _removed_on_failure(temporary):
            with temporary.open("xb") as file:
                result = write(file)
                file.flush()
                os.fsync(file.fileno())
            _put_in_place(temporary, path, force)
    except OSError as error:
        raise DiskError(path=path, reason=said("cannot be written ({strerror})", strerror=error.strerror)) from error
    return result


def _in_the_way(path: Path) -> InTheWayError:
    return InTheWayError(path=path, hint=said("Name another file, or replace this one with --force"))


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _put_in_place(temporary: Path, path: Path, force: bool) -> None:
    if force:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)  # which, unlike a rename, never replaces a file
    except FileExistsError:
        raise _in_the_way(path) from None
    temporary.unlink()
