"""YAML documents on disk: read within limits, replaced atomically.

A reader sees the old document or the new one, never a part, even after a power cut. Values are plain data, as JSON has
it: a date stays text, an alias bomb is refused.
"""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.format.files import Unsynced, replace_file
from aimd_core.format.journal import read_regular
from aimd_core.format.plain_yaml import read_plain, render_plain
from aimd_core.format.values import MAX_TEXT_BITS, key_of
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 32 << 20
_MAX_NODES = 1_000_000
_MAX_DEPTH = 64
_SCALARS = frozenset({str, int, float, bool, type(None)})


def parse_mapping(text: bytes, origin: str | Path) -> dict[str, object]:
    """Return the YAML mapping in `text`; an empty text, `null` and `''` are an empty mapping.

    Args:
        text: The document.
        origin: Where it came from, for the error.

    Raises:
        DamagedError: It is not valid YAML, not a mapping, or not plain data.
    """
    read = read_plain(text)
    if read is not None:
        return read
    loaded = _loaded(text, origin)
    if loaded is None or loaded == "":
        return {}
    if not isinstance(loaded, dict):
        raise DamagedError(path=origin, reason=said("holds a {name}, not a mapping", name=type(loaded).__name__))
    try:
        document: dict[str, object] = _as_json_has_it(loaded, 0, [_MAX_NODES])
    except ValueError as error:
        raise DamagedError(
            path=origin,
            reason=("holds what JSON cannot represent, is nested too deeply, or expands to over a million values"),
        ) from error
    return document


def parse_rows(text: bytes, origin: str | Path) -> list[dict[str, object]]:
    """Return the list of YAML mappings in `text`; an empty text and `null` are an empty list.

    Raises:
        DamagedError: It is something else.
    """
    rows = _plain_rows(text)
    if rows is not None:
        return rows
    loaded = _loaded(text, origin)
    try:
        listed = _as_json_has_it(loaded, 0, [_MAX_NODES])
    except ValueError:
        listed = None if loaded is None else loaded
    if not listed:
        listed = []
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise DamagedError(path=origin, reason="is not a list of mappings")
    return listed


def _loaded(text: bytes, origin: str | Path) -> object:
    try:
        from aimd_core.format.yaml_loader import load
    except ModuleNotFoundError:
        from aimd_core.format.json_yaml import load
    return load(text, origin)


def _plain_rows(text: bytes) -> list[dict[str, object]] | None:
    """Return the mappings of a list in block style, or None if only the YAML loader can read it."""
    if not text.startswith(b"- ") or not text.endswith(b"\n"):
        return None
    rows: list[dict[str, object]] = []
    for block in text[2:].split(b"\n- "):
        row = read_plain(block.replace(b"\n  ", b"\n"))
        if row is None:
            return None
        rows.append(row)
    return rows


def _as_json_has_it(value: Any, depth: int, budget: list[int]) -> Any:
    """Return YAML data as JSON has it, so that a reader on this disk and a server, which gets JSON, name it alike.

    Raises:
        ValueError: It is no JSON, is nested too deeply, or is too much.
    """
    budget[0] -= 1
    if depth > _MAX_DEPTH or budget[0] < 0:
        raise ValueError(depth)
    kind = type(value)
    if kind is dict:
        return {
            key if type(key) is str else key_of(key): _as_json_has_it(item, depth + 1, budget)
            for key, item in value.items()
        }
    if kind is list:
        return [_as_json_has_it(item, depth + 1, budget) for item in value]
    if kind not in _SCALARS:
        raise ValueError(kind)
    if kind is int and value.bit_length() > MAX_TEXT_BITS:
        str(value)  # Python refuses what has too many digits, such as 5,000 hexadecimal ones
    return value


def read_mapping(path: str | Path) -> dict[str, object]:
    """Return the YAML mapping in a file.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedError: It is not a regular file, too large, or not a YAML mapping.
    """
    return parse_mapping(read_document(path), path)


def read_document(path: str | Path) -> bytes:
    """Return the bytes of a small file.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedError: It is not a regular file, or too large.
    """
    text = read_regular(path, _MAX_BYTES)
    if len(text) > _MAX_BYTES:
        raise DamagedError(path=path, reason=said("is larger than {max_bytes} MiB", max_bytes=_MAX_BYTES >> 20))
    return text


def render_mapping(document: dict[str, object]) -> bytes:
    """Return a mapping as YAML, keeping the order of keys."""
    rendered = render_plain(document)
    if rendered is not None:
        return rendered
    try:
        from aimd_core.format.yaml_loader import dump
    except ModuleNotFoundError:
        from aimd_core.format.json_yaml import dump
    return dump(document)


def write_mapping(
    path: str | Path, document: dict[str, object], mode: int = 0o666, unsynced: Unsynced | None = None
) -> None:
    """Replace a YAML file. Arguments and errors as `replace_file`."""
    replace_file(path, render_mapping(document), mode, unsynced)
