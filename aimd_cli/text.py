"""Formats single values as text: safe for a terminal and the same everywhere. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

from aimd_core.format.numbers import number_text
from aimd_core.format.values import is_hidden, size_text, visible
from aimd_core.format.wording import age_text, duration_text, parameter_text

clean = visible
parameter = parameter_text
duration = duration_text
age = age_text
size = size_text

_NOT_FIRST = "，。；：、！？）】》”’,.;:!?)]}"  # what cannot begin a line
_MARK_CONTEXT = 60  # characters shown on either side of a fault
_ABSENT = object()
_WRITTEN_AS_THEY_ARE = frozenset((int, float, str))
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def clean_json(document: str) -> str:
    """Return a JSON document with characters that would act on a terminal as JSON escapes: it means the same."""
    import json

    return "\n".join(
        line if line.isprintable() else "".join(json.dumps(c)[1:-1] if is_hidden(c) else c for c in line)
        for line in document.split("\n")
    )


def printed_line(line: str) -> str:
    """Return a printed line as a terminal would finally show it, but without colours; tabs stay."""
    if line.isprintable():
        return line
    plain = _COLOURS.sub("", line)
    if plain.isascii() and plain.isprintable():  # nothing in it moves the cursor
        return plain
    from aimd_core.format.terminal import shown_line

    return "\t".join(map(clean, shown_line(line).split("\t")))


def pointed_at(source: str, start: int, end: int) -> tuple[str, str]:
    """Return a line of text, safe for a terminal, and a line that marks its characters from `start` to `end`."""
    first = max(0, start - _MARK_CONTEXT)
    before, marked = clean(source[first:start]), clean(source[start:end])
    if first:
        before = f"... {before}"
    marks = "^" * max(1, min(cells(marked), _MARK_CONTEXT))
    return f"{before}{marked}{clean(source[end : end + _MARK_CONTEXT])}", " " * cells(before) + marks


def cells(text: str) -> int:
    """Return the width of a text in a terminal, accurate enough to put a mark under it, or to wrap it."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def wrapped(text: str, width: int, initial_indent: str = "", subsequent_indent: str = "") -> list[str]:
    """Return text in lines of at most `width` columns, broken between words or between any two Chinese characters.

    A longer word, such as a path, has a line to itself and is not broken.
    """
    lines, line = [], initial_indent
    for unit in _units(text):
        if cells(line) + cells(unit.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = subsequent_indent + unit.lstrip()
        else:
            line += unit
    return [*lines, line.rstrip()]


def pieces_of(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width` columns, of which none is empty unless the text is.

    A word that is longer than a line, such as a path, begins on the next line, and is broken after `/`, `.`, `_` or
    `-` where it can be.
    """
    if cells(text) <= width:
        return [text]
    lines: list[str] = []
    for line in wrapped(text, width):
        while cells(line) > width:
            end = next(end for end in range(len(line), 0, -1) if cells(line[:end]) <= max(width, 2))
            end = max((line.rfind(sign, end // 2, end) + 1 for sign in "/._-"), default=0) or end
            lines.append(line[:end])
            line = line[end:]
        lines.append(line)
    return [line for line in lines if line] or [""]


def _units(text: str) -> Iterator[str]:
    """Split text into unbreakable units: a word, or a Chinese character with the punctuation after it."""
    unit = ""
    for character in text:
        is_wide = _is_wide(character)
        begins = character not in _NOT_FIRST and (is_wide or unit[-1:] == " " or _is_wide(unit[-1:]))
        if unit and begins and character != " ":
            yield unit
            unit = ""
        unit += character
    if unit:
        yield unit


def _is_wide(character: str) -> bool:
    return bool(character) and unicodedata.east_asian_width(character) in "WF"


def number(value: object) -> str:
    """Return a metric's value as `number_text` writes numbers, and anything else as a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return clean(str(value))
    return number_text(value)


def exact(value: object) -> str:
    """Return a metric's value in full, for programs."""
    if isinstance(value, float):
        return str(value) if value - value == 0.0 else number(value)
    return clean(str(value))


def in_full(value: object) -> str:
    """Return a parameter or a metric's value in full, and nothing for None."""
    return "" if value is None else exact(value) if isinstance(value, float) else parameter(value)


def exact_all(values: Iterable[object]) -> list[str]:
    """Return metrics' values as `exact` does, and nothing for None; a list of many trials is mostly such numbers."""
    return [
        str(value) if type(value) is float and value - value == 0.0 else "" if value is None else exact(value)
        for value in values
    ]


def parameters(values: Mapping[str, object], names: Iterable[str]) -> list[str]:
    """Return the values of some parameters as `parameter` does, and nothing for one that there is not."""
    listed = list(map(values.get, names, repeat(_ABSENT)))
    if _WRITTEN_AS_THEY_ARE.issuperset(map(type, listed)):  # as in nearly every row of a long list
        texts = list(map(str, listed))
        if "".join(texts).isprintable():
            return texts
    return ["" if value is _ABSENT else parameter(value) for value in listed]
