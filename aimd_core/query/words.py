"""Queries as a person types them in a hurry: words beside queries, and what may have been meant if nothing matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from aimd_core.errors import QueryError
from aimd_core.language import said
from aimd_core.query.evaluate import matches
from aimd_core.query.fields import quote
from aimd_core.query.parser import parse
from aimd_core.query.rendering import render
from aimd_core.query.tree import And, Compare, Condition, Field, Not, Or, Query
from aimd_core.reading.facts import Facts

_NOT_PLAIN = frozenset("=<>~!(). ")  # in a text with one of these, a query was meant
_NEAR = 3


def read_word(typed: str) -> Query | None:
    """Return the query that a person typed; a plain word without a dot means that the name contains it.

    Raises:
        QueryError: It cannot be parsed.
    """
    if not typed.strip():
        return None
    try:
        return parse(typed)
    except QueryError:
        if _NOT_PLAIN & set(typed.strip()):
            raise
        return parse(f"name ~ {quote(typed.strip())}")


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
    for node in _comparisons(query.condition):
        if node.value.kind != "text" or any(matches(node, row) for row in rows):
            continue
        parts = node._replace(operator="~")
        if node.operator == "=" and node.field.shape in ("text", "tags", "any"):
            if any(matches(parts, row) for row in rows):
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
    near = get_close_matches(part, {row.name for row in rows}, n=_NEAR, cutoff=0.5)
    if not near:
        return said("no name here contains {part!r}", part=part)
    return said("no name here contains {part!r}; did you mean: {near}?", part=part, near=", ".join(near))


def _comparisons(condition: Condition) -> list[Compare]:
    if isinstance(condition, (And, Or)):
        return [node for part in condition.parts for node in _comparisons(part)]
    if isinstance(condition, Not):
        return _comparisons(condition.part)
    return [condition] if isinstance(condition, Compare) else []
