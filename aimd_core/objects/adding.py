"""Brings files into a store, and puts each where people see it: one reading, one copy, one wait for the disk.

A file that was added has its bytes in the store and at its place, and they are shared: as a clone where the file system
can, which takes no space, else as a link to one read-only copy. Where neither is possible, and for small files, the
copy is at its place only. A file that is only lent, as a checkpoint's, shares bytes in the same way, but the store does
not keep them: see `aimd_core.objects.lending`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.portable import open_directory
from aimd_core.objects.copying import Stored, copy_file, open_source, read_whole, write_fully
from aimd_core.objects.lending import lend
from aimd_core.objects.packs import PACKED_BYTES
from aimd_core.objects.store import (
    NEW_DIRECTORY,
    READ_ONLY,
    ObjectStore,
    are_on_one_disk,
    are_same,
    created,
    lent_path,
    linked,
    remove_abandoned,
)

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from types import TracebackType

_MOST_FILES, _MOST_BYTES = 2_048, 256 << 20  # that wait for the disk together
_IN_MEMORY_BYTES = 256 << 10  # files up to this size are read into memory, and written only if their bytes are new
_FEW = 4  # files up to which each is forced to the disk; more wait for the whole file system once


class _Taken(NamedTuple):
    """A file that was read: its copy under another name, where it goes, and whether the store keeps it, too."""

    stored: Stored
    temporary: Path
    target: Path | None
    is_object: bool


class Adding:
    """Adds files to a store; use it as a context manager. Nothing is visible before it has settled.

    It settles when the context ends, and whenever much is waiting. An error inside abandons what has not settled.
    """

    def __init__(self, store: ObjectStore, lends: bool = False) -> None:
        """Add to a store; `lends` says that it does not keep what nothing else has."""
        self._store = store
        self._place = lend if lends else place
        self._taken: list[_Taken] = []
        self._new_objects: dict[str, Path] = {}  # the copies that wait, by digest
        self._waiting_bytes = 0
        self._shares: dict[str, bool] = {}  # whether a directory is on the store's disk

    def __enter__(self) -> Adding:
        remove_abandoned(self._store.directory / NEW_DIRECTORY)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.settle()
        else:
            _forget(self._taken)

    def take(self, source: Path, target: Path | None = None, follows: bool = False) -> Stored:
        """Add a file, and have its bytes at `target`, too, which is replaced.

        Args:
            source: The file; it stays as it is.
            target: A path whose directory exists; None for the store alone.
            follows: Whether a link is followed, because a person named it.

        Raises:
            DamagedError: It is not a regular file, or was changed while it was read.
            OSError: It cannot be read, or the disk refused.
        """
        with open_source(source, follows) as opened:
            size_bytes = os.fstat(opened.fileno()).st_size
            if target is None and size_bytes <= PACKED_BYTES:
                content = opened.read(PACKED_BYTES + 1)
                if len(content) <= PACKED_BYTES:
                    return self._store.add_bytes(content)
            is_object, temporary = self._home(size_bytes, target)
            try:
                stored = None
                if target is not None and size_bytes <= _IN_MEMORY_BYTES:
                    stored = self._copy_content(read_whole(opened, source), temporary, is_object)
                if stored is None:
                    with created(temporary) as descriptor:
                        stored = copy_file(opened, descriptor, source, self._store.clones is not False)
            except BaseException:
                _remove(temporary)
                raise
        self._wait(_Taken(stored, temporary, target, is_object))
        return stored

    def take_bytes(self, content: bytes, target: Path | None = None) -> Stored:
        """Add bytes that are in memory, as `take` adds those of a file.

        Raises:
            OSError: The disk refused.
        """
        if target is None and len(content) <= PACKED_BYTES:
            return self._store.add_bytes(content)
        stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
        is_object, temporary = self._home(len(content), target)
        try:
            if not (is_object and self._is_linked(stored, content, temporary)):
                _write(temporary, content)
        except BaseException:
            _remove(temporary)
            raise
        self._wait(_Taken(stored, temporary, target, is_object))
        return stored

    def _copy_content(self, content: bytes, temporary: Path, is_object: bool) -> Stored | None:
        """Copy a file that was read; return None if that is left to the file system, which may share its bytes."""
        stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
        if is_object and self._is_linked(stored, content, temporary):
            return stored
        if len(content) > PACKED_BYTES and self._store.clones is not False:
            return None
        _write(temporary, content)
        return stored

    def _is_linked(self, stored: Stored, content: bytes, temporary: Path) -> bool:
        """Make a second name for equal bytes that the store has, or will have; return whether that could be done.

        The name keeps the bytes, whatever becomes of the object.
        """
        digest = stored.digest
        source = self._new_objects.get(digest) or self._store.path_of(digest)
        if not os.path.lexists(source):
            source = lent_path(self._store, digest)
        try:
            is_read_only = stat.S_IMODE(os.lstat(source).st_mode) == READ_ONLY
        except OSError:
            return False
        if self._store.can_clone(source) or not linked(source, temporary):
            return False
        if not _holds(temporary, content):
            _remove(temporary)
            return False
        if not is_read_only:
            os.chmod(temporary, READ_ONLY)
        return True

    def _home(self, size_bytes: int, target: Path | None) -> tuple[bool, Path]:
        """Return whether a file of some size becomes an object, and the path for its copy."""
        if target is None:
            return True, self._store.new_path()
        directory = os.path.dirname(target)
        shares = self._shares.get(directory)
        if shares is None:
            shares = self._shares[directory] = are_on_one_disk(self._store.directory, target)
        return shares and size_bytes > PACKED_BYTES, self._store.new_path(None if shares else target)

    def _wait(self, taken: _Taken) -> None:
        self._taken.append(taken)
        if taken.is_object and taken.target is not None and not self._store.can_clone(taken.temporary):
            self._new_objects.setdefault(taken.stored.digest, taken.temporary)
        self._waiting_bytes += taken.stored.size_bytes
        if len(self._taken) >= _MOST_FILES or self._waiting_bytes >= _MOST_BYTES:
            self.settle()

    def settle(self) -> None:
        """Force what was taken to the disk, and put it in its place.

        Raises:
            OSError: The disk refused. What is in its place stays there.
        """
        taken, self._taken, self._waiting_bytes = self._taken, [], 0
        self._new_objects = {}
        left = list(reversed(taken))
        try:
            _sync_all([item.temporary for item in taken])
            with self._store.locked(is_shared=True) if left else nullcontext():
                while left:
                    self._put(left[-1])
                    left.pop()
        finally:
            _forget(left)

    def _put(self, item: _Taken) -> None:
        """Put a file in its place; its temporary name is gone then."""
        if not item.is_object:
            assert item.target is not None
            os.rename(item.temporary, item.target)
            return
        self._place(self._store, item.temporary, item.stored, item.target)


def place(store: ObjectStore, temporary: Path, stored: Stored, target: Path | None) -> None:
    """Make a finished file an object, and have its bytes at `target`, too; its temporary name is gone then.

    The caller holds the shared lock of the store.

    Args:
        store: The store.
        temporary: The file, which has been forced to the disk; possibly the target itself.
        stored: What it holds.
        target: A path whose directory exists, which is replaced; None for the store alone.

    Raises:
        OSError: The disk refused.
    """
    if target is not None and are_same(store.path_of(stored.digest), temporary):  # linked when it was read
        if temporary != target:
            os.rename(temporary, target)
            _remove(temporary)  # which stays if the target is the same file already
        return
    is_new = store.keep(temporary, stored, may_move=target is None)
    if target is None:
        _remove(temporary)
    elif is_new and not store.can_clone(temporary):
        os.rename(temporary, target)  # the second name of the object, or the only one
    else:
        store.put_at(stored.digest, target)
        if temporary != target:
            _remove(temporary)


def _write(temporary: Path, content: bytes) -> None:
    with created(temporary) as descriptor:
        write_fully(descriptor, content)


def _holds(path: Path, content: bytes) -> bool:
    """Tell whether a file has some bytes, and no others."""
    try:
        with open_source(path) as file:
            return os.fstat(file.fileno()).st_size == len(content) and read_whole(file, path) == content
    except (DamagedError, OSError):
        return False


def _forget(taken: list[_Taken]) -> None:
    for item in taken:
        _remove(item.temporary)


def _sync_all(paths: list[Path]) -> None:
    """Force files to the disk: a few one by one, many by syncing their file system once.

    Raises:
        OSError: The disk refused.
    """
    disks: dict[str, int] = {}
    by_disk: dict[int, list[Path]] = {}
    for path in paths:
        directory = os.path.dirname(path)
        disk = disks.get(directory)
        if disk is None:
            disk = disks[directory] = os.stat(directory).st_dev
        by_disk.setdefault(disk, []).append(path)
    for together in by_disk.values():
        if len(together) > _FEW and _sync_file_system(together[0].parent):
            continue
        for path in together:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _sync_file_system(directory: Path) -> bool:
    """Sync the file system of a directory; return False if this system cannot."""
    import ctypes

    try:
        sync = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return False
    descriptor = open_directory(directory)
    try:
        return bool(sync(descriptor) == 0)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
