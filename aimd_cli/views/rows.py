"""The columns that tell trials apart, in order of importance, and what is chosen of them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from aimd_core.direction import HIGHER
from aimd_core.format.model import is_alternative_name, split_alternative_name
from aimd_core.language import said
from aimd_core.reading.facts import Facts, seconds_of

if TYPE_CHECKING:
    from aimd_core.query import Field

# Priorities of columns: the larger, the sooner a column is dropped; from `MINOR` on only if there is room to spare.
MINOR = 30
QUERY_PRIORITY, DELTA_PRIORITY, TAGS_PRIORITY, AGE_PRIORITY = 1, 4, 5, MINOR
WHY_PRIORITY, TREND_PRIORITY, DURATION_PRIORITY = MINOR + 1, MINOR + 4, MINOR + 8
_METRIC_PRIORITIES = (3, 6)  # of the two most important metrics, after the first parameters
_MINOR_PARAM_PRIORITY = MINOR + 6
_NAMED = 8  # what a sentence names; programs get all
_FAMILY = 4  # metrics whose names differ only in numbers are the details of something, such as classes or layers
_LONG_VALUE = 24  # characters; a longer value is a path or a command rather than a choice
_TYPE_ORDER = ("val", "valid", "validation", "eval", "test", "testing", "train", "training")  # most important first


class _Missing:
    def __repr__(self) -> str:
        return "(missing)"


MISSING = _Missing()


def called(alternative_names: Sequence[str]) -> list[str]:
    """Return what a person calls trials: by their names, and those of the same name by their alternative names."""
    names = [split_alternative_name(name)[0] if is_alternative_name(name) else name for name in alternative_names]
    counts = Counter(names)
    return [name if counts[name] == 1 else whole for name, whole in zip(names, alternative_names, strict=True)]


def some_of(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are, for a sentence."""
    first = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return first if more <= 0 else said("{names} and {more:,} more", names=first, more=more)


def local_time(time: str | None, with_offset: bool = True) -> str:
    """Return an ISO 8601 time in local time for people, or the text itself if it is not a time."""
    seconds = seconds_of(time)
    if seconds is None:
        return time or ""
    shape = "%Y-%m-%d %H:%M:%S %z" if with_offset else "%Y-%m-%d %H:%M:%S"
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().strftime(shape)


