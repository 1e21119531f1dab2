"""Translates conditions of the query language to SQL.

A condition becomes two: `may` holds for every trial that matches, `must` for no trial that does not. If SQL can express
all of it they are equal, and `is_exact`. For trials between the two `aimd_core.query` decides.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    String,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from aimd_core.query import Field
from aimd_core.query.evaluate import NAN_RANK, NUMBER_RANK
from aimd_core.query.tree import Among, Compare, Condition, Number, Value
from aimd_server.stores.indexes import MAX_KEY_CHARS, mark_of, state_at, told_state
from aimd_server.stores.schema import folder, trial, trial_metric, trial_param

NAN_SINCE = Field("trial", "nan_since")
_SLACK_US = 1_000  # more than the rounding of times in floats
MAX_VALUES = 200
MAX_LIKE_CHARS = 200  # of a text to search for


class Sql(NamedTuple):
    """A condition in SQL."""

    may: ColumnElement[bool]
    must: ColumnElement[bool]
    is_exact: bool = True


UNKNOWN = Sql(true(), false(), False)


def _exactly(condition: ColumnElement[bool]) -> Sql:
    return Sql(condition, condition)


def translated(node: Condition, now_s: float) -> Sql:
    """Return a condition at a time, in seconds since the epoch, as SQL on `trial` and its `folder`."""
    if node.kind == "and" or node.kind == "or":
        return _joined(node.kind, [translated(part, now_s) for part in node.parts])
    if node.kind == "not":
        inner = translated(node.part, now_s)
        return Sql(not_(inner.must), not_(inner.may), inner.is_exact)
    if node.kind == "missing":
        present = _diverged() if node.field == NAN_SINCE else _present(node.field)
        return UNKNOWN if present is None else _exactly(present if node.negated else not_(present))
    return _leaf(node, now_s)


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    may, must, is_exact = (
        [part.may for part in parts],
        [part.must for part in parts],
        all(part.is_exact for part in parts),
    )
    if word == "and":
        return Sql(and_(true(), *may), and_(true(), *must), is_exact)
    return Sql(or_(false(), *may), or_(false(), *must), is_exact)


def _leaf(node: Compare | Among, now_s: float) -> Sql:
    if node.kind == "among":
        if len(node.values) > MAX_VALUES:
            return UNKNOWN
        parts = [_compared(node.field, "=", value, now_s) for value in node.values]
        equal = _joined("or", parts)
        return _negated(node.field, equal) if node.negated else equal
    if node.operator in ("!=", "!~"):
        return _negated(node.field, _compared(node.field, node.operator[1:], node.value, now_s))
    return _compared(node.field, node.operator, node.value, now_s)


def _negated(field: Field, inner: Sql) -> Sql:
    """Return the condition that a trial has a different value, which excludes trials without one."""
    present = _present(field)
    if present is None:
        return UNKNOWN
    return Sql(and_(present, not_(inner.must)), and_(present, not_(inner.may)), inner.is_exact)


def _present(field: Field) -> ColumnElement[bool] | None:
    if field.kind == "params" and len(field.name) <= MAX_KEY_CHARS:
        return _param(field)
    if field.kind == "metric" and len(field.name) <= MAX_KEY_CHARS:
        column = trial_metric.c[field.aggregate]
        return _metric(field, true() if field.aggregate == "last" else column.is_not(None))
    if field.kind == "trial" and field.name == "state":
        return told_state().is_not(None)
    if field.kind == "trial" and field.name in ("started", "age"):
        return trial.c.started.is_not(None)
    return true() if field.kind == "trial" and field.name in ("name", "id", "folder") else None


def _param(field: Field, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = (trial_param.c.trial_id == trial.c.id, trial_param.c.key == field.name)
    return exists().where(*mine, *conditions)


def _metric(field: Field, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = (trial_metric.c.trial_id == trial.c.id, trial_metric.c.key == field.name)
    return exists().where(*mine, *conditions)


def _diverged(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = (trial_metric.c.trial_id == trial.c.id, trial_metric.c.nan_since.is_not(None))
    return exists().where(*mine, *conditions)


def _compared(field: Field, operator: str, value: Value, now_s: float) -> Sql:
    if len(field.name) > MAX_KEY_CHARS:
        return UNKNOWN
    if field.kind == "metric":
        inner = metric_condition(field, operator, value)
        return UNKNOWN if inner is None else _exactly(_metric(field, inner))
    if field.kind == "params":
        of_row = param_condition(operator, value)
        if of_row is None:
            return Sql(_param(field), false(), False)
        return _exactly(_param(field, of_row))
    return _compared_trial(field, operator, value, now_s) if field.kind == "trial" else UNKNOWN


def as_double(number: float) -> float | None:
    """Return a number as the database stores it, or None if it cannot."""
    try:
        held = float(number)
    except OverflowError:
        return None
    return held if held == number or held != held else None


def _ordered(column: ColumnElement[Any], operator: str, value: object) -> ColumnElement[bool]:
    bound = value if isinstance(value, ColumnElement) else literal(value)
    comparison: ColumnElement[bool] = column.op(operator, is_comparison=True)(bound)
    return comparison


def metric_condition(field: Field, operator: str, value: Value) -> ColumnElement[bool] | None:
    """Return the condition on a metric's row, never NULL."""
    number = as_double(value.value) if isinstance(value, Number) else None
    if number is None:
        return None
    column = trial_metric.c[field.aggregate]
    if math.isnan(number):
        return column.is_(None) if operator == "=" and field.aggregate == "last" else false()
    return and_(column.is_not(None), _ordered(column, operator, literal(number, Double)))


