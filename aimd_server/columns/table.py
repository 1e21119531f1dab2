"""Turns records into columns of numbers by metrics type, with every number that the totals count."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from aimd_core.format.values import float_of, step_of, time_of
from aimd_core.reading.series import split_type
from aimd_server.columns.records import Sequence, decoder_of, groups_of, records_of
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
        columns: By metric.
    """

    __slots__ = ("_axes", "_raw", "columns")

    def __init__(self) -> None:
        self._raw: dict[str, list[Any]] = {name: [] for name in AXES}
        self._axes: dict[str, Floats] = {}
        self.columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self._raw[STEP])

    def add(self, values: dict[str, Any], sequence: Sequence, prefix: str = "") -> None:
        """Add a record, with what precedes the names of its metrics."""
        row = len(self)
        self._raw[STEP].append(sequence.step)
        self._raw[EPOCH].append(sequence.epoch)
        self._raw[TIME].append(sequence.timestamp)
        for name, value in values.items():
            if isinstance(value, (int, float)):
                column = self.columns.get(prefix + name)
                if column is None:
                    column = self.columns[prefix + name] = Column([], [])
                column.rows.append(row)
                column.values.append(float_of(value))

    def axis(self, name: str) -> Floats:
        """Return step, epoch or time (seconds) of each row, or NaN; of a table that is complete."""
        if name not in self._axes:
            self._axes[name] = np.array(list(map(_READ[name], self._raw[name])), np.float64)
        return self._axes[name]

    def points(self, name: str, axis: str) -> tuple[Floats, Floats]:
        """Return x and value of each point of a metric."""
        column = self.columns.get(name)
        if column is None:
            return np.empty(0), np.empty(0)
        return self.axis(axis)[column.rows], np.array(column.values)


def _step(step: object) -> float:
    number = step_of(step)
    return math.nan if number is None else float(number)


def _number(value: object) -> float:
    return float_of(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


_READ: dict[str, Callable[[object], float]] = {STEP: _step, EPOCH: _number, TIME: time_of}


def tables_of(lines: bytes, names: Collection[str] | None = None) -> dict[str, Table]:
    """Return the tables of journal lines, by metrics type.

    Args:
        lines: Complete lines, of which the last may lack its newline.
        names: Metrics as in lists, `type.name`, if others need not be in the tables.
    """
    decoder = decoder_of(names)
    tables: dict[str, Table] = {}
    for group in groups_of(lines):
        for metrics_type, values, sequence in records_of(group, decoder):
            first, prefix = split_type(metrics_type) if "." in metrics_type else (metrics_type, "")
            table = tables.get(first)
            if table is None:
                table = tables[first] = Table()
            table.add(values, sequence, prefix)
    return tables
