"""The live screen's data from disk: all trials at the cost of what is new, and curves only when they have grown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from aimd_cli.commands.trial.curves import read_curve
from aimd_cli.commands.trial.describe import details_of
from aimd_cli.screen.panes import Looked
from aimd_cli.text import printed_line
from aimd_cli.views.curve import Curve
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.layout import METRICS_FILE, OUTPUT_FILE, TRIALS_DIRECTORY
from aimd_core.reading.changes import Watch
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import Facts
from aimd_core.reading.output import read_lines
from aimd_core.sources.local import DirectorySource, LocalTrial

_KEPT_CURVES = 64


class LocalSources:
    """The trials of a directory, as a `aimd_cli.screen.panes.Sources`."""

    def __init__(self, directory: Path) -> None:
        """Take a working directory that holds `.aimd/trials`, or a directory that holds trials."""
        self.location = _short(directory)
        self._directory = directory
        self._index = Watch(directory=directory)
        self._curves: dict[tuple[str, str, str], tuple[tuple[int, ...], Curve]] = {}

    def look(self, with_facts: bool) -> Looked:
        """Return the current trials."""
        return Looked(self._index.look(with_facts), self._index.unread_count)

    def _trial(self, row: Facts) -> LocalTrial:
        nested = self._directory / TRIALS_DIRECTORY
        path = (nested if nested.is_dir() else self._directory) / row.alternative_name
        return DirectorySource(self._directory).handle(Trial(path))

    def curve(self, row: Facts, metric: str, axis: str) -> Curve:
        """Return a metric of a trial, read again only if its journal has changed."""
        trial = self._trial(row)
        directory = trial.directory()
        key = (row.alternative_name, metric, axis)
        size = (*_size(directory / METRICS_FILE), *_size(directory / SEGMENTS_FILE))
        cached = self._curves.pop(key, None)
        if cached is None or cached[0] != size:
            cached = (size, read_curve(trial, metric, axis))
        self._curves[key] = cached  # the most recently used is last
        if len(self._curves) > _KEPT_CURVES:
            del self._curves[next(iter(self._curves))]
        return cached[1]

    def detail(self, row: Facts) -> TrialDetail:
        """Return everything known about a trial."""
        return details_of([self._trial(row)])[0]

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed."""
        try:
            return [printed_line(line) for line in read_lines(self._trial(row).directory() / OUTPUT_FILE, lines)]
        except FileNotFoundError:
            return ()


def _size(path: Path) -> tuple[int, int]:
    try:
        status = path.lstat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_ino


def _short(directory: Path) -> str:
    """Return a directory in short form."""
    absolute, home = str(directory.absolute()), os.path.expanduser("~")
    return f"~{absolute[len(home) :]}" if absolute.startswith(home + os.sep) else absolute
