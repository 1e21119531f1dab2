"""Many small byte sequences in few files: packs, which only grow, each with an index that can be made again.

A record of a pack is a line with the SHA-256 and the size of its content, and the content. A writer adds it with one
`write`, then its place to the index beside the pack; so after a kill at any point every record that was written whole
can be read, because readers look through what the index does not cover. What a power cut or a full disk leaves of a
record is passed over: a record counts if its content has its digest.

A writer holds its pack locked as long as it lives, and takes another one that nobody holds, or makes a new one. So a
directory has about as many packs as there were writers at once, and one more for each 64 MiB.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
import time
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.append_file import AppendFile
from aimd_core.format.portable import read_at, sync_data
from aimd_core.objects.copying import open_source, write_fully

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PACKED_BYTES = 4096  # content up to this size is packed
PACK_BYTES = 64 << 20  # no record is added to a pack of this size
PACK, INDEX = ".pack", ".index"
SYNC_S = 1.0
_HEAD = re.compile(rb"\0aimd ([0-9a-f]{64}) ([0-9]{1,4})\n")
_HEAD_BYTES = 80  # at most
_PLACE = struct.Struct("<32sQI")  # in an index: digest, where the content begins, its size


class Location(NamedTuple):
    """Where content is: the name of the pack without its ending, offset and size in bytes."""

    pack: str
    offset: int
    size_bytes: int


def record_of(digest: str, content: bytes) -> bytes:
    """Return the record of some content."""
    return b"\0aimd %s %d\n%s" % (digest.encode(), len(content), content)


def records_in(content: bytes, start: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield digest, offset and size of the contents of the sound records in a part of a pack."""
    while match := _HEAD.search(content, start):
        begin, size_bytes = match.end(), int(match[2])
        digest = match[1].decode()
        body = content[begin : begin + size_bytes]
        if len(body) == size_bytes and hashlib.sha256(body).hexdigest() == digest:
            yield digest, begin, size_bytes
            start = begin + size_bytes
        else:
            start = match.start() + 1


class PackReader:
    """Reads the packs of a directory. Another process may add to them at any time."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._locations: dict[str, Location] = {}
        self._read_to: dict[str, int] = {}
        self._refreshed_s = -math.inf
        self._trusts_indexes = True

    def locate(self, digest: str) -> Location | None:
        """Return where content is, or None."""
        if digest not in self._locations:
            self.refresh()
        return self._locations.get(digest)

    def note(self, digest: str, location: Location) -> None:
        """Remember what a writer of this process added, so that it is not looked for."""
        self._locations[digest] = location
        reached = self._read_to.get(location.pack, 0)
        if reached >= location.offset - _HEAD_BYTES:  # nobody else adds to that pack
            self._read_to[location.pack] = location.offset + location.size_bytes

    def renew(self, digest: str, fresh_s: float = 0.0) -> bool:
        """Make the pack of content as new as one that was just added to; return False if there is no such content.

        A pack may have been removed since it was read: see `aimd_core.objects.collecting`.

        Args:
            digest: Of the content.
            fresh_s: How long ago others may have added it so that it is not seen.
        """
        if digest not in self._locations and time.monotonic() - self._refreshed_s < fresh_s:
            return False
        for _ in range(2):
            location = self.locate(digest)
            if location is None:
                return False
            try:
                os.utime(os.path.join(self.directory, location.pack + PACK))
            except FileNotFoundError:
                self._locations.clear()
                self._read_to.clear()
            except OSError:  # somebody else's, on a file system where that matters
                return True
            else:
                return True
        return False

    def locations(self) -> dict[str, Location]:
        """Return all content, by digest."""
        self.refresh()
        return dict(self._locations)

    def read(self, digest: str) -> bytes | None:
        """Return content, or None if there is none; a pack that was removed meanwhile is looked up again.

        Raises:
            OSError: The disk refused.
        """
        for _ in range(2):
            location = self.locate(digest)
            if location is None:
                return None
            content = self._content(location)
            if content is not None:
                if hashlib.sha256(content).hexdigest() == digest:
                    return content
                self._trusts_indexes = False
            self._locations.clear()
            self._read_to.clear()
        return None

    def _content(self, location: Location) -> bytes | None:
        try:
            with open_source(os.path.join(self.directory, location.pack + PACK)) as pack:
                return read_at(pack.fileno(), location.size_bytes, location.offset)
        except FileNotFoundError:
            return None

    def refresh(self) -> None:
        """Read what was added since the last time."""
        self._refreshed_s = time.monotonic()
        names = pack_names(self.directory)
        if set(self._read_to) - set(names):
            self._locations.clear()
            self._read_to.clear()
        for name in names:
            self._refresh(name)

    def _refresh(self, name: str) -> None:
        path = os.path.join(self.directory, name)
        begun = self._read_to.get(name)
        try:
            size_bytes = os.stat(path + PACK).st_size
        except FileNotFoundError:
            return
        if begun is not None and begun >= size_bytes:
            return
        reached = begun or 0
        if begun is None and self._trusts_indexes:
            for digest, offset, length in _indexed(path, size_bytes):
                self._locations.setdefault(digest, Location(name, offset, length))
                reached = max(reached, offset + length)
        if reached < size_bytes:
            reached = self._look_through(name, path, reached, size_bytes)
        self._read_to[name] = reached

    def _look_through(self, name: str, path: str, start: int, end: int) -> int:
        """Read records that the index does not have; return where the last of them ends."""
        with open_source(path + PACK) as pack:
            content = read_at(pack.fileno(), end - start, start)
        reached = start
        for digest, offset, size_bytes in records_in(content):
            self._locations.setdefault(digest, Location(name, start + offset, size_bytes))
            reached = start + offset + size_bytes
        return reached


def pack_names(directory: str) -> list[str]:
    """Return the names of the packs, without their ending, in order."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name[: -len(PACK)] for entry in entries if entry.name.endswith(PACK))
    except FileNotFoundError:
        return []


