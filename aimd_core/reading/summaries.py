"""The totals and trends of a trial's metrics as the index keeps them: numbers side by side, unpacked on demand.

A list shows a few numbers of many trials. As JSON, each number would be written and read as text, and all of them to
show one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

TREND_POINTS = 24
# In the order of `MetricSummary.as_dict`: first floats, then whole numbers, which are all exact as floats.
AGGREGATES = ("last", "min", "max", "mean", "count", "last_step", "min_step", "max_step", "nan_since")
_POSITIONS = {aggregate: position for position, aggregate in enumerate(AGGREGATES)}
WHOLE_FROM = 4
_NUMBER = struct.Struct("<d")
_NUMBERS = struct.Struct(f"<{len(AGGREGATES)}d")
_HEAD = struct.Struct("<3d")  # of a trend: stride, filled, number of sums
_NONE = float("nan")  # what is absent; except for `last`, which never is, no number is NaN


def in_types(names: Iterable[str]) -> list[str]:
    """Return metrics' names, `type.name`, in the order in which every list has them, here and on a server.

    Metrics of one type follow each other. Types, and the metrics of each, are in the order of first appearance.
    """
    types: dict[str, list[str]] = {}
    for name in names:
        types.setdefault(name.partition(".")[0], []).append(name)
    return [name for of_type in types.values() for name in of_type]


def positions_of(names: Iterable[str]) -> dict[str, int]:
    """Return metrics' names, `type.name`, with their positions; trials with the same names share one such mapping."""
    return {name: position for position, name in enumerate(names)}


class Summaries(Mapping[str, "Mapping[str, float | int | str | None]"]):
    """Summaries of metrics by `type.name`, each unpacked on demand."""

    __slots__ = ("packed", "positions")

    def __init__(self, positions: dict[str, int], packed: bytes) -> None:
        """Take what `pack_summaries` made.

        Raises:
            ValueError: It is not as long as there are names.
        """
        if len(packed) != len(positions) * _NUMBERS.size:
            raise ValueError(len(packed))
        self.positions = positions
        self.packed = packed

    def number(self, name: str, aggregate: str) -> float | int | None:
        """Return one aggregate of a metric; None if there is none."""
        metric, position = self.positions.get(name), _POSITIONS.get(aggregate)
        if metric is None or position is None:
            return None
        (number,) = _NUMBER.unpack_from(self.packed, _NUMBERS.size * metric + _NUMBER.size * position)
        return _number(position, number)

    def __getitem__(self, name: str) -> dict[str, float | int | str | None]:
        numbers = _NUMBERS.unpack_from(self.packed, _NUMBERS.size * self.positions[name])
        return {AGGREGATES[position]: _number(position, number) for position, number in enumerate(numbers)}

    def get(self, name: str, default: Any = None) -> Any:
        """Return the summary of a metric, or a default."""
        return self[name] if name in self.positions else default

    def __contains__(self, name: object) -> bool:
        return name in self.positions

    def __iter__(self) -> Iterator[str]:
        return iter(self.positions)

    def __len__(self) -> int:
        return len(self.positions)


class LastValues:
    """The last values of the same metrics, taken from the summaries of one trial after the other, for lists of many."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        # By the identity of shared positions, which are kept so that no others get it: what reads them all at once, and
        # which of them are asked for, or None if it is all of them in order.
        self._readers: dict[int, tuple[dict[str, int], struct.Struct, list[int] | None]] = {}

    def of(self, metrics: Mapping[str, Mapping[str, float | int | str | None]]) -> Sequence[float | int | str | None]:
        """Return the last values in a trial's summaries; None for a metric that it does not have."""
        if not isinstance(metrics, Summaries):
            return [metrics[name].get("last") if name in metrics else None for name in self._names]
        reader = self._readers.get(id(metrics.positions)) or self._reader_of(metrics.positions)
        _, fields, order = reader
        numbers = fields.unpack(metrics.packed)
        return numbers if order is None else [(*numbers, None)[position] for position in order]

    def _reader_of(self, positions: dict[str, int]) -> tuple[dict[str, int], struct.Struct, list[int] | None]:
        absent = len(positions)
        order = [positions.get(name, absent) for name in self._names]
        fields = struct.Struct("<" + f"d{_NUMBERS.size - _NUMBER.size}x" * len(positions))
        reader = positions, fields, None if order == list(range(absent)) else order
        self._readers[id(positions)] = reader
        return reader


def _number(position: int, number: float) -> float | int | None:
    if number != number and position:
        return None
    return number if position < WHOLE_FROM else int(number)


def pack_summaries(summaries: Iterable[Sequence[float | None]]) -> bytes:
    """Return summaries, each as its `AGGREGATES`, one after the other."""
    numbers = [_NONE if number is None else number for summary in summaries for number in summary]
    return struct.pack(f"<{len(numbers)}d", *numbers)


class Trends(Mapping[str, list[float]]):
    """The points of trends by `type.name`, each computed on demand."""

    __slots__ = ("_packed", "_starts")

    def __init__(self, positions: dict[str, int], packed: bytes) -> None:
        """Take what `pack_trends` made.

        Raises:
            ValueError, struct.error: It is something else.
        """
        self._packed = packed
        self._starts: dict[str, int] = {}
        start = 0
        for name in positions:
            count = int(_HEAD.unpack_from(packed, start)[2])
            if count > 0:
                self._starts[name] = start
            start += _HEAD.size + _NUMBER.size * count
        if start != len(packed):
            raise ValueError(len(packed))

    def __getitem__(self, name: str) -> list[float]:
        return _rounded(self.means(name))

    def means(self, name: str) -> list[float]:
        """Return the points of a trend with all their digits, in less time."""
        start = self._starts[name]
        stride, filled, count = map(int, _HEAD.unpack_from(self._packed, start))
        return _means(stride, filled, struct.unpack_from(f"<{count}d", self._packed, start + _HEAD.size))

    def __contains__(self, name: object) -> bool:
        return name in self._starts

    def __iter__(self) -> Iterator[str]:
        return iter(self._starts)

    def __len__(self) -> int:
        return len(self._starts)


def pack_trends(trends: Iterable[tuple[int, int, list[float]]]) -> bytes:
    """Return trends, each as the arguments of `trend_points`, one after the other; one without sums is none."""
    numbers: list[float] = []
    for stride, filled, sums in trends:
        numbers += (stride, filled, len(sums))
        numbers += sums
    return struct.pack(f"<{len(numbers)}d", *numbers)


def trend_points(stride: int, filled: int, sums: Sequence[float]) -> list[float]:
    """Return the course of a metric as at most `TREND_POINTS` values with four significant digits, enough to draw them.

    Args:
        stride: How many values each sum has.
        filled: How many the last one has.
        sums: The sums.
    """
    return _rounded(_means(stride, filled, sums))


def _rounded(means: Sequence[float]) -> list[float]:
    return [float(f"{mean:.4g}") for mean in means]


def _means(stride: int, filled: int, sums: Sequence[float]) -> list[float]:
    if not sums:
        return []
    means = [total / stride for total in sums[:-1]] + [sums[-1] / max(1, filled)]
    if len(means) > TREND_POINTS:
        cuts = [number * len(means) // TREND_POINTS for number in range(TREND_POINTS + 1)]
        means = [sum(means[start:end]) / (end - start) for start, end in pairwise(cuts)]
    return means
