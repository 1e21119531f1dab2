"""Turns records into columns of numbers by metrics type, with every number that the totals count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aimd_core.format.journal import Damage, read_records
from aimd_core.format.values import float_of, step_of, time_of
from aimd_core.reading.series import split_type
from aimd_server.columns.rendering import AXES, EPOCH, STEP, TIME
from aimd_server.columns.rollups import Floats


class Column:
    """A metric: the rows of its table that have a number, and these numbers."""

    __slots__ = ("rows", "values")

    def __init__(self, rows: list[int], values: list[float]) -> None:
        self.rows = rows
        self.values = values


class Table:
    """The points of a metrics type (`split_type`), one row each.

    Attributes:
        axes: Step, epoch and time of each row, or NaN.
        columns: By metric.
    """

    __slots__ = ("axes", "columns")

    def __init__(self) -> None:
        self.axes: dict[str, list[float]] = {name: [] for name in AXES}
        self.columns: dict[str, Column] = {}

    def add(self, values: dict[str, Any], sequence: dict[str, Any], prefix: str = "") -> None:
        """Add a record, with what precedes the names of its metrics."""
        row = len(self.axes[STEP])
        step = step_of(sequence.get("step"))
        self.axes[STEP].append(math.nan if step is None else float(step))
        self.axes[EPOCH].append(_number(sequence.get("epoch")))
        self.axes[TIME].append(time_of(sequence.get("timestamp")))
        for name, value in values.items():
            if isinstance(value, (int, float)):
                column = self.columns.get(prefix + name)
                if column is None:
                    column = self.columns[prefix + name] = Column([], [])
                column.rows.append(row)
                column.values.append(float_of(value))

    def points(self, name: str, axis: str) -> tuple[Floats, Floats]:
        """Return x and value of each point of a metric."""
        column = self.columns.get(name)
        if column is None:
            return np.empty(0), np.empty(0)
        return np.array(self.axes[axis])[column.rows], np.array(column.values)


def _number(value: object) -> float:
    return float_of(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def tables_of(lines: bytes) -> dict[str, Table]:
    """Return the tables of journal lines, by metrics type."""
    tables: dict[str, Table] = {}
    for record in read_records((line + b"\n" for line in lines.split(b"\n") if line), Damage()):
        ((metrics_type, body),) = record.items()
        first, prefix = split_type(metrics_type)
        tables.setdefault(first, Table()).add(body["value"], body["sequence"], prefix)
    return tables
