"""What a query means, as plain data: named tuples of strings, numbers and each other, nothing else.

Every node carries its `kind`, so that two nodes of different kinds are never equal and a program that turns a query
into something else (SQL, say) can decide by `node.kind`. Grammar and meaning: docs/reference/query.md.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Union

AGGREGATES = ("last", "min", "max", "mean", "count", "min_step", "max_step", "last_step")
ORDERINGS = ("<", "<=", ">", ">=")
OPERATORS = ("=", "!=", *ORDERINGS, "~", "!~")


class Field(NamedTuple):
    """Something that a trial has.

    Attributes:
        kind: `trial` (what every trial has), `params`, `platform`, `git` or `metric`.
        name: The field's name; of a parameter or platform fact the dotted key; of a metric `type.name`.
        aggregate: Of a metric, one of `AGGREGATES`; else empty.
    """

    kind: str
    name: str
    aggregate: str = ""

    @property
    def shape(self) -> str:
        """What its values are: `text`, `prefix`, `state`, `tags`, `boolean`, `number`, `duration`, `moment`, `any`.

        `prefix` is text of which a beginning is enough (ids, commits); `duration` is in seconds; `any` is what a
        parameter can be.
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
    "folder": "text",
    "started": "moment",
    "ended": "moment",
    "age": "duration",
    "duration": "duration",
    "tags": "tags",
    "note": "text",
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
    """A number; of a duration, its seconds. May be NaN or infinite."""

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
        text: As it was written, ISO 8601; without an offset it is local time.
        begin_s: Where it begins, seconds since the epoch.
        end_s: Where it ends; the first instant that is no longer in it.
    """

    text: str
    begin_s: float
    end_s: float
    kind: Literal["moment"] = "moment"


Value = Union[Number, Text, Flag, Moment]


class Compare(NamedTuple):
    """A field beside a value. `operator` is one of `OPERATORS`; false when the trial has no such thing."""

    field: Field
    operator: str
    value: Value
    kind: Literal["compare"] = "compare"


class Among(NamedTuple):
    """A field that is (or, negated, is not) equal to one of several values; false when the trial has no such thing."""

    field: Field
    values: tuple[Value, ...]
    negated: bool = False
    kind: Literal["among"] = "among"


class Missing(NamedTuple):
    """A field that the trial does not have, or whose value is null; negated: one that it has."""

    field: Field
    negated: bool = False
    kind: Literal["missing"] = "missing"


class Not(NamedTuple):
    """The contrary of a condition."""

    part: Condition
    kind: Literal["not"] = "not"


class And(NamedTuple):
    """All of two or more conditions; of none: true."""

    parts: tuple[Condition, ...]
    kind: Literal["and"] = "and"


class Or(NamedTuple):
    """One or more of two or more conditions."""

    parts: tuple[Condition, ...]
    kind: Literal["or"] = "or"


Condition = Union[Compare, Among, Missing, Not, And, Or]
EVERYTHING = And(())


class Query(NamedTuple):
    """A query.

    Attributes:
        condition: What a trial must fulfil; `EVERYTHING` for an empty query.
        text: As it was written.
    """

    condition: Condition
    text: str = ""


class SortKey(NamedTuple):
    """One key of an order; trials without that field come last either way."""

    field: Field
    descending: bool = False


def size_of(condition: Condition) -> int:
    """Return how many comparisons a condition makes of one trial at most; a list of values is one each."""
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
    """Return the fields that a condition names, each once, in their order."""
    found: dict[Field, None] = {}
    stack: list[Condition] = [condition]
    while stack:
        node = stack.pop()
        if node.kind == "and" or node.kind == "or":
            stack.extend(reversed(node.parts))
        elif node.kind == "not":
            stack.append(node.part)
        else:
            found[node.field] = None
    return list(found)
