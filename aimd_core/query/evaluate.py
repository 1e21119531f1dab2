"""Decides whether a trial matches a query, and orders trials. What comparisons mean: docs/reference/query.md."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from aimd_core.query.literals import read_number
from aimd_core.query.tree import (
    Among,
    Compare,
    Condition,
    Field,
    Moment,
    Query,
    SortKey,
    Value,
)
from aimd_core.reading.facts import Facts, seconds_of

_Row = TypeVar("_Row")
_Matcher = Callable[[Facts], bool]


def matches(query: Query | Condition, facts: Facts, now_s: float | None = None) -> bool:
    """Tell whether a trial matches a query.

    Args:
        query: What `parse` returned, or a part of it.
        facts: The trial.
        now_s: The time that ages end at, in seconds since the epoch; by default now.
    """
    return matcher(query, now_s)(facts)


def matcher(query: Query | Condition, now_s: float | None = None) -> Callable[[Facts], bool]:
    """Return what tells whether a trial matches a query, for those who ask it of many.

    Args:
        query: As in `matches`.
        now_s: As in `matches`.
    """
    condition = query.condition if isinstance(query, Query) else query
    return _matcher(condition, time.time() if now_s is None else now_s)


def _matcher(node: Condition, now_s: float) -> _Matcher:
    if node.kind == "and" or node.kind == "or":
        return _matcher_of_several(node.kind == "and", [_matcher(part, now_s) for part in node.parts])
    if node.kind == "not":
        part = _matcher(node.part, now_s)
        return lambda facts: not part(facts)
    field = node.field
    read = _reader_of(field, now_s)
    if node.kind == "missing":
        negated = node.negated
        return lambda facts: (read(facts) is None) != negated
    if field.shape in ("tags", "names"):
        return _matcher_of_set(node, read)
    if node.kind == "among":
        compared = [_comparison("=", candidate, field.shape) for candidate in node.values]
        negated = node.negated

        def is_among(facts: Facts) -> bool:
            value = read(facts)
            return value is not None and any(compare(value) for compare in compared) != negated

        return is_among
    compare = _comparison(node.operator, node.value, field.shape)

    def holds(facts: Facts) -> bool:
        value = read(facts)
        return value is not None and compare(value)

    return holds


def _matcher_of_several(is_all: bool, tests: Sequence[_Matcher]) -> _Matcher:
    def holds(facts: Facts) -> bool:
        for test in tests:
            if test(facts) is not is_all:
                return not is_all
        return is_all

    return holds


def _matcher_of_set(node: Compare | Among, read: Callable[[Facts], object]) -> _Matcher:
    """Compare a set: `=` means "has", `~` means "one of them contains". No tags are the empty set."""
    if node.kind == "among":
        negated = node.negated
        compared = [_comparison("=", candidate, "text") for candidate in node.values]
    else:
        negated = node.operator.startswith("!")
        compared = [_comparison(node.operator.replace("!", "") or "=", node.value, "text")]

    def holds(facts: Facts) -> bool:
        members = read(facts)
        if not members or not isinstance(members, (tuple, list)):
            return negated
        return any(compare(member) for member in members for compare in compared) != negated

    return holds


def _reader_of(field: Field, now_s: float) -> Callable[[Facts], object]:
    """Return what reads a field, as `value_of`."""
    if field.kind == "trial":
        read = _TRIAL_VALUES[field.name]
        return lambda facts: read(facts, now_s)
    return lambda facts: value_of(field, facts, now_s)


def value_of(field: Field, facts: Facts, now_s: float) -> object:
    """Return a trial's value of a field: text, a number, a boolean or tags; None if it has none.

    Durations and times are in seconds (since the epoch).
    """
    if field.kind == "metric":
        value = facts.number(field.name, field.aggregate)
        return read_number(value) if isinstance(value, str) else value
    if field.kind == "params":
        return facts.params.get(field.name)
    if field.kind == "platform":
        return facts.platform.get(field.name)
    if field.kind == "git":
        return facts.git.get("is_dirty" if field.name == "dirty" else field.name)
    return _TRIAL_VALUES[field.name](facts, now_s)


_TRIAL_VALUES: dict[str, Callable[[Facts, float], object]] = {
    "name": lambda facts, _: facts.name,
    "alternative_name": lambda facts, _: facts.alternative_name,
    "id": lambda facts, _: facts.id or None,
    "state": lambda facts, _: facts.state or None,
    "reason": lambda facts, _: facts.reason or None,
    "folder": lambda facts, _: facts.folder or None,
    "started": lambda facts, _: seconds_of(facts.started),
    "ended": lambda facts, _: seconds_of(facts.ended),
    "age": Facts.age_s,
    "duration": Facts.duration_s,
    "tags": lambda facts, _: facts.tags or None,
    "note": lambda facts, _: facts.note or None,
    "parent": lambda facts, _: _parent_names(facts),
    "nan_since": lambda facts, _: tuple(facts.nan_since) or None,
}


def _parent_names(facts: Facts) -> tuple[str, ...] | None:
    """Return the names that a trial's parent goes by, None when it has none."""
    parent = facts.parent
    return None if parent is None else tuple(str(parent[key]) for key in ("alternative_name", "id") if parent[key])


