"""Gates: conditions on a trial that may refer to other trials, with a sentence that says why they hold or not.

A gate is a query (docs/reference/query.md) whose comparisons of metrics may have arithmetic on the right, over
numbers and `best(SELECTOR)`, `worst(SELECTOR)`, `mean(SELECTOR)`: that metric over the trials that the selector
matches, as in `val.acc >= best(tag:main) - 0.005`. A selector is `tag:NAME`, `name:NAME`, `all`, or a query.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from aimd_core.direction import HIGHER, LOWER, direction_of
from aimd_core.errors import MetricNotFoundError, SelectorFitsNoneError
from aimd_core.language import joined, said
from aimd_core.query import Field, Query, field_text, matches, parse, parse_field, render, value_of
from aimd_core.query.lexer import Token, fail, tokens_of
from aimd_core.query.literals import read_number
from aimd_core.query.tree import Among, Compare, Condition, Missing
from aimd_core.reading.facts import Facts

_FUNCTIONS = ("best", "worst", "mean")
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class Gate(NamedTuple):
    """A condition whose references to other trials have been replaced by numbers.

    Attributes:
        query: The condition.
        notes: The value of each reference, in words.
    """

    query: Query
    notes: tuple[str, ...]


class Verdict(NamedTuple):
    """Whether a trial passes a gate.

    Attributes:
        holds: Whether it does.
        why: The comparisons that decided it, with the trial's numbers, in one sentence.
    """

    holds: bool
    why: str


def read_gate(text: str, others: Callable[[], Sequence[Facts]]) -> Gate:
    """Read a gate.

    Args:
        text: The gate.
        others: Returns the trials that selectors choose from; called only if there is a selector.

    Raises:
        QueryError: It is not a gate; the error points at the fault.
        SelectorFitsNoneError: A selector matches no trial.
        MetricNotFoundError: None of the matching trials has the metric.
    """
    reader = _Reader(text, others)
    return Gate(parse(reader.rewritten()), tuple(reader.notes))


class _Reader:
    """Replaces arithmetic and references in a gate with their values."""

    def __init__(self, source: str, others: Callable[[], Sequence[Facts]]) -> None:
        self.notes: list[str] = []
        self._source = source
        self._others = others
        self._tokens = tokens_of(source)

    def rewritten(self) -> str:
        parts, copied, position = [], 0, 0
        while position < len(self._tokens) - 3:
            field, sign, first = self._tokens[position : position + 3]
            if field.kind == "term" and sign.text in _COMPARISONS and self._is_arithmetic(position + 2):
                value, end = self._sum(position + 2, parse_field(self._source[field.start : field.end]), sign.text)
                parts += [self._source[copied : first.start], repr(value)]
                copied, position = self._tokens[end - 1].end, end
            else:
                position += 1
        return "".join([*parts, self._source[copied:]])

    def _is_arithmetic(self, position: int) -> bool:
        """Tell whether a function, or a number with an operator after it, comes next."""
        token, behind = self._tokens[position], self._tokens[position + 1]
        if token.bare in _FUNCTIONS and behind.text == "(":
            return True
        return read_number(token.bare) is not None and self._operator(position + 1) is not None

    def _operator(self, position: int) -> str | None:
        """Return the arithmetic operator that comes next; `- 0.1` is two terms, `-0.1` is one."""
        token = self._tokens[position]
        if token.kind != "term" or not token.bare:
            return None
        if token.bare in _ARITHMETIC:
            return token.bare
        is_signed = token.bare[0] in _ARITHMETIC and read_number(token.bare[1:]) is not None
        return token.bare[0] if is_signed else None

    def _sum(self, position: int, field: Field, sign: str) -> tuple[float, int]:
        """Evaluate arithmetic and return its value and end; `*` and `/` bind tighter."""
        total, position = self._operand(position, field, sign)
        pending: list[tuple[str, float]] = [("+", total)]
        while name := self._operator(position):
            token = self._tokens[position]
            if token.bare in _ARITHMETIC:
                value, after = self._operand(position + 1, field, sign)
            else:
                value, after = read_number(token.bare[1:]) or 0.0, position + 1
            if name in "*/":
                before_name, before = pending.pop()
                pending.append((before_name, self._apply(name, before, value, token)))
            else:
                pending.append((name, value))
            position = after
        total = 0.0
        for name, value in pending:
            total = _ARITHMETIC[name](total, value)
        return total, position

    def _apply(self, name: str, left: float, right: float, token: Token) -> float:
        try:
            return _ARITHMETIC[name](left, right)
        except ZeroDivisionError:
            fail(self._source, token.start, token.end, "nothing can be divided by zero")

    def _operand(self, position: int, field: Field, sign: str) -> tuple[float, int]:
        token = self._tokens[position]
        number = read_number(token.bare)
        if number is not None:
            return float(number), position + 1
        if token.bare not in _FUNCTIONS or self._tokens[position + 1].text != "(":
            fail(self._source, token.start, token.end, "a number or best(SELECTOR) is expected here")
        closing = self._closing(position + 1)
        selector = self._source[self._tokens[position + 1].end : self._tokens[closing].start].strip()
        return self._referred(token, selector, field, sign), closing + 1

    def _closing(self, position: int) -> int:
        depth = {"(": 1, ")": -1}
        depths = accumulate(depth.get(t.text, 0) if t.kind == "sign" else 0 for t in self._tokens[position:])
        closing = next((number for number, deep in enumerate(depths) if deep == 0), None)
        if closing is None:
            opening = self._tokens[position]
            fail(self._source, opening.start, opening.end, "this '(' is not closed")
        return position + closing

    def _referred(self, token: Token, selector: str, field: Field, sign: str) -> float:
        """Return the best, worst or mean of a metric over the trials that a selector matches."""
        if field.kind != "metric":
            fail(
                self._source,
                token.start,
                token.end,
                said("{text}() needs a metric on the left of the comparison", text=token.text),
            )
        chosen = [facts for facts in self._others() if matches(parse(selector_query(selector)), facts)]
        if not chosen:
            raise SelectorFitsNoneError(selector=selector or "all")
        found = [(value, facts) for facts in chosen if isinstance(value := value_of(field, facts, 0.0), (int, float))]
        finite = [(float(value), facts.alternative_name) for value, facts in found if value - value == 0.0]
        if not finite:
            known = sorted({name for facts in chosen for name in facts.metrics})
            raise MetricNotFoundError(
                field_text(field),
                said("the {count} trials of {selector!r}", count=len(chosen), selector=selector or "all"),
                known,
            )
        called = f"{token.bare}({selector})"
        if token.bare == "mean":
            mean = sum(value for value, _ in finite) / len(finite)
            self.notes.append(
                said("{called} is {mean:.6g}, of {count} trials", called=called, mean=mean, count=len(finite))
            )
            return mean
        direction = direction_of(field.name) or (LOWER if sign.startswith("<") else HIGHER)
        wants_low = (direction == LOWER) == (token.bare == "best")
        value, name = (min if wants_low else max)(finite)
        self.notes.append(said("{called} is {value:.6g}, of {name}", called=called, value=value, name=name))
        return value


def selector_query(selector: str) -> str:
    """Return a selector as a query: `tag:main` is `tags = "main"`; `all` or nothing means every trial."""
    word, colon, rest = selector.partition(":")
    if selector in ("", "all"):
        return ""
    if colon and word in ("tag", "name") and not any(character.isspace() for character in selector):
        quoted = rest.strip("\"'").replace("\\", "\\\\").replace('"', '\\"')
        return f'{"tags" if word == "tag" else "name"} = "{quoted}"'
    return selector


def judge(gate: Gate, facts: Facts, now_s: float) -> Verdict:
    """Tell whether a trial passes a gate, and why.

    Args:
        gate: The gate.
        facts: The trial.
        now_s: The time that ages end at, in seconds since the epoch.
    """
    holds = matches(gate.query, facts, now_s)
    told = [
        _told(leaf, facts, now_s)
        for leaf in _leaves(gate.query.condition)
        if matches(leaf, facts, now_s) == holds or gate.query.condition.kind == "not"
    ]
    decided = joined("; ", list(dict.fromkeys(told))) if told else ""
    why = decided or (said("there is no condition") if holds else said("the condition as a whole"))
    return Verdict(holds, joined("", [why, *(said(" ({note})", note=note) for note in gate.notes)]))


def _leaves(condition: Condition) -> list[Compare | Among | Missing]:
    if condition.kind == "and" or condition.kind == "or":
        return [leaf for part in condition.parts for leaf in _leaves(part)]
    return _leaves(condition.part) if condition.kind == "not" else [condition]


def _told(leaf: Compare | Among | Missing, facts: Facts, now_s: float) -> str:
    """Say what a trial has and what a comparison asks for: `val.acc is 0.85, wanted >= 0.907`."""
    name, value = field_text(leaf.field), value_of(leaf.field, facts, now_s)
    actual = (
        said("there is no {name}", name=name)
        if value is None
        else said("{name} is {value}", name=name, value=_shown(value))
    )
    if name == "state" and facts.reason:
        actual = said("{actual} ({reason})", actual=actual, reason=facts.reason)
    if not isinstance(leaf, Compare):
        return said("{actual}, expected {leaf}", actual=actual, leaf=render(leaf))
    wanted = (
        f"{leaf.value.value:.6g}" if leaf.value.kind == "number" else render(leaf).rpartition(f" {leaf.operator} ")[2]
    )
    return said("{actual}, expected {operator} {wanted}", actual=actual, operator=leaf.operator, wanted=wanted)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
