"""Reads TensorBoard event files: TFRecord framing around `tensorflow.Event` messages.

Source: event.proto, summary.proto, tensor.proto and the hparams plugin's protos of TensorFlow and TensorBoard, and the
TFRecord format in its guide. Every directory with event files is a run, as in TensorBoard itself. Checksums are
verified: a damaged stretch is counted and named, and the records after it are read.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from aimd_cli.importing.event_media import add_value
from aimd_cli.importing.media import MediaList
from aimd_cli.importing.points import Point, PointColumns
from aimd_cli.importing.run import Ending, ImportedRun, Store
from aimd_cli.importing.wire import (
    BYTES,
    FIXED32,
    FIXED64,
    WireError,
    double,
    fields,
    inner,
    signed,
    text,
    varints,
)
from aimd_core.errors import NotFoundError
from aimd_core.format.event_files import TRIAL_PLUGIN, masked_crc32c
from aimd_core.format.journal import open_regular
from aimd_core.format.labels import Labels
from aimd_core.format.model import FAILED, RUNNING, SUCCEEDED
from aimd_core.format.values import clean
from aimd_core.language import said

_MARK = ".tfevents."
_HEAD_BYTES = 12  # a record's length and the checksum of that
_MAX_RECORD_BYTES = 1 << 28
# DataType of a TensorProto: float, double, int32, uint8, int16, int8, int64, bool, uint16, half, uint32, uint64
_NUMBERS = {
    1: "<f",
    2: "<d",
    3: "<i",
    4: "<B",
    5: "<h",
    6: "<b",
    9: "<q",
    10: "<?",
    17: "<H",
    19: "<e",
    22: "<I",
    23: "<Q",
}
_BFLOAT16 = 14
_FLOATS = {5: "<f", 6: "<d"}  # fields of TensorProto: float_val, double_val
_HALVES = 13  # half_val: the bits of float16 or bfloat16 numbers
_WHOLES = (7, 10, 11, 16, 17)  # int_val, int64_val, bool_val, uint32_val, uint64_val
_KINDS = {4: "image", 5: "histogram", 6: "audio", 8: "tensor"}  # what else a Summary.Value may contain
_PLUGINS = {"images": "image", "histograms": "histogram"}
_SESSION_START = 1
_HPARAMS_FAILED = 2  # Status: STATUS_FAILURE
_UNTOLD = (0, 3)  # STATUS_UNKNOWN, STATUS_RUNNING


def read_tensorboard(path: Path) -> Store:
    """Return the runs below a directory, or the one of an event file.

    Raises:
        NotFoundError: There are no event files.
    """
    root = path.resolve()
    listing = Store()
    files: dict[Path, list[Path]] = {}
    if root.is_file():
        files[root.parent] = [root]
    else:
        for file in listing.walk(root, lambda name: _MARK in name):
            files.setdefault(file.parent, []).append(file)
    if not files and not listing.faults:
        raise NotFoundError(
            message=said("{path} holds no TensorBoard event files", path=path),
            hint="They are named events.out.tfevents.*",
        )

    def read(store: Store) -> Iterator[ImportedRun]:
        store.faults += listing.faults
        for directory, events in files.items():
            name = root.parent.name if root.is_file() else "-".join(directory.relative_to(root).parts) or root.name
            run = _EventRun()
            for file in events:
                store.attempt(run.read, file, store)
            if run.has_events:
                yield run.imported(name, directory, events[0].name)

    return Store(read)


class _Damage:
    """Damaged stretches of a file.

    Attributes:
        gaps: How many there are.
        size_bytes: How long they are together.
        is_cut: Whether the file ends in the middle of a record, as a killed process leaves it.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self.gaps = 0
        self.size_bytes = 0

    def note(self, size_bytes: int) -> None:
        self.gaps += 1
        self.size_bytes += size_bytes


def tf_records(content: bytes | mmap.mmap, damage: _Damage) -> Iterator[bytes]:
    """Yield the intact records of a TFRecord file; an incomplete last one, left by a killed process, is skipped."""
    position = 0
    while len(content) - position >= _HEAD_BYTES:
        size_bytes = _record_size(content, position)
        end = position + _HEAD_BYTES + (size_bytes or 0) + 4
        if size_bytes is not None and end > len(content) and _next_head(content, position + 1) is None:
            damage.is_cut = True
            return
        if size_bytes is not None and end <= len(content):
            record = content[position + _HEAD_BYTES : end - 4]
            if int.from_bytes(content[end - 4 : end], "little") == masked_crc32c(record):
                yield record
            else:
                damage.note(end - position)
            position = end
            continue
        following = _next_head(content, position + 1)
        damage.note((len(content) if following is None else following) - position)
        if following is None:
            return
        position = following


