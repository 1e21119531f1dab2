"""Turns complete journal lines into a span: a chunk of columns per metrics type, and how to get the bytes back.

The bytes are rendered again from the columns and compared. If they are equal, the recipe of that rendering replaces
them; otherwise (another writer, concatenated or damaged lines, values that are not numbers) they are stored compressed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from aimd_server.columns.codec import EXACT, compress, decode, decompress, encode
from aimd_server.columns.rendering import AXES, AXIS_OF, TIME, Kind, Shape, rendered, times_of, woven
from aimd_server.columns.rollups import Floats
from aimd_server.columns.table import Table, tables_of
from aimd_server.columns.uniform import read_uniform

LINES = 4096  # the most lines of a span, and so points of a chunk
SPAN_BYTES = 2 << 20  # of lines; a single line may be longer
MAX_SHAPES = 250
MAX_NAMES = 2000  # columns of a chunk; further ones are only in the bytes
MAX_NAME_CHARS = 500
RECIPE, KEPT = 0, 1  # what the data of a span is
_KINDS: dict[type, Kind] = {int: "int", float: "float", type(None): "null", str: "time"}

Columns = dict[str, tuple["np.ndarray[Any, Any] | None", Floats]]


class Chunk(msgspec.Struct):
    """The points of one metrics type in a span.

    Attributes:
        type: The metrics type.
        rows: How many points.
        axes: Step, epoch and time (microseconds) of each, or NaN.
        columns: By metric, the rows that have it (None for all) and its numbers.
        packed: By axis or metric, the numbers as stored, if already known.
    """

    type: str
    rows: int
    axes: dict[str, Floats]
    columns: Columns
    packed: dict[tuple[str, str], bytes] = {}


class Recipe(msgspec.Struct, array_like=True):
    """How lines are rendered.

    Attributes:
        lines: How many.
        shapes: The shapes of the lines.
        order: The shape of each line, packed; empty if there is only one shape.
        places: By metrics type, the series and its first row in this span.
    """

    lines: int
    shapes: list[Shape]
    order: bytes
    places: dict[str, tuple[int, int]] = {}


class Span(msgspec.Struct):
    """Some complete lines.

    Attributes:
        size: How many bytes they are.
        chunks: One per metrics type.
        recipe: How to render them, or None if they are stored.
        kept: The stored lines.
    """

    size: int
    chunks: list[Chunk]
    recipe: Recipe | None
    kept: bytes = b""

    def content(self) -> bytes:
        """Return the lines."""
        return self.kept if self.recipe is None else render(self.recipe, {chunk.type: chunk for chunk in self.chunks})


# gc=False: JSON cannot contain cycles, and the collector would double the cost.
class Body(msgspec.Struct, gc=False):
    """A record without its type."""

    value: dict[str, Any]
    sequence: dict[str, Any]


class _ShapeLines:
    """The lines of a shape: their numbers, and their values in columns, or in rows while they are collected."""

    __slots__ = ("_columns", "lines", "names", "places", "rows", "type")

    def __init__(
        self, metrics_type: str, names: list[str], places: list[str], columns: list[list[Any]] | None = None
    ) -> None:
        self.type = metrics_type
        self.names = names
        self.places = places
        self.lines: list[int] | range = []
        self.rows: list[tuple[Any, ...]] = []
        self._columns = columns

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """The values, with one column per name."""
        return list(zip(*self.rows, strict=True)) if self._columns is None else self._columns


_decoder = msgspec.json.Decoder(dict[str, Body])


class _OddError(Exception):
    """This program would not write these lines, so they are stored."""


def split(lines: bytes, most_lines: int = LINES, most_bytes: int = SPAN_BYTES) -> Iterator[bytes]:
    """Yield complete lines in parts for spans."""
    start = 0
    while start < len(lines):
        end = min(start + most_bytes, len(lines))
        end = lines.rfind(b"\n", start, end) + 1 or lines.find(b"\n", end) + 1 or len(lines)
        part = lines[start:end]
        if part.count(b"\n") > most_lines:
            newlines = np.flatnonzero(np.frombuffer(part, np.uint8) == 10)
            part = part[: int(newlines[most_lines - 1]) + 1]
        yield part
        start += len(part)


def build(lines: bytes) -> Span:
    """Return the span of complete lines, as `split` yields them."""
    try:
        return _rendering(lines)
    except (_OddError, UnicodeEncodeError):
        return _keeping(lines)


def _keeping(lines: bytes) -> Span:
    chunks = []
    for metrics_type, table in tables_of(lines).items():
        axes = {name: table.axis(name) for name in AXES}
        axes[TIME] = np.round(axes[TIME] * 1e6)
        chunks.append(Chunk(metrics_type, len(axes[TIME]), axes, _columns_of(table)))
    return Span(len(lines), chunks, None, lines)


def _columns_of(table: Table) -> Columns:
    rows = len(table)
    columns: Columns = {}
    for name, column in table.columns.items():
        if len(name) <= MAX_NAME_CHARS and len(columns) < MAX_NAMES:
            places = None if len(column.rows) == rows else np.array(column.rows)
            columns[name] = (places, np.array(column.values))
    return columns


def _rendering(lines: bytes) -> Span:
    groups = _groups_of(lines)
    order = np.empty(sum(len(group.lines) for group in groups), np.uint8)
    for number, group in enumerate(groups):
        if isinstance(group.lines, range):  # all
            order[:] = number
        else:
            order[group.lines] = number
    by_type: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        by_type.setdefault(group.type, []).append(number)
    shapes: list[Shape | None] = [None] * len(groups)
    chunks: list[Chunk] = []
    for metrics_type, numbers in by_type.items():
        mine = order[np.isin(order, numbers)] if len(by_type) > 1 else order
        chunk = Chunk(metrics_type, len(mine), {name: np.full(len(mine), np.nan) for name in AXES}, {})
        for number in numbers:
            shapes[number] = _take(chunk, groups[number], np.flatnonzero(mine == number), len(numbers) == 1)
        _thin(chunk)
        chunks.append(chunk)
    regular = [shape for shape in shapes if shape is not None]
    packed = b"" if len(regular) == 1 else compress(order.tobytes())
    recipe = Recipe(len(order), regular, packed)
    if render(recipe, {chunk.type: _stored(chunk) for chunk in chunks}) != lines:
        raise _OddError
    return Span(len(lines), chunks, recipe)


def _stored(chunk: Chunk) -> Chunk:
    """Pack a chunk's numbers, and return the chunk as it will be read."""
    chunk.packed = {("axis", name): encode(numbers) for name, numbers in chunk.axes.items()}
    chunk.packed |= {("metric", name): encode(numbers) for name, (_, numbers) in chunk.columns.items()}
    axes = {name: decode(chunk.packed["axis", name]) for name in chunk.axes}
    columns: Columns = {
        name: (unpacked_rows(packed_rows(rows)), decode(chunk.packed["metric", name]))
        for name, (rows, _) in chunk.columns.items()
    }
    return Chunk(chunk.type, chunk.rows, axes, columns)


