"""The event file that a drop-in `SummaryWriter` still writes, so that TensorBoard shows a run as before.

It is written without TensorBoard, and opened only to append what has gathered: no copy of a writer has a descriptor.
"""

from __future__ import annotations

import atexit
import os
import socket
import time
import weakref
from pathlib import Path

from aimd_core.format.event_files import (
    FILE_MARK,
    event_record,
    histogram_value,
    media_value,
    restart_event,
    scalar_value,
    summary_event,
    text_value,
    version_event,
)
from aimd_core.format.messages import double, message, whole
from aimd_core.language import said
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

    from t9k.aimd.media.encoded import Encoded

_open_files: weakref.WeakSet[EventFile] = weakref.WeakSet()
_files_made = 0


class ValueEvent:
    """A value at a step, as TensorBoard has it.

    Attributes:
        wall_time: When, in seconds since the epoch.
        step: The step.
    """

    __slots__ = ("_value", "step", "wall_time")

    def __init__(self, value: bytes, step: int, wall_time: float) -> None:
        """Take a value as `aimd_core.format.event_files` encodes it."""
        self._value = value
        self.step = step
        self.wall_time = wall_time

    def SerializeToString(self) -> bytes:  # noqa: N802, the name that events of TensorBoard have
        """Return the event's bytes."""
        return summary_event(self.wall_time, self.step, self._value)


class EventFile:
    """Appends events to a file of its own in a log directory, some at a time."""

    def __init__(self, log_dir: str, max_queue: int, flush_secs: float, suffix: str, purge_step: int | None) -> None:
        """Create the file.

        Args:
            log_dir: The log directory, created if missing.
            max_queue: How many events may gather before they are written.
            flush_secs: How many seconds they may.
            suffix: The end of the file's name.
            purge_step: The step from which on TensorBoard hides what earlier files have, or None.
        """
        global _files_made
        _files_made += 1
        self._directory = os.path.abspath(log_dir)
        self._max_queue, self._flush_s = max_queue, flush_secs
        self._process = os.getpid()
        # readers take the files of a directory in the order of their names
        made = f"{time.time():010.0f}.{socket.gethostname()}.{self._process}.{_files_made:06}"
        name = f"{FILE_MARK}{made}{suffix}"
        self._file_name = os.path.join(self._directory, name)
        self._has_failed = False
        self._gathered: list[bytes] = []
        self._flushed_at = time.monotonic()
        self.append(version_event(time.time()))
        if purge_step is not None:
            self.append(restart_event(time.time(), purge_step))
        self.flush()
        _open_files.add(self)

    def append(self, event: bytes) -> None:
        """Take an event. Another process than the one that opened this, such as a forked worker, writes it at once."""
        if self._process != os.getpid():
            self._gathered, self._max_queue, self._process = [], 0, os.getpid()
        self._gathered.append(event_record(event))
        if len(self._gathered) > self._max_queue or time.monotonic() - self._flushed_at >= self._flush_s:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered. A disk that refuses is reported once; the trial is not affected."""
        if self._process != os.getpid() or not self._gathered:
            return
        content = b"".join(self._gathered)
        self._gathered.clear()
        self._flushed_at = time.monotonic()
        try:
            Path(self._directory).mkdir(parents=True, exist_ok=True)
            with open(self._file_name, "ab", buffering=0) as file:
                file.write(content)
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                tell(said("WARNING: the event file for TensorBoard is incomplete: {error}", error=error))

    def __getstate__(self) -> dict[str, Any]:
        """Copy everything but what this object will still write itself."""
        return {**vars(self), "_gathered": [], "_process": 0}


@atexit.register
def _flush_all() -> None:
    for file in list(_open_files):
        file.flush()


def _value_of(tag: str, item: Encoded) -> bytes | None:
    """Return the value of a picture, a sound or a histogram, or None for what TensorBoard does not show."""
    if item.histogram is not None:
        return histogram_value(tag, item.histogram.edges, item.histogram.counts)
    return None if item.content is None else media_value(tag, item.kind, item.type, item.facts, item.content)


class EventFileWriter:
    """An event file with the methods that TensorBoard's own has."""

    def __init__(
        self,
        logdir: str,
        max_queue_size: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
        purge_step: int | None = None,
    ) -> None:
        """Create the file. Arguments as `EventFile`."""
        self._logdir = logdir
        self._ev_writer = EventFile(logdir, max_queue_size, flush_secs, filename_suffix, purge_step)

    def get_logdir(self) -> str:
        """Return the log directory."""
        return self._logdir

    def add_event(self, event: Any) -> None:
        """Take an event: ours, or a `tensorflow.Event` of any library."""
        self._ev_writer.append(event.SerializeToString())

    def flush(self) -> None:
        """Write what has gathered."""
        self._ev_writer.flush()

    def close(self) -> None:
        """Write what has gathered; later events are still taken."""
        self._ev_writer.flush()

    def reopen(self) -> None:
        """Do nothing: the file is never closed for good."""


