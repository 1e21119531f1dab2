"""What holds for every query and every trial, against a naive oracle."""

from __future__ import annotations

import json
import re
from datetime import datetime
from fnmatch import translate
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aimd_core.errors import QueryError
from aimd_core.query import contains, matches, parse, parse_sort, render, sort_rows
from aimd_core.query.fields import field_text
from aimd_core.query.parser import parse_field
from aimd_core.query.tree import Condition, Field, SortKey, Value
from aimd_core.reading.facts import Facts, WholeFacts
from tests.core.query.strategies import any_text, conditions, fields, trials
from tests.support.properties import load_profile

load_profile()
NOW_S = datetime.fromisoformat("2026-11-24T00:00:00+00:00").timestamp()


@given(conditions)
def test_what_is_rendered_is_read_back_equal(condition: Condition) -> None:
    assert parse(render(condition)).condition == condition


@given(fields)
def test_a_field_is_read_back_equal(field: Field) -> None:
    assert parse_field(field_text(field)) == field


_noise = st.lists(
    st.sampled_from(
        ["name", "val.acc", "params.", '"', "'", "(", ")", "[", "]", "not", "and", "or", "in", "is", "=", "~", "!", "<",
         ">", ",", " ", "1", "tag:", "\\", "..", "null", "-", "\0", "\n", "训"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), _noise))
@example("(" * 5000)
@example("not " * 2000 + "name=x")
@example("name = '" + "a" * 20_000)
@example("age = " + "9" * 9000)
@example("started > 0000-01-01")
@example("started > 9999-12-31")
def test_reading_raises_its_own_error_or_none(text: str) -> None:
    for read in (parse, parse_sort):
        fault = None
        try:
            read(text)
        except QueryError as error:
            fault = error.fault
        if fault is not None:
            query, start, end = fault
            assert 0 <= start < end
            assert start <= len(query)


@given(conditions, trials)
def test_evaluation_equals_a_naive_oracle(condition: Condition, trial: Facts) -> None:
    assert matches(condition, trial, NOW_S) is naive(condition, trial)


@given(st.lists(trials, max_size=5), fields, st.booleans())
def test_sorting_keeps_every_trial_and_puts_missing_ones_last(
    rows: list[Facts], field: Field, descending: bool
) -> None:
    ordered = sort_rows(rows, (SortKey(field, descending),), lambda row: row, NOW_S)
    assert sorted(map(id, ordered)) == sorted(map(id, rows))
    lacking = [actual(field, row) is None or (field.shape == "tags" and not row.tags) for row in ordered]
    assert lacking == sorted(lacking)
    found = [number(actual(field, row)) for row in ordered]
    finite = [value for value in found if value is not None and value == value]
    assert finite == sorted(finite, reverse=descending)


@given(any_text, st.text(alphabet="ab*", max_size=6))
def test_a_pattern_fits_as_a_shell_pattern_does(text: str, pattern: str) -> None:
    wanted = pattern if "*" in pattern else f"*{pattern}*"
    assert contains(text, pattern) == bool(re.match(translate(wanted.casefold()), text.casefold()))


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not contains("a" * 50_000, "*a" * 200 + "*b")


# The oracle: written from docs/reference/query.md, slow and plain, sharing no code with the evaluator.


def naive(node: Condition, trial: Facts) -> bool:
    if node.kind == "and":
        return all(naive(part, trial) for part in node.parts)
    if node.kind == "or":
        return any(naive(part, trial) for part in node.parts)
    if node.kind == "not":
        return not naive(node.part, trial)
    value = actual(node.field, trial)
    if node.field.name in ("tags", "parent") and node.field.kind == "trial":
        members = trial.tags if node.field.name == "tags" else value or ()
        if node.kind == "missing":
            return bool(members) == node.negated
        wanted = node.values if node.kind == "among" else (node.value,)
        operator = "=" if node.kind == "among" else node.operator[-1]
        negated = node.negated if node.kind == "among" else node.operator[0] == "!"
        return any(holds(tag, operator, one, False) for tag in members for one in wanted) is not negated
    if node.kind == "missing":
        return (value is None) is not node.negated
    if value is None:
        return False
    beginning = node.field.shape == "prefix"
    if node.kind == "among":
        return any(holds(value, "=", one, beginning) for one in node.values) is not node.negated
    if node.operator in ("!=", "!~"):
        return not holds(value, node.operator[1], node.value, beginning)
    return holds(value, node.operator, node.value, beginning)


def actual(field: Field, trial: Facts) -> Any:
    if field.kind == "metric":
        value = trial.metrics.get(field.name, {}).get(field.aggregate)
        return float(value) if isinstance(value, str) else value
    if field.kind == "params":
        return trial.params.get(field.name)
    if field.kind == "platform":
        return trial.platform.get(field.name)
    if field.kind == "git":
        return trial.git.get({"dirty": "is_dirty"}.get(field.name, field.name))
    started, ended = instant(trial.started), instant(trial.ended)
    if field.name == "age":
        return None if started is None else NOW_S - started
    if field.name == "duration":
        end = NOW_S if ended is None and trial.state in ("Running", "Initializing") else ended
        return None if started is None or end is None else max(0.0, end - started)
    if field.name in ("started", "ended"):
        return started if field.name == "started" else ended
    if field.name == "parent":
        return next(((line["parent_name"], line["parent"]) for line in trial.segments), None)
    value = getattr(trial, field.name)
    return value if value or field.name in ("name", "alternative_name") else None


def instant(text: str | None) -> float | None:
    return None if text in (None, "no time") else datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()


def number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    is_number = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:nan|inf|infinity)", text)
    return float(text) if is_number else None


def shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, bool) else str(value)


def holds(value: Any, operator: str, wanted: Value, beginning: bool) -> bool:
    if wanted.kind == "moment":
        return {
            "=": wanted.begin_s <= value < wanted.end_s,
            "<": value < wanted.begin_s,
            "<=": value < wanted.end_s,
            ">": value >= wanted.end_s,
            ">=": value >= wanted.begin_s,
        }[operator]
    if wanted.kind == "flag":
        return shown(value).lower() == str(wanted.value).lower()
    left: Any = shown(value)
    right: Any = wanted.value
    if wanted.kind == "number":
        left = number(value)
        if left is None:
            return False
    if operator == "~":
        return contains(left, right)
    if operator == "=" and beginning and right:
        return str(left[: len(right)].lower()) == right.lower()
    return bool(
        {"=": left == right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    )


def test_the_oracle_can_fail() -> None:
    trial = WholeFacts(params={"lr": 0.1})
    condition = parse("params.lr = 0.1").condition
    assert naive(condition, trial)
    assert not naive(condition, WholeFacts(params={"lr": 0.2}))
    with pytest.raises(KeyError):
        holds("a", "no operator", parse("name = a").condition.value, False)  # type: ignore[union-attr]
