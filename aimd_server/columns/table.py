"""Turns records into columns of numbers by metrics type, with every number that the totals count."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np

from aimd_core.format.journal import Damage, read_records
from aimd_core.format.values import float_of, step_of
from aimd_server.columns.rendering import AXES, EPOCH, STEP, TIME
from aimd_server.columns.rollups import Floats


class Column:
    """A metric: the rows of its table that have a number, and these numbers."""

    __slots__ = ("rows", "values")

    def __init__(self, rows: list[int], values: list[float]) -> None:
        self.rows = rows
        self.values = values


class Table:
    """The points of a metrics type, one row each.

    Attributes:
        axes: Step, epoch and time of each row, or NaN.
        columns: By metric.
    """

    __slots__ = ("axes", "columns")

    def __init__(self) -> None:
        self.axes: dict[str, list[float]] = {name: [] for name in AXES}
        self.columns: dict[str, Column] = {}

    def add(self, values: dict[str, Any], sequence: dict[str, Any]) -> None:
        """Add a record."""
        row = len(self.axes[STEP])
        step = step_of(sequence.get("step"))
        self.axes[STEP].append(math.nan if step is None else float(step))
        self.axes[EPOCH].append(_number(sequence.get("epoch")))
        self.axes[TIME].append(seconds_of(sequence.get("timestamp")))
        for name, value in values.items():
            if isinstance(value, (int, float)):
                column = self.columns.get(name)
                if column is None:
                    column = self.columns[name] = Column([], [])
                column.rows.append(row)
                column.values.append(float_of(value))

    def points(self, name: str, axis: str) -> tuple[Floats, Floats]:
        """Return x and value of each point of a metric."""
        column = self.columns.get(name)
        if column is None:
            return np.empty(0), np.empty(0)
        return np.array(self.axes[axis])[column.rows], np.array(column.values)


def _number(value: object) -> float:
    return float_of(value) if isinstance(value, (int, float)) else math.nan


def seconds_of(text: object) -> float:
    """Return an ISO 8601 time in Unix seconds, or NaN; without an offset it is UTC."""
    if not isinstance(text, str):
        return math.nan
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (when if when.tzinfo else datetime.fromisoformat(f"{when.isoformat()}+00:00")).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def tables_of(lines: bytes) -> dict[str, Table]:
    """Return the tables of complete journal lines, by metrics type."""
    found: dict[str, Table] = {}
    for record in read_records((line + b"\n" for line in lines.split(b"\n")[:-1]), Damage()):
        ((metrics_type, body),) = record.items()
        found.setdefault(metrics_type, Table()).add(body["value"], body["sequence"])
    return found
