"""The file `segments` of a trial directory: where points were superseded, and where they come from.

What was recorded never changes; a line here says what no longer counts. A `resume` line says that, in the first
`offset` bytes of `metrics`, the points from a step on are superseded; points without a step never are, nor those of
type `system`, whose steps are seconds. A `fork` line says whose points the first bytes are. Only `mask` decides which
records count, and every reader of points uses it: it blanks superseded lines, so that line numbers stay correct.
Format: docs/reference/trial-format.md.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.journal import SEGMENTS_FILE, Damage, JournalWriter, open_regular, read_records
from aimd_core.format.layout import MEDIA_FILE, METRICS_FILE
from aimd_core.format.values import step_of
from aimd_core.language import said

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

RESUME, FORK = "resume", "fork"
SYSTEM_TYPE = "system"  # metrics of the machine, which continue whatever training does
MAX_BYTES = 4 << 20  # some 30,000 lines; nobody records a larger file
# The end of a record as the SDK writes it. If a line has it, and no other `sequence`, this is its step.
_TAIL = re.compile(
    rb'"sequence": \{"epoch": (?:null|-?[0-9]+), "step": (-?[0-9]{1,18}), "timestamp": "[^"\n]*"\}\}\}\n'
)


class Resume(NamedTuple):
    """Recording continued from an earlier step.

    Attributes:
        from_step: The first step that was recorded again.
        offset: How many bytes of `metrics` there were.
        timestamp: When, ISO 8601, or empty.
        media_offset: How many bytes of `media` there were.
    """

    from_step: int
    offset: int
    timestamp: str = ""
    media_offset: int = 0


class Fork(NamedTuple):
    """The trial begins with another one's points.

    Attributes:
        parent: The id of that trial.
        parent_name: Its alternative name.
        from_step: The first step that is the trial's own.
        offset: How many bytes of `metrics` are the parent's.
        timestamp: When, ISO 8601, or empty.
    """

    parent: str
    parent_name: str
    from_step: int
    offset: int
    timestamp: str = ""


class Segments:
    """The content of a `segments` file.

    Attributes:
        resumes: The resumptions, in the order written.
        fork: The beginning of a fork, or None.
    """

    __slots__ = ("_limits", "_media_limits", "fork", "resumes")

    def __init__(self, resumes: tuple[Resume, ...] = (), fork: Fork | None = None) -> None:
        self.resumes = resumes
        self.fork = fork
        self._limits = _limits_of([(resume.offset, resume.from_step) for resume in resumes])
        self._media_limits = _limits_of([(resume.media_offset, resume.from_step) for resume in resumes])

    def __bool__(self) -> bool:
        return bool(self.resumes or self.fork)

    @property
    def reach(self) -> int:
        """How many bytes of the journal may contain superseded lines."""
        return self._limits[-1][0] if self._limits else 0

    def documents(self) -> list[dict[str, Any]]:
        """Return what the file says as plain data, the fork first, as its lines have it."""
        lines: list[tuple[str, Fork | Resume]] = [(RESUME, resume) for resume in self.resumes]
        if self.fork is not None:
            lines.insert(0, (FORK, self.fork))
        return [_document(kind, line) for kind, line in lines]

    def mark(self) -> list[list[int]]:
        """Return JSON data by which readers with saved totals recognise other segments."""
        return [list(limit) for limit in self._limits]

    def mask(self, lines: bytes, start: int) -> bytes:
        """Return lines of a journal with superseded ones blanked.

        Args:
            lines: Complete lines, of which the last may lack its newline.
            start: The position of the first line in the journal.
        """
        if start >= self.reach:
            return lines
        pieces, position = [], 0
        for end, limit in self._limits:
            if start + position < end and position < len(lines):
                cut = lines.find(b"\n", end - start - 1) + 1 or len(lines)  # after the last line that begins before
                pieces.append(_masked(lines[position:cut], limit))
                position = cut
        return b"".join([*pieces, lines[position:]])

    def limits_within(self, start: int, end: int) -> list[int | None]:
        """Return the first step that no longer counts, or None, for the lines that begin between two bytes.

        There are several if a resumption was between them.
        """
        limits: list[int | None] = []
        for offset, limit in self._limits:
            if start < offset:
                limits.append(limit)
                start = offset
            if start >= end:
                return limits
        return [*limits, None]

    @property
    def media_limits(self) -> list[tuple[int, int]]:
        """What counts of `media`: of the lines before each byte, those of steps below a limit; for later ones, all."""
        return [limit for limit in self._media_limits if limit[0]]

    def before(self, step: int, size_bytes: int) -> Segments:
        """Return segments in which, of the first bytes, also everything from a step on no longer counts."""
        return Segments((*self.resumes, Resume(step, size_bytes)), self.fork)


def _limits_of(cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the cuts that matter, by position: lines before the first number count for steps below the second."""
    limits: list[tuple[int, int]] = []
    for offset, from_step in sorted(cuts, key=lambda cut: -cut[0]):
        if not limits or from_step < limits[-1][1]:
            limits.append((offset, from_step))
    return limits[::-1]