class FileWriter:
    """What `SummaryWriter.file_writer` is, for code that writes summaries itself.

    Attributes:
        event_writer: The event file.
    """

    def __init__(self, event_writer: EventFileWriter, recorder: Any) -> None:
        """Write to an event file, and record what a trial can hold.

        Args:
            event_writer: The event file.
            recorder: The `ScalarRecorder` of the trial.
        """
        self.event_writer = event_writer
        self._recorder = recorder

    def get_logdir(self) -> str:
        """Return the log directory."""
        return self.event_writer.get_logdir()

    def add_scalar(self, tag: str, number: float, step: int, wall_time: float | None) -> None:
        """Take a number that is already recorded."""
        self.add_value(scalar_value(tag, number), step, wall_time)

    def add_value(self, value: bytes, step: int, wall_time: float | None = None) -> None:
        """Take a value that is already recorded, as `aimd_core.format.event_files` encodes it."""
        self.event_writer.add_event(ValueEvent(value, step, time.time() if wall_time is None else wall_time))

    def add_text(self, tag: str, content: str, step: int, wall_time: float | None) -> None:
        """Take a text that is already recorded, as TensorBoard's text plugin reads it."""
        self.add_value(text_value(tag, content), step, wall_time)

    def add_media(self, tag: str, items: list[Encoded], step: int) -> None:
        """Take pictures, sounds and histograms that are already recorded; TensorBoard shows no others."""
        for number, item in enumerate(items):
            value = _value_of(f"{tag}/{number}" if len(items) > 1 else tag, item)
            if value is not None:
                self.add_value(value, step)

    def add_event(self, event: Any, step: int | None = None, walltime: float | None = None) -> None:
        """Take a `tensorflow.Event`, and record the scalars and hyperparameters in it."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)
        self._recorder.summary(event.summary, event.step, walltime)

    def add_summary(self, summary: Any, global_step: int | None = None, walltime: float | None = None) -> None:
        """Take a `tensorflow.Summary`, and record the scalars and hyperparameters in it."""
        time_s, step = time.time() if walltime is None else walltime, int(global_step or 0)
        event = double(1, time_s) + whole(2, step) + message(5, summary.SerializeToString())
        self.event_writer._ev_writer.append(event)
        self._recorder.summary(summary, step, walltime)

    def add_graph(self, graph_profile: Any, walltime: float | None = None) -> None:
        """Take a graph, for TensorBoard only."""
        graph = graph_profile[0] if isinstance(graph_profile, (list, tuple)) else graph_profile
        time_s = time.time() if walltime is None else walltime
        self.event_writer._ev_writer.append(double(1, time_s) + message(4, graph.SerializeToString()))

    add_onnx_graph = add_openvino_graph = add_graph

    def flush(self) -> None:
        """Write what has gathered."""
        self.event_writer.flush()

    def close(self) -> None:
        """Write what has gathered."""
        self.event_writer.close()

    def reopen(self) -> None:
        """Do nothing: the file is never closed for good."""
