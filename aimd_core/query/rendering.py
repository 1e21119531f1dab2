"""Renders a condition as text: `parse(render(condition)).condition == condition`."""

from __future__ import annotations

from aimd_core.query.fields import RESERVED, field_text, quote
from aimd_core.query.literals import read_number
from aimd_core.query.tree import Condition, Value


def render(condition: Condition) -> str:
    """Return a condition as text that `parse` reads back."""
    if condition.kind == "and":
        return " and ".join(_inner(part, ("and", "or")) for part in condition.parts)
    if condition.kind == "or":
        return " or ".join(_inner(part, ("or",)) for part in condition.parts)
    if condition.kind == "not":
        return f"not {_inner(condition.part, ('and', 'or'))}"
    field = field_text(condition.field)
    if condition.kind == "compare":
        return f"{field} {condition.operator} {value_text(condition.value)}"
    negation = "not " if condition.negated else ""
    if condition.kind == "missing":
        return f"{field} is {negation}missing"
    return f"{field} {negation}in [{', '.join(map(value_text, condition.values))}]"


def _inner(part: Condition, loose: tuple[str, ...]) -> str:
    return f"({render(part)})" if part.kind in loose else render(part)


def value_text(value: Value) -> str:
    """Return a value as written in a query."""
    if value.kind == "number":
        return repr(value.value)
    if value.kind == "flag":
        return "true" if value.value else "false"
    if value.kind == "moment":
        return quote(value.text)
    plain = value.value.isalpha() and value.value.lower() not in RESERVED and read_number(value.value) is None
    return value.value if plain else quote(value.value)
