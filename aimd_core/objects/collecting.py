"""What a working directory keeps, by whom, and what nothing refers to: `aimd du` and `aimd gc`.

A trial or an artifact holds the files in its directory, and a trial what its `media` names. An object of the store is
in use while one of these files shares its inode, while a trial remembers its digest for a file that is a clone of it,
or while a trial's `media` has its digest. So removing an object that is not in use takes nothing away from anybody; at
worst the next equal file is copied instead of shared.

Something that was just added has no holder yet. So nothing is removed that was added, or looked up to be used again,
within the last hour, and no object while somebody is adding. What checkpoints lend goes with them: what is left of
that after a kill is removed at once.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import DamagedError
from aimd_core.format.journal import open_regular
from aimd_core.format.layout import HOME, MEDIA_FILE, METADATA_FILE
from aimd_core.format.locking import try_lock
from aimd_core.objects.copying import Stored
from aimd_core.objects.lending import all_lent, is_of_use, take_back
from aimd_core.objects.memory import DigestMemory
from aimd_core.objects.packs import PACK, pack_contents, pack_names, rewrite_pack
from aimd_core.objects.store import NEW_DIRECTORY, PACKS_DIRECTORY, ObjectStore, remove_abandoned

GRACE_S = 3600.0
# Where holders lie below `.aimd`, and how many directories deep.
_KINDS = {"trial": ("trials", 1), "artifact": ("artifacts", 2), "trash": ("trash", 1)}
_AT_ONCE = 200  # objects removed while others who add wait
_QUOTED_BYTES = 66
_DIGEST = re.compile(rb'"([0-9a-f]{64})"')
_BLOCK_BYTES = 1 << 20


class Holder(NamedTuple):
    """What a trial or an artifact holds.

    Attributes:
        kind: `trial`, `artifact`, or `trash` for what `aimd trial rm` moved there.
        name: The path of its directory, below `.aimd/<kind>s`.
        files: How many files it has.
        size_bytes: Their bytes.
        own_bytes: The bytes that only it holds.
    """

    kind: str
    name: str
    files: int
    size_bytes: int
    own_bytes: int


class Usage(NamedTuple):
    """What a working directory keeps.

    Attributes:
        holders: By kind and name.
        unused: Those that nothing refers to.
        total_bytes: All bytes, each inode once.
    """

    holders: list[Holder]
    unused: list[Stored]
    total_bytes: int


class Collected(NamedTuple):
    """What a collection removed, or would: objects and their bytes; and how many it kept because they are new."""

    objects: int
    size_bytes: int
    kept: int


class _Files:
    """Which holders have a name for each inode, or refer to packed bytes by their digest."""

    def __init__(self, store: ObjectStore) -> None:
        self.sizes: dict[int | str, int] = {}
        self.holders: dict[int | str, set[str]] = {}
        self._store = store
        self._packed = store.packed()

    def add(self, holder: str, directory: Path) -> list[int | str]:
        """Read a directory, and return the inodes of its files, and of its media, or the digests of packed ones."""
        inodes: list[int | str] = []
        with suppress(DamagedError):
            inodes += self._add_media(holder, media_digests(directory))
        for parent, _, names in os.walk(directory):
            for name in names:
                with suppress(OSError):
                    status = os.lstat(os.path.join(parent, name))
                    if stat.S_ISREG(status.st_mode):
                        self.sizes[status.st_ino] = status.st_size
                        self.holders.setdefault(status.st_ino, set()).add(holder)
                        inodes.append(status.st_ino)
        return inodes

    def _add_media(self, holder: str, digests: set[str]) -> list[int | str]:
        names: list[int | str] = []
        for digest in digests:
            with suppress(OSError):
                name: int | str = digest
                size_bytes = self._packed.get(digest)
                if size_bytes is None:
                    status = os.stat(self._store.path_of(digest))
                    name, size_bytes = status.st_ino, status.st_size
                self.sizes[name] = size_bytes
                self.holders.setdefault(name, set()).add(holder)
                names.append(name)
        return names


def usage(working_directory: Path) -> Usage:
    """Return what a working directory keeps."""
    home = working_directory / HOME
    store, holders = ObjectStore(home / "objects"), []
    files = _Files(store)
    inodes_of: dict[tuple[str, str], list[int | str]] = {}
    for kind, name, directory in _directories(home):
        inodes_of[kind, name] = files.add(f"{kind} {name}", directory)
    for (kind, name), inodes in inodes_of.items():
        own = sum(files.sizes[inode] for inode in set(inodes) if len(files.holders[inode]) == 1)
        holders.append(Holder(kind, name, len(inodes), sum(files.sizes[inode] for inode in inodes), own))
    unused, total_bytes = [], sum(files.sizes.values())
    referred = _referred(home)
    for stored, status in _objects(store):
        if status.st_ino not in files.sizes:
            total_bytes += stored.size_bytes
        if not _is_used(stored, status, referred):
            unused.append(stored)
    packed = [Stored(digest, size) for digest, size in store.packed().items()]
    alone = [stored for stored, status in all_lent(store) if status.st_nlink == 1]
    total_bytes += sum(stored.size_bytes for stored in [*packed, *alone] if stored.digest not in files.sizes)
    unused += [stored for stored in packed if stored.digest not in referred] + alone
    return Usage(holders, unused, total_bytes)


def collect(working_directory: Path, dry_run: bool = False, grace_s: float = GRACE_S) -> Collected:
    """Remove objects that nothing refers to. Killed at any point, nothing is lost that something refers to.

    Args:
        working_directory: What holds `.aimd`.
        dry_run: Whether nothing is removed.
        grace_s: How old they must be.

    Raises:
        OSError: The disk refused; what was removed by then stays so.
    """
    home = working_directory / HOME
    store = ObjectStore(home / "objects")
    if not store.directory.is_dir():
        return Collected(0, 0, 0)
    before_s = time.time() - grace_s
    referred = _referred(home)
    objects, size_bytes, kept = _collect_lent(store, dry_run)
    unused = [stored for stored, status in _objects(store) if not _is_used(stored, status, referred)]
    for start in range(0, len(unused), _AT_ONCE):
        with store.locked(is_shared=False):
            for stored in unused[start : start + _AT_ONCE]:
                outcome = _remove(store, stored, referred, before_s, dry_run)
                objects, kept = objects + (outcome is True), kept + (outcome is False)
                size_bytes += stored.size_bytes if outcome else 0
    packed = _collect_packs(store, referred, before_s, dry_run)
    if not dry_run:
        remove_abandoned(store.directory / NEW_DIRECTORY)
    return Collected(objects + packed.objects, size_bytes + packed.size_bytes, kept + packed.kept)


def _collect_lent(store: ObjectStore, dry_run: bool) -> Collected:
    """Remove what is lent by checkpoints that are gone, and the names of what has become an object."""
    gone = [(stored, status) for stored, status in all_lent(store) if not is_of_use(store, stored, status)]
    if not dry_run:
        take_back(store, [stored.digest for stored, _ in gone])
    alone = [stored for stored, status in gone if status.st_nlink == 1]
    return Collected(len(alone), sum(stored.size_bytes for stored in alone), 0)


def _remove(store: ObjectStore, stored: Stored, referred: set[str], before_s: float, dry_run: bool) -> bool | None:
    """Remove an object, and return True; False if it is too new, None if it is in use by now."""
    path = store.path_of(stored.digest)
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if _is_used(stored, status, referred):
        return None
    if status.st_ctime > before_s:
        return False
    if not dry_run:
        os.unlink(path)
    return True


def _is_used(stored: Stored, status: os.stat_result, referred: set[str]) -> bool:
    return status.st_nlink > 1 or stored.digest in referred


def _collect_packs(store: ObjectStore, referred: set[str], before_s: float, dry_run: bool) -> Collected:
    """Remove packed objects that no media refer to; packs that have others, too, are written again without them."""
    directory = str(store.directory / PACKS_DIRECTORY)
    objects = size_bytes = kept = 0
    for name in pack_names(directory):
        path = os.path.join(directory, name + PACK)
        contents = pack_contents(path)
        sizes = {digest: size for digest, size in contents.items() if digest not in referred}
        if contents and not sizes:
            continue
        with store.locked(is_shared=False), try_lock(path) as is_ours:
            if not is_ours or os.stat(path).st_mtime > before_s:
                kept += len(sizes)
                continue
            objects, size_bytes = objects + len(sizes), size_bytes + sum(sizes.values())
            if not dry_run:
                rewrite_pack(directory, name, str(store.new_path()), contents.keys() - sizes.keys())
    return Collected(objects, size_bytes, kept)


def _objects(store: ObjectStore) -> list[tuple[Stored, os.stat_result]]:
    rows = []
    for stored in store.objects():
        with suppress(OSError):
            rows.append((stored, os.lstat(store.path_of(stored.digest))))
    return rows


def _directories(home: Path) -> list[tuple[str, str, Path]]:
    """Return kind, name and path of everything that holds files."""
    rows = []
    for kind, (folder, depth) in _KINDS.items():
        level = [home / folder]
        for _ in range(depth):
            level = [child for parent in level for child in _children(parent)]
        rows += [(kind, str(path.relative_to(home / folder)), path) for path in level]
    return rows


def _children(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except OSError:
        return []


def _referred(home: Path) -> set[str]:
    """Return the digests that trials remember of their files, and those in their media.

    Trials next to `.aimd`, which were copied there, have the same store. Those that move while this reads, to the trash
    or back, are read where they are then.

    Raises:
        DamagedError: The media of a trial cannot be read, so that what they refer to is not certain.
    """
    digests: set[str] = set()
    seen: set[Path] = set()
    while new := [directory for directory in _referring(home) if directory not in seen]:
        for directory in new:
            digests.update(DigestMemory(directory).digests(), media_digests(directory))
        seen.update(new)
    return digests


def _referring(home: Path) -> list[Path]:
    beside = [directory for directory in _children(home.parent) if (directory / METADATA_FILE).is_file()]
    return [*(directory for *_, directory in _directories(home)), *beside]


def media_digests(trial: Path) -> set[str]:
    """Return every digest in the media journal of a trial, also those in damaged lines.

    Raises:
        DamagedError: It cannot be read.
    """
    digests: set[str] = set()
    path = trial / MEDIA_FILE
    if not os.path.lexists(path) or (path.is_dir() and not path.is_symlink()):
        return digests
    journal = open_regular(path)
    with journal:
        rest = b""
        while block := journal.read(_BLOCK_BYTES):
            digests.update(match.decode() for match in _DIGEST.findall(rest + block))
            rest = (rest + block)[-_QUOTED_BYTES:]
    return digests
