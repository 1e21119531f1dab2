"""The stores of other trackers, read in place: their runs as trials in the user's cache directory, kept up to date.

The copy is made by the readers that `aimd trial import` has, when a store is named for the first time, and brought up
to date when a file of the store has changed. The store itself does not change by a byte, and the copy may be deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from aimd_cli import output
from aimd_cli.importing.sources import SOURCES, SourceName, recognised
from aimd_cli.importing.writing import Importer
from aimd_core.caches import user_cache_directory
from aimd_core.errors import AimdError, DamagedError, DiskError, NotFoundError, UsageError
from aimd_core.format.locking import locked
from aimd_core.language import said

_STATE_FILE = "store.json"
_VERSION = 1  # of how runs become trials here; another one reads everything again
_FAULTS_SHOWN = 5


def trials_of(path: Path, say: Callable[[str], None] = output.say) -> Path | None:
    """Return a working directory that holds the runs of a store as trials; None if the path holds no such store.

    Args:
        path: A file or a directory.
        say: Takes what cannot be read, and what takes a while, in sentences.

    Raises:
        UsageError: The path holds files of several trackers.
        DamagedError: Nothing in it can be read.
        DiskError: The copy cannot be written.
    """
    if not path.exists():
        return None
    directory = _copy_of(path)
    state = _state_in(directory)
    if state is not None and state == [_VERSION, _signature(path)]:  # a directory never read before may be a whole disk
        return directory
    try:
        tracker = recognised(path)
    except NotFoundError:
        return None
    except UsageError as error:
        raise UsageError(message=error.facts["message"], hint="Name a directory or a file of one of them") from None
    if tracker == "aimd":
        return None
    signature = _signature(path)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with locked(directory):
            if _state_in(directory) != [_VERSION, signature]:
                _bring_up_to_date(path, tracker, directory, say)
                (directory / _STATE_FILE).write_text(json.dumps([_VERSION, signature]))
    except OSError as error:
        raise DiskError(path=directory, reason=str(error.strerror)) from error
    return directory


def _copy_of(path: Path) -> Path:
    called = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return Path(user_cache_directory(), "stores", called)


def _state_in(directory: Path) -> object:
    with contextlib.suppress(OSError, ValueError):
        return json.loads((directory / _STATE_FILE).read_bytes())
    return None


def _signature(path: Path) -> str:
    """Return a text that changes whenever a file of a store does: names, sizes and times of change."""
    digest = hashlib.sha256()
    for name, status in sorted(_files(path)):
        digest.update(os.fsencode(name) + b"\0%d %d %d\n" % status)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    if path.is_file():
        for name in (str(path), f"{path}-wal"):  # which a database has while it is open
            with contextlib.suppress(FileNotFoundError):
                yield name, _numbers(os.stat(name))
        return
    left = [str(path)]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    yield entry.path, _numbers(entry.stat(follow_symlinks=False))


def _numbers(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _bring_up_to_date(path: Path, tracker: SourceName, directory: Path, say: Callable[[str], None]) -> None:
    """Make the copy have the runs that the store has now, and no others."""
    if output.is_terminal():
        say(said("Reading {path} ({title}) …", path=path, title=SOURCES[tracker].title))
    try:
        names, faults = _copied(path, tracker, directory)
    except _ChangedError:  # a run has not only grown: all are read anew
        shutil.rmtree(directory / ".aimd", ignore_errors=True)
        names, faults = _copied(path, tracker, directory)
    for fault in faults[:_FAULTS_SHOWN]:
        say(fault)
    if len(faults) > _FAULTS_SHOWN:
        say(said("and {count} more that cannot be read", count=len(faults) - _FAULTS_SHOWN))
    trials = directory / ".aimd" / "trials"
    for entry in trials.iterdir() if trials.is_dir() else ():
        if entry.name not in names:
            shutil.rmtree(entry, ignore_errors=True)


class _ChangedError(Exception):
    """A run that was copied before no longer begins as it did."""


def _copied(path: Path, tracker: SourceName, directory: Path) -> tuple[set[str], list[str]]:
    """Copy all runs, and return the names of their trials, and what cannot be read, in sentences."""
    store = SOURCES[tracker].read(path)
    importer = Importer(directory, keeps_files=False)  # which may be larger than everything else
    names: set[str] = set()
    faults: list[str] = []
    had_any = (directory / ".aimd").is_dir()
    for run in store:
        try:
            names.add(importer.write(run).path.name)
        except DamagedError as error:
            if had_any:
                raise _ChangedError from error
            faults.append(error.sentence)
        except AimdError as error:
            faults.append(error.sentence)
    faults += [said("{path}: {reason}", path=fault.path, reason=fault.reason) for fault in store.faults]
    if not names and store.faults:
        raise DamagedError(path=store.faults[0].path, reason=store.faults[0].reason)
    return names, faults
