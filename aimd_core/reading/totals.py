"""Running totals of a metrics journal: read fast, and read on from where the last reader stood.

Promise: the totals are those of `journal.summarize`, plus a trend of each metric, in however many steps the journal
was read. Blocks of intact lines are decoded in one call; a block with anything else in it goes through the
journal's own careful reader. Memory does not grow with the length of the journal.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, BinaryIO

from aimd_core.format.journal import Damage, is_record, open_regular, read_records
from aimd_core.format.model import MetricSummary

TREND_POINTS = 24
_BINS = 2 * TREND_POINTS
_BLOCK_BYTES = 1 << 18
_SEAM_BYTES = 128  # kept from the end of what was read, to recognise the journal again; it holds a time stamp
_SLOTS = ("count", "nan_count", "last", "last_step", "min", "min_step", "max", "max_step", "total")


class Trend:
    """The course of a series of any length in at most 48 means of equally many finite values."""

    __slots__ = ("filled", "stride", "sums")

    def __init__(self, stride: int = 1, filled: int = 1, sums: list[float] | None = None) -> None:
        self.stride = stride  # values in one bin
        self.filled = filled  # values in the last bin
        self.sums = sums if sums is not None else []

    def extend(self, values: list[float]) -> None:
        """Take more finite values in."""
        position = 0
        if self.stride == 1:  # one value a bin: no sums to make
            position = min(len(values), _BINS - len(self.sums))
            self.sums += values[:position]
            self.filled = 1
        while position < len(values):
            if not self.sums or self.filled == self.stride:
                self._new_bin()
            piece = values[position : position + self.stride - self.filled]
            self.sums[-1] += sum(piece)
            self.filled += len(piece)
            position += len(piece)

    def _new_bin(self) -> None:
        if len(self.sums) == _BINS:
            self.sums = [self.sums[number] + self.sums[number + 1] for number in range(0, _BINS, 2)]
            self.stride *= 2
        self.sums.append(0.0)
        self.filled = 0

    def points(self) -> list[float]:
        """Return at most `TREND_POINTS` values with four significant digits, enough to draw them."""
        if not self.sums:
            return []
        means = [total / self.stride for total in self.sums[:-1]] + [self.sums[-1] / max(1, self.filled)]
        if len(means) > TREND_POINTS:
            cuts = [number * len(means) // TREND_POINTS for number in range(TREND_POINTS + 1)]
            means = [sum(means[start:end]) / (end - start) for start, end in pairwise(cuts)]
        return [float(f"{mean:.4g}") for mean in means]


class JournalTotals:
    """What is known of a journal up to some line.

    Attributes:
        offset: Bytes of complete lines taken in.
        lines: How many lines those are.
        damage: What was left out.
        metrics: Summary by `type.name`, in the order of first appearance.
        trends: Course by `type.name`.
        seam: The last bytes before `offset`.
    """

    __slots__ = ("damage", "lines", "metrics", "offset", "seam", "trends")

    def __init__(self) -> None:
        self.offset = 0
        self.lines = 0
        self.damage = Damage()
        self.metrics: dict[str, MetricSummary] = {}
        self.trends: dict[str, Trend] = {}
        self.seam = b""

    def state(self) -> dict[str, Any]:
        """Return the totals as JSON has it."""
        return {
            "offset": self.offset,
            "lines": self.lines,
            "damage": [self.damage.lines, self.damage.numbers],
            "metrics": {name: [getattr(summary, slot) for slot in _SLOTS] for name, summary in self.metrics.items()},
            "trends": {name: [trend.stride, trend.filled, trend.sums] for name, trend in self.trends.items()},
            "seam": self.seam.hex(),
        }

    @staticmethod
    def from_state(state: dict[str, Any]) -> JournalTotals:
        """Return the totals that `state` returned."""
        totals = JournalTotals()
        totals.offset, totals.lines = state["offset"], state["lines"]
        totals.damage.lines, totals.damage.numbers = state["damage"][0], list(state["damage"][1])
        for name, values in state["metrics"].items():
            summary = totals.metrics[name] = MetricSummary()
            for slot, value in zip(_SLOTS, values, strict=True):
                setattr(summary, slot, value)
        totals.trends = {name: Trend(parts[0], parts[1], list(parts[2])) for name, parts in state["trends"].items()}
        totals.seam = bytes.fromhex(state["seam"])
        return totals

    def take_lines(self, block: bytes) -> None:
        """Take complete lines in."""
        self.offset += len(block)
        self.seam = (self.seam + block[-_SEAM_BYTES:])[-_SEAM_BYTES:]
        records = _decode_block(block)
        if records is None:
            records = self._read_with_care(block)
        self.lines += block.count(b"\n")
        self._add(records)

    def _read_with_care(self, block: bytes) -> list[dict[str, Any]]:
        damage = Damage()
        records = list(read_records(io.BytesIO(block), damage))
        self.damage.lines += damage.lines
        self.damage.numbers += [number + self.lines for number in damage.numbers]
        self.damage.torn_bytes = damage.torn_bytes
        return records

    def _add(self, records: list[dict[str, Any]]) -> None:
        columns: dict[str, dict[str, tuple[list[Any], list[Any]]]] = {}
        for record in records:
            ((metrics_type, body),) = record.items()
            step = body["sequence"].get("step")
            of_type = columns.get(metrics_type)
            if of_type is None:
                of_type = columns[metrics_type] = {}
            for name, value in body["value"].items():
                column = of_type.get(name)
                if column is None:
                    column = of_type[name] = ([], [])
                    if isinstance(value, (int, float)):
                        self.metrics.setdefault(f"{metrics_type}.{name}", MetricSummary())
                column[0].append(value)
                column[1].append(step)
        for metrics_type, of_type in columns.items():
            for name, (values, steps) in of_type.items():
                self._extend(f"{metrics_type}.{name}", values, steps)

    def _extend(self, name: str, values: list[Any], steps: list[Any]) -> None:
        """Take a stretch of one metric in: as `MetricSummary.add` for each of them, several times as fast."""
        if set(map(type, values)) != {float}:
            kept = [number for number, value in enumerate(values) if isinstance(value, (int, float))]
            values, steps = [_as_float(values[number]) for number in kept], [steps[number] for number in kept]
        if set(map(type, steps)) != {int}:
            steps = [step if isinstance(step, int) else None for step in steps]
        if not values:
            return
        summary = self.metrics.setdefault(name, MetricSummary())
        summary.count += len(values)
        summary.last, summary.last_step = values[-1], steps[-1]
        total = sum(values)
        if total - total != 0.0:
            finite = [number for number, value in enumerate(values) if value - value == 0.0]
            summary.nan_count += len(values) - len(finite)
            values, steps = [values[number] for number in finite], [steps[number] for number in finite]
        if values:
            _extend_finite(summary, values, steps)
            self.trends.setdefault(name, Trend()).extend(values)


def _extend_finite(summary: MetricSummary, values: list[float], steps: list[int | None]) -> None:
    summary.total += sum(values)
    smallest, largest = min(values), max(values)
    if summary.min is None or smallest < summary.min:
        summary.min, summary.min_step = smallest, steps[values.index(smallest)]
    if summary.max is None or largest > summary.max:
        summary.max, summary.max_step = largest, steps[values.index(largest)]


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return float("inf") if value > 0 else float("-inf")


def _decode_block(block: bytes) -> list[dict[str, Any]] | None:
    """Return the records of lines that hold one each, or None when a line holds anything else."""
    try:
        body = block.decode("utf-8").strip("\r\n")
        if not body:
            return []
        documents = json.loads("[" + body.replace("\n", ",\n") + "]")
    except (ValueError, RecursionError):
        return None
    if len(documents) != body.count("\n") + 1 or not all(map(is_record, documents)):
        return None
    return list(documents)


def _read_blocks(file: BinaryIO) -> Iterable[tuple[bytes, bool]]:
    """Yield stretches of complete lines, and at last what stands behind the last newline, with False."""
    rest = bytearray()
    while block := file.read(_BLOCK_BYTES):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield bytes(rest) + block[:cut], True
            rest = bytearray(block[cut:])
        else:
            rest += block
    yield bytes(rest), False


def read_totals(path: str, known: dict[str, Any] | None = None) -> tuple[JournalTotals, JournalTotals]:
    """Read a journal, or what is new of it.

    Args:
        path: The journal; a missing one is empty.
        known: The state of totals read before, to go on from when the journal still holds what they were made of.

    Returns:
        The totals to show, with a last line that has no newline yet; and those to go on from, without it.

    Raises:
        DamagedError: Something other than a plain file is in its place, or it may not be read.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return JournalTotals(), JournalTotals()
    with file:
        totals = _resumed(file, known) or JournalTotals()
        file.seek(totals.offset)
        for block, is_complete in _read_blocks(file):
            if is_complete:
                totals.take_lines(block)
            elif block:
                shown = JournalTotals.from_state(totals.state())
                shown.take_lines(block)
                return shown, totals
    return totals, totals


def _resumed(file: BinaryIO, known: dict[str, Any] | None) -> JournalTotals | None:
    """Return the totals known before when the journal goes on from them, else None."""
    if not known:
        return None
    totals = JournalTotals.from_state(known)
    seam = totals.seam
    if os.fstat(file.fileno()).st_size < totals.offset:
        return None
    return totals if os.pread(file.fileno(), len(seam), totals.offset - len(seam)) == seam else None
