"""Removed trials that can still be restored: `.aimd/trash` next to `.aimd/trials`.

Removing and restoring is one rename on one file system, so a trial is always complete in one of the two places, also
when the program is killed. If the trials are on another file system, for example behind a link, the trash is
`.aimd/trash` in the directory that really holds them. If a trial is itself a link, only the link is removed.
Nothing is ever overwritten, and only `purge` deletes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

from aimd_core.errors import (
    DamagedError,
    DiskError,
    InTheWayError,
    TrialRunningError,
)
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.files import move_directory
from aimd_core.format.layout import HOME, TRIALS_DIRECTORY, is_trial_directory
from aimd_core.language import said
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live, seconds_of

TRASH_DIRECTORY = Path(HOME, "trash")
_ORIGIN_SUFFIX = ".origin.yaml"


class Trashed:
    """A trial in the trash.

    Attributes:
        path: Where it is now.
        origin: Where it was.
        removed_s: When it was removed, in seconds since the epoch.
        link: What it said where it was, when it is a link.
    """

    __slots__ = ("link", "origin", "path", "removed_s")

    def __init__(self, path: Path, origin: Path, removed_s: float, link: str | None = None) -> None:
        self.path, self.origin, self.removed_s, self.link = path, origin, removed_s, link

    @property
    def name(self) -> str:
        """The alternative name."""
        return self.path.name

    @property
    def size_bytes(self) -> int:
        """How much its files take; a link takes nothing."""
        if self.path.is_symlink():
            return 0
        return sum(file.lstat().st_size for file in self.path.rglob("*") if file.is_file() and not file.is_symlink())


def working_directory_of(path: Path) -> Path:
    """Return the directory of a trial's `.aimd`, or for a trial elsewhere its parent directory."""
    root = path.absolute().parent
    if root.parts[-2:] == TRIALS_DIRECTORY.parts:
        return root.parent.parent
    return root


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
    source = trial.path.absolute().parent.resolve() / trial.path.name
    removed = datetime.now(timezone.utc)
    error: OSError | None = None
    for trash in _trashes_of(trial.path):
        try:
            return _remove_to(trash, source, removed)
        except FileExistsError:
            raise InTheWayError(path=trash / source.name) from None
        except OSError as refusal:
            error = refusal
            if refusal.errno != errno.EXDEV:
                break
            _leave(trash, source.name)
    assert error is not None
    raise DiskError(
        path=source, reason=said("cannot be moved to {trash} ({strerror})", trash=trash, strerror=error.strerror)
    ) from error


def _trashes_of(path: Path) -> list[Path]:
    """Return where a trial may be moved to: next to its trials, else on its real file system."""
    root = path.absolute().parent
    beside, inside = working_directory_of(path) / TRASH_DIRECTORY, root.resolve() / TRASH_DIRECTORY
    return [beside, inside] if beside != inside else [beside]


def _remove_to(trash: Path, source: Path, removed: datetime) -> Trashed:
    trash.mkdir(parents=True, exist_ok=True)
    target = trash / source.name
    origin = {"origin": os.path.relpath(source, trash.resolve()), "removed": removed.isoformat(timespec="seconds")}
    link = None
    if source.is_symlink():
        link, origin["link"] = os.path.realpath(source), os.readlink(source)
    if _is_free(target):
        write_mapping(_origin_file(target), dict(origin))
    move_directory(source, target, link)
    return Trashed(target, source, removed.timestamp(), origin.get("link"))


def _leave(trash: Path, name: str) -> None:
    """Remove what was prepared for a trial that does not go to this trash."""
    if _is_free(trash / name):
        _origin_file(trash / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # others are in it
        trash.rmdir()


def _is_free(target: Path) -> bool:
    return not os.path.lexists(target) or (target.is_dir() and not target.is_symlink() and not any(target.iterdir()))


def _origin_file(path: Path) -> Path:
    return path.with_name(path.name + _ORIGIN_SUFFIX)


def trashed_trials(directory: Path) -> list[Trashed]:
    """Return the trials in the trash of a working directory, last removed first."""
    nested = directory / TRIALS_DIRECTORY
    places = [directory.absolute(), *([nested.resolve()] if nested.is_dir() else [])]
    trashes = {(root / TRASH_DIRECTORY).resolve(): root / TRASH_DIRECTORY for root in places}
    trashed = [_read(path, directory) for trash in trashes.values() for path in _trials_in(trash)]
    return sorted(trashed, key=lambda trial: trial.removed_s, reverse=True)


def _trials_in(trash: Path) -> list[Path]:
    """Return the trials in a trash; an empty directory is what a killed removal left."""
    try:
        names = sorted(entry.name for entry in os.scandir(trash) if entry.is_dir() or entry.is_symlink())
    except OSError:
        return []
    paths = [trash / name for name in names]
    return [path for path in paths if path.is_symlink() or (is_trial_directory(path) and not _is_free(path))]


def _read(path: Path, directory: Path) -> Trashed:
    """Read a trial of the trash; one of unknown origin belongs to the directory's trials."""
    try:
        document = read_mapping(_origin_file(path))
    except (FileNotFoundError, DamagedError):
        document = {}
    origin, removed = document.get("origin"), document.get("removed")
    home = directory.absolute() / TRIALS_DIRECTORY / path.name
    origin_path = Path(os.path.normpath(path.parent.resolve() / origin)) if isinstance(origin, str) else home
    removed_s = seconds_of(removed) if isinstance(removed, str) else None
    link = document.get("link")
    return Trashed(
        path,
        origin_path if origin_path.name == path.name else home,
        removed_s or path.lstat().st_ctime,
        link if isinstance(link, str) else None,
    )


def restore(trashed: Trashed) -> Path:
    """Move a trial back to where it was and return its path.

    Raises:
        InTheWayError: Something is there by now.
        DiskError: The disk refused; the trial is still in the trash.
    """
    try:
        trashed.origin.parent.mkdir(parents=True, exist_ok=True)
        move_directory(trashed.path, trashed.origin, trashed.link)
        _origin_file(trashed.path).unlink(missing_ok=True)
    except FileExistsError:
        raise InTheWayError(path=trashed.origin) from None
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
        if trashed.path.is_symlink():
            trashed.path.unlink()
        else:
            shutil.rmtree(trashed.path)
        _origin_file(trashed.path).unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(
            path=trashed.path, reason=said("cannot be deleted ({strerror})", strerror=error.strerror)
        ) from error
