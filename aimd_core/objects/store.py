"""The store of a working directory: bytes by their SHA-256, each sequence once. See docs/reference/objects.md.

`.aimd/objects/` has a read-only file for each sequence, `<2 digits>/<62 digits>`, and packs for small ones. It is a
plain directory: `sha256sum` of a file says its name. Many processes may add to it at once, and a kill at any point
leaves whole objects only. Files are brought in by `aimd_core.objects.adding`. Below `lent/` are names for bytes of
checkpoints, which are objects only once something else has them, too: see `aimd_core.objects.lending`.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path

from aimd_core.errors import DamagedError, NotFoundError
from aimd_core.format.files import PARTIAL
from aimd_core.format.layout import HOME, working_directory_of
from aimd_core.format.portable import NO_FOLLOW
from aimd_core.language import said
from aimd_core.objects.copying import Stored, copy_file, digest_file, open_source, share_bytes, write_fully
from aimd_core.objects.packs import PACKED_BYTES, PackReader, PackWriter

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

OBJECTS_DIRECTORY = Path(HOME, "objects")
PACKS_DIRECTORY, NEW_DIRECTORY, LOCK_FILE = "packs", "new", "lock"
LENT_DIRECTORY = "lent"
READ_ONLY = 0o444
REFRESH_S = 1.0  # how long it may take until a process that does not wait sees small objects of others
_ABANDONED_S = 86_400.0  # longer than for a document, because a large file may be copied for hours
_UNFINISHED = re.compile(rf"\.[0-9]+-[0-9a-f]{{16}}{re.escape(PARTIAL)}")  # what `new_path` makes
_stores: weakref.WeakSet[ObjectStore] = weakref.WeakSet()


class ObjectMissingError(NotFoundError):
    """The store has no such bytes. Facts: digest, where."""

    code = "object_missing"
    text = "{where} has no object {digest}"


def store_of(directory: Path) -> ObjectStore:
    """Return the store for what lies below `.aimd`, such as a trial's directory.

    Anything else, such as a trial that was copied out, has the store of a working directory beside it.
    """
    return ObjectStore(working_directory_of(directory) / OBJECTS_DIRECTORY)


class ObjectStore:
    """The objects of a directory, which is created with the first. It may be used by several threads.

    Attributes:
        directory: Where they are.
        clones: Whether the file system can share the bytes of two files, None until it was tried.
        unsynced: The files that wait for `sync`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._packs = PackReader(str(directory / PACKS_DIRECTORY))
        self._writer = PackWriter(str(directory / PACKS_DIRECTORY))
        self._lock = threading.Lock()
        self.unsynced: set[str] = set()
        self._prefix = f"{directory}{os.sep}"  # text, because paths are put together for every file
        self._lock_path = self._prefix + LOCK_FILE
        self._new_prefix = self._prefix + NEW_DIRECTORY + os.sep
        self.clones: bool | None = None
        _stores.add(self)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.directory,)

    def path_of(self, digest: str) -> Path:
        """Return where the file of an object is, if it has its own."""
        return Path(f"{self._prefix}{digest[:2]}{os.sep}{digest[2:]}")

    def add_bytes(self, content: bytes, waits: bool = False) -> Stored:
        """Add bytes that are in memory; what is there already is not written again.

        A killed process does not lose them once this has returned; a power cut may lose the last second of small ones.

        Args:
            content: The bytes.
            waits: Whether they are forced to the disk by `sync` only, so that the caller never waits for the disk, and
                small ones that other processes have just added may be added once more.

        Raises:
            OSError: The disk refused.
        """
        stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
        if len(content) > PACKED_BYTES:
            _add_large(self, stored, content, waits)
            return stored
        with self._lock, self.locked(is_shared=True):
            if not self._packs.renew(stored.digest, REFRESH_S if waits else 0.0):
                self._packs.note(stored.digest, self._writer.append(stored.digest, content, waits))
                if waits:
                    self.unsynced.add(self._writer.path)
        return stored

    def keep(self, temporary: Path, stored: Stored, may_move: bool = True) -> bool:
        """Make a finished file of `unfinished` an object, unless it is there already; return whether it was not.

        The caller holds the shared lock (`locked`).

        Args:
            temporary: The file, which has been forced to the disk. The object is a second name for it.
            stored: What it holds.
            may_move: Whether, on a file system without links, it becomes the object itself; else there is none.

        Raises:
            OSError: The disk refused.
        """
        path = self.path_of(stored.digest)
        if is_kept(self, stored):
            return False
        _remove(path)  # it was cut short by a power cut, or somebody wrote to one of its names
        os.chmod(temporary, READ_ONLY)
        return link_or_move(temporary, path, may_move)

    def sync(self) -> None:
        """Force small objects to the disk, and large ones that wait; others are there once they were added.

        Raises:
            OSError: The disk refused.
        """
        with self._lock:
            self._writer.sync()
        while self.unsynced:
            sync_file(self.unsynced.pop())

    def close(self) -> None:
        """Release the pack that this store adds to; the store can still be used."""
        with self._lock:
            self._writer.close()

    def has(self, digest: str) -> bool:
        """Tell whether the store has an object."""
        return self.size_of(digest) is not None

    def size_of(self, digest: str) -> int | None:
        """Return the size of an object in bytes, or None if there is none."""
        try:
            return os.stat(self.path_of(digest)).st_size
        except OSError:
            with self._lock:
                location = self._packs.locate(digest)
            return location.size_bytes if location else None

    def open(self, digest: str) -> BinaryIO:
        """Open an object for reading.

        Raises:
            ObjectMissingError: The store does not have it.
            DamagedError: It is a small one with other bytes. Large ones are not compared: see `fault_of`.
        """
        import io

        try:
            return open_source(self.path_of(digest))
        except FileNotFoundError:
            return io.BytesIO(self.read(digest))

    def read(self, digest: str) -> bytes:
        """Return all bytes of an object, compared with its digest.

        Raises:
            ObjectMissingError: The store does not have it.
            DamagedError: Its bytes are others.
        """
        with self._lock:
            content = self._packs.read(digest)
        if content is None:
            try:
                with open_source(self.path_of(digest)) as file:
                    content = file.read()
            except FileNotFoundError:
                raise ObjectMissingError(digest=digest, where=self.directory) from None
            if hashlib.sha256(content).hexdigest() != digest:
                raise DamagedError(path=self.path_of(digest), reason="does not match the digest in its name")
        return content

    def fault_of(self, digest: str) -> str | None:
        """Read an object, and return what is wrong with it, or None."""
        path = self.path_of(digest)
        try:
            with open_source(path) as file:
                is_sound = digest_file(file, path).digest == digest
        except FileNotFoundError:
            with self._lock:
                if self._packs.locate(digest) is None:
                    return "is missing"
                is_sound = self._packs.read(digest) is not None
        except DamagedError as error:
            return said(error.reason)
        except OSError as error:
            return said("cannot be read ({strerror})", strerror=error.strerror)
        return None if is_sound else "does not match its digest"

    def put_at(self, digest: str, target: Path) -> None:
        """Give a path the bytes of an object, replacing what is there; readers see the old file or the new.

        The bytes are shared with the object: as a clone where the file system can, else by a link to the read-only
        file. On another file system they are copied.

        Raises:
            ObjectMissingError: The store does not have it.
            DamagedError: It is a small one with other bytes.
            OSError: The disk refused.
        """
        source = self.path_of(digest)
        if are_same(source, target):
            return
        with self.locked(is_shared=True):
            if source.exists():
                share(self, source, target)
                return
            with self.unfinished(target) as temporary:
                write_new(temporary, self.read(digest))
                os.rename(temporary, target)

    def can_clone(self, source: Path) -> bool:
        """Tell whether the store's file system can share the bytes of two files, tried once with one of its own."""
        if self.clones is None:
            with self.unfinished() as temporary:
                self.clones = clone(source, temporary)
        return self.clones

    def objects(self) -> Iterator[Stored]:
        """Yield the objects that have their own file, in order."""
        for folder in _names(self.directory):
            if len(folder) == 2:
                for name in _names(self.directory / folder):
                    with suppress(OSError):
                        yield Stored(folder + name, os.stat(self.directory / folder / name).st_size)

    def packed(self) -> dict[str, int]:
        """Return the sizes in bytes of the packed objects, by digest."""
        with self._lock:
            return {digest: location.size_bytes for digest, location in self._packs.locations().items()}

    @contextmanager
    def locked(self, is_shared: bool) -> Iterator[None]:
        """Exclude a collection while something is added, or the reverse; a file system without locks excludes nobody.

        Raises:
            OSError: The directory cannot be created or written.
        """
        path = self._lock_path  # of text, because this is on the way of every picture
        flags = os.O_RDWR | os.O_CREAT | NO_FOLLOW
        try:
            descriptor = os.open(path, flags, 0o666)
        except FileNotFoundError:
            self.directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o666)
        try:
            with suppress(ImportError, OSError):
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def unfinished(self, target: Path | None = None) -> Iterator[Path]:
        """Yield the path for a new file, which goes away unless it is renamed; on the file system of `target`."""
        temporary = self.new_path(target)
        try:
            yield temporary
        finally:
            _remove(temporary)

    def new_path(self, target: Path | None = None) -> Path:
        """Return a free path for a file that will get another name, on the file system of `target`.

        Raises:
            OSError: The store's directory cannot be created.
        """
        prefix = self._new_prefix
        if target is not None and not are_on_one_disk(self.directory, target):
            prefix = f"{target.parent}{os.sep}"
        elif not os.path.isdir(prefix):
            os.makedirs(prefix, exist_ok=True)
        return Path(f"{prefix}.{os.getpid()}-{os.urandom(8).hex()}{PARTIAL}")