def _document(kind: str, segment: Resume | Fork) -> dict[str, Any]:
    """Return what a line says, without what most have not."""
    document = {"kind": kind, **segment._asdict()}
    if not document.get("media_offset"):
        document.pop("media_offset", None)
    return document


def counts_at(limits: list[tuple[int, int]], offset: int, step: int) -> bool:
    """Tell whether a line of `media` counts, by `Segments.media_limits`, where it begins, and its step."""
    return all(step < limit for end, limit in limits if offset < end)


def _masked(lines: bytes, limit: int) -> bytes:
    if _are_all_below(lines, limit):
        return lines
    return b"".join(_masked_line(line, limit) for line in io.BytesIO(lines))


def _are_all_below(lines: bytes, limit: int) -> bool:
    """Tell whether all lines are in the SDK's form, with steps below the limit."""
    steps = _TAIL.findall(lines)
    count = lines.count(b"\n")
    is_plain = len(steps) == count == lines.count(b'"sequence"') and b"\\" not in lines
    return is_plain and max(map(int, steps), default=limit - 1) < limit


def _masked_line(line: bytes, limit: int) -> bytes:
    records = list(read_records(iter([line]), Damage()))
    kept = [record for record in records if not _is_superseded(record, limit)]
    if len(kept) == len(records):
        return line
    end = b"\n" if line.endswith(b"\n") else b""
    return b"".join(json.dumps(record).encode() for record in kept) + end


def _is_superseded(record: dict[str, Any], limit: int) -> bool:
    ((metrics_type, body),) = record.items()
    step = step_of(body["sequence"].get("step"))
    return step is not None and step >= limit and metrics_type != SYSTEM_TYPE


def parse_segments(content: bytes) -> Segments:
    """Parse the lines of a `segments` file, ignoring unknown kinds and damaged ones."""
    resumes: list[Resume] = []
    fork: Fork | None = None
    for line in content.split(b"\n"):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(document, dict) or not _has_place(document):
            continue
        from_step, offset, when = document["from_step"], document["offset"], document.get("timestamp")
        timestamp = when if isinstance(when, str) else ""
        if document.get("kind") == RESUME:
            media_offset = document.get("media_offset")
            if type(media_offset) is not int or media_offset < 0:
                media_offset = 0
            resumes.append(Resume(from_step, offset, timestamp, media_offset))
        elif document.get("kind") == FORK and isinstance(document.get("parent"), str) and fork is None:
            name = document.get("parent_name")
            parent_name = name if isinstance(name, str) else ""
            fork = Fork(document["parent"], parent_name, from_step, offset, timestamp)
    return Segments(tuple(resumes), fork)


def segment_faults(content: bytes) -> list[int]:
    """Return the numbers, from 1, of the lines that are not JSON objects; unknown kinds are not faults."""
    faults = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            is_object = not line or isinstance(json.loads(line), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            faults.append(number)
    return faults


def _has_place(document: dict[str, Any]) -> bool:
    from_step, offset = document.get("from_step"), document.get("offset")
    return type(from_step) is int and type(offset) is int and offset >= 0 and step_of(from_step) is not None


def read_segments(trial: str | os.PathLike[str]) -> Segments:
    """Return the segments of a trial directory, empty if it has no such file.

    Raises:
        DamagedError: The file is not a regular file, may not be read, or is too large.
    """
    path = os.path.join(trial, SEGMENTS_FILE)
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return Segments()
    except NotADirectoryError:
        return Segments()
    with file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DamagedError(path=path, reason=said("is larger than {max_bytes} MiB", max_bytes=MAX_BYTES >> 20))
    return parse_segments(content)


def append_resume(trial: str | os.PathLike[str], from_step: int, timestamp: str) -> None:
    """Note durably that recording continues from a step: what there is of `metrics` and `media` by now counts below it.

    Raises:
        OSError: The disk refused.
    """
    offset, media_offset = (_size_of(os.path.join(trial, file)) for file in (METRICS_FILE, MEDIA_FILE))
    append_segment(trial, Resume(from_step, offset, timestamp, media_offset))


def _size_of(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def append_segment(trial: str | os.PathLike[str], segment: Resume | Fork) -> None:
    """Append a line durably.

    Raises:
        OSError: The disk refused.
    """
    kind = FORK if isinstance(segment, Fork) else RESUME
    line = json.dumps(_document(kind, segment)).encode() + b"\n"
    writer = JournalWriter(os.path.join(trial, SEGMENTS_FILE))
    try:
        if not writer.append(line) or not writer.sync():
            raise writer.error or OSError(errno.EIO, os.strerror(errno.EIO))
    finally:
        writer.close()
