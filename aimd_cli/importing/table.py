"""Reads CSV tables of points: what `aimd trial export` writes, long and wide, and others with a column a metric."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from aimd_cli.importing.run import ImportedRun, Point
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.model import is_alternative_name, split_alternative_name
from aimd_core.language import said

_PLACES = ("trial", "step", "epoch", "timestamp")
_STEPS = ("step", "global_step", "Step", "iteration")


def read_table(path: Path) -> list[ImportedRun]:
    """Return a run for each value in the column `trial`, or one of the file's name.

    Long tables have the columns `metric` and `value`; in others, every column but `trial`, `step`, `epoch` and
    `timestamp` is a metric. Without a step, rows count from 0.

    Raises:
        NotFoundError: There is no such file.
        DamagedError: A value is no number; the error names the line.
    """
    runs: dict[str, list[Point]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            for number, row in enumerate(reader):
                name = row.get("trial") or path.stem
                try:
                    runs.setdefault(name, []).extend(_points(row, number))
                except (ValueError, TypeError, AttributeError) as error:
                    raise DamagedError(
                        path=path, reason=said("line {line_num}: {error}", line_num=reader.line_num, error=error)
                    ) from error
    except FileNotFoundError:
        raise NotFoundError(message=said("{path} is not there", path=path), hint="Name a CSV file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DamagedError(path=path, reason=said("is no CSV table ({error})", error=error)) from error
    return [ImportedRun(_trial_name(name), f"csv:{path.absolute()}", points) for name, points in runs.items()]


def _trial_name(name: str) -> str:
    return split_alternative_name(name)[0] if is_alternative_name(name) else name


def _points(row: dict[str, str], number: int) -> Iterator[Point]:
    step_column = next((name for name in _STEPS if row.get(name)), None)
    step = number if step_column is None else int(float(row[step_column]))
    epoch = int(float(row["epoch"])) if row.get("epoch") else None
    time_s = _seconds(row.get("timestamp"))
    if "metric" in row and "value" in row:
        yield Point(row["metric"], step, time_s, float(row["value"]), epoch)
        return
    for key, value in row.items():
        if key not in _PLACES and key != step_column and value:
            yield Point(key, step, time_s, float(value), epoch)


def _seconds(time: str | None) -> float | None:
    if not time:
        return None
    try:
        return float(time)
    except ValueError:
        return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
