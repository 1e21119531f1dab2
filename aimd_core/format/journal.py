"""The metrics journal of a trial: one JSON record per line, appended, never rewritten.

The writer promises: when `append` has returned True, the record was handed to the kernel in one `write`, so a killed
process loses nothing that was acknowledged. A power cut loses at most what was written since the last `sync`. A failed
or short write costs at most that record, and the next one starts on a new line.

The reader promises: every intact record is returned, in order. A damaged line costs only that line, and is counted. An
incomplete last line is reported as a torn tail, not as damage. Nothing is ever repaired on disk. Format:
docs/reference/trial-format.md.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from json import JSONDecoder
from json.encoder import encode_basestring_ascii as _quote

from aimd_core.errors import DamagedError
from aimd_core.format.append_file import AppendFile
from aimd_core.format.files import Unsynced
from aimd_core.format.portable import NO_BLOCK, NO_FOLLOW, read_at, sync_data
from aimd_core.format.values import clean
from aimd_core.language import joined, said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any, BinaryIO, TypeGuard

SEGMENTS_FILE = "segments"  # next to a journal: which of its points count, see aimd_core.format.segments
SYNC_INTERVAL_S = 1.0
_DAMAGED_SHOWN = 20  # line numbers of damaged lines to keep; all are counted
_SALVAGE_TRIES = 100  # attempts to find a record in a damaged line, so that no line costs minutes
_COUNT_BLOCK_BYTES = 1 << 20
OPEN_LINE_BYTES = 1 << 20  # as much is read of a last line without newline, which may never end
_SYSTEM_LINE = b'\n{"system": {"value": {'
_SYSTEM_HEADS = (_SYSTEM_LINE[1:], _SYSTEM_LINE)
_BLANK = " \t\r\n\ufeff"  # what may surround a record: Windows line ends, a byte order mark
_decode = JSONDecoder().raw_decode
_float_repr = float.__repr__


def encode_number(value: float) -> str:
    """Return a float as the token that Python's `json` writes, including `NaN` and `Infinity`."""
    if value - value == 0.0:
        return _float_repr(value)
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def record_head(metrics_type: str) -> str:
    """Return the beginning of every record of a type, up to its values."""
    return f'{{{_quote(metrics_type)}: {{"value": {{'


def key_head(name: str) -> str:
    """Return a metric's name as written before its value."""
    return f"{_quote(name)}: "


def encode_tail(step: int, epoch: int | None, timestamp: str) -> str:
    """Return the end of a record, from its sequence on, with the newline."""
    shown = "null" if epoch is None else epoch
    return f'}}, "sequence": {{"epoch": {shown}, "step": {step}, "timestamp": "{timestamp}"}}}}}}\n'


def encode_record(
    metrics_type: str, values: Mapping[str, float], step: int, epoch: int | None, timestamp: str
) -> bytes:
    """Return a record, the same bytes as from `json.dumps`, with its newline."""
    body = ", ".join([key_head(name) + encode_number(value) for name, value in values.items()])
    return (record_head(metrics_type) + body + encode_tail(step, epoch, timestamp)).encode("ascii")


