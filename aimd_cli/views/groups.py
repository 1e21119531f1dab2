"""Groups trials by their parameters and averages their metrics. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

from aimd_cli import text
from aimd_cli.views.rows import MISSING, all_keys, ranked_metrics
from aimd_core.reading.facts import Facts

_LARGE = 1e150


class Average(NamedTuple):
    """A metric over the trials of a group.

    Attributes:
        finite: How many trials have a finite value.
        mean: Their mean, or None.
        deviation: The sample standard deviation (divided by `finite` - 1), or None for fewer than two.
    """

    finite: int
    mean: float | None
    deviation: float | None

    def shown(self, size: int) -> str:
        """Return it as text for people, for a group of `size` trials: `0.731 ± 0.012`."""
        if self.mean is None:
            return ""
        partly = f" (n={self.finite})" if self.finite != size else ""
        if self.deviation is None:
            return text.number(self.mean) + partly
        mean, deviation = told_alike(self.mean, self.deviation)
        return f"{mean} ± {deviation}{partly}"


def told_alike(mean: float, deviation: float) -> tuple[str, str]:
    """Return a mean and its deviation with two significant digits, both with the same number of decimals."""
    told = f"{deviation:.2g}"
    if not deviation or not math.isfinite(deviation):
        return text.number(mean), told
    decimals = 1 - math.floor(math.log10(float(told)))
    if 0 <= decimals <= 8:
        return f"{mean:.{decimals}f}", f"{deviation:.{decimals}f}"
    return text.number(mean), told


def average(values: list[float]) -> Average:
    """Return mean and sample standard deviation of the finite values."""
    from statistics import fmean, stdev

    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Average(0, None, None)
    size = max(map(abs, finite))
    scale = size if size > _LARGE else 1.0  # otherwise their sum could overflow
    scaled = [value / scale for value in finite]
    return Average(len(finite), fmean(scaled) * scale, stdev(scaled) * scale if len(finite) > 1 else None)


class Group(NamedTuple):
    """Trials whose parameters agree.

    Attributes:
        keys: The parameters in which they agree.
        rows: The trials.
        metrics: The average of each metric.
    """

    keys: dict[str, object]
    rows: list[Facts]
    metrics: dict[str, Average]


def grouped(rows: list[Facts], names: list[str], aggregate: str) -> list[Group]:
    """Group trials that agree in these parameters, in order of first appearance.

    Args:
        rows: The trials.
        names: Parameters by dotted name; a missing one counts as a separate value.
        aggregate: The aggregate of each metric to use: `last`, `min`, `max` or `mean`.
    """
    buckets: dict[str, list[Facts]] = {}
    for row in rows:
        buckets.setdefault(repr([row.params.get(name, MISSING) for name in names]), []).append(row)
    return [
        Group(
            {name: members[0].params[name] for name in names if name in members[0].params},
            members,
            {metric: average(_values(members, metric, aggregate)) for metric in ranked_metrics(members)},
        )
        for members in buckets.values()
    ]


def value_of(row: Facts, metric: str, aggregate: str) -> float | None:
    """Return an aggregate of a trial's metric as a number, or None."""
    value = row.number(metric, aggregate)
    return None if value is None else float(value)


def _values(rows: list[Facts], metric: str, aggregate: str) -> list[float]:
    return [value for row in rows if (value := value_of(row, metric, aggregate)) is not None]


def grouping_params(rows: list[Facts], expression: str) -> tuple[list[str], list[str]]:
    """Return the parameters of `--group-by`, and those that no trial has.

    Args:
        rows: The trials.
        expression: `params.lr,params.opt`, or `all but params.seed`; `params.` is optional.
    """
    names = all_keys(row.params for row in rows)
    words = " ".join(expression.split())
    is_exclusion = words.startswith("all but ")
    named = [name.strip().removeprefix("params.") for name in words.removeprefix("all but ").split(",")]
    if words == "all":
        return names, []
    unknown = [name for name in named if name not in names]
    return ([name for name in names if name not in named] if is_exclusion else named), unknown
