"""Reads `.wandb` files, as wandb writes them beside every run, also offline: LevelDB log framing around its messages.

Source: wandb/proto/wandb_internal.proto and the LevelDB log format (google/leveldb, doc/log_format.md).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aimd_cli.importing.run import ImportedRun, Point
from aimd_cli.importing.wire import WireError, fields, inner, signed, text
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels
from aimd_core.language import said

_BLOCK_BYTES = 32768
_HEAD = struct.Struct("<IHB")  # checksum, length, type
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_FILE_HEAD = b":W&B"
_FILE_HEAD_BYTES = 7
_HISTORY, _CONFIG, _RUN, _EXIT = 2, 5, 17, 18  # fields of Record
_INTERNAL = ("_step", "_timestamp", "_runtime", "_wandb")
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def read_wandb(path: Path) -> list[ImportedRun]:
    """Return the run of a `.wandb` file, or the runs of all such files below a directory.

    Raises:
        NotFoundError: There are none.
        DamagedError: A file is no `.wandb` file.
    """
    files = [path] if path.is_file() else sorted(path.rglob("*.wandb"))
    if not files:
        raise NotFoundError(
            message=said("{path} holds no .wandb files", path=path), hint="They are wandb/*run-*/run-*.wandb"
        )
    return [_Run(file).read() for file in files]


def log_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file; a cut last one, as a killed process leaves it, is left out.

    Raises:
        WireError: It is no such file.
    """
    with open_regular(path) as file:
        if file.read(_FILE_HEAD_BYTES)[:4] != _FILE_HEAD:
            raise WireError("it does not begin as a .wandb file")
        position, parts = _FILE_HEAD_BYTES, b""
        while True:
            left = _BLOCK_BYTES - position % _BLOCK_BYTES
            if left < _HEAD.size:
                position += len(file.read(left))
                continue
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            _, size_bytes, kind = _HEAD.unpack(head)
            data = file.read(size_bytes)
            position += _HEAD.size + len(data)
            if len(data) < size_bytes or kind == 0:
                return
            parts = data if kind in (_FULL, _FIRST) else parts + data
            if kind in (_FULL, _LAST):
                yield parts
            elif kind not in (_FIRST, _MIDDLE):
                raise WireError(said("a record of type {kind}", kind=kind))


class _Run:
    """What the records of one file say."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = path.stem.removeprefix("run-")
        self._points: list[Point] = []
        self._params: dict[str, object] = {}
        self._labels = Labels()
        self._exit_code = 0
        self._left_out = 0

    def read(self) -> ImportedRun:
        try:
            for record in log_records(self._path):
                self._take(record)
        except (struct.error, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise DamagedError(path=self._path, reason=said("is no .wandb file ({error})", error=error)) from error
        source = f"wandb:{self._path.absolute()}"
        has_failed = self._exit_code != 0
        return ImportedRun(self._name, source, self._points, self._params, has_failed, self._labels, self._left_out)

    def _take(self, record: bytes) -> None:
        for number, _, value in fields(record):
            if number == _HISTORY:
                self._take_history(inner(value))
            elif number == _CONFIG:
                self._take_config(inner(value))
            elif number == _RUN:
                self._take_run(inner(value))
            elif number == _EXIT:
                self._exit_code = next((signed(code) for field, _, code in fields(inner(value)) if field == 1), 0)

    def _take_run(self, message: bytes) -> None:
        for number, _, value in fields(message):
            if number == 4:
                self._take_config(inner(value))
            elif number == 8 and value:
                self._name = text(value)
            elif number == 9:
                self._labels = self._labels._replace(note=text(value))
            elif number == 10:
                self._labels = self._labels._replace(tags=(*self._labels.tags, text(value)))

    def _take_config(self, message: bytes) -> None:
        for number, _, value in fields(message):
            if number == 1:
                keys, content = _item(inner(value))
                if keys and keys[0] != "_wandb":
                    _put(self._params, keys, content)

    def _take_history(self, message: bytes) -> None:
        values: dict[str, Any] = {}
        step: int | None = None
        for number, _, value in fields(message):
            if number == 1:
                keys, content = _item(inner(value))
                _flatten(".".join(keys), content, values)
            elif number == 2:
                step = next((signed(one) for field, _, one in fields(inner(value)) if field == 1), 0)
        step = int(values.get("_step", step or 0))
        time_s = values.get("_timestamp")
        for key, content in values.items():
            if key.split(".")[0] in _INTERNAL:
                continue
            number_of = _SPECIAL.get(content) if isinstance(content, str) else content
            if isinstance(number_of, bool) or not isinstance(number_of, (int, float)):
                self._left_out += 1
                continue
            self._points.append(Point(key, step, None if time_s is None else float(time_s), float(number_of)))


def _item(message: bytes) -> tuple[list[str], Any]:
    """Return the key, nested ones part by part, and the value of a history or config item."""
    key, nested, content = "", [], "null"
    for number, _, value in fields(message):
        if number == 1:
            key = text(value)
        elif number == 2:
            nested.append(text(value))
        elif number == 16:
            content = text(value)
    return nested or [key], json.loads(content)


def _flatten(key: str, content: Any, values: dict[str, Any]) -> None:
    """Take nested metrics apart; an image or another file is a mapping with `_type`, and stays one value."""
    if isinstance(content, dict) and "_type" not in content:
        for name, inner_content in content.items():
            _flatten(f"{key}.{name}", inner_content, values)
    else:
        values[key] = content


def _put(params: dict[str, object], keys: list[str], content: object) -> None:
    """Set a parameter; configs of `wandb.init` come as they are, those of files with `value` around them."""
    for key in keys[:-1]:
        below = params.setdefault(key, {})
        if not isinstance(below, dict):
            return
        params = below
    params[keys[-1]] = content
