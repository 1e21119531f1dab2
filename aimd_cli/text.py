"""Formats single values as text: safe for a terminal and the same everywhere. Pure functions."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from aimd_core.format.values import is_hidden

_NOT_FIRST = "，。；：、！？）】》”’,.;:!?)]}"  # what cannot begin a line
_MARK_CONTEXT = 60  # characters shown on either side of a fault
_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400
_ABSENT = object()
_LEAST_S = 0.001
_UNTOLD_S = 1e15  # 31 million years, beyond which nobody counts hours


def clean(text: str) -> str:
    """Return text with control characters and bidirectional overrides as escapes, so that they have no effect.

    Letters, CJK, emoji and their joiners stay.
    """
    if text.isprintable():
        return text
    return "".join(_escape(character) if is_hidden(character) else character for character in text)


def clean_json(document: str) -> str:
    """Return a JSON document with characters that would act on a terminal as JSON escapes: it means the same."""
    import json

    return "\n".join(
        line if line.isprintable() else "".join(json.dumps(c)[1:-1] if is_hidden(c) else c for c in line)
        for line in document.split("\n")
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def printed_line(line: str) -> str:
    """Return a printed line as a terminal would finally show it, but without colours; tabs stay."""
    if line.isprintable():
        return line
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
    """Return a metric's value with about six significant digits, never cut so that it becomes another number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return clean(str(value))
    if isinstance(value, int):
        return str(value)
    if value != value:
        return "NaN"
    text = f"{value:.5g}"
    return {"inf": "Infinity", "-inf": "-Infinity"}.get(text, text)


def exact(value: object) -> str:
    """Return a metric's value in full, for programs."""
    if isinstance(value, float):
        return str(value) if value - value == 0.0 else number(value)
    return clean(str(value))


def exact_all(values: Iterable[object]) -> list[str]:
    """Return metrics' values as `exact` does, and nothing for None; a list of many trials is mostly such numbers."""
    return [
        str(value) if type(value) is float and value - value == 0.0 else "" if value is None else exact(value)
        for value in values
    ]


def parameter(value: object) -> str:
    """Return a parameter's value as a user would type it; floats in full, because 0.001 and 0.0010001 differ."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        import json

        return clean(json.dumps(value, ensure_ascii=False))
    return clean(str(value))


def parameters(values: Mapping[str, object], names: Iterable[str]) -> list[str]:
    """Return the values of some parameters as `parameter` does, and nothing for one that there is not."""
    get = values.get
    return [
        str(value)
        if (kind := type(value := get(name, _ABSENT))) is int or kind is float
        else ""
        if value is _ABSENT
        else parameter(value)
        for name in names
    ]


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units: `1h 48m`, `7m 02s`, `1.4s`, `12ms`; empty for None.

    The console shows the same: tests/fixtures/durations.json is for both.
    """
    if seconds is None:
        return ""
    if seconds < _SECOND:
        return f"{math.floor(seconds * 1000)}ms" if seconds >= _LEAST_S else "<1ms" if seconds > 0 else "0s"
    if seconds < 10 * _SECOND:
        return f"{math.floor(seconds * 10) / 10:.1f}s"
    if seconds >= _UNTOLD_S:
        return f"{seconds / _DAY:.3g}d"
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR:02d}h"


def age(seconds: float | None) -> str:
    """Return an age in its largest unit: `12m`, `3h`, `2d`; empty for None."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size(size_bytes: float) -> str:
    """Return a number of bytes with a binary unit: `212.0 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size_bytes < 1024 or unit == "GiB":
            break
        size_bytes /= 1024
    return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
