"""Keeps files with a trial: `trial.save`. What cannot be kept is named, and never breaks training."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from aimd_core.errors import DamagedError
from aimd_core.format.layout import FILES_DIRECTORY
from aimd_core.format.relative_paths import path_fault, shown_name
from aimd_core.language import joined, said, spoken
from aimd_core.objects.adding import Adding
from aimd_core.objects.copying import stat_of
from aimd_core.objects.ignoring import Ignoring
from aimd_core.objects.memory import DigestMemory
from aimd_core.objects.store import store_of
from aimd_core.objects.tree import Entry, read_tree
from aimd_core.reading.documents import is_of_writing, reason_of
from t9k.aimd.telling import tell

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimd_core.objects.copying import Stored

_NAMED, _TOLD = 3, 100  # how many a warning names, and all warnings of a call
MAX_SAVED = 100_000  # files in one call


def save(trial: Path, path: str | os.PathLike[str], name: str | None = None) -> list[str]:
    """Keep files with a trial.

    Args:
        trial: The trial's directory.
        path: A file, a directory, or a pattern such as `out/**/*.csv`.
        name: The name of the file, or, of a directory or a pattern, or if it ends in `/`, the directory for them.

    Returns:
        The names of what is kept, below the trial's `files/`.

    Raises:
        TypeError: The path or the name is no text.
        ValueError: The name leads elsewhere.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(spoken("expected a path, not {kind}", kind=type(path).__name__))
    if name is not None and not isinstance(name, str):
        raise TypeError(spoken("expected a name, not {kind}", kind=type(name).__name__))
    if name is not None and (fault := path_fault(name.rstrip("/"))):
        raise ValueError(spoken("{name!r} cannot name a kept file: {reason}", name=name, reason=said(fault)))
    saving = _Saving(trial)
    pattern = os.path.expanduser(os.fspath(path))
    saving.take_all(_sources(pattern, name, saving), pattern)
    saving.warn()
    return saving.names


class _Saving:
    """What one call keeps.

    Attributes:
        names: Of what is kept.
        left_out: What is not, and why.
    """

    def __init__(self, trial: Path) -> None:
        self._trial = trial
        self.names: list[str] = []
        self.left_out: list[tuple[str, str]] = []

    def leave(self, name: str, reason: str) -> None:
        """Note what is not kept."""
        self.left_out.append((shown_name(name), reason))

    def take_all(self, sources: Iterator[tuple[str, str]], pattern: str) -> None:
        """Keep files, each a path and a name."""
        directory = self._trial / FILES_DIRECTORY
        prefix = f"{directory}{os.sep}"  # text, which is put together faster than paths
        taken: dict[str, Stored] = {}
        folders: set[str] = set()
        try:
            with Adding(store_of(self._trial)) as adding:
                for source, name in sources:
                    if len(taken) >= MAX_SAVED:
                        self.leave(pattern, said("more than {limit:,} files at once", limit=MAX_SAVED))
                        break
                    if fault := path_fault(name):
                        self.leave(source, said("its name cannot be used: {reason}", reason=said(fault)))
                        continue
                    target = prefix + name
                    if _are_same(source, target):  # it is kept already, and may still be written to
                        self.names.append(name)
                        continue
                    try:
                        folder = os.path.dirname(target)
                        if folder not in folders:
                            os.makedirs(folder, exist_ok=True)
                            folders.add(folder)
                        taken[name] = adding.take(Path(source), Path(target), follows=True)
                    except (DamagedError, OSError) as error:
                        self.leave(source, _reason(error, source))
        except OSError as error:
            self.leave(pattern, reason_of(error, pattern))
            taken.clear()  # which of them are in their place is not known
        if not taken and not self.names and not self.left_out:
            self.leave(pattern, "is not there")
        self._remember(taken, directory)

    def _remember(self, taken: dict[str, Stored], directory: Path) -> None:
        """Remember the digests of what is in its place."""
        memory = DigestMemory(self._trial)
        prefix = f"{directory}{os.sep}"
        for name, stored in taken.items():
            try:
                stat = stat_of(os.lstat(prefix + name))
            except OSError:
                continue
            if stat.size_bytes == stored.size_bytes:
                memory.note(Entry(name, stat), stored.digest, is_sure=True)
                self.names.append(name)
        memory.save()

    def warn(self) -> None:
        """Say what is not kept: each file is named, of very many the first `_TOLD`, a few in each line."""
        named, rest = self.left_out[:_TOLD], len(self.left_out) - _TOLD
        for start in range(0, len(named), _NAMED):
            parts = [
                said("{what} ({reason})", what=what, reason=said(reason)) for what, reason in named[start:][:_NAMED]
            ]
            is_last = start + _NAMED >= len(named)
            more = said(" and {count} more", count=f"{rest:,}") if is_last and rest > 0 else ""
            tell(said("WARNING: not saved: {parts}{more}. Training goes on.", parts=joined(", ", parts), more=more))


def _are_same(source: str, target: str) -> bool:
    try:
        return os.path.samefile(target, source)  # the target, which is mostly missing, first
    except OSError:  # one of them is not there
        return False


def _reason(error: DamagedError | OSError, source: str) -> str:
    if isinstance(error, FileNotFoundError) and not is_of_writing(error, source):
        return "is not there"
    return reason_of(error, source)


def _sources(pattern: str, name: str | None, saving: _Saving) -> Iterator[tuple[str, str]]:
    """Yield the files that a path or pattern means, each with its name."""
    if os.path.isdir(pattern):
        prefix = os.path.basename(os.path.abspath(pattern)) if name is None else name
        yield from _below(pattern, prefix.rstrip("/"), saving)
        return
    if os.path.lexists(pattern) or not glob.has_magic(pattern):
        own = os.path.basename(pattern)
        yield pattern, own if name is None else name + own if name.endswith("/") else name
        return
    matches = sorted(glob.glob(pattern, recursive=True))
    base = _fixed_part(pattern)
    files = [match for match in matches if not os.path.isdir(match)]
    for match in files:  # a single match gets its directory, too, so that names never depend on how many there are
        below = os.path.relpath(match, base).replace(os.sep, "/")
        yield match, below if name is None else f"{name.rstrip('/')}/{below}"


def _fixed_part(pattern: str) -> str:
    """Return the directory of a pattern up to its first part with a wildcard."""
    parts: list[str] = []
    for part in pattern.split(os.sep)[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return os.sep.join(parts) or (os.sep if pattern.startswith(os.sep) else ".")


def _below(directory: str, prefix: str, saving: _Saving) -> Iterator[tuple[str, str]]:
    """Yield the files of a directory tree, but for links, devices, and what `.aimdignore` leaves out."""
    tree = read_tree(Path(directory), Ignoring.in_directory(Path(directory)))
    for item in tree.left_out:
        saving.leave(os.path.join(directory, item.path), item.reason)
    for path in tree.entries:
        yield os.path.join(directory, path), f"{prefix}/{path}" if prefix else path