class JournalWriter(AppendFile):
    """Appends records to a journal file. Safe across `fork` and with other writers on the same host.

    Attributes:
        written: Records that reached the file through this writer, without system metrics.
        failed: Records that did not.
        error: The first OSError, or None.
        unsynced: Whether a sync ever failed, so that a power cut may lose what was written before it.
    """

    __slots__ = (
        "_began_at",
        "_counted",
        "_on_fault",
        "_sync_interval_s",
        "_synced_s",
        "_torn",
        "_unsynced_files",
        "error",
        "failed",
        "unsynced",
        "written",
    )

    def __init__(
        self,
        path: str,
        on_fault: Callable[[OSError], None] | None = None,
        open_now: bool = True,
        unsynced_files: Unsynced | None = None,
        sync_interval_s: float | None = None,
    ) -> None:
        """Open the journal at `path` for appending, created if missing.

        Args:
            path: The journal.
            on_fault: Called for every I/O fault of a write or a sync.
            open_now: Whether to open it at once, rather than at the first record or by `open`.
            unsynced_files: What else is forced to the disk at the first sync.
            sync_interval_s: How often a record forces the file to the disk; by default `SYNC_INTERVAL_S`.

        Raises:
            OSError: It cannot be opened.
        """
        super().__init__(path)
        self._on_fault = on_fault
        self._unsynced_files = unsynced_files
        self._sync_interval_s = SYNC_INTERVAL_S if sync_interval_s is None else sync_interval_s
        self._reset()
        if open_now:
            self.open()

    def _reset(self) -> None:
        self.written = 0
        self.failed = 0
        self.error: OSError | None = None
        self.unsynced = False
        self._synced_s = 0.0
        self._torn = False
        self._began_at = -1  # the size of the file when this writer first opened it
        self._counted: tuple[int, int] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self._on_fault, False, None, self._sync_interval_s)

    def start_anew(self) -> None:
        """Become closed with no counts: what was written before the fork is for the parent to report."""
        super().start_anew()
        self._reset()

    def open(self) -> None:
        """Open the journal, for the first time or after `close`, if it is not open.

        Raises:
            OSError: It cannot be opened.
        """
        if self._descriptor < 0:
            super().open()
            size_bytes = os.fstat(self._descriptor).st_size
            if self._began_at < 0:
                self._began_at = size_bytes
            self._torn = self._ends_torn(size_bytes)

    def _ends_torn(self, size_bytes: int) -> bool:
        """Tell whether the file ends with an incomplete line, left by an interrupted writer."""
        return size_bytes > 0 and read_at(self._descriptor, 1, size_bytes - 1) != b"\n"

    def append(self, record: bytes) -> bool:
        """Write a record (a line with its newline), and return whether it is in the file.

        I/O faults do not raise: the first one is kept in `error`, all are counted in `failed`.
        """
        try:
            if self._descriptor < 0:
                self.open()
            if self._torn:
                record = b"\n" + record
            done = os.write(self._descriptor, record)
            if done != len(record):
                self._finish_short_write(record, done)
        except OSError as error:
            if self.leave_if_lost():  # somebody closed it: open it again
                return self.append(record)
            self.failed += 1
            self.note(error)
            return False
        self._torn = False
        if not record.startswith(_SYSTEM_HEADS):
            self.written += 1
        now_s = time.monotonic()
        if now_s - self._synced_s >= self._sync_interval_s:
            self._synced_s = now_s
            self.sync()
        return True

    def note(self, error: OSError) -> None:
        """Note a disk fault and report it."""
        self.error = self.error or error
        if self._on_fault is not None:
            self._on_fault(error)

    def _finish_short_write(self, record: bytes, done: int) -> None:
        """Write the rest after a short write, which is how a full disk first shows itself."""
        while done < len(record):
            self._torn = True
            more = os.write(self._descriptor, record[done:])
            if not more:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += more

    def sync(self) -> bool:
        """Flush everything written so far to the disk, and return whether all flushes have succeeded."""
        if self._descriptor < 0:
            return not self.unsynced  # closed: it was synced then
        try:
            if self._unsynced_files is not None:
                files, self._unsynced_files = self._unsynced_files, None
                files.sync()
            went_elsewhere = self.is_number_of_others()
            if self.leave_if_lost():
                self.open()
            if self.is_deleted():
                self._leave_deleted()
            sync_data(self._descriptor)
            if went_elsewhere:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        except OSError as error:
            # After a failed sync the kernel may have dropped the data, and the next sync can succeed anyway.
            self.unsynced = True
            self.note(error)
        self._synced_s = time.monotonic()
        return not self.unsynced

    def _leave_deleted(self) -> None:
        """Continue in a new file if somebody deleted or replaced the journal; what it contained no longer counts.

        Raises:
            FileNotFoundError: Always, because that is a fault.
        """
        self.close()
        self._counted, self._began_at = (0, 0), 0
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def close(self) -> None:
        """Release the file. The next record opens it again."""
        try:
            super().close()
        except OSError as error:  # a network file system reports that what was written did not arrive
            self.unsynced = True
            self.note(error)

    def count(self) -> tuple[int, int]:
        """Count what was recorded in the file since this writer first opened it.

        Returns:
            The number of this writer's records, and of other writers', without system metrics. For a closed journal,
                the last counts.
        """
        if self._descriptor >= 0:
            try:
                recorded = _count_records(self._descriptor, self._began_at)
            except OSError as error:
                self.note(error)
                recorded = self.written
            self._counted = min(self.written, recorded), max(0, recorded - self.written)
        return self._counted or (self.written, 0)


