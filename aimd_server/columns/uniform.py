"""Reads lines that all have one form, as a training loop writes them, directly into columns.

The form is that of the first line: its metrics type, its names and the types of its values. A line of another form, or
one that is not such JSON, ends the attempt; then each line is read separately.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

FORMS = 64  # forms that are remembered
MEMBERS = 200  # members of a form; wider lines are read one by one
_KINDS = (int, float, str, type(None))

_Members = tuple[tuple[str, type], ...]


class Uniform(msgspec.Struct):
    """Lines of one form.

    Attributes:
        type: Their metrics type.
        values: The names of the metrics.
        places: The names in `sequence`.
        columns: The numbers and texts of each name, first those of the values.
        lines: How many.
    """

    type: str
    values: list[str]
    places: list[str]
    columns: list[list[Any]]
    lines: int


class _StrictBody(msgspec.Struct, forbid_unknown_fields=True):
    value: dict[str, Any]
    sequence: dict[str, Any]


_first = msgspec.json.Decoder(dict[str, _StrictBody])


def read_uniform(lines: bytes) -> Uniform | None:
    """Return complete lines as columns, or None if they have different forms."""
    try:
        ((metrics_type, body),) = _first.decode(lines[: lines.find(b"\n") + 1]).items()
        values, places = _members(body.value), _members(body.sequence)
        if len(values) + len(places) > MEMBERS or not values:
            return None
        decoder, getters = _reader(metrics_type, values, places)
        records = decoder.decode_lines(lines)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if len(records) != lines.count(b"\n"):
        return None
    bodies = [record.f0 for record in records]
    halves = ([body.f0 for body in bodies], [body.f1 for body in bodies])
    columns = [list(map(get, half)) for half, gets in zip(halves, getters, strict=True) for get in gets]
    kinds = [kind for _, kind in (*values, *places)]
    if any({*map(type, column)} != {kind} for column, kind in zip(columns, kinds, strict=True)):
        return None
    return Uniform(metrics_type, [name for name, _ in values], [name for name, _ in places], columns, len(records))


class NumericLines(msgspec.Struct):
    """The numbers of lines that have the same metrics.

    Attributes:
        type: Their metrics type.
        columns: The numbers of each metric, as JSON has them.
        steps: The step of each line, as JSON has it, None where it says none.
        lines: How many.
    """

    type: str
    columns: dict[str, list[Any]]
    steps: list[Any]
    lines: int


def read_numbers(lines: bytes) -> NumericLines | None:
    """Return the numbers of complete lines, None when they do not all have the same metrics and only numbers."""
    try:
        ((metrics_type, body),) = _first.decode(lines[: lines.find(b"\n") + 1]).items()
        if not 0 < len(body.value) <= MEMBERS:
            return None
        decoder, getters = _number_reader(metrics_type, tuple(body.value))
        records = decoder.decode_lines(lines)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if len(records) != lines.count(b"\n"):
        return None
    bodies = [record.f0 for record in records]
    values = [body.f0 for body in bodies]
    columns = {name: list(map(get, values)) for name, get in zip(body.value, getters, strict=True)}
    return NumericLines(metrics_type, columns, [body.f1.step for body in bodies], len(records))


class _Step(msgspec.Struct, gc=False):
    step: Any = None


@lru_cache(FORMS)
def _number_reader(
    metrics_type: str, names: tuple[str, ...]
) -> tuple[msgspec.json.Decoder[Any], list[Callable[[Any], Any]]]:
    """Return what reads the numbers of lines with these metrics, and what gets each of them from the values."""
    body = _struct([("value", _struct([(name, float) for name in names])), ("sequence", _Step)])
    return msgspec.json.Decoder(_struct([(metrics_type, body)])), _getters(len(names))


def _members(document: dict[str, Any]) -> _Members:
    members = tuple((name, type(value)) for name, value in document.items())
    if any(kind not in _KINDS for _, kind in members):
        raise ValueError("no plain number, text or null")
    return members


@lru_cache(FORMS)
def _reader(
    metrics_type: str, values: _Members, places: _Members
) -> tuple[msgspec.json.Decoder[Any], list[list[Callable[[Any], Any]]]]:
    """Return what reads lines of a form, and what gets each of its values, and each member of its sequence."""
    body = _struct([("value", _struct(values)), ("sequence", _struct(places))])
    line = _struct([(metrics_type, body)])
    return msgspec.json.Decoder(line), [_getters(len(values)), _getters(len(places))]


def _getters(count: int) -> list[Callable[[Any], Any]]:
    """Return what gets each field of a struct that `_struct` made."""
    return [attrgetter(f"f{number}") for number in range(count)]


def _struct(members: Any) -> Any:
    # gc=False: JSON cannot contain cycles, and the collector would double the cost. A decoder of floats would hide
    # which were written as integers.
    fields = [(f"f{number}", int | float if kind is float else kind) for number, (_, kind) in enumerate(members)]
    rename = {f"f{number}": name for number, (name, _) in enumerate(members)}
    return msgspec.defstruct("Record", fields, rename=rename, forbid_unknown_fields=True, gc=False)
