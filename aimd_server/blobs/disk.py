"""Objects as files: written under another name, flushed and renamed; readable only by the owner of the process."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from aimd_server.blobs.interface import BlobMissingError, BlobRow, checked, checked_range
from aimd_server.errors import ObjectsUnavailableError, is_full

_PART = ".part"  # no key begins with a dot, so none can collide with these
# From this size on, what was written is not kept in memory, which is left to the database and what is read: the next
# object is then written over the same pages, which costs an eighth of the CPU, and nobody waits for dirty pages.
_LARGE_BYTES = 1 << 20


class DiskBlobs:
    """Objects below a directory, which is created with the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._durable: set[Path] = set()  # folders that this process has forced to the disk

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store an object; see Blobs."""
        path = self.root / checked(key)
        with _as_unavailable():
            made = path.with_name(f".{uuid.uuid4().hex}{_PART}")
            try:
                self._new_folders(path.parent)
                _write(made, data)
                os.replace(made, path)
            except BaseException:
                made.unlink(missing_ok=True)
                raise
            _sync(path.parent)

    def get(self, key: str) -> bytes:
        """Return an object's bytes; see Blobs."""
        path = self.root / checked(key)
        with _as_unavailable(key):
            return path.read_bytes()

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return a range of an object's bytes; see Blobs."""
        return self.get_ranges(key, [(start, end)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return several ranges of an object's bytes; see Blobs."""
        path, contents = self.root / checked(key), []
        with _as_unavailable(key), path.open("rb") as file:
            for start, end in ranges:
                length = checked_range(start, end)
                file.seek(start)
                content = file.read(length)
                if len(content) < length:
                    raise BlobMissingError(f"{key} ends before byte {end}")
                contents.append(content)
        return contents

    def held(self, digests: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return nothing: all of it was stored; see Blobs."""
        return {}

    def signed(self, keys: Sequence[str], expires_s: int) -> list[str]:
        """Return nothing: only the server reaches the disk; see Blobs."""
        return []

    def delete(self, key: str) -> None:
        """Remove an object; see Blobs."""
        path = self.root / checked(key)
        with _as_unavailable():
            path.unlink(missing_ok=True)

    def keys(self, prefix: str = "") -> Iterator[BlobRow]:
        """Yield the objects; see Blobs."""
        top = self.root / checked(prefix) if prefix else self.root
        with _as_unavailable():
            for folder, folders, names in os.walk(top, onerror=_raise_unless_missing):
                folders.sort()
                for name in sorted(names):
                    if not name.endswith(_PART):
                        yield from self._row(Path(folder, name))

    def _row(self, path: Path) -> Iterator[BlobRow]:
        try:
            status = path.stat()
        except FileNotFoundError:  # deleted in the meantime
            return
        modified = datetime.fromtimestamp(status.st_mtime, timezone.utc)
        yield BlobRow(path.relative_to(self.root).as_posix(), status.st_size, modified)

    def check(self) -> None:
        """Check that files can be created, as far as possible; see Blobs."""
        with _as_unavailable():
            folder = self.root if self.root.exists() else self.root.parent
            if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(f"{folder} cannot be written")

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _new_folders(self, folder: Path) -> None:
        """Create a folder and its parents, from the root of the store down, each durably.

        One that is there may be of another thread or process, which has not forced it to the disk yet.
        """
        if folder in self._durable and folder.is_dir():
            return
        if folder != self.root:
            self._new_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)
        self._durable.add(folder)


def _write(path: Path, data: bytes | memoryview) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if len(data) >= _LARGE_BYTES and hasattr(os, "posix_fadvise"):
            with suppress(OSError):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


@contextmanager
def _as_unavailable(key: str | None = None) -> Iterator[None]:
    """Turn disk errors into those of the interface; a missing file is an error only when `key` is read."""
    try:
        yield
    except OSError as error:
        if key is not None and isinstance(error, FileNotFoundError):
            raise BlobMissingError(f"there is no object {key}") from None
        raise ObjectsUnavailableError(f"the disk refuses objects: {error.strerror or error}", is_full(error)) from error
