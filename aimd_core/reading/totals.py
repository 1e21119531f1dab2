"""The one fold of points into the totals of a metric.

Only `MetricSummary` counts, sums and finds extremes, for local lists, the SDK and the server. Its numbers depend only
on the points and their order, because values are added one after the other in that order. So a journal gives the same
numbers to the last bit whether it is read at once, in pieces, from a saved state, quickly or carefully. Memory does not
grow with the journal.
"""

from __future__ import annotations

import io
import json
import os
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Any, BinaryIO

from aimd_core.format.journal import OPEN_LINE_BYTES, Damage, is_record, open_regular, read_records, with_clean_text
from aimd_core.format.portable import read_at
from aimd_core.format.segments import Segments, read_segments
from aimd_core.format.values import EXACT_STEP, float_of, step_of
from aimd_core.reading.shapes import Shapes
from aimd_core.reading.summaries import AGGREGATES, TREND_POINTS, in_types, pack_summaries, pack_trends, trend_points

if TYPE_CHECKING:
    from aimd_core.reading.shapes import Stretches

_BINS = 2 * TREND_POINTS
_BLOCK_BYTES = 1 << 18
_SEAM_BYTES = 128  # kept from the end of what was read, to recognise the journal again by its time stamp


class MetricSummary:
    """The totals of a metric. Zero has no sign in them, because databases do not keep it.

    Attributes:
        count: How many points there are.
        nan_count: How many of them are NaN or infinite.
        last: The value of the point with the greatest step, among equal steps the one written last; it may be NaN or
            infinite. Points without a step come before all with one.
        last_step: Its step.
        nan_since: The step since which `last` has not been finite; None if it is finite or has no step.
        min: The smallest finite value, the first among equal ones, or None.
        min_step: Its step.
        max: The largest finite value, likewise.
        max_step: Its step.
        total: The sum of the finite values, added in the order written.
    """

    __slots__ = (
        "count",
        "last",
        "last_step",
        "max",
        "max_step",
        "min",
        "min_step",
        "nan_count",
        "nan_since",
        "total",
    )

    def __init__(self) -> None:
        self.count = 0
        self.nan_count = 0
        self.last: float = 0.0
        self.last_step: int | None = None
        self.nan_since: int | None = None
        self.min: float | None = None
        self.max: float | None = None
        self.min_step: int | None = None
        self.max_step: int | None = None
        self.total = 0.0

    def add(self, value: float, step: int | None) -> None:
        """Add a point.

        Args:
            value: A float, from `float_of`.
            step: From `step_of`.
        """
        value += 0.0  # 0.0 for -0.0
        is_finite = value - value == 0.0  # neither NaN nor infinite, without a call
        if self.last_step is None or (step is not None and step >= self.last_step):
            if is_finite:
                self.nan_since = None
            elif self.nan_since is None:
                self.nan_since = step
            self.last, self.last_step = value, step
        self.count += 1
        if not is_finite:
            self.nan_count += 1
            return
        self.total += value
        if self.min is None or value < self.min:
            self.min, self.min_step = value, step
        if self.max is None or value > self.max:
            self.max, self.max_step = value, step

    def extend(self, values: list[float], steps: list[Any]) -> None:
        """Add points: the same as `add` for each, but several times faster in the usual case.

        Args:
            values: Floats, from `float_of`.
            steps: The steps as in the records, of any type.
        """
        if len(values) < 2 or not self._extend_plainly(values, steps):
            for value, step in zip(values, steps, strict=True):
                self.add(value, step_of(step))

    def _extend_plainly(self, values: list[float], steps: list[Any]) -> bool:
        """Add finite values with ascending steps; return False, adding none, if they are anything else."""
        if set(map(type, steps)) != {int} or sorted(steps) != steps or max(-steps[0], steps[-1]) > EXACT_STEP:
            return False
        if self.last_step is not None and steps[0] < self.last_step:
            return False
        # One after the other, as `add` does, because `sum` gives another result since Python 3.12.
        total = deque(accumulate(values, initial=self.total), maxlen=1)[0]
        if total - total != 0.0:
            return False
        self.count += len(values)
        self.last, self.last_step, self.nan_since = values[-1] + 0.0, steps[-1], None
        self.total = total
        smallest, largest = min(values), max(values)
        if self.min is None or smallest < self.min:
            self.min, self.min_step = smallest + 0.0, steps[values.index(smallest)]
        if self.max is None or largest > self.max:
            self.max, self.max_step = largest + 0.0, steps[values.index(largest)]
        return True

    @property
    def mean(self) -> float | None:
        """The mean of the finite values."""
        finite = self.count - self.nan_count
        return self.total / finite + 0.0 if finite else None

    def as_dict(self) -> dict[str, float | int | None]:
        """Return the summary as a mapping with the names of the HTTP API, plus the steps of the extremes."""
        return {
            "last": self.last,
            "min": self.min,
            "max": self.max,
            "mean": self.mean,
            "count": self.count,
            "last_step": self.last_step,
            "min_step": self.min_step,
            "max_step": self.max_step,
            "nan_since": self.nan_since,
        }

    def state(self) -> list[float | int | None]:
        """Return the whole state to save; `from_state` continues from there."""
        return [getattr(self, slot) for slot in self.__slots__]

    @classmethod
    def from_state(cls, state: Sequence[Any]) -> MetricSummary:
        """Return the summary of a saved state.

        Raises:
            ValueError: It is not such a state.
        """
        summary = cls()
        for slot, value in zip(cls.__slots__, state, strict=True):
            setattr(summary, slot, value)
        return summary


