"""The lower part of the live screen: the chart and the output of the chosen trials."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from aimd_cli.screen.arrangement import Arrangement
from aimd_cli.screen.panes import AXES, Drawn, PaneRequest, Settings


class Below(Container):
    """Chart and output.

    Attributes:
        request: What is to be drawn; the screen sets the trials and the sizes.
        shows_chart: Whether the chart is request.
        shows_output: Whether output is request.
        drawn: What is shown.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.request = PaneRequest(metric=settings.metric, braille=settings.braille)
        self.shows_chart = self.shows_output = True
        self.drawn: Drawn | None = None

    def compose(self) -> ComposeResult:
        """Return the two panes."""
        yield Static(id="chart", markup=False)
        yield Static(id="output", markup=False)

    def change(self, what: str) -> None:
        """Change one thing: `chart` or `output` (shown or not), `axis` or `log_y`."""
        if what == "chart":
            self.shows_chart = not self.shows_chart
        elif what == "output":
            self.shows_output = not self.shows_output
        elif what == "log_y":
            self.request = self.request._replace(log_y=not self.request.log_y)
        else:
            following = AXES[(AXES.index(self.request.axis) + 1) % len(AXES)]
            self.request = self.request._replace(axis=following)

    def fit(self, sizes: Arrangement) -> None:
        """Set the sizes of both panes."""
        self.display = bool(sizes.chart_rows or sizes.output_rows)
        self.set_class(sizes.beside, "beside")
        heights = (sizes.chart_rows, sizes.output_rows)
        self.styles.height = max(heights) if sizes.beside else sum(heights)
        for name, columns, rows in zip(
            ("#chart", "#output"), (sizes.chart_columns, sizes.output_columns), heights, strict=True
        ):
            pane = self.query_one(name)
            pane.display = rows > 0
            pane.styles.width, pane.styles.height = columns, rows
        self.request = self.request._replace(
            chart=(sizes.chart_columns - 2 * sizes.beside, sizes.chart_rows - 1),
            output=(sizes.output_columns, sizes.output_rows - 1),
        )

    def show(self, drawn: Drawn) -> None:
        """Show what was drawn."""
        self.drawn = drawn
        for name, title, lines in (
            ("#chart", drawn.chart_title, drawn.chart),
            ("#output", drawn.output_title, drawn.output),
        ):
            pane = self.query_one(name, Static)
            pane.border_title = Text(title, no_wrap=True)
            pane.update(Text("\n").join(lines))
