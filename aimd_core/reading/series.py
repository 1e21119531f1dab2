"""The points of a trial: its records that count, or a metric as columns of numbers.

Every reader of points uses this module or `totals`, so all see the same points in the order written, without superseded
ones (`format.segments`) unless all segments are requested.

A metric is read fast, a million points in less than a second, with the same result as `records_of`. A regular
expression takes lines in the SDK's form, a large piece at a time, because parsing a JSON document each costs four times
as much; the journal's own reader parses every other line that may have the metric. If all lines of a piece have the
same metrics, as usual, an expression made for these is faster still.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
from array import array
from bisect import bisect_right
from collections import deque

from aimd_core.format.journal import OPEN_LINE_BYTES, Damage, is_record, key_head, open_regular, read_records
from aimd_core.format.layout import METRICS_FILE
from aimd_core.format.segments import SYSTEM_TYPE, Segments, read_segments
from aimd_core.format.values import float_of, step_of, time_of
from aimd_core.reading.summaries import in_types

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any, BinaryIO

AXES = ("step", "epoch", "time")
_ENDS_BYTES = 1 << 20  # searched for names at both ends of a journal
_CHUNK_BYTES = 1 << 18  # what fits into the cache of a core while it is parsed
_NUMBER = rb"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|NaN|-?Infinity"
_WHOLE = rb"0|-?[1-9][0-9]{0,17}"  # any plain step or epoch; longer ones are parsed carefully
_OTHER = rb'"[ !#-\[\]-~]*": (?:%b)' % _NUMBER
_NUMBER_AT_SIGHT = rb"[-+.0-9eENa-yI]+"  # which JSON's own reader checks next
_MAX_MISSES = 3  # pieces without a common shape, after which none is tried
_UNDATED = float("nan")


class Series:
    """The points of a metric in the order written.

    Attributes:
        metric: `type.name`.
        positions: The position of each point on the requested axis: step, epoch, or seconds since the epoch (time); NaN
            if the record has none.
        values: The value of each point, including NaN and infinities.
        damage: What was left out of the lines that were parsed carefully.
        starts: Where each later segment begins, if superseded points were requested.
    """

    __slots__ = ("damage", "metric", "positions", "starts", "values")

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.positions = array("d")
        self.values = array("d")
        self.damage = Damage()
        self.starts: list[int] = []

    def __len__(self) -> int:
        return len(self.values)

    def segments(self) -> list[Series]:
        """Return the series in pieces, one for each time that recording went on from an earlier step."""
        if not self.starts:
            return [self]
        pieces = []
        for start, end in zip([0, *self.starts], [*self.starts, len(self)], strict=True):
            piece = Series(self.metric)
            piece.positions, piece.values = self.positions[start:end], self.values[start:end]
            piece.damage = self.damage
            pieces.append(piece)
        return pieces


def split_metric(metric: str) -> tuple[str, str]:
    """Return type and name of a metric written `type.name`; the name may contain dots, the type does not."""
    metrics_type, _, name = metric.partition(".")
    return metrics_type, name


def split_type(metrics_type: str) -> tuple[str, str]:
    """Return a record's type without what follows its first dot, and what precedes its names in exchange.

    `c` of type `a.b` and `b.c` of type `a` are one metric. So a store by type keeps both as `b.c` of `a`.
    """
    first, dot, rest = metrics_type.partition(".")
    return first, f"{rest}." if dot else ""


def metric_values(record: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the metrics of a record as `type.name` with their values, skipping anything that is not a number."""
    ((metrics_type, body),) = record.items()
    for name, value in body["value"].items():
        if isinstance(value, (int, float)):
            yield f"{metrics_type}.{name}", float_of(value)


