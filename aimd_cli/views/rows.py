"""One trial as every list and comparison sees it, local or remote, and which columns tell trials apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

_TYPE_ORDER = ("val", "test", "train")  # what people look at first


class TrialRow(NamedTuple):
    """One trial.

    Attributes:
        name: The trial's name.
        alternative_name: The directory's name; the trial's name for a remote one.
        id: The UUID, or empty when it is not known.
        state: One of `aimd_core.format.model.STATES`.
        silent_s: For how long nothing was written, in seconds, when the state is Lost.
        started: ISO 8601, or None.
        ended: ISO 8601, or None.
        folder: Where it is, or wants to be, on the server.
        params: Parameters by dotted name.
        metrics: Summary by `type.name`: last, min, max, mean, count, last_step, and min_step, max_step when known.
        damage: What is wrong with it, one sentence each.
        tags: Labels.
        note: A remark, or empty.
        git: As in the metadata: commit, branch, is_dirty; empty when not known or not asked for.
        platform: Facts about the machine by dotted name; empty when not known or not asked for.
        trends: By `type.name`, a few values that show the course of the metric; empty when not known.
    """

    name: str
    alternative_name: str
    id: str
    state: str
    silent_s: float | None
    started: str | None
    ended: str | None
    folder: str
    params: Mapping[str, object]
    metrics: Mapping[str, Mapping[str, float | int | str | None]]
    damage: list[str]
    tags: Sequence[str] = ()
    note: str = ""
    git: Mapping[str, object] = {}
    platform: Mapping[str, object] = {}
    trends: Mapping[str, Sequence[float]] = {}

    def document(self) -> dict[str, object]:
        """Return the trial as plain data."""
        return {
            "name": self.name,
            "alternative_name": self.alternative_name,
            "id": self.id,
            "state": self.state,
            "silent_s": self.silent_s,
            "started": self.started,
            "ended": self.ended,
            "folder": self.folder,
            "parameters": dict(self.params),
            "metrics": {name: dict(summary) for name, summary in self.metrics.items()},
            "damage": self.damage,
            "tags": list(self.tags),
            "note": self.note,
        }


def seconds_of(time: str | None) -> float | None:
    """Return an ISO 8601 time in seconds since the epoch; None when it is none. Without offset it is local time."""
    if not time:
        return None
    try:
        return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def age_s(row: TrialRow, now: datetime) -> float | None:
    """Return how long ago a trial began, in seconds."""
    started = seconds_of(row.started)
    return None if started is None else now.timestamp() - started


def duration_s(row: TrialRow, now: datetime) -> float | None:
    """Return how long a trial took, or has been running, in seconds; None when it is not known."""
    started, ended = seconds_of(row.started), seconds_of(row.ended)
    if started is None or (ended is None and row.state not in ("Running", "Initializing")):
        return None
    return max(0.0, (now.timestamp() if ended is None else ended) - started)


def local_time(time: str | None) -> str:
    """Return an ISO 8601 time as a person reads it, in local time; the text itself when it is no time."""
    seconds = seconds_of(time)
    if seconds is None:
        return time or ""
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def all_keys(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the keys of several mappings, each once, in the order of first appearance."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def differing_params(rows: list[TrialRow]) -> list[str]:
    """Return the parameters whose values tell these trials apart; of a single trial, all."""
    names = all_keys(row.params for row in rows)
    if len(rows) < 2:
        return names
    return [name for name in names if len({repr(row.params.get(name, _MISSING)) for row in rows}) > 1]


_MISSING = object()


def ranked_metrics(rows: list[TrialRow]) -> list[str]:
    """Return the metrics of these trials, those that people look at first in front."""
    return ranked_names(all_keys(row.metrics for row in rows))


def ranked_names(names: Iterable[str]) -> list[str]:
    """Return metrics, each once, those that people look at first in front."""

    def rank(name: str) -> int:
        metrics_type = name.partition(".")[0]
        order = _TYPE_ORDER.index(metrics_type) if metrics_type in _TYPE_ORDER else len(_TYPE_ORDER)
        return len(_TYPE_ORDER) + 1 if metrics_type == "system" else order

    return sorted(dict.fromkeys(names), key=rank)


def main_metric(names: Sequence[str]) -> str:
    """Return the one that people look at first out of ranked metrics: the loss of the first type; empty for none."""
    losses = [name for name in names if name.partition(".")[0] == names[0].partition(".")[0] and "loss" in name]
    return (losses or [*names, ""])[0]
