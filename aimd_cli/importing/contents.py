"""What trackers keep in JSON: documents within limits, nested values as flat ones, and what is a number among them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from aimd_cli.importing.points import Point, PointColumns
from aimd_core.errors import DamagedError
from aimd_core.format.journal import open_regular
from aimd_core.format.values import float_of, require_step
from aimd_core.language import said

_MAX_JSON_BYTES = 64 << 20  # which take half a GiB as Python has them
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_MAX_DEPTH = 32
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")  # Python 3.10 reads neither those
_OFFSET = re.compile(r"(:.*[+-]\d\d)(\d\d)$")  # nor an offset without a colon


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedError: It is not a regular file, too large, or not a JSON object.
    """
    with open_regular(path) as file:
        return parse_json(read_within_limits(file, path), path)


def read_within_limits(file: IO[bytes], path: Path) -> bytes:
    """Return the content of an opened document, which may be packed in an archive.

    Raises:
        DamagedError: It is too large.
    """
    content = file.read(_MAX_JSON_BYTES + 1)
    if len(content) > _MAX_JSON_BYTES:
        raise DamagedError(path=path, reason=said("is larger than {max_bytes} MiB", max_bytes=_MAX_JSON_BYTES >> 20))
    return content


def parse_json(content: bytes | str, path: Path) -> dict[str, Any]:
    """Return the JSON object in a text. Errors as `read_json`.

    Args:
        content: The text.
        path: Where it was read from, for the error.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedError(path=path, reason=said("is not JSON ({error})", error=error)) from error
    if not isinstance(document, dict):
        raise DamagedError(path=path, reason="is not a JSON object")
    return document


def flattened(content: Mapping[str, Any], is_leaf_key: str = "_type") -> dict[str, Any]:
    """Return nested values as one level with dotted names.

    Args:
        content: The values.
        is_leaf_key: What an image or another file has, which is a mapping but one value.
    """
    values: dict[str, Any] = {}
    _flatten("", content, values, is_leaf_key, 0)
    return values


def _flatten(key: str, content: Any, values: dict[str, Any], leaf_key: str, depth: int) -> None:
    if isinstance(content, dict) and content and leaf_key not in content and depth < _MAX_DEPTH:
        for name, inner in content.items():
            _flatten(f"{key}.{name}" if key else str(name), inner, values, leaf_key, depth + 1)
    else:
        values[key] = content


def number_of(content: object) -> float | None:
    """Return the number that a value is, or None. A boolean is 0 or 1; `NaN` and infinities may be text."""
    number = _SPECIAL.get(content) if isinstance(content, str) else content
    return float_of(number) if isinstance(number, (int, float)) else None


def kind_of(content: object) -> str:
    """Return what a value that is not a number is, for counting."""
    if isinstance(content, dict):
        return str(content.get("_type") or "mapping").rpartition(".")[2].removesuffix("-file")
    return {str: "text", list: "list", type(None): "null"}.get(type(content), "other")


class Values:
    """Collects the values of a run: numbers become points, everything else is counted by kind.

    Attributes:
        points: The points.
        left_out: How many values of each kind are none.
    """

    def __init__(self) -> None:
        self.points = PointColumns()
        self.left_out: Counter[str] = Counter()

    def add(self, key: str, step: object, time_s: float | None, content: object) -> None:
        """Take a value.

        Raises:
            ValueError: The step is not one.
        """
        number = number_of(content)
        if number is None:
            self.left_out[kind_of(content)] += 1
            return
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if isinstance(step, bool) or not isinstance(step, int):
            raise ValueError(step)
        self.points.append(Point(key, require_step(step), time_s, number))


def utc_seconds(text: object) -> float | None:
    """Return an ISO 8601 time, UTC unless it says otherwise, in seconds since the epoch; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        when = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", _NANOSECONDS.sub(r"\1", text.replace("Z", "+00:00"))))
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def milliseconds_s(time_ms: object) -> float | None:
    """Return a time in milliseconds since the epoch in seconds; None if it is none."""
    if isinstance(time_ms, bool) or not isinstance(time_ms, (int, float)):
        return None
    seconds = float_of(time_ms) / 1000
    return seconds if seconds - seconds == 0.0 else None
