"""Divides a terminal of any size for the live screen. Pure."""

from __future__ import annotations

from typing import NamedTuple

_BESIDE_COLUMNS = 100  # from this width on, the output is next to the chart
_LEAST_TABLE, _LEAST_CHART, _LEAST_OUTPUT = 5, 7, 4  # lines, heading included
_CHART_SHARE = 0.6  # of the columns, if the output is next to it


class Arrangement(NamedTuple):
    """Sizes in characters; a height of 0 means that the part is not shown.

    Attributes:
        table_rows: Lines of the table, heading included.
        chart_rows: Lines of the chart, its title included.
        chart_columns: Its width.
        output_rows: Lines of the output, its title included.
        output_columns: Its width.
    """

    table_rows: int
    chart_rows: int
    chart_columns: int
    output_rows: int
    output_columns: int

    @property
    def beside(self) -> bool:
        """Whether the output is next to the chart."""
        return bool(self.chart_rows and self.output_rows) and self.chart_columns + self.output_columns < (
            2 * self.chart_columns
        )


def zoomed(columns: int, rows: int, pane: str) -> Arrangement:
    """Give all space to one part: `table`, `chart` or `output`."""
    chart, output = rows * (pane == "chart"), rows * (pane == "output")
    return Arrangement(rows - chart - output, chart, columns, output, columns)


def arranged(columns: int, rows: int, wants_chart: bool, wants_output: bool, trials: int) -> Arrangement:
    """Divide the space below the head and above the line of keys.

    Args:
        columns: Width of the terminal.
        rows: Lines left for table, chart and output.
        wants_chart: Whether the chart is wanted; it is left out if there is no room.
        wants_output: Whether the output is wanted; it is left out first.
        trials: How many rows the table has: a short list leaves room for the others.
    """
    beside = columns >= _BESIDE_COLUMNS and wants_chart and wants_output
    table = max(_LEAST_TABLE, min(trials + 1, rows * (9 if rows > 40 else 10) // 20))
    room = rows - table
    if beside and room >= _LEAST_CHART:
        left = int(columns * _CHART_SHARE)
        return Arrangement(table, room, left, room, columns - left)
    if wants_chart and wants_output and room < _LEAST_CHART + _LEAST_OUTPUT:
        wants_output = False
    if not (wants_chart and room >= _LEAST_CHART) and not (wants_output and room >= _LEAST_OUTPUT):
        return Arrangement(rows, 0, columns, 0, columns)
    if wants_chart and wants_output:
        output = max(_LEAST_OUTPUT, room // 3)
        return Arrangement(table, room - output, columns, output, columns)
    return Arrangement(table, room if wants_chart else 0, columns, room if wants_output else 0, columns)
