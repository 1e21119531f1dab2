"""Texts, HTML, histograms and tables."""

from __future__ import annotations

import os
from itertools import islice

from aimd_core.format.histograms import histogram_of, merged
from aimd_core.format.media import (
    HISTOGRAM,
    HTML,
    HTML_TYPE,
    INLINE_TEXT_BYTES,
    MARKDOWN_TYPE,
    MAX_TABLE_CELLS,
    MAX_TEXT_BYTES,
    TABLE,
    TABLE_TYPE,
    TEXT,
    TEXT_TYPE,
)
from aimd_core.format.tables import TableTooLargeError, encode_table
from aimd_core.format.values import clean
from aimd_core.language import spoken
from t9k.aimd.media.encoded import (
    BYTES,
    CELLS,
    NUMERIC,
    Encoded,
    array_of,
    content_of,
    module_of,
    shape_of,
    too_large,
    unusable,
)

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

_MAX_VALUES = 1 << 30
_NO_ROW = (str, bytes, dict, set, frozenset)  # among rows that are lists: it has no order of cells
_WORDS = "a text"
_PAGE = "HTML, or the path object of a file"
_TABLE = "a table: a data frame, a mapping of columns, or a list of rows"
_CELLS = f"{NUMERIC}OU"  # and texts, and anything
_NUMBERS = "numbers, or the counts and edges of a histogram"


def text(value: Any, markdown: bool) -> list[Encoded]:
    """Return a text; a short one needs no bytes of its own.

    Raises:
        TypeError: It is not a text.
        UnusableMediaError: It is too long.
    """
    if not isinstance(value, str):
        raise unusable(_WORDS, value)
    words = clean(value)
    content = words.encode()
    if len(content) > MAX_TEXT_BYTES:
        raise too_large(len(content), MAX_TEXT_BYTES, BYTES)
    if len(content) <= INLINE_TEXT_BYTES and not markdown:
        return [Encoded(TEXT, text=words)]
    return [Encoded(TEXT, content, MARKDOWN_TYPE if markdown else TEXT_TYPE)]


def html(value: Any) -> list[Encoded]:
    """Return a page of HTML: a text, or a path object of a file.

    Raises:
        TypeError: It is neither.
        UnusableMediaError: It is too long.
        OSError: The file cannot be read.
    """
    if isinstance(value, str):
        content = clean(value).encode()
        if len(content) > MAX_TEXT_BYTES:
            raise too_large(len(content), MAX_TEXT_BYTES, BYTES)
    elif isinstance(value, (bytes, os.PathLike)):
        content = content_of(value, MAX_TEXT_BYTES)
    else:
        raise unusable(_PAGE, value)
    return [Encoded(HTML, content, HTML_TYPE)]


def histogram(value: Any, bins: int) -> list[Encoded]:
    """Return how values are distributed. Those that are not finite are counted apart.

    Args:
        value: Numbers, an array or a tensor; or counts and edges, as `numpy.histogram` returns them.
        bins: How many intervals of equal width.

    Raises:
        TypeError: They are not numbers.
        UnusableMediaError: There are too many.
    """
    if isinstance(value, tuple) and len(value) == 2 and _is_binned(*value):
        counts, edges = (array_of(part, _NUMBERS, _MAX_VALUES).tolist() for part in value)
        try:
            return [Encoded(HISTOGRAM, histogram=merged(edges, [round(count) for count in counts]))]
        except (TypeError, ValueError, OverflowError):
            raise unusable(_NUMBERS, value) from None
    if shape_of(value) or hasattr(value, "__array__") or module_of(value) in ("torch", "tensorflow"):
        numbers = array_of(value, _NUMBERS, _MAX_VALUES)
    else:
        try:
            numbers = [float(number) for number in value]
        except (TypeError, ValueError):
            raise unusable(_NUMBERS, value) from None
    made, facts = histogram_of(numbers, bins)
    return [Encoded(HISTOGRAM, histogram=made, facts=facts)]


def _is_binned(counts: Any, edges: Any) -> bool:
    try:
        return len(edges) == len(counts) + 1
    except TypeError:
        return False


def table(value: Any, columns: Sequence[str] | None) -> list[Encoded]:
    """Return a table.

    Raises:
        TypeError: It is not one.
        UnusableMediaError: It is too large.
    """
    names, rows = _columns_and_rows(value, columns)
    try:
        content = encode_table(names, rows)
    except TableTooLargeError as error:
        raise too_large(error.size, error.limit, error.unit) from None
    return [Encoded(TABLE, content, TABLE_TYPE, {"rows": len(rows), "columns": len(names)})]


