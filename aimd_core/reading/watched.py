"""Trials looked at again and again: what a query asks about them, now, at the cost of what is new.

The first look goes by the index (`directory`), so only trials that it does not know are read. After that, a
trial is touched when one of its files has changed, and then its journal is read on from where the last look ended.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from aimd_core.reading.cache import IndexCache, MemoryCache
from aimd_core.reading.directory import TrialIndex, signature_of, sure_signature
from aimd_core.reading.facts import Facts
from aimd_core.reading.store import last_write_s


class Watch:
    """Some trials, which may lie in several directories.

    Attributes:
        paths: Their directories, in the order of the answers.
        read_count: How many trials the last look had to read, in part or whole.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = [path.absolute() for path in paths]
        self.read_count = 0
        self._seen: dict[Path, tuple[bytes, Facts]] = {}
        self._memories: dict[Path, MemoryCache] = {}

    def look(self) -> list[Facts]:
        """Look at all of them now, with `git` and `platform`."""
        self.read_count = 0
        signatures = {path: signature_of(str(path)) for path in self.paths}
        changed: dict[Path, list[str]] = {}
        for path, signature in signatures.items():
            known = self._seen.get(path)
            if known is None or known[0] != signature:
                changed.setdefault(path.parent, []).append(path.name)
            else:
                known[1].derive(last_write_s(path))  # whether its process still lives is another question each time
        for place, names in changed.items():
            for trial in self._read(place, names):
                path = place / trial.alternative_name
                self._seen[path] = sure_signature(signatures[path]), trial
        if not self._memories:
            self._remember()
        return [self._seen[path][1] for path in self.paths]

    def _read(self, place: Path, names: list[str]) -> list[Facts]:
        index = TrialIndex.without_listing(place)
        trials = index.rows(names, with_facts=True, cache=self._memories.get(place))
        self.read_count += index.read_count
        return trials

    def _remember(self) -> None:
        """Go on from what the index knows, without its file: it may be one that cannot be written."""
        for place in {path.parent for path in self.paths}:
            names = [path.name for path in self.paths if path.parent == place]
            memory, kept = MemoryCache(place), IndexCache(place)
            more = kept.more(names)
            rows = [row for some in kept.rows(names) for row in some if row.name in more]
            memory.store([(row, more[row.name]) for row in rows])
            kept.close()
            self._memories[place] = memory


def facts_in(directory: Path) -> list[Facts]:
    """Look at all trials of a directory once.

    Raises:
        NoTrialsError: It holds none.
    """
    return TrialIndex(Path(os.path.abspath(directory))).rows(with_facts=True)
