"""`aimd trial ls`: the trials, and what tells them apart."""

from __future__ import annotations

from datetime import datetime, timezone

from rich.console import Group, RenderableType
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.rows import (
    TrialRow,
    age_s,
    all_keys,
    differing_params,
    duration_s,
    ranked_metrics,
)
from aimd_cli.views.states import state_cell
from aimd_cli.views.table import Column, Table

_ID_SHOWN = 8  # hexadecimal digits; commands take any unique prefix
_PARAM_PRIORITY, _METRIC_PRIORITY = 40, 20  # the first ones of each stay longest


class TrialList:
    """A list of trials."""

    def __init__(
        self, rows: list[TrialRow], place: str, glyphs: bool = True, detail: bool = False, now: datetime | None = None
    ) -> None:
        """Take what is shown.

        Args:
            rows: The trials, in the order in which they are shown.
            place: Where they are, in words.
            glyphs: Whether signs beyond ASCII can be shown.
            detail: Whether every parameter and metric is wanted, not only those that tell trials apart.
            now: The time that ages are counted to; by default the time now.
        """
        self.rows = rows
        self.place = place
        self.glyphs = glyphs
        self.now = now or datetime.now(timezone.utc)
        self.params = all_keys(row.params for row in rows) if detail else differing_params(rows)
        self.metrics = ranked_metrics(rows)

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping columns."""
        table = self._table()
        hidden = table.hidden(width)
        note = f"{hidden} columns hidden: widen the terminal, or pipe it" if hidden else ""
        damaged = sum(bool(row.damage) for row in self.rows)
        trouble = f"{damaged} damaged, see aimd trial describe" if damaged else ""
        footer = " · " if self.glyphs else ", "
        line = footer.join(
            filter(None, [f"{len(self.rows)} in {text.clean(self.place)}", self._running(), trouble, note])
        )
        return Group(table.rich(width), Text(line, style="dim"))

    def _running(self) -> str:
        running = sum(row.state == "Running" for row in self.rows)
        return f"{running} running" if running else ""

    def _table(self) -> Table:
        columns = [
            Column("STATE"),
            Column("NAME"),
            Column("ID", style="cyan"),
            Column("AGE", priority=30, right=True),
            Column("DURATION", priority=60, right=True),
        ]
        columns += [
            Column(text.clean(name), _PARAM_PRIORITY + min(9, number), right=True)
            for number, name in enumerate(self.params)
        ]
        columns += [
            Column(text.clean(name), _METRIC_PRIORITY + min(30, 4 * number), right=True)
            for number, name in enumerate(self.metrics)
        ]
        table = Table(columns)
        for row in self.rows:
            table.add(
                state_cell(row.state, self.glyphs),
                text.clean(row.name) + (" (damaged)" if row.damage else ""),
                row.id[:_ID_SHOWN],
                text.age(age_s(row, self.now)),
                text.duration(duration_s(row, self.now)),
                *(text.parameter(row.params[name]) if name in row.params else "" for name in self.params),
                *(text.number(row.metrics[name]["last"]) if name in row.metrics else "" for name in self.metrics),
            )
        return table

    def lines(self) -> list[list[str]]:
        """Return the header and a row a trial, nothing left out or rounded; columns for all parameters and metrics."""
        params = all_keys(row.params for row in self.rows)
        header = ["name", "id", "state", "started", "ended", "folder"]
        lines = [[*header, *(f"params.{name}" for name in params), *self.metrics]]
        for row in self.rows:
            lines.append(
                [
                    row.alternative_name,
                    row.id,
                    row.state,
                    row.started or "",
                    row.ended or "",
                    row.folder,
                    *(text.parameter(row.params[name]) if name in row.params else "" for name in params),
                    *(text.exact(row.metrics[name]["last"]) if name in row.metrics else "" for name in self.metrics),
                ]
            )
        return lines

    def document(self) -> dict[str, object]:
        """Return the trials as plain data."""
        return {"trials": [row.document() for row in self.rows]}
