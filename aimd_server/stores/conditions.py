"""Conditions of the query language as SQL.

A condition becomes two: `may` is true of every trial that fulfils it, `must` of none that does not. Where SQL can say
all of it they are the same, and `is_exact`. What is left between them is for `aimd_core.query` to decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Double, String, and_, exists, false, func, literal, not_, or_, true

from aimd_core.query import Field
from aimd_core.query.evaluate import NAN_RANK, NUMBER_RANK
from aimd_core.query.tree import Among, Compare, Condition, Number, Value
from aimd_server.stores.indexes import MAX_KEY_CHARS
from aimd_server.stores.schema import folder, trial, trial_metric, trial_param

_SLACK_US = 1_000  # more than the rounding of times in floating point
MAX_VALUES = 200


class Sql(NamedTuple):
    """A condition in SQL."""

    may: ColumnElement[bool]
    must: ColumnElement[bool]
    is_exact: bool = True


class Context(NamedTuple):
    """What a condition depends on beside the trial: the time now, and the marks of texts, which are not made here."""

    now_s: float
    mark_of: Any


UNKNOWN = Sql(true(), false(), False)


def _exactly(condition: ColumnElement[bool]) -> Sql:
    return Sql(condition, condition)


def translated(node: Condition, context: Context) -> Sql:
    """Return a condition as SQL over `trial` and its `folder`."""
    if node.kind == "and" or node.kind == "or":
        return _joined(node.kind, [translated(part, context) for part in node.parts])
    if node.kind == "not":
        inner = translated(node.part, context)
        return Sql(not_(inner.must), not_(inner.may), inner.is_exact)
    if node.kind == "missing":
        present = _present(node.field)
        return UNKNOWN if present is None else _exactly(present if node.negated else not_(present))
    return _leaf(node, context)


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    may, must, is_exact = [one.may for one in parts], [one.must for one in parts], all(one.is_exact for one in parts)
    if word == "and":
        return Sql(and_(true(), *may), and_(true(), *must), is_exact)
    return Sql(or_(false(), *may), or_(false(), *must), is_exact)


def _leaf(node: Compare | Among, context: Context) -> Sql:
    if node.kind == "among":
        if len(node.values) > MAX_VALUES:
            return UNKNOWN
        parts = [_compared(node.field, "=", value, context) for value in node.values]
        equal = _joined("or", parts)
        return _negated(node.field, equal) if node.negated else equal
    if node.operator in ("!=", "!~"):
        return _negated(node.field, _compared(node.field, node.operator[1:], node.value, context))
    return _compared(node.field, node.operator, node.value, context)


def _negated(field: Field, inner: Sql) -> Sql:
    """Return that a trial has something else there; one that has nothing does not."""
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
        return _state().is_not(None)
    if field.kind == "trial" and field.name in ("started", "age"):
        return trial.c.started.is_not(None)
    return true() if field.kind == "trial" and field.name in ("name", "id", "folder") else None


def _state() -> ColumnElement[str | None]:
    return func.coalesce(func.nullif(trial.c.state, ""), func.nullif(trial.c.status, ""))


def _param(field: Field, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = (trial_param.c.trial_id == trial.c.id, trial_param.c.key == field.name)
    return exists().where(*mine, *conditions)


def _metric(field: Field, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = (trial_metric.c.trial_id == trial.c.id, trial_metric.c.key == field.name)
    return exists().where(*mine, *conditions)


def _compared(field: Field, operator: str, value: Value, context: Context) -> Sql:
    if len(field.name) > MAX_KEY_CHARS:
        return UNKNOWN
    if field.kind == "metric":
        inner = metric_condition(field, operator, value)
        return UNKNOWN if inner is None else _exactly(_metric(field, inner))
    if field.kind == "params":
        found = param_condition(operator, value, context)
        if found is None:
            return Sql(_param(field), false(), False)
        return _exactly(_param(field, found))
    return _compared_trial(field, operator, value, context) if field.kind == "trial" else UNKNOWN


def _as_double(number: float) -> float | None:
    """Return a number as the database holds it, None when it cannot."""
    try:
        held = float(number)
    except OverflowError:
        return None
    return held if held == number or held != held else None


def _ordered(column: ColumnElement[Any], operator: str, value: object) -> ColumnElement[bool]:
    bound = value if isinstance(value, ColumnElement) else literal(value)
    found: ColumnElement[bool] = column.op(operator, is_comparison=True)(bound)
    return found


def metric_condition(field: Field, operator: str, value: Value) -> ColumnElement[bool] | None:
    """Return the condition on a metric's row; two-valued."""
    number = _as_double(value.value) if isinstance(value, Number) else None
    if number is None:
        return None
    column = trial_metric.c[field.aggregate]
    if math.isnan(number):
        return column.is_(None) if operator == "=" and field.aggregate == "last" else false()
    return and_(column.is_not(None), _ordered(column, operator, literal(number, Double)))


