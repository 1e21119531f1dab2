"""Reads column chunks as rollups for a plot, and no more of a chunk than the plot needs.

That is the chunk's row if there are many chunks per bucket, else its rollups, else its numbers. A chunk that is only
partly in the requested range is always read whole. So are all chunks of a series that went back: see `chunk_points`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, and_, bindparam, func, select

from aimd_server.columns.codec import decode
from aimd_server.columns.rollups import Rollups, joined
from aimd_server.columns.spans import unpacked_rows
from aimd_server.stores import chunk_points, sealed
from aimd_server.stores.chunk_points import History, Key, View, of_range
from aimd_server.stores.chunks import KIND_OF, METRIC, ROLLED
from aimd_server.stores.schema import series_chunk

CHUNKS_A_BUCKET = 2  # from here on rows alone suffice
_HEADS_AT_ONCE, _ROLLUPS_AT_ONCE, _DATA_AT_ONCE = 20_000, 4096, 256  # chunks in memory at once

_metric, _axis = series_chunk.alias("metric"), series_chunk.alias("axis")
_FACTS = ("series_id", "name", "first", "offset", "rows", "points", "finite", "lo", "hi", "total")
_PLACES = (
    _axis.c.head.label("x"),
    _axis.c.lo.label("x_lo"),
    _axis.c.hi.label("x_hi"),
    _axis.c.finite.label("x_finite"),
)


def _query(*more: Any) -> Select[Any]:
    joined_on = and_(
        _axis.c.series_id == _metric.c.series_id,
        _axis.c.first == _metric.c.first,
        _axis.c.kind == bindparam("axis_kind"),
        _axis.c.name == "",
    )
    return (
        select(*(_metric.c[name] for name in _FACTS), *_PLACES, *more)
        .join(_axis, joined_on)
        .where(
            _metric.c.kind == METRIC,
            _metric.c.series_id.in_(bindparam("of_series", expanding=True)),
            _metric.c.name.in_(bindparam("of_names", expanding=True)),
        )
        .order_by(_metric.c.series_id, _metric.c.name, _metric.c.first)
    )


_HEADS = _query()
_ROLLUPS = _query(_metric.c.rollup, _axis.c.rollup.label("x_rollup"))
_DATA = _query(_metric.c.data, _metric.c.places, _axis.c.data.label("x_data")).where(
    _metric.c.first >= bindparam("from_first"), _metric.c.first <= bindparam("to_first")
)
_COUNTS = (
    select(series_chunk.c.series_id, series_chunk.c.name, func.count(), func.sum(series_chunk.c.points))
    .where(
        series_chunk.c.kind == METRIC,
        series_chunk.c.series_id.in_(bindparam("of_series", expanding=True)),
        series_chunk.c.name.in_(bindparam("of_names", expanding=True)),
    )
    .group_by(series_chunk.c.series_id, series_chunk.c.name)
)


def rollups(
    connection: Connection, keys: Sequence[Key], view: View, histories: Mapping[int, History]
) -> Iterator[tuple[Key, Rollups]]:
    """Yield the rollups of each series and metric that has chunks, a few series at a time.

    Args:
        connection: The database.
        keys: The series and metrics.
        view: What is requested of each.
        histories: Where series went back, by their ids.
    """
    counts = _counted(connection, keys)
    levels = {key: _level(key, counts[key], view) for key in keys if key in counts}
    for level, at_once in ((_heads, _HEADS_AT_ONCE), (_rollups, _ROLLUPS_AT_ONCE), (_numbers, _DATA_AT_ONCE)):
        mine = [key for key in levels if levels[key] is level]
        for part in _parts(mine, counts, at_once):
            for key, rows in _by_key(connection, _HEADS if level is not _rollups else _ROLLUPS, part, view):
                placed = [row for row in rows if row.x_finite]  # points without an x are not drawn
                if key[0] in histories or not _are_in_order(placed):
                    yield key, chunk_points.points(connection, key, placed, view, histories.get(key[0]))
                elif placed:
                    yield key, level(connection, key, placed, view)


def _counted(connection: Connection, keys: Sequence[Key]) -> dict[Key, tuple[int, int]]:
    values = {"of_series": [key[0] for key in keys], "of_names": list({key[1] for key in keys})}
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in connection.execute(_COUNTS, values)}


def _level(key: Key, count: tuple[int, int], view: View) -> Any:
    chunks, points = count
    if view.least is not None or view.greatest is not None:
        return _numbers  # decides for each chunk
    if chunks >= CHUNKS_A_BUCKET * view.points:
        return _heads
    return _rollups if points >= ROLLED * view.points else _numbers


def _parts(keys: list[Key], counts: dict[Key, tuple[int, int]], at_once: int) -> Iterator[list[Key]]:
    part: list[Key] = []
    total = 0
    for key in keys:
        if part and total + counts[key][0] > at_once:
            yield part
            part, total = [], 0
        part.append(key)
        total += counts[key][0]
    if part:
        yield part


def _by_key(connection: Connection, query: Select[Any], keys: list[Key], view: View) -> Iterator[tuple[Key, list[Any]]]:
    values = {
        "of_series": list({key[0] for key in keys}),
        "of_names": list({key[1] for key in keys}),
        "axis_kind": KIND_OF[view.axis],
    }
    read = connection.execute(query, values).all()
    if len(keys) == 1:
        yield from ((key, list(read)) for key in keys if read)
        return
    rows_of: dict[Key, list[Any]] = {key: [] for key in keys}
    for row in read:
        rows = rows_of.get((row[0], row[1]))
        if rows is not None:
            rows.append(row)
    yield from ((key, rows) for key, rows in rows_of.items() if rows)


def _are_in_order(rows: Sequence[Any]) -> bool:
    """Tell whether all points of chunks have an x, and none precedes its chunk's first or follows the next one's."""
    reached = -math.inf
    for row in rows:
        if row.x_finite < row.rows or row.x_lo < row.x or row.x_lo < reached:
            return False
        reached = row.x_hi
    return True


def _heads(connection: Connection, key: Key, rows: list[Any], view: View) -> Rollups:
    """Return one rollup per chunk."""
    columns = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    if columns["points"] != columns["rows"]:  # the first row of a chunk may lack the metric
        ((_, rolled),) = _by_key(connection, _ROLLUPS, [key], view)
        return _rollups(connection, key, [row for row in rolled if row.x_finite], view)
    x, lo, hi, total = (np.array(columns[name], np.float64) for name in ("x", "lo", "hi", "total"))
    finite, points = (np.array(columns[name], np.int64) for name in ("finite", "points"))
    return Rollups(x / view.scale, lo, hi, np.nan_to_num(total, posinf=np.inf, neginf=-np.inf), finite, points)


def _rollups(connection: Connection, key: Key, rows: list[Any], view: View) -> Rollups:
    """Return one rollup per 64 points, for all chunks at once, because one by one takes too long."""
    points, total = (np.array([getattr(row, name) for row in rows], np.int64) for name in ("points", "rows"))
    entries = -(-points // ROLLED)
    numbers = np.frombuffer(b"".join([row.rollup for row in rows]), "<f8")
    # The columns of a chunk are consecutive: the position in `numbers` of the first column of each entry.
    sizes = np.array([len(row.rollup) // 8 for row in rows], np.int64)
    ends = np.cumsum(entries)
    starts = np.repeat(np.cumsum(sizes) - sizes - (ends - entries), entries) + np.arange(ends[-1])
    apart = np.repeat(entries, entries)
    lo, hi, sums, finite = (numbers[starts + apart * column] for column in range(4))
    counts = np.full(len(starts), ROLLED)
    counts[ends - 1] = points - ROLLED * (entries - 1)
    whole = points == total
    if whole.all():
        x = np.frombuffer(b"".join([row.x_rollup for row in rows]), "<f8")
    else:  # a chunk where some points lack the metric has its own x
        own = numbers[np.minimum(starts + apart * (3 + KIND_OF[view.axis]), len(numbers) - 1)]
        x = np.where(np.repeat(whole, entries), 0.0, own)
        x[np.repeat(whole, entries)] = np.frombuffer(
            b"".join([row.x_rollup for row in rows if row.points == row.rows]), "<f8"
        )
    return Rollups(x / view.scale, lo, hi, sums, finite.astype(np.int64), counts)


def _numbers(connection: Connection, key: Key, rows: list[Any], view: View) -> Rollups:
    """Return one rollup per point, or larger ones for chunks in the range if it has enough."""
    rows = [row for row in rows if _touches(row, view)]
    inside = sum(row.points for row in rows if _is_inside(row, view))
    rolled = {}
    if inside >= ROLLED * view.points:
        ((_, rolled_rows),) = _by_key(connection, _ROLLUPS, [key], view)
        rolled = {row.first: row for row in rolled_rows if _is_inside(row, view)}
    parts = []
    for start in range(0, len(rows), _DATA_AT_ONCE):
        part = rows[start : start + _DATA_AT_ONCE]
        near = list(_data(connection, key, [row.first for row in part if row.first not in rolled], view))
        contents = sealed.opened(connection, [column for row in near for column in (row.x_data, row.data)])
        read = {
            row.first: (x_data, data, row.places)
            for row, x_data, data in zip(near, contents[::2], contents[1::2], strict=True)
        }
        for row in part:
            whole = rolled.get(row.first)
            parts.append(_points(*read[row.first], view) if whole is None else _rollups(connection, key, [whole], view))
    return joined(parts)


def _data(connection: Connection, key: Key, firsts: list[int], view: View) -> Iterator[Any]:
    if firsts:
        values = {"of_series": [key[0]], "of_names": [key[1]], "axis_kind": KIND_OF[view.axis]}
        chosen = set(firsts)
        for row in connection.execute(_DATA, {**values, "from_first": firsts[0], "to_first": firsts[-1]}):
            if row.first in chosen:
                yield row


def _points(x_data: bytes, data: bytes, rows: bytes | None, view: View) -> Rollups:
    x, values, places = decode(x_data), decode(data), unpacked_rows(rows)
    x = (x if places is None else x[places]) / view.scale
    return of_range(x, values, view)


def _touches(row: Any, view: View) -> bool:
    if view.least is None and view.greatest is None:
        return True
    if row.x_lo is None:
        return False
    below = view.greatest is not None and row.x_lo / view.scale > view.greatest
    return not below and not (view.least is not None and row.x_hi / view.scale < view.least)


def _is_inside(row: Any, view: View) -> bool:
    if view.least is None and view.greatest is None:
        return True
    if row.x_finite < row.rows or row.x_lo is None:
        return False
    return (view.least is None or row.x_lo / view.scale >= view.least) and (
        view.greatest is None or row.x_hi / view.scale <= view.greatest
    )
