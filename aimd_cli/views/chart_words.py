"""What is said of a chart: a sentence about each curve, about all of them, and about what is left out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aimd_cli import text
from aimd_cli.views.canvas import LETTERS
from aimd_cli.views.curve import Curve, sentence
from aimd_core.direction import HIGHER, direction_of
from aimd_core.language import joined, said

_MOST_REMARKS = 3  # about single curves; of more, only the letters


class Subject(NamedTuple):
    """What a chart shows.

    Attributes:
        curves: All curves.
        apart: The numbers of those that are drawn one by one.
        owners: The number of each curve's letter.
        ends: The ends of the y axis; None if there is no point.
        axis: What the x axis shows.
        log_y: Whether the y axis is logarithmic.
        outliers: Whether the y axis has room for every point.
    """

    curves: Sequence[Curve]
    apart: Sequence[int]
    owners: Sequence[int]
    ends: tuple[float, float] | None
    axis: str
    log_y: bool
    outliers: bool


class ChartWords:
    """The sentences of a chart."""

    def __init__(self, drawn: Subject) -> None:
        self._chart = drawn

    def sentences(self) -> list[str]:
        """Return a sentence about each curve that is drawn apart."""
        several = len(self._chart.curves) > 1
        return [
            joined("", [f"{self.letter(number)} {curve.name}: " if several else "", self._sentence(curve)])
            for number in self._chart.apart
            for curve in [self._chart.curves[number]]
        ]

    def letter(self, number: int) -> str:
        """Return the letter of a curve."""
        return LETTERS[self._chart.owners[number] % len(LETTERS)]

    def label(self, number: int) -> str:
        """Return what tells a curve from the others in short."""
        curve = self._chart.curves[number]
        several_metrics = len({curve.metric for curve in self._chart.curves}) > 1
        return " ".join([*([curve.label] if curve.label else []), *([curve.metric] if several_metrics else [])]) or (
            curve.name
        )

    def _band_sentence(self) -> list[str]:
        """Return what is said of the curves that are not drawn apart."""
        if len(self._chart.apart) == len(self._chart.curves):
            return []
        told = {
            "count": len(self._chart.apart),
            "total": len(self._chart.curves),
            "others": len(self._chart.curves) - len(self._chart.apart),
        }
        if direction_of(self._chart.curves[0].metric) is not None:
            return [said("the best {count} of {total} curves; the other {others} as a band with their median", **told)]
        return [said("the first {count} of {total} curves; the other {others} as a band with their median", **told)]

    def remarks_on_all(self) -> list[str]:
        """Return sentences about what is drawn in another way than as a curve: the band, segments, what is far away."""
        return [*self._band_sentence(), *self._segment_sentences(), *self._far_sentence()]

    def _segment_sentences(self) -> list[str]:
        return [
            said("segment {number}: {course}", number=piece.segment or 0, course=sentence(piece, self._chart.axis))
            for curve in self._chart.curves
            for piece in curve.segments
        ]

    def _far_sentence(self) -> list[str]:
        """Return how many points are beyond the ends of the y axis, and which option gives them room."""
        if self._chart.ends is None or self._chart.outliers or self._chart.log_y:
            return []
        low, high = self._chart.ends
        below = (
            sum(value < low for curve in self._chart.curves for value in curve.values) if not self._chart.log_y else 0
        )
        above = sum(value > high for curve in self._chart.curves for value in curve.values)
        facts = {"above": above, "high": text.number(high), "below": below, "low": text.number(low)}
        if above and below:
            return [
                said("{above:,} above {high} and {below:,} below {low} at the edge; --outliers shows them", **facts)
            ]
        if above:
            return [said("{above:,} above {high} at the edge; --outliers shows them", **facts)]
        return [said("{below:,} below {low} at the edge; --outliers shows them", **facts)] if below else []

    def _sentence(self, curve: Curve) -> str:
        told = sentence(curve, self._chart.axis)
        below = sum(value <= 0 for value in curve.values) if self._chart.log_y else 0
        left_out = said("; {below:,} not above zero left out of the logarithmic axis", below=below) if below else ""
        return joined("", [told, left_out])

    def remarks(self) -> list[str]:
        """Return sentences about what is not drawn as a curve, and about curves of which something is left out."""
        lacking = [number for number in self._chart.apart if self._lacks(self._chart.curves[number])]
        if len(lacking) > _MOST_REMARKS:
            letters = " ".join(map(self.letter, lacking))
            return [
                *self.summary(),
                *self.remarks_on_all(),
                said("points are left out of: {letters}", letters=letters),
            ]
        told = dict(zip(self._chart.apart, self.sentences(), strict=True))
        return [*self.summary(), *self.remarks_on_all(), *(told[number] for number in lacking)]

    def _lacks(self, curve: Curve) -> bool:
        """Tell whether something of a curve is not drawn."""
        below = self._chart.log_y and min(curve.values, default=1) <= 0
        return bool(curve.not_finite or curve.unplaced or curve.damage or below)

    def summary(self) -> list[str]:
        """Return for each metric of several curves where they end, and which one is best."""
        told: list[str] = []
        for metric in dict.fromkeys(curve.metric for curve in self._chart.curves):
            lasts = [
                (curve.last, number)
                for number, curve in enumerate(self._chart.curves)
                if curve.metric == metric and curve.last is not None and curve.last - curve.last == 0.0
            ]
            if len(lasts) > 1:
                told.append(self._ends_sentence(metric, lasts))
        return told

    def _ends_sentence(self, metric: str, lasts: list[tuple[float, int]]) -> str:
        least, most = min(lasts), max(lasts)
        direction = direction_of(metric)
        facts = {"metric": metric, "low": text.number(least[0]), "high": text.number(most[0])}
        if direction is None or least[0] == most[0]:
            return said("{metric} ends between {low} and {high}", **facts)
        value, number = most if direction == HIGHER else least
        curve = self._chart.curves[number]
        facts |= {"value": text.number(value), "name": curve.label or str(curve.name).removesuffix(f" {metric}")}
        return said("{metric} ends between {low} and {high}; best is {name} with {value}", **facts)