def records_of(
    trial: str | Path, damage: Damage, all_segments: bool = False, segments: Segments | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the records of a trial that count, in the order written; none without a journal.

    Args:
        trial: Its directory.
        damage: Notes what was left out.
        all_segments: Whether to include superseded records.
        segments: The segments that say what counts; by default the trial's.

    Raises:
        DamagedError: The journal or its segments file is not a regular file.
    """
    if segments is None:
        segments = Segments() if all_segments else read_segments(trial)
    try:
        file = open_regular(os.path.join(trial, METRICS_FILE))
    except FileNotFoundError:
        return
    with file:
        yield from read_records(_counting(file, segments) if segments.reach else file, damage)


def all_records_of(trial: str | Path, damage: Damage) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield all records of a trial, superseded ones as well, each with the number of its segment, from 1.

    Arguments and errors as for `records_of`.
    """
    starts = segment_starts(read_segments(trial))
    position = 0

    def lines() -> Iterator[bytes]:
        nonlocal position
        reached = 0
        for line in file:
            position = reached
            yield line
            reached += len(line)

    try:
        file = open_regular(os.path.join(trial, METRICS_FILE))
    except FileNotFoundError:
        return
    with file:
        for record in read_records(lines(), damage):  # which takes a line when those before it have been read
            yield 1 + bisect_right(starts, position), record


def segment_starts(segments: Segments) -> list[int]:
    """Return at which bytes of the journal recording went on from an earlier step."""
    return sorted({resume.offset for resume in segments.resumes})


def _counting(file: BinaryIO, segments: Segments) -> Iterator[bytes]:
    """Yield the lines of a journal, with superseded ones blank."""
    start = 0
    while start < segments.reach and (lines := file.read(_CHUNK_BYTES)):
        lines += file.readline()
        yield from io.BytesIO(segments.mask(lines, start))
        start += len(lines)
    yield from file


def read_series(path: str | Path, metric: str, axis: str = "step", all_segments: bool = False) -> Series:
    """Read a metric of a journal; a missing journal has no points.

    Args:
        path: The journal, in its trial's directory.
        metric: `type.name`, as in `JournalTotals.metrics`.
        axis: `step`, `epoch` or `time`.
        all_segments: Whether to include superseded points.

    Raises:
        DamagedError: The journal or its segments file is not a regular file.
    """
    series = Series(metric)
    segments = read_segments(os.path.dirname(path))
    starts: list[int] = []
    if all_segments:
        # Metrics of the machine continue whatever training does.
        starts = [] if split_metric(metric)[0] == SYSTEM_TYPE else segment_starts(segments)
        segments = Segments()
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return series
    with file:
        _Reader(series, axis, segments).read(file, starts)
    return series


def read_several(path: str | Path, metrics: Sequence[str], axis: str = "step") -> list[tuple[Series, float | None]]:
    """Read several metrics in one pass, and their last values; for a few of many points `read_series` is faster.

    Arguments and errors as `read_series`.
    """
    made = {metric: Series(metric) for metric in metrics}
    steps = made if axis == "step" else {metric: Series(metric) for metric in metrics}
    damage = Damage()
    for record in records_of(os.path.dirname(path), damage):
        ((metrics_type, body),) = record.items()
        places = None  # its positions on the two axes
        head = f"{metrics_type}."
        for name, value in body["value"].items():
            series = made.get(head + name)
            if series is None or not isinstance(value, (int, float)):
                continue
            if places is None:
                places = position_of(body["sequence"], axis), position_of(body["sequence"], "step")
            series.values.append(float_of(value))
            series.positions.append(places[0])
            if steps is not made:
                steps[series.metric].values.append(float_of(value))
                steps[series.metric].positions.append(places[1])
    for series in made.values():
        series.damage = damage
    return [(made[metric], last_of(steps[metric])) for metric in metrics]


def last_of(steps: Series) -> float | None:
    """Return the value of the last point of a series that was read by step: that with the greatest step, or None."""
    if not len(steps):
        return None
    positions = steps.positions
    if positions[-1] >= max(positions):  # this is false if the first one is NaN
        return steps.values[-1]
    order = [-math.inf if position != position else position for position in positions]
    greatest = max(order)
    return steps.values[len(order) - 1 - order[::-1].index(greatest)]


def metric_names(path: str | Path) -> list[str]:
    """Return the metrics of a journal as `type.name`, in the order of lists (`in_types`).

    Only the first and the last mebibyte of a long journal are searched, so a metric that was logged only in the middle
    can be missing. Errors as `read_series`.
    """
    segments = read_segments(os.path.dirname(path))
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return []
    with file:
        head = file.read(_ENDS_BYTES)
        lines = [*io.BytesIO(segments.mask(head, 0))]
        end = file.seek(0, 2)
        if end > _ENDS_BYTES:
            start = file.seek(max(_ENDS_BYTES, end - _ENDS_BYTES))
            begun = file.readline()
            lines += io.BytesIO(segments.mask(file.read(), start + len(begun)))
    names = (name for record in read_records(iter(lines), Damage()) for name, _ in metric_values(record))
    return in_types(dict.fromkeys(names))


class _Reader:
    """Fills a series from an open journal."""

    def __init__(self, series: Series, axis: str, segments: Segments) -> None:
        self._series = series
        self._axis = axis
        self._segments = segments
        self._offset = 0  # bytes taken so far
        self._pattern = _line_pattern(series.metric, axis)
        self._shape = _Shape(series.metric, axis)
        self._tokens = _tokens(series.metric)
        self._line = 0  # lines taken so far

    def read(self, file: BinaryIO, starts: Sequence[int] = ()) -> None:
        """Read a journal, and note which of its points come first from certain bytes on."""
        torn = b""  # what follows the last newline
        ends = deque(start for start in starts if start)
        self._series.starts += [0] * (len(starts) - len(ends))
        while not torn and (lines := file.read(min(_CHUNK_BYTES, ends[0] - self._offset) if ends else _CHUNK_BYTES)):
            if not ends or not lines.endswith(b"\n"):
                lines += file.readline()
            if not lines.endswith(b"\n"):
                cut = lines.rfind(b"\n") + 1
                lines, torn = lines[:cut], lines[cut:]
            self._take(self._segments.mask(lines, self._offset))
            self._offset += len(lines)
            while ends and ends[0] <= self._offset:
                self._series.starts.append(len(self._series))
                ends.popleft()
        torn = self._segments.mask(torn[:OPEN_LINE_BYTES], self._offset)
        if self._may_hold(torn):
            self._read_line(torn, 0)

    def _take(self, lines: bytes) -> None:
        """Take complete lines: those that match the pattern together, what is between them carefully."""
        columns = self._shape.columns_of(lines)
        if columns is not None:
            self._line += len(columns[0])
            self._series.values.extend(columns[0])
            self._series.positions.extend(columns[1])
            return
        parts = self._pattern.split(lines)  # between, value, position, between and so on, because there are two groups
        between = parts[::3]
        if any(between):
            self._take_mixed(lines, between, parts)
        else:
            self._extend(parts, 0, len(between) - 1)

    def _take_mixed(self, lines: bytes, between: list[bytes], parts: list[bytes]) -> None:
        if not all(odd.endswith(b"\n") for odd in between if odd):  # the pattern matched the end of a damaged line
            self._take_carefully(lines)
            return
        start = 0
        for number, odd in enumerate(between):
            if odd:
                self._extend(parts, start, number)
                self._take_carefully(odd)
                start = number
        self._extend(parts, start, len(between) - 1)

    def _extend(self, parts: list[bytes], start: int, end: int) -> None:
        """Take the matches from number `start` to before `end`."""
        self._line += end - start
        self._series.values.extend(_numbers(parts[3 * start + 1 : 3 * end : 3]))
        self._series.positions.extend(_positions(parts[3 * start + 2 : 3 * end : 3], self._axis))

    def _take_carefully(self, lines: bytes) -> None:
        """Take lines that are not in the SDK's form, or not of this metric."""
        if self._may_hold(lines):
            token = b"\n" if b"\\" in lines else min(self._tokens, key=lines.count)
            hit = lines.find(token)
            while hit >= 0:
                start, end = lines.rfind(b"\n", 0, hit) + 1, lines.index(b"\n", hit) + 1
                if self._may_hold(lines[start:end]):
                    self._read_line(lines[start:end], lines.count(b"\n", 0, start))
                hit = lines.find(token, end)
        self._line += lines.count(b"\n")

    def _may_hold(self, line: bytes) -> bool:
        """Tell whether a line may contain the metric; an escape may spell any name."""
        return b"\\" in line or all(token in line for token in self._tokens)

    def _read_line(self, line: bytes, lines_before: int) -> None:
        damage = Damage()
        for record in read_records(iter([line]), damage):
            self._add(record)
        if damage.lines:
            self._series.damage.note(self._line + lines_before + 1)
        self._series.damage.torn_bytes += damage.torn_bytes

    def _add(self, record: dict[str, Any]) -> None:
        (body,) = record.values()
        for name, value in metric_values(record):
            if name == self._series.metric:
                self._series.values.append(value)
                self._series.positions.append(position_of(body["sequence"], self._axis))


class _Shape:
    """Parses pieces in which every line has the same metrics in the same order."""

    def __init__(self, metric: str, axis: str) -> None:
        self._metric = metric
        self._axis = axis
        self._names: tuple[str, ...] = ()
        self._pattern: re.Pattern[bytes] | None = None
        self._misses = 0

    def columns_of(self, lines: bytes) -> tuple[array[float], array[float]] | None:
        """Return values and positions of complete lines, or None if they are not all alike or anything is odd."""
        if self._misses >= _MAX_MISSES:
            return None
        try:
            columns = self._read(lines)
        except (ValueError, TypeError, OverflowError, RecursionError):
            columns = None
        self._misses = self._misses + 1 if columns is None else 0
        return columns

    def _read(self, lines: bytes) -> tuple[array[float], array[float]] | None:
        names = self._names_in(lines[: lines.find(b"\n")])
        if names != self._names:
            self._names, self._pattern = names, _shape_pattern(self._metric, names, self._axis) if names else None
        if self._pattern is None:
            return None
        parts = self._pattern.split(lines)
        if any(parts[::3]):
            return None
        return _numbers(parts[1::3]), _positions(parts[2::3], self._axis)

    def _names_in(self, line: bytes) -> tuple[str, ...]:
        """Return the names of the metrics of a line; none if it is not of the type or lacks the metric."""
        metrics_type, name = split_metric(self._metric)
        document = json.loads(line)
        if not is_record(document) or metrics_type not in document:
            return ()
        names = tuple(document[metrics_type]["value"])
        return names if name in names else ()


def _positions(tokens: list[bytes], axis: str) -> array[float]:
    if axis == "time":
        return array("d", map(_read_time, tokens))
    if axis == "epoch" and b"null" in tokens:
        return array("d", map(_read_epoch, tokens))
    return _numbers(tokens)


def _numbers(tokens: list[bytes]) -> array[float]:
    """Return JSON numbers as floats.

    Raises:
        ValueError, TypeError, OverflowError: They are not all numbers, or one is too large.
    """
    numbers = array("d")
    numbers.fromlist(json.loads(b"[%b]" % b",".join(tokens)))
    if len(numbers) != len(tokens):
        raise ValueError(tokens)
    return numbers


def _tokens(metric: str) -> tuple[bytes, ...]:
    """Return bytes that every line with a metric contains, unless it contains an escape.

    With several dots it is unknown where the type ends, so only the ends are searched.
    """
    first, last = metric.partition(".")[0], metric.rpartition(".")[2]
    only_one_dot = metric.count(".") == 1
    begin, end = f'"{first}"' if only_one_dot else f'"{first}', f'"{last}"' if only_one_dot else f'{last}"'
    return begin.encode("utf-8", "replace"), end.encode("utf-8", "replace")


def _line_pattern(metric: str, axis: str) -> re.Pattern[bytes]:
    """Return the expression for a line in the SDK's form, with value and position as its two groups."""
    metrics_type, name = split_metric(metric)
    key = re.escape(key_head(name).encode())
    values = rb"(?:%b, )*?%b(%b)(?:, (?!%b)%b)*" % (_unlike(key), key, _NUMBER, key, _OTHER)
    return _record_pattern(metrics_type, values, axis)


def _shape_pattern(metric: str, names: tuple[str, ...], axis: str) -> re.Pattern[bytes]:
    """Return the expression for a line with exactly these metrics; the content of its groups is checked later."""
    metrics_type, metric_name = split_metric(metric)
    fields = [
        re.escape(key_head(name).encode())
        + (b"(%b)" % _NUMBER_AT_SIGHT if name == metric_name else b"(?:%b)" % _NUMBER)
        for name in names
    ]
    return _record_pattern(metrics_type, b", ".join(fields), axis, step=b"-?[0-9]{1,18}" if axis == "step" else _WHOLE)


def _record_pattern(metrics_type: str, values: bytes, axis: str, step: bytes = _WHOLE) -> re.Pattern[bytes]:
    head = re.escape(b"{" + key_head(metrics_type).encode() + b'{"value": {')
    shapes = {"epoch": _WHOLE + b"|null", "step": step, "time": rb"[-+:.0-9TZ]*"}
    groups = tuple((b"(%b)" if name == axis else b"(?:%b)") % shape for name, shape in shapes.items())
    sequence = rb'"epoch": %b, "step": %b, "timestamp": "%b"' % groups
    return re.compile(rb'%b%b\}, "sequence": \{%b\}\}\}\n' % (head, values, sequence))


def _unlike(key: bytes) -> bytes:
    return rb"(?!%b)%b" % (key, _OTHER)


def position_of(sequence: dict[str, Any], axis: str) -> float:
    """Return the position of a record on an axis, or NaN."""
    if axis == "step":
        step = step_of(sequence.get("step"))
        return _UNDATED if step is None else float(step)
    if axis == "time":
        return time_of(sequence.get("timestamp"))
    epoch = sequence.get("epoch")
    return float_of(epoch) if isinstance(epoch, (int, float)) and not isinstance(epoch, bool) else _UNDATED


def _read_time(token: bytes) -> float:
    return time_of(token.decode("ascii"))


def _read_epoch(token: bytes) -> float:
    return _UNDATED if token == b"null" else float(token)
