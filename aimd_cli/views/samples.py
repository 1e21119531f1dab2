"""Fields of trials as numbers for charts: their scales, their order, and how one goes with another. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aimd_cli import text
from aimd_cli.views.axes import Scale
from aimd_core.format.wording import plain_text
from aimd_core.query.literals import read_number

_LOG_RATIO = 25.0  # from which on positive numbers, such as learning rates, get a logarithmic scale
_DIGITS = re.compile(r"(\d+)")


class Sample(NamedTuple):
    """A field of several trials.

    Attributes:
        title: The field as written.
        values: Its value for each trial; None if there is none.
    """

    title: str
    values: Sequence[object]

    @property
    def numbers(self) -> list[float | None]:
        """The values that are finite numbers."""
        return [number_of(value) for value in self.values]

    @property
    def is_numeric(self) -> bool:
        """Whether all values that there are are numbers; those that are not finite have no place on a scale."""
        return all(value is None or isinstance(value, float) or number_of(value) is not None for value in self.values)

    def shown(self, at: int) -> str:
        """Return the value of a trial for people."""
        value = self.values[at]
        return "" if value is None else text.number(value) if isinstance(value, float) else plain_text(value)


def number_of(value: object) -> float | None:
    """Return a value as a finite number, or None; a text such as `1e-5` is one, as in queries."""
    if isinstance(value, str):
        value = read_number(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if number - number == 0.0 else None


def scale_of(numbers: Sequence[float]) -> Scale:
    """Return a scale for numbers: logarithmic if they are positive and the largest is 25 times the smallest or more."""
    low, high = min(numbers), max(numbers)
    return Scale(low, high, low > 0 and high / low >= _LOG_RATIO)


def natural_order(name: str) -> list[tuple[int, float, str]]:
    """Return a sort key by which `layer2` comes before `layer10`."""
    parts = _DIGITS.split(name)
    return [(1, float(part[:300]), part) if at % 2 else (0, 0.0, part) for at, part in enumerate(parts)]


def correlation(some: Sequence[float], others: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, from -1 to 1; None for fewer than three pairs, or if one is constant."""
    if len(some) < 3:
        return None
    a, b = _ranks(some), _ranks(others)
    middle = (len(some) - 1) / 2
    products = sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    squares = [sum((x - middle) ** 2 for x in ranks) for ranks in (a, b)]
    spread = (squares[0] * squares[1]) ** 0.5
    return products / spread if spread else None


def _ranks(numbers: Sequence[float]) -> list[float]:
    """Return the rank of each number; equal ones share the mean of theirs."""
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    ranks = [0.0] * len(numbers)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and numbers[order[end]] == numbers[order[start]]:
            end += 1
        for at in order[start:end]:
            ranks[at] = (start + end - 1) / 2
        start = end
    return ranks