def all_keys(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the keys of several mappings, each once, in the order of first appearance."""
    keys: dict[str, object] = {}
    for mapping in mappings:
        keys.update(mapping if type(mapping) is dict else dict.fromkeys(mapping))
    return list(keys)


def differing_params(rows: Sequence[Facts]) -> list[str]:
    """Return the parameters whose values tell these trials apart, or all for a single trial, in their own order."""
    names = all_keys(row.params for row in rows)
    if len(rows) < 2:
        return names
    return [name for name in names if len({repr(row.params.get(name, MISSING)) for row in rows}) > 1]


class TellingParams(NamedTuple):
    """Parameters in the order in which they help to tell trials apart.

    Attributes:
        main: Those that somebody chose, at least one if there are any.
        minor: Those that say little more: what follows from another one (a number of steps that follows from the batch
            size), what only few of the trials have, what is the same in all but the few that lack it, and long texts
            such as the directory of a trial.
    """

    main: list[str]
    minor: list[str]


def telling_params(rows: Sequence[Facts], names: list[str]) -> TellingParams:
    """Return parameters in the order in which they help to tell these trials apart."""
    ranks, divisions, alike = {}, {}, {}
    for name in names:
        values = [repr(row.params.get(name, MISSING)) for row in rows]
        numbers: dict[str, int] = {}
        divisions[name] = tuple([numbers.setdefault(value, len(numbers)) for value in values])
        having = sum(name in row.params for row in rows)
        alike[name] = having < len(rows) and max(divisions[name], default=0) < 2  # in all trials that have it
        is_rare = having * 2 < len(rows)
        is_constant = alike[name] and len(rows) * 3 < having * 4
        is_long = len(rows) > 1 and max(map(len, values), default=0) > _LONG_VALUE
        ranks[name] = 2 * is_rare + (is_long or is_constant)
    ordered = sorted(names, key=lambda name: (ranks[name], alike[name]))
    first = {divisions[name]: name for name in reversed(ordered)}
    main = [
        name
        for at, name in enumerate(ordered)
        if not at or (not ranks[name] and (first[divisions[name]] == name or max(divisions[name]) == len(rows) - 1))
    ]  # two parameters that are different in each trial may well be independent
    chosen = set(main)
    return TellingParams(main, [name for name in ordered if name not in chosen])


def differing_metrics(rows: Sequence[Facts], names: list[str]) -> list[str]:
    """Return the metrics whose last values tell these trials apart, or all for a single trial."""
    return [name for name in names if len(rows) < 2 or len({repr(row.number(name)) for row in rows}) > 1]


def ranked_metrics(rows: Sequence[Facts]) -> list[str]:
    """Return the metrics of these trials, the most important first."""
    return ranked_names(all_keys(row.metrics for row in rows))


def ranked_names(names: Iterable[str]) -> list[str]:
    """Return metrics, each once, the most important first.

    First those whose names say what is better (a loss, an accuracy), then others, then families of like-named ones, and
    system metrics last; among equals those of validation, tests, training, others.
    """
    from aimd_core.direction import direction_of

    families = {name: _families(name) for name in names}
    sizes = Counter(chain.from_iterable(families.values()))
    large = {family for family, size in sizes.items() if size >= _FAMILY}

    def rank(name: str) -> tuple[int, int]:
        metrics_type = name.partition(".")[0]
        order = _TYPE_ORDER.index(metrics_type) if metrics_type in _TYPE_ORDER else len(_TYPE_ORDER)
        if metrics_type == "system":
            return 3, order
        if not large.isdisjoint(families[name]):
            return 2, order
        return int(direction_of(name) is None), order

    return sorted(families, key=rank)


def _families(name: str) -> tuple[str, ...]:
    """Return what a metric may have in common with like-named ones: its name without numbers, the folder it is in."""
    numberless = _NUMBERS.sub("#", name)
    end = name.rfind("/")
    if end > 0:
        return (f"{name[:end]}/",) if numberless == name else (numberless, f"{name[:end]}/")
    return () if numberless == name else (numberless,)


_NUMBERS = re.compile("[0-9]+")


def param_priority(at: int, is_minor: bool = False) -> int:
    """Return the priority of the column of parameter number `at`; columns with larger ones are dropped sooner."""
    if is_minor:
        return _MINOR_PARAM_PRIORITY + min(50, at)
    return min(MINOR - 1, 2 + at)


def metric_priority(name: str, at: int) -> int:
    """Return the priority of the column of ranked metric number `at`: a parameter or two come first."""
    if name.startswith("system."):
        return MINOR + 60
    return _METRIC_PRIORITIES[at] if at < len(_METRIC_PRIORITIES) else MINOR + min(50, at)


def main_metric(names: Sequence[str]) -> str:
    """Return the most important of ranked metrics: the loss of the first type, or empty if there are none."""
    losses = [name for name in names if name.partition(".")[0] == names[0].partition(".")[0] and "loss" in name]
    return (losses or [*names, ""])[0]


def difference_cell(value: object, base: object, direction: str | None) -> tuple[str, str]:
    """Return how far a value is from that of the baseline, and a style that says whether that is better."""
    if not isinstance(value, (int, float)) or not isinstance(base, (int, float)):
        return "", ""
    is_better = (value > base) == (direction == HIGHER)
    style = "" if direction is None or value == base else "green" if is_better else "yellow"
    return f"{value - base:+.3g}", style


class Choice(NamedTuple):
    """Which trials and which columns are shown.

    Attributes:
        total: How many trials there are, shown or not.
        detail: Whether to show every parameter and metric, not only those that tell trials apart.
        only_changed: Whether to show only those that tell trials apart, in every form of output.
        columns: The fields to show as columns, instead of those chosen by the view.
        added: The fields to show in any case, besides those chosen by the view.
        sorted_by: The fields that the trials are sorted by, which are never left out either.
        queried: The fields that the trials were selected by.
        baseline: The trial that the others are measured against, if there is one.
    """

    total: int
    detail: bool = False
    only_changed: bool = False
    columns: Sequence[Field] = ()
    added: Sequence[Field] = ()
    sorted_by: Sequence[Field] = ()
    queried: Sequence[Field] = ()
    baseline: Facts | None = None
