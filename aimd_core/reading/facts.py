"""What is known about a trial, in the one form that all readers use. Only this module derives the state of a trial.

Trials of a directory and of a server are both `Facts`. Only `derive_state` derives a state, from the written status,
the ending that the process noted, the recording process, and the last write.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from datetime import datetime, timezone

from aimd_core.format import process
from aimd_core.format.layout import made_s
from aimd_core.format.model import (
    FAILED,
    INITIALIZING,
    INTERRUPTED,
    KILLED,
    LOST,
    RUNNING,
    SUCCEEDED,
    UNFINISHED,
    strict_json,
)
from aimd_core.language import joined, said
from aimd_core.reading.summaries import Summaries

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    Aggregates = Mapping[str, float | int | str | None]

LOST_AFTER_S = 600.0
ENDING_TEXTS = ("kind", "exception", "message", "signal", "at")
MAX_ENDING_CHARS = 1000
_MAX_TIME_CHARS = 64
_EMPTY: dict[str, object] = {}
_NO_METRICS: dict[str, Aggregates] = {}
_NO_TRENDS: dict[str, list[float]] = {}


class State:
    """The state of a trial, and why.

    Attributes:
        name: One of `aimd_core.format.model.STATES`.
        silent_s: How long nothing was written, in seconds, if the state is Lost; else None.
        reason: Why it is in this state, in one sentence, or empty.
    """

    __slots__ = ("name", "reason", "silent_s")

    def __init__(self, name: str, silent_s: float | None = None, reason: str = "") -> None:
        self.name = name
        self.silent_s = silent_s
        self.reason = reason


_UNTOLD, _SUCCEEDED = State(""), State(SUCCEEDED)  # before `Facts.derive`, and after it


def is_live(state: str) -> bool:
    """Tell whether a trial in this state is being recorded, or about to be."""
    return state in UNFINISHED


def may_go_on(state: str) -> bool:
    """Tell whether a trial in this state may still be recorded: it is, or its process cannot be seen."""
    return state in UNFINISHED or state == LOST


def is_seen_alive(recorded: dict[str, object]) -> bool:
    """Tell whether the recording process can be seen and is alive."""
    return process.is_gone(recorded) is False


def is_seen_gone(recorded: dict[str, object]) -> bool:
    """Tell whether a trial's recording process is gone; False if that cannot be seen from here."""
    return process.is_gone(recorded) is True


def derive_state(
    status: str,
    ending: Mapping[str, object] | None,
    recorded: dict[str, object] | None,
    last_write_s: float,
    now_s: float | None = None,
) -> State:
    """Derive the state of a trial.

    Args:
        status: The status in `metadata.yaml`; for a trial on a server, the state that its client sent.
        ending: Its `_exit`, about the end of the process, or None.
        recorded: The content of `process.json`, or None.
        last_write_s: When the trial's files were last written, in seconds since the epoch.
        now_s: The current time; by default the clock's.
    """
    if status == SUCCEEDED:
        return _SUCCEEDED  # nearly all of a long list
    silent_s = (time.time() if now_s is None else now_s) - last_write_s
    if status not in UNFINISHED:
        return told_state(status, ending, silent_s)
    if ending:
        return told_state(INTERRUPTED, ending)
    gone = None if recorded is None else process.is_gone(recorded)
    if gone:
        return told_state(KILLED)
    if gone is None and silent_s > LOST_AFTER_S:
        return told_state(LOST, None, silent_s)
    return State(RUNNING if status == RUNNING else INITIALIZING)


