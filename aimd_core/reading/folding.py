"""Keeps the facts of very many ended trials in little memory, for those who hold all trials of a directory.

A trial with four metrics and eight parameters takes about 850 bytes instead of 4,500: what trials share is kept once,
and the rest is bytes that are read on demand. Nothing is lost except the height of trends.
"""

from __future__ import annotations

import marshal
import struct
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from aimd_core.reading.facts import Facts, WholeFacts, iso_of, seconds_of, start_s
from aimd_core.reading.summaries import AGGREGATES, WHOLE_FROM, Summaries, Trends

_LEVELS = 240  # a multiple of the heights that a line of text has
_MOST_METRICS = 1000  # because each number is read from the bytes of all
_KEPT = 1024  # whole facts, for those who draw the same few trials again and again
_UNUSUAL = (ValueError, TypeError, OverflowError, struct.error)
_WHOLE = len(AGGREGATES) - WHOLE_FROM  # aggregates of a metric that are whole numbers
_NUMBERS = struct.Struct(f"<{WHOLE_FROM}d{_WHOLE}I")
_NAN, _ABSENT = float("nan"), (1 << 32) - 1


class _Common(NamedTuple):
    """What trials have in common: most of a directory have the same names of parameters and metrics."""

    folds: Folds
    status: str
    folder: str
    params: tuple[str, ...]
    positions: dict[str, int]
    git: Mapping[str, object]
    platform: Mapping[str, object]
    # So that a search for a word opens no bytes: how much of the alternative name is the name, and that nothing is in
    # `_Parts.rest`.
    name_chars: int | None
    is_plain: bool


class _Parts(NamedTuple):
    """What each trial has of its own, in a form that `marshal` takes, and shorter where it is as usual."""

    name: str | None  # None if it is the beginning of the alternative name
    id: str | bytes
    started: str | float | None
    ended: str | float | None
    params: tuple[object, ...]
    totals: bytes
    levels: bytes
    rest: tuple[Any, ...] | None  # tags, note, damage, ending, segments


class Folds:
    """The folded trials of a directory."""

    def __init__(self, base: str) -> None:
        """Take what the paths of all trials begin with."""
        self.base = base
        self._shapes: dict[Hashable, _Common] = {}
        self._documents: dict[bytes, Mapping[str, object]] = {}
        self._whole: dict[str, tuple[FoldedFacts, WholeFacts]] = {}

    def fold(self, name: str, row: Facts, signature: bytes) -> Facts:
        """Return the same facts in little memory; as they are if they may change by themselves, or are unusual.

        Args:
            name: The alternative name, which the result keeps.
            row: The facts.
            signature: The signature of the trial's files.
        """
        metrics, trends = row.metrics, row.trends
        if row.is_unfinished or row.silent_s is not None:
            return row
        if not isinstance(metrics, Summaries) or not isinstance(trends, Trends) or len(metrics) > _MOST_METRICS:
            return row
        try:
            parts = _parts_of(row, metrics, trends)
            shape = self._shape(row, metrics, len(row.name) if parts.name is None else None, parts.rest is None)
            return FoldedFacts(name, row, hash(signature), shape, _bytes_of(tuple(parts)))
        except _UNUSUAL:  # what no program of ours writes
            return row

    def _shape(self, row: Facts, metrics: Summaries, name_chars: int | None, is_plain: bool) -> _Common:
        git, platform = self._document(row.git), self._document(row.platform)
        params = tuple(row.params)
        key = (row.status, row.folder, params, tuple(metrics.positions), id(git), id(platform), name_chars, is_plain)
        shape = self._shapes.get(key)
        if shape is None:
            shape = _Common(
                self, row.status, row.folder, params, metrics.positions, git, platform, name_chars, is_plain
            )
            self._shapes[key] = shape
        return shape

    def _document(self, document: Mapping[str, object]) -> Mapping[str, object]:
        """Return an equal document that other trials have, too; it is kept, so that no other gets its identity."""
        return self._documents.setdefault(_bytes_of(document), document)

    def whole(self, row: FoldedFacts, unfold: Callable[[], WholeFacts]) -> WholeFacts:
        """Return the whole facts of a trial, and keep them for a while."""
        kept = self._whole.get(row.alternative_name)
        if kept is not None and kept[0] is row:
            return kept[1]
        if len(self._whole) >= _KEPT:
            self._whole.clear()  # in one step, because several threads read
        whole = unfold()
        self._whole[row.alternative_name] = row, whole
        return whole


