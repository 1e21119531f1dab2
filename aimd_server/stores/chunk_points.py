"""Reads the points of column chunks that count, in the order of an axis.

Rollups are not enough for a series that went back to an earlier step: where its `segments` file says so, points are
superseded, and otherwise they lie among earlier ones. Its columns are read whole, many chunks at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, bindparam, select

from aimd_core.format.segments import SYSTEM_TYPE, Segments
from aimd_server.columns.codec import decode
from aimd_server.columns.rendering import STEP, TIME
from aimd_server.columns.rollups import Floats, Rollups, between, in_order, joined, of_points, thinned
from aimd_server.columns.spans import unpacked_rows
from aimd_server.columns.table import tables_of
from aimd_server.stores import chunks, journals, sealed
from aimd_server.stores.chunks import KIND_OF, METRIC
from aimd_server.stores.schema import series_chunk

Key = tuple[int, str]  # a series and one of its metrics
SECOND_US = 1e6
_AT_ONCE = 256  # chunks in memory
_ROLLUPS_A_BUCKET = 16  # of what is kept of each so many chunks

_metric, _axis, _step = (series_chunk.alias(name) for name in ("metric", "axis", "step"))
_POINTS = (
    select(_metric.c.first, _metric.c.places, _metric.c.data, _axis.c.data.label("x"), _step.c.data.label("step"))
    .join(_axis, (_axis.c.series_id == _metric.c.series_id) & (_axis.c.first == _metric.c.first))
    .join(_step, (_step.c.series_id == _metric.c.series_id) & (_step.c.first == _metric.c.first))
    .where(
        _metric.c.series_id == bindparam("of_series"),
        _metric.c.kind == METRIC,
        _metric.c.name == bindparam("of_name"),
        _metric.c.first >= bindparam("from_first"),
        _metric.c.first <= bindparam("to_first"),
        _axis.c.kind == bindparam("axis_kind"),
        _axis.c.name == "",
        _step.c.kind == KIND_OF[STEP],
        _step.c.name == "",
    )
    .order_by(_metric.c.first)
)


class View(NamedTuple):
    """What is requested of a series: the axis, the number of buckets, and the ends of a range."""

    axis: str
    points: int
    least: float | None
    greatest: float | None

    @property
    def scale(self) -> float:
        """The divisor of the numbers of the axis."""
        return SECOND_US if self.axis == TIME else 1.0


class History(NamedTuple):
    """Where a series went back: its type, its journal, and what of it is superseded."""

    type: str
    journal_id: int
    segments: Segments


def points(connection: Connection, key: Key, rows: Sequence[Any], view: View, history: History | None) -> Rollups:
    """Return the points of chunks that count, as rollups of one while they are few.

    Args:
        connection: The database.
        key: The series and the metric.
        rows: The metric's chunks: `first` and `offset` of each.
        view: What is requested.
        history: Where the series went back, if it did.
    """
    spans = _Spans(connection, key[1], history) if history is not None else None
    parts = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        read = [part if spans is None else spans.counting(part) for part in _read(connection, key, some, view)]
        x, values = (np.concatenate([getattr(part, name) for part in read]) for name in ("x", "values"))
        parts.append(thinned(in_order(of_range(x, values, view)), _ROLLUPS_A_BUCKET * view.points))
    return joined(parts)


def of_range(x: Floats, values: Floats, view: View) -> Rollups:
    """Return points in the range as rollups of one."""
    if view.least is None and view.greatest is None:
        return of_points(x, values)
    inside = between(x, view.least, view.greatest)
    return of_points(x[inside], values[inside])


class _Part(NamedTuple):
    """The points of a chunk: where its span begins, and x, step and value of each."""

    offset: int
    x: Floats
    steps: Floats
    values: Floats
    axis: str


def _read(connection: Connection, key: Key, rows: Sequence[Any], view: View) -> Iterator[_Part]:
    offsets = {row.first: row.offset for row in rows}
    ends = {"from_first": rows[0].first, "to_first": rows[-1].first}
    values = {"of_series": key[0], "of_name": key[1], "axis_kind": KIND_OF[view.axis], **ends}
    stored = [row for row in connection.execute(_POINTS, values) if row.first in offsets]
    contents = sealed.opened(connection, [data for row in stored for data in (row.x, row.step, row.data)])
    for row, x_data, step_data, data in zip(stored, contents[::3], contents[1::3], contents[2::3], strict=True):
        x, steps, places = decode(x_data), decode(step_data), unpacked_rows(row.places)
        if places is not None:
            x, steps = x[places], steps[places]
        yield _Part(offsets[row.first], x / view.scale, steps, decode(data), view.axis)


class _Spans:
    """The spans of a journal that may have superseded lines."""

    def __init__(self, connection: Connection, name: str, history: History) -> None:
        self._connection = connection
        self._name = name
        self._history = history
        self._were_read: set[int] = set()
        self._sizes = chunks.span_sizes(connection, history.journal_id, history.segments.reach)

    def counting(self, part: _Part) -> _Part:
        """Return what counts of the points of a chunk."""
        if part.offset not in self._sizes:
            return part
        end = part.offset + self._sizes[part.offset]
        limits = self._history.segments.limits_within(part.offset, end)
        is_system = self._history.type == SYSTEM_TYPE
        if len(limits) > 1 or (is_system and "." in self._name):  # which type wrote `x.y` of `system` is unknown
            return self._read_lines(part, end)
        if limits[0] is None or is_system:
            return part
        counts = ~(part.steps >= limits[0])  # also without a step
        return part._replace(x=part.x[counts], steps=part.steps[counts], values=part.values[counts])

    def _read_lines(self, part: _Part, end: int) -> _Part:
        if part.offset in self._were_read:  # the lines of a span make several chunks if types spell a metric alike
            return part._replace(x=np.empty(0), steps=np.empty(0), values=np.empty(0))
        self._were_read.add(part.offset)
        lines = journals.read(self._connection, self._history.journal_id, part.offset, end)
        name = f"{self._history.type}.{self._name}"
        table = tables_of(self._history.segments.mask(lines, part.offset), [name]).get(self._history.type)
        if table is None:
            return part._replace(x=np.empty(0), steps=np.empty(0), values=np.empty(0))
        x, values = table.points(self._name, part.axis)
        return part._replace(x=x, steps=np.empty(0), values=values)
