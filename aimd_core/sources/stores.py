"""Runs in another tracker's store, read in place: trials that every command reads, and none changes.

Who reads such a store is handed in: a function that returns a directory which holds its runs as trials, up to date. So
the core knows the format of no other tracker.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from aimd_core.errors import ReadOnlyStoreError
from aimd_core.format.labels import Labels
from aimd_core.format.layout import absolute
from aimd_core.format.saved_views import Baseline, SavedView
from aimd_core.reading.documents import Trial
from aimd_core.sources.handles import TrashEntry
from aimd_core.sources.local import DirectorySource, LocalTrial
from aimd_core.sources.views import DirectoryViews, Views

StoreReader = Callable[[Path], "Path | None"]  # from a path to a directory of trials; None: it is no such store


class StoreTrial(LocalTrial):
    """A run in another tracker's store."""

    _source: StoreSource

    @property
    def source(self) -> StoreSource:
        """The store."""
        return self._source

    @property
    def address(self) -> str:
        """The store's path and the run's name in it."""
        return f"{self._source.location}/{self.alternative_name}"

    @property
    def home(self) -> StoreSource:
        """The store."""
        return self._source

    def set_tags(self, tags: list[str], remove: bool = False) -> Labels:
        """Refuse: the store is only read."""
        self._source.refuse()

    def set_note(self, note: str) -> Labels:
        """Refuse: the store is only read."""
        self._source.refuse()

    def rename(self, name: str, force: bool = False) -> str:
        """Refuse: the store is only read."""
        self._source.refuse()

    def move(self, target: str, make: bool = False) -> str:
        """Refuse: the store is only read."""
        self._source.refuse()

    def remove(self) -> str:
        """Refuse: the store is only read."""
        self._source.refuse()


class StoreSource(DirectorySource):
    """The runs of another tracker's store.

    Attributes:
        store: The store's path.
    """

    def __init__(self, store: Path, trials: Path) -> None:
        """Take a store, and the directory that holds its runs as trials."""
        super().__init__(trials)
        self.store = store

    def refuse(self) -> NoReturn:
        """Refuse a change.

        Raises:
            ReadOnlyStoreError: Always.
        """
        raise ReadOnlyStoreError(store=self.store)

    @property
    def location(self) -> str:
        """The store's path."""
        return str(absolute(self.store))

    @property
    def address(self) -> str:
        """The store's path, as it was named."""
        return str(self.store)

    @property
    def views(self) -> Views:
        """None, and none can be saved."""
        return _NoViews(self)

    def handle(self, trial: Trial) -> StoreTrial:
        """Return a run as a trial of this source."""
        return StoreTrial(self, trial)

    def named(self, name: str) -> LocalTrial:
        """Return the run with a name, also after the store's path."""
        return super().named(name.removeprefix(f"{self.location}/").removeprefix(f"{self.store}/"))

    def trash(self) -> list[TrashEntry]:
        """Return nothing: a store has no trash."""
        return []


class _NoViews(DirectoryViews):
    """The views of a store: there are none, and none can be saved."""

    def __init__(self, source: StoreSource) -> None:
        super().__init__(source.path)
        self._source = source

    def save(self, name: str, view: SavedView, is_shared: bool = False) -> None:
        """Refuse: the store is only read."""
        self._source.refuse()

    def put(self, name: str, view: SavedView, is_shared: bool, replace: bool) -> str:
        """Refuse: the store is only read."""
        self._source.refuse()

    def remove(self, name: str, is_shared: bool = False) -> None:
        """Refuse: the store is only read."""
        self._source.refuse()

    def set_baseline(self, baseline: Baseline | None) -> None:
        """Refuse: the store is only read."""
        self._source.refuse()
