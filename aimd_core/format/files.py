"""A file replaced whole: a reader sees all of the old or all of the new, also after a power cut."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: str | Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file with `content`: a reader sees all of the old or all of the new.

    Args:
        path: The file; its directory must exist.
        content: All of its bytes.
        mode: Permission bits of the new file, reduced by the umask.

    Raises:
        OSError: The disk refused; the old file is unchanged.
    """
    target = os.fspath(path)
    temporary = f"{target}.{os.getpid()}-{os.urandom(4).hex()}.partial"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException:
        _remove_if_there(temporary)
        raise
    _sync_directory(os.path.dirname(target) or ".")


def _remove_if_there(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _sync_directory(path: str) -> None:
    """Make a rename in a directory survive a power cut, if the file system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
