"""Conditions of the query language as SQL.

A condition becomes two: `may` is true of every trial that fulfils it, `must` of none that does not. Where SQL can say
all of it they are the same, and `is_exact`. What is left between them is for `aimd_core.query` to decide.
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
    Integer,
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

from aimd_core.query import Field, rank_of
from aimd_core.query.evaluate import NAN_RANK, NUMBER_RANK
from aimd_core.query.tree import Among, Compare, Condition, Number, Value
from aimd_server.stores.indexes import MAX_KEY_CHARS, state_of_trial
from aimd_server.stores.schema import ByCharacter, folder, trial, trial_metric, trial_param

_SLACK_US = 1_000  # more than the rounding of times in floating point
MAX_VALUES = 200
MAX_LIKE_CHARS = 200  # of a text that is looked for within others


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
        return state_of_trial().is_not(None)
    if field.kind == "trial" and field.name in ("started", "age"):
        return trial.c.started.is_not(None)
    return true() if field.kind == "trial" and field.name in ("name", "id", "folder") else None


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
    if field.name == "started" and value.kind == "moment":
        in_time = _moment(operator, value.begin_s, value.end_s, trial.c.sort_us)
        return _exactly(and_(trial.c.started.is_not(None), in_time))
    if field.name == "age" and value.kind == "number":
        return _age(operator, value.value, context)
    if value.kind != "text":
        return UNKNOWN
    return _equal_text(field, value.value) if operator == "=" else _like(field, operator, value.value)


def _equal_text(field: Field, wanted: str) -> Sql:
    if field.name == "state":
        return _exactly(and_(state_of_trial().is_not(None), func.lower(state_of_trial()) == wanted.lower()))
    if field.name == "name":
        return _exactly(trial.c.name == wanted)
    if field.name == "folder":
        return _exactly(folder.c.path == wanted)
    if field.name == "id" and wanted:
        begun = func.substr(trial.c.uid, 1, len(wanted), type_=String)
        return _exactly(begun == wanted.lower())
    if field.name == "tags" and len(wanted) <= MAX_LIKE_CHARS:  # as JSON, of which a tag with its quotes is a part
        return Sql(func.coalesce(trial.c.tags, "").contains(json.dumps(wanted), autoescape=True), false(), False)
    return UNKNOWN


def _like(field: Field, operator: str, pattern: str) -> Sql:
    """Return that a text may hold a pattern, whatever the case of letters."""
    is_plain = pattern.isascii() and "*" not in pattern and 0 < len(pattern) <= MAX_LIKE_CHARS
    if operator != "~" or not is_plain or field.name not in ("name", "alternative_name", "note"):
        return UNKNOWN
    column = func.coalesce(trial.c[field.name], "")
    return Sql(or_(column.icontains(pattern, autoescape=True), _HasOther(column)), false(), False)


class _HasOther(FunctionElement[bool]):
    """That a text has other characters than ASCII's printable ones, whose case databases do not know as Python does."""

    type = Boolean()
    inherit_cache = True


@compiles(_HasOther)
def _has_other(element: Any, compiler: Any, **how: Any) -> str:
    operator = "~ '[^ -~]'" if compiler.dialect.name == "postgresql" else "GLOB '*[^ -~]*'"
    return f"({compiler.process(element.clauses, **how)} {operator})"


def _moment(operator: str, begin_s: float, end_s: float, at: ColumnElement[int]) -> ColumnElement[bool]:
    begin_us, end_us = (literal(round(time_s * 1e6), BigInteger) for time_s in (begin_s, end_s))
    if operator == "=":
        return and_(at >= begin_us, at < end_us)
    if operator in ("<", ">="):
        return _ordered(at, operator, begin_us)
    return _ordered(at, "<" if operator == "<=" else ">=", end_us)


def _age(operator: str, wanted_s: float, context: Context) -> Sql:
    may, must = _age_bounds(operator, wanted_s, context, trial.c.sort_us)
    if may is None or must is None:
        return UNKNOWN
    known = trial.c.started.is_not(None)
    return Sql(and_(known, may), and_(known, must), False)


