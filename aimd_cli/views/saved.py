"""`aimd trial views ls`: saved views. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text

if TYPE_CHECKING:
    from rich.console import RenderableType


class ViewRow(NamedTuple):
    """A saved view: its name, query, order, columns, and the metrics that it plots."""

    name: str
    query: str
    sort: str
    columns: str
    charts: tuple[str, ...]


class ViewList:
    """The views of a directory."""

    def __init__(self, rows: Sequence[ViewRow]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per view."""
        from aimd_cli.views.table import Column, Table

        table = Table([Column("VIEW"), Column("QUERY"), Column("SORT"), Column("COLUMNS"), Column("CHARTS")])
        for row in self.lines()[1:]:
            table.add(*(text.clean(field) for field in (f"@{row[0]}", *row[1:])))
        table.drop_empty("SORT", "COLUMNS", "CHARTS")
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per view."""
        rows = [[*row[:-1], ",".join(row.charts)] for row in self.rows]
        return [list(ViewRow._fields), *rows]

    def document(self) -> dict[str, object]:
        """Return the views as plain data, by name."""
        fields = ViewRow._fields[1:-1]
        return {
            "views": {
                row.name: {**dict(zip(fields, row[1:-1], strict=True)), "charts": list(row.charts)} for row in self.rows
            }
        }
