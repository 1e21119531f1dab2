"""Turns records into columns of numbers by metrics type, with every number that the totals count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from aimd_core.format.journal import Damage, read_records
from aimd_core.format.values import float_of, step_of, time_of
from aimd_server.columns.rendering import AXES, AXIS_OF, EPOCH, STEP, TIME, times_of
from aimd_server.columns.rollups import Floats
from aimd_server.columns.uniform import read_uniform

Metric = tuple[str, str]  # type and name


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
        self.axes[TIME].append(time_of(sequence.get("timestamp")))
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
    return float_of(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def tables_of(lines: bytes) -> dict[str, Table]:
    """Return the tables of complete journal lines, by metrics type."""
    found: dict[str, Table] = {}
    for record in read_records((line + b"\n" for line in lines.split(b"\n") if line), Damage()):
        ((metrics_type, body),) = record.items()
        found.setdefault(metrics_type, Table()).add(body["value"], body["sequence"])
    return found


def columns_of(lines: bytes, metrics: Sequence[Metric], axis: str) -> dict[Metric, tuple[Floats, Floats]]:
    """Return x and value of each point in complete journal lines, of those of the metrics that are in them."""
    columns = _uniform_columns(lines, metrics, axis)
    if columns is not None:
        return columns
    tables = tables_of(lines)
    return {(type, name): tables[type].points(name, axis) for type, name in metrics if type in tables}


def _uniform_columns(lines: bytes, metrics: Sequence[Metric], axis: str) -> dict[Metric, tuple[Floats, Floats]] | None:
    """Return the same of lines of one form, an order of magnitude faster; None of any others."""
    uniform = read_uniform(lines)
    place = next(name for name, known in AXIS_OF.items() if known == axis)
    if uniform is None or place not in uniform.places:
        return None
    try:
        x = _axis_of(uniform.columns[len(uniform.values) + uniform.places.index(place)], axis)
        positions = [
            (type, name, uniform.values.index(name))
            for type, name in metrics
            if type == uniform.type and name in uniform.values
        ]
        numbers = {(type, name): np.array(uniform.columns[at], np.float64) for type, name, at in positions}
    except (OverflowError, TypeError, ValueError):  # whole numbers beyond all floats, or no numbers
        return None
    return None if x is None else {metric: (x, values) for metric, values in numbers.items()}


def _axis_of(column: list[Any], axis: str) -> Floats | None:
    """Return a column of `sequence` as numbers of an axis; None when it is to be read one by one."""
    if axis == TIME:
        times = times_of(column)
        return None if times is None else times[0] / 1e6
    if not isinstance(column[0], int):
        return None
    x = np.array(column, np.float64)
    return x if axis != STEP or bool(np.all(np.abs(x) < 1 << 63)) else None