def _count_records(descriptor: int, start: int) -> int:
    """Count the complete records from a byte on, by their beginning and end, without those of type `system`."""
    count, rest = 0, b""
    while block := read_at(descriptor, _COUNT_BLOCK_BYTES, start):
        start += len(block)
        lines, newline, rest = (rest + block).rpartition(b"\n")
        lines = b"\n" + lines + newline
        count += lines.count(b"}}}\n") - lines.count(_SYSTEM_LINE)
    return count


class Damage:
    """The damage that a reader found in a journal, and left alone.

    Attributes:
        lines: How many complete lines are not records.
        numbers: The first of their line numbers, from 1.
        torn_bytes: Bytes of an incomplete last line.
    """

    __slots__ = ("lines", "numbers", "torn_bytes")

    def __init__(self) -> None:
        self.lines = 0
        self.numbers: list[int] = []
        self.torn_bytes = 0

    def __bool__(self) -> bool:
        return bool(self.lines or self.torn_bytes)

    def note(self, number: int) -> None:
        """Count a damaged line by its number."""
        self.lines += 1
        if len(self.numbers) < _DAMAGED_SHOWN:
            self.numbers.append(number)

    def sentence(self) -> str:
        """Return a sentence about the damage, or an empty string."""
        parts = []
        if self.lines:
            listed = ", ".join(map(str, self.numbers)) + (", ..." if self.lines > len(self.numbers) else "")
            parts.append(
                said(
                    "{lines} damaged line{s} skipped ({listed})",
                    lines=self.lines,
                    s="s" if self.lines > 1 else "",
                    listed=listed,
                )
            )
        if self.torn_bytes:
            parts.append(said("a half-written last line of {torn_bytes} bytes left out", torn_bytes=self.torn_bytes))
        return joined("; ", parts)


