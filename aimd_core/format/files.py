"""Files are replaced and directories moved whole: readers see the old or the new, also after a power cut."""

from __future__ import annotations

import errno
import os
import time

from aimd_core.format.portable import BINARY

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from pathlib import Path


UNSYNCED_S = 1.0
PARTIAL = ".partial"  # the end of the name of a file or a directory that is not finished
ABANDONED_S = 600.0  # a partial file that nobody has written to for so long is nobody's


class Unsynced:
    """Files written in the first second of a trial, forced to the disk together: by then at the latest.

    A trial is created by several small files, and forcing each of them to the disk takes longer than all the rest.
    A power cut may cost the last second, so within that second they may wait for each other. A copy takes none.
    """

    __slots__ = ("_began_s", "_directories", "_paths")

    def __init__(self, directory: str | Path | None = None, above: int = 0) -> None:
        """Begin.

        Args:
            directory: The trial's directory, which is new; None for one that takes nothing.
            above: How many directories above it may be new too.
        """
        self._began_s = time.monotonic() if directory is not None else -UNSYNCED_S
        self._paths: set[str] = set()
        self._directories: list[str] = []
        path = "" if directory is None else os.fspath(directory)
        for _ in range(above + 1 if path else 0):
            self._directories.append(path)
            path = os.path.dirname(path)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), ()

    def may_wait(self) -> bool:
        """Tell whether a file that is about to be written may wait. If not, those that have waited are synced first.

        Raises:
            OSError: As `sync`.
        """
        if time.monotonic() - self._began_s < UNSYNCED_S:
            return True
        self.sync()
        return False

    def add(self, path: str) -> None:
        """Have a file that was written wait, or sync it at once if the others have been meanwhile."""
        self._paths.add(path)
        if self._began_s < 0:
            self.sync()

    def sync(self) -> None:
        """Force all of them to the disk. From then on, none may wait.

        Raises:
            OSError: The disk refused one of them; the others were tried.
        """
        paths, directories, self._paths, self._directories = self._paths, self._directories, set(), []
        self._began_s = -UNSYNCED_S
        refused: OSError | None = None
        for path in paths:
            try:
                _sync_file(path)
            except FileNotFoundError:
                continue  # the trial was removed or renamed
            except OSError as error:
                refused = error
        for directory in directories:
            _sync_directory(directory)
        if refused is not None:
            raise refused


def _sync_file(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: str | Path, content: bytes, mode: int = 0o666, unsynced: Unsynced | None = None) -> None:
    """Replace a file with `content`: a reader sees all of the old or all of the new.

    Args:
        path: The file; its directory must exist.
        content: All of its bytes.
        mode: Permission bits of the new file, reduced by the umask.
        unsynced: Forces the file to the disk later, if it may wait.

    Raises:
        OSError: The disk refused; the old file is unchanged.
    """
    target = os.fspath(path)
    temporary = f"{target}.{os.getpid()}-{os.urandom(4).hex()}{PARTIAL}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode)
    try:
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content)
            waits = unsynced is not None and unsynced.may_wait()
            if not waits:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException:
        _remove_if_there(temporary)
        raise
    if unsynced is not None and waits:
        unsynced.add(target)
    else:
        directory, name = os.path.split(target)
        _sync_directory(directory or ".")
        _remove_abandoned(directory or ".", name)


def _remove_abandoned(directory: str, name: str) -> None:
    """Remove what writers of the same file left behind when they were killed in the middle."""
    before_s = time.time() - ABANDONED_S
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                is_partial = entry.name.startswith(f"{name}.") and entry.name.endswith(PARTIAL)
                if is_partial and entry.stat(follow_symlinks=False).st_mtime < before_s:
                    os.unlink(entry.path)
    except OSError:
        pass


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