def param_condition(operator: str, value: Value, context: Context) -> ColumnElement[bool] | None:
    """Return the condition on a parameter's row; two-valued."""
    row = trial_param.c
    if value.kind == "number":
        return _number_condition(operator, value.value)
    if value.kind == "flag":
        word = "true" if value.value else "false"
        of_flag = and_(row.type == "b", row.num == literal(float(value.value), Double))
        return or_(of_flag, and_(row.type == "s", row.text == word))
    if value.kind == "text" and operator == "=":
        return row.mark == literal(context.mark_of(value.value), BigInteger)
    return None


def _number_condition(operator: str, wanted: float, with_type: bool = True) -> ColumnElement[bool] | None:
    """Return the condition on a parameter's number; without the type, which the index has not, booleans fit too."""
    row, number = trial_param.c, _as_double(wanted)
    if number is None:
        return None
    if math.isnan(number):
        return row.kind == NAN_RANK if operator == "=" else false()
    is_number = row.kind == NUMBER_RANK
    if with_type:
        is_number = and_(is_number, row.type != "b")
    return and_(is_number, _ordered(row.num, operator, literal(number, Double)))


def _compared_trial(field: Field, operator: str, value: Value, context: Context) -> Sql:
    if field.name == "state" and operator == "=" and value.kind == "text":
        return _exactly(and_(_state().is_not(None), func.lower(_state()) == value.value.lower()))
    if field.name == "started" and value.kind == "moment":
        return _exactly(and_(trial.c.started.is_not(None), _moment(operator, value.begin_s, value.end_s)))
    if field.name == "age" and value.kind == "number":
        return _age(operator, value.value, context)
    if operator == "=" and value.kind == "text":
        if field.name == "name":
            return _exactly(trial.c.name == value.value)
        if field.name == "folder":
            return _exactly(folder.c.path == value.value)
        if field.name == "id" and value.value:
            begun = func.substr(trial.c.uid, 1, len(value.value), type_=String)
            return _exactly(begun == value.value.lower())
    return UNKNOWN


def _moment(operator: str, begin_s: float, end_s: float) -> ColumnElement[bool]:
    begin_us, end_us = (literal(round(time_s * 1e6), BigInteger) for time_s in (begin_s, end_s))
    if operator == "=":
        return and_(trial.c.sort_us >= begin_us, trial.c.sort_us < end_us)
    if operator in ("<", ">="):
        return _ordered(trial.c.sort_us, operator, begin_us)
    return _ordered(trial.c.sort_us, "<" if operator == "<=" else ">=", end_us)


def _age(operator: str, wanted_s: float, context: Context) -> Sql:
    if operator == "=" or not math.isfinite(wanted_s) or abs(wanted_s) > 1e11:
        return UNKNOWN
    turned = {"<": ">", "<=": ">", ">": "<", ">=": "<"}[operator]  # the older, the earlier
    at_us = round((context.now_s - wanted_s) * 1e6)
    slack = -_SLACK_US if turned == ">" else _SLACK_US
    known = trial.c.started.is_not(None)
    may = and_(known, _ordered(trial.c.sort_us, turned, literal(at_us + slack, BigInteger)))
    must = and_(known, _ordered(trial.c.sort_us, turned, literal(at_us - slack, BigInteger)))
    return Sql(may, must, False)


class Narrow(NamedTuple):
    """A part of a query that an index finds trials by: the field, and a condition that all of them fulfil."""

    field: Field
    condition: ColumnElement[bool]


def narrowing(node: Condition) -> Sequence[Narrow]:
    """Return the parts of a condition each of which every trial must fulfil, and an index can start from."""
    if node.kind == "and":
        return [one for part in node.parts for one in narrowing(part)]
    if node.kind != "compare" or node.operator in ("!=", "!~") or len(node.field.name) > MAX_KEY_CHARS:
        return []
    condition = None
    if node.field.kind == "params" and node.value.kind == "number":
        condition = _number_condition(node.operator, node.value.value, with_type=False)
    elif node.field.kind == "metric" and node.field.aggregate in ("last", "min", "max"):
        condition = metric_condition(node.field, node.operator, node.value)
    return [] if condition is None else [Narrow(node.field, condition)]
