"""Parameters as plain data: what JSON holds, however odd the values are that a tracker keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime

from aimd_core.format.values import (
    MAX_PARAMETERS_CHARS,
    MAX_TEXT_BITS,
    clean,
    integer_of,
    key_of,
    parameters_chars,
)

_MAX_DEPTH = 32  # YAML, a terminal and a database show no deeper ones


def plain_mapping(mapping: Mapping[str, object]) -> dict[str, object]:
    """Return a mapping as JSON holds it: text without NUL, dates as ISO 8601, and text instead of what is too deep."""
    return {_key(key): _plain(value, 1) for key, value in mapping.items()}


def limited(params: dict[str, object]) -> tuple[dict[str, object], int]:
    """Return parameters without the largest ones, if they are more than a trial can have, and how many those are."""
    if parameters_chars(params) <= MAX_PARAMETERS_CHARS:
        return params, 0
    sizes = {key: parameters_chars({key: value}) for key, value in params.items()}
    left_chars, kept = MAX_PARAMETERS_CHARS - 2, set()
    for key in sorted(sizes, key=lambda key: sizes[key]):
        if sizes[key] + 1 <= left_chars:
            left_chars -= sizes[key] + 1
            kept.add(key)
    return {key: value for key, value in params.items() if key in kept}, len(params) - len(kept)


def put_nested(params: dict[str, object], path: list[str], value: object) -> None:
    """Set a parameter by its path. What is in the way is never replaced: the rest of the path becomes its name."""
    below: dict[str, object] = params
    for number, key in enumerate(path[:-1]):
        inner = below.setdefault(key, {})
        if not isinstance(inner, dict):
            path = [*path[:number], "/".join(path[number:])]
            break
        below = inner
    name = path[-1]
    while name in below:
        name += "_"
    below[name] = value


def _key(key: object) -> str:
    try:
        return clean(key_of(key))
    except ValueError:
        return clean(str(key))


def _plain(value: object, depth: int) -> object:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if depth >= _MAX_DEPTH:
        return _text(value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return [_plain(item, depth + 1) for item in sorted(value, key=repr)]
    return _text(value)


def _integer(value: int) -> int | str:
    if value.bit_length() <= MAX_TEXT_BITS:
        return integer_of(value)
    try:
        return str(value)
    except ValueError:  # of more digits than Python prints
        return hex(value)


def _text(value: object) -> str:
    try:
        return clean(json.dumps(value, ensure_ascii=False, default=str))
    except (RecursionError, ValueError):
        return "..."
