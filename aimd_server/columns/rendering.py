"""Renders journal lines in the SDK's form from columns of numbers and a shape, which is what many lines share.

Rendering tests what is stored: bytes that do not come back the same are stored unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from aimd_core.format.journal import encode_number
from aimd_server.columns.codec import EXACT
from aimd_server.columns.rollups import Floats

STEP, EPOCH, TIME = "step", "epoch", "time"
AXES = (STEP, EPOCH, TIME)
AXIS_OF = {"step": STEP, "epoch": EPOCH, "timestamp": TIME}
Kind = Literal["int", "float", "null", "time"]
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{6}|\d{3}))?)(Z|[+-]\d\d:\d\d|)", re.ASCII)
_UNITS = {None: "s", 3: "ms", 6: "us"}
_MINUTE_US, _DAY_US = 60_000_000, 86_400_000_000
_WIDTHS = {"s": 19, "ms": 23, "us": 26}
_TWO_DIGITS = np.frombuffer(b"".join(b"%02d" % number for number in range(100)), np.uint8).reshape(100, 2)


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """What many lines of a metrics type share.

    Attributes:
        type: The metrics type.
        values: Name and kind of each value, in order.
        places: Name and kind of each member of `sequence`, in order.
        suffix: What follows the digits of a timestamp.
        unit: The precision of the timestamp: s, ms or us.
    """

    type: str
    values: tuple[tuple[str, Kind], ...]
    places: tuple[tuple[str, Kind], ...]
    suffix: str = ""
    unit: str = "us"


def times_of(texts: Sequence[str]) -> tuple[Floats, str, str] | None:
    """Return timestamps as microseconds UTC, with their suffix and unit, or None if they have different forms."""
    stamp = _STAMP.fullmatch(texts[0])
    if stamp is None:
        return None
    digits, suffix, length = len(stamp[1]), stamp[3], len(texts[0])
    content = "".join(texts)
    if not content.isascii() or len(content) != length * len(texts) or {*map(len, texts)} != {length}:
        return None
    cells = np.frombuffer(content.encode(), np.uint8).reshape(len(texts), length)
    if not np.all(cells[:, digits:] == cells[0, digits:]):
        return None
    unit = _UNITS[len(stamp[2]) if stamp[2] else None]
    try:
        times = np.ascontiguousarray(cells[:, :digits]).view(f"S{digits}").reshape(-1).astype(f"M8[{unit}]")
    except ValueError:
        return None
    if np.any(np.isnat(times)):
        return None
    micros = times.astype("M8[us]").astype(np.int64) - offset_us(suffix)
    return (micros.astype(np.float64), suffix, unit) if np.all(np.abs(micros) < EXACT) else None


def offset_us(suffix: str) -> int:
    """Return the offset of a zone from UTC."""
    if len(suffix) != 6:
        return 0
    minutes = int(suffix[1:3]) * 60 + int(suffix[4:])
    return (-minutes if suffix[0] == "-" else minutes) * _MINUTE_US


def _tokens(kind: Kind, column: Floats, shape: Shape) -> list[bytes]:
    """Return numbers as Python's `json.dumps` writes them, or times without their suffix."""
    if kind == "null":
        return [b"null"] * len(column)
    if kind == "int":
        return msgspec.json.encode(column.astype(np.int64).tolist())[1:-1].split(b",")
    if kind == "time":
        return _time_tokens(column.astype(np.int64) + offset_us(shape.suffix), shape.unit)
    tokens = msgspec.json.encode(column.tolist())[1:-1].split(b",")
    size = np.abs(column)
    # The two writers differ in exponents and in non-finite numbers.
    with np.errstate(invalid="ignore"):
        others = np.flatnonzero(~((size < 1e16) & ((size >= 1e-4) | (size == 0.0))))
    if len(others):
        numbers = column[others].tolist()
        text = repr(numbers)[1:-1] if np.isfinite(column[others]).all() else ", ".join(map(encode_number, numbers))
        for index, token in zip(others.tolist(), text.encode().split(b", "), strict=True):
            tokens[index] = token
    return tokens


