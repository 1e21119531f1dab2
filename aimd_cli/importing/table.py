"""Reads CSV tables of points: long and wide ones of `aimd trial export`, and others with one column per metric."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from aimd_cli.importing.contents import utc_seconds
from aimd_cli.importing.points import Point, PointColumns
from aimd_cli.importing.run import ImportedRun, Store
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.journal import open_regular
from aimd_core.format.model import is_alternative_name, split_alternative_name
from aimd_core.format.values import require_step
from aimd_core.language import said

_BESIDE = ("trial", "step", "epoch", "timestamp", "")  # columns that are not metrics; pandas' index has no name
_TRUTHS = {"true": 1.0, "false": 0.0}
_STEPS = ("step", "global_step", "Step", "iteration")


def read_table(path: Path) -> Store:
    """Return a run for each value in the column `trial`, or one of the file's name.

    Long tables have the columns `metric` and `value`; in others, every column but `trial`, `step`, `epoch` and
    `timestamp` is a metric, unless it has no name. Without a step, rows count from 0. Times are UTC unless they say
    otherwise.

    Raises:
        NotFoundError: There is no such file.
        DamagedError: It is not a table, or a value is not a number; the error names the line.
    """
    points: dict[str, PointColumns] = {}
    file = path.resolve()
    try:
        with open_regular(file) as opened, io.TextIOWrapper(opened, encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            reader.fieldnames = _told_apart(reader.fieldnames or ())
            for number, row in enumerate(reader):
                try:
                    points.setdefault(row.get("trial") or path.stem, PointColumns()).extend(_points(row, number))
                except (ValueError, TypeError, AttributeError, OverflowError) as error:
                    raise DamagedError(
                        path=path, reason=said("line {line_num}: {error}", line_num=reader.line_num, error=error)
                    ) from error
    except FileNotFoundError:
        raise NotFoundError(message=said("{path} does not exist", path=path), hint="Name a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedError(path=path, reason=said("is not a CSV table ({error})", error=error)) from error
    return Store(
        lambda _: (ImportedRun(_trial_name(name), f"csv:{file}#{name}", listed) for name, listed in points.items())
    )


def _told_apart(names: Iterable[str]) -> list[str]:
    """Return names of columns in which a second one of a name is `name.1`, as pandas has it, so that none is lost."""
    told: list[str] = []
    for name in names:
        others = (f"{name}.{number}" for number in count(1))
        is_new = name not in told or name in _BESIDE[-1:]
        told.append(name if is_new else next(other for other in others if other not in told))
    return told


def _trial_name(name: str) -> str:
    return split_alternative_name(name)[0] if is_alternative_name(name) else name


def _points(row: dict[str, str], number: int) -> Iterator[Point]:
    step_column = next((name for name in _STEPS if row.get(name)), None)
    step = number if step_column is None else _whole(row[step_column])
    epoch = _whole(row["epoch"]) if row.get("epoch") else None
    time_s = _seconds(row.get("timestamp"))
    if "metric" in row and "value" in row:
        yield Point(row["metric"], step, time_s, _number(row["value"]), epoch)
        return
    for key, value in row.items():
        if key not in _BESIDE and key != step_column and value:
            yield Point(key, step, time_s, _number(value), epoch)


def _number(text: str) -> float:
    """Return a number; pandas and Polars write what is true or false as words."""
    truth = _TRUTHS.get(text.lower())
    return float(text) if truth is None else truth


def _whole(text: str) -> int:
    """Return an integer, which some tools write as a float.

    Raises:
        ValueError: It is not an integer, or has more than 64 bits.
    """
    try:
        number = int(text)
    except ValueError:
        given = float(text)
        if not given.is_integer():
            raise ValueError(said("{text!r} is not a whole number", text=text)) from None
        number = int(given)
    return require_step(number)


def _seconds(time: str | None) -> float | None:
    if not time:
        return None
    try:
        return float(time)
    except ValueError:
        seconds = utc_seconds(time)
        if seconds is None:
            raise ValueError(said("{text!r} is not a time", text=time)) from None
        return seconds
