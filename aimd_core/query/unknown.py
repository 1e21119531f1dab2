"""Finds names in a query that no trial has, to explain an empty result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aimd_core.language import said
from aimd_core.query.fields import field_text
from aimd_core.query.tree import AGGREGATES, Field
from aimd_core.reading.facts import Facts

_NEAR = 3


class Unknown(NamedTuple):
    """A field that none of the trials has.

    Attributes:
        field: As written in a query.
        near: Similar names, as written in a query.
    """

    field: str
    near: list[str]

    def sentence(self) -> str:
        """Say it in one sentence."""
        existing = said("; did you mean: {near}?", near=", ".join(self.near)) if self.near else ""
        return said("no trial here has {field}{known}", field=self.field, known=existing)


def unknown_fields(fields: Iterable[Field], rows: Iterable[Facts]) -> list[Unknown]:
    """Return the parameters, metrics and platform facts that none of the rows has."""
    named = [field for field in fields if field.kind in ("params", "metric", "platform")]
    if not named:
        return []
    existing: dict[str, set[str]] = {"params": set(), "metric": set(), "platform": set()}
    for row in rows:
        existing["params"].update(row.params)
        existing["metric"].update(row.metrics)
        existing["platform"].update(row.platform)
    return [
        Unknown(field_text(field), _near(field, existing)) for field in named if field.name not in existing[field.kind]
    ]


def _near(field: Field, existing: dict[str, set[str]]) -> list[str]:
    from difflib import get_close_matches  # which only an error needs

    metric, _, word = field.name.rpartition(".")
    if field.kind == "metric" and metric in existing["metric"]:  # the last word was meant as an aggregate
        close = get_close_matches(word, AGGREGATES, n=_NEAR, cutoff=0.5) or AGGREGATES[:5]
        return [field_text(Field("metric", metric, aggregate)) for aggregate in close]
    names = sorted(existing[field.kind])
    close = get_close_matches(field.name, names, n=_NEAR) or [
        name for name in names if name.rpartition(".")[2] == field.name.rpartition(".")[2]
    ]
    return [field_text(field._replace(name=name)) for name in close[:_NEAR]]
