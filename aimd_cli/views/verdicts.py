"""`aimd trial check` and `wait`: whether a condition holds, and why. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.words import shown
from aimd_core.reading.facts import Facts


class VerdictRow(NamedTuple):
    """A trial, whether the condition holds, and why."""

    trial: Facts
    holds: bool
    why: str


class Verdicts:
    """The verdict on each trial."""

    def __init__(self, rows: list[VerdictRow], condition: str, glyphs: bool = True) -> None:
        self.rows = rows
        self.condition = condition
        self.glyphs = glyphs

    @property
    def hold(self) -> bool:
        """Tell whether the condition holds for all trials."""
        return all(row.holds for row in self.rows)

    def rich(self, width: int) -> RenderableType:
        """Return one sentence per trial."""
        signs = ("✓", "✗") if self.glyphs else ("+", "x")
        lines = []
        for row in self.rows:
            sign, style = (signs[0], "green") if row.holds else (signs[1], "bold yellow")
            word = "holds" if row.holds else "does not hold"
            lines.append(
                Text.assemble(
                    (f"{sign} {shown(word)}", style),
                    "  ",
                    (text.clean(row.trial.alternative_name), "bold"),
                    f": {shown(row.why)}",
                )
            )
        return Group(*lines)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        rows = [[row.trial.alternative_name, "holds" if row.holds else "does not hold", row.why] for row in self.rows]
        return [["name", "verdict", "why"], *rows]

    def document(self) -> dict[str, object]:
        """Return the verdicts as plain data."""
        return {
            "condition": self.condition,
            "holds": self.hold,
            "trials": [
                {
                    "name": row.trial.alternative_name,
                    "holds": row.holds,
                    "why": row.why,
                    "state": row.trial.state,
                    "reason": row.trial.reason or None,
                }
                for row in self.rows
            ],
        }
