"""Makes a query independent of the time zone: times without an offset are local time where they are read."""

from __future__ import annotations

from datetime import datetime, timezone

from aimd_core.query.tree import Among, And, Compare, Condition, Field, Moment, Not, Or, Value


def pinned(condition: Condition) -> Condition:
    """Return a condition that means the same on a machine in any time zone."""
    if condition.kind == "and":
        return And(tuple(map(pinned, condition.parts)))
    if condition.kind == "or":
        return Or(tuple(map(pinned, condition.parts)))
    if condition.kind == "not":
        return Not(pinned(condition.part))
    if condition.kind == "compare":
        return _comparison(condition.field, condition.operator, condition.value)
    if condition.kind == "among" and any(value.kind == "moment" for value in condition.values):
        return _among(condition)
    return condition


def _among(node: Among) -> Condition:
    parts = tuple(_comparison(node.field, "!=" if node.negated else "=", value) for value in node.values)
    if len(parts) == 1:
        return parts[0]
    return And(parts) if node.negated else Or(parts)


def _comparison(field: Field, operator: str, value: Value) -> Condition:
    if value.kind != "moment":
        return Compare(field, operator, value)
    begin, end = _instant(value.begin_s), _instant(value.end_s)
    if operator == "=":
        return And((Compare(field, ">=", begin), Compare(field, "<", end)))
    if operator == "!=":
        return Or((Compare(field, "<", begin), Compare(field, ">=", end)))
    if operator in ("<", ">="):
        return Compare(field, operator, begin)
    return Compare(field, "<" if operator == "<=" else ">=", end)


def _instant(time_s: float) -> Moment:
    moment = datetime.fromtimestamp(time_s, timezone.utc)
    return Moment(moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z", time_s, time_s)
