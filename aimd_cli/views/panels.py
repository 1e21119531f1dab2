"""Several metrics: one chart each, in panels, with one letter for a trial in all of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimd_cli import text
from aimd_cli.views.canvas import LETTERS
from aimd_cli.views.chart import Chart, Look
from aimd_cli.views.curve import Curve
from aimd_cli.views.frame import color_of
from aimd_cli.views.words import note, shown

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_LEAST_ROWS, _LEAST_COLUMNS = 6, 60  # of a panel; two stand side by side where each gets that much
_GAP = 2


class Panels:
    """Charts of several metrics."""

    def __init__(self, curves: list[Curve], look: Look, metrics: Sequence[str] = ()) -> None:
        """Take curves, whose `name`s must differ, and the order of their metrics, by default that of the curves."""
        self.curves = curves
        self.look = look
        trials = list(dict.fromkeys(curve.address for curve in curves))
        self._owners = {trial: number for number, trial in enumerate(trials)}
        self._names = {curve.address: curve.trial for curve in curves}
        self._labels = {curve.address: curve.label or curve.trial for curve in curves}
        smaller = look._replace(rows=max(_LEAST_ROWS, look.rows // 2))
        existing = {curve.metric for curve in curves}
        ordered = [metric for metric in metrics if metric in existing]
        self.charts = []
        for metric in dict.fromkeys([*ordered, *(curve.metric for curve in curves)]):
            of_metric = [curve for curve in curves if curve.metric == metric]
            owners = [self._owners[curve.address] for curve in of_metric] if len(trials) > 1 else None
            self.charts.append(Chart(of_metric, smaller, owners))

    def rich(self, width: int) -> RenderableType:
        """Return the panels for a terminal of `width` columns, two side by side where there is room."""
        from rich.console import Group
        from rich.text import Text

        blocks: list[RenderableType] = []
        if len(self._owners) == 1:
            blocks.append(note(next(iter(self._names.values())), style="bold"))
        across = 2 if width >= 2 * _LEAST_COLUMNS + _GAP else 1
        panel = (width - _GAP * (across - 1)) // across
        for start in range(0, len(self.charts), across):
            charts = self.charts[start : start + across]
            blocks += [Text("")] if blocks else []
            blocks += _side_by_side([self._drawing(chart, panel) for chart in charts], panel)
            pictures = [chart.picture(panel, at * (panel + _GAP)) for at, chart in enumerate(charts)]
            blocks += [picture for picture in pictures if picture is not None]
            if told := [self._told(chart, panel) for chart in charts if len(self._owners) == 1]:
                blocks += _side_by_side(told, panel)
        if len(self._owners) > 1:
            blocks += [Text(""), self._legend(width)]
        remarks = (sentence for chart in self.charts for sentence in chart.remarks())
        return Group(*blocks, *(note(sentence, style="dim") for sentence in remarks))

    def _drawing(self, chart: Chart, width: int) -> list[Text]:
        """Return a metric's name and its chart."""
        return [note(chart.curves[0].metric, style="bold"), *chart.drawing(width)]

    def _told(self, chart: Chart, width: int) -> list[Text]:
        """Return the sentence about a metric of a trial alone."""
        sentence = "; ".join(map(shown, chart.sentences()))
        return [note(line, style="dim") for line in text.pieces_of(sentence, width) if line]

    def _legend(self, width: int) -> RenderableType:
        """Return the letter of each trial with its last values."""
        from aimd_cli.views.table import NUMBER, Column, Table

        metrics = [chart.curves[0].metric for chart in self.charts]
        columns = [
            Column(text.clean(metric), 2 + at, right=True, form=NUMBER, given=True) for at, metric in enumerate(metrics)
        ]
        shows_names = any(not self._names[trial].startswith(label) for trial, label in self._labels.items())
        names = [Column("NAME", priority=1)] if shows_names else []
        table = Table([Column(""), Column("TRIAL"), *columns, *names], self.look.glyphs)
        lasts = {(curve.address, curve.metric): curve.last for curve in self.curves}
        for trial, owner in self._owners.items():
            values = (lasts.get((trial, metric)) for metric in metrics)
            table.add(
                (LETTERS[owner % len(LETTERS)], f"bold {color_of(owner)}"),
                text.clean(self._labels[trial]),
                *("" if value is None else text.number(value) for value in values),
                *([text.clean(self._names[trial])] if shows_names else []),
            )
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the charts in plain characters one below the other, and a sentence about each curve."""
        return [line for chart in self.charts for line in chart.lines()]

    def document(self) -> dict[str, object]:
        """Return all curves as plain data, as a chart does."""
        return Chart(self.curves, self.look).document()


def _side_by_side(panels: list[list[Text]], width: int) -> list[Text]:
    """Return panels beside each other, line by line."""
    from rich.text import Text

    lines = []
    for number in range(max(map(len, panels))):
        line = Text(no_wrap=True)
        for at, panel in enumerate(panels):
            piece = panel[number] if number < len(panel) else Text("")
            line.append_text(piece)
            if at + 1 < len(panels):
                line.append(" " * (width - piece.cell_len + _GAP))
        lines.append(line)
    return lines
