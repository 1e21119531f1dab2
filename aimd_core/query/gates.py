"""Gates: conditions on a trial that may refer to other trials, with a sentence that says why they hold or not.

A gate is a query (docs/reference/query.md) whose comparisons of metrics may have arithmetic on the right, over
numbers, `baseline`, and `best(SELECTOR)`, `worst(SELECTOR)`, `mean(SELECTOR)`: that metric of the kept baseline, or
over the trials that the selector matches, as in `val.acc >= best(tag:main) - 0.005`. A selector is `tag:NAME`,
`name:NAME`, `all`, or a query.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aimd_core.direction import HIGHER, LOWER, direction_of
from aimd_core.errors import MetricNotFoundError, SelectorFitsNoneError
from aimd_core.format.journal import encode_number
from aimd_core.language import joined, said
from aimd_core.query import Field, Query, field_text, matches, parse, render, value_of
from aimd_core.query.lexer import Piece, Token, fail
from aimd_core.query.literals import read_number
from aimd_core.query.parser import Parser
from aimd_core.query.tree import Among, Compare, Condition, Missing, Number
from aimd_core.query.unknown import unknown_fields
from aimd_core.reading.facts import Facts

_FUNCTIONS = ("best", "worst", "mean")
_BASELINE = "baseline"
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_NUMERIC = ("number", "any")


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


def _no_baseline() -> None:
    return None


def read_gate(
    text: str, others: Callable[[], Sequence[Facts]], baseline: Callable[[], Facts | None] = _no_baseline
) -> Gate:
    """Read a gate.

    Args:
        text: The gate.
        others: Returns the trials that selectors choose from; called only if there is a selector.
        baseline: Returns the trial that `baseline` means, or None; called only if that is named.

    Raises:
        QueryError: It is not a gate; the error points at the fault.
        SelectorFitsNoneError: A selector matches no trial.
        MetricNotFoundError: None of the matching trials has the metric.
    """
    parser = _GateParser(text, others, baseline)
    return Gate(parser.query(), tuple(parser.notes))


class _GateParser(Parser):
    """The parser of queries, with arithmetic on the right of a comparison of numbers; it is evaluated as it is read."""

    def __init__(
        self, source: str, others: Callable[[], Sequence[Facts]], baseline: Callable[[], Facts | None]
    ) -> None:
        super().__init__(source)
        self._baseline = baseline
        self.notes: list[str] = []
        self._others = others

    def compared(self, field: Field, operator: str, sign: Token) -> Condition:
        """Read `sum` or a value after an operator."""
        if operator in _COMPARISONS and self._is_arithmetic(field):
            return Compare(field, operator, Number(self._sum(field, operator)))
        return super().compared(field, operator, sign)

    def _is_arithmetic(self, field: Field) -> bool:
        """Tell whether a function, or a number with an operator after it, comes next."""
        if self.now.bare in _FUNCTIONS and self.following.text == "(":
            return True
        if self.now.bare == _BASELINE and field.kind == "metric":
            return True
        is_number = field.shape in _NUMERIC and read_number(self.now.bare) is not None
        return is_number and _operator_in(self.following) is not None

    def _sum(self, field: Field, sign: str) -> float:
        """Read `product { ("+" | "-") product }`."""
        total = self._product(self._operand(field, sign), field, sign)
        while name := self._take_operator("+-"):
            total = _ARITHMETIC[name](total, self._product(self._operand(field, sign), field, sign))
        return total

    def _product(self, left: float, field: Field, sign: str) -> float:
        """Read `operand { ("*" | "/") operand }` of which the first was read."""
        token = self.now
        while name := self._take_operator("*/"):
            right = self._operand(field, sign)
            if name == "/" and right == 0.0:
                fail(self.source, token.start, token.end, "nothing can be divided by zero")
            left, token = _ARITHMETIC[name](left, right), self.now
        return left

    def _take_operator(self, names: str) -> str | None:
        """Consume the next token if it is one of these operators; of `-0.1` only the sign."""
        token = self.now
        name = _operator_in(token)
        if name is None or name not in names:
            return None
        if token.bare == name:
            self.advance()
        else:
            rest = token.text[1:]
            self._tokens[self._position] = Token("term", rest, token.start + 1, token.end, (Piece(rest, False),))
        return name

    def _operand(self, field: Field, sign: str) -> float:
        """Read a number, `baseline`, or `function "(" selector ")"`."""
        token = self.now
        number = read_number(token.bare)
        if number is not None:
            self.advance()
            return float(number)
        if token.bare == _BASELINE and field.kind == "metric":
            self.advance()
            return self._measured(token, field)
        if token.bare not in _FUNCTIONS or self.following.text != "(":
            fail(self.source, token.start, token.end, "a number or best(SELECTOR) is expected here")
        self.advance()
        opening = self.advance()
        depth = 1
        while depth:
            if self.now.kind == "end":
                fail(self.source, opening.start, opening.end, "this '(' is not closed")
            closing = self.advance()
            depth += {"(": 1, ")": -1}.get(closing.text, 0) if closing.kind == "sign" else 0
        return self._referred(token, self.source[opening.end : closing.start].strip(), field, sign)

    def _measured(self, token: Token, field: Field) -> float:
        """Return the value of a metric in the baseline."""
        baseline = self._baseline()
        if baseline is None:
            fail(self.source, token.start, token.end, "no baseline was chosen; aimd trial baseline TRIAL chooses it")
        value = value_of(field, baseline, 0.0)
        if not isinstance(value, (int, float)):
            raise MetricNotFoundError(
                field_text(field), said("the baseline {name}", name=baseline.alternative_name), sorted(baseline.metrics)
            )
        name = baseline.alternative_name
        self.notes.append(said("{called} is {value:.6g}, of {name}", called=_BASELINE, value=value, name=name))
        return float(value)

    def _referred(self, token: Token, selector: str, field: Field, sign: str) -> float:
        """Return the best, worst or mean of a metric over the trials that a selector matches."""
        if field.kind != "metric":
            fail(
                self.source,
                token.start,
                token.end,
                said("{text}() needs a metric on the left of the comparison", text=token.text),
            )
        chosen = [facts for facts in self._others() if matches(parse(selector_query(selector)), facts)]
        if not chosen:
            raise SelectorFitsNoneError(selector=selector or "all")
        values = [(value, facts) for facts in chosen if isinstance(value := value_of(field, facts, 0.0), (int, float))]
        finite = [(float(value), facts.alternative_name) for value, facts in values if value - value == 0.0]
        if not finite:
            names = sorted({name for facts in chosen for name in facts.metrics})
            raise MetricNotFoundError(
                field_text(field),
                said("the {count} trials of {selector!r}", count=len(chosen), selector=selector or "all"),
                names,
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


def _operator_in(token: Token) -> str | None:
    """Return the arithmetic operator that a token is or begins with; `- 0.1` is two terms, `-0.1` is one."""
    if token.kind != "term" or not token.bare:
        return None
    if token.bare in _ARITHMETIC:
        return token.bare
    is_signed = token.bare[0] in _ARITHMETIC and read_number(token.bare[1:]) is not None
    return token.bare[0] if is_signed else None


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
    expected = (
        f"{leaf.value.value:.6g}" if leaf.value.kind == "number" else render(leaf).rpartition(f" {leaf.operator} ")[2]
    )
    told = said("{actual}, expected {operator} {wanted}", actual=actual, operator=leaf.operator, wanted=expected)
    unknown = unknown_fields([leaf.field], [facts]) if value is None else []
    near = unknown[0].near if unknown else []
    return joined("", [told, said("; did you mean: {near}?", near=", ".join(near))]) if near else told


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else encode_number(value)
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
