"""What a working directory keeps, by whom, and what nothing refers to: `aimd du` and `aimd gc`.

A trial or an artifact holds the files in its directory. An object of the store is in use while one of these files
shares its inode, or while a trial remembers its digest for a file that is a clone of it. So removing an object that is
not in use takes nothing away from anybody; at worst the next equal file is copied instead of shared.

Something that was just added has no holder yet. So nothing is removed that was added, or looked up to be used again,
within the last hour, and no object while somebody is adding.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aimd_core.format.layout import HOME
from aimd_core.format.locking import try_lock
from aimd_core.objects.copying import Stored
from aimd_core.objects.memory import DigestMemory
from aimd_core.objects.packs import PACK, pack_contents, pack_names, remove_pack
from aimd_core.objects.store import NEW_DIRECTORY, PACKS_DIRECTORY, ObjectStore, remove_abandoned

GRACE_S = 3600.0
# Where holders lie below `.aimd`, and how many directories deep.
_KINDS = {"trial": ("trials", 1), "artifact": ("artifacts", 2), "trash": ("trash", 1)}
_AT_ONCE = 200  # objects removed while others who add wait


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
    """Which holders have a name for each inode."""

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        self.holders: dict[int, set[str]] = {}

    def add(self, holder: str, directory: Path) -> list[int]:
        """Read a directory, and return the inodes of its files."""
        inodes = []
        for parent, _, names in os.walk(directory):
            for name in names:
                with suppress(OSError):
                    status = os.lstat(os.path.join(parent, name))
                    if stat.S_ISREG(status.st_mode):
                        self.sizes[status.st_ino] = status.st_size
                        self.holders.setdefault(status.st_ino, set()).add(holder)
                        inodes.append(status.st_ino)
        return inodes


def usage(working_directory: Path) -> Usage:
    """Return what a working directory keeps."""
    home = working_directory / HOME
    store, files, holders = ObjectStore(home / "objects"), _Files(), []
    inodes_of: dict[tuple[str, str], list[int]] = {}
    for kind, name, directory in _directories(home):
        inodes_of[kind, name] = files.add(f"{kind} {name}", directory)
    for (kind, name), inodes in inodes_of.items():
        own = sum(files.sizes[inode] for inode in set(inodes) if len(files.holders[inode]) == 1)
        holders.append(Holder(kind, name, len(inodes), sum(files.sizes[inode] for inode in inodes), own))
    unused, total_bytes = [], sum(files.sizes.values())
    clones = _remembered(home) if store.clones is not False else set()
    for stored, status in _objects(store):
        if status.st_ino not in files.sizes:
            total_bytes += stored.size_bytes
        if not _is_used(stored, status, clones):
            unused.append(stored)
    packed = store.packed()
    unused += [Stored(digest, size) for digest, size in packed.items()]
    return Usage(holders, unused, total_bytes + sum(packed.values()))


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
    clones = _remembered(home)
    objects, size_bytes, kept = 0, 0, 0
    unused = [stored for stored, status in _objects(store) if not _is_used(stored, status, clones)]
    for start in range(0, len(unused), _AT_ONCE):
        with store.locked(is_shared=False):
            for stored in unused[start : start + _AT_ONCE]:
                outcome = _remove(store, stored, clones, before_s, dry_run)
                objects, kept = objects + (outcome is True), kept + (outcome is False)
                size_bytes += stored.size_bytes if outcome else 0
    packed = _collect_packs(store, before_s, dry_run)
    if not dry_run:
        remove_abandoned(store.directory / NEW_DIRECTORY)
    return Collected(objects + packed.objects, size_bytes + packed.size_bytes, kept + packed.kept)


def _remove(store: ObjectStore, stored: Stored, clones: set[str], before_s: float, dry_run: bool) -> bool | None:
    """Remove an object, and return True; False if it is too new, None if it is in use by now."""
    path = store.path_of(stored.digest)
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if _is_used(stored, status, clones):
        return None
    if status.st_ctime > before_s:
        return False
    if not dry_run:
        os.unlink(path)
    return True


def _is_used(stored: Stored, status: os.stat_result, clones: set[str]) -> bool:
    return status.st_nlink > 1 or stored.digest in clones


def _collect_packs(store: ObjectStore, before_s: float, dry_run: bool) -> Collected:
    """Remove packed objects; nothing refers to them but what is still being recorded."""
    directory = str(store.directory / PACKS_DIRECTORY)
    objects = size_bytes = kept = 0
    for name in pack_names(directory):
        path = os.path.join(directory, name + PACK)
        sizes = pack_contents(path)
        with store.locked(is_shared=False), try_lock(path) as is_ours:
            if not is_ours or os.stat(path).st_mtime > before_s:
                kept += len(sizes)
                continue
            objects, size_bytes = objects + len(sizes), size_bytes + sum(sizes.values())
            if not dry_run:
                remove_pack(directory, name)
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


def _remembered(home: Path) -> set[str]:
    """Return the digests that trials remember of their files."""
    return {digest for _, _, directory in _directories(home) for digest in DigestMemory(directory).digests()}