def told_state(name: str, ending: Mapping[str, object] | None = None, silent_s: float | None = None) -> State:
    """Return a state with a known name, such as from a server, with its reason.

    Args:
        name: One of `aimd_core.format.model.STATES`.
        ending: The known facts about the end of the process, or None.
        silent_s: How long nothing was written, in seconds, if known for a Lost one.
    """
    if name in (FAILED, INTERRUPTED):
        return State(name, None, ending_sentence(ending))
    if name == KILLED:
        return State(name, None, said("its process is gone"))
    if name == LOST:
        if silent_s is None or silent_s <= LOST_AFTER_S:  # a server has heard of it since
            least = _short_duration(LOST_AFTER_S)
            return State(name, None, said("nothing written for {duration} or more", duration=least))
        return State(name, silent_s, said("nothing written for {duration}", duration=_short_duration(silent_s)))
    return State(name)


def ending_sentence(ending: Mapping[str, object] | None) -> str:
    """Say how a process ended, such as `ValueError: bad shape`, `SIGTERM` or `exit status 3`; empty if unknown."""
    if not ending:
        return ""
    exception, message = ending.get("exception"), _one_line(ending.get("message"))
    if exception:
        return f"{exception}: {message}" if message else str(exception)
    if ending.get("signal"):
        return str(ending["signal"])
    if ending.get("kind") == "unfinished":
        return said("ended without finish()")
    if ending.get("status") is not None:
        status = said("exit status {status}", status=ending["status"])
        return joined(": ", [status, message]) if message else status
    if message:
        return message
    return said("its process ended before it was finished")


