"""The columns that tell trials apart, in order of importance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone

from aimd_core.reading.facts import Facts, seconds_of

AGE_PRIORITY = 25  # between the two most important metrics and the first parameter
_TYPE_ORDER = ("val", "test", "train")  # most important first


def local_time(time: str | None) -> str:
    """Return an ISO 8601 time in local time for people, or the text itself if it is not a time."""
    seconds = seconds_of(time)
    if seconds is None:
        return time or ""
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def all_keys(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the keys of several mappings, each once, in the order of first appearance."""
    keys: dict[str, object] = {}
    for mapping in mappings:
        keys.update(mapping if type(mapping) is dict else dict.fromkeys(mapping))
    return list(keys)


def differing_params(rows: list[Facts]) -> list[str]:
    """Return the parameters whose values tell these trials apart, or all for a single trial."""
    names = all_keys(row.params for row in rows)
    if len(rows) < 2:
        return names
    return [name for name in names if len({repr(row.params.get(name, _MISSING)) for row in rows}) > 1]


_MISSING = object()


def ranked_metrics(rows: list[Facts]) -> list[str]:
    """Return the metrics of these trials, the most important first."""
    return ranked_names(all_keys(row.metrics for row in rows))


def ranked_names(names: Iterable[str]) -> list[str]:
    """Return metrics, each once, the most important first."""

    def rank(name: str) -> int:
        metrics_type = name.partition(".")[0]
        order = _TYPE_ORDER.index(metrics_type) if metrics_type in _TYPE_ORDER else len(_TYPE_ORDER)
        return len(_TYPE_ORDER) + 1 if metrics_type == "system" else order

    return sorted(dict.fromkeys(names), key=rank)


def param_priority(at: int) -> int:
    """Return the priority of the column of parameter number `at`; columns with larger ones are dropped sooner."""
    return 26 + min(28, 3 * at)


def metric_priority(name: str, at: int) -> int:
    """Return the priority of the column of ranked metric number `at`: two come before the first parameter."""
    return 57 if name.startswith("system.") else 20 + min(34, 4 * at)


def main_metric(names: Sequence[str]) -> str:
    """Return the most important of ranked metrics: the loss of the first type, or empty if there are none."""
    losses = [name for name in names if name.partition(".")[0] == names[0].partition(".")[0] and "loss" in name]
    return (losses or [*names, ""])[0]
