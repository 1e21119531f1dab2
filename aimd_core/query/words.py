"""Queries as a person types them in a hurry: words beside queries, and what may have been meant if nothing matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aimd_core.errors import QueryError
from aimd_core.language import said
from aimd_core.query.evaluate import matcher
from aimd_core.query.fields import RESERVED, field_text
from aimd_core.query.parser import WORDS_FOR_SIGNS, Parser, parse
from aimd_core.query.rendering import render
from aimd_core.query.tree import OPERATORS, TRIAL_FIELDS, And, Compare, Condition, Field, Not, Or, Query, Text
from aimd_core.reading.facts import Facts

_NOT_PLAIN = frozenset("=<>~!() \t\n")  # in a text with one of these, more than one word was meant
_BEFORE_VALUES = tuple(f"{field}:" for field in TRIAL_FIELDS)  # as other programs write conditions
_SEARCHED = ("name", "tags", "note")
_NEAR = 3


def read_word(typed: str) -> Query | None:
    """Return the query that a person typed: words to search for in names, tags and notes, conditions, or both.

    `resnet val.acc > 0.9` means the same as `resnet and val.acc > 0.9`. The query's text is in the strict language.

    Raises:
        QueryError: It cannot be parsed.
    """
    if not typed.strip():
        return None
    try:
        return parse(typed)
    except QueryError:
        return _read_searches(typed.strip())


def _read_searches(typed: str) -> Query:
    try:
        condition = WordParser(typed).query().condition
    except QueryError:
        if _NOT_PLAIN & set(typed) or typed.lower().startswith(_BEFORE_VALUES):
            raise
        condition = word_condition(typed)
    return Query(condition, render(condition))


class WordParser(Parser):
    """A parser for which a term alone is a word to search for, and which needs no `and` between two conditions."""

    def both(self, depth: int) -> Condition:
        """Read `unary { [ "and" ] unary }`."""
        parts = [self.unary(depth)]
        while self.take("and") or self._begins_condition():
            parts.append(self.unary(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _begins_condition(self) -> bool:
        return self.now.bare in ("(", "not") or (self.now.kind == "term" and self.now.bare not in RESERVED)

    def label(self) -> Condition | None:
        """Read `tag:WORD`, `note:WORD`, or a term that is not compared with anything."""
        return super().label() or self._word()

    def _word(self) -> Condition | None:
        token, sign = self.now, self.following
        if token.kind != "term" or token.bare in RESERVED or token.bare.startswith(_BEFORE_VALUES):
            return None
        after_sign = self._tokens[min(self._position + 2, len(self._tokens) - 1)]
        if sign.bare in (*OPERATORS, "is", "in") or (sign.bare == "not" and after_sign.bare == "in"):
            return None
        is_field = token.bare in TRIAL_FIELDS or "." in token.bare
        if is_field and sign.bare in WORDS_FOR_SIGNS and after_sign.kind == "term":
            return None
        self.advance()
        return word_condition(token.text)


def word_condition(word: str) -> Or:
    """Return the condition that a trial's name, one of its tags or its note contains a word."""
    return Or(tuple(Compare(Field("trial", name), "~", Text(word)) for name in _SEARCHED))


def read_words(words: Iterable[str]) -> Query | None:
    """Return the query for all of several words or queries, each as `read_word`; None if there are none.

    Raises:
        QueryError: One of them cannot be parsed.
    """
    return all_of(*(read_word(word) for word in words))


def all_of(*queries: Query | None) -> Query | None:
    """Return the query that matches what all of these match; None if there are none."""
    given = [query for query in queries if query is not None]
    if len(given) < 2:
        return given[0] if given else None
    condition = And(tuple(query.condition for query in given))
    return Query(condition, render(condition))


def near_misses(query: Query, rows: Sequence[Facts]) -> list[str]:
    """Return advice on a query that matches no trial: one sentence for each comparison that matches none."""
    sentences: list[str] = []
    for node in _leaves(query.condition):
        if isinstance(node, Or):
            if not any(map(matcher(node), rows)):
                sentences.append(_no_such_name(_word_of(node), rows))
            continue
        if node.value.kind != "text" or any(map(matcher(node), rows)):
            continue
        parts = node._replace(operator="~")
        if node.operator == "=" and node.field.shape in ("text", "tags", "any"):
            if any(map(matcher(parts), rows)):
                sentences.append(
                    said(
                        "no trial here has {condition}; ~ finds parts: {parts}",
                        condition=render(node),
                        parts=render(parts),
                    )
                )
        elif node == Compare(Field("trial", "name"), "~", node.value):
            sentences.append(_no_such_name(str(node.value.value), rows))
    return sentences


def _no_such_name(part: str, rows: Sequence[Facts]) -> str:
    if any(part in row.metric_names for row in rows):
        return said("no name here contains {part!r}, which is a metric: compare it, as in {part} > 0", part=part)
    params = {name for row in rows for name in row.param_names if name == part or name.endswith(f".{part}")}
    if params:
        field = field_text(Field("params", min(params, key=len)))
        return said(
            "no name here contains {part!r}, which is a parameter: compare it, as in {field} = 0.1",
            part=part,
            field=field,
        )
    from difflib import get_close_matches  # which only an error needs

    near = get_close_matches(part, {row.name for row in rows}, n=_NEAR, cutoff=0.5)
    if not near:
        return said("no name here contains {part!r}", part=part)
    return said("no name here contains {part!r}; did you mean: {near}?", part=part, near=", ".join(near))


def _leaves(condition: Condition) -> list[Compare | Or]:
    """Return the comparisons of a condition, and the searches for a word."""
    if isinstance(condition, Or) and _word_of(condition):
        return [condition]
    if isinstance(condition, (And, Or)):
        return [node for part in condition.parts for node in _leaves(part)]
    if isinstance(condition, Not):
        return _leaves(condition.part)
    return [condition] if isinstance(condition, Compare) else []


def _word_of(condition: Or) -> str:
    """Return the word that a condition searches for, an empty text if it does something else."""
    first = condition.parts[0]
    value = first.value if isinstance(first, Compare) else None
    return value.value if isinstance(value, Text) and condition == word_condition(value.value) else ""
