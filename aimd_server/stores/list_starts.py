"""Where a list may start: parts of its condition by which an index finds the few trials that can match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Double, Integer, Select, and_, func, literal, select

from aimd_core.query import Field, rank_of
from aimd_core.query.tree import Condition, Value
from aimd_server.stores.indexes import DERIVED_TEXTS, MAX_KEY_CHARS, UNFINISHED_TEXTS, stored_key
from aimd_server.stores.list_conditions import (
    MAX_VALUES,
    age_conditions,
    as_double,
    metric_condition,
    moment_condition,
    number_condition,
)
from aimd_server.stores.schema import ByCharacter, trial, trial_metric, trial_param

TIMED = trial.alias("timed")  # the table of a condition on times


class Narrow(NamedTuple):
    """A part of a query by which an index finds trials: the field, and a condition that all of them meet.

    The condition is on rows of `trial_metric` for a metric, of `TIMED` for times, else of `trial_param`.
    """

    field: Field
    condition: ColumnElement[bool]


class Start(NamedTuple):
    """Where a list may start: a part of its condition, and the most trials that match it."""

    part: Narrow
    size: int


def narrowing(node: Condition, now_s: float) -> list[Narrow]:
    """Return the parts of a condition that every match must meet and an index can start from."""
    if node.kind == "and":
        return [narrow for part in node.parts for narrow in narrowing(part, now_s)]
    if node.kind == "compare":
        condition = _start(node.field, node.operator, node.value, now_s)
        return [] if condition is None else [Narrow(node.field, condition)]
    if node.kind == "among" and not node.negated:
        condition = _start_among(node.field, node.values)
        return [] if condition is None else [Narrow(node.field, condition)]
    return []


def _start(field: Field, operator: str, value: Value, now_s: float) -> ColumnElement[bool] | None:
    """Return a condition on an index's columns that all matches of a comparison meet."""
    if operator in ("!=", "!~", "~") or len(field.name) > MAX_KEY_CHARS:
        return None
    if field.kind == "metric":
        return metric_condition(field, operator, value) if field.aggregate in ("last", "min", "max") else None
    if field.kind == "params" and value.kind == "number":
        return number_condition(operator, value.value, with_type=False)
    if field.kind == "trial" and field.name in ("started", "age"):
        return _start_of_time(field, operator, value, now_s)
    return _start_among(field, (value,)) if operator == "=" else None


def _start_of_time(field: Field, operator: str, value: Value, now_s: float) -> ColumnElement[bool] | None:
    if field.name == "started" and value.kind == "moment":
        return moment_condition(operator, value.begin_s, value.end_s, TIMED.c.sort_us)
    if field.name == "age" and value.kind == "number":
        return age_conditions(operator, value.value, now_s, TIMED.c.sort_us)[0]
    return None


def _start_among(field: Field, values: Sequence[Value]) -> ColumnElement[bool] | None:
    """Return the condition that a value may be one of some texts or numbers; equal texts have the same rank."""
    is_label = field.kind == "trial" and field.name in ("name", "state")
    if not (is_label or field.kind == "params") or len(field.name) > MAX_KEY_CHARS or len(values) > MAX_VALUES:
        return None
    ranks = [rank for value in values for rank in _certain_ranks(field, value)]
    certain = [rank for rank in ranks if rank is not None]
    if len(certain) < len(ranks) or len({rank[0] for rank in certain}) != 1:
        return None  # several stretches of the index, which planners do not merge
    row, kind = trial_param.c, certain[0][0]
    numbers = [literal(number, Double) for _, number, _ in certain]
    texts = [literal(text, ByCharacter) for _, _, text in certain]
    return and_(row.kind == literal(kind, Integer), row.num.in_(numbers), row.text.in_(texts))


def _certain_ranks(field: Field, value: Value) -> list[tuple[int, float, str] | None]:
    """Return the ranks of the rows in which all are that equal a value; None for one that is not certain."""
    rank = _certain_rank(field, value)
    if field.kind != "trial" or field.name != "state" or rank is None:
        return [rank]
    is_derived = rank[2] in DERIVED_TEXTS  # the row has what was told
    return [rank, *(rank_of(name) for name in UNFINISHED_TEXTS)] if is_derived else [rank]


def _certain_rank(field: Field, value: Value) -> tuple[int, float, str] | None:
    """Return the rank of everything equal to a value, or None if there are several."""
    if field.kind == "trial" and field.name == "state" and value.kind == "text" and not value.value.isascii():
        return None  # whose case the database treats differently
    if value.kind == "text" or (value.kind == "number" and field.kind == "params"):
        kind, number, text = rank_of(value.value)
    else:
        return None
    held = as_double(number)
    is_flag = value.kind == "text" and value.value in ("true", "false")  # a boolean of the same text is a number
    return None if held is None or is_flag or "\0" in text else (kind, held, text)


def starts(connection: Connection, folder_ids: Sequence[int], parts: Sequence[Narrow], most: int) -> list[Start]:
    """Return the parts that match at most this many trials, with their numbers, the fewest first."""
    sized: list[Start] = []
    for part in parts:
        query = ids_by(folder_ids, part).limit(most + 1)
        size = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
        if size <= most:
            sized.append(Start(part, size))
    return sorted(sized, key=lambda start: start.size)


def ids_from(folder_ids: Sequence[int], start: Start) -> Select[tuple[int]]:
    """Return the query for the row ids that a start finds in its index.

    Its limit does not change the result; it tells PostgreSQL's planner how few they are, so that it finds them first.
    """
    return ids_by(folder_ids, start.part).limit(start.size + 1)


def ids_by(folder_ids: Sequence[int], part: Narrow) -> Select[tuple[int]]:
    """Return the query for the row ids, `trial_id`, that a part of a condition finds in its index."""
    if part.field.kind == "trial" and part.field.name in ("started", "age"):
        return select(TIMED.c.id.label("trial_id")).where(TIMED.c.folder_id.in_(folder_ids), part.condition)
    table = trial_metric if part.field.kind == "metric" else trial_param
    mine = (table.c.folder_id.in_(folder_ids), table.c.key == stored_key(part.field), part.condition)
    return select(table.c.trial_id).where(*mine)