def _record_size(content: bytes | mmap.mmap, position: int) -> int | None:
    """Return the length of the record that begins there, or None if its checksum does not match."""
    head = content[position : position + 8]
    size_bytes = int.from_bytes(head, "little")
    if not 0 < size_bytes <= _MAX_RECORD_BYTES:
        return None
    checksum = int.from_bytes(content[position + 8 : position + _HEAD_BYTES], "little")
    return size_bytes if checksum == masked_crc32c(head) else None


def _next_head(content: bytes | mmap.mmap, start: int) -> int | None:
    """Return where the next record begins. The upper half of a length is zero, which leaves few candidates."""
    zeros = content.find(b"\0\0\0\0", start + 4)
    while zeros >= 0 and zeros + 8 <= len(content):
        if _record_size(content, zeros - 4) is not None:
            return zeros - 4
        zeros = content.find(b"\0\0\0\0", zeros + 1)
    return None


class _EventRun:
    """The run in the events of a directory."""

    def __init__(self) -> None:
        self.has_events = False
        self._points = PointColumns()
        self._restarts: list[tuple[int, int]] = []
        self._params: dict[str, object] = {}
        self._left_out: Counter[str] = Counter()
        self._media = MediaList()
        self._times: tuple[float, float] | None = None  # the first and the last
        self._status: int | None = None  # that the hparams plugin says at the end
        self._ended_s: float | None = None
        self._name = ""  # this and the next two: of a trial that was exported
        self._folder: str | None = None
        self._labels = Labels()

    def imported(self, name: str, directory: Path, first_file: str) -> ImportedRun:
        """Return the run, which is known by its first file: their names hold time, host and process."""
        first_s, last_s = self._times or (None, None)
        ended_s = last_s if self._ended_s is None else self._ended_s
        if self._status in _UNTOLD:
            ending = Ending(RUNNING, {"kind": "unfinished"}, first_s, ended_s)
        else:
            ending = Ending(FAILED if self._status == _HPARAMS_FAILED else SUCCEEDED, None, first_s, ended_s)
        source = f"tensorboard:{directory}"
        return ImportedRun(
            self._name or name,
            source,
            self._points,
            self._params,
            ending,
            self._labels,
            left_out=self._left_out,
            restarts=tuple(self._restarts),
            folder=self._folder,
            key=f"tensorboard:{first_file}@{first_s}",
            media=self._media,
        )

    def read(self, path: Path, store: Store) -> None:
        """Read the events of a file.

        Raises:
            DamagedError: It cannot be read.
        """
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size == 0:
                store.note(path, "is empty")
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                self._read(path, content, store)

    def _read(self, path: Path, content: mmap.mmap, store: Store) -> None:
        damage, intact, odd = _Damage(), 0, 0
        for message in tf_records(content, damage):
            intact += 1
            try:
                self._take(message)
            except (WireError, struct.error, ValueError, RecursionError, OverflowError):
                odd += 1
        if damage.is_cut:
            self._left_out["cut record"] += 1
        if not intact and not damage.gaps:
            damage.note(len(content))
        if damage.gaps:
            store.note(
                path,
                said(
                    "skipped {size_bytes:,} damaged bytes in {gaps} places",
                    size_bytes=damage.size_bytes,
                    gaps=damage.gaps,
                ),
            )
        if odd:
            store.note(path, said("skipped {count:,} records that are not TensorBoard events", count=odd))

    def _take(self, message: bytes) -> None:
        time_s: float | None = None
        step, values, session = 0, [], 0
        for number, kind, value in fields(message):
            if number == 1 and kind == FIXED64:
                time_s = double(value)
            elif number == 2:
                step = signed(value)
            elif number == 5 and kind == BYTES:
                values += [inner(item) for field, _, item in fields(inner(value)) if field == 1]
            elif number == 7 and kind == BYTES:
                session = next((signed(status) for field, _, status in fields(inner(value)) if field == 1), 0)
        self.has_events = True
        if time_s is not None and time_s - time_s == 0.0 and time_s > 0:
            first_s, last_s = self._times or (time_s, time_s)
            self._times = min(first_s, time_s), max(last_s, time_s)
        if session == _SESSION_START and (len(self._points) or len(self._media)):
            self._restarts.append((len(self._points), step))  # what TensorBoard no longer shows
            self._media.note_restart()
        for summary in values:
            self._take_value(summary, step, time_s)

    def _take_value(self, message: bytes, step: int, time_s: float | None) -> None:
        """Take a `Summary.Value`: a number, hyperparameters, or something that is counted by kind."""
        tag, kind_of_value, plugin, content, shown = "", "other", "", b"", b""
        number_of: float | None = None
        for number, kind, field in fields(message):
            if number == 1:
                tag = text(field)
            elif number == 2 and kind == FIXED32:
                number_of = double(field)
            elif number == 9:
                plugin, content = _plugin(inner(field))
            elif number in _KINDS:
                kind_of_value, shown = _KINDS[number], inner(field)
                if number == 8:
                    number_of = _tensor_scalar(inner(field))
        takes = {"hparams": self._take_hparams, TRIAL_PLUGIN: self._take_trial}.get(plugin)
        if takes is not None:
            takes(content)
        elif number_of is not None and plugin in ("", "scalars"):
            self._points.append(Point(tag, step, time_s, number_of))
        else:
            word = _PLUGINS.get(plugin, plugin) or kind_of_value
            if not add_value(self._media, word, tag, step, time_s, shown, kind_of_value == "tensor"):
                self._left_out[word] += 1

    def _take_hparams(self, content: bytes) -> None:
        """Take what the hparams plugin says about the session: its parameters, and how it ended."""
        for number, kind, value in fields(content):
            if number == 3 and kind == BYTES:
                for field, _, item in fields(inner(value)):
                    if field == 1:
                        name, parameter = _hparam(inner(item))
                        self._params[name] = parameter
            elif number == 4 and kind == BYTES:
                self._status = 0
                for field, _, item in fields(inner(value)):
                    if field == 1:
                        self._status = signed(item)
                    elif field == 2 and double(item) > 0:
                        self._ended_s = double(item)

    def _take_trial(self, content: bytes) -> None:
        """Take what `aimd trial export` adds for us; its parameters are those of the hparams plugin, with their types.

        Raises:
            ValueError: It is not JSON.
        """
        facts = json.loads(content)
        if not isinstance(facts, dict):
            raise ValueError
        name, folder, note, tags, params = (facts.get(key) for key in ("name", "folder", "note", "tags", "params"))
        self._name = clean(name) if isinstance(name, str) else ""
        self._folder = clean(folder) or None if isinstance(folder, str) else None
        words = tuple(clean(tag) for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
        self._labels = Labels(words, clean(note) if isinstance(note, str) else "")
        if isinstance(params, dict):
            self._params = params


def _plugin(metadata: bytes) -> tuple[str, bytes]:
    """Return name and content of the plugin that a `SummaryMetadata` names."""
    name, content = "", b""
    for number, _, value in fields(metadata):
        if number == 1:
            for field, _, item in fields(inner(value)):
                if field == 1:
                    name = text(item)
                elif field == 2:
                    content = inner(item)
    return name, content


def _hparam(entry: bytes) -> tuple[str, object]:
    """Return name and value of an entry of a map of `google.protobuf.Value`."""
    name, parameter = "", None
    for number, _, value in fields(entry):
        if number == 1:
            name = text(value)
        elif number == 2:
            parameter = _struct_value(inner(value))
    return name, parameter


def _struct_value(message: bytes) -> object:
    for number, _, value in fields(message):
        if number == 2:
            return double(value)
        if number == 3:
            return text(value)
        if number == 4:
            return bool(signed(value))
        if number == 6:
            return [_struct_value(inner(item)) for field, _, item in fields(inner(value)) if field == 1]
        if number == 5:
            return dict(_hparam(inner(item)) for field, _, item in fields(inner(value)) if field == 1)
    return None


def _tensor_scalar(tensor: bytes) -> float | None:
    """Return the number in a `TensorProto` with one element, or None."""
    data_type, numbers = 0, []
    for number, _, value in fields(tensor):
        if number == 1:
            data_type = signed(value)
        elif number == 4 and value:
            numbers += _unpacked(data_type, inner(value))
        elif number in _FLOATS:
            numbers += [float(item) for (item,) in struct.iter_unpack(_FLOATS[number], inner(value))]
        elif number == _HALVES:
            numbers += [_half(data_type, bits) for bits in varints(value)]
        elif number in _WHOLES:
            numbers += [float(bits if number == 17 else signed(bits)) for bits in varints(value)]
    return numbers[0] if len(numbers) == 1 and (data_type in _NUMBERS or data_type == _BFLOAT16) else None


def _unpacked(data_type: int, content: bytes) -> list[float]:
    if data_type == _BFLOAT16:
        return [_half(data_type, bits) for (bits,) in struct.iter_unpack("<H", content)]
    layout = _NUMBERS.get(data_type)
    return [float(item) for (item,) in struct.iter_unpack(f"<{layout}", content)] if layout else []


def _half(data_type: int, bits: int) -> float:
    if data_type == _BFLOAT16:
        (number,) = struct.unpack("<f", struct.pack("<I", (bits & 0xFFFF) << 16))
    else:
        (number,) = struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))
    return float(number)
