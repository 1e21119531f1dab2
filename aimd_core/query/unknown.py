"""Finds names in a query that no trial has, to explain an empty result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from aimd_core.language import said
from aimd_core.query.fields import field_text
from aimd_core.query.tree import AGGREGATES, Field
from aimd_core.reading.facts import Facts

_NEAR = 3
_NAMES: dict[str, Callable[[Facts], Iterable[str]]] = {
    "params": lambda row: row.param_names,
    "metric": lambda row: row.metric_names,
    "platform": lambda row: row.platform,
}


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
    named = [field for field in fields if field.kind in _NAMES]
    if not named:
        return []
    # What is no metric may be a parameter whose `params.` was left out.
    existing: dict[str, set[str]] = {kind: set() for kind in {"params", "metric", *(field.kind for field in named)}}
    for row in rows:
        for kind, names in existing.items():
            names.update(_NAMES[kind](row))
    return [
        Unknown(field_text(field), _near(field, existing)) for field in named if field.name not in existing[field.kind]
    ]


def _near(field: Field, existing: dict[str, set[str]]) -> list[str]:
    from difflib import get_close_matches  # which only an error needs

    metric, _, word = field.name.rpartition(".")
    if field.kind == "metric" and metric in existing["metric"]:  # the last word was meant as an aggregate
        close = get_close_matches(word, AGGREGATES, n=_NEAR, cutoff=0.5) or AGGREGATES[:5]
        return [field_text(Field("metric", metric, aggregate)) for aggregate in close]
    others = _of_other_kind(field, existing)
    if others:
        return [field_text(other) for other in others[:_NEAR]]
    names = sorted(existing[field.kind])
    close = get_close_matches(field.name, names, n=_NEAR) or [
        name for name in names if name.rpartition(".")[2] == field.name.rpartition(".")[2]
    ]
    return [field_text(field._replace(name=name)) for name in close[:_NEAR]]


def _of_other_kind(field: Field, existing: dict[str, set[str]]) -> list[Field]:
    """Return the parameters that a supposed metric may be, or the metrics that a supposed parameter may be."""
    kind = "metric" if field.kind == "params" else "params"
    if field.name in existing[kind]:
        return [Field(kind, field.name, "last" if kind == "metric" else "")]
    ends = sorted(name for name in existing["params"] if name.endswith(f".{field.name}"))
    return [Field("params", name) for name in ends] if field.kind != "platform" else []
