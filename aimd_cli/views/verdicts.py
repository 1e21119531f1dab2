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

    def __init__(
        self,
        rows: list[VerdictRow],
        condition: str,
        glyphs: bool = True,
        words: tuple[str, str] = ("holds", "does not hold"),
    ) -> None:
        """Take what to show.

        Args:
            rows: The verdicts.
            condition: The condition, as a query.
            glyphs: Whether non-ASCII characters can be shown.
            words: What to call a verdict that holds, and one that does not.
        """
        self.rows = rows
        self.condition = condition
        self.glyphs = glyphs
        self.words = words

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
            lines.append(
                Text.assemble(
                    (f"{sign} {shown(self._word(row))}", style),
                    "  ",
                    (text.clean(row.trial.alternative_name), "bold"),
                    f": {shown(row.why)}",
                )
            )
        return Group(*lines)

    def _word(self, row: VerdictRow) -> str:
        return self.words[0] if row.holds else self.words[1]

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        rows = [[row.trial.alternative_name, self._word(row), row.why] for row in self.rows]
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
