"""Keeps what the process prints in `stdout.log`, readable: no colours, and of a progress bar its last state only.

What is printed still goes where it went, first and unchanged. A fault of the file never reaches the program. Only
complete lines are written, each with one `write`, so a killed process loses at most the line it was in.
"""

from __future__ import annotations

import os
import re
import sys
import threading

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

MAX_BYTES = 64 << 20
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_ERASES = re.compile(r"\x1b\[[02]?K")
_ERASE = "\x0b"  # stands for them: a control character that goes out in the end
_ERASED = re.compile(r"[^\x08]\x08|^\x08+")  # a character and the backspace behind it
_CONTROLS = re.compile(r"[\x00-\x07\x0b-\x1f\x7f]")
_MAX_LINE_CHARS = 1 << 20
_LONG_CHARS = 4096


def readable_line(line: str) -> str:
    """Return a line as it looked at last: after escapes, carriage returns and backspaces have done their work."""
    if "\r" in line:
        line = _ERASES.sub(_ERASE, line)
    line = _ESCAPES.sub("", line)
    if "\r" in line:
        line = _overwritten(line.split("\r"))
    while "\b" in line:
        line = _ERASED.sub("", line)
    return _CONTROLS.sub("", line).rstrip()


def _overwritten(parts: list[str]) -> str:
    """Return what is seen when each part is written over the beginning of the ones before."""
    seen = ""
    for part in parts:
        if _ERASE in part:
            seen = part.replace(_ERASE, "")
        elif part:
            seen = part + seen[len(part) :]
    return seen


class _Lines:
    """Takes text as it is printed and hands on complete lines. One for each stream, so that lines never mix."""

    def __init__(self) -> None:
        self.rest = ""

    def take(self, text: str) -> list[str]:
        whole = self.rest + text
        *lines, rest = whole.split("\n")
        if len(rest) > _LONG_CHARS and "\r" in rest:
            # A progress bar may go on for hours without a newline: only its last state is kept.
            rest = readable_line(rest)
        self.rest = rest[-_MAX_LINE_CHARS:]
        return lines


class OutputLog:
    """The `stdout.log` of one trial.

    Attributes:
        full: Whether the size limit was reached; from then on nothing more is kept.
    """

    def __init__(self, path: str, max_bytes: int = MAX_BYTES) -> None:
        """Open the log for appending.

        Raises:
            OSError: It cannot be opened.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o666)
        self._left_bytes = max_bytes - os.fstat(self._descriptor).st_size
        self._max_bytes = max_bytes
        self._pid = os.getpid()
        self._streams: dict[str, _Lines] = {}
        self.full = self._left_bytes <= 0

    def take(self, stream: str, text: str) -> None:
        """Keep what was printed to a stream."""
        if os.getpid() != self._pid:  # a forked child must not write the line that its parent has begun
            self._pid, self._streams = os.getpid(), {}
        lines = self._streams.setdefault(stream, _Lines()).take(text)
        if lines:
            self._write(lines)

    def _write(self, lines: list[str]) -> None:
        if self.full or self._descriptor < 0:
            return
        content = "".join(f"{readable_line(line)}\n" for line in lines).encode("utf-8", "backslashreplace")
        if len(content) > self._left_bytes:
            self.full = True
            content = f"[aimd: output beyond {self._max_bytes >> 20} MiB is not kept]\n".encode()
        try:
            self._left_bytes -= os.write(self._descriptor, content)
        except OSError:
            self.full = True

    def close(self) -> None:
        """Write what has no newline yet, and release the file."""
        for lines in self._streams.values():
            if lines.rest:
                self._write([lines.rest])
                lines.rest = ""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Tee:
    """Stands in for a stream whose `write` cannot be replaced: passes everything on, and shows it to the open logs."""

    def __init__(self, stream: Any, write: Callable[[str], Any]) -> None:
        self._aimd_stream = stream
        self.write = write

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aimd_stream, name)


class _Watched:
    """One of the process's streams, shown to the open logs.

    Its own `write` is replaced, not the stream: loggers that took hold of the stream before are heard too, and what
    asks for its type, buffer or terminal sees the real one.
    """

    def __init__(self, name: str, stream: Any) -> None:
        self.name = name
        self.stream = stream
        self.tee: _Tee | None = None
        real_write = stream.write
        self._replaced = vars(stream).get("write") if hasattr(stream, "__dict__") else None

        def write(text: str) -> Any:
            written = real_write(text)
            if isinstance(text, str):
                _show(name, text)
            return written

        self._write = write
        try:
            stream.write = write
        except (AttributeError, TypeError):
            self.tee = _Tee(stream, write)
            setattr(sys, name, self.tee)

    def restore(self) -> bool:
        """Put things back; False when somebody has put something over it since, which then stays."""
        if self.tee is not None:
            if getattr(sys, self.name) is not self.tee:
                return False
            setattr(sys, self.name, self.stream)
            return True
        if vars(self.stream).get("write") is not self._write:
            return False
        if self._replaced is None:
            del self.stream.write
        else:
            self.stream.write = self._replaced
        return True


_logs: list[OutputLog] = []
_lock = threading.RLock()  # a signal's handler may end a trial in the middle of a `take`
_watched: dict[str, _Watched] = {}


def _show(stream: str, text: str) -> None:
    for log in list(_logs):
        with _lock:
            log.take(stream, text)


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def start(path: str) -> OutputLog:
    """Begin to keep what this process prints in the file at `path`.

    Raises:
        OSError: It cannot be opened.
    """
    log = OutputLog(path)
    _logs.append(log)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or any(stream is one.stream or stream is one.tee for one in _watched.values()):
            continue  # closed, watched already, or one stream for both
        before = _watched.pop(name, None)
        if before is not None:
            before.restore()  # another stream is in its place now, which may well write to it: heard once is enough
        _watched[name] = _Watched(name, stream)
    return log


def stop(log: OutputLog) -> None:
    """End what `start` began; the streams are as before when no other trial keeps output."""
    if log in _logs:
        _logs.remove(log)
    with _lock:
        log.close()
    if not _logs:
        for name in [name for name, watched in _watched.items() if watched.restore()]:
            del _watched[name]
