"""Which columns a list of trials has on a terminal: what was asked for, and what tells the trials apart. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from aimd_cli import text
from aimd_cli.views.rows import (
    AGE_PRIORITY,
    DELTA_PRIORITY,
    DURATION_PRIORITY,
    QUERY_PRIORITY,
    TAGS_PRIORITY,
    TREND_PRIORITY,
    WHY_PRIORITY,
    Choice,
    TellingParams,
    all_keys,
    difference_cell,
    differing_metrics,
    differing_params,
    local_time,
    metric_priority,
    param_priority,
    ranked_metrics,
    telling_params,
)
from aimd_cli.views.shortening import short_titles
from aimd_cli.views.sparkline import sparkline
from aimd_cli.views.states import state_cell, why_text
from aimd_cli.views.table import NUMBER, SIGN, TEXT, Column, Table
from aimd_cli.views.words import shown
from aimd_core.direction import direction_of
from aimd_core.format.wording import short_id
from aimd_core.language import said
from aimd_core.query import Field, field_text, value_of
from aimd_core.query.display import shown_value
from aimd_core.reading.facts import Facts

_NAME_LEAST, _SAME_NAME_LEAST, _TAGS_LEAST, _VALUE_LEAST, _WHY_LEAST = 10, 6, 8, 8, 20  # cells

Cell = tuple[str, str]
Shows = Callable[[Facts], Cell]


class _Shown(NamedTuple):
    """A column, what it shows of a trial, and the field that it stands for, if any."""

    column: Column
    cell: Shows
    field: Field | None = None


class ListColumns:
    """The columns of a list."""

    def __init__(self, rows: list[Facts], choice: Choice, glyphs: bool, now: datetime) -> None:
        self.rows = rows
        self.choice = choice
        self.glyphs = glyphs
        self.now = now

    def table(self) -> Table:
        """Return the trials as a table."""
        if self.choice.columns:
            shows = [self._asked_column(field, 0) for field in self.choice.columns]
        else:
            shows = self._usual_columns()
        table = Table([show.column for show in shows], self.glyphs)
        for row in self.rows:
            table.add(*(show.cell(row) for show in shows))
        if not self.choice.columns:
            table.drop_empty("TREND", "WHY", "TAGS")
        return table

    def _usual_columns(self) -> list[_Shown]:
        """Return the columns that tell these trials apart, and those that were asked for."""
        metrics = self._metrics()
        params = self._params()
        shows = [*self._leading_columns(), *self._param_columns(params)]
        for at, name in enumerate(metrics):
            field = Field("metric", name, "last")
            column = _number_column(text.clean(name), metric_priority(name, at), field_text(field))
            shows.append(_Shown(column, self._shows(field), field))
            if at == 0 and self.choice.baseline is not None:
                shows.append(self._delta_column(name, self.choice.baseline))
        trailing = self._trailing_columns(metrics)
        columns = {show.field: show.column for show in (*shows, *trailing)}
        required = [_shown_as(field) for field in (*self.choice.added, *self.choice.sorted_by)]
        for field in dict.fromkeys([*required, *map(_shown_as, self.choice.queried)]):
            priority = 0 if field in required else QUERY_PRIORITY
            if field in columns:
                columns[field].priority = min(columns[field].priority, priority)
            elif not priority or field.kind != "trial" or any(value_of(field, row, 0.0) for row in self.rows):
                shows.append(self._asked_column(field, priority))  # a word searches notes, which may all be empty
        return [*shows, *trailing]

    def _delta_column(self, metric: str, baseline: Facts) -> _Shown:
        """Return how far the trials are from the baseline in a metric."""
        base = value_of(Field("metric", metric, "last"), baseline, 0.0)

        def cell(row: Facts) -> Cell:
            value = value_of(Field("metric", metric, "last"), row, 0.0)
            if row.id == baseline.id:
                return shown("baseline"), "bold"
            return difference_cell(value, base, direction_of(metric))

        sign = "Δ" if self.glyphs else "d"  # on its own where room is scarce, next to the metric
        return _Shown(Column(f"{sign} {text.clean(metric)}", DELTA_PRIORITY, right=True, form=NUMBER, short=sign), cell)

    def _params(self) -> TellingParams:
        if self.choice.detail:
            return TellingParams(all_keys(row.params for row in self.rows), [])
        return telling_params(self.rows, differing_params(self.rows))

    def _metrics(self) -> list[str]:
        metrics = ranked_metrics(self.rows)
        if self.choice.detail and not self.choice.only_changed:
            return metrics
        differing = differing_metrics(self.rows, metrics)
        if differing or self.choice.only_changed:
            return [name for name in differing if not name.startswith("system.")]
        return metrics[:1]

    def _leading_columns(self) -> list[_Shown]:
        now_s = self.now.timestamp()
        least = _NAME_LEAST if len({row.name for row in self.rows}) > 1 else _SAME_NAME_LEAST
        return [
            _Shown(Column("STATE", form=SIGN), lambda row: state_cell(row.state, self.glyphs), Field("trial", "state")),
            _Shown(Column("NAME", form=TEXT, least=least, bare=True), _name_cell, Field("trial", "name")),
            _Shown(Column("ID", style="cyan", bare=True), lambda row: (short_id(row.id), ""), Field("trial", "id")),
            _Shown(
                Column("AGE", AGE_PRIORITY, right=True, key="age"),
                lambda row: (text.age(row.age_s(now_s)), ""),
                Field("trial", "started"),
            ),
            _Shown(
                Column("DURATION", DURATION_PRIORITY, right=True, key="duration"),
                lambda row: (text.duration(row.duration_s(now_s)), ""),
                Field("trial", "duration"),
            ),
        ]

    def _param_columns(self, params: TellingParams) -> list[_Shown]:
        names = [*params.main, *params.minor]
        titles = [text.clean(name) for name in names]
        shows = []
        for at, (name, title, short) in enumerate(zip(names, titles, short_titles(titles), strict=True)):
            field, priority = Field("params", name), param_priority(at, is_minor=at >= len(params.main))
            shows.append(self._value_column(field, title, priority, short, field_text(field)))
        return shows

    def _value_column(self, field: Field, title: str, priority: int, short: str, key: str) -> _Shown:
        """Return the column of a field whose values are numbers or texts, as the trials have it."""
        if any(isinstance(self._value(field, row), (str, tuple, list, dict)) for row in self.rows):
            column = Column(title, priority, form=TEXT, least=_VALUE_LEAST, short=short, key=key, given=True)
        else:
            column = _number_column(title, priority, key, short)
        return _Shown(column, self._shows(field), field)

    def _trailing_columns(self, metrics: list[str]) -> list[_Shown]:
        main = next((name for name in metrics if any(row.trends.get(name) for row in self.rows)), "")
        title = said("TREND {main}", main=text.clean(main)) if main and len(metrics) > 1 else "TREND"
        tags_differ = len({tuple(row.tags) for row in self.rows}) > 1
        return [
            _Shown(
                Column(title, TREND_PRIORITY, form=NUMBER, short="TREND"),
                lambda row: (sparkline(row.trends.get(main, ()), glyphs=self.glyphs), ""),
            ),
            _Shown(
                Column("WHY", WHY_PRIORITY, form=TEXT, least=_WHY_LEAST, prose=True), lambda row: (why_text(row), "")
            ),
            _Shown(
                Column("TAGS", TAGS_PRIORITY if tags_differ else WHY_PRIORITY, form=TEXT, least=_TAGS_LEAST),
                lambda row: (text.clean(", ".join(row.tags)), ""),
                Field("trial", "tags"),
            ),
        ]

    def _asked_column(self, field: Field, priority: int) -> _Shown:
        """Return the column of a field that somebody named."""
        key = field_text(field)
        title = text.clean(key)
        if field.shape == "state":
            return _Shown(Column(title, priority, form=SIGN, key=key), self._shows(field), field)
        if field == ("trial", "id", ""):
            return _Shown(Column(title, priority, style="cyan", key=key, bare=True), self._shows(field), field)
        if field.kind == "trial" and field.name in ("name", "alternative_name"):
            column = Column(title, priority, form=TEXT, least=_NAME_LEAST, key=key, bare=True)
            return _Shown(column, self._shows(field), field)
        if field.shape == "moment":
            return _Shown(Column(title, priority, key=key), self._shows(field), field)
        if field.shape in ("number", "duration", "any"):
            return self._value_column(field, title, priority, title.removeprefix("params."), key)
        return _Shown(Column(title, priority, form=TEXT, least=_VALUE_LEAST, key=key), self._shows(field), field)

    def _shows(self, field: Field) -> Shows:
        def cell(row: Facts) -> Cell:
            shown_value = self._cell(field, row)
            return shown_value if isinstance(shown_value, tuple) else (shown_value, "")

        return cell

    def _cell(self, field: Field, row: Facts) -> str | tuple[str, str]:
        """Return a field of a trial for people."""
        if field.shape == "state":
            return state_cell(row.state, self.glyphs)
        if field.shape == "moment":
            return local_time(row.started if field.name == "started" else row.ended, with_offset=False)
        return shown_value(field, self._value(field, row))

    def _value(self, field: Field, row: Facts) -> object:
        return value_of(field, row, self.now.timestamp())


def _shown_as(field: Field) -> Field:
    """Return the field whose column shows this one: when a trial began shows as its age."""
    return field._replace(name="started") if field.kind == "trial" and field.name == "age" else field


def _name_cell(row: Facts) -> Cell:
    return text.clean(row.name) + (shown(" (damaged)") if row.damage else ""), ""


def _number_column(title: str, priority: int, key: str, short: str = "") -> Column:
    return Column(title, priority, right=True, form=NUMBER, short=short, key=key, given=True)
