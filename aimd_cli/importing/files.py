"""The files of a run, on their way from another tracker to the `files/` of a trial.

A name is checked before it becomes a path, a file that cannot be read is named, and the rest goes on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.format.layout import FILES_DIRECTORY
from aimd_core.format.relative_paths import folders_of, path_fault, shown_name
from aimd_core.language import said
from aimd_core.objects.adding import Adding
from aimd_core.objects.copying import Stored, digest_file, open_source, stat_of
from aimd_core.objects.memory import DigestMemory
from aimd_core.objects.store import store_of
from aimd_core.objects.tree import Entry
from aimd_core.reading.documents import reason_of

MAX_FILES = 100_000  # of a run
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class FileList:
    """The files of a run: what each is called below `files/`, and where it is."""

    def __init__(self, note: Callable[[Path, str], None]) -> None:
        """Make an empty list.

        Args:
            note: Names a file that cannot be taken, and says why.
        """
        self.note = note
        self.paths: dict[str, Path] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def add(self, name: str, path: Path) -> None:
        """Take a file; the first of a name counts."""
        fault = path_fault(name)
        if fault:
            reason = said("its name cannot be used: {reason}", reason=said(fault))
            self.note(Path(shown_name(str(path))), reason)
        elif len(self.paths) < MAX_FILES:
            self.paths.setdefault(name, path)
        elif len(self.paths) == MAX_FILES and name not in self.paths:
            self.note(path, said("the run has more than {limit:,} files; the rest is left out", limit=MAX_FILES))


def write_files(trial: Path, files: FileList) -> bool:
    """Keep what a trial does not have yet, or has with other bytes; return whether there was anything.

    Args:
        trial: Its directory.
        files: What the source has now.

    Raises:
        OSError: The disk refused.
    """
    directory, memory = trial / FILES_DIRECTORY, DigestMemory(trial)
    taken: dict[str, Stored] = {}
    folders = {folder for name in files.paths for folder in folders_of(name)}
    with Adding(store_of(trial)) as adding:
        for name, source in files.paths.items():
            target = directory / name
            if name in folders or target.is_dir():
                files.note(source, "there is a directory of the same name")
                continue
            try:
                if _are_equal(source, target):
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                taken[name] = adding.take(source, target)
            except (DamagedError, OSError) as error:
                if isinstance(error, OSError) and error.errno in _FULL:
                    raise
                files.note(source, reason_of(error))
    for name, stored in taken.items():
        memory.note(Entry(name, stat_of(os.lstat(directory / name))), stored.digest, is_sure=True)
    if taken:
        memory.save()
    return bool(taken)


def _are_equal(source: Path, target: Path) -> bool:
    try:
        if os.lstat(source).st_size != os.lstat(target).st_size:
            return False
    except FileNotFoundError:
        return False
    with open_source(source) as new, open_source(target) as before:
        return digest_file(new, source) == digest_file(before, target)


def path_below(directory: Path, name: object) -> Path | None:
    """Return the path of a file in a directory, or None if the name, or the directory itself, leads elsewhere."""
    if not isinstance(name, str) or "\0" in name or directory.is_symlink():
        return None
    try:
        path = (directory / name).resolve()
        return path if path.is_relative_to(directory.resolve()) else None
    except (OSError, RuntimeError, ValueError):
        return None