def are_on_one_disk(directory: Path, target: Path) -> bool:
    """Tell whether a directory, which may not be there yet, and a path in one that is are on one file system."""
    while not directory.exists():
        directory = directory.parent
    return os.stat(directory).st_dev == os.stat(target.parent).st_dev


def remove_abandoned(directory: Path) -> None:
    """Remove what killed processes did not finish."""
    before_s = time.time() - _ABANDONED_S
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_ctime < before_s:
                os.unlink(entry.path)


def is_unfinished(name: str) -> bool:
    """Tell whether a file's name is that of one that a store has not finished."""
    return _UNFINISHED.fullmatch(name) is not None


@contextmanager
def created(path: Path) -> Iterator[int]:
    """Yield the descriptor of a new file, opened for reading and writing.

    Raises:
        OSError: The disk refused.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_new(path: Path, content: bytes, is_synced: bool = True) -> None:
    """Write a new file, and force it to the disk, unless that waits.

    Raises:
        OSError: The disk refused.
    """
    with created(path) as descriptor:
        write_fully(descriptor, content)
        if is_synced:
            os.fsync(descriptor)


def sync_file(path: str) -> None:
    """Force a file to the disk, unless it is gone.

    Raises:
        OSError: The disk refused.
    """
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def clone(source: Path, target: Path) -> bool:
    """Create a file that shares the bytes of another; return whether the file system can do that.

    Raises:
        OSError: The disk refused for another reason.
    """
    with open_source(source) as opened, created(target) as descriptor:
        if share_bytes(opened.fileno(), descriptor):
            return True
    _remove(target)
    return False


def share(store: ObjectStore, source: Path, target: Path) -> None:
    """Give a path the bytes of a file on the store's disk, by the cheapest way that the file system has.

    Raises:
        OSError: The disk refused.
    """
    with store.unfinished(target) as temporary:
        if not (store.can_clone(source) and clone(source, temporary)) and not linked(source, temporary):
            with open_source(source) as opened, created(temporary) as descriptor:
                copy_file(opened, descriptor, source)
                os.fsync(descriptor)
        os.rename(temporary, target)


def _add_large(store: ObjectStore, stored: Stored, content: bytes, waits: bool) -> None:
    with store.locked(is_shared=True):
        if is_kept(store, stored):
            return
    with store.unfinished() as temporary:
        write_new(temporary, content, is_synced=not waits)
        with store.locked(is_shared=True):
            store.keep(temporary, stored)
    if waits:
        store.unsynced.add(str(store.path_of(stored.digest)))


def is_kept(store: ObjectStore, stored: Stored) -> bool:
    """Tell whether an object has its file; bytes that a checkpoint lends become one. The caller holds the shared lock.

    The file is then as new as one that was just added: see `collecting`.
    """
    path = store.path_of(stored.digest)
    if _size_of(path) is None:
        return _is_taken_over(store, stored)
    if not is_sound(path, stored):
        return False
    with suppress(OSError):
        os.chmod(path, READ_ONLY)
    return True


def has_sound(store: ObjectStore, stored: Stored) -> bool:
    """Tell whether the store has bytes, which are read; those that a checkpoint lends become an object."""
    if store.fault_of(stored.digest) is None:
        return True
    with store.locked(is_shared=True):
        return is_kept(store, stored)


def is_sound(path: Path, stored: Stored) -> bool:
    """Tell whether a file has some bytes, which are read."""
    if _size_of(path) != stored.size_bytes:
        return False
    try:
        with open_source(path) as file:
            return digest_file(file, path) == stored
    except (DamagedError, OSError):
        return False


def lent_path(store: ObjectStore, digest: str) -> Path:
    """Return where the name is that a checkpoint gave to bytes of its own."""
    return store.directory / LENT_DIRECTORY / digest[:2] / digest[2:]


def _is_taken_over(store: ObjectStore, stored: Stored) -> bool:
    """Make an object of bytes that a checkpoint lends, if one does; return whether there is an object now."""
    source, path = lent_path(store, stored.digest), store.path_of(stored.digest)
    if _size_of(source) != stored.size_bytes:
        return False
    with store.unfinished() as temporary:
        try:
            has_name = (store.can_clone(source) and clone(source, temporary)) or linked(source, temporary)
        except FileNotFoundError:
            has_name = False
        if not has_name:
            return is_sound(path, stored)  # another process may have been faster
        if not is_sound(temporary, stored):  # somebody wrote to the checkpoint
            return False
        os.chmod(temporary, READ_ONLY)
        link_or_move(temporary, path, may_move=False)
    _remove(source)  # so that the names of the object are those of its holders, and its own
    return True


def are_same(source: Path, target: Path) -> bool:
    """Tell whether two paths are names of one file; a link is not followed."""
    try:
        return os.path.samestat(os.lstat(source), os.lstat(target))
    except OSError:
        return False


def linked(source: Path, target: Path) -> bool:
    """Give a file a second name; return whether that was possible."""
    try:
        os.link(source, target)
    except OSError:  # another file system, one without links, or as many as a file may have
        return False
    return True


def link_or_move(temporary: Path, path: Path, may_move: bool) -> bool:
    """Give a file a second name, in a directory that may be missing; return False if another process was faster."""
    try:
        os.link(temporary, path)
    except FileNotFoundError:
        if path.parent.is_dir():  # so it is the file itself that is gone
            raise
        path.parent.mkdir(parents=True, exist_ok=True)
        return link_or_move(temporary, path, may_move)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if may_move:
            os.rename(temporary, path)
    return True


def _size_of(path: Path) -> int | None:
    try:
        return os.lstat(path).st_size
    except OSError:
        return None


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _after_fork_in_child() -> None:
    for store in list(_stores):
        store._lock = threading.Lock()  # another thread may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