class FoldedFacts(Facts):
    """The facts of an ended trial, each read from bytes when it is asked for.

    Attributes:
        signature: The hash of the signature that its files had.
        started_s: When it began, as `start_s` says.
    """

    __slots__ = ("_packed", "_shape", "alternative_name", "signature", "started_s", "state")

    def __init__(self, name: str, row: Facts, signature: int, shape: _Common, packed: bytes) -> None:
        self.alternative_name, self.state, self.started_s = name, row.state, start_s(row)
        self.signature, self._shape, self._packed = signature, shape, packed

    @property
    def name(self) -> str:  # type: ignore[override]  # as all facts of what is folded, it is only read
        """The trial's name; a word that is typed is looked for in each, so it takes no more than it must."""
        chars = self._shape.name_chars
        return self._parts().name or "" if chars is None else self.alternative_name[:chars]

    @property
    def tags(self) -> Sequence[str]:  # type: ignore[override]
        """Labels."""
        parts = () if self._shape.is_plain else self._parts().rest
        return parts[0] if parts else ()

    @property
    def note(self) -> str:  # type: ignore[override]
        """A remark, or empty."""
        parts = () if self._shape.is_plain else self._parts().rest
        return parts[1] if parts else ""

    @property
    def param_names(self) -> Collection[str]:
        """The names of its parameters, which no bytes are opened for."""
        return self._shape.params

    @property
    def metric_names(self) -> Collection[str]:
        """The names of its metrics, which no bytes are opened for."""
        return self._shape.positions

    @property
    def platform(self) -> Mapping[str, object]:  # type: ignore[override]
        """Facts about the machine."""
        return self._shape.platform

    def __getattr__(self, name: str) -> Any:
        """Return another attribute; those that lists are filtered and sorted by take about a microsecond."""
        if name.startswith("_"):
            raise AttributeError(name)
        read = _READ.get(name)
        return getattr(self._unfolded(), name) if read is None else read(self, self._parts())

    def number(self, metric: str, aggregate: str = "last") -> float | int | str | None:
        """Return an aggregate of a metric, or None."""
        position = self._shape.positions.get(metric)
        if position is None or aggregate not in AGGREGATES:
            return None
        totals = _opened(self._parts().totals, len(self._shape.positions), position)
        return Summaries({metric: 0}, totals).number(metric, aggregate)

    def derive(self, last_write_s: float) -> None:
        """Do nothing: the state of an ended trial does not change with time."""

    @property
    def is_unfinished(self) -> bool:
        """Whether its metadata says that it is running, which is not so if it could be folded."""
        return False

    def whole(self) -> WholeFacts:
        """Return the same facts in the form that is quick to read often."""
        return self._shape.folds.whole(self, self._unfolded)

    def _parts(self) -> _Parts:
        return _Parts._make(marshal.loads(self._packed))  # noqa: S302 - they never leave this process

    def _unfolded(self) -> WholeFacts:
        shape, parts = self._shape, self._parts()
        tags, note, damage, ending, segments = parts.rest or ((), "", [], None, [])
        return WholeFacts(
            name=self.name,
            alternative_name=self.alternative_name,
            id=_id_of(self, parts),
            path=f"{shape.folds.base}{self.alternative_name}",
            status=shape.status,
            state=self.state,
            ending=ending,
            started=_text_of(parts.started),
            ended=_text_of(parts.ended),
            folder=shape.folder,
            tags=tags,
            note=note,
            params=_params_of(self, parts),
            metrics=_metrics_of(self, parts),
            git=shape.git,
            platform=shape.platform,
            damage=damage,
            trends=_Courses(shape.positions, parts.levels),
            segments=segments,
        )


