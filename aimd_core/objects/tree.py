"""The files of a directory: those that can be kept, each with what tells whether it changed, and why others cannot.

One directory decides what the files of a trial are: its `files/`. Everything there belongs to the trial, however it got
there.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from aimd_core.format.layout import FILES_DIRECTORY as FILES_DIRECTORY
from aimd_core.format.relative_paths import path_fault, shown_name
from aimd_core.language import said
from aimd_core.objects.copying import Stat, stat_of
from aimd_core.objects.ignoring import Ignoring
from aimd_core.objects.store import is_unfinished

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_FILES = 100_000


class Entry(NamedTuple):
    """A file: its path below the directory, with `/`, and what tells whether it changed."""

    path: str
    stat: Stat


class LeftOut(NamedTuple):
    """What cannot be kept: its path, as text that can be shown, and why."""

    path: str
    reason: str


class Tree(NamedTuple):
    """What is in a directory.

    Attributes:
        entries: The files, by path, in the order of the bytes of the paths.
        left_out: What cannot be kept.
        ignored: How many files `.aimdignore` leaves out.
        empty: The directories in which there is nothing at all, each with `/` at its end.
        executable: The paths of the files that may be executed.
    """

    entries: dict[str, Entry]
    left_out: list[LeftOut]
    ignored: int
    empty: Sequence[str] = ()
    executable: Sequence[str] = ()

    @property
    def size_bytes(self) -> int:
        """All bytes of the files."""
        return sum(entry.stat.size_bytes for entry in self.entries.values())


def read_tree(directory: Path, ignoring: Ignoring | None = None) -> Tree:
    """Return what is in a directory, nothing if it is not there. No file is opened, and no link followed."""
    entries: dict[str, Entry] = {}
    left_out: list[LeftOut] = []
    patterns = ignoring or Ignoring()
    ignored, pending = 0, [""]
    empty: list[str] = []
    executable: list[str] = []
    while pending:
        folder = pending.pop()
        items = _items(directory, folder, left_out)
        if items == [] and folder:
            empty.append(shown_name(folder))
        for item in items or ():
            path = folder + item.name
            if is_unfinished(item.name):
                continue
            try:
                status = item.stat(follow_symlinks=False)
            except OSError as error:
                left_out.append(LeftOut(shown_name(path), _cannot_be_read(error)))
                continue
            if stat.S_ISDIR(status.st_mode):
                pending.append(path + "/")
                continue
            if patterns.ignores(path):
                ignored += 1
                continue
            reason = _reason(path, status, len(entries))
            if reason is not None:
                left_out.append(LeftOut(shown_name(path), reason))
            else:
                entries[path] = Entry(path, stat_of(status))
                executable += [path] if status.st_mode & stat.S_IXUSR else []
    ordered = {path: entries[path] for path in sorted(entries)}
    return Tree(ordered, sorted(left_out), ignored, sorted(empty), sorted(executable))


def _items(directory: Path, folder: str, left_out: list[LeftOut]) -> list[os.DirEntry[str]] | None:
    """Return what is in a directory, None if that cannot be read."""
    try:
        with os.scandir(os.path.join(directory, folder)) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        left_out.append(LeftOut(shown_name(folder.rstrip("/")) or FILES_DIRECTORY, _cannot_be_read(error)))
        return None


def _cannot_be_read(error: OSError) -> str:
    return said("cannot be read ({strerror})", strerror=error.strerror)


def _reason(path: str, status: os.stat_result, there: int) -> str | None:
    """Return why something cannot be kept beside so many files, or None."""
    if stat.S_ISLNK(status.st_mode):
        return "is a link, which is not followed"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    fault = path_fault(path)
    if fault is not None:
        return said("its name cannot be used: {reason}", reason=said(fault))
    return said("a trial has {limit:,} files at most", limit=MAX_FILES) if there >= MAX_FILES else None


def digest_of_tree(files: Iterable[tuple[str, str]]) -> str:
    """Return the digest of a directory from the paths and digests of its files, in hexadecimal.

    It is the SHA-256 of a line for each file, its digest, two spaces and its path, in the order of the bytes of the
    paths: what `sha256sum` prints.
    """
    lines = sorted((path.encode(), digest) for path, digest in files)
    return hashlib.sha256(b"".join(b"%s  %s\n" % (digest.encode(), path) for path, digest in lines)).hexdigest()
