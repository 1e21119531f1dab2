"""Histograms over steps as a heat map: a line for each range of values, the largest on top. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aimd_cli import text
from aimd_cli.views.heat_map import HeatMap, Layer
from aimd_core.language import said

_Counts = list[float]


class Bins(NamedTuple):
    """How values were distributed at a step; there is one edge more than counts."""

    step: int
    edges: Sequence[float]
    counts: Sequence[float]


def heat_map_of(title: str, histograms: Sequence[Bins], rows: int, glyphs: bool, color: bool) -> HeatMap:
    """Return histograms of several steps, each counted again in the same ranges, as the part of its values in each.

    Args:
        title: What they are of.
        histograms: At least one, with finite edges, ascending.
        rows: How many ranges.
        glyphs: Whether non-ASCII characters can be shown.
        color: Whether there may be colour.
    """
    low, high = min(each.edges[0] for each in histograms), max(each.edges[-1] for each in histograms)
    edges = [low + (high - low) * at / rows for at in range(rows + 1)] if high > low else [low, low]
    steps = [float(each.step) for each in histograms]
    shares = [_shares(each, edges) for each in histograms]
    layers = [
        Layer(f"{text.number(edges[at])} - {text.number(edges[at + 1])}", steps, [column[at] for column in shares])
        for at in range(len(edges) - 2, -1, -1)
    ]
    first, last = (f"{text.number(_median(each))}" for each in (histograms[0], histograms[-1]))
    facts = {"count": len(histograms), "low": text.number(low), "high": text.number(high), "first": first, "last": last}
    facts["s"] = "s" * (len(histograms) > 1)
    told = said("{count:,} histogram{s} from {low} to {high}; the median goes from {first} to {last}", **facts)
    return HeatMap(title, layers, glyphs, color, told)


def _shares(bins: Bins, edges: Sequence[float]) -> _Counts:
    """Return the part of the values that is between each two edges, evenly within a bin."""
    shares = [0.0] * (len(edges) - 1)
    total = sum(bins.counts) or 1.0
    width = (edges[-1] - edges[0]) / len(shares)
    for start, end, count in zip(bins.edges, bins.edges[1:], bins.counts, strict=False):
        if not count:
            continue
        first = _place(start, edges[0], width, len(shares))
        last = _place(end, edges[0], width, len(shares))
        for at in range(first, last + 1):
            inside = min(end, edges[at + 1]) - max(start, edges[at])
            part = inside / (end - start) if end > start and first < last else 1.0
            shares[at] += max(0.0, part) * count / total
    return shares


def _place(value: float, low: float, width: float, count: int) -> int:
    return min(count - 1, max(0, int((value - low) / width))) if width else 0


def _median(bins: Bins) -> float:
    """Return the middle value, evenly within its bin."""
    half, before = sum(bins.counts) / 2, 0.0
    for start, end, count in zip(bins.edges, bins.edges[1:], bins.counts, strict=False):
        if before + count >= half and count:
            return start + (end - start) * (half - before) / count
        before += count
    return bins.edges[-1]