class _Courses(Mapping[str, Sequence[float]]):
    """Trends by metric: their points as levels between 0 and 240."""

    def __init__(self, positions: Mapping[str, int], levels: bytes) -> None:
        self._slices: dict[str, slice] = {}
        self._levels = levels
        start = 0
        for name in positions:
            end = start + 1 + levels[start]
            if levels[start]:
                self._slices[name] = slice(start + 1, end)
            start = end

    def __getitem__(self, name: str) -> list[float]:
        return list(map(float, self._levels[self._slices[name]]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._slices)

    def __len__(self) -> int:
        return len(self._slices)


def _parts_of(row: Facts, metrics: Summaries, trends: Trends) -> _Parts:
    rest = (tuple(row.tags), row.note, list(row.damage), row.ending and dict(row.ending), list(row.segments))
    return _Parts(
        None if row.alternative_name.startswith(row.name) else row.name,
        _short_id(row.id),
        _moment(row.started),
        _moment(row.ended),
        tuple(row.params.values()),
        _closed(metrics.packed, len(metrics)),
        b"".join([_levels(trends.means(name) if name in trends else ()) for name in metrics.positions]),
        rest if any(rest) else None,
    )


def _bytes_of(plain: Any) -> bytes:
    return marshal.dumps(plain)


def _short_id(trial_id: str) -> str | bytes:
    try:
        uuid = UUID(trial_id)
    except ValueError:
        return trial_id
    return uuid.bytes if str(uuid) == trial_id else trial_id


def _moment(time: str | None) -> str | float | None:
    """Return a time as seconds if it can be written again from them."""
    seconds = seconds_of(time)
    return time if seconds is None or iso_of(seconds) != time else seconds


def _text_of(moment: str | float | None) -> str | None:
    return iso_of(moment) if isinstance(moment, float) else moment


def _levels(means: Sequence[float]) -> bytes:
    """Return the number of points, and each as a byte that says how high it is between the others."""
    if sum(means) - sum(means) != 0.0:  # not finite, or too large together
        means = [mean for mean in means if mean - mean == 0.0]
    if not means:
        return b"\0"
    low = min(means)
    span = max(means) - low
    if span - span != 0.0:  # further apart than a float can represent
        return _levels([mean / 4 for mean in means])
    if span <= 0.0:
        return bytes([len(means), *[_LEVELS // 2] * len(means)])
    return bytes([len(means), *[int((mean - low) / span * _LEVELS + 0.5) for mean in means]])


def _closed(totals: bytes, count: int) -> bytes:
    """Return totals with their whole numbers in four bytes each, or as they are if one needs more."""
    numbers = struct.unpack(f"<{count * len(AGGREGATES)}d", totals)
    closed: list[float] = []
    for start in range(0, len(numbers), len(AGGREGATES)):
        whole = numbers[start + WHOLE_FROM : start + len(AGGREGATES)]
        closed += numbers[start : start + WHOLE_FROM]
        closed += [_ABSENT if number != number else int(number) for number in whole]
        if any(not 0 <= number < _ABSENT for number in whole if number == number):
            return totals
    return struct.pack("<" + _NUMBERS.format[1:] * count, *closed)


def _opened(totals: bytes, count: int, position: int) -> bytes:
    """Return the totals of one metric as `Summaries` has them."""
    size = len(totals) // count
    if size != _NUMBERS.size:
        return totals[size * position : size * (position + 1)]
    numbers = _NUMBERS.unpack_from(totals, size * position)
    whole = [_NAN if number == _ABSENT else number for number in numbers[WHOLE_FROM:]]
    return struct.pack(f"<{len(AGGREGATES)}d", *numbers[:WHOLE_FROM], *whole)


def _id_of(_: FoldedFacts, parts: _Parts) -> str:
    return parts.id if isinstance(parts.id, str) else str(UUID(bytes=parts.id))


def _params_of(row: FoldedFacts, parts: _Parts) -> dict[str, object]:
    return dict(zip(row._shape.params, parts.params, strict=True))


def _metrics_of(row: FoldedFacts, parts: _Parts) -> Summaries:
    positions, totals = row._shape.positions, parts.totals
    count = len(positions)
    return Summaries(positions, b"".join([_opened(totals, count, position) for position in range(count)]))


_READ: dict[str, Callable[[FoldedFacts, _Parts], object]] = {
    "id": _id_of,
    "started": lambda _, parts: _text_of(parts.started),
    "ended": lambda _, parts: _text_of(parts.ended),
    "params": _params_of,
    "metrics": _metrics_of,
}
