"""Remembers the digests of a trial's files, so that none is read twice while it stays as it is.

`.digests` in the trial's directory has a line of JSON for each file: path, size, time of change, inode, digest. The
last line of a path counts, as long as the file is the one that the line describes. Nothing depends on it: it may be
deleted, and where it cannot be written the digests are computed again.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.append_file import AppendFile
from aimd_core.format.files import replace_file
from aimd_core.format.layout import UNSURE_NS
from aimd_core.objects.copying import Stat, digest_file, open_source, write_fully
from aimd_core.objects.tree import Entry

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable

MEMORY_FILE = ".digests"
_WASTE = 1_000  # superseded lines, from which on the file is written anew


class Remembered(NamedTuple):
    """A file when it was read: what tells whether it has changed since, and its digest."""

    stat: Stat
    digest: str


class DigestMemory:
    """The digests of the files of a trial."""

    def __init__(self, directory: Path) -> None:
        """Read what is remembered of the trial in a directory."""
        self._path = directory / MEMORY_FILE
        self._remembered: dict[str, Remembered] = {}
        self._lines = 0
        self._new: dict[str, Remembered] = {}
        self._read()

    def _read(self) -> None:
        try:
            with open_source(self._path) as file:
                content = file.read()
        except (OSError, DamagedError):
            return
        for line in content.splitlines():
            self._lines += 1
            try:
                path, size_bytes, mtime_ns, inode, digest = json.loads(line)
                self._remembered[path] = Remembered(Stat(size_bytes, mtime_ns, inode), digest)
            except (ValueError, TypeError, RecursionError):
                continue

    def digest_of(self, entry: Entry) -> str | None:
        """Return the digest of a file if it is as it was when it was read, or None."""
        remembered = self._remembered.get(entry.path)
        return remembered.digest if remembered and remembered.stat == entry.stat else None

    def digests(self) -> set[str]:
        """Return all digests that are remembered."""
        return {remembered.digest for remembered in self._remembered.values()}

    def note(self, entry: Entry, digest: str, is_sure: bool = False) -> None:
        """Remember a digest, unless the file is so new that it may change again without a new time.

        Args:
            entry: The file as it was before it was read.
            digest: Of its bytes.
            is_sure: Whether nobody else writes to the file.
        """
        if is_sure or entry.stat.mtime_ns < time.time_ns() - UNSURE_NS:
            self._remembered[entry.path] = self._new[entry.path] = Remembered(entry.stat, digest)

    def save(self, paths: Iterable[str] | None = None) -> None:
        """Write what is new; a disk that refuses costs only time later.

        Args:
            paths: All files of the trial, if they are known, so that what is gone can be forgotten.
        """
        new, self._new = self._new, {}
        if paths is not None and self._lines + len(new) > 2 * len(self._remembered) + _WASTE:
            kept = set(paths)
            self._remembered = {path: item for path, item in self._remembered.items() if path in kept}
            try:
                replace_file(self._path, _lines(self._remembered))
                self._lines = len(self._remembered)
            except OSError:
                pass
            return
        if not new:
            return
        file = AppendFile(os.fspath(self._path))
        try:
            file.open()
            write_fully(file._descriptor, _lines(new))
            self._lines += len(new)
        except OSError:
            pass
        finally:
            file.close()


def _lines(remembered: dict[str, Remembered]) -> bytes:
    return "".join(f"{json.dumps([path, *item.stat, item.digest])}\n" for path, item in remembered.items()).encode()


def digest_entry(directory: Path, entry: Entry, memory: DigestMemory, reads_all: bool = False) -> str:
    """Return the digest of a file below a directory, read only if it is not remembered, or if all are.

    Raises:
        DamagedError: It was changed while it was read, or is not a regular file any more.
        OSError: It is gone, or cannot be read.
    """
    digest = None if reads_all else memory.digest_of(entry)
    if digest is None:
        path = directory / entry.path
        with open_source(path) as file:
            digest = digest_file(file, path).digest
        memory.note(entry, digest)
    return digest
