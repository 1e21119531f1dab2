"""Histograms: how many of some numbers are in each of at most 64 intervals of equal width.

The last interval includes its upper edge, as in NumPy. What is not finite is in none.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise

from aimd_core.format.media import MAX_BINS, Histogram

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def histogram_of(numbers: Any, bins: int = MAX_BINS) -> tuple[Histogram, dict[str, float]]:
    """Return the histogram of numbers, and `count`, `min`, `max`, `mean` and how many are `nan` and `infinite`.

    Args:
        numbers: A list of floats, or a NumPy array.
        bins: How many intervals; 64 at most.
    """
    bins = max(1, min(int(bins), MAX_BINS))
    finite, facts = _finite_array(numbers) if hasattr(numbers, "dtype") else _finite_list(numbers)
    if not len(finite):
        return Histogram((0.0, 1.0), (0,)), facts
    low, high = float(min(finite) if isinstance(finite, list) else finite.min()), facts["max"]
    edges = _edges(low, high, bins)
    return Histogram(tuple(edges), tuple(_counts(finite, edges))), facts


def _finite_list(numbers: Sequence[float]) -> tuple[Any, dict[str, float]]:
    finite = [number for number in numbers if math.isfinite(number)]
    facts: dict[str, float] = {"count": len(numbers)}
    if finite:
        facts |= {"min": min(finite), "max": max(finite), "mean": _mean(math.fsum(n / len(finite) for n in finite))}
    nan = sum(number != number for number in numbers)
    return finite, _with_odd(facts, nan, len(numbers) - len(finite) - nan)


def _finite_array(numbers: Any) -> tuple[Any, dict[str, float]]:
    import numpy

    flat = numpy.asarray(numbers, dtype=numpy.float64).ravel()
    is_finite = numpy.isfinite(flat)
    finite = flat if is_finite.all() else flat[is_finite]
    facts: dict[str, float] = {"count": int(flat.size)}
    if finite.size:
        mean = _mean(float((finite / finite.size).sum()))
        facts |= {"min": float(finite.min()), "max": float(finite.max()), "mean": mean}
    nan = 0 if finite is flat else int(numpy.isnan(flat).sum())
    return finite, _with_odd(facts, nan, int(flat.size - finite.size) - nan)


def _mean(mean: float) -> float:
    return mean if math.isfinite(mean) else 0.0


def _with_odd(facts: dict[str, float], nan: int, infinite: int) -> dict[str, float]:
    odd: dict[str, float] = {"nan": nan, "infinite": infinite}
    return {**facts, **{name: count for name, count in odd.items() if count}}


def _edges(low: float, high: float, bins: int) -> list[float]:
    """Return edges that rise strictly; a single value is in the middle of its interval."""
    if low == high:
        half = max(0.5, abs(low) * 1e-9)
        return [low - half, low + half] if math.isfinite(low + half) and math.isfinite(low - half) else [low, low]
    edges = [low * (1 - number / bins) + high * (number / bins) for number in range(bins)] + [high]
    rising = list(dict.fromkeys(edges))
    return rising if rising == sorted(rising) else [low, high]


def _counts(finite: Any, edges: list[float]) -> list[int]:
    if hasattr(finite, "dtype"):
        import numpy

        at = numpy.searchsorted(numpy.asarray(edges), finite, side="right") - 1
        counts = numpy.bincount(numpy.minimum(at, len(edges) - 2), minlength=len(edges) - 1)
        return [int(count) for count in counts]
    tallies = [0] * (len(edges) - 1)
    for number in finite:
        tallies[min(bisect_right(edges, number) - 1, len(edges) - 2)] += 1
    return tallies


def merged(edges: Sequence[float], counts: Sequence[int]) -> Histogram:
    """Return a histogram of at most 64 intervals from one of more: neighbours are counted together.

    Raises:
        ValueError: It is not a histogram.
    """
    if not counts or len(edges) != len(counts) + 1 or min(counts) < 0 or not all(map(math.isfinite, edges)):
        raise ValueError(len(counts))
    if any(after < before for before, after in pairwise(edges)):
        raise ValueError(len(counts))
    width = -(-len(counts) // MAX_BINS)
    starts = range(0, len(counts), width)
    together = tuple(int(sum(counts[start : start + width])) for start in starts)
    return Histogram((*(float(edges[start]) for start in starts), float(edges[-1])), together)
