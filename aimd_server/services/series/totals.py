"""Journal lines to totals: pure functions. The adding up is `aimd_core.reading.totals`, as for a local file.

Lines that all have the same metrics, which is what a training loop writes, are decoded in one call, straight to a list
of numbers for each metric; all others by `aimd_server.columns.records`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from aimd_core.format.model import strict_json
from aimd_core.format.values import float_of, step_of
from aimd_core.reading.series import split_type
from aimd_core.reading.totals import MetricSummary
from aimd_server.columns.records import decoder_of, groups_of, records_of
from aimd_server.columns.uniform import read_numbers

if TYPE_CHECKING:
    from aimd_server.columns.spans import Chunk

MAX_TYPES = 100  # of one trial; points of further ones are kept and in no totals
MAX_METRICS = 2000  # of one type in one trial; points of further ones are kept and in no totals
MAX_KEY_CHARS = 500

Live = dict[str, MetricSummary]  # of one metrics type, by metric


class Numbers(NamedTuple):
    """The numbers of a metric in some lines, as JSON has them, and the step of each, whatever that is."""

    values: list[Any]
    steps: list[Any]


Columns = dict[str, Numbers]  # of one metrics type, by metric


Points = dict[str, Columns]  # of some lines, by metrics type (`split_type`), in the order written


def _add(points: Points, metrics_type: str, step: Any, values: dict[str, Any]) -> None:
    """Add a record."""
    prefix = ""
    if "." in metrics_type:
        metrics_type, prefix = split_type(metrics_type)
    columns = points.setdefault(metrics_type, {})
    for name, value in values.items():
        if isinstance(value, (int, float)):
            if prefix:
                name = prefix + name
            numbers = columns.get(name)
            if numbers is None:
                numbers = columns[name] = Numbers([], [])
            numbers.values.append(value)
            numbers.steps.append(step)


def read_points(lines: bytes) -> Iterator[Points]:
    """Read complete lines, of which the last may lack its newline, and yield their points in groups, to keep few."""
    yield from map(_read_group, groups_of(lines))


def _read_group(lines: bytes) -> Points:
    uniform = None if b"\\u0000" in lines else read_numbers(lines)  # the journal's reader knows what is shown for that
    if uniform is not None:
        metrics_type, prefix = split_type(uniform.type)
        columns = {prefix + name: Numbers(column, uniform.steps) for name, column in uniform.columns.items()}
        return {metrics_type: columns}
    points: Points = {}
    for metrics_type, values, sequence in records_of(lines, decoder_of(None)):
        _add(points, metrics_type, sequence.step, values)
    return points


def extend(live: Live, columns: Columns) -> None:
    """Take numbers into the totals of their type."""
    for name, (values, steps) in columns.items():
        summary = _summary_of(live, name)
        if summary is not None:
            summary.extend(list(map(float_of, values)) if set(map(type, values)) != {float} else values, steps)


def columns_of(chunk: Chunk, first: int = 0) -> Columns:
    """Return the numbers of a chunk from a row on, as the lines that it was made of have them, by metric."""
    prefix, axis = split_type(chunk.type)[1], chunk.axes["step"]
    # They are whole numbers or none, or it would be read from its lines.
    steps = list(map(step_of, axis.tolist())) if (axis != axis).any() else axis.astype(int).tolist()
    columns: Columns = {}
    for name, (rows, values) in chunk.columns.items():
        if rows is None:
            columns[prefix + name] = Numbers(values[first:].tolist(), steps[first:])
        else:
            at = int(rows.searchsorted(first))
            columns[prefix + name] = Numbers(values[at:].tolist(), [steps[row] for row in rows[at:].tolist()])
    return {name: numbers for name, numbers in columns.items() if numbers.values}


def _summary_of(live: Live, name: str) -> MetricSummary | None:
    """Return the totals of a metric, created if there is room, else None."""
    summary = live.get(name)
    if summary is None and len(live) < MAX_METRICS and len(name) <= MAX_KEY_CHARS:
        summary = live[name] = MetricSummary()
    return summary


def text_of(live: Live) -> str:
    """Return totals as JSON text: metric name to a list of numbers, those not finite as strings."""
    rows: dict[str, Any] = {}
    for name, summary in live.items():
        is_finite = not summary.nan_count and summary.total - summary.total == 0.0  # the sum may be too large alone
        rows[name] = summary.state() if is_finite else strict_json(summary.state())
    return msgspec.json.encode(rows).decode()


def from_text(text: str | None) -> Live:
    """Return the totals that `text_of` wrote."""
    rows: dict[str, list[Any]] = msgspec.json.decode(text) if text else {}
    return {name: MetricSummary.from_state(_numbers_of(row)) for name, row in rows.items()}


def _numbers_of(row: list[Any]) -> list[Any]:
    return [float(value) if isinstance(value, str) else value for value in row] if str in map(type, row) else row


def shown(series: Iterable[tuple[str, Live]]) -> dict[str, object]:
    """Return (type, totals) pairs as the API shows them: `type.name` to totals."""
    metrics: dict[str, object] = {}
    for metrics_type, live in series:
        for name, summary in live.items():
            metrics[f"{metrics_type}.{name}"] = strict_json(summary.as_dict())
    return metrics
