"""Renames an ended trial, in its metadata and the name of its directory, or moves it to another working directory."""

from __future__ import annotations

import os
from pathlib import Path

from aimd_core.errors import (
    DamagedError,
    DiskError,
    InTheWayError,
    InvalidNameError,
    TrialRunningError,
    unlisted,
)
from aimd_core.format.documents import read_mapping, write_mapping
from aimd_core.format.files import move_directory
from aimd_core.format.layout import METADATA_FILE, TRIALS_DIRECTORY, absolute
from aimd_core.format.model import is_alternative_name, split_alternative_name
from aimd_core.format.values import directory_name_fault
from aimd_core.language import said
from aimd_core.reading.documents import Trial
from aimd_core.reading.facts import is_live, may_go_on
from aimd_core.reading.media import bring_media


def rename_trial(trial: Trial, name: str, force: bool = False) -> Path:
    """Rename a trial and return its directory's new path. Date, suffix and id stay.

    Args:
        trial: The trial.
        name: Its new name.
        force: Rename even a Lost trial, which may still run on another host.

    Raises:
        InvalidNameError: `name` cannot be a directory name.
        TrialRunningError: The trial is running, or may be.
        DamagedError: Its metadata cannot be read, so it is not replaced.
        InTheWayError: A directory with the new name exists.
        DiskError: The disk refused; the trial is unchanged.
    """
    fault = directory_name_fault(name)
    if fault:
        raise InvalidNameError(name=name, reason=fault)
    state = trial.state.name
    if is_live(state) or (may_go_on(state) and not force):
        raise TrialRunningError(name=trial.alternative_name, state=state, verb="renamed")
    source = trial.path.absolute()
    target = source.with_name(_directory_name(source.name, name))
    file = source / METADATA_FILE
    try:
        before = read_mapping(file)
        inner = before.get("metadata")
        if not isinstance(inner, dict):
            raise DamagedError(path=file, reason="holds no mapping `metadata`")
        written = file.stat()
        write_mapping(file, {**before, "metadata": {**inner, "name": name}})
        try:
            if source != target:
                move_directory(source, target)
            # The new name is not a sign of life of the recording process.
            os.utime(target / METADATA_FILE, ns=(written.st_atime_ns, written.st_mtime_ns))
        except OSError:
            if file.exists():  # not moved
                write_mapping(file, before)
            raise
    except FileExistsError:
        raise InTheWayError(path=target) from None
    except OSError as error:
        raise DiskError(path=source, reason=said("cannot be renamed ({strerror})", strerror=error.strerror)) from error
    return target


def _directory_name(old: str, name: str) -> str:
    """Return the directory's new name. One that is not an alternative name was chosen by a person and stays."""
    if not is_alternative_name(old):
        return old
    _, created, suffix = split_alternative_name(old)
    return f"{name}_{created}_{suffix}"


def move_trial(trial: Trial, directory: Path, make: bool = False) -> Path:
    """Move a trial to the trials of another working directory, and return its directory's new path.

    Args:
        trial: The trial.
        directory: A directory that holds `.aimd`, or will.
        make: Whether to create the directory.

    Raises:
        NoDirectoryError: It does not exist, and `make` is False.
        TrialRunningError: The trial is running.
        InTheWayError: The directory has a trial of that name.
        DiskError: The disk refused, such as for a directory on another file system; the trial is where it was.
    """
    state = trial.state.name
    if is_live(state):
        raise TrialRunningError(name=trial.alternative_name, state=state, verb="moved")
    if not directory.is_dir() and not make:
        raise unlisted(absolute(directory))
    source = trial.path.absolute()
    target = absolute(directory) / TRIALS_DIRECTORY / source.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        bring_media(source, target)
        move_directory(source, target, os.path.realpath(source) if source.is_symlink() else None)
    except FileExistsError:
        raise InTheWayError(path=target) from None
    except OSError as error:
        raise DiskError(
            path=source, reason=said("cannot be moved to {target} ({strerror})", target=target, strerror=error.strerror)
        ) from error
    return target
