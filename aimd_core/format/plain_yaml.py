"""YAML as programs write it, read without a YAML parser: mappings of one-line scalars, a key a line.

Promise: what `read_plain` returns is what the YAML loader of `documents` returns for the same text; wherever
that is not certain at sight (a comment, an anchor, an escape, a scalar over two lines, anything that is not in the
patterns below) it returns None, and the loader has the word. A listing reads thousands of such documents, most lines
of which it has met before, in a fifth of the loader's time.
"""

from __future__ import annotations

import re
from functools import lru_cache

import yaml

from aimd_core.format.documents import STRING, plain_tag

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from typing import Any

    # One line: how far it is indented, its key (None for an item of a list), its value, whether nothing stands behind
    # the colon, and whether the value is a list or a mapping, of which every document needs its own.
    Line = tuple[int, str | None, Any, bool, bool]

_MAX_CHARACTERS = 1 << 18  # so that there are neither too many values nor too long keys; larger ones are rare
_MAX_LINE_CHARACTERS = 1024  # as long lines are kept
_MAX_DEPTH = 16
_KEY = r"[A-Za-z_][A-Za-z0-9_./-]{0,127}"
_WORD = r"-?[\w./](?:[\w./+@=~%()-]|:(?=[\w/]))*"  # no sign of YAML's at the beginning, none that ends a scalar within
_PLAIN = rf"{_WORD}(?: [\w./+@=~%()-]+)*"
_QUOTED = r"""'[ !#-&(-\[\]-~]*'|"[ !#-&(-\[\]-~]*\""""
_ITEM = rf"-?[\w./][\w./+@=~%-]*|{_QUOTED}"  # inside brackets, where a colon means something else
_LINE = re.compile(
    rf"( *)(?:({_KEY}):|-)(?: (?:({_PLAIN})|({_QUOTED})|\[((?:{_ITEM})(?:, (?:{_ITEM}))*|)\]"
    rf"|\{{({_KEY}: (?:{_ITEM})(?:, {_KEY}: (?:{_ITEM}))*|)\}}))?",
)
_SPLIT = re.compile(rf"(?:({_KEY}): )?({_ITEM})(?:, |$)")
_MAKE = yaml.constructor.SafeConstructor()
_MADE = {
    "tag:yaml.org,2002:null": _MAKE.construct_yaml_null,
    "tag:yaml.org,2002:bool": _MAKE.construct_yaml_bool,
    "tag:yaml.org,2002:int": _MAKE.construct_yaml_int,
    "tag:yaml.org,2002:float": _MAKE.construct_yaml_float,
}


def read_plain(text: bytes) -> dict[str, object] | None:
    """Return the mapping in a document, or None when only the YAML loader can tell."""
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        lines = [_line(line) for line in text.decode("utf-8").removesuffix("\n").split("\n")]
    except ValueError:  # not UTF-8, not in the patterns, or an integer that Python does not take
        return None
    return _assembled(lines)


@lru_cache(maxsize=1024)
def _line(line: str) -> Line:
    """Take a line apart.

    Raises:
        ValueError: It is none of those that are certain at sight.
    """
    match = _LINE.fullmatch(line) if len(line) <= _MAX_LINE_CHARACTERS else None
    if match is None:
        raise ValueError(line)
    indent, key, plain, quoted, listed, mapped = match.groups()
    if key is not None and plain_tag(key) != STRING:
        raise ValueError(line)
    if plain is not None:
        return (len(indent), key, _scalar(plain), False, False)
    if quoted is not None:
        return (len(indent), key, quoted[1:-1], False, False)
    items = _SPLIT.findall(listed or mapped or "")
    if listed is not None:
        return (len(indent), key, [_scalar(item) for _, item in items], False, True)
    if mapped is not None:
        if any(plain_tag(name) != STRING for name, _ in items):
            raise ValueError(line)
        return (len(indent), key, {name: _scalar(item) for name, item in items}, False, True)
    if key is None:
        raise ValueError(line)  # an item of a list that goes on below
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
    """Put lines together; None when their indentation is not that of plain mappings and lists of scalars."""
    top: Any = {}
    document, depth = top, 0
    outer: list[tuple[int, Any]] = []  # what the mapping or list of the last line stands in
    opened: str | None = None  # the key of the last line when nothing stood behind it
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
