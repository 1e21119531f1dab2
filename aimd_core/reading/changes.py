"""What has changed in trials since the last look, at the cost of what is new.

`Watch` has their facts, for those who show them. `States` and `Changes` read no journals, for those who pass files on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import unlisted
from aimd_core.format.layout import (
    ALL_FILES,
    DOCUMENTS_PART,
    last_write_s,
    list_names,
    signature_of,
    sure_signature,
)
from aimd_core.reading.cache import IndexCache, MemoryCache
from aimd_core.reading.directory import TrialIndex
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import Facts, newest_first

_READ_MOST, _QUICK_S = 8000, 0.3


class Look(NamedTuple):
    """A trial at one moment: its directory, the signature of its files, and its state."""

    path: Path
    signature: bytes
    state: str


class States:
    """The states of trials, checked repeatedly: documents are read if they changed, journals never."""

    def __init__(self) -> None:
        """Start without any trials."""
        self._read: dict[Path, tuple[bytes, Facts]] = {}

    def look(self, path: Path) -> Look:
        """Look at a trial now."""
        signature = signature_of(path, ALL_FILES)
        last = self._read.get(path)
        if last is None or last[0] != signature[DOCUMENTS_PART]:
            self._read[path] = last = sure_signature(signature)[DOCUMENTS_PART], Trial(path).standing()
        last[1].derive(last_write_s(path, signature))
        return Look(path, signature, last[1].state)


class Changes(States):
    """Which trials have changed, in files or state, since they were last settled."""

    def __init__(self) -> None:
        """Start with every trial as changed."""
        super().__init__()
        self._settled: dict[Path, Look] = {}

    def changed(self, looks: Iterable[Look]) -> list[Look]:
        """Return those that have changed since they were settled."""
        return [look for look in looks if self._settled.get(look.path) != look]

    def settle(self, look: Look) -> None:
        """Treat a trial as unchanged as long as it equals this look."""
        self._settled[look.path] = look

    def forget(self) -> None:
        """Treat every trial as changed again."""
        self._settled.clear()


class Pace(NamedTuple):
    """How much one look does.

    Attributes:
        read_first: How many trials the first look reads.
        read: How many each of the others reads while none is quick.
        checked: How many ended trials a look checks, which takes about 15 ms.
    """

    read_first: int = 100
    read: int = 1000
    checked: int = 1000


class Watch:
    """Trials as facts, checked repeatedly at the cost of what is new.

    The next look sees new, removed, unfinished and recently changed trials; a change to one that ended long ago is seen
    within `len(trials) / 1000` looks. In a directory with many trials the newest hundred come first and the rest in
    thousands, so that no look takes long.

    Attributes:
        read_count: How many trials the last look had to read, at least in part.
        unread_count: How many trials of the directory the last look left for the next.
    """

    def __init__(self, paths: Sequence[Path] = (), directory: Path | None = None, pace: Pace | None = None) -> None:
        """Take what to watch, without reading it.

        Args:
            paths: Directories of trials, in the order of the answers.
            directory: Instead of them: a working directory that holds `.aimd/trials`, or a directory of trials, all of
                which are watched. It may not exist yet.
            pace: How much one look does.
        """
        self._pace = pace or Pace()
        self.paths = [path.absolute() for path in paths]
        self.directory = directory
        self.read_count = self.unread_count = 0
        self._trials: dict[Path, Facts] = {}
        self._signatures: dict[Path, bytes] = {}
        self._memories: dict[Path, MemoryCache] = {}
        self._remembered: set[Path] = set()
        self._batch = self._pace.read  # how many unread trials the next look takes
        self._checked = 0  # where the next look continues with ended trials
        self._has_facts = False

    def look(self, with_facts: bool = True) -> list[Facts]:
        """Return the current trials, in the order of their paths, or of a directory newest first.

        Args:
            with_facts: Whether to include `git` and `platform`; once included, they always are.

        Raises:
            NoTrialsError: The directory cannot be listed.
        """
        paths = self._listed()
        self._forget_others(paths)
        if with_facts and not self._has_facts:
            self._has_facts = True
            self._signatures.clear()  # so that all are read again from the cache
        signatures = {path: signature_of(path) for path in self._due(paths)}
        started_s = time.monotonic()
        self._read([path for path, signature in signatures.items() if self._signatures.get(path) != signature])
        if time.monotonic() - started_s < _QUICK_S:  # they come from the cache
            self._batch = min(2 * self._batch, _READ_MOST)
        for path, signature in signatures.items():
            self._signatures[path] = sure_signature(signature)
            trial = self._trials[path]
            if trial.is_unfinished:  # whether its process is alive must be checked each time
                trial.derive(last_write_s(path, signature))
        rows = [self._trials[path] for path in paths if path in self._trials]
        return rows if self.directory is None else sorted(rows, key=newest_first)

    def _listed(self) -> list[Path]:
        if self.directory is None:
            return self.paths
        try:
            directory, names = list_names(self.directory)
        except OSError as error:
            if self.directory.is_dir():
                return []
            raise unlisted(self.directory, error) from error
        return [directory / name for name in names]

    def _forget_others(self, paths: Iterable[Path]) -> None:
        for gone in self._trials.keys() - set(paths):
            del self._trials[gone]
            self._signatures.pop(gone, None)
            self._remembered.discard(gone)

    def _due(self, paths: Sequence[Path]) -> list[Path]:
        """Return the trials to check: some unread ones, all unfinished ones, and some ended ones."""
        new = [path for path in paths if path not in self._signatures]
        batch = new if self.directory is None else new[: self._batch if self._trials else self._pace.read_first]
        self.unread_count = len(new) - len(batch)
        old = [path for path in paths if path in self._signatures]
        live = [path for path in old if self._trials[path].is_unfinished]
        ended = [path for path in old if not self._trials[path].is_unfinished]
        most = self._pace.checked
        if len(ended) > most:
            start = self._checked % len(ended)
            self._checked = start + most
            ended = [*ended[start : start + most], *ended[: max(0, start + most - len(ended))]]
        return [*batch, *live, *ended]

    def _read(self, paths: Sequence[Path]) -> None:
        """Read trials: new ones from the cache of their directory, the others from memory."""
        self.read_count = 0
        groups: dict[tuple[Path, bool], list[Path]] = {}
        for path in paths:
            groups.setdefault((path.parent, path in self._signatures), []).append(path)
        for (directory, is_known), listed in groups.items():
            index = TrialIndex.without_listing(directory)
            memory = self._memory(directory, listed) if is_known else None
            rows = index.rows([path.name for path in listed], self._has_facts, True, memory)
            self._trials.update(zip(listed, rows, strict=True))
            self.read_count += index.read_count

    def _memory(self, directory: Path, paths: Sequence[Path]) -> MemoryCache:
        """Return the positions of readers in these journals, in memory, because the cache may not be writable."""
        memory = self._memories.get(directory)
        if memory is None:
            memory = self._memories[directory] = MemoryCache(directory)
        names = [path.name for path in paths if path not in self._remembered]
        self._remembered.update(paths)
        if names:
            kept = IndexCache(directory)
            more = kept.more(names)
            rows = [row for some in kept.rows(names) for row in some if row.name in more]
            memory.store([(row, more[row.name]) for row in rows])
            kept.close()
        return memory
