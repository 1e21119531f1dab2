"""The metrics of trials in sections, the telling ones first, and what a pattern leaves of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from aimd_cli.views.rows import ranked_names

PINNED = "pinned"
_DIGITS = re.compile("([0-9]+)")


class Section(NamedTuple):
    """Metrics that belong together.

    Attributes:
        name: What their names begin with: the type, and the first folder of the name if there is one, with `*` for
            numbers. Of pinned metrics it is `PINNED`.
        metrics: The metrics, in order.
        is_open: Whether they are shown.
    """

    name: str
    metrics: tuple[str, ...]
    is_open: bool = True


def sections_of(
    names: Iterable[str], pattern: str = "", pinned: Sequence[str] = (), collapsed: Collection[str] = ()
) -> list[Section]:
    """Return metrics in sections: pinned ones, then those with the most important metrics.

    Args:
        names: The metrics, `type.name` each.
        pattern: A regular expression that a name must contain, in capital or small letters.
        pinned: Metrics that come first, in this order.
        collapsed: The sections whose metrics are not shown.

    Raises:
        re.error: The pattern is not a regular expression.
    """
    is_match = re.compile(pattern, re.IGNORECASE).search
    kept = [name for name in _ordered(tuple(names)) if is_match(name)]
    groups: dict[str, list[str]] = {}
    of_pinned = [name for name in pinned if name in set(kept)]
    if of_pinned:
        groups[PINNED] = of_pinned
    for name in kept:
        if name not in of_pinned:
            groups.setdefault(section_of(name), []).append(name)
    return [Section(name, tuple(metrics), name not in collapsed) for name, metrics in groups.items()]


@lru_cache(maxsize=32)
def _ordered(names: tuple[str, ...]) -> list[str]:
    return ranked_names(sorted(names, key=natural))


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key to sort by in which `layer2` comes before `layer10`."""
    return [(0, int(part[:4000]), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name) if part]


def section_of(name: str) -> str:
    """Return the section of a metric: `train` of `train.loss`, `train.layer*` of `train.layer12/norm`."""
    metrics_type, dot, rest = name.partition(".")
    folder, slash, _ = rest.partition("/")
    return f"{metrics_type}{dot}{_DIGITS.sub('*', folder)}" if slash and folder else metrics_type
