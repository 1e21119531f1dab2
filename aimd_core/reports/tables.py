"""The table of an embedded view: its columns, their heads, and the text of a cell, as in the terminal's lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from aimd_core.format.model import trial_anchor
from aimd_core.language import CHINESE, Said, translated
from aimd_core.query import Field, field_text, parse_columns, parse_sort, value_of
from aimd_core.query.display import shown_value
from aimd_core.reading.facts import Facts, seconds_of
from aimd_core.reports.embedded import EmbeddedView
from aimd_core.reports.page import Cell

NAME = Field("trial", "name")
MAX_COLUMNS = 100
_MOST_CELL_CHARS = 1_000  # a longer text is cut
_FEW = 4  # parameters, and metrics, of a list without columns
_USUAL = 6  # metrics that have charts if none are named
_LEADING = (NAME, Field("trial", "state"), Field("trial", "started"))


def asked_fields(view: EmbeddedView) -> tuple[Field, ...]:
    """Return the columns that a view names instead of the usual ones, the name always among them.

    Raises:
        QueryError: They are not fields.
    """
    chosen, _ = parse_columns(view.columns)
    return () if not chosen else _some(chosen if NAME in chosen else (NAME, *chosen))


def _some(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return fields each once, as many as a table has."""
    return tuple(dict.fromkeys(fields))[:MAX_COLUMNS]


def fields_of_table(view: EmbeddedView, rows: Sequence[Facts]) -> list[Field]:
    """Return the columns of a table: those of the view, else name, state, start, and what tells its trials apart.

    Raises:
        QueryError: The view names columns or an order that are no fields.
    """
    if asked := asked_fields(view):
        return list(asked)
    fields = [*_LEADING, *(Field("params", name) for name in _differing(rows)[:_FEW])]
    fields += [key.field for key in (parse_sort(view.sort) if view.sort.strip() else ())]
    fields += [Field("metric", metric, "last") for metric in view.charts or usual_metrics(rows)[:_FEW]]
    return list(_some([*fields, *parse_columns(view.columns)[1]]))


def usual_metrics(rows: Sequence[Facts]) -> tuple[str, ...]:
    """Return the metrics that have charts if none are named."""
    names = dict.fromkeys(name for row in rows for name in row.metrics if not name.startswith("system."))
    return tuple(names)[:_USUAL]


def _differing(rows: Sequence[Facts]) -> list[str]:
    """Return the parameters that are not the same in all trials, in the order in which they were recorded."""
    values: dict[str, set[str]] = {}
    for number, row in enumerate(rows):
        for name, value in row.params.items():
            values.setdefault(name, {""} if number else set()).add(repr(value))
    return [name for name, different in values.items() if len(different) > 1]


def head_of(field: Field, language: str) -> str:
    """Return the head of a column: as a query names it, or what the console's Chinese calls it."""
    return _CHINESE.get(field.name, field.name) if field.kind == "trial" and language == CHINESE else field_text(field)


_CHINESE = {
    "name": "名称",
    "state": "状态",
    "started": "开始时间",
    "ended": "结束时间",
    "age": "距今",
    "duration": "时长",
    "folder": "文件夹",
    "tags": "标签",
    "note": "备注",
    "reason": "原因",
    "parent": "来源试验",
    "alternative_name": "替代名称",
    "nan_since": "出现 NaN 的指标",
}


def cell_of(field: Field, row: Facts, now_s: float, language: str) -> Cell:
    """Return the text of a cell. Times are in UTC: a report is read in many places."""
    address = trial_anchor(row.id) if field == NAME and row.id else ""
    value = value_of(field, row, now_s)
    if field.shape == "moment":
        return Cell(_time_text(row.started if field.name == "started" else row.ended), address)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = shown_value(field, translated(value, language) if isinstance(value, Said) else value)
    return Cell(text if len(text) <= _MOST_CELL_CHARS else f"{text[: _MOST_CELL_CHARS - 1]}…", address, is_number)


def _time_text(time: str | None) -> str:
    seconds = seconds_of(time)
    if seconds is None:
        return time or ""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
