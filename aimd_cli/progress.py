"""How far an upload is: a bar on a terminal, a plain line every ten seconds elsewhere. All on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimd_cli import output, text
from aimd_core.store import JOURNAL_FILES, Trial

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_INTERVAL_S = 10.0


def _journal_bytes(trial: Trial) -> int:
    total = 0
    for file in JOURNAL_FILES:
        try:
            total += (trial.path / file).lstat().st_size
        except OSError:
            continue
    return total


class UploadProgress:
    """Progress over several trials, counted in the bytes of their journals. Use it as a context manager."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self._count = len(trials)
        self._total_bytes = sum(map(_journal_bytes, trials))
        self._sent_bytes = 0
        self._begun = 0
        self._started_s = self._said_s = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> UploadProgress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
            console = Console(stderr=True, no_color=not output.wants_color())
            self._bar = Progress(
                *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console, transient=True
            )
            self._task = self._bar.add_task("Uploading", total=self._total_bytes or None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, trial: Trial) -> None:
        """Say that a trial's turn has come."""
        self._begun += 1
        if self._bar is not None and self._task is not None:
            name = text.clean(trial.alternative_name)
            self._bar.update(self._task, description=f"{self._begun}/{self._count} {name}")

    def advance(self, sent_bytes: int) -> None:
        """Say that so many more bytes were sent."""
        self._sent_bytes += sent_bytes
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, sent_bytes)
            return
        now_s = time.monotonic()
        if now_s - self._said_s >= LINE_INTERVAL_S:
            self._said_s = now_s
            rate = self._sent_bytes / (now_s - self._started_s)
            output.say(
                f"upload: trial {self._begun} of {self._count}, {text.size(self._sent_bytes)} sent, {text.size(rate)}/s"
            )