def _time_tokens(micros: NDArray[np.int64], unit: str) -> list[bytes]:
    """Return times as ISO 8601 has them, without an offset; several times as fast as NumPy writes them one by one."""
    if len(micros) and micros[0] == micros[-1] and np.all(micros == micros[0]):
        return [_tokens_of_cells(_time_cells(micros[:1], unit))[0]] * len(micros)
    return _tokens_of_cells(_time_cells(micros, unit))


def _time_cells(micros: NDArray[np.int64], unit: str) -> NDArray[np.uint8]:
    """Return the characters of times, a row each."""
    days, inside = np.divmod(micros, _DAY_US)
    seconds, fraction = np.divmod(inside, 1_000_000)
    cells = np.empty((len(micros), _WIDTHS[unit]), np.uint8)
    for day in np.unique(days).tolist():
        text = str(np.datetime64(day, "D")).encode() + b"T00:00:00.000000"
        cells[days == day] = np.frombuffer(text, np.uint8)[: cells.shape[1]]
    minutes, seconds = np.divmod(seconds, 60)
    hours, minutes = np.divmod(minutes, 60)
    pairs = [(11, hours), (14, minutes), (17, seconds)]
    if unit == "us":
        pairs += [(20, fraction // 10_000), (22, fraction // 100 % 100), (24, fraction % 100)]
    elif unit == "ms":
        pairs += [(20, fraction // 10_000), (21, fraction // 1000 % 100)]
    for index, numbers in pairs:
        cells[:, index : index + 2] = _TWO_DIGITS[numbers]
    return cells


def _tokens_of_cells(cells: NDArray[np.uint8]) -> list[bytes]:
    tokens: list[bytes] = cells.view(f"S{cells.shape[1]}").reshape(-1).tolist()
    return tokens


def _parts(shape: Shape) -> Iterator[tuple[bytes, str, str, Kind | None]]:
    """Yield the text before each number, the table and name of its column, and its kind; finally the end."""
    before = f"{{{json.dumps(shape.type)}: {{"
    for title, members in (("value", shape.values), ("sequence", shape.places)):
        before += f'"{title}": {{'
        for number, (name, kind) in enumerate(members):
            before += f"{', ' if number else ''}{json.dumps(name)}: "
            is_time = kind == "time"
            yield before.encode() + (b'"' if is_time else b""), title, name, kind
            before = f'{shape.suffix}"' if is_time else ""
        before += "}, " if title == "value" else "}}}\n"
    yield before.encode(), "", "", None


def rendered(shape: Shape, columns: dict[tuple[str, str], Floats], lines: int) -> list[bytes]:
    """Return pieces that join to a number of lines of a shape.

    Args:
        shape: The shape of all lines.
        columns: The numbers of only these lines, by (`value` or `sequence`, name).
        lines: How many.
    """
    cells: list[list[bytes]] = []
    for before, title, name, kind in _parts(shape):
        cells.append([before] * lines)
        if kind is not None:
            empty = np.empty(lines)
            cells.append(_tokens(kind, columns.get((title, name), empty), shape))
    pieces: list[bytes] = [b""] * (len(cells) * lines)
    for number, cell in enumerate(cells):
        pieces[number :: len(cells)] = cell
    return pieces


def woven(shapes: list[list[bytes]], order: np.ndarray[Any, Any]) -> bytes:
    """Return lines of several shapes in order: `order` has the shape of each line."""
    if len(shapes) == 1:
        return b"".join(shapes[0])
    lines: np.ndarray[Any, Any] = np.empty(len(order), object)
    for number, pieces in enumerate(shapes):
        lines[order == number] = b"".join(pieces).splitlines(keepends=True)
    return b"".join(lines.tolist())