def _one_line(message: object) -> str:
    text = "" if message is None else str(message)
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _short_duration(seconds: float) -> str:
    for template, size in (("{n:.0f} d", 86400), ("{n:.0f} h", 3600), ("{n:.0f} min", 60)):
        if seconds >= size:
            return said(template, n=seconds // size)
    return said("{n:.0f} s", n=seconds)


def ending_of(metadata: Mapping[str, object]) -> dict[str, object] | None:
    """Return what a trial's metadata says about the end of its process: `kind`, `exception`, `signal` and so on.

    Only what has the right type counts, and as much of it as is shown. Something that is no mapping, as a person may
    have written it, is an ending of which nothing is known.
    """
    ending = metadata.get("_exit")
    if not isinstance(ending, dict):
        text = strict_json(ending)  # as a server gets it
        return {"kind": text[:MAX_ENDING_CHARS] if isinstance(text, str) else ""} if ending else None
    if not ending:
        return None
    texts = {name: ending[name][:MAX_ENDING_CHARS] for name in ENDING_TEXTS if isinstance(ending.get(name), str)}
    status = ending.get("status")
    is_status = type(status) is int and abs(status) < 1 << 31
    return {"kind": "", **texts, "status": status} if is_status else {"kind": "", **texts}


def written_time(value: object) -> str | None:
    """Return a time of a document as written, or None if it is none."""
    return value if isinstance(value, str) and seconds_of(value) is not None else None


def seconds_of(time: str | None) -> float | None:
    """Return an ISO 8601 time in seconds since the epoch; None when it is none.

    Without offset it is UTC, because a trial is read on other hosts than the one that it was recorded on.
    """
    if not time or len(time) > _MAX_TIME_CHARS:
        return None
    try:
        moment = datetime.fromisoformat(time[:-1] + "+00:00" if time.endswith("Z") else time)
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def iso_of(seconds: float) -> str:
    """Return a time in seconds since the epoch as ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds")


class Facts:
    """What is known about a trial; unknown facts are empty or None.

    Attributes:
        name: The trial's name.
        alternative_name: The name of its directory; if a server does not provide it, the trial's name.
        id: Its UUID, or empty.
        path: Its directory, or empty if it is not on this disk.
        status: As written in its metadata.
        state: One of `aimd_core.format.model.STATES`.
        silent_s: How long nothing was written, in seconds, if the state is Lost.
        reason: Why it is in this state, in one sentence, or empty.
        ending: What the process noted about its end, as `_exit` in the metadata, or None.
        started: When recording began, ISO 8601, or None.
        ended: When recording ended, ISO 8601, or None.
        last_write_s: The last sign of life of an unfinished trial, in seconds since the epoch, or None.
        folder: Where it is on the server, or where it will be uploaded to.
        tags: Labels.
        note: A remark, or empty.
        params: Parameters by dotted name, as `aimd_core.format.model.flatten` makes them.
        metrics: By `type.name`, a mapping of aggregates (`reading.summaries.AGGREGATES`) to numbers. A non-finite
            number may be its JSON text, such as `NaN`; unknown aggregates may be None or absent.
        git: `commit`, `branch`, `is_dirty` and so on, as in `_git` of the metadata.
        platform: Facts about the machine by dotted name.
        damage: What is wrong with it, one sentence each.
        trends: By `type.name`, at most 24 values that show the course of the metric.
        segments: Where it begins with the points of another trial, and where it went back to an earlier step: the lines
            of `segments` as plain data.
    """

    __slots__ = ()

    name: str
    alternative_name: str
    id: str
    path: str
    status: str
    state: str
    silent_s: float | None
    reason: str
    ending: Mapping[str, object] | None
    started: str | None
    ended: str | None
    last_write_s: float | None
    folder: str
    tags: Sequence[str]
    note: str
    params: Mapping[str, object]
    metrics: Mapping[str, Aggregates]
    git: Mapping[str, object]
    platform: Mapping[str, object]
    damage: Sequence[str]
    trends: Mapping[str, Sequence[float]]
    segments: Sequence[Mapping[str, object]]

    @abstractmethod  # without `ABC`, which would make each `isinstance` slower
    def derive(self, last_write_s: float) -> None:
        """Derive the current state.

        Args:
            last_write_s: When the trial's files were last written; it matters only for an unfinished trial.
        """

    @abstractmethod
    def whole(self) -> WholeFacts:
        """Return the same facts in the form that is quick to read often."""

    @property
    def is_unfinished(self) -> bool:
        """Whether its metadata says that it is running, so that its state can change although its files do not."""
        return self.status in UNFINISHED

    @property
    def param_names(self) -> Collection[str]:
        """The names of its parameters."""
        return self.params

    @property
    def metric_names(self) -> Collection[str]:
        """The names of its metrics."""
        return self.metrics

    def number(self, metric: str, aggregate: str = "last") -> float | int | str | None:
        """Return an aggregate of a metric, or None; a list asks for one of each trial, so that others are not made."""
        metrics = self.metrics
        if isinstance(metrics, Summaries):
            return metrics.number(metric, aggregate)
        summary = metrics.get(metric)
        return None if summary is None else summary.get(aggregate)

    @property
    def nan_since(self) -> dict[str, int | None]:
        """By diverged metric: the first step of its trailing non-finite values."""
        steps = {name: self.number(name, "nan_since") for name in self.metrics}
        return {name: step for name, step in steps.items() if step is not None}  # type: ignore[misc]

    @property
    def parent(self) -> dict[str, object] | None:
        """The trial whose points it begins with: `id`, `alternative_name` and `from_step`; None when it is no fork."""
        fork = next((line for line in self.segments if line.get("kind") == "fork"), None)
        if fork is None:
            return None
        return {
            "id": fork.get("parent"),
            "alternative_name": fork.get("parent_name"),
            "from_step": fork.get("from_step"),
        }

    def age_s(self, now_s: float) -> float | None:
        """Return how long ago recording began, in seconds, or None."""
        started_s = seconds_of(self.started)
        return None if started_s is None else now_s - started_s

    def duration_s(self, now_s: float) -> float | None:
        """Return how long recording took, or has been going on, in seconds, or None.

        For a trial that was killed, interrupted or lost it is the time to its last sign of life.
        """
        started_s, ended_s = seconds_of(self.started), seconds_of(self.ended)
        if started_s is None:
            return None
        if ended_s is None:
            ended_s = now_s if is_live(self.state) else self._last_sign_s()
        return None if ended_s is None else max(0.0, ended_s - started_s)

    def _last_sign_s(self) -> float | None:
        at = self.ending.get("at") if self.ending else None
        noted_s = seconds_of(at) if isinstance(at, str) else None
        return self.last_write_s if noted_s is None else noted_s

    def document(self) -> dict[str, object]:
        """Return the trial as plain data, as in `aimd trial ls --json`."""
        return {
            "name": self.name,
            "alternative_name": self.alternative_name,
            "id": self.id,
            "state": self.state,
            "silent_s": self.silent_s,
            "reason": self.reason or None,
            "ending": None if self.ending is None else dict(self.ending),
            "started": self.started,
            "ended": self.ended,
            "last_write": None if self.last_write_s is None else iso_of(self.last_write_s),
            "folder": self.folder,
            "parameters": dict(self.params),
            "metrics": {name: dict(self.metrics[name]) for name in self.metrics},
            "nan_since": self.nan_since,
            "damage": list(self.damage),
            "tags": list(self.tags),
            "note": self.note,
            "parent": self.parent,
            "segments": [dict(line) for line in self.segments],
        }


class WholeFacts(Facts):
    """Facts that are at hand."""

    __slots__ = (
        "_recorded",
        "alternative_name",
        "damage",
        "ended",
        "ending",
        "folder",
        "git",
        "id",
        "last_write_s",
        "metrics",
        "name",
        "note",
        "params",
        "path",
        "platform",
        "reason",
        "segments",
        "silent_s",
        "started",
        "state",
        "status",
        "tags",
        "trends",
    )

    def __init__(
        self,
        *,
        name: str = "",
        alternative_name: str = "",
        id: str = "",
        path: str = "",
        status: str = "",
        state: State | str = "",
        ending: Mapping[str, object] | None = None,
        started: str | None = None,
        ended: str | None = None,
        last_write_s: float | None = None,
        folder: str = "",
        tags: Sequence[str] = (),
        note: str = "",
        params: Mapping[str, object] = _EMPTY,
        metrics: Mapping[str, Aggregates] = _NO_METRICS,
        git: Mapping[str, object] = _EMPTY,
        platform: Mapping[str, object] = _EMPTY,
        damage: Sequence[str] = (),
        trends: Mapping[str, Sequence[float]] = _NO_TRENDS,
        segments: Sequence[Mapping[str, object]] = (),
        recorded: dict[str, object] | None = None,
    ) -> None:
        """Take what is known. `recorded` is the content of `process.json`, for `derive`; all others are attributes."""
        self.name, self.alternative_name, self.id, self.path = name, alternative_name, id, path
        self.status, self.ending = status, ending
        self.started, self.ended, self.last_write_s = started, ended, last_write_s
        self.folder, self.tags, self.note = folder, tags, note
        self.params, self.metrics, self.git, self.platform = params, metrics, git, platform
        self.damage, self.trends, self.segments = damage, trends, segments
        self._recorded = recorded
        if not isinstance(state, State):
            state = told_state(state, ending) if state else _UNTOLD
        self._take(state)

    def _take(self, state: State) -> None:
        self.state, self.silent_s, self.reason = state.name, state.silent_s, state.reason

    def derive(self, last_write_s: float) -> None:
        """Derive the current state, as `Facts.derive` says."""
        self.last_write_s = last_write_s if self.status in UNFINISHED else None
        self._take(derive_state(self.status, self.ending, self._recorded, last_write_s))

    def whole(self) -> WholeFacts:
        """Return these facts."""
        return self


def start_s(facts: Facts) -> float:
    """Return when recording began, in seconds since the epoch: as written, else from the directory's name."""
    started_s = seconds_of(facts.started)
    return made_s(facts.alternative_name) if started_s is None else started_s


def newest_first(facts: Facts) -> float:
    """Return the sort key for newest first, with ties sorted by name."""
    return -start_s(facts)
