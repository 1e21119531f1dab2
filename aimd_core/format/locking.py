"""Lets one writer at a time change the documents of a directory, among threads and, if the file system can, processes.

A lock never delays training for long: after some seconds of waiting for a stopped process, the work continues without
it.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress

from aimd_core.format.portable import NO_FOLLOW, open_directory

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 10.0
LOCK_FILE = ".lock"  # only if a directory cannot be locked
_PAUSES_S = (0.0005, 0.005)  # between two tries: the first, the last
_lock = threading.RLock()  # a signal handler may end a trial in the middle of a change
_held: set[str] = set()


@contextmanager
def locked(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Exclude other writers of a directory's documents. The same thread may enter again.

    Raises:
        OSError: The directory does not exist, or may not be read.
    """
    with _lock:
        key = os.path.abspath(directory)
        if key in _held:
            yield
            return
        descriptor = open_directory(directory)
        _held.add(key)
        try:
            descriptor = _take(descriptor, key)
            yield
        finally:
            _held.discard(key)
            _release(descriptor)


@contextmanager
def try_lock(file: str | os.PathLike[str]) -> Iterator[bool]:
    """Lock a file without waiting, and tell whether nobody else has; False where it is gone or has no locks."""
    try:
        import fcntl

        descriptor = os.open(file, os.O_RDWR)
    except (ImportError, FileNotFoundError):
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def locked_by_file(file: str | os.PathLike[str]) -> Iterator[None]:
    """Exclude others for as long as it takes, by a file that goes with the lock; its directory is made if missing.

    Where a file system has no locks, nobody waits.

    Raises:
        OSError: The file cannot be created.
    """
    descriptor = _opened_first(os.fspath(file))
    try:
        yield
    finally:
        with suppress(OSError):
            os.unlink(file)
        _release(descriptor)


def _opened_first(file: str) -> int:
    """Return the descriptor of a locked file that still has its name: its last holder may have removed it."""
    while True:
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(file))
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o666)
        except FileNotFoundError:  # the directory went with the lock of another
            continue
        try:
            with suppress(ImportError):
                import fcntl

                with suppress(OSError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(descriptor), os.stat(file)):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _take(descriptor: int, directory: str) -> int:
    """Lock a directory, and return the descriptor that holds the lock."""
    if _wait_for(descriptor):
        return descriptor
    try:  # NFS locks only what is open for writing, so no directory
        file = os.open(os.path.join(directory, LOCK_FILE), os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o666)
    except OSError:
        return descriptor
    os.close(descriptor)
    _wait_for(file)
    return file


def _wait_for(descriptor: int) -> bool:
    """Wait some time for the lock of a file; return False if its file system has no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    deadline_s = time.monotonic() + PATIENCE_S
    pause_s, longest_s = _PAUSES_S
    while time.monotonic() < deadline_s:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, longest_s)
        except OSError:
            return False
        else:
            return True
    return True


def _release(descriptor: int) -> None:
    """Unlock explicitly: a child forked in the meantime also has the descriptor, so closing it is not enough."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except (ImportError, OSError):
        pass
    os.close(descriptor)


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held the lock
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