def _indexed(path: str, size_bytes: int) -> Iterator[tuple[str, int, int]]:
    """Yield what the index of a pack says, as far as it can be true."""
    try:
        with open_source(path + INDEX) as file:
            content = file.read()
    except (OSError, DamagedError):
        return
    whole = len(content) // _PLACE.size * _PLACE.size
    for raw, offset, length in _PLACE.iter_unpack(content[:whole]):
        if length <= PACKED_BYTES and offset + length <= size_bytes:
            yield raw.hex(), offset, length


class PackWriter(AppendFile):
    """Adds to a pack that nobody else adds to. A copy, or a forked child, takes another one."""

    __slots__ = ("_index", "_reached", "_synced_s", "directory")

    def __init__(self, directory: str, path: str = "") -> None:
        super().__init__(path)
        self.directory = directory
        self._index: AppendFile | None = None
        self._reached = 0
        self._synced_s = 0.0

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.directory,)

    def append(self, digest: str, content: bytes, waits: bool = False) -> Location:
        """Add content, which a killed process does not lose once this has returned.

        Args:
            digest: Of the content.
            content: The bytes.
            waits: Whether it is forced to the disk by `sync` only; otherwise at most once a second here.

        Raises:
            OSError: The disk refused; then nothing is added.
        """
        self.leave_if_lost()
        if not self.is_open or self._reached >= PACK_BYTES or self.is_deleted():
            self._take_pack()
        record = record_of(digest, content)
        begin = self._reached
        try:
            write_fully(self._descriptor, record)
        except OSError:
            os.ftruncate(self._descriptor, begin)
            raise
        self._reached = begin + len(record)
        offset = self._reached - len(content)
        self._note(digest, offset, len(content))
        if not waits and time.monotonic() - self._synced_s >= SYNC_S:
            self.sync()
        return Location(os.path.basename(self.path)[: -len(PACK)], offset, len(content))

    def _note(self, digest: str, offset: int, size_bytes: int) -> None:
        """Add to the index, without which the record can be read as well."""
        assert self._index is not None
        try:
            self._index.open()
            write_fully(self._index._descriptor, _PLACE.pack(bytes.fromhex(digest), offset, size_bytes))
        except OSError:
            self._index.close()

    def sync(self) -> None:
        """Force what was added to the disk.

        Raises:
            OSError: The disk refused.
        """
        self._synced_s = time.monotonic()
        if self.is_open and not self.has_lost_its_descriptor():
            sync_data(self._descriptor)

    def close(self) -> None:
        """Release the pack, and the lock on it."""
        if self._index is not None:
            self._index.close()
        super().close()

    def _take_pack(self) -> None:
        """Lock a pack with room that nobody has locked, or a new one."""
        self.close()
        os.makedirs(self.directory, exist_ok=True)
        for name in pack_names(self.directory):
            if self._lock(os.path.join(self.directory, name + PACK), PACK_BYTES):
                return
        while not self._lock(os.path.join(self.directory, new_name() + PACK), None):
            pass  # another writer listed the new one, and locked it first

    def _lock(self, path: str, room_bytes: int | None) -> bool:
        """Open and lock a pack, if it has room; return whether it is ours. A new one has no limit."""
        try:
            if room_bytes is not None and os.stat(path).st_size >= room_bytes:
                return False
            self.path = path
            self.open()
            import fcntl

            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if room_bytes is not None and self.is_deleted():  # it was removed meanwhile
                raise FileNotFoundError
        except BlockingIOError:
            super().close()
            return False
        except (ImportError, OSError):
            if room_bytes is not None or not self.is_open:
                super().close()
                if room_bytes is None:
                    raise
                return False  # a file system without locks: everybody has a new one
        self._reached = os.fstat(self._descriptor).st_size
        self._index = AppendFile(path[: -len(PACK)] + INDEX)
        self._mend_index()
        return True

    def _mend_index(self) -> None:
        """Give the index whole entries for every sound record of the pack."""
        assert self._index is not None
        stem = self.path[: -len(PACK)]
        end = max((offset + length for _, offset, length in _indexed(stem, self._reached)), default=0)
        try:
            self._index.open()
            descriptor = self._index._descriptor
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // _PLACE.size * _PLACE.size)
            if end < self._reached:
                content = read_at(self._descriptor, self._reached - end, end)
                for digest, offset, size_bytes in records_in(content):
                    write_fully(descriptor, _PLACE.pack(bytes.fromhex(digest), end + offset, size_bytes))
        except OSError:
            self._index.close()


