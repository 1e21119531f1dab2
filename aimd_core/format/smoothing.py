"""Smooths the values of a curve. Pure."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import accumulate


def smoothed(values: Sequence[float], weight: float) -> array[float]:
    """Return the bias-corrected exponential moving average, which starts at the first value.

    Args:
        values: Finite values.
        weight: How much of the average each point keeps, from 0 (nothing) to below 1.
    """
    if not weight:
        return array("d", values)
    averages = accumulate(values, lambda average, value: average * weight + (1 - weight) * value, initial=0.0)
    next(averages)
    shares = accumulate(values, lambda share, _: share * weight, initial=1.0)
    next(shares)
    return array("d", [average / (1 - share) for average, share in zip(averages, shares, strict=True)])


def smoothed_with_gaps(values: Sequence[float], weight: float) -> list[float]:
    """Return the average of values of which some are not finite: those are NaN, and count for no other."""
    averages = iter(smoothed([value for value in values if math.isfinite(value)], weight))
    return [next(averages) if math.isfinite(value) else math.nan for value in values]
