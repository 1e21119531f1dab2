"""The results of a command for each of several trials. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import shown

_STYLES = {"failed": "bold yellow", "unchanged": "dim", "would be removed": "yellow", "would be deleted": "yellow"}


class Outcome(NamedTuple):
    """The result for a trial.

    Attributes:
        trial: Its alternative name.
        outcome: One or two words.
        detail: Where it is now, its tags, or why it failed.
    """

    trial: str
    outcome: str
    detail: str = ""


class Outcomes:
    """The results for all trials."""

    def __init__(self, rows: list[Outcome]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per trial."""
        table = Table([Column("OUTCOME"), Column("TRIAL"), Column("DETAIL", priority=1)])
        for row in self.rows:
            table.add((shown(row.outcome), _STYLES.get(row.outcome, "green")), text.clean(row.trial), shown(row.detail))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        return [["name", "outcome", "detail"], *([row.trial, row.outcome, row.detail] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the outcomes as plain data."""
        return {"outcomes": [row._asdict() for row in self.rows]}
