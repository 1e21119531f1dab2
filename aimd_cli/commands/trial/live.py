"""The live screen's data from disk: all trials at the cost of what is new, and curves only when they have grown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from aimd_cli.commands.trial.curve_memory import CurveMemory, Key
from aimd_cli.commands.trial.curves import read_several_curves
from aimd_cli.commands.trial.describe import details_of
from aimd_cli.commands.trial.live_actions import LiveActions
from aimd_cli.screen.panes import Looked
from aimd_cli.text import printed_line
from aimd_cli.views.curve import Curve
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.format.journal import SEGMENTS_FILE
from aimd_core.format.layout import METRICS_FILE, OUTPUT_FILE, absolute, parent_of_trials
from aimd_core.reading.changes import Watch
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import Facts
from aimd_core.reading.output import read_lines
from aimd_core.sources.local import DirectorySource, LocalTrial
from aimd_core.sources.stores import StoreSource

if TYPE_CHECKING:
    from aimd_core.sources.views import Views


class LocalSources(LiveActions):
    """The trials of a directory, as a `aimd_cli.screen.panes.Sources`."""

    def __init__(self, directory: Path) -> None:
        """Take a working directory that holds `.aimd/trials`, or a directory that holds trials."""
        self.location = _short(directory)
        self._directory = directory
        self._index = Watch(directory=directory)
        self._curves = CurveMemory()

    def look(self, with_facts: bool) -> Looked:
        """Return the current trials."""
        rows = self._index.look(with_facts)
        return Looked(rows, self._index.unread_count, self.baseline_id() if rows else "")

    @property
    def _source(self) -> DirectorySource:
        return DirectorySource(self._directory)

    @property
    def _views(self) -> Views:
        return self._source.views

    @property
    def _turn(self) -> AbstractContextManager[object]:
        return nullcontext()  # each trial is read on its own

    def _handle(self, row: Facts) -> LocalTrial:
        return self._source.handle(Trial(parent_of_trials(self._directory) / row.alternative_name))

    def curve(self, row: Facts, metric: str, axis: str) -> Curve:
        """Return a metric of a trial, read again only if its journal has changed."""
        return self.curves(row, [metric], axis)[0]

    def curves(self, row: Facts, metrics: Sequence[str], axis: str, ahead: Sequence[str] = ()) -> list[Curve]:
        """Return metrics of a trial, read again only if its journal has changed."""
        trial = self._handle(row)
        directory = trial.directory()
        size = (*_size(directory / METRICS_FILE), *_size(directory / SEGMENTS_FILE))

        def states(names: Sequence[str]) -> list[tuple[Key, object]]:
            return [((row.alternative_name, metric, axis), size) for metric in names]

        return self._curves.take(
            states(metrics),
            states(ahead),
            lambda missing: read_several_curves(trial, [metric for _, metric, _ in missing], axis),
        )

    def detail(self, row: Facts) -> TrialDetail:
        """Return everything known about a trial."""
        return details_of([self._handle(row)])[0]

    def output(self, row: Facts, lines: int) -> Sequence[str]:
        """Return the last lines that a trial printed."""
        try:
            return [printed_line(line) for line in read_lines(self._handle(row).directory() / OUTPUT_FILE, lines)]
        except FileNotFoundError:
            return ()


class StoreSources(LocalSources):
    """The runs in another tracker's store, read in place and again when it has changed."""

    def __init__(self, store: Path, trials: Path) -> None:
        """Take a store, and the directory that has its runs as trials, as `trials_of` returned it."""
        super().__init__(trials)
        self.location = _short(store)
        self._store = store

    def look(self, with_facts: bool) -> Looked:
        """Return the current runs; what cannot be read of them was said before the screen opened."""
        from aimd_cli.importing.in_place import trials_of

        trials_of(self._store, say=lambda _: None)
        return super().look(with_facts)

    @property
    def _source(self) -> StoreSource:
        return StoreSource(self._store, self._directory)


def _size(path: Path) -> tuple[int, int]:
    try:
        status = path.lstat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_ino


def _short(directory: Path) -> str:
    """Return a directory in short form."""
    whole, home = str(absolute(directory)), os.path.expanduser("~")
    return f"~{whole[len(home) :]}" if whole.startswith(home + os.sep) else whole