def _age_bounds(
    operator: str, wanted_s: float, context: Context, at: ColumnElement[int]
) -> tuple[ColumnElement[bool] | None, ColumnElement[bool] | None]:
    """Return what is true of all trials of such ages, and what of no others; nothing where SQL cannot tell."""
    if operator not in ("<", "<=", ">", ">=") or not math.isfinite(wanted_s) or abs(wanted_s) > 1e11:
        return None, None
    turned = {"<": ">", "<=": ">", ">": "<", ">=": "<"}[operator]  # the older, the earlier
    at_us = round((context.now_s - wanted_s) * 1e6)
    slack = -_SLACK_US if turned == ">" else _SLACK_US
    may, must = (_ordered(at, turned, literal(at_us + by_us, BigInteger)) for by_us in (slack, -slack))
    return may, must


FOUND = trial.alias("found")  # what a part on times is a condition on


class Narrow(NamedTuple):
    """A part of a query that an index finds trials by: the field, and a condition that all of them fulfil.

    It is one on the rows of `trial_metric` for a metric, of `FOUND` for times, else of `trial_param`.
    """

    field: Field
    condition: ColumnElement[bool]


def narrowing(node: Condition, context: Context) -> list[Narrow]:
    """Return the parts of a condition each of which every trial must fulfil, and an index can start from."""
    if node.kind == "and":
        return [one for part in node.parts for one in narrowing(part, context)]
    if node.kind == "compare":
        condition = _start(node.field, node.operator, node.value, context)
        return [] if condition is None else [Narrow(node.field, condition)]
    if node.kind == "among" and not node.negated:
        condition = _start_among(node.field, node.values)
        return [] if condition is None else [Narrow(node.field, condition)]
    return []


def _start(field: Field, operator: str, value: Value, context: Context) -> ColumnElement[bool] | None:
    """Return a condition on one index's columns that all trials fulfil of which a comparison is true."""
    if operator in ("!=", "!~", "~") or len(field.name) > MAX_KEY_CHARS:
        return None
    if field.kind == "metric":
        return metric_condition(field, operator, value) if field.aggregate in ("last", "min", "max") else None
    if field.kind == "params" and value.kind == "number":
        return _number_condition(operator, value.value, with_type=False)
    if field.kind == "trial" and field.name in ("started", "age"):
        return _start_of_time(field, operator, value, context)
    return _start_among(field, (value,)) if operator == "=" else None


def _start_of_time(field: Field, operator: str, value: Value, context: Context) -> ColumnElement[bool] | None:
    if field.name == "started" and value.kind == "moment":
        return _moment(operator, value.begin_s, value.end_s, FOUND.c.sort_us)
    if field.name == "age" and value.kind == "number":
        return _age_bounds(operator, value.value, context, FOUND.c.sort_us)[0]
    return None


def _start_among(field: Field, values: Sequence[Value]) -> ColumnElement[bool] | None:
    """Return that a value may be one of some texts or numbers: what is equal as text has the same rank."""
    is_label = field.kind == "trial" and field.name in ("name", "state")
    if not (is_label or field.kind == "params") or len(field.name) > MAX_KEY_CHARS or len(values) > MAX_VALUES:
        return None
    ranks = [_rank_known(field, value) for value in values]
    known = [rank for rank in ranks if rank is not None]
    if len(known) < len(ranks) or len({rank[0] for rank in known}) != 1:
        return None  # several stretches of the index, of which no planner makes one
    row, kind = trial_param.c, known[0][0]
    numbers = [literal(number, Double) for _, number, _ in known]
    texts = [literal(text, ByCharacter) for _, _, text in known]
    return and_(row.kind == literal(kind, Integer), row.num.in_(numbers), row.text.in_(texts))


def _rank_known(field: Field, value: Value) -> tuple[int, float, str] | None:
    """Return the rank of all that equals a value, None when that is not one."""
    if field.kind == "trial" and field.name == "state" and value.kind == "text" and not value.value.isascii():
        return None  # whose case the database does not know
    if value.kind == "text" or (value.kind == "number" and field.kind == "params"):
        kind, number, text = rank_of(value.value)
    else:
        return None
    held = _as_double(number)
    is_flag = value.kind == "text" and value.value in ("true", "false")  # a flag of the same text is a number
    return None if held is None or is_flag or "\0" in text else (kind, held, text)
