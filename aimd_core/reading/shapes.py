"""Reads lines that are alike as columns of numbers, without parsing a document each, which costs twice as much.

A shape is a type with its metrics in order. Most trials of a directory have the same two or three, so those met in one
journal are tried on the next. One regular expression takes complete lines in exactly the SDK's form, with only
numbers in them; JSON's own reader then checks all numbers of a column at once. Whatever is not wholly so is read by
document, with the same result.
"""

from __future__ import annotations

import json
import re

from aimd_core.format.journal import key_head

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Shape = tuple[str, tuple[str, ...]]
    Stretches = dict[str, tuple[list[Any], list[Any]]]  # by `type.name`: values and their steps, in the order written

_MOST_SHAPES, _MOST_GROUPS = 6, 24  # each costs a look at every line
_MOST_MISSES = 8  # blocks in a row with other shapes, after which none is tried
_MOST_LESSONS = 32  # making an expression costs as much as reading ten short journals by document
_NUMBER = rb"([-+.0-9a-yENI]+)"  # which JSON's own reader checks next
_STEP = rb"(-?[0-9]{1,18}|null)"
_SEQUENCE = rb'"epoch": (?:0|-?[1-9][0-9]{0,17}|null), "step": %b, "timestamp": "[-+:.0-9TZ]*"' % _STEP


class Shapes:
    """The shapes met so far, and the expression made for them."""

    def __init__(self) -> None:
        self._made: tuple[tuple[Shape, ...], re.Pattern[bytes] | None] = (), None
        self._misses = 0
        self._lessons = 0

    def stretches_in(self, block: bytes) -> tuple[int, Stretches] | None:
        """Return the number of records in complete lines, and their values; None if a line has another shape."""
        shapes, pattern = self._made
        if pattern is None or self._misses >= _MOST_MISSES:
            return None
        self._misses += 1
        parts = pattern.split(block)  # what is between, the groups of all shapes, what is between and so on
        period = pattern.groups + 1
        if len(parts) == 1 or any(parts[::period]):
            return None
        try:
            stretches = _stretches(shapes, parts, period)
        except ValueError:
            return None
        self._misses = 0
        return len(parts) // period, stretches

    def learn(self, records: Iterable[dict[str, Any]]) -> None:
        """Take the shapes of the records of a block that had others."""
        if self._misses >= _MOST_MISSES or self._lessons >= _MOST_LESSONS:
            return
        self._lessons += 1
        met = {(kind, tuple(body["value"])): None for record in records for kind, body in record.items()}
        for shapes in (tuple({**dict.fromkeys(self._made[0]), **met}), tuple(met)):
            if 0 < len(shapes) <= _MOST_SHAPES and sum(1 + len(names) for _, names in shapes) <= _MOST_GROUPS:
                self._made = shapes, re.compile(b"|".join(map(_line_of, shapes)))
                return


def _line_of(shape: Shape) -> bytes:
    """Return the expression for a line: a group for each value, and one for the step."""
    kind, names = shape
    values = b", ".join([re.escape(key_head(name).encode()) + _NUMBER for name in names])
    head = re.escape(b"{" + key_head(kind).encode() + b'{"value": {')
    return rb'%b%b\}, "sequence": \{%b\}\}\}\n' % (head, values, _SEQUENCE)


def _stretches(shapes: tuple[Shape, ...], parts: list[bytes | None], period: int) -> Stretches:
    """Return values and steps by metric, in the order of first appearance.

    Raises:
        ValueError: Something is not a number.
    """
    columns: list[tuple[int, list[tuple[str, int]], int]] = []  # first line, metrics with their groups, group of steps
    group = 1
    for kind, names in shapes:
        at_step = group + len(names)
        steps = parts[at_step::period]
        first = next((line for line, step in enumerate(steps) if step is not None), None)
        if first is not None:
            columns.append((first, [(f"{kind}.{name}", group + at) for at, name in enumerate(names)], at_step))
        group = at_step + 1
    columns.sort()
    groups: dict[str, tuple[list[int], list[int]]] = {}  # a metric may be in several shapes
    for _, metrics, at_step in columns:
        for metric, at in metrics:
            values_at, steps_at = groups.setdefault(metric, ([], []))
            values_at.append(at)
            steps_at.append(at_step)
    read: dict[tuple[int, ...], list[Any]] = {}
    stretches: Stretches = {}
    for metric, (values_at, steps_at) in groups.items():
        of_steps = tuple(steps_at)
        if of_steps not in read:
            read[of_steps] = _numbers(parts, period, steps_at)
        stretches[metric] = _numbers(parts, period, values_at), read[of_steps]
    return stretches


def _numbers(parts: list[bytes | None], period: int, groups: list[int]) -> list[Any]:
    if len(groups) == 1:
        tokens = [token for token in parts[groups[0] :: period] if token is not None]
    else:
        tokens = [token for line in zip(*[parts[at::period] for at in groups], strict=True) for token in line if token]
    numbers: list[Any] = json.loads((b"[%b]" % b",".join(tokens)).decode("ascii"))
    return numbers