def param_condition(operator: str, value: Value) -> ColumnElement[bool] | None:
    """Return the condition on a parameter's row, never NULL."""
    row = trial_param.c
    if value.kind == "number":
        return number_condition(operator, value.value)
    if value.kind == "flag":
        word = "true" if value.value else "false"
        of_flag = and_(row.type == "b", row.num == literal(float(value.value), Double))
        return or_(of_flag, and_(row.type == "s", row.text == word))
    if value.kind == "text" and operator == "=":
        return row.mark == literal(mark_of(value.value), BigInteger)
    return None


def number_condition(operator: str, compared: float, with_type: bool = True) -> ColumnElement[bool] | None:
    """Return the condition on a parameter's number; without the type, which the index lacks, booleans match too."""
    row, number = trial_param.c, as_double(compared)
    if number is None:
        return None
    if math.isnan(number):
        return row.kind == NAN_RANK if operator == "=" else false()
    is_number = row.kind == NUMBER_RANK
    if with_type:
        is_number = and_(is_number, row.type != "b")
    return and_(is_number, _ordered(row.num, operator, literal(number, Double)))


def _compared_trial(field: Field, operator: str, value: Value, now_s: float) -> Sql:
    if field.name == "started" and value.kind == "moment":
        in_time = moment_condition(operator, value.begin_s, value.end_s, trial.c.sort_us)
        return _exactly(and_(trial.c.started.is_not(None), in_time))
    if field.name == "age" and value.kind == "number":
        return _age(operator, value.value, now_s)
    if value.kind != "text":
        return UNKNOWN
    return _equal_text(field, value.value, now_s) if operator == "=" else _like(field, operator, value.value)


def _equal_text(field: Field, text: str, now_s: float) -> Sql:
    if field.name == "state":
        return _exactly(and_(told_state().is_not(None), func.lower(state_at(now_s)) == text.lower()))
    if field.name == "name":
        return _exactly(trial.c.name == text)
    if field.name == "folder":
        return _exactly(folder.c.path == text)
    if field.name == "id" and text:
        begun = func.substr(trial.c.uid, 1, len(text), type_=String)
        return _exactly(begun == text.lower())
    if field == NAN_SINCE:
        return _exactly(_diverged(trial_metric.c.key == text))
    if field.name == "tags" and len(text) <= MAX_LIKE_CHARS:  # as JSON, which contains the tag with its quotes
        return Sql(_Contains(func.coalesce(trial.c.tags, ""), literal(json.dumps(text))), false(), False)
    return UNKNOWN


def _like(field: Field, operator: str, pattern: str) -> Sql:
    """Return the condition that a text may contain a pattern, ignoring case."""
    is_plain = pattern.isascii() and "*" not in pattern and 0 < len(pattern) <= MAX_LIKE_CHARS
    if operator != "~" or not is_plain or field.name not in ("name", "alternative_name", "note", "tags"):
        return UNKNOWN
    column = func.coalesce(trial.c[field.name], "")
    if field.name == "tags":  # as JSON, which has other characters as escapes
        column_has_other = _Contains(column, literal("\\u"))
        part = json.dumps(pattern)[1:-1].lower()
        return Sql(or_(_Contains(func.lower(column), literal(part)), column_has_other), false(), False)
    return Sql(or_(_Contains(func.lower(column), literal(pattern.lower())), _HasOther(column)), false(), False)


class _Contains(FunctionElement[bool]):
    """A text has another within it. `LIKE` takes time proportional to the product of both lengths."""

    type = Boolean()
    inherit_cache = True


@compiles(_Contains)
def _contains(element: Any, compiler: Any, **how: Any) -> str:
    name = "strpos" if compiler.dialect.name == "postgresql" else "instr"
    return f"({name}({compiler.process(element.clauses, **how)}) > 0)"


class _HasOther(FunctionElement[bool]):
    """A text has characters other than printable ASCII, whose case databases treat differently from Python."""

    type = Boolean()
    inherit_cache = True


@compiles(_HasOther)
def _has_other(element: Any, compiler: Any, **how: Any) -> str:
    operator = "~ '[^ -~]'" if compiler.dialect.name == "postgresql" else "GLOB '*[^ -~]*'"
    return f"({compiler.process(element.clauses, **how)} {operator})"


def moment_condition(operator: str, begin_s: float, end_s: float, at: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a time in microseconds compares so to a period, never NULL."""
    begin_us, end_us = (literal(round(time_s * 1e6), BigInteger) for time_s in (begin_s, end_s))
    if operator == "=":
        return and_(at >= begin_us, at < end_us)
    if operator in ("<", ">="):
        return _ordered(at, operator, begin_us)
    return _ordered(at, "<" if operator == "<=" else ">=", end_us)


def _age(operator: str, age_s: float, now_s: float) -> Sql:
    may, must = age_conditions(operator, age_s, now_s, trial.c.sort_us)
    if may is None or must is None:
        return UNKNOWN
    has_time = trial.c.started.is_not(None)
    return Sql(and_(has_time, may), and_(has_time, must), False)


def age_conditions(
    operator: str, age_s: float, now_s: float, at: ColumnElement[int]
) -> tuple[ColumnElement[bool] | None, ColumnElement[bool] | None]:
    """Return a condition that all trials of such ages meet, and one that no others meet; none if SQL cannot tell."""
    if operator not in ("<", "<=", ">", ">=") or not math.isfinite(age_s) or abs(age_s) > 1e11:
        return None, None
    turned = {"<": ">", "<=": ">", ">": "<", ">=": "<"}[operator]  # the older, the earlier
    at_us = round((now_s - age_s) * 1e6)
    slack = -_SLACK_US if turned == ">" else _SLACK_US
    may, must = (_ordered(at, turned, literal(at_us + by_us, BigInteger)) for by_us in (slack, -slack))
    return may, must
