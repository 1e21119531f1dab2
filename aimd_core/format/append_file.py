"""A file that is only appended to: a name that opens itself, never a descriptor that travels.

A descriptor is a number, and in another process, or later in this one, that number belongs to a different file. So
copies, pickles and forked children of an `AppendFile` know only its path, and each opens the file itself when it first
writes. Everything that appends derives from this class, and nothing else keeps a descriptor's number.

Programs also close descriptors that are not theirs, as daemons do, and the system gives the lowest free number to the
next file. So the descriptors here have high numbers: a write to one that was closed fails, rather than landing in a
checkpoint, and the file is opened again.
"""

from __future__ import annotations

import os
import weakref

from aimd_core.format.portable import BINARY, NO_FOLLOW

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | NO_FOLLOW | BINARY
_FIRST_NUMBERS = (900, 200)  # of a descriptor: the highest that most systems allow, and what others may
_open_files: weakref.WeakSet[AppendFile] = weakref.WeakSet()


class AppendFile:
    """An append-only file by its path.

    Attributes:
        path: The file.
    """

    __slots__ = ("__weakref__", "_descriptor", "_identity", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        self._identity = (0, 0)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the path only: a copy is closed."""
        return type(self), (self.path,)

    @property
    def is_open(self) -> bool:
        """Whether this object holds the file open."""
        return self._descriptor >= 0

    def open(self) -> None:
        """Open the file, created if missing; do nothing if it is open.

        Raises:
            OSError: It cannot be opened.
        """
        if self._descriptor < 0:
            self._descriptor = _moved_up(os.open(self.path, _FLAGS, 0o666))
            status = os.fstat(self._descriptor)
            self._identity = (status.st_dev, status.st_ino)
            _open_files.add(self)

    def has_lost_its_descriptor(self) -> bool:
        """Tell whether somebody else closed the descriptor, and perhaps opened another file under its number."""
        if self._descriptor < 0:
            return False
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._identity

    def leave_if_lost(self) -> bool:
        """Become closed, without closing anything, if the descriptor was lost. Return whether it was."""
        is_lost = self.has_lost_its_descriptor()
        if is_lost:
            self._descriptor = -1
        return is_lost

    def is_number_of_others(self) -> bool:
        """Tell whether the lost descriptor is the number of a different file now, in which content may have landed."""
        try:
            return self.has_lost_its_descriptor() and os.fstat(self._descriptor) is not None
        except OSError:
            return False

    def is_deleted(self) -> bool:
        """Tell whether the open file has no name any more: somebody deleted or replaced it."""
        return self._descriptor >= 0 and os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Release the file; the object can open it again.

        Raises:
            OSError: A network file system reports that what was written did not arrive.
        """
        is_lost = self.has_lost_its_descriptor()
        descriptor, self._descriptor = self._descriptor, -1
        _open_files.discard(self)
        if descriptor >= 0 and not is_lost:
            os.close(descriptor)

    def start_anew(self) -> None:
        """Become closed, like a copy, in a child that inherited the descriptor from its parent."""
        try:
            AppendFile.close(self)
        except OSError:
            pass  # the parent still has it open, and will get the error

    def __del__(self) -> None:
        try:
            AppendFile.close(self)
        except (AttributeError, OSError, TypeError):  # not initialised, or `os` is already gone
            pass


def _moved_up(descriptor: int) -> int:
    """Give an open file a descriptor with a high number, if the system allows, and return that."""
    try:
        import fcntl
    except ImportError:  # Windows
        return descriptor
    for number in _FIRST_NUMBERS:
        try:
            moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, number)
        except OSError:  # above the limit, or all above are taken
            continue
        try:
            os.close(descriptor)
        except OSError:
            pass  # nothing was written through it
        return moved
    return descriptor


def _after_fork_in_child() -> None:
    for file in list(_open_files):
        file.start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
