"""Many like-named metrics of a trial as a heat map: a line for each, steps from left to right. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.axes import Scale, count_label
from aimd_cli.views.frame import cut
from aimd_cli.views.labels import differing_parts
from aimd_cli.views.samples import natural_order, scale_of
from aimd_cli.views.words import note
from aimd_core.language import said

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

# Viridis, whose brightness rises evenly, so that it is read without colour vision, too.
_RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_SHADES, _PLAIN_SHADES = " ░▒▓█", " .:-=+*#%@"
_PIPE_COLUMNS = 60
_LABEL_SHARE, _MOST_COLUMNS = 3, 400


class Layer(NamedTuple):
    """A metric.

    Attributes:
        metric: `type.name`.
        positions: Steps, ascending.
        values: Finite values.
    """

    metric: str
    positions: Sequence[float]
    values: Sequence[float]


class HeatMap:
    """Metrics one below the other."""

    def __init__(self, title: str, layers: Sequence[Layer], glyphs: bool, color: bool, told: str = "") -> None:
        """Take a title, the lines, and what they say; without that, they are metrics in natural order."""
        self._title, self._glyphs, self._color, self._told = title, glyphs, color, told
        self._layers = list(layers) if told else sorted(layers, key=lambda layer: natural_order(layer.metric))
        self._values = [value for layer in self._layers for value in layer.values]

    def rich(self, width: int) -> RenderableType:
        """Return a line for each metric."""
        from rich.console import Group
        from rich.text import Text

        full = [text.clean(layer.metric) for layer in self._layers]
        names = full if self._told else differing_parts(full)
        first = min(max(map(text.cells, names)), width // _LABEL_SHARE)
        columns = max(1, min(_MOST_COLUMNS, width - first - 1))
        scale = scale_of(self._values)
        lines = []
        for name, row in zip(names, self._means(columns), strict=True):
            label = cut(name, first, self._glyphs)
            lines.append(Text.assemble((" " * (first - text.cells(label)) + label + " ", "dim")))
            for mean in row:
                lines[-1].append(*self._cell(mean, scale))
        low, high = self._ends()
        left, right = count_label(low), said("step {step}", step=count_label(high))
        gap = " " * max(1, columns - len(left) - len(right))
        axis = Text.assemble((" " * (first + 1), "dim"), (left + gap, "dim"), note(right, style="dim"))
        return Group(
            note(self._title, style="bold"), *lines, axis, self._key(scale), note(self.sentence(), style="dim")
        )

    def _key(self, scale: Scale) -> Text:
        """Return what the colours mean."""
        from rich.text import Text

        key = Text.assemble((f"{text.number(float(scale.low))} ", "dim"))
        for step in range(10):
            key.append(*self._shade(step / 9))
        key.append(f" {text.number(float(scale.high))}", style="dim")
        if scale.log:
            key.append_text(note(said(" (logarithmic)"), style="dim"))
        return key

    def _cell(self, mean: float | None, scale: Scale) -> tuple[str, str]:
        return (" ", "") if mean is None else self._shade(min(1.0, max(0.0, scale.share(mean))))

    def _shade(self, share: float) -> tuple[str, str]:
        if not self._color:
            signs = _SHADES if self._glyphs else _PLAIN_SHADES
            return signs[max(1, min(len(signs) - 1, int(share * (len(signs) - 1) + 0.999)))], ""
        at = min(len(_RAMP) - 2, int(share * (len(_RAMP) - 1)))
        part = share * (len(_RAMP) - 1) - at
        red, green, blue = (round(a + (b - a) * part) for a, b in zip(_RAMP[at], _RAMP[at + 1], strict=True))
        return " ", f"on #{red:02x}{green:02x}{blue:02x}"

    def _ends(self) -> tuple[float, float]:
        firsts = [layer.positions[0] for layer in self._layers if len(layer.positions)]
        lasts = [layer.positions[-1] for layer in self._layers if len(layer.positions)]
        return min(firsts), max(lasts)

    def _means(self, columns: int) -> list[list[float | None]]:
        """Return the mean of each metric in each of some equal stretches; between two points the earlier goes on."""
        low, high = self._ends()
        table = []
        for layer in self._layers:
            sums, counts = [0.0] * columns, [0] * columns
            for position, value in zip(layer.positions, layer.values, strict=True):
                at = min(columns - 1, int((position - low) / (high - low) * columns)) if high > low else 0
                sums[at] += value
                counts[at] += 1
            row: list[float | None] = []
            last = next((at for at in range(columns - 1, -1, -1) if counts[at]), -1)
            for at in range(columns):
                before = row[-1] if row and at <= last + columns // 20 else None
                row.append(sums[at] / counts[at] if counts[at] else before)
            table.append(row)
        return table

    def sentence(self) -> str:
        """Return how many metrics there are, and which one has the smallest and the largest value."""
        if self._told:
            return self._told
        least = min((min(layer.values), layer.metric) for layer in self._layers if len(layer.values))
        most = max((max(layer.values), layer.metric) for layer in self._layers if len(layer.values))
        return said(
            "{count:,} metrics; lowest {low} ({low_name}), highest {high} ({high_name})",
            count=len(self._layers),
            low=text.number(least[0]),
            low_name=least[1],
            high=text.number(most[0]),
            high_name=most[1],
        )

    def lines(self) -> list[list[str]]:
        """Return a row for each metric, with its mean in each stretch of steps."""
        low, high = self._ends()
        columns = _PIPE_COLUMNS if high > low else 1
        starts = [low + (high - low) * at / columns for at in range(columns)]
        rows = zip(self._layers, self._means(columns), strict=True)
        return [
            ["metric", *(f"{start:.10g}" for start in starts)],
            *([layer.metric, *("" if mean is None else text.exact(mean) for mean in row)] for layer, row in rows),
        ]

    def document(self) -> dict[str, object]:
        """Return the means as plain data."""
        header, *rows = self.lines()
        low, high = self._ends()
        return {
            "title": self._title,
            "sentence": self.sentence(),
            "from": low,
            "to": high,
            "starts": [float(start) for start in header[1:]],
            "rows": [{"metric": row[0], "means": [float(mean) if mean else None for mean in row[1:]]} for row in rows],
        }
