"""Removed trials that can still be restored: `.aimd/trash` next to `.aimd/trials`.

Removing and restoring is one rename on the same file system, so a trial is always complete in one of the two places.
Nothing is ever overwritten, and only `purge` deletes.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

from aimd_core.errors import (
    AmbiguousTrialError,
    DamagedError,
    DiskError,
    InTheWayError,
    TrialNotFoundError,
    TrialRunningError,
)
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.layout import TRIALS_DIRECTORY, is_trial_directory
from aimd_core.language import said
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live, seconds_of

TRASH_DIRECTORY = Path(".aimd", "trash")
_ORIGIN_SUFFIX = ".origin.yaml"


class Trashed:
    """A trial in the trash.

    Attributes:
        path: Where it is now.
        origin: Where it was.
        removed_s: When it was removed, in seconds since the epoch.
    """

    __slots__ = ("origin", "path", "removed_s")

    def __init__(self, path: Path, origin: Path, removed_s: float) -> None:
        self.path, self.origin, self.removed_s = path, origin, removed_s

    @property
    def name(self) -> str:
        """The alternative name."""
        return self.path.name

    @property
    def size_bytes(self) -> int:
        """How much its files take."""
        return sum(file.lstat().st_size for file in self.path.rglob("*") if file.is_file() and not file.is_symlink())


def working_directory_of(path: Path) -> Path:
    """Return the directory of a trial's `.aimd`, or for a trial elsewhere its parent directory."""
    place = path.absolute().parent
    if place.parts[-2:] == TRIALS_DIRECTORY.parts:
        return place.parent.parent
    return place


def remove(trial: Trial) -> Trashed:
    """Move a trial to the trash.

    Raises:
        TrialRunningError: It is still running.
        InTheWayError: The trash already has a trial of that name.
        DiskError: The disk refused; the trial was not moved.
    """
    state = trial.state.name
    if is_live(state):
        raise TrialRunningError(name=trial.alternative_name, state=state, verb="removed")
    source = trial.path.absolute()
    trash = working_directory_of(source) / TRASH_DIRECTORY
    target, now = trash / source.name, datetime.now(timezone.utc)
    origin = {"origin": os.path.relpath(source, trash), "removed": now.isoformat(timespec="seconds")}
    try:
        trash.mkdir(parents=True, exist_ok=True)
        _move(source, target, before=lambda: write_mapping(_origin_file(target), dict(origin)))
    except OSError as error:
        raise DiskError(
            path=source, reason=said("cannot be moved to {trash} ({strerror})", trash=trash, strerror=error.strerror)
        ) from error
    return Trashed(target, source, now.timestamp())


def _move(source: Path, target: Path, before: object = None) -> None:
    """Rename a directory to a free name, which creating that directory first ensures."""
    try:
        target.mkdir()
    except FileExistsError:
        raise InTheWayError(path=target) from None
    try:
        if callable(before):
            before()
        os.rename(source, target)
    except BaseException:
        target.rmdir()
        raise


def _origin_file(path: Path) -> Path:
    return path.with_name(path.name + _ORIGIN_SUFFIX)


def trashed_trials(directory: Path) -> list[Trashed]:
    """Return the trials in the trash of a working directory, last removed first."""
    trash = directory.absolute() / TRASH_DIRECTORY
    try:
        names = sorted(entry.name for entry in os.scandir(trash) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    found = [_read(trash / name, directory) for name in names if is_trial_directory(trash / name)]
    return sorted(found, key=lambda trial: trial.removed_s, reverse=True)


def _read(path: Path, directory: Path) -> Trashed:
    """Read a trial of the trash; one of unknown origin belongs to the directory's trials."""
    try:
        document = read_mapping(_origin_file(path))
    except (FileNotFoundError, DamagedError):
        document = {}
    origin, removed = document.get("origin"), document.get("removed")
    home = directory.absolute() / TRIALS_DIRECTORY / path.name
    known = Path(os.path.normpath(path.parent / origin)) if isinstance(origin, str) else home
    removed_s = seconds_of(removed) if isinstance(removed, str) else None
    return Trashed(path, known if known.name == path.name else home, removed_s or path.lstat().st_ctime)


def trashed_named(name: str, trashed: list[Trashed], directory: Path) -> Trashed:
    """Return the trial with an alternative name, or a unique prefix of one.

    Raises:
        TrialNotFoundError, AmbiguousTrialError: None or several match.
    """
    fitting = [trial for trial in trashed if trial.name == name] or [t for t in trashed if t.name.startswith(name)]
    if not fitting:
        raise TrialNotFoundError(name, str(directory.absolute() / TRASH_DIRECTORY), [t.name for t in trashed][:3])
    if len(fitting) > 1:
        raise AmbiguousTrialError(name, [trial.name for trial in fitting])
    return fitting[0]


def restore(trashed: Trashed) -> Path:
    """Move a trial back to where it was and return its path.

    Raises:
        InTheWayError: Something is there by now.
        DiskError: The disk refused; the trial is still in the trash.
    """
    try:
        trashed.origin.parent.mkdir(parents=True, exist_ok=True)
        _move(trashed.path, trashed.origin)
        _origin_file(trashed.path).unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(
            path=trashed.origin, reason=said("cannot be restored ({strerror})", strerror=error.strerror)
        ) from error
    return trashed.origin


def purge(trashed: Trashed) -> None:
    """Delete a trial from the trash for good.

    Raises:
        DiskError: The disk refused; some of its files may be gone.
    """
    try:
        shutil.rmtree(trashed.path)
        _origin_file(trashed.path).unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(
            path=trashed.path, reason=said("cannot be deleted ({strerror})", strerror=error.strerror)
        ) from error
