"""Reads the scalars of TensorBoard event files: TFRecord framing around `tensorflow.Event` messages.

Source: event.proto, summary.proto and tensor.proto of TensorFlow, and the TFRecord format in its guide. Every directory
that holds event files is a run, as TensorBoard itself has it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from aimd_cli.importing.run import ImportedRun, Point
from aimd_cli.importing.wire import BYTES, FIXED32, FIXED64, WireError, double, fields, inner, signed, text
from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.journal import open_regular
from aimd_core.language import said

_MARK = ".tfevents."
_MAX_RECORD_BYTES = 1 << 28
_NUMBERS = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}  # DataType: float, double, int32, int64
_VALUES = {5: "<f", 6: "<d"}  # fields of TensorProto: float_val, double_val


def read_tensorboard(path: Path) -> list[ImportedRun]:
    """Return the runs below a directory, or the one of an event file.

    Raises:
        NotFoundError: There are no event files.
        DamagedError: A file is no event file.
    """
    if path.is_file():
        return [_read_run([path], path.parent.absolute().name)]
    found: dict[Path, list[Path]] = {}
    for place, folders, files in os.walk(path):
        folders.sort()
        events = sorted(Path(place, file) for file in files if _MARK in file)
        if events:
            found[Path(place)] = events
    if not found:
        raise NotFoundError(
            message=said("{path} holds no TensorBoard event files", path=path),
            hint="They are named events.out.tfevents.*",
        )
    root = path.absolute()
    names = {place: "-".join(place.absolute().relative_to(root).parts) or root.name for place in found}
    return [_read_run(files, names[place]) for place, files in found.items()]


def _read_run(files: list[Path], name: str) -> ImportedRun:
    points: list[Point] = []
    left_out = 0
    for file in files:
        left_out += _read_file(file, points)
    return ImportedRun(name, f"tensorboard:{files[0].parent.absolute()}", points, left_out=left_out)


def _read_file(path: Path, points: list[Point]) -> int:
    """Add the scalars of a file and return how many other summaries there are."""
    try:
        return sum(_read_event(message, points) for message in tf_records(path))
    except (WireError, struct.error) as error:
        raise DamagedError(
            path=path, reason=said("holds what is no TensorBoard event ({error})", error=error)
        ) from error


def tf_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a TFRecord file; a cut last one, as a killed process leaves it, is left out.

    Raises:
        WireError: A length is larger than any event.
    """
    with open_regular(path) as file:
        while len(head := file.read(12)) == 12:
            (size_bytes,) = struct.unpack("<Q", head[:8])
            if size_bytes > _MAX_RECORD_BYTES:
                raise WireError(said("a record of {size_bytes} bytes", size_bytes=size_bytes))
            record = file.read(size_bytes + 4)
            if len(record) < size_bytes + 4:
                return
            yield record[:-4]


def _read_event(message: bytes, points: list[Point]) -> int:
    time_s: float | None = None
    step, left_out = 0, 0
    summaries = []
    for number, kind, value in fields(message):
        if number == 1 and kind == FIXED64:
            time_s = double(value)
        elif number == 2:
            step = signed(value)
        elif number == 5 and kind == BYTES:
            summaries.append(inner(value))
    for summary in summaries:
        for number, _, value in fields(summary):
            if number == 1:
                tag, scalar = _scalar(inner(value))
                if scalar is None:
                    left_out += 1
                else:
                    points.append(Point(tag, step, time_s, scalar))
    return left_out


def _scalar(value: bytes) -> tuple[str, float | None]:
    """Return tag and number of a `Summary.Value`; None when it is something else."""
    tag, scalar = "", None
    for number, kind, field in fields(value):
        if number == 1:
            tag = text(field)
        elif number == 2 and kind == FIXED32:
            scalar = double(field)
        elif number == 8:
            scalar = _tensor_scalar(inner(field))
    return tag, scalar


def _tensor_scalar(tensor: bytes) -> float | None:
    """Return the number of a `TensorProto` of one element; None when it is none."""
    kind_of_number, found = 0, []
    for number, kind, value in fields(tensor):
        if number == 1:
            kind_of_number = signed(value)
        elif number == 4 and value:
            layout = _NUMBERS.get(kind_of_number)
            if layout is None or len(inner(value)) != struct.calcsize(layout):
                return None
            found.append(float(struct.unpack(layout, inner(value))[0]))
        elif number in _VALUES:
            found += [float(one) for (one,) in struct.iter_unpack(_VALUES[number], inner(value))]
        elif number in (7, 10) and kind != BYTES:  # int_val, int64_val
            found.append(float(signed(value)))
    return found[0] if len(found) == 1 and kind_of_number in _NUMBERS else None
