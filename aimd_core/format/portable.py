"""What Windows or macOS lacks of the system's interface that recording, listing and uploading use.

A descriptor that Python opens is never inherited, so no flag says so.
"""

from __future__ import annotations

import os

BINARY = getattr(os, "O_BINARY", 0)  # Windows would write two bytes for each line feed
DIRECTORY = getattr(os, "O_DIRECTORY", 0)
NO_BLOCK = getattr(os, "O_NONBLOCK", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)

sync_data = getattr(os, "fdatasync", os.fsync)


def host_name() -> str:
    """Return the name of this machine."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform  # slower, and starts processes on some systems

    return platform.node()


def open_directory(path: str | os.PathLike[str]) -> int:
    """Open a directory, to lock or flush it; Windows opens none, and the null device stands for it there.

    Raises:
        OSError: It is not there, or may not be read.
    """
    if hasattr(os, "O_DIRECTORY"):
        return os.open(path, os.O_RDONLY)
    os.stat(path)
    return os.open(os.devnull, os.O_RDONLY)


def sync_directory(path: str | os.PathLike[str]) -> None:
    """Flush a directory to the disk, where the system can.

    Raises:
        OSError: The disk refused.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_at(descriptor: int, size_bytes: int, offset: int) -> bytes:
    """Return up to this many bytes of an open file from an offset on; where the file is read next stays as it is."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size_bytes, offset)
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size_bytes)
    finally:
        os.lseek(descriptor, before, os.SEEK_SET)