def _columns_and_rows(value: Any, columns: Sequence[str] | None) -> tuple[list[str], list[list[Any]]]:
    shape = shape_of(value)
    if len(shape) == 2 and shape[0] * shape[1] > MAX_TABLE_CELLS:
        raise too_large(shape[0] * shape[1], MAX_TABLE_CELLS, CELLS)
    module = module_of(value)
    if module == "pandas" and hasattr(value, "columns"):
        return _pandas(value)
    if module == "polars" and hasattr(value, "rows"):
        return [str(name) for name in value.columns], [list(row) for row in value.rows()]
    if module == "pyarrow" and hasattr(value, "to_pydict"):
        value = value.to_pydict()
    if isinstance(value, dict):
        return _of_columns(value)
    if shape and module != "builtins":
        array = array_of(value, _TABLE, MAX_TABLE_CELLS, _CELLS)
        if array.ndim < 2:
            raise unusable(_TABLE, value)
        value = array.tolist()
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise unusable(_TABLE, value)
    return _of_rows(value, columns)


def _pandas(frame: Any) -> tuple[list[str], list[list[Any]]]:
    index = type(frame.index).__name__ != "RangeIndex"
    names = [str(name) for name in frame.columns]
    columns = [_pandas_column(frame.iloc[:, number]) for number in range(frame.shape[1])]
    if index:  # not by `reset_index`, which refuses a level with the name of a column
        columns[:0] = [_pandas_column(frame.index.get_level_values(level)) for level in range(frame.index.nlevels)]
        names[:0] = _names_of_levels(frame.index.names, frame.columns)
    return names, [list(row) for row in zip(*columns, strict=True)]


def _names_of_levels(names: Sequence[Any], columns: Any) -> list[str]:
    """Return what the columns of an index are called, as `reset_index` does."""
    if len(names) > 1:
        return [f"level_{number}" if name is None else str(name) for number, name in enumerate(names)]
    return [str(name if name is not None else "level_0" if "index" in columns else "index") for name in names]


def _pandas_column(column: Any) -> list[Any]:
    """Return the values of a column as Python has them; what is missing is None, but `NaN` among floats is a value."""
    values = column.tolist()
    if not column.hasnans:
        return values  # type: ignore[no-any-return]
    has_floats = column.dtype.kind == "f"
    missing = column.isna().tolist()
    return [
        None if is_missing and not (has_floats and type(value) is float) else value
        for value, is_missing in zip(values, missing, strict=True)
    ]


def _of_columns(value: dict[Any, Any]) -> tuple[list[str], list[list[Any]]]:
    if any(isinstance(column, (str, bytes)) for column in value.values()):  # not a column of letters
        raise unusable(_TABLE, value)
    try:
        columns = [column.tolist() if hasattr(column, "tolist") else list(column) for column in value.values()]
    except (TypeError, ValueError):  # not lists
        raise unusable(_TABLE, value) from None
    if sum(map(len, columns)) > MAX_TABLE_CELLS:
        raise too_large(sum(map(len, columns)), MAX_TABLE_CELLS, CELLS)
    names = [str(name) for name in value]
    for name, column in zip(names, columns, strict=True):
        if len(column) != len(columns[0]):
            told = {"name": name, "given": len(column), "other": names[0], "count": len(columns[0])}
            raise TypeError(
                spoken("column {name!r} of this table has {given} values, and {other!r} has {count}", **told)
            )
    return names, [list(row) for row in zip(*columns, strict=True)]


def _of_rows(value: Iterable[Any], columns: Sequence[str] | None) -> tuple[list[str], list[list[Any]]]:
    rows = list(islice(value, MAX_TABLE_CELLS + 1))
    if rows and all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row)) if columns is None else list(columns)
        if len(names) * len(rows) > MAX_TABLE_CELLS:
            raise too_large(len(names) * len(rows), MAX_TABLE_CELLS, CELLS)
        return [str(name) for name in names], [[row.get(name) for name in names] for row in rows]
    try:
        cells = [[] if isinstance(row, _NO_ROW) else list(islice(row, MAX_TABLE_CELLS + 1)) for row in rows]
    except TypeError:
        raise unusable(_TABLE, value) from None
    width = max(map(len, cells), default=0)
    names = [str(name) for name in columns] if columns is not None else [str(number) for number in range(width)]
    if any(isinstance(row, _NO_ROW) for row in rows):
        raise unusable(_TABLE, value)
    for number, row in enumerate(cells):
        if len(row) != len(names):
            told = {"number": number, "given": len(row), "count": len(names)}
            raise TypeError(spoken("row {number} of this table has {given} values, and it has {count} columns", **told))
    return names, cells
