"""Shows a trial in a notebook: its state, parameters and metrics, each with its curve, as one piece of HTML."""

from __future__ import annotations

from html import escape
from pathlib import Path

from aimd_core.errors import AimdError
from aimd_core.format.model import flatten
from aimd_core.reading.documents import Trial as StoredTrial

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_PARAMS, _MAX_METRICS = 30, 40  # rows that are shown
_WIDTH, _HEIGHT = 120, 22  # of a curve, in pixels
_CELL = 'style="text-align:left;padding:1px 12px 1px 0"'


def trial_html(path: Path) -> str:
    """Return a trial as HTML, with inline SVG and without scripts. All text is escaped.

    Args:
        path: The trial's directory.
    """
    stored = StoredTrial(path)
    facts = [f"<b>{escape(stored.name)}</b>", escape(stored.state.name), escape(stored.alternative_name)]
    head = " &middot; ".join(facts)
    rows = [_row(name, f"{value}") for name, value in list(flatten(stored.parameters).items())[:_MAX_PARAMS]]
    params = f"<table>{''.join(rows)}</table>" if rows else ""
    return f"<div>{head}{params}{_metrics(stored)}</div>"


def _metrics(stored: StoredTrial) -> str:
    try:
        totals = stored.totals
    except AimdError:  # a damaged journal; the rest is still worth showing
        return ""
    rows: list[str] = []
    for name, summary in totals.metrics.items():
        if not name.startswith("system.") and len(rows) < _MAX_METRICS:
            numbers = [_number(value) for value in (summary.last, summary.min, summary.max)]
            trend = totals.trends.get(name)
            rows.append(_row(name, *numbers, html=_curve(trend.points() if trend is not None else [])))
    if not rows:
        return ""
    titles = "".join(f"<th {_CELL}>{title}</th>" for title in ("metric", "last", "min", "max", ""))
    return f"<table><tr>{titles}</tr>{''.join(rows)}</table>"


def _row(*texts: str, html: str = "") -> str:
    cells = [escape(text) for text in texts]
    return "<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in [*cells, *([html] if html else [])]) + "</tr>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _curve(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    height = high - low or 1.0
    step = _WIDTH / (len(values) - 1)
    corners = [f"{at * step:.1f},{(_HEIGHT - 2) * (1 - (y - low) / height) + 1:.1f}" for at, y in enumerate(values)]
    line = f'<polyline points="{" ".join(corners)}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{line}</svg>'
