"""Writes a run as an offline run of W&B, which `wandb sync` sends: a `.wandb` file of records.

Source: wandb/proto/wandb_internal.proto and the LevelDB log format, with CRC-32 as its checksum.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import IO

from aimd_cli.converting.media import copy_kept_files, count_others
from aimd_cli.converting.wandb_media import HistoryValue, WrittenMedia
from aimd_cli.importing.points import Point
from aimd_cli.importing.run import ImportedRun
from aimd_core.format.messages import message, text, timestamp, whole
from aimd_core.format.model import FAILED, SUCCEEDED, strict_json
from aimd_core.reading.documents import Trial

_BLOCK_BYTES = 32768
_HEAD = struct.Struct("<IHB")  # checksum, length, type
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_FILE_HEAD = b":W&B\xe1\xbe\x00"
_OUTPUT = "output.log"
_OTHER, _MEDIA = 0, 2  # kinds of files that are sent
_Row = tuple[int, "float | None", Mapping[str, object]]
_PRODUCER, _OLDEST_READER = "0.19.0", "0.19.0"


def write_wandb(run: ImportedRun, trial: Trial, directory: Path, run_id: str, left_out: Counter[str]) -> None:
    """Write the file of a run, and the files of the run, into its directory.

    Args:
        run: The run.
        trial: The trial that it is.
        directory: The directory, which `wandb sync` takes.
        run_id: The id that the run gets.
        left_out: Counts what W&B has no place for, by kind.
    """
    files = directory / "files"
    files.mkdir()
    if isinstance(run.output, Path):
        (files / _OUTPUT).write_bytes(run.output.read_bytes())
    kept = [*([_OUTPUT] if run.output else []), *copy_kept_files(trial, files, left_out)]
    media = WrittenMedia(trial, files, left_out)
    count_others(trial, left_out)
    with (directory / f"run-{run_id}.wandb").open("xb") as file:
        log = _Log(file)
        for number, record in enumerate(_records(run, run_id, media, kept)):
            log.append(whole(1, number) + record)


def _records(run: ImportedRun, run_id: str, media: WrittenMedia, kept: list[str]) -> Iterator[bytes]:
    times = [time_s for point in run.points if (time_s := point.time_s) is not None]
    started_s = run.ending.started_s or min(times, default=0.0)
    ended_s = run.ending.ended_s or max(times, default=started_s)
    yield message(21, message(1, text(1, _PRODUCER), text(2, _OLDEST_READER)))
    yield message(17, _run(run, run_id, started_s))
    last: dict[str, object] = {}
    shown = sorted(media.values(ended_s), key=lambda value: value.step)
    for step, time_s, values in _merged(_rows(run.points), shown):
        last |= values
        moment_s = ended_s if time_s is None else time_s
        internal = {"_step": step, "_timestamp": moment_s, "_runtime": max(0.0, moment_s - started_s)}
        items = (_item(key, value) for key, value in {**values, **internal}.items())
        yield message(2, *(message(1, item) for item in items), message(2, whole(1, step)))
    sent = [*((path, _OTHER) for path in kept), *((path, _MEDIA) for path in media.paths)]
    if sent:
        yield message(6, *(message(1, text(1, path), whole(3, kind)) for path, kind in sent))
    if last:
        yield message(3, *(message(1, _item(key, value)) for key, value in last.items()))
    if run.ending.status in (SUCCEEDED, FAILED):  # W&B calls a run without an end crashed
        told = (run.ending.exit or {}).get("status")
        code = 0 if run.ending.status == SUCCEEDED else told if isinstance(told, int) and told else 1
        yield message(18, whole(1, code), whole(2, max(0, int(ended_s - started_s))))


def _rows(points: Iterable[Point]) -> Iterator[_Row]:
    """Yield the values of each step and moment together."""
    for (step, time_s), row in groupby(_parted(points), key=lambda point: (point.step, point.time_s)):
        yield step, time_s, {point.key: point.value for point in row}


def _merged(rows: Iterable[_Row], shown: list[HistoryValue]) -> Iterator[_Row]:
    """Yield the rows of numbers, and before the first of a later step the media of a step."""
    number = 0
    for row in rows:
        while number < len(shown) and shown[number].step < row[0]:
            yield _row_of(shown[number])
            number += 1
        yield row
    yield from map(_row_of, shown[number:])


def _row_of(value: HistoryValue) -> _Row:
    return value.step, value.time_s, {value.key: value.value}


def _parted(points: Iterable[Point]) -> Iterator[Point]:
    """Yield points; where a metric comes twice in one step and moment, the later one a microsecond later."""
    moment: tuple[int, float | None] | None = None
    keys: set[str] = set()
    for point in points:
        if (point.step, point.time_s) != moment:
            moment, keys = (point.step, point.time_s), set()
        if point.key in keys and point.time_s is not None:
            point = point._replace(time_s=point.time_s + 1e-6)
        keys.add(point.key)
        yield point


def _run(run: ImportedRun, run_id: str, started_s: float) -> bytes:
    config = message(4, *(message(1, _item(key, value)) for key, value in run.params.items()))
    tags = b"".join(text(10, tag) for tag in run.labels.tags)
    notes = text(9, run.labels.note) if run.labels.note else b""
    project = (run.folder or "aimd").strip("/").replace("/", "-")
    head = text(1, run_id) + text(3, project) + config + text(8, run.name)
    return head + notes + tags + timestamp(17, started_s)


def _item(key: str, value: object) -> bytes:
    return text(1, key) + text(16, json.dumps(strict_json(value), ensure_ascii=False))


class _Log:
    """Appends records to a file, in pieces that end with blocks."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._position = file.write(_FILE_HEAD)

    def append(self, record: bytes) -> None:
        """Append a record."""
        left, kind = record, _FIRST
        while True:
            room = _BLOCK_BYTES - self._position % _BLOCK_BYTES
            if room < _HEAD.size:
                self._position += self._file.write(b"\0" * room)
                continue
            piece, left = left[: room - _HEAD.size], left[room - _HEAD.size :]
            if not left:
                self._write(piece, _FULL if kind == _FIRST else _LAST)
                return
            self._write(piece, kind)
            kind = _MIDDLE

    def _write(self, piece: bytes, kind: int) -> None:
        checksum = zlib.crc32(piece, zlib.crc32(bytes([kind])))
        self._position += self._file.write(_HEAD.pack(checksum, len(piece), kind) + piece)
