"""What a checkpoint lends to a store: its bytes can be shared while it is there, and leave the disk when it goes.

`lent/<2 digits>/<62 digits>` is another name of a checkpoint's file. By it equal bytes that come later are found: those
of another checkpoint share the file, and bytes that the store shall keep become an object, which is lent no more. The
name goes with the last checkpoint that has the bytes; what a kill leaves of that is removed by `aimd gc`.
"""

from __future__ import annotations

import os
from contextlib import suppress

from aimd_core.objects.copying import Stored
from aimd_core.objects.store import (
    LENT_DIRECTORY,
    READ_ONLY,
    ObjectStore,
    are_same,
    is_sound,
    lent_path,
    link_or_move,
    share,
)

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path


def lend(store: ObjectStore, temporary: Path, stored: Stored, target: Path | None) -> None:
    """Put a finished file in its place, sharing the bytes that are there already; its temporary name is gone then.

    The caller holds the shared lock of the store.

    Args:
        store: The store.
        temporary: The file, which has been forced to the disk.
        stored: What it holds.
        target: A path whose directory exists, which is replaced.

    Raises:
        OSError: The disk refused.
    """
    assert target is not None
    own = lent_path(store, stored.digest)
    for source in (store.path_of(stored.digest), own):
        if are_same(source, temporary):  # linked when it was read
            os.rename(temporary, target)
            with suppress(FileNotFoundError):
                os.unlink(temporary)  # which stays if the target is the same file already
            return
        if is_sound(source, stored):
            os.unlink(temporary)
            share(store, source, target)
            return
    with suppress(FileNotFoundError):
        os.unlink(own)  # somebody wrote to the checkpoint
    if not store.can_clone(temporary):
        os.chmod(temporary, READ_ONLY)
    link_or_move(temporary, own, may_move=False)
    os.rename(temporary, target)


def take_back(store: ObjectStore, digests: Collection[str]) -> None:
    """Remove the names of bytes that no checkpoint has any more.

    Raises:
        OSError: The disk refused.
    """
    if any(os.path.lexists(lent_path(store, digest)) for digest in digests):
        with store.locked(is_shared=False):
            for stored, status in _lent(store, digests):
                if not is_of_use(store, stored, status):
                    os.unlink(lent_path(store, stored.digest))


def is_of_use(store: ObjectStore, stored: Stored, status: os.stat_result) -> bool:
    """Tell whether a checkpoint has a file that is lent, and the store has no object of those bytes."""
    return status.st_nlink > 1 and not os.path.lexists(store.path_of(stored.digest))


def all_lent(store: ObjectStore) -> list[tuple[Stored, os.stat_result]]:
    """Return what is lent, with the status of its file."""
    folders = _names(store.directory / LENT_DIRECTORY)
    digests = [folder + name for folder in folders for name in _names(store.directory / LENT_DIRECTORY / folder)]
    return list(_lent(store, digests))


def _lent(store: ObjectStore, digests: Iterable[str]) -> Iterator[tuple[Stored, os.stat_result]]:
    for digest in digests:
        with suppress(OSError):
            status = os.lstat(lent_path(store, digest))
            yield Stored(digest, status.st_size), status


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
