"""`aimd trial download`: the result for each trial."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import shown


class DownloadRow(NamedTuple):
    """The result for a trial: `downloaded` or `failed`, and where it is or why not."""

    name: str
    outcome: str
    path: str
    note: str


class DownloadReport:
    """The results for all trials."""

    def __init__(self, rows: list[DownloadRow]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per trial."""
        table = Table([Column("OUTCOME"), Column("TRIAL"), Column("PATH", priority=1), Column("NOTE", priority=2)])
        for row in self.rows:
            style = "green" if row.outcome == "downloaded" else "bold yellow"
            table.add((shown(row.outcome), style), text.clean(row.name), text.clean(row.path), shown(row.note))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        return [["name", "outcome", "path", "note"], *(list(row) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the outcomes as plain data."""
        return {"downloads": [row._asdict() for row in self.rows]}
