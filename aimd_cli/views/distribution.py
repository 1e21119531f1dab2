"""How values are distributed: a histogram with a bar for each range, and a sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles
from typing import TYPE_CHECKING

from aimd_cli import text
from aimd_cli.text import cells
from aimd_cli.views.axes import Scale
from aimd_cli.views.frame import PALETTE
from aimd_cli.views.rows import called, some_of
from aimd_cli.views.samples import scale_of
from aimd_cli.views.words import note
from aimd_core.language import said

if TYPE_CHECKING:
    from rich.console import RenderableType

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEAST_BINS = 5


class Distribution:
    """A histogram of numbers."""

    def __init__(
        self,
        title: str,
        values: Sequence[float],
        trials: int,
        rows: int,
        glyphs: bool,
        left_out: int = 0,
        without: Sequence[str] = (),
    ) -> None:
        """Take finite values, how many trials they are of, how many points were not numbers, and who has none."""
        self._title, self._trials, self._glyphs, self._left_out = title, trials, glyphs, left_out
        self._without = list(without)
        self._values = sorted(values)
        self._bins = self._counted(rows)

    def _counted(self, rows: int) -> list[tuple[float, float, int]]:
        """Return the ranges with their numbers of values: as many as fit, but no more than values tell apart."""
        values = self._values
        if not values:
            return []
        if values[0] == values[-1]:
            return [(values[0], values[0], len(values))]
        count = max(_LEAST_BINS, min(rows, round(2 * len(values) ** 0.5)))
        scale = scale_of(values)
        numbers = [0] * count
        for value in values:
            numbers[min(count - 1, max(0, int(scale.share(value) * count)))] += 1
        edges = [_edge(scale, at / count) for at in range(count + 1)]
        return list(zip(edges, edges[1:], numbers, strict=False))

    def rich(self, width: int) -> RenderableType:
        """Return a bar for each range."""
        from rich.console import Group
        from rich.text import Text

        labels = [
            f"{text.number(low)} - {text.number(high)}" if low < high else text.number(low)
            for low, high, _ in self._bins
        ]
        first = max([0, *map(cells, labels)])
        counts = [f"{count:,}" for _, _, count in self._bins]
        room = max(4, width - first - 3 - max([0, *map(len, counts)]))
        most = max([1, *(count for _, _, count in self._bins)])
        rows = [
            Text.assemble((f"{label:>{first}} ", "dim"), (self._bar(number / most * room), PALETTE[0]), f" {count}")
            for label, (_, _, number), count in zip(labels, self._bins, counts, strict=True)
        ]
        return Group(note(self._title, style="bold"), *rows, note(self.sentence(), style="dim"))

    def _bar(self, length: float) -> str:
        if not self._glyphs:
            return "#" * max(int(length), int(length > 0))
        eighths = max(round(length * 8), int(length > 0))
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()

    def sentence(self) -> str:
        """Return how many there are, between what, and where half of them is."""
        values = self._values
        facts: dict[str, object] = {"title": self._title, "count": len(values), "trials": self._trials}
        facts |= {"s": "s" * (len(values) != 1)}
        if not values:
            return said("{title} has no finite value", **facts)
        first, middle, third = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
        numbers = {"low": values[0], "high": values[-1], "first": first, "middle": middle, "third": third}
        facts |= {name: text.number(float(number)) for name, number in numbers.items()}
        told = said(
            "{count:,} value{s} (trials: {trials:,}), from {low} to {high}; median {middle},"
            " half of them from {first} to {third}",
            **facts,
        )
        if self._left_out:
            told = said("{told}; {left_out:,} not finite left out", told=told, left_out=self._left_out)
        if self._without:
            told = said(
                "{told}; {missing:,} without it left out: {names}",
                told=told,
                missing=len(self._without),
                names=some_of(called(self._without)),
            )
        return told

    def lines(self) -> list[list[str]]:
        """Return a row for each range."""
        return [
            ["from", "to", "count"],
            *([text.exact(float(low)), text.exact(float(high)), str(count)] for low, high, count in self._bins),
        ]

    def document(self) -> dict[str, object]:
        """Return the ranges as plain data."""
        bins = [{"from": low, "to": high, "count": count} for low, high, count in self._bins]
        facts = {"values": len(self._values), "trials": self._trials, "left_out": self._left_out}
        told = {"sentence": self.sentence(), "without": self._without}
        return {"field": self._title, **facts, **told, "bins": bins}


def _edge(scale: Scale, share: float) -> float:
    """Return the number at a part of a scale."""
    if scale.log:
        return float(scale.low * (scale.high / scale.low) ** share)
    return scale.low * (1 - share) + scale.high * share
