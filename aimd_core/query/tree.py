"""The meaning of a query as plain data: named tuples of strings, numbers and each other.

Every node has a `kind`, so that nodes of different kinds are never equal, and a program that turns a query into
something else, such as SQL, can decide by it. Grammar and meaning: docs/reference/query.md.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Union

from aimd_core.reading.summaries import AGGREGATES as AGGREGATES

SHAPES = ("text", "prefix", "state", "tags", "names", "boolean", "number", "duration", "moment", "any")
ORDERINGS = ("<", "<=", ">", ">=")
OPERATORS = ("=", "!=", *ORDERINGS, "~", "!~")


class Field(NamedTuple):
    """Something that a trial has.

    Attributes:
        kind: `trial` (what every trial has), `params`, `platform`, `git` or `metric`.
        name: The field's name: for a parameter or platform fact the dotted key, for a metric `type.name`.
        aggregate: For a metric, one of `AGGREGATES`; else empty.
    """

    kind: str
    name: str
    aggregate: str = ""

    @property
    def shape(self) -> str:
        """The kind of its values.

        One of `SHAPES`. `tags` and `names` are sets; `prefix` is text that matches by its beginning (ids, commits);
        `duration` is in seconds; `any` is a parameter's value.
        """
        if self.kind == "metric":
            return "number"
        if self.kind == "trial":
            return TRIAL_FIELDS[self.name]
        return GIT_FIELDS.get(self.name, "any") if self.kind == "git" else "any"


TRIAL_FIELDS = {
    "name": "text",
    "alternative_name": "text",
    "id": "prefix",
    "state": "state",
    "reason": "text",
    "folder": "text",
    "started": "moment",
    "ended": "moment",
    "age": "duration",
    "duration": "duration",
    "tags": "tags",
    "note": "text",
    "parent": "names",
    "nan_since": "names",
}
GIT_FIELDS = {
    "commit": "prefix",
    "branch": "text",
    "dirty": "boolean",
    "remote_url": "text",
    "entrypoint": "text",
    "local_path": "text",
}


class Number(NamedTuple):
    """A number, or the seconds of a duration. It may be NaN or infinite."""

    value: float
    kind: Literal["number"] = "number"


class Text(NamedTuple):
    """Text, as it was written."""

    value: str
    kind: Literal["text"] = "text"


class Flag(NamedTuple):
    """True or false."""

    value: bool
    kind: Literal["flag"] = "flag"


class Moment(NamedTuple):
    """A time as precise as it was written: a year, a month, a day, a minute, a second.

    Attributes:
        text: ISO 8601, as written; without an offset it is local time.
        begin_s: Where it begins, seconds since the epoch.
        end_s: Where it ends: the first instant after it.
    """

    text: str
    begin_s: float
    end_s: float
    kind: Literal["moment"] = "moment"


Value = Union[Number, Text, Flag, Moment]


class Compare(NamedTuple):
    """A field compared with a value. `operator` is one of `OPERATORS`. False if the trial does not have the field."""

    field: Field
    operator: str
    value: Value
    kind: Literal["compare"] = "compare"


class Among(NamedTuple):
    """A field equal to one of several values, or if negated to none. False if the trial does not have the field."""

    field: Field
    values: tuple[Value, ...]
    negated: bool = False
    kind: Literal["among"] = "among"


class Missing(NamedTuple):
    """A field that the trial does not have or that is null; if negated, one that it has."""

    field: Field
    negated: bool = False
    kind: Literal["missing"] = "missing"


class Not(NamedTuple):
    """The negation of a condition."""

    part: Condition
    kind: Literal["not"] = "not"


class And(NamedTuple):
    """All of several conditions; true if there are none."""

    parts: tuple[Condition, ...]
    kind: Literal["and"] = "and"


class Or(NamedTuple):
    """At least one of several conditions."""

    parts: tuple[Condition, ...]
    kind: Literal["or"] = "or"


Condition = Union[Compare, Among, Missing, Not, And, Or]
EVERYTHING = And(())


class Query(NamedTuple):
    """A query.

    Attributes:
        condition: What a trial must match; `EVERYTHING` for an empty query.
        text: As it was written.
    """

    condition: Condition
    text: str = ""


class SortKey(NamedTuple):
    """A sort key. Trials without the field come last in either direction."""

    field: Field
    descending: bool = False


def size_of(condition: Condition) -> int:
    """Return the most comparisons that a condition makes per trial; each value of a list counts as one."""
    size, stack = 0, [condition]
    while stack:
        part = stack.pop()
        if isinstance(part, Not):
            stack.append(part.part)
        elif isinstance(part, (And, Or)):
            stack.extend(part.parts)
        else:
            size += len(part.values) if isinstance(part, Among) else 1
    return size


def fields_of(condition: Condition) -> list[Field]:
    """Return the fields of a condition, each once, in order."""
    fields: dict[Field, None] = {}
    stack: list[Condition] = [condition]
    while stack:
        node = stack.pop()
        if node.kind == "and" or node.kind == "or":
            stack.extend(reversed(node.parts))
        elif node.kind == "not":
            stack.append(node.part)
        else:
            fields[node.field] = None
    return list(fields)
