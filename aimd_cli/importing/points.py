"""The points of a run in columns: about 30 bytes each, so that a run of millions of points fits in memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

UNKNOWN_TIME = "1970-01-01T00:00:00.000000+00:00"  # in a journal, whose records need a time, of a run without any
_UNKNOWN = float("nan")


class Point(NamedTuple):
    """One value.

    Attributes:
        key: The metric's name there.
        step: The step.
        time_s: When, in seconds since the epoch; None when it is not known.
        value: The value.
        epoch: The epoch, or None.
    """

    key: str
    step: int
    time_s: float | None
    value: float
    epoch: int | None = None


class PointColumns(Sequence[Point]):
    """A sequence of points, kept in columns."""

    def __init__(self, points: Iterable[Point] = ()) -> None:
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}  # of each name
        self._keys, self._steps = array("L"), array("q")
        self._times, self._values = array("d"), array("d")
        self._epochs: dict[int, int] = {}  # by position; most trackers have none
        self.extend(points)

    def append(self, point: Point) -> None:
        """Add a point.

        Raises:
            OverflowError: Its step has more than 64 bits.
        """
        self._steps.append(point.step)
        number = self._numbers.get(point.key)
        if number is None:
            number = self._numbers[point.key] = len(self._names)
            self._names.append(point.key)
        if point.epoch is not None:
            self._epochs[len(self._keys)] = point.epoch
        self._keys.append(number)
        self._times.append(_UNKNOWN if point.time_s is None else point.time_s)
        self._values.append(point.value)

    def extend(self, points: Iterable[Point]) -> None:
        """Add points. Errors as `append`."""
        for point in points:
            self.append(point)

    def keys(self) -> list[str]:
        """Return the names of the metrics, in the order in which they came."""
        return list(self._names)

    def times_s(self) -> Iterator[float]:
        """Yield the times that are known."""
        return (time_s for time_s in self._times if time_s == time_s)

    def in_order_of_time(self) -> PointColumns:
        """Return the points by time and step; points without a time come first, equal ones keep their order."""
        times, steps = self._times, self._steps
        order = sorted(range(len(self)), key=lambda at: (times[at] if times[at] == times[at] else 0.0, steps[at]))
        return PointColumns(self._point(at) for at in order)

    def in_order_of_step(self) -> PointColumns:
        """Return the points by step; those of one step keep their order."""
        order = sorted(range(len(self)), key=self._steps.__getitem__)
        return PointColumns(self._point(at) for at in order)

    def _point(self, at: int) -> Point:
        time_s = self._times[at]
        name = self._names[self._keys[at]]
        return Point(
            name, self._steps[at], time_s if time_s == time_s else None, self._values[at], self._epochs.get(at)
        )

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        at = range(len(self))[index]
        return self._point(at) if isinstance(at, int) else [self._point(number) for number in at]

    def __iter__(self) -> Iterator[Point]:
        return map(self._point, range(len(self)))
