"""Reads YAML as programs write it, without a YAML parser: mappings of one-line scalars, one key per line.

`read_plain` returns what the YAML loader of `documents` returns for the same text. Wherever a pattern cannot prove that
(a comment, an anchor, an escape, a scalar over two lines) it returns None, and the loader decides. A listing reads
thousands of such documents, whose lines repeat, in a fifth of the loader's time.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import yaml

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
STRING = "tag:yaml.org,2002:str"
# Which unquoted scalars are not strings, by their first character: as YAML has it, but a date stays text.
RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_MAKE = yaml.constructor.SafeConstructor()
_MADE = {
    "tag:yaml.org,2002:null": _MAKE.construct_yaml_null,
    "tag:yaml.org,2002:bool": _MAKE.construct_yaml_bool,
    "tag:yaml.org,2002:int": _MAKE.construct_yaml_int,
    "tag:yaml.org,2002:float": _MAKE.construct_yaml_float,
}


def read_plain(text: bytes) -> dict[str, object] | None:
    """Return the mapping in a document, or None if only the YAML loader can read it."""
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        lines = [_line(line) for line in text.decode("utf-8").removesuffix("\n").split("\n")]
    except ValueError:  # not UTF-8, not matched by the patterns, or an integer that Python refuses
        return None
    return _assembled(lines)


@lru_cache(maxsize=4096)
def plain_tag(value: str) -> str:
    """Return the tag of an unquoted scalar."""
    for tag, pattern in RESOLVERS.get(value[:1], []) + RESOLVERS.get(None, []):
        if pattern.match(value):
            return str(tag)
    return STRING


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
    if key is not None and plain_tag(key) != STRING:
        raise ValueError(line)
    if plain is not None:
        return (len(indent), key, _scalar(plain), False, False)
    if quoted is not None:
        return (len(indent), key, quoted[1:-1], False, False)
    items = item_pattern.findall(listed or mapped or "")
    if listed is not None:
        return (len(indent), key, [_scalar(item) for _, item in items], False, True)
    if mapped is not None:
        if any(plain_tag(name) != STRING for name, _ in items):
            raise ValueError(line)
        return (len(indent), key, {name: _scalar(item) for name, item in items}, False, True)
    if key is None:
        raise ValueError(line)  # an item of a list that continues below
    return (len(indent), key, None, True, False)


def _scalar(text: str) -> object:
    if text[0] in "'\"":
        return text[1:-1]
    tag = plain_tag(text)
    if tag == STRING:
        return text
    if tag not in _MADE:
        raise ValueError(tag)
    return _MADE[tag](yaml.ScalarNode(tag, text))


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
