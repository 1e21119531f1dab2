"""Figures of plotly as media: what is in their JSON, for readers that do not draw them."""

from __future__ import annotations

import json
from typing import NamedTuple

from aimd_core.format.media import MAX_TEXT_BYTES

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_DEFAULT_KIND = "scatter"
_VALUES = ("x", "y", "z", "values", "labels", "a", "b", "c", "value", "u")
_SIZES = {"f8": 8, "f4": 4, "i4": 4, "u4": 4, "i2": 2, "u2": 2}


class FigureTrace(NamedTuple):
    """A trace: its kind, such as `scatter`, its name or nothing, and how many points it has."""

    kind: str
    name: str
    points: int


class PlotlyFigure(NamedTuple):
    """A figure: its title or nothing, and its traces in the order drawn."""

    title: str
    traces: list[FigureTrace]


def parse_figure(content: bytes) -> PlotlyFigure | None:
    """Return what a figure has, or None if it is not one, or larger than a figure may be."""
    if len(content) > MAX_TEXT_BYTES:
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        return None
    layout = document.get("layout")
    title = layout.get("title") if isinstance(layout, dict) else None
    traces = [_trace_of(trace) for trace in document["data"] if isinstance(trace, dict)]
    return PlotlyFigure(_words(title.get("text") if isinstance(title, dict) else title), traces)


def _trace_of(trace: dict[str, Any]) -> FigureTrace:
    points = max(_length(trace.get(name)) for name in _VALUES)
    return FigureTrace(_words(trace.get("type")) or _DEFAULT_KIND, _words(trace.get("name")), points)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _length(value: Any) -> int:
    """Return how many values a list, a list of lists, or an array in base64 has."""
    if isinstance(value, list):
        rows = [row for row in value if isinstance(row, list)]
        return sum(map(len, rows)) if rows else len(value)
    packed = value.get("bdata") if isinstance(value, dict) else None
    if not isinstance(packed, str):
        return 0
    padding = len(packed[-2:]) - len(packed[-2:].rstrip("="))
    return (len(packed) * 3 // 4 - padding) // _SIZES.get(_words(value.get("dtype")), 1)
