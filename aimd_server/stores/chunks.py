"""Metric series as rows of column chunks, and journal lines rendered from them.

Imported only where series are read or packed: it needs NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, bindparam, insert, select

from aimd_core.reading.series import split_type
from aimd_server.columns.codec import compress, decode, decompress, encode
from aimd_server.columns.rendering import AXES
from aimd_server.columns.rollups import Rollups, merged, of_points
from aimd_server.columns.spans import (
    KEPT,
    MAX_NAME_CHARS,
    RECIPE,
    Chunk,
    Recipe,
    Span,
    packed_rows,
    render,
    unpacked_rows,
)
from aimd_server.stores import sealed, series
from aimd_server.stores.prepared import PreparedStatement
from aimd_server.stores.schema import journal_chunk, series_chunk, trial
from aimd_server.stores.schema import series as series_table

METRIC = 0
KIND_OF = {axis: number for number, axis in enumerate(AXES, start=1)}
ROLLED = 64  # points per rollup

_PUT = PreparedStatement(
    insert(series_chunk).values({column.name: bindparam(column.name) for column in series_chunk.c})
)
_PUT_LINES = PreparedStatement(
    insert(journal_chunk).values({column.name: bindparam(column.name) for column in journal_chunk.c})
)
_CHUNK = select(*(series_chunk.c[name] for name in ("kind", "name", "rows", "data", "places"))).where(
    series_chunk.c.series_id == bindparam("of_series"), series_chunk.c.first == bindparam("of_first")
)


def put(connection: Connection, trial_id: int, journal_id: int, offset: int, span: Span) -> None:
    """Store a span that begins at a byte of a trial's journal; for types without a series, only the bytes."""
    rows: list[dict[str, Any]] = []
    places: dict[str, tuple[int, int]] = {}
    for chunk in span.chunks:
        metrics_type, prefix = split_type(chunk.type)
        series_row = series.of_type(connection, trial_id, metrics_type)
        if series_row is None or len(prefix) > MAX_NAME_CHARS:
            continue
        first = series_row.rows
        places[chunk.type] = (series_row.id, first)
        own = {"series_id": series_row.id, "first": first, "offset": offset, "rows": chunk.rows}
        rows += [{**own, **column} for column in _rows_of(chunk, prefix)]
        series.set_rows(connection, series_row.id, first + chunk.rows)
    _PUT.run(connection, rows)
    sealed.mark(connection, journal_id, sum(len(row["data"]) for row in rows))
    if span.recipe is not None and len(places) == len(span.chunks):
        codec, data = RECIPE, msgspec.msgpack.encode(msgspec.structs.replace(span.recipe, places=places))
    else:
        codec, data = KEPT, compress(span.content())
    values = {"journal_id": journal_id, "offset": offset, "size": span.size, "codec": codec, "data": data}
    _PUT_LINES.run(connection, [values])


def _rows_of(chunk: Chunk, prefix: str) -> Iterable[dict[str, Any]]:
    for axis, numbers in chunk.axes.items():
        rollup = numbers[::ROLLED].astype("<f8").tobytes()
        data = chunk.packed.get(("axis", axis)) or encode(numbers)
        facts = _facts(of_points(numbers, numbers))
        yield {"kind": KIND_OF[axis], "name": "", **facts, "places": None, "rollup": rollup, "data": data}
    for name, (places, numbers) in chunk.columns.items():
        axes = list(chunk.axes.values())
        if places is not None:
            axes = [numbers_of[places] for numbers_of in axes]
        points = of_points(axes[0], numbers)
        parts = merged(points, np.arange(0, len(numbers), ROLLED))
        columns = [parts.lo, parts.hi, parts.total, parts.finite.astype(np.float64)]
        if places is not None:
            columns += [axis[::ROLLED] for axis in axes]
        rollup = np.concatenate(columns).astype("<f8").tobytes()
        data = chunk.packed.get(("metric", name)) or encode(numbers)
        stored = {"places": packed_rows(places), "rollup": rollup, "data": data}
        yield {"kind": METRIC, "name": prefix + name, **_facts(points), **stored}


def _facts(points: Rollups) -> dict[str, Any]:
    whole = merged(points, np.zeros(1, np.int64))
    facts = {"head": points.x[0], "lo": whole.lo[0], "hi": whole.hi[0], "total": whole.total[0]}
    numbers = {name: None if np.isnan(number) else float(number) for name, number in facts.items()}
    return {"points": int(whole.points[0]), "finite": int(whole.finite[0]), **numbers}


def span_sizes(connection: Connection, journal_id: int, end: int) -> dict[int, int]:
    """Return the sizes of the spans that begin before a byte of a journal, by where they begin."""
    query = select(journal_chunk.c.offset, journal_chunk.c.size)
    rows = connection.execute(query.where(journal_chunk.c.journal_id == journal_id, journal_chunk.c.offset < end))
    return {row[0]: row[1] for row in rows}


def lines_of(connection: Connection, codec: int, data: bytes) -> bytes:
    """Return the lines of a chunk of a journal.

    Raises:
        ValueError: They cannot be decompressed or rendered.
    """
    (data,) = sealed.opened(connection, [data])
    if codec == KEPT:
        return decompress(data)
    try:
        recipe = msgspec.msgpack.decode(data, type=Recipe)
        return render(recipe, {kind: _chunk(connection, kind, *span) for kind, span in recipe.places.items()})
    except (msgspec.DecodeError, KeyError, IndexError) as error:
        raise ValueError(f"damaged: the columns of some lines are not those they are made of ({error})") from None


def faults(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield trial and reason for each column that cannot be read or has the wrong number of points."""
    columns = [series_chunk.c[name] for name in ("name", "first", "rows", "points", "places", "data")]
    query = select(trial.c.uid, series_table.c.type, *columns).join(
        series_table, series_chunk.c.series_id == series_table.c.id
    )
    for row in connection.execute(
        query.join(trial, series_table.c.trial_id == trial.c.id).execution_options(yield_per=64)
    ):
        try:
            places = unpacked_rows(row.places)
            expected = row.rows if places is None else len(places)
            (data,) = sealed.opened(connection, [row.data])
            is_right = len(decode(data)) == row.points == expected
        except ValueError:
            is_right = False
        if not is_right:
            yield row.uid, f"column {row.name!r} of {row.type!r} is damaged, from point {row.first} on"


def _chunk(connection: Connection, metrics_type: str, series_id: int, first: int) -> Chunk:
    chunk = Chunk(metrics_type, 0, {}, {})
    prefix = split_type(metrics_type)[1]
    rows = connection.execute(_CHUNK, {"of_series": series_id, "of_first": first}).all()
    for row, data in zip(rows, sealed.opened(connection, [row.data for row in rows]), strict=True):
        chunk.rows, numbers = row.rows, decode(data)
        if row.kind == METRIC:
            chunk.columns[row.name.removeprefix(prefix)] = (unpacked_rows(row.places), numbers)
        else:
            chunk.axes[AXES[row.kind - 1]] = numbers
    return chunk
