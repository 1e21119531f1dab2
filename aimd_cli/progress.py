"""Shows the progress of a transfer on stderr: a bar on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimd_cli import output, text
from aimd_core.format.layout import JOURNAL_FILES
from aimd_core.language import said, translated
from aimd_core.reading.documents import Trial
from aimd_core.upload.remote import Watching

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_INTERVAL_S = 10.0


def journal_bytes(trials: Sequence[Trial]) -> int:
    """Return the current size of some trials' journals, in bytes."""
    total = 0
    for trial in trials:
        for file in JOURNAL_FILES:
            try:
                total += (trial.path / file).lstat().st_size
            except OSError:
                continue
    return total


class TransferProgress(Watching):
    """The progress of several trials in one display, in bytes. Use it as a context manager; any thread may report.

    Attributes:
        done: How many trials have ended.
        sent_bytes: How many bytes came or went so far.
    """

    def __init__(self, verb: str, count: int, total_bytes: int, what: str = "trials") -> None:
        """Prepare a display.

        Args:
            verb: The activity, such as `Uploading`.
            count: How many trials there are.
            total_bytes: The most that is expected; 0 if unknown.
            what: What there is instead of trials.
        """
        self._what = what
        self._verb = verb
        self._count = count
        self._total_bytes = total_bytes
        self.done = 0
        self.sent_bytes = 0
        self._started_s = self._said_s = time.monotonic()
        self._lock = threading.Lock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> TransferProgress:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task(translated(self._verb), total=self._total_bytes or None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, trial: Trial) -> None:
        """A trial has started."""
        self._show()

    def end(self, trial: Trial) -> None:
        """A trial has ended, well or not; bytes that were not sent already existed."""
        self.done += 1
        self._show()

    def advance(self, sent_bytes: int) -> None:
        """More bytes were sent."""
        with self._lock:
            self.sent_bytes += sent_bytes
        self._show()

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            what = f"{translated(self._verb)} {self.done}/{self._count}"
            total = max(self._total_bytes, self.sent_bytes) or None  # files and artifacts come on top of the journals
            self._bar.update(self._task, description=what, completed=self.sent_bytes, total=total)
            return
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._said_s < LINE_INTERVAL_S:
                return
            self._said_s = now_s
        rate = self.sent_bytes / (now_s - self._started_s)
        left_s = (self._total_bytes - self.sent_bytes) / rate if rate and self._total_bytes else None
        left = said(", {duration} left", duration=text.duration(max(0.0, left_s))) if left_s is not None else ""
        output.say(
            said(
                "{verb}: {done} of {count} {what}, {sent_bytes} so far, {rate}/s{left}",
                verb=said(self._verb),
                what=said(self._what),
                done=self.done,
                count=self._count,
                sent_bytes=text.size(self.sent_bytes),
                rate=text.size(rate),
                left=left,
            )
        )


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), DownloadColumn())
    console = Console(stderr=True, no_color=not output.wants_color())
    return Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console, transient=True)
