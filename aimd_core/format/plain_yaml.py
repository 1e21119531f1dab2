"""Reads and writes YAML as programs write it, without PyYAML: mappings of one-line scalars, one key per line.

`read_plain` returns what `yaml_loader` returns for the same text, and `render_plain` the bytes that it writes for the
same document. Wherever a pattern cannot prove that (a comment, an anchor, an escape, a scalar over two lines) they
return None, and PyYAML decides. A listing reads thousands of such documents, whose lines repeat, in a fifth of its
time, and a script that records a trial need not load it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

    # One line: its indentation, its key (None for an item of a list), its value, whether nothing follows the colon, and
    # whether the value is a list or mapping, of which every document needs its own copy.
    Line = tuple[int, str | None, Any, bool, bool]

_MAX_CHARACTERS = 1 << 18  # bounds the number of values and the length of keys; larger documents are rare
_MAX_LINE_CHARACTERS = 1024  # longer lines are not cached
_MAX_DEPTH = 16
_KEY = r"[A-Za-z_][A-Za-z0-9_./-]{0,127}"
_WORD = r"-?[\w./](?:[\w./+@=~%()-]|:(?=[\w/]))*"  # no YAML indicator first, none that ends a scalar
_PLAIN = rf"{_WORD}(?: [\w./+@=~%()-]+)*"
_QUOTED = r"""'[ !#-&(-\[\]-~]*'|"[ !#-&(-\[\]-~]*\""""
_ITEM = rf"-?[\w./][\w./+@=~%-]*|{_QUOTED}"  # in brackets a colon means something else
# What PyYAML takes for something else than text, without what `_words` has, and without dates, which stay text.
_INTEGER = r"[-+]?(?:0b[0-1_]+|0[0-7_]+|(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)"
_FLOAT = (
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_DATE = (
    r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9][0-9]:[0-9][0-9]"
    r"(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9][0-9])?))?"
)
_LETTERS = "yYnNtTfFoO"  # with which a word that is not text begins
_SIMPLE_INTEGER, _SIMPLE_FLOAT = r"-?(?:0|[1-9][0-9]*)", r"-?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?"
# Text that is written as it is, or between quotes, on one line if that is short.
_WRITABLE = r"[A-Za-z0-9_/](?:[A-Za-z0-9_./@+=~()-]|:(?=[A-Za-z0-9_/]))*(?: [A-Za-z0-9_./@+=~()-]+)*"
_MAX_LINE, _MAX_KEY = 72, 100


def read_plain(text: bytes) -> dict[str, object] | None:
    """Return the mapping in a document, or None if only the YAML loader can read it."""
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        lines = [_line(line) for line in text.decode("utf-8").removesuffix("\n").split("\n")]
    except ValueError:  # not UTF-8, not matched by the patterns, or an integer that Python refuses
        return None
    return _assembled(lines)


