"""Folders of servers under test whose commits wait for no disk: in memory, which only a power cut could tell.

A commit is flushed to the disk, some milliseconds each time, and tests make a great many. What is to survive a power
cut, or to meet a disk as people have it, is tested elsewhere.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30  # a run needs some hundred MB; a container often has 64 MB
_NAME = "aimd-tests-"


@contextmanager
def quick_folder(otherwise: Path) -> Iterator[Path]:
    """Yield a new folder in memory, which is removed at the end; `otherwise` where there is no room for that."""
    if not _has_room():
        yield otherwise
        return
    place = Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=_MEMORY))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def remove_left_over() -> None:
    """Remove the folders of runs that were killed."""
    for place in _MEMORY.glob(f"{_NAME}*-*"):
        if not Path("/proc", place.name.removeprefix(_NAME).partition("-")[0]).exists():
            shutil.rmtree(place, ignore_errors=True)


def _has_room() -> bool:
    return os.access(_MEMORY, os.W_OK) and Path("/proc/self").exists() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
