"""What has changed in trials since the last look, at the cost of what is new.

`Watch` has their facts, for those who show them. `States` and `Changes` read no journals, for those who pass files on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import unlisted
from aimd_core.format.layout import (
    ALL_FILES,
    DOCUMENTS_PART,
    UNSURE_NS,
    last_write_s,
    list_names,
    parent_of_trials,
    signature_of,
    sure_signature,
)
from aimd_core.reading.cache import IndexCache, MemoryCache
from aimd_core.reading.directory import TrialIndex
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import Facts, newest_first
from aimd_core.reading.folding import FoldedFacts, Folds

_READ_MOST, _READ_AT_ONCE, _QUICK_S = 8000, 400, 0.3


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


class Names:
    """The names of a directory's trials, listed again only when the directory has changed."""

    def __init__(self) -> None:
        """Start without any."""
        self._names: list[str] = []
        self._seen: tuple[Path, int] | None = None

    def look(self, directory: Path) -> tuple[str, list[str]]:
        """Return what the paths of trials begin with, and their names, newest first; the same list if it is the same.

        Raises:
            OSError: The directory cannot be listed.
        """
        parent = parent_of_trials(directory)
        changed_ns = parent.stat().st_mtime_ns
        if self._seen != (parent, changed_ns):
            parent, self._names = list_names(directory)
            is_sure = changed_ns < time.time_ns() - UNSURE_NS  # else it may change again at the same time
            self._seen = (parent, changed_ns) if is_sure else None
        return f"{parent}{os.sep}", self._names


class Watch:
    """Trials as facts, checked repeatedly at the cost of what is new.

    The next look sees new, removed, unfinished and recently changed trials; a change to one that ended long ago is seen
    within `len(trials) / 1000` looks. In a directory with many trials the newest hundred come first and the rest in
    thousands, so that no look takes long. Ended trials of a directory take little memory (`reading.folding`).

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
        self.directory = directory
        self.read_count = self.unread_count = 0
        # Trials have keys: their paths, or in a directory their names, which `_base` makes paths of.
        self._keys = [str(path.absolute()) for path in paths]
        self._base = ""
        self._directory_names = Names()
        self._names: list[str] = []
        self._listed_before: list[str] | None = None
        self._folds = Folds("")
        self._trials: dict[str, Facts] = {}
        self._signatures: dict[str, bytes] = {}  # of those that are not folded
        self._live: set[str] = set()
        self._stale: set[str] = set()  # shown, but to be read again as if they were new
        self._ordered: list[Facts] | None = None
        self._memories: dict[Path, MemoryCache] = {}
        self._remembered: set[str] = set()
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
        keys = self._listed()
        if keys is not self._listed_before:
            self._forget_others(keys)
            self._listed_before = keys
        if with_facts and not self._has_facts:
            self._has_facts = True
            self._stale = set(self._trials)  # they are read again from the cache
        started_s = time.monotonic()
        self.read_count = 0
        due = self._due(keys)
        for start in range(0, len(due), _READ_AT_ONCE):  # so that not all are in memory before they are folded
            self._check(due[start : start + _READ_AT_ONCE])
        if time.monotonic() - started_s < _QUICK_S:  # they come from the cache
            self._batch = min(2 * self._batch, _READ_MOST)
        if self._ordered is None:
            self._ordered = [self._trials[key] for key in keys if key in self._trials]
            if self.directory is not None:
                self._ordered.sort(key=_newest_first)
        return self._ordered

    def _listed(self) -> list[str]:
        if self.directory is None:
            return self._keys
        try:
            base, names = self._directory_names.look(self.directory)
        except OSError as error:
            if self.directory.is_dir():
                return []
            raise unlisted(self.directory, error) from error
        if base != self._base:
            self._base, self._folds = base, Folds(base)
            self._forget_others(())
        if names is not self._names:
            self._names = names
            self._keys = [self._trials[name].alternative_name if name in self._trials else name for name in names]
        return self._keys

    def _forget_others(self, keys: Iterable[str]) -> None:
        for gone in self._trials.keys() - keys:
            del self._trials[gone]
            self._signatures.pop(gone, None)
            for others in (self._live, self._stale, self._remembered):
                others.discard(gone)
        self._ordered = None

    def _due(self, keys: Sequence[str]) -> list[str]:
        """Return the trials to check: some unread ones, all unfinished ones, and some ended ones."""
        trials, stale, live = self._trials, self._stale, self._live
        new = [key for key in keys if key not in trials or key in stale]
        batch = new if self.directory is None else new[: self._batch if self._trials else self._pace.read_first]
        self.unread_count = len(new) - len(batch)
        old = [key for key in keys if key in trials and key not in stale]
        ended = [key for key in old if key not in live]
        most = self._pace.checked
        if len(ended) > most:
            start = self._checked % len(ended)
            self._checked = start + most
            ended = [*ended[start : start + most], *ended[: max(0, start + most - len(ended))]]
        return [*batch, *(key for key in old if key in live), *ended]

    def _check(self, keys: Sequence[str]) -> None:
        """Read those of these trials that have changed, and derive again the states that change with time."""
        signatures = {key: signature_of(f"{self._base}{key}") for key in keys}
        self._read([key for key in keys if not self._is_as_read(key, signatures[key])], signatures)
        for key in keys:
            trial = self._trials[key]
            if trial.is_unfinished:  # whether its process is alive must be checked each time
                trial.derive(last_write_s(f"{self._base}{key}", signatures[key]))

    def _is_as_read(self, key: str, signature: bytes) -> bool:
        trial = self._trials.get(key)
        if trial is None or key in self._stale:
            return False
        if isinstance(trial, FoldedFacts):
            return trial.signature == hash(signature)
        return self._signatures[key] == signature

    def _read(self, keys: Sequence[str], signatures: Mapping[str, bytes]) -> None:
        """Read trials: new ones from the cache of their directory, the others from memory."""
        groups: dict[tuple[Path, bool], list[str]] = {}
        for key in keys:
            parent = Path(self._base or os.path.dirname(key))
            groups.setdefault((parent, key in self._trials and key not in self._stale), []).append(key)
        for (directory, is_known), listed in groups.items():
            index = TrialIndex.without_listing(directory)
            memory = self._memory(directory, listed) if is_known else None
            rows = index.rows([os.path.basename(key) for key in listed], self._has_facts, True, memory)
            self.read_count += index.read_count
            for key, row in zip(listed, rows, strict=True):
                self._take(key, row, sure_signature(signatures[key]))

    def _take(self, key: str, row: Facts, signature: bytes) -> None:
        kept = self._folds.fold(key, row, signature) if self._base else row
        self._trials[key] = kept
        if isinstance(kept, FoldedFacts):
            self._signatures.pop(key, None)
        else:
            self._signatures[key] = signature
        (self._live.add if kept.is_unfinished else self._live.discard)(key)
        self._stale.discard(key)
        self._ordered = None

    def _memory(self, directory: Path, keys: Sequence[str]) -> MemoryCache:
        """Return the positions of readers in these journals, in memory, because the cache may not be writable."""
        memory = self._memories.get(directory)
        if memory is None:
            memory = self._memories[directory] = MemoryCache(directory)
        names = [os.path.basename(key) for key in keys if key not in self._remembered]
        self._remembered.update(keys)
        if names:
            kept = IndexCache(directory)
            more = kept.more(names)
            rows = [row for some in kept.rows(names) for row in some if row.name in more]
            memory.store([(row, more[row.name]) for row in rows])
            kept.close()
        return memory


def _newest_first(row: Facts) -> float:
    return -row.started_s if isinstance(row, FoldedFacts) else newest_first(row)