def _groups_of(lines: bytes) -> list[_ShapeLines]:
    uniform = read_uniform(lines)
    if uniform is None:
        return _grouped(_records(lines))
    group = _ShapeLines(uniform.type, uniform.values, uniform.places, uniform.columns)
    group.lines = range(uniform.lines)
    return [group]


def _records(lines: bytes) -> list[dict[str, Body]]:
    try:
        records = _decoder.decode_lines(lines)
    except (msgspec.DecodeError, ValueError, RecursionError):
        records = [_decoded(line) for line in lines.splitlines()]
    if len(records) != lines.count(b"\n"):
        raise _OddError
    return records


def _decoded(line: bytes) -> dict[str, Body]:
    """Decode a record that may contain Python's NaN tokens."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    records = list(tables_and_bodies(line))
    if len(records) != 1:
        raise _OddError
    return records[0]


def tables_and_bodies(line: bytes) -> Iterator[dict[str, Body]]:
    """Yield the records of a line like the reader of local journals."""
    from aimd_core.format.journal import Damage, read_records

    for record in read_records(iter([line + b"\n"]), Damage()):
        ((metrics_type, body),) = record.items()
        yield {metrics_type: Body(body["value"], body["sequence"])}


def _grouped(records: list[dict[str, Body]]) -> list[_ShapeLines]:
    groups: dict[tuple[Any, ...], _ShapeLines] = {}
    numbers: dict[tuple[Any, ...], list[int]] = {}
    for number, record in enumerate(records):
        if len(record) != 1:
            raise _OddError
        ((metrics_type, body),) = record.items()
        values, places = body.value, body.sequence
        key = (metrics_type, *values, *map(type, values.values()), *places, *map(type, places.values()))
        group = groups.get(key)
        if group is None:
            if len(groups) == MAX_SHAPES or len(values) > MAX_NAMES:
                raise _OddError
            group = groups[key] = _ShapeLines(metrics_type, list(values), list(places))
            numbers[key] = group.lines = []
        numbers[key].append(number)
        group.rows.append((*values.values(), *places.values()))
    return list(groups.values())


def _take(chunk: Chunk, group: _ShapeLines, rows: np.ndarray[Any, Any], is_all: bool) -> Shape:
    """Put the numbers of a group's lines into its type's chunk and return their shape."""
    _check_text(group.type)
    columns = group.columns
    values: list[tuple[str, Kind]] = []
    for name, column in zip(group.names, columns[: len(group.names)], strict=True):
        kind = _KINDS.get(type(column[0]))
        if kind is None or kind == "time" or len(name) > MAX_NAME_CHARS:
            raise _OddError
        _check_text(name)
        values.append((name, kind))
        if kind != "null":
            _put(chunk.columns, name, rows, _numbers(kind, column), chunk.rows, is_all)
    places: list[tuple[str, Kind]] = []
    suffix, unit = "", "us"
    for name, column in zip(group.places, columns[len(group.names) :], strict=True):
        kind = _KINDS.get(type(column[0]))
        if name not in AXIS_OF or kind is None or (kind == "time") != (name == "timestamp" and kind != "null"):
            raise _OddError
        places.append((name, kind))
        if kind == "null":
            continue
        if kind == "time":
            times = times_of(column)
            if times is None:
                raise _OddError
            numbers, suffix, unit = times
        else:
            numbers = _numbers(kind, column)
        chunk.axes[AXIS_OF[name]][rows] = numbers
    return Shape(group.type, tuple(values), tuple(places), suffix, unit)


def _check_text(text: str) -> None:
    """Refuse a name that some database would change."""
    if "\0" in text or not text.isascii():
        text.encode()
        if "\0" in text:
            raise _OddError


def _numbers(kind: Kind, column: Sequence[Any]) -> Floats:
    try:
        numbers = np.array(column, np.int64 if kind == "int" else np.float64)
    except OverflowError:
        raise _OddError from None
    if kind == "int" and np.any(np.abs(numbers) > EXACT):
        raise _OddError
    return numbers.astype(np.float64)


def _put(columns: Columns, name: str, rows: np.ndarray[Any, Any], numbers: Floats, total: int, is_all: bool) -> None:
    if is_all:
        columns[name] = (None, numbers)
        return
    if name not in columns:
        columns[name] = (np.zeros(total, np.bool_), np.zeros(total))
    there, cells = columns[name]
    assert there is not None
    there[rows] = True
    cells[rows] = numbers


def _thin(chunk: Chunk) -> None:
    """Keep only the rows that have a metric in its column."""
    for name, (there, numbers) in chunk.columns.items():
        if there is not None:
            chunk.columns[name] = (None, numbers) if there.all() else (np.flatnonzero(there), numbers[there])


def render(recipe: Recipe, chunks: dict[str, Chunk]) -> bytes:
    """Return the lines of a recipe, rendered from its chunks.

    Raises:
        ValueError: The chunks are damaged or do not match.
    """
    order = np.zeros(recipe.lines, np.uint8)
    if recipe.order:
        order = np.frombuffer(decompress(recipe.order), np.uint8)
    pieces = []
    types = [shape.type for shape in recipe.shapes]
    for number, shape in enumerate(recipe.shapes):
        numbers = [other for other, metrics_type in enumerate(types) if metrics_type == shape.type]
        mine = order if len(numbers) == len(types) else order[np.isin(order, numbers)]
        where = None if len(numbers) == 1 else mine == number
        pieces.append(_lines(shape, chunks[shape.type], where))
    return woven(pieces, order)


def _lines(shape: Shape, chunk: Chunk, where: np.ndarray[Any, Any] | None) -> list[bytes]:
    columns: dict[tuple[str, str], Floats] = {}
    for name, kind in shape.values:
        if kind != "null":
            rows, numbers = chunk.columns[name]
            if rows is not None:
                spread = np.full(chunk.rows, np.nan)
                spread[rows] = numbers
                numbers = spread
            columns["value", name] = numbers if where is None else numbers[where]
    for name, kind in shape.places:
        if kind != "null":
            numbers = chunk.axes[AXIS_OF[name]]
            columns["sequence", name] = numbers if where is None else numbers[where]
    return rendered(shape, columns, chunk.rows if where is None else int(where.sum()))


def packed_rows(rows: np.ndarray[Any, Any] | None) -> bytes | None:
    """Return the packed rows of a column, None for all."""
    return None if rows is None else encode(rows.astype(np.float64))


def unpacked_rows(packed: bytes | None) -> np.ndarray[Any, Any] | None:
    """Return the rows from `packed_rows`."""
    return None if packed is None else decode(packed).astype(np.int64)