class Trend:
    """The course of a series of any length, as at most 48 means of equally many finite values."""

    __slots__ = ("filled", "stride", "sums")

    def __init__(self, stride: int = 1, filled: int = 1, sums: list[float] | None = None) -> None:
        self.stride = stride  # values per bin
        self.filled = filled  # values in the last bin
        self.sums = sums if sums is not None else []

    def extend(self, values: Sequence[float]) -> None:
        """Add finite values."""
        position = 0
        if self.stride == 1:  # one value per bin needs no sums
            position = min(len(values), _BINS - len(self.sums))
            self.sums += values[:position]
            self.filled = 1
        while position < len(values):
            if not self.sums or self.filled == self.stride:
                self._new_bin()
            piece = values[position : position + self.stride - self.filled]
            self.sums[-1] = deque(accumulate(piece, initial=self.sums[-1]), maxlen=1)[0]
            self.filled += len(piece)
            position += len(piece)

    def _new_bin(self) -> None:
        if len(self.sums) == _BINS:
            self.sums = [self.sums[number] + self.sums[number + 1] for number in range(0, _BINS, 2)]
            self.stride *= 2
        self.sums.append(0.0)
        self.filled = 0

    def points(self) -> list[float]:
        """Return at most `TREND_POINTS` values that show the course."""
        return trend_points(self.stride, self.filled, self.sums)


_AGGREGATES_OF, _NO_TREND = attrgetter(*AGGREGATES), Trend()


