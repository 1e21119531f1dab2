"""Tables as media: `{"columns": [...], "data": [[...], ...]}` in strict JSON, as pandas has it with `orient="split"`.

A cell is a text, a number, true, false or null. A number that is not finite is a text, as everywhere in JSON here.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import NamedTuple

from aimd_core.format.media import MAX_TABLE_BYTES, MAX_TABLE_CELLS
from aimd_core.format.model import strict_json
from aimd_core.format.values import MAX_TEXT_BITS, clean

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_PLAIN = (str, int, float, bool, type(None))
_MAX_CELL_CHARS = 1 << 20
_TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class TableTooLargeError(Exception):
    """A table is larger than a limit."""

    def __init__(self, size: int, limit: int, unit: str) -> None:
        self.size, self.limit, self.unit = size, limit, unit
        super().__init__(size, limit, unit)


class Table(NamedTuple):
    """A table: the names of its columns, and its rows."""

    columns: list[str]
    rows: list[list[Any]]


def encode_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Return a table as it is stored. What is not plain becomes its text.

    Raises:
        TableTooLargeError: It has too many cells or bytes.
    """
    if len(columns) * len(rows) > MAX_TABLE_CELLS:
        raise TableTooLargeError(len(columns) * len(rows), MAX_TABLE_CELLS, "cells")
    data = [[_plain(cell) for cell in row] for row in rows]
    document = {"columns": [clean(name) for name in columns], "data": data}
    content = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(content) > MAX_TABLE_BYTES:
        raise TableTooLargeError(len(content), MAX_TABLE_BYTES, "bytes")
    return content


def _plain(cell: Any) -> Any:
    if type(cell) is str:
        return clean(cell)[:_MAX_CELL_CHARS]
    if type(cell) not in _PLAIN:
        with suppress(Exception):  # whatever somebody's `item` raises
            item = getattr(cell, "item", None)  # a number of NumPy
            cell = item() if callable(item) else cell
    if isinstance(cell, bool) or cell is None:
        return cell
    if isinstance(cell, float) or (isinstance(cell, int) and cell.bit_length() <= MAX_TEXT_BITS):
        return strict_json(int(cell) if isinstance(cell, int) else float(cell))
    try:
        return clean(str(cell))[:_MAX_CELL_CHARS]
    except Exception:  # whatever somebody's `__str__` raises; and Python prints no number of more than 4,300 digits
        return f"<{type(cell).__name__}>"


def _has_too_many_values(content: bytes) -> bool:
    """Tell whether JSON has more values than a table may have, before memory is spent on them.

    Each value of a list follows a comma or begins it, and a table has at most as many rows as cells.
    """
    most = 2 * MAX_TABLE_CELLS + 2
    return content.count(b",") > most and _TEXTS.sub(b"", content).count(b",") > most


def parse_table(content: bytes) -> Table | None:
    """Return a table, or None if it is not one, or larger than a table may be."""
    if len(content) > MAX_TABLE_BYTES or _has_too_many_values(content):
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    columns, data = document.get("columns"), document.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in data):
        return None
    if len(columns) * len(data) > MAX_TABLE_CELLS or not all(isinstance(name, str) for name in columns):
        return None
    cells = [[cell if isinstance(cell, _PLAIN) else json.dumps(cell) for cell in row] for row in data]
    return Table([clean(name) for name in columns], cells)
