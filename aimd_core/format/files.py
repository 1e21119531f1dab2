"""Files are replaced and directories moved whole: readers see the old or the new, also after a power cut."""

from __future__ import annotations

import errno
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


def move_directory(source: Path, target: Path, link: str | None = None) -> None:
    """Move a directory, or a link to one, to a name that must be free.

    An empty directory there is free: a move that was killed has left it. Killed at any point, the directory is whole in
    one of the two places; a link may be in both, until it is moved once more.

    Args:
        source: The directory. When it is a link, only the link is moved.
        target: Its new path; the parent must exist.
        link: What the link says in its new place; what it said, unless given.

    Raises:
        FileExistsError: Something is there.
        OSError: The disk refused, `errno.EXDEV` when the two are not on one file system; nothing has changed.
    """
    if source.is_symlink():
        _move_link(source, target, link or os.readlink(source))
        return
    made = False
    try:
        target.mkdir()
        made = True
    except FileExistsError:
        if target.is_symlink() or not target.is_dir() or any(target.iterdir()):
            raise
    try:
        os.rename(source, target)  # over an empty directory only
    except BaseException as error:
        if made:
            target.rmdir()
        if isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileExistsError(error.errno, os.strerror(error.errno), str(target)) from error
        raise


def _move_link(source: Path, target: Path, link: str) -> None:
    try:
        os.symlink(link, target)  # exclusively
    except FileExistsError:
        if not target.is_symlink() or os.readlink(target) != link:
            raise
    os.unlink(source)
