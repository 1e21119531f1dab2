"""`aimd trial ls`: the trials, and what tells them apart."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from aimd_cli import text
from aimd_cli.views.rows import Choice, all_keys, differing_metrics, differing_params, ranked_metrics
from aimd_cli.views.words import listed
from aimd_core.format.wording import plain_text
from aimd_core.language import said
from aimd_core.reading.summaries import LastValues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from aimd_core.query import Field
    from aimd_core.reading.facts import Facts


class TrialList:
    """A list of trials."""

    def __init__(
        self,
        rows: list[Facts],
        location: str,
        glyphs: bool = True,
        choice: Choice | None = None,
        now: datetime | None = None,
    ) -> None:
        """Take what to show.

        Args:
            rows: The trials, in the order in which they are shown.
            location: Where they are, in words.
            glyphs: Whether non-ASCII characters can be shown.
            choice: What to show of them; by default what tells them apart.
            now: The time that ages end at; by default now.
        """
        self.rows = rows
        self.location = location
        self.glyphs = glyphs
        self.choice = choice or Choice(len(rows))
        self.now = now or datetime.now(timezone.utc)
        self.frozen = (0, 0)  # lines and columns that a pager keeps in view, once the table is made

    def rich(self, width: int) -> RenderableType:
        """Return the table for a terminal of `width` columns, and what it leaves out."""
        from rich.console import Group
        from rich.text import Text

        from aimd_cli.views.list_columns import ListColumns
        from aimd_cli.views.table import hidden_columns

        table = ListColumns(self.rows, self.choice, self.glyphs, self.now).table()
        self.frozen = table.frozen(width)
        return Group(
            table.rich(width), Text(self._footer(hidden_columns(table.dropped(width), width), width), style="dim")
        )

    def _footer(self, hidden: list[str], width: int) -> str:
        count, total = len(self.rows), self.choice.total
        running = sum(row.state == "Running" for row in self.rows)
        damaged = sum(bool(row.damage) for row in self.rows)
        parts = [
            said(
                "{count:,} of {total:,} in {place}" if total != count else "{count:,} in {place}",
                count=count,
                total=total,
                place=self.location,
            ),
            said("{running} running", running=running) if running else "",
            said("{damaged} damaged, see aimd trial describe", damaged=damaged) if damaged else "",
        ]
        lines = text.pieces_of(listed(parts, self.glyphs), width)
        return "\n".join([*lines, *hidden])

    def trials(self) -> list[Facts]:
        """Return the trials, in order."""
        return self.rows

    def lines(self) -> Iterator[list[str]]:
        """Yield the header and one row per trial, complete and unrounded; of 100,000 they would take 90 MB together."""
        return self._chosen_lines() if self.choice.columns else self._usual_lines()

    def _usual_lines(self) -> Iterator[list[str]]:
        rows = self.rows
        params, metrics = all_keys(row.params for row in rows), ranked_metrics(rows)
        if self.choice.only_changed:
            params = differing_params(rows)
            metrics = differing_metrics(rows, metrics)
        header = ["name", "id", "state", "reason", "started", "ended", "folder", "tags"]
        yield [*header, *(f"params.{name}" for name in params), *metrics]
        lasts = LastValues(metrics)
        for row in rows:
            fixed = [row.alternative_name, row.id, row.state, text.clean(row.reason)]
            fixed += [row.started or "", row.ended or "", row.folder, plain_text(tuple(row.tags)) if row.tags else ""]
            fixed += text.parameters(row.params, params)
            fixed += text.exact_all(lasts.of(row.metrics))
            yield fixed

    def _chosen_lines(self) -> Iterator[list[str]]:
        from aimd_core.query import field_text

        fields = self.choice.columns
        yield [field_text(field) for field in fields]
        for row in self.rows:
            yield [self._exact_cell(field, row) for field in fields]

    def _exact_cell(self, field: Field, row: Facts) -> str:
        """Return a field of a trial for programs."""
        from aimd_core.query import value_of

        if field.shape == "moment":
            return (row.started if field.name == "started" else row.ended) or ""
        value = value_of(field, row, self.now.timestamp())
        return _exact(value) if field.shape in ("number", "duration") else "" if value is None else plain_text(value)

    def document(self) -> dict[str, object]:
        """Return the trials as plain data."""
        return {"trials": (row.document() for row in self.rows), "total": self.choice.total}


def _exact(value: object) -> str:
    return "" if value is None else text.exact(value)
