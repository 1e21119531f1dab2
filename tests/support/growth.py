"""Finds work that grows faster than its input: by the CPU time of four times as much, which other programs do not use.

Four times the input takes four times the time if the work is linear, and sixteen times if it is quadratic. The limit
is `MOST`, which is 2.5 for each doubling. A short time is not believed, nor is a long one that does not come again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

T = TypeVar("T")
MOST = 6.25
LEAST_S = 0.004  # below which it does not matter
TRIES = 4


class Growth(NamedTuple):
    """CPU seconds for some input and for four times as much."""

    small_s: float
    large_s: float

    @property
    def is_too_fast(self) -> bool:
        return self.large_s > MOST * max(self.small_s, LEAST_S)


def cpu_of(work: Callable[[T], object], given: T, clock: Callable[[], float] = time.process_time) -> float:
    """Return the CPU seconds of some work, which may refuse what it is given."""
    begun_s = clock()
    try:
        work(given)
    except Exception:  # a refusal is an answer
        pass
    return clock() - begun_s


def growth_of(
    work: Callable[[T], object],
    make: Callable[[int], T],
    size: int,
    clock: Callable[[], float] = time.process_time,
) -> Growth:
    """Return how the time of some work grows, as the best of several tries, of which one that is fine is enough."""
    small, large = make(size), make(4 * size)
    seen = Growth(float("inf"), float("inf"))
    for _ in range(TRIES):
        seen = Growth(min(seen.small_s, cpu_of(work, small, clock)), min(seen.large_s, cpu_of(work, large, clock)))
        if not seen.is_too_fast:
            break
    return seen
