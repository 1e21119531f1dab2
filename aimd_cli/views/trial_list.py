"""`aimd trial ls`: the trials, and what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.rows import (
    AGE_PRIORITY,
    all_keys,
    differing_params,
    local_time,
    metric_priority,
    param_priority,
    ranked_metrics,
)
from aimd_cli.views.sparkline import sparkline
from aimd_cli.views.states import state_cell, why_cell
from aimd_cli.views.words import listed, shown
from aimd_core.language import said
from aimd_core.reading.summaries import LastValues

if TYPE_CHECKING:
    from rich.console import RenderableType

    from aimd_cli.views.table import Column, Table
    from aimd_core.query import Field
    from aimd_core.reading.facts import Facts

_ID_SHOWN = 8  # hexadecimal digits; commands take any unique prefix
# the larger, the sooner dropped
_TREND_PRIORITY, _WHY_PRIORITY, _TAGS_PRIORITY = 55, 59, 58


class Choice(NamedTuple):
    """Which trials and which columns are shown.

    Attributes:
        total: How many trials there are, shown or not.
        detail: Whether to show every parameter and metric, not only those that tell trials apart.
        only_changed: Whether to show only those that tell trials apart, in every form of output.
        columns: The fields to show as columns, instead of those chosen by the view.
    """

    total: int
    detail: bool = False
    only_changed: bool = False
    columns: Sequence[Field] = ()


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

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping columns."""
        from rich.console import Group
        from rich.text import Text

        table = self._chosen_table() if self.choice.columns else self._table()
        return Group(table.rich(width), Text(self._footer(table.hidden(width)), style="dim"))

    def _footer(self, hidden: int) -> str:
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
            said(
                "{hidden} column{s} hidden: widen the terminal, or pipe the output",
                hidden=hidden,
                s="s" * (hidden != 1),
            )
            if hidden
            else "",
        ]
        return listed(parts, self.glyphs)

    def _table(self) -> Table:
        from aimd_cli.views.table import Column, Table

        detail = self.choice.detail
        params = all_keys(row.params for row in self.rows) if detail else differing_params(self.rows)
        metrics = ranked_metrics(self.rows)
        if self.choice.only_changed:
            metrics = _differing_metrics(self.rows, metrics)
        columns = [
            Column("STATE"),
            Column("NAME"),
            Column("ID", style="cyan"),
            Column("AGE", priority=AGE_PRIORITY, right=True),
            Column("DURATION", priority=60, right=True),
            *self._value_columns(params, metrics),
            Column("TREND", _TREND_PRIORITY),
            Column("WHY", _WHY_PRIORITY),
            Column("TAGS", _TAGS_PRIORITY),
        ]
        table = Table(columns)
        main = next((name for name in metrics if any(row.trends.get(name) for row in self.rows)), "")
        if main and len(metrics) > 1:
            columns[-3].title = said("TREND {main}", main=text.clean(main))
        lasts = LastValues(metrics)
        for row in self.rows:
            table.add(
                state_cell(row.state, self.glyphs),
                text.clean(row.name) + (shown(" (damaged)") if row.damage else ""),
                row.id[:_ID_SHOWN],
                text.age(row.age_s(self.now.timestamp())),
                text.duration(row.duration_s(self.now.timestamp())),
                *text.parameters(row.params, params),
                *map(_shown_number, lasts.of(row.metrics)),
                sparkline(row.trends.get(main, ()), glyphs=self.glyphs),
                why_cell(row),
                text.clean(", ".join(row.tags)),
            )
        table.drop_empty("TREND", "WHY", "TAGS")
        return table

    def _value_columns(self, params: list[str], metrics: list[str]) -> list[Column]:
        from aimd_cli.views.table import Column

        return [
            *(Column(text.clean(name), param_priority(at), right=True) for at, name in enumerate(params)),
            *(Column(text.clean(name), metric_priority(name, at), right=True) for at, name in enumerate(metrics)),
        ]

    def _chosen_table(self) -> Table:
        from aimd_cli.views.table import Column, Table
        from aimd_core.query import field_text

        fields = self.choice.columns
        right = ("number", "duration", "any")
        table = Table(
            [
                Column(text.clean(field_text(field)), priority=number, right=field.shape in right)
                for number, field in enumerate(fields)
            ]
        )
        for row in self.rows:
            table.add(*(self._cell(field, row) for field in fields))
        return table

    def _cell(self, field: Field, row: Facts) -> str | tuple[str, str]:
        """Return a field of a trial for people."""
        if field.shape == "state":
            return state_cell(row.state, self.glyphs)
        if field.shape == "moment":
            return local_time(row.started if field.name == "started" else row.ended)
        value = self._value(field, row)
        if value is None:
            return ""
        if field.shape == "duration":
            seconds = float(str(value))
            return text.age(seconds) if field.name == "age" else text.duration(seconds)
        if field.kind == "trial" and field.name == "id":
            return row.id[:_ID_SHOWN]
        return _shown_number(value) if field.kind == "metric" else _plain(value)

    def _value(self, field: Field, row: Facts) -> object:
        from aimd_core.query import value_of

        return value_of(field, row, self.now.timestamp())

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial, complete and unrounded."""
        if self.choice.columns:
            return self._chosen_lines()
        rows = self.rows
        params, metrics = all_keys(row.params for row in rows), ranked_metrics(rows)
        if self.choice.only_changed:
            params = differing_params(rows)
            metrics = _differing_metrics(rows, metrics)
        header = ["name", "id", "state", "reason", "started", "ended", "folder"]
        lines = [[*header, *(f"params.{name}" for name in params), *metrics]]
        lasts = LastValues(metrics)
        for row in rows:
            fixed = [row.alternative_name, row.id, row.state, text.clean(row.reason)]
            fixed += [row.started or "", row.ended or "", row.folder]
            fixed += text.parameters(row.params, params)
            fixed += text.exact_all(lasts.of(row.metrics))
            lines.append(fixed)
        return lines

    def _chosen_lines(self) -> list[list[str]]:
        from aimd_core.query import field_text

        fields = self.choice.columns
        return [
            [field_text(field) for field in fields],
            *([self._exact_cell(field, row) for field in fields] for row in self.rows),
        ]

    def _exact_cell(self, field: Field, row: Facts) -> str:
        """Return a field of a trial for programs."""
        if field.shape == "moment":
            return (row.started if field.name == "started" else row.ended) or ""
        value = self._value(field, row)
        return _exact(value) if field.shape in ("number", "duration") else "" if value is None else _plain(value)

    def document(self) -> dict[str, object]:
        """Return the trials as plain data."""
        return {"trials": (row.document() for row in self.rows), "total": self.choice.total}


def _differing_metrics(rows: list[Facts], metrics: list[str]) -> list[str]:
    """Return the metrics whose last values tell these trials apart, or all for a single trial."""
    return [name for name in metrics if len(rows) < 2 or len({repr(row.number(name)) for row in rows}) > 1]


def _shown_number(value: object) -> str:
    return "" if value is None else text.number(value)


def _exact(value: object) -> str:
    return "" if value is None else text.exact(value)


def _plain(value: object) -> str:
    return text.clean(", ".join(map(str, value))) if isinstance(value, tuple) else text.parameter(value)