def is_record(document: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether a JSON document is one call of `log()`."""
    if type(document) is not dict or len(document) != 1:
        return False
    (body,) = document.values()
    return type(body) is dict and type(body.get("value")) is dict and type(body.get("sequence")) is dict


def with_clean_text(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose names every reader can show: a JSON escape may spell what is no text."""
    ((metrics_type, body),) = record.items()
    values, sequence = body["value"], body["sequence"]
    if isinstance(sequence.get("timestamp"), str):
        sequence["timestamp"] = clean(sequence["timestamp"])
    return {clean(metrics_type): {"value": {clean(name): values[name] for name in values}, "sequence": sequence}}


def _documents(text: str) -> Iterator[tuple[Any, int, int]]:
    """Yield the JSON documents of a line that is not one document: concatenated ones, or one after a torn one.

    Each comes with its beginning and end. A stretch of text that is not a document comes as None.
    """
    position, length, tries = 0, len(text), _SALVAGE_TRIES
    while position < length:
        try:
            document, end = _decode(text, position)
        except (ValueError, RecursionError):  # a JSONDecodeError is a ValueError, so is a number of 5,000 digits
            tries -= 1
            end = text.find('{"', position + 1) if tries else -1
            document, end = None, (end if end >= 0 else length)
        yield document, position, end
        while end < length and text[end] in _BLANK:
            end += 1
        position = end


def read_records(lines: Iterator[bytes] | BinaryIO, damage: Damage) -> Iterator[dict[str, Any]]:
    """Yield the records of a journal in the order written.

    In a last line without newline, which may still be growing, records count up to the first thing that is none, and
    within its first MiB.

    Args:
        lines: The journal's lines, each with its newline, such as an open binary file.
        damage: Notes what was left out.
    """
    for number, line in enumerate(lines, start=1):
        if len(line) > OPEN_LINE_BYTES and not line.endswith(b"\n"):
            beyond, line = len(line) - OPEN_LINE_BYTES, line[:OPEN_LINE_BYTES]
            yield from _salvage(line.decode("utf-8", "surrogateescape").lstrip(_BLANK), False, number, damage)
            damage.torn_bytes += beyond
            return
        try:
            text = line.decode("utf-8").strip(_BLANK)
            document, end = _decode(text) if text else (None, 0)
            if end == len(text) and is_record(document):
                yield with_clean_text(document) if "\\u" in text else document
                continue
        except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
            pass
        text = line.decode("utf-8", "surrogateescape").lstrip(_BLANK)
        if text:
            yield from _salvage(text, line.endswith(b"\n"), number, damage)


def _salvage(text: str, is_complete: bool, number: int, damage: Damage) -> Iterator[dict[str, Any]]:
    """Yield the records in a line that is not exactly one, and note once that there was something else."""
    is_damaged = False
    for document, start, end in _documents(text):
        if is_record(document) and _is_unicode(text[start:end]):
            yield with_clean_text(document)
        elif is_complete:
            is_damaged = True
        else:
            damage.torn_bytes = len(text[start:].encode("utf-8", "surrogateescape"))
            return
    if is_damaged:
        damage.note(number)


def whole_bytes(line: bytes) -> int:
    """Return how many bytes of a line without newline are whole records, which count although the line may go on.

    The line is cut where it is not read any more: see OPEN_LINE_BYTES.
    """
    text = line.decode("utf-8", "surrogateescape")
    documents = text.lstrip(_BLANK)
    reached = 0
    for document, start, end in _documents(documents):
        if not is_record(document) or not _is_unicode(documents[start:end]):
            break
        reached = len(text) - len(documents) + end
    return len(text[:reached].encode("utf-8", "surrogateescape"))


def _is_unicode(text: str) -> bool:
    """Tell whether no byte of a text was invalid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def open_regular(path: str | Path, is_buffered: bool = True) -> BinaryIO:
    """Open a regular file for reading, but never a link, a pipe or a device, which could block or lead elsewhere.

    Args:
        path: The file.
        is_buffered: Whether it is read in lines or small pieces.

    Raises:
        FileNotFoundError: It does not exist.
        DamagedError: It is not a regular file, or may not be read.
    """
    descriptor, _ = _descriptor_of_regular(path)
    return open(descriptor, "rb", -1 if is_buffered else 0)


def read_regular(path: str | Path, most_bytes: int) -> bytes:
    """Return the content of a small regular file, at most one byte more than `most_bytes`; errors as `open_regular`."""
    descriptor, size_bytes = _descriptor_of_regular(path)
    try:
        # A buffer for the largest possible document costs more than reading a usual one.
        return _read_fully(descriptor, min(size_bytes, most_bytes) + 1)
    finally:
        os.close(descriptor)


def _read_fully(descriptor: int, most_bytes: int) -> bytes:
    content = os.read(descriptor, most_bytes)
    while len(content) < most_bytes and (more := os.read(descriptor, most_bytes - len(content))):
        content += more
    return content


def _descriptor_of_regular(path: str | Path) -> tuple[int, int]:
    """Return a descriptor of a regular file, and its size in bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_BLOCK | NO_FOLLOW)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(path=path, reason=said("cannot be read ({strerror})", strerror=error.strerror)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise DamagedError(path=path, reason="is not a plain file")
    return descriptor, status.st_size