def text_of(value: object) -> str:
    """Return a value as text for comparisons: `true`, `0.001`, JSON for nested values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _number_of(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    return read_number(value.strip()) if isinstance(value, str) else None


def _comparison(operator: str, expected: Value, shape: str) -> Callable[[object], bool]:
    """Return what compares a trial's value with a query's."""
    if operator in ("!=", "!~"):
        compare = _comparison(operator[1:].replace("=", "") or "=", expected, shape)
        return lambda actual: not compare(actual)
    if expected.kind == "moment":
        return lambda actual: _compare_moment(actual, operator, expected)
    if expected.kind == "number":
        number = expected.value
        return lambda actual: (value := _number_of(actual)) is not None and _compare_numbers(value, operator, number)
    if expected.kind == "flag":
        flag = "true" if expected.value else "false"
        return lambda actual: text_of(actual).lower() == flag
    text = expected.value
    if shape == "state" and operator == "=":
        state = text.lower()
        return lambda actual: text_of(actual).lower() == state
    if operator == "~":
        find = _finder(text)
        return lambda actual: find(text_of(actual))
    return lambda actual: _compare_texts(text_of(actual), operator, text, shape)


def _compare_numbers(actual: float, operator: str, expected: float) -> bool:
    if operator == "=":
        return actual == expected or (actual != actual and expected != expected)  # for `val.loss = nan`
    if operator == "<":
        return actual < expected
    if operator == "<=":
        return actual <= expected
    return actual > expected if operator == ">" else actual >= expected


def _compare_moment(actual: object, operator: str, expected: Moment) -> bool:
    if not isinstance(actual, (int, float)):
        return False
    if operator == "=":
        return expected.begin_s <= actual < expected.end_s
    if operator in ("<", ">="):
        return (actual < expected.begin_s) == (operator == "<")
    return (actual < expected.end_s) == (operator == "<=")


def _compare_texts(actual: str, operator: str, expected: str, shape: str) -> bool:
    if operator == "=":
        return actual.lower().startswith(expected.lower()) if shape == "prefix" and expected else actual == expected
    if operator in ("<", ">="):
        return (actual < expected) == (operator == "<")
    return (actual <= expected) == (operator == "<=")


def contains(text: str, pattern: str) -> bool:
    """Tell whether a text contains a pattern, ignoring case.

    A pattern with `*`, for any characters, must match the whole text. The time is at worst proportional to the product
    of both lengths; no regular expression is involved.
    """
    return _finder(pattern)(text)


def _finder(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text contains a pattern, as `contains`."""
    pattern = pattern.casefold()
    if "*" not in pattern:
        return lambda text: pattern in text.casefold()
    first, *middle, last = pattern.split("*")

    def find(text: str) -> bool:
        text = text.casefold()
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        position, end = len(first), len(text) - len(last)
        for piece in middle:
            start = text.find(piece, position, end)
            if start < 0:
                return False
            position = start + len(piece)
        return True

    return find


def sort_rows(
    rows: Iterable[_Row],
    keys: Sequence[SortKey],
    facts: Callable[[_Row], Facts],
    now_s: float | None = None,
) -> list[_Row]:
    """Return rows in order; equal rows keep theirs.

    Within a key, numbers come before text (after it in descending order), then NaN, then trials without a value.

    Args:
        rows: The rows to sort.
        keys: What `parse_sort` returned.
        facts: Returns the facts of a row.
        now_s: As in `matches`.
    """
    ordered = list(rows)
    at_s = time.time() if now_s is None else now_s
    for key in reversed(keys):
        ranked = [(rank_of(value_of(key.field, facts(row), at_s)), row) for row in ordered]
        ranked_rows = [pair for pair in ranked if pair[0][0] < NAN_RANK]
        ranked_rows.sort(key=lambda pair: pair[0], reverse=key.descending)
        rest = sorted((pair for pair in ranked if pair[0][0] >= NAN_RANK), key=lambda pair: pair[0][0])
        ordered = [row for _, row in ranked_rows + rest]
    return ordered


NUMBER_RANK, TEXT_RANK, NAN_RANK, MISSING_RANK = range(4)
SORTED_CHARS = 200  # how much of a text is compared


def rank_of(value: object) -> tuple[int, float, str]:
    """Return the sort position of a value from `value_of`: its rank, and its number or text within the rank.

    The ranks are `NUMBER_RANK`, `TEXT_RANK`, `NAN_RANK` and `MISSING_RANK`.
    """
    if value is None:
        return MISSING_RANK, 0.0, ""
    number = float(value) if isinstance(value, bool) else _number_of(value)
    if number is None:
        text = text_of(value if isinstance(value, (str, dict, list)) else _joined(value))
        return TEXT_RANK, 0.0, text[:SORTED_CHARS].casefold()
    return (NAN_RANK, 0.0, "") if number != number else (NUMBER_RANK, number, "")


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (tuple, set, frozenset)) else str(value)
