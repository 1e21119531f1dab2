"""Writes a run as TensorBoard event files: scalars, hyperparameters, and how the session ended.

Source: event.proto, summary.proto, tensor.proto and the hparams plugin's protos. TensorBoard's classic scalars have 32
bits, so a metric whose values need more is written as tensors of 64, which TensorBoard shows the same way.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

from aimd_cli.converting.messages import double, message, single, text, whole
from aimd_cli.importing.points import Point
from aimd_cli.importing.run import ImportedRun
from aimd_cli.importing.wire import masked_crc32c
from aimd_core.format.model import FAILED, SUCCEEDED, flatten

_HPARAMS = "_hparams_/"
_STATUSES = {SUCCEEDED: 1, FAILED: 2}  # of the hparams plugin; without one it is unknown
_DOUBLE = 2  # DataType
_SCALARS = text(1, "scalars")


def write_tensorboard(run: ImportedRun, directory: Path, run_id: str) -> None:
    """Write the event file of a run into its directory, under a name that no other run's file has."""
    times = [time_s for point in run.points if (time_s := point.time_s) is not None]
    started_s = run.ending.started_s or min(times, default=0.0)
    ended_s = run.ending.ended_s or max(times, default=started_s)
    wide = _wide_metrics(run)
    with (directory / f"events.out.tfevents.{int(started_s)}.aimd.{run_id}").open("xb") as file:
        file.write(_record(double(1, started_s) + text(3, "brain.Event:2")))
        file.write(_record(_summary(started_s, 0, _session(run, started_s))))
        for point in run.points:
            time_s = ended_s if point.time_s is None else point.time_s
            file.write(_record(_summary(time_s, point.step, _value(point, point.key in wide))))
        file.write(_record(_summary(ended_s, 0, _session_end(run, ended_s))))


def _wide_metrics(run: ImportedRun) -> set[str]:
    """Return the metrics with a value that a float of 32 bits does not hold."""
    return {point.key for point in run.points if not _is_single(point.value)}


def _is_single(value: float) -> bool:
    try:
        (narrow,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return False
    return bool(narrow == value or value != value)


def _record(event: bytes) -> bytes:
    head = struct.pack("<Q", len(event))
    return head + struct.pack("<I", masked_crc32c(head)) + event + struct.pack("<I", masked_crc32c(event))


def _summary(time_s: float, step: int, value: bytes) -> bytes:
    return double(1, time_s) + whole(2, step) + message(5, message(1, value))


def _value(point: Point, is_wide: bool) -> bytes:
    if not is_wide:
        return text(1, point.key) + single(2, point.value)
    tensor = whole(1, _DOUBLE) + message(2) + message(6, struct.pack("<d", point.value))
    return text(1, point.key) + message(9, message(1, _SCALARS)) + message(8, tensor)


def _session(run: ImportedRun, started_s: float) -> bytes:
    params = (
        message(1, text(1, name), message(2, _hparam(value))) for name, value in flatten(dict(run.params)).items()
    )
    return _plugin("session_start_info", message(3, *params, double(5, started_s)))


def _session_end(run: ImportedRun, ended_s: float) -> bytes:
    status = _STATUSES.get(run.ending.status)
    return _plugin("session_end_info", message(4, whole(1, status) if status else b"", double(2, ended_s)))


def _plugin(tag: str, content: bytes) -> bytes:
    return text(1, _HPARAMS + tag) + message(9, message(1, text(1, "hparams"), message(2, content)))


def _hparam(value: object) -> bytes:
    """Return a `google.protobuf.Value`; the plugin shows numbers, truth values and text."""
    if isinstance(value, bool):
        return whole(4, int(value))
    if isinstance(value, (int, float)):
        return double(2, float(value))
    return text(3, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
