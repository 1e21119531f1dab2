"""Points of many trials from a server in one answer, as columns of numbers. Source: docs/reference/http-api.md."""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aimd_core.client import answers
from aimd_core.client.v2 import Server
from aimd_core.errors import NotAServerError
from aimd_core.format.protocol import COLUMNS_MAGIC, COLUMNS_TYPE

MAX_POINTS = 10_000  # of a series
MAX_TRIALS = 500  # in a request
_HEAD_BYTES, _ALIGNED_BYTES, _NUMBER_BYTES = 16, 8, 8


class PlotSeries(NamedTuple):
    """A metric of a trial.

    Attributes:
        trial: The trial's id.
        metric: `type.name`.
        points: How many points it has on the axis.
        exact: Whether the columns have each of them; otherwise each entry is about the same number of points.
        x: Positions: step, epoch or seconds since the epoch; of several points that of the first.
        low: The values; of several points the smallest.
        high: Of several points the largest value, else empty.
        mean: Of several points the mean, else empty.
    """

    trial: str
    metric: str
    points: int
    exact: bool
    x: array[float]
    low: array[float]
    high: array[float]
    mean: array[float]


def plotted(
    server: Server, trial_ids: Sequence[str], metrics: Sequence[str], axis: str, points: int = MAX_POINTS
) -> Iterator[PlotSeries]:
    """Yield the metrics of trials that have points on an axis.

    Args:
        server: The server.
        trial_ids: The trials.
        metrics: `type.name` each.
        axis: `step`, `epoch` or `time`.
        points: The most entries of a series.
    """
    for start in range(0, len(trial_ids), MAX_TRIALS):
        ids = list(trial_ids[start : start + MAX_TRIALS])
        yield from _asked(server, {"trials": ids, "metrics": list(metrics), "x": axis, "points": points})


def _asked(server: Server, document: dict[str, Any]) -> Iterator[PlotSeries]:
    answer = server.send("POST", "/metrics", document=document, headers={"Accept": COLUMNS_TYPE})
    return _series_in(answer.body, server.host)


def every_point(server: Server, coarse: PlotSeries, axis: str) -> PlotSeries | None:
    """Return a series with each of its points, range by range; None if one range has too many for an answer.

    Args:
        server: The server.
        coarse: The same series with fewer entries, which tell where the ranges may end.
        axis: `step`, `epoch` or `time`.
    """
    x, values = array("d"), array("d")
    document = {"trials": [coarse.trial], "metrics": [coarse.metric], "x": axis, "points": MAX_POINTS}
    for first, end in _ranges(coarse):
        parts = list(_asked(server, {**document, "from": first, "to": end}))
        if len(parts) != 1 or not parts[0].exact:
            return None
        x += parts[0].x
        values += parts[0].low
    none = array("d")
    return PlotSeries(coarse.trial, coarse.metric, len(x), True, x, values, none, none)


def _ranges(coarse: PlotSeries) -> Iterator[tuple[float | None, float | None]]:
    """Yield ranges of an axis, both ends included, each with fewer points than an answer may have."""
    each = -(-coarse.points // len(coarse.x)) + 1  # entries have about the same number of points
    group = max(1, MAX_POINTS // each)
    borders = sorted(set(coarse.x[group::group]))
    firsts: list[float | None] = [None, *borders]
    ends: list[float | None] = [*(math.nextafter(border, -math.inf) for border in borders), None]
    return iter(zip(firsts, ends, strict=True))


def _series_in(body: bytes, host: str) -> Iterator[PlotSeries]:
    header, data = _parts(body, host)
    for series in header["series"]:
        columns = {name: _column(series.get(name), data, host) for name in ("x", "lo", "hi", "mean")}
        if not {len(column) for column in columns.values()} <= {0, len(columns["x"])}:
            raise _broken(host)
        yield PlotSeries(series["trial"], series["metric"], series["count"], series["exact"], *columns.values())


def _parts(body: bytes, host: str) -> tuple[dict[str, Any], bytes]:
    """Return the header of an answer and the bytes of its columns."""
    if body[: len(COLUMNS_MAGIC)] != COLUMNS_MAGIC or len(body) < _HEAD_BYTES:
        raise _broken(host)
    end = _HEAD_BYTES + int.from_bytes(body[len(COLUMNS_MAGIC) : len(COLUMNS_MAGIC) + 4], "little")
    try:
        header = json.loads(body[_HEAD_BYTES:end])
    except (ValueError, RecursionError):
        raise _broken(host) from None
    document: dict[str, Any] = answers.checked(header, host, answers.PLOTS)
    return document, body[end + -end % _ALIGNED_BYTES :]


def _column(part: dict[str, int] | None, data: bytes, host: str) -> array[float]:
    column = array("d")
    if part is not None:
        start, length_bytes = part["offset"], part["length"] * _NUMBER_BYTES
        if start + length_bytes > len(data):
            raise _broken(host)
        column.frombytes(data[start : start + length_bytes])
        if sys.byteorder == "big":
            column.byteswap()
    return column


def _broken(host: str) -> NotAServerError:
    return NotAServerError(host=host, reason="its columns of points are not in the expected form")
