"""Copies a file and learns its digest, reading it once.

Where the file system can share the bytes of two files until one of them changes (Btrfs, XFS), a copy takes no space.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.layout import INODE_BITS
from aimd_core.format.portable import NO_BLOCK, NO_FOLLOW

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

BLOCK_BYTES = 1 << 20
_SHARE = 0x40049409  # FICLONE of linux/fs.h


class Stored(NamedTuple):
    """Bytes by their SHA-256, in hexadecimal, and how many they are."""

    digest: str
    size_bytes: int


class Stat(NamedTuple):
    """What tells whether a file has changed: its size in bytes, the time of its last change, and its inode."""

    size_bytes: int
    mtime_ns: int
    inode: int


def stat_of(status: os.stat_result) -> Stat:
    """Return what tells whether a file has changed."""
    return Stat(status.st_size, status.st_mtime_ns, status.st_ino & INODE_BITS)


def stat_at(path: Path) -> Stat | None:
    """Return what tells whether the file at a path has changed, or None if there is none."""
    try:
        return stat_of(os.stat(path))
    except OSError:
        return None


def open_source(path: str | os.PathLike[str], follows: bool = False) -> BinaryIO:
    """Open a file to be kept: a regular one, never a pipe or a device, which could block.

    Args:
        path: The file.
        follows: Whether a link is followed, because a person named it.

    Raises:
        DamagedError: It is something else.
        OSError: It is not there, or may not be read.
    """
    flags = os.O_RDONLY | NO_BLOCK | (0 if follows else NO_FOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DamagedError(path=path, reason="is a link, which is not followed") from None
        if error.errno == errno.ENXIO:
            raise DamagedError(path=path, reason="is not a regular file") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DamagedError(path=path, reason="is not a regular file")
    return open(descriptor, "rb", 0)


def digest_file(file: BinaryIO, path: str | os.PathLike[str]) -> Stored:
    """Return the digest of an open file, from its beginning, read once.

    Raises:
        DamagedError: It was changed meanwhile.
        OSError: It cannot be read.
    """
    before = stat_of(os.fstat(file.fileno()))
    file.seek(0)
    digest, size_bytes = hashlib.sha256(), 0
    buffer = bytearray(min(BLOCK_BYTES, before.size_bytes + 1))
    view = memoryview(buffer)
    while count := file.readinto(view):  # type: ignore[attr-defined]
        digest.update(view[:count])
        size_bytes += count
    _require_same(file, before, size_bytes, path)
    return Stored(digest.hexdigest(), size_bytes)


def copy_file(source: BinaryIO, target: int, path: str | os.PathLike[str], may_share: bool = True) -> Stored:
    """Copy an open file to an empty one, and return its digest; bytes are shared where the file system can.

    Args:
        source: The file, open for reading.
        target: The descriptor of the empty file.
        path: The name of the source, for errors.
        may_share: Whether the file system may be able to.

    Raises:
        DamagedError: The source was changed meanwhile.
        OSError: It cannot be read, or the disk is full.
    """
    if may_share and share_bytes(source.fileno(), target):
        with open(os.dup(target), "rb", 0) as shared:  # which nobody changes
            return digest_file(shared, path)
    before = stat_of(os.fstat(source.fileno()))
    source.seek(0)
    digest, size_bytes = hashlib.sha256(), 0
    buffer = bytearray(min(BLOCK_BYTES, before.size_bytes + 1))
    view = memoryview(buffer)
    while count := source.readinto(view):  # type: ignore[attr-defined]
        piece = view[:count]
        digest.update(piece)
        write_fully(target, piece)
        size_bytes += count
    _require_same(source, before, size_bytes, path)
    return Stored(digest.hexdigest(), size_bytes)


def read_whole(file: BinaryIO, path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of an open file that fits into memory.

    Raises:
        DamagedError: It was changed meanwhile.
        OSError: It cannot be read.
    """
    before = stat_of(os.fstat(file.fileno()))
    content = file.read(before.size_bytes + 1)
    while piece := file.read(max(before.size_bytes + 1 - len(content), 0)):
        content += piece
    _require_same(file, before, len(content), path)
    return content


def share_bytes(source: int, target: int) -> bool:
    """Let a file have the bytes of another without copying them, if the file system can; return whether it did."""
    try:
        import fcntl

        fcntl.ioctl(target, _SHARE, source)
    except (ImportError, OSError):
        return False
    return True


def write_fully(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of some bytes.

    Raises:
        OSError: The disk refused; some of them may be written.
    """
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _require_same(file: BinaryIO, before: Stat, size_bytes: int, path: str | os.PathLike[str]) -> None:
    after = stat_of(os.fstat(file.fileno()))
    if size_bytes != before.size_bytes or after[:2] != before[:2]:
        raise DamagedError(path=path, reason="was changed while it was read")
