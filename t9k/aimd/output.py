"""Records the process's output in `stdout.log` as a terminal shows it: no colours, progress bars in their last state.

Output still goes where it went, first and unchanged. A fault of the file never reaches the program. Only final lines
are written (`aimd_core.format.terminal`), those of one print with one `write`. So a killed process loses at most the
unfinished line, and bars that could still change with at most eight lines above them.
"""

from __future__ import annotations

import os
import sys
import threading

from aimd_core.format.append_file import AppendFile
from aimd_core.format.terminal import Terminal

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

MAX_BYTES = 64 << 20


class OutputLog(AppendFile):
    """The `stdout.log` of one trial. Its copies, and forked children, open it for themselves.

    Attributes:
        full: Whether the size limit was reached, after which nothing more is recorded.
    """

    def __init__(
        self,
        path: str,
        max_bytes: int = MAX_BYTES,
        open_now: bool = True,
        on_fault: Callable[[OSError], None] | None = None,
    ) -> None:
        """Open the log for appending, or if told to wait, at the first line.

        Args:
            path: The log.
            max_bytes: The size limit.
            open_now: Whether to open it at once.
            on_fault: Called if lines cannot be written; a line in the log says later where some are missing.

        Raises:
            OSError: It cannot be opened.
        """
        super().__init__(path)
        self._max_bytes = max_bytes
        self._on_fault = on_fault
        self._has_gap = False  # lines are missing at the end
        self._streams: dict[str, Terminal] = {}  # one per stream, so that their lines never mix
        self._left_bytes = max_bytes
        self._has_ended = False
        self.full = False
        if open_now:
            self.open()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self._max_bytes, False, self._on_fault)

    def start_anew(self) -> None:
        """Start over in a forked child, which must not write the line that its parent has begun."""
        super().start_anew()
        self._streams = {}

    def open(self) -> None:
        """Open the log, if it is not open. Errors as for the constructor."""
        if not self.is_open:
            super().open()
            self._left_bytes = self._max_bytes - os.fstat(self._descriptor).st_size
            self.full = self._left_bytes <= 0

    def take(self, stream: str, text: str) -> None:
        """Record what was printed to a stream."""
        if self.full:
            return
        if stream not in self._streams:
            self._streams[stream] = Terminal()
        lines = self._streams[stream].take(text)
        if lines:
            above = [line for name, other in self._streams.items() if name != stream for line in other.settle()]
            self._write(above + lines)

    def _write(self, lines: list[str]) -> None:
        if self.full or self._has_ended:
            return
        content = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
        if self._has_gap:
            content = b"\n[aimd: some lines are missing here, which could not be written]\n" + content
        try:
            self.open()
            if len(content) > self._left_bytes:
                self.full = True
                content = f"[aimd: output beyond {self._max_bytes >> 20} MiB is not kept]\n".encode()
            self._append(content)
            self._has_gap = False
        except OSError as error:
            if self.leave_if_lost():  # somebody closed it: open it again
                self._write(lines)
                return
            self._has_gap = True
            if self._on_fault is not None:
                self._on_fault(error)

    def _append(self, content: bytes) -> None:
        if self.is_deleted():
            AppendFile.close(self)
            self.open()
        while content:
            done = os.write(self._descriptor, content)
            self._left_bytes -= done
            content = content[done:]

    def close(self) -> None:
        """Write what was not final yet, and release the file; after that nothing more is recorded."""
        for terminal in self._streams.values():
            lines = terminal.finish()
            if lines:
                self._write(lines)
        self._has_ended = True
        super().close()


class _Tee:
    """Replaces a stream whose `write` cannot be replaced: passes everything on, and to the open logs."""

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
    """A stream of the process that the open logs record.

    Its `write` is replaced, not the stream: loggers that already hold the stream are recorded too, and code that asks
    for its type, buffer or terminal sees the real one.
    """

    def __init__(self, name: str, stream: Any) -> None:
        self.name = name
        self.stream = stream
        self.tee: _Tee | None = None
        self.is_off = False
        real_write = stream.write
        self._replaced = vars(stream).get("write") if hasattr(stream, "__dict__") else None

        def write(text: str) -> Any:
            written = real_write(text)
            if isinstance(text, str) and not self.is_off:
                _show(name, text)
            return written

        self._write = write
        try:
            stream.write = write
        except (AttributeError, TypeError):
            self.tee = _Tee(stream, write)
            setattr(sys, name, self.tee)

    def is_in_place(self) -> bool:
        """Tell whether what is printed comes here first."""
        if self.tee is not None:
            return getattr(sys, self.name) is self.tee
        return vars(self.stream).get("write") is self._write

    def restore(self) -> bool:
        """Restore `write`; return False if somebody else has replaced it since, which then stays."""
        if not self.is_in_place():
            return False
        if self.tee is not None:
            setattr(sys, self.name, self.stream)
        elif self._replaced is None:
            del self.stream.write
        else:
            self.stream.write = self._replaced
        return True


_logs: list[OutputLog] = []
_lock = threading.RLock()  # a signal handler may end a trial in the middle of a `take`
_watched: dict[str, _Watched] = {}
_shell: Any = None  # of IPython, whose cells are watched


def _show(stream: str, text: str) -> None:
    for log in list(_logs):
        with _lock:
            log.take(stream, text)


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held the lock


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def start(path: str, on_fault: Callable[[OSError], None] | None = None) -> OutputLog:
    """Start recording this process's output in the file at `path`. Faults are reported as by `OutputLog`.

    Raises:
        OSError: It cannot be opened.
    """
    log = OutputLog(path, on_fault=on_fault)
    _logs.append(log)
    _watch()
    _watch_cells()
    return log


def _watch() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not callable(getattr(stream, "write", None)) or any(
            watched.is_in_place() and (stream is watched.stream or stream is watched.tee)
            for watched in _watched.values()
        ):
            continue  # none, already watched, or one stream for both
        before = _watched.pop(name, None)
        if before is not None:
            before.restore()  # another stream or `write` has replaced it, which may write to it;
            before.is_off = True  # recording once is enough
        _watched[name] = _Watched(name, stream)


def _watch_cells() -> None:
    """Watch again before each cell of a notebook: IPython undoes after a cell what the cell did to `write`."""
    global _shell
    if "IPython" not in sys.modules:
        return
    from t9k.aimd.shell import current_shell  # scripts have none

    shell = current_shell()
    if shell is not None and shell is not _shell:
        _shell = shell
        shell.events.register("pre_run_cell", _before_cell)


def _before_cell(*_: object) -> None:
    if _logs:
        _watch()


def keep_traceback(log: OutputLog, error: BaseException) -> None:
    """Record what Python prints about an uncaught exception."""
    import traceback

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    with _lock:
        log.take("stderr", text)


def stop(log: OutputLog) -> None:
    """Stop recording; the streams are restored when no other trial records output."""
    if log in _logs:
        _logs.remove(log)
    with _lock:
        log.close()
    if not _logs:
        for name in [name for name, watched in _watched.items() if watched.restore()]:
            del _watched[name]
