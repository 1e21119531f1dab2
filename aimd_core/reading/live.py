"""The trials of a directory looked at again and again, as a live screen does: at the cost of what is new.

Promises: a new trial, one that is gone, one that is not finished and one that changed a moment ago are seen by the next
look; a change to one that ended long ago is seen within `len(trials) / 1000` looks. Of a long list,
the newest hundred are there at once and the rest by the thousand, so that no look takes long.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from aimd_core.errors import NoTrialsError
from aimd_core.reading.directory import TrialIndex, signature_of
from aimd_core.reading.facts import Facts

_CHECKED = 1000  # ended trials whose files are looked at by one look; so many cost about 15 ms
_READ_FIRST, _READ = 100, 1000  # trials read by the first look, and by each of the others as long as none is quick
_READ_MOST, _QUICK_S = 8000, 0.3


class LiveIndex:
    """The trials of one directory, kept in memory.

    Attributes:
        directory: A working directory that holds `.aimd/trials`, or a directory that holds trials.
        unread_count: How many trials the last look left for the next.
    """

    def __init__(self, directory: Path) -> None:
        """Take a directory; nothing is read yet, and it may hold no trials yet."""
        self.directory = directory
        self.unread_count = 0
        self._trials: dict[str, Facts] = {}
        self._signatures: dict[str, bytes] = {}
        self._batch = _READ  # how many of those never read the next look takes
        self._checked = 0  # where the next look goes on with ended trials
        self._has_facts = False

    def look(self, with_facts: bool = False) -> list[Facts]:
        """Return the trials that there are now, newest first.

        Args:
            with_facts: Whether `git` and `platform` are wanted.

        Raises:
            NoTrialsError: The directory cannot be listed.
        """
        try:
            index = TrialIndex(self.directory)
        except NoTrialsError:
            if not self.directory.is_dir():
                raise
            self._trials, self._signatures, self.unread_count = {}, {}, 0
            return []
        if with_facts and not self._has_facts:
            self._has_facts = True
            self._signatures.clear()  # so that all are read again, from the cache
        self._forget_others(index.names)
        wanted = self._to_read(index)
        started_s = time.monotonic()
        for trial in index.rows(wanted, with_facts=self._has_facts, with_trends=True):
            self._trials[trial.alternative_name] = trial
        if time.monotonic() - started_s < _QUICK_S:  # they come from the cache
            self._batch = min(2 * self._batch, _READ_MOST)
        return [self._trials[name] for name in index.names if name in self._trials]

    def _forget_others(self, names: Iterable[str]) -> None:
        known = set(names)
        for gone in self._trials.keys() - known:
            del self._trials[gone]
            self._signatures.pop(gone, None)

    def _to_read(self, index: TrialIndex) -> list[str]:
        """Return the trials to read: some of those that were never read, all that go on, and those that changed."""
        new = [name for name in index.names if name not in self._signatures]
        batch = new[: self._batch if self._trials else _READ_FIRST]
        self.unread_count = len(new) - len(batch)
        live = [name for name, trial in self._trials.items() if trial.is_unfinished and name in self._signatures]
        changed = self._changed(index, [*batch, *self._next_ended(index.names)])
        return [*dict.fromkeys([*batch, *live, *changed])]

    def _next_ended(self, names: Sequence[str]) -> list[str]:
        """Return the ended trials whose turn it is to be looked at."""
        ended = [name for name in names if name in self._signatures and not self._trials[name].is_unfinished]
        if len(ended) <= _CHECKED:
            return ended
        start = self._checked % len(ended)
        self._checked = start + _CHECKED
        return [*ended[start : start + _CHECKED], *ended[: max(0, start + _CHECKED - len(ended))]]

    def _changed(self, index: TrialIndex, names: Iterable[str]) -> list[str]:
        changed = []
        for name in names:
            signature = signature_of(f"{index.place}{os.sep}{name}")
            if self._signatures.get(name) != signature:
                self._signatures[name] = signature
                changed.append(name)
        return changed