class JournalTotals:
    """The totals of a journal up to some line.

    Attributes:
        offset: Bytes of complete lines included.
        lines: The number of these lines.
        records: The number of their records that are not superseded.
        damage: What was left out.
        metrics: Summary by `type.name`, in the order of first appearance; once all is read, as `in_types` says.
        trends: Course by `type.name`.
        seam: The last bytes before `offset`.
        segments: The segments that say what of the journal counts.
    """

    __slots__ = ("damage", "lines", "metrics", "offset", "records", "seam", "segments", "trends")

    def __init__(self, segments: Segments | None = None) -> None:
        self.segments = segments or Segments()
        self.offset = 0
        self.lines = 0
        self.records = 0
        self.damage = Damage()
        self.metrics: dict[str, MetricSummary] = {}
        self.trends: dict[str, Trend] = {}
        self.seam = b""

    def state(self) -> dict[str, Any]:
        """Return the totals as JSON data."""
        return {
            "offset": self.offset,
            "lines": self.lines,
            "records": self.records,
            "damage": [self.damage.lines, self.damage.numbers],
            "metrics": {name: summary.state() for name, summary in self.metrics.items()},
            "trends": {name: [trend.stride, trend.filled, trend.sums] for name, trend in self.trends.items()},
            "seam": self.seam.hex(),
            "segments": self.segments.mark(),
        }

    @staticmethod
    def from_state(state: dict[str, Any], segments: Segments) -> JournalTotals:
        """Return the totals of a saved state, which was computed with these segments."""
        totals = JournalTotals(segments)
        totals.offset, totals.lines, totals.records = state["offset"], state["lines"], state["records"]
        totals.damage.lines, totals.damage.numbers = state["damage"][0], list(state["damage"][1])
        totals.metrics = {name: MetricSummary.from_state(values) for name, values in state["metrics"].items()}
        totals.trends = {name: Trend(parts[0], parts[1], list(parts[2])) for name, parts in state["trends"].items()}
        totals.seam = bytes.fromhex(state["seam"])
        return totals

    def packed_summaries(self) -> bytes:
        """Return the summaries as the index keeps them, in the order of `metrics`."""
        return pack_summaries(map(_AGGREGATES_OF, self.metrics.values()))

    def packed_trends(self) -> bytes:
        """Return the trends as the index keeps them, in the order of `metrics`."""
        trends = (self.trends.get(name, _NO_TREND) for name in self.metrics)
        return pack_trends((trend.stride, trend.filled, trend.sums) for trend in trends)

    def take_lines(self, block: bytes) -> None:
        """Add complete lines."""
        start = self.offset
        self.offset += len(block)
        beyond = 0
        if len(block) > OPEN_LINE_BYTES and not block.endswith(b"\n"):
            beyond, block = len(block) - OPEN_LINE_BYTES, block[:OPEN_LINE_BYTES]
        self.seam = (self.seam + block[-_SEAM_BYTES:])[-_SEAM_BYTES:]
        block = self.segments.mask(block, start)
        self.lines += block.count(b"\n")
        alike = _SHAPES.stretches_in(block)
        if alike is None:
            records = _decode_block(block)
            if records is None:
                records = self._read_with_care(block)
            else:
                _SHAPES.learn(records)
            alike = len(records), _stretches_of(records)
        self.damage.torn_bytes += beyond
        count, stretches = alike
        self.records += count
        self._add(stretches)

    def order(self) -> None:
        """Put the metrics in the order of lists; later ones are put behind their types again."""
        self.metrics = {name: self.metrics[name] for name in in_types(self.metrics)}

    def _read_with_care(self, block: bytes) -> list[dict[str, Any]]:
        damage = Damage()
        records = list(read_records(io.BytesIO(block), damage))
        self.damage.lines += damage.lines
        before = self.lines - block.count(b"\n")
        self.damage.numbers += [number + before for number in damage.numbers]
        self.damage.torn_bytes = damage.torn_bytes
        return records

    def _add(self, stretches: Stretches) -> None:
        metrics = self.metrics
        for metric, (values, _) in stretches.items():
            if metric not in metrics and isinstance(values[0], (int, float)):
                metrics[metric] = MetricSummary()  # here, in the order of first appearance
        for metric, (values, steps) in stretches.items():
            if len(values) == 1 and type(values[0]) is float:
                self._add_point(metric, values[0], steps[0])
            else:
                self._extend(metric, values, steps)

    def _add_point(self, name: str, value: float, step: Any) -> None:
        """Add a point: the same as `_extend`, for journals with very many metrics."""
        self.metrics[name].add(value, step_of(step))
        if value - value == 0.0:
            trend = self.trends.get(name)
            if trend is None:
                self.trends[name] = Trend(1, 1, [value])
            else:
                trend.extend((value,))

    def _extend(self, name: str, values: list[Any], steps: list[Any]) -> None:
        """Add a stretch of a metric, as JSON data."""
        if set(map(type, values)) != {float}:
            numbers = [number for number, value in enumerate(values) if isinstance(value, (int, float))]
            values, steps = [float_of(values[number]) for number in numbers], [steps[number] for number in numbers]
        if not values:
            return
        summary = self.metrics.get(name)
        if summary is None:
            summary = self.metrics[name] = MetricSummary()
        nan_count = summary.nan_count
        summary.extend(values, steps)
        if summary.nan_count != nan_count:
            values = [value for value in values if value - value == 0.0]
        if values:
            trend = self.trends.get(name)
            if trend is None:
                trend = self.trends[name] = Trend()
            trend.extend(values)


