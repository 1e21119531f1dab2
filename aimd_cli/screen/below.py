"""The lower part of the live screen: the chart and the output of the chosen trials."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from aimd_cli.screen.arrangement import Arrangement
from aimd_cli.screen.grid_pane import GridPane
from aimd_cli.screen.media_pane import MediaPane
from aimd_cli.screen.output_pane import OutputPane
from aimd_cli.screen.panes import AXES, CHART, MEDIA, SYSTEM, Drawn, PaneRequest, Settings


class Below(Container):
    """Chart and output.

    Attributes:
        request: What is to be drawn; the screen sets the trials and the sizes.
        shows_chart: Whether the chart is wanted.
        shows_output: Whether output is wanted.
        drawn: What is shown.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.request = PaneRequest(metric=settings.metric, braille=settings.braille)
        self.grid = GridPane(settings)
        self.output = OutputPane(settings)
        self.media = MediaPane(settings)
        self.shows_chart = self.shows_output = True
        self.drawn: Drawn | None = None

    def compose(self) -> ComposeResult:
        """Return the panes; of the chart and the grid of charts one is shown."""
        yield Static(id="chart", markup=False)
        yield self.grid
        yield self.media
        yield self.output

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
        is_media = self.request.view == MEDIA
        is_grid = self.request.view != CHART and not is_media
        for name, columns, rows in (
            ("#chart", sizes.chart_columns, sizes.chart_rows if self.request.view == CHART else 0),
            ("#media", sizes.chart_columns, sizes.chart_rows if is_media else 0),
            ("#grid", sizes.chart_columns, sizes.chart_rows if is_grid else 0),
            ("#output", sizes.output_columns, sizes.output_rows),
        ):
            pane = self.query_one(name)
            pane.display = rows > 0
            pane.styles.width, pane.styles.height = columns, rows
        chart = (sizes.chart_columns - 2 * sizes.beside, sizes.chart_rows - 1)
        # Metrics of the machine have no epochs, and steps that only count samples.
        is_system = self.request.view == SYSTEM
        axis = "time" if is_system else self.request.axis
        self.grid.request = self.grid.request._replace(
            is_system=is_system, size=chart, axis=axis, log_y=self.request.log_y and not is_system
        )
        self.media.request = self.media.request._replace(size=(chart[0], max(1, chart[1] - 1)))
        self.request = self.request._replace(
            media=self.media.request,
            chart=chart,
            output=(sizes.output_columns, sizes.output_rows - 1),
            grid=self.grid.request,
            depth=self.output.depth,
        )

    def look_at(self, view: str) -> None:
        """Show one chart, or a grid of charts."""
        if view != self.request.view:
            self.grid.request = self.grid.request._replace(selected="", pattern="")
            self.grid.cursor = None
        self.request = self.request._replace(view=view)
        self.shows_chart = True

    def show(self, drawn: Drawn) -> None:
        """Show what was drawn."""
        self.drawn = drawn
        if drawn.request.view == self.request.view == MEDIA:
            self.media.take(drawn.media, drawn.chart_title)
        elif drawn.request.view != CHART and drawn.request.view == self.request.view:
            self.grid.take(drawn.grid, drawn.chart_title)
        chart = self.query_one("#chart", Static)
        chart.border_title = Text(drawn.chart_title, no_wrap=True)
        chart.update(Text("\n").join(drawn.chart))
        owner = " ".join(row.alternative_name for row in drawn.request.rows)
        self.output.take(drawn.output_title, drawn.output, drawn.printed, owner)