def pack_contents(path: str) -> dict[str, int]:
    """Return the sizes in bytes of what is in a pack, by digest, read from the pack itself."""
    try:
        with open_source(path) as pack:
            return {digest: size_bytes for digest, _, size_bytes in records_in(pack.read())}
    except FileNotFoundError:
        return {}


def rewrite_pack(directory: str, name: str, temporary: str, kept: Collection[str]) -> None:
    """Replace a pack by one with only some of its contents. The caller has locked it. Killed at any point, both may be.

    Args:
        directory: Of the packs.
        name: The pack, without its ending.
        temporary: A free path on the same file system.
        kept: The digests of what stays; without any, the pack is only removed.

    Raises:
        OSError: The disk refused; the pack is as it was.
    """
    path = os.path.join(directory, name + PACK)
    with open_source(path) as pack:
        content = pack.read()
    staying = {digest: content[at : at + size] for digest, at, size in records_in(content) if digest in kept}
    if staying:
        try:
            with open(temporary, "xb") as new:
                new.write(b"".join(record_of(digest, body) for digest, body in staying.items()))
                new.flush()
                os.fsync(new.fileno())
            os.rename(temporary, os.path.join(directory, new_name() + PACK))
        finally:
            _remove(temporary)
    remove_pack(directory, name)


def new_name() -> str:
    """Return the name of a new pack."""
    return f"{time.strftime('%y%m%d-%H%M%S')}-{os.urandom(4).hex()}"


def remove_pack(directory: str, name: str) -> None:
    """Remove a pack and its index. The caller has locked the pack.

    Args:
        directory: Of the packs.
        name: The pack, without its ending.

    Raises:
        OSError: The disk refused.
    """
    _remove(os.path.join(directory, name + PACK))
    _remove(os.path.join(directory, name + INDEX))


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