_SHAPES = Shapes()  # of the journals that this process reads: those of one directory are mostly alike


def _stretches_of(records: list[dict[str, Any]]) -> Stretches:
    """Return the values and steps of records by metric, in the order of first appearance."""
    columns: dict[str, dict[str, tuple[list[Any], list[Any]]]] = {}
    stretches: Stretches = {}  # `b.c` of type `a` and `c` of `a.b` are one metric
    for record in records:
        ((metrics_type, body),) = record.items()
        step = body["sequence"].get("step")
        of_type = columns.get(metrics_type)
        if of_type is None:
            of_type = columns[metrics_type] = {}
        for name, value in body["value"].items():
            column = of_type.get(name)
            if column is None:
                column = of_type[name] = stretches.setdefault(f"{metrics_type}.{name}", ([], []))
            column[0].append(value)
            column[1].append(step)
    return stretches


def _decode_block(block: bytes) -> list[dict[str, Any]] | None:
    """Return the records of lines with one record each, or None if a line has anything else."""
    try:
        body = block.decode("utf-8").strip("\r\n")
        if not body:
            return []
        documents: list[Any] = json.loads("[" + body.replace("\n", ",\n") + "]")
    except (ValueError, RecursionError):
        return None
    if len(documents) != body.count("\n") + 1 or not all(map(is_record, documents)):
        return None
    return [with_clean_text(record) for record in documents] if b"\\u" in block else documents


def _read_blocks(file: BinaryIO) -> Iterable[tuple[bytes, bool]]:
    """Yield stretches of complete lines, and at last what follows the last newline, with False."""
    rest = bytearray()
    left = os.fstat(file.fileno()).st_size - file.tell()
    # A buffer for a long journal costs more than reading a short one.
    while block := file.read(min(_BLOCK_BYTES, left + 1) if left >= 0 else _BLOCK_BYTES):
        left -= len(block)
        cut = block.rfind(b"\n") + 1
        if cut:
            yield bytes(rest) + block[:cut], True
            rest = bytearray(block[cut:])
        else:
            rest += block
    yield bytes(rest), False


def read_totals(
    path: str | os.PathLike[str], earlier: dict[str, Any] | None = None, all_segments: bool = False
) -> tuple[JournalTotals, JournalTotals]:
    """Read a journal, or what is new in it.

    Args:
        path: The journal, in its trial's directory; a missing one is empty.
        earlier: The state of earlier totals, to continue from if the journal still begins with what they were computed
            from.
        all_segments: Whether to include superseded points.

    Returns:
        The totals to show, including a last line without newline, and those to continue from, without it.

    Raises:
        DamagedError: The journal or its segments file is not a regular file, or may not be read.
    """
    journal = os.fspath(path)
    segments = Segments() if all_segments else read_segments(os.path.dirname(journal))
    try:
        file = open_regular(journal, is_buffered=False)
    except FileNotFoundError:
        return JournalTotals(segments), JournalTotals(segments)
    with file:
        totals = _resumed(file, earlier, segments) or JournalTotals(segments)
        file.seek(totals.offset)
        for block, is_complete in _read_blocks(file):
            if is_complete:
                totals.take_lines(block)
            elif block:
                shown = JournalTotals.from_state(totals.state(), segments)
                shown.take_lines(block)
                shown.order()
                return shown, totals
    totals.order()
    return totals, totals


def _resumed(file: BinaryIO, earlier: dict[str, Any] | None, segments: Segments) -> JournalTotals | None:
    """Return the earlier totals if the journal continues from them, else None."""
    if not earlier or earlier["segments"] != segments.mark():
        return None
    totals = JournalTotals.from_state(earlier, segments)
    seam = totals.seam
    if os.fstat(file.fileno()).st_size < totals.offset:
        return None
    return totals if read_at(file.fileno(), len(seam), totals.offset - len(seam)) == seam else None