@cache
def _words() -> dict[str, bool | None]:
    """Return the words that are not text."""
    meanings = {"null": None, "yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
    forms = {form(word): meaning for word, meaning in meanings.items() for form in (str, str.capitalize, str.upper)}
    return {**forms, "~": None}


@cache
def _numbers() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of all numbers, of usual integers, of usual floats, and of dates."""
    numbers = re.compile(f"{_INTEGER}|{_FLOAT}")
    return numbers, re.compile(_SIMPLE_INTEGER), re.compile(_SIMPLE_FLOAT), re.compile(_DATE)


def _is_text(value: str) -> bool:
    """Tell whether an unquoted scalar is text, or a date, which stays text."""
    first = value[:1]
    if first.isalpha() or first in "_/":
        return first not in _LETTERS or value not in _words()
    return value != "~" and _numbers()[0].fullmatch(value) is None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a line and of an item in brackets: milliseconds to compile, and writers need none."""
    line = re.compile(
        rf"( *)(?:({_KEY}):|-)(?: (?:({_PLAIN})|({_QUOTED})|\[((?:{_ITEM})(?:, (?:{_ITEM}))*|)\]"
        rf"|\{{({_KEY}: (?:{_ITEM})(?:, {_KEY}: (?:{_ITEM}))*|)\}}))?",
    )
    return line, re.compile(rf"(?:({_KEY}): )?({_ITEM})(?:, |$)")


@lru_cache(maxsize=1024)
def _line(line: str) -> Line:
    """Split a line into its parts.

    Raises:
        ValueError: No pattern matches it.
    """
    line_pattern, item_pattern = _patterns()
    match = line_pattern.fullmatch(line) if len(line) <= _MAX_LINE_CHARACTERS else None
    if match is None:
        raise ValueError(line)
    indent, key, plain, quoted, listed, mapped = match.groups()
    if key is not None and not _is_text(key):
        raise ValueError(line)
    if plain is not None:
        return (len(indent), key, _scalar(plain), False, False)
    if quoted is not None:
        return (len(indent), key, quoted[1:-1], False, False)
    items = item_pattern.findall(listed or mapped or "")
    if listed is not None:
        return (len(indent), key, [_scalar(item) for _, item in items], False, True)
    if mapped is not None:
        if not all(_is_text(name) for name, _ in items):
            raise ValueError(line)
        return (len(indent), key, {name: _scalar(item) for name, item in items}, False, True)
    if key is None:
        raise ValueError(line)  # an item of a list that continues below
    return (len(indent), key, None, True, False)


def _scalar(text: str) -> object:
    if text[0] in "'\"":
        return text[1:-1]
    if _is_text(text):
        return text
    if text in _words():
        return _words()[text]
    _, integer, real, _ = _numbers()
    if integer.fullmatch(text):
        return int(text)
    if real.fullmatch(text):
        return float(text)
    raise ValueError(text)


def _assembled(lines: list[Line]) -> dict[str, object] | None:
    """Assemble lines, or return None if their indentation is not that of plain mappings and lists of scalars."""
    top: Any = {}
    document, depth = top, 0
    outer: list[tuple[int, Any]] = []  # what contains the mapping or list of the last line
    opened: str | None = None  # the key of the last line if it had no value
    for indent, key, value, is_open, is_shared in lines:
        if opened is not None and (indent > depth or (indent == depth and key is None)):
            outer.append((depth, top))
            top[opened] = {} if key is not None else []
            top, depth = top[opened], indent
            if len(outer) > _MAX_DEPTH:
                return None
        else:
            while outer and (indent < depth or (indent == depth and key is not None and type(top) is list)):
                depth, top = outer.pop()
            if indent != depth or (key is None) is not (type(top) is list):
                return None
        if is_shared:
            value = value.copy()
        if key is None:
            top.append(value)
        else:
            top[key] = value
        opened = key if is_open else None
    return document if type(document) is dict else None


def render_plain(document: dict[str, object]) -> bytes | None:
    """Return a mapping as YAML, or None if only PyYAML can write it."""
    lines: list[str] = []
    try:
        _write_mapping(document, 0, lines)
    except ValueError:
        return None
    return "".join(lines).encode("ascii") or b"{}\n"


def _write_mapping(document: dict[str, object], depth: int, lines: list[str]) -> None:
    """Add the lines of a mapping.

    Raises:
        ValueError: Something in it is not written on one line, or in another way than here.
    """
    if depth > _MAX_DEPTH:
        raise ValueError(depth)
    indent = "  " * depth
    for key, value in document.items():
        if type(key) is not str or len(key) > _MAX_KEY:
            raise ValueError(key)
        head = f"{indent}{_scalar_of(key, 0)}:"
        if type(value) is dict and value:
            lines.append(f"{head}\n")
            _write_mapping(value, depth + 1, lines)
        elif type(value) is list and value:
            items = "".join([f"{indent}- {_scalar_of(item, len(indent) + 2)}\n" for item in value])
            lines.append(f"{head}\n{items}")
        else:
            lines.append(f"{head} {_scalar_of(value, len(head) + 1)}\n")


def _scalar_of(value: object, column: int) -> str:
    """Return a scalar, or an empty mapping or list, as it is written from a column on."""
    kind = type(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        text = repr(value)
        if "n" in text:  # an infinity or no number
            return {"inf": ".inf", "-inf": "-.inf"}.get(text, ".nan")
        return text if "." in text else text.replace("e", ".0e", 1)
    if kind is str:
        return _text_of(str(value), column)
    if kind in (dict, list) and not value:
        return "{}" if kind is dict else "[]"
    raise ValueError(value)


def _text_of(value: str, column: int) -> str:
    if not value:
        return "''"
    if _writable().fullmatch(value) is None or (" " in value and column + len(value) > _MAX_LINE):
        raise ValueError(value)
    return value if _is_text(value) and _numbers()[3].fullmatch(value) is None else f"'{value}'"


@cache
def _writable() -> re.Pattern[str]:
    return re.compile(_WRITABLE)
