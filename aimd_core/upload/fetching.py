"""Fetches the files of a trial from a server: each whole, with the digest that the server says.

A file that is there already is kept, and one that was cut off goes on where it ended. No name from a server leads out
of the directory, and no link is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aimd_core.client import contents
from aimd_core.client.direct import distrust
from aimd_core.client.v2 import Server, twin_of
from aimd_core.errors import DamagedError, NetworkError, NotAServerError, UnreachableError
from aimd_core.format.layout import FILES_DIRECTORY
from aimd_core.format.portable import NO_FOLLOW, sync_directory
from aimd_core.format.relative_paths import path_fault
from aimd_core.language import said
from aimd_core.objects.adding import Adding, place
from aimd_core.objects.copying import Stored, digest_file, open_source
from aimd_core.objects.memory import DigestMemory
from aimd_core.objects.packs import PACKED_BYTES
from aimd_core.objects.store import are_same, has_sound, store_of
from aimd_core.objects.tree import MAX_FILES, read_tree
from aimd_core.reading.kept_files import KeptFile
from aimd_core.upload.batches import Small, batches_of, fetch_batch
from aimd_core.upload.transfers import over_connections

_TRIES = 5


def fetch_tree(server: Server, trial_id: str, trial: Path, progress: Callable[[int], None]) -> int:
    """Write all files of a trial below the `files/` of a directory, and return their number.

    Args:
        server: The source.
        trial_id: The trial's id there.
        trial: The directory of the trial to be, which nobody else writes to.
        progress: Called with the number of bytes received, each time, from any thread.

    Raises:
        NotAServerError: It names a path that leads elsewhere, or sends other bytes than it says.
        DamagedError: Two names are one on this file system.
        NetworkError, AccessError: From the server.
        OSError: The disk refused.
    """
    files = list(_checked(server, trial_id))
    directory = trial / FILES_DIRECTORY
    if not files:
        return 0
    for folder in sorted({os.path.dirname(file.path) for file in files}):
        _make_folder(directory, folder)
    _Fetching(server, trial_id, directory, progress).run(files)
    _remember(trial, files)
    for folder in {os.path.dirname(file.path) for file in files}:
        sync_directory(directory / folder)
    return len(files)


def _checked(server: Server, trial_id: str) -> Iterator[KeptFile]:
    """Yield what the server lists, if it can be written below a directory."""
    for number, file in enumerate(contents.files_of(server, trial_id), start=1):
        if path_fault(file.path) or number > MAX_FILES:
            reason = said("it lists a file that no trial has: {path}", path=repr(file.path)[:200])
            raise NotAServerError(host=server.host, reason=reason)
        yield file


def _make_folder(directory: Path, folder: str) -> None:
    """Create a directory and those above it, none of which may be a link."""
    path = directory
    for part in ("", *folder.split("/")):
        path = path / part if part else path
        try:
            path.mkdir()
        except FileExistsError:
            if path.is_symlink() or not path.is_dir():
                raise


class _Fetching:
    """Fetches files into a directory: each content once, the small ones many at once."""

    def __init__(self, server: Server, trial_id: str, directory: Path, progress: Callable[[int], None]) -> None:
        self._server = server
        self._trial_id = trial_id
        self._directory = directory
        self._progress = progress
        self._store = store_of(directory.parent)
        self._by_digest: dict[str, list[KeptFile]] = {}

    def run(self, files: Sequence[KeptFile]) -> None:
        """Fetch files, but for those that are there, and those whose bytes the store has."""
        for file in files:
            if not self._is_there(file):
                self._by_digest.setdefault(file.digest, []).append(file)
        groups = list(self._by_digest.values())
        batches = batches_of(self._server, (Small(group[0].path, *_stored(group[0])) for group in groups))
        in_batches = {small.digest for batch in batches for small in batch}
        work: list[Callable[[Server], None]] = []
        for batch in batches:
            work.append(lambda server, batch=batch: self._fetch_batch(server, batch))  # type: ignore[misc]
        for group in groups:
            if group[0].digest not in in_batches:
                work.append(lambda server, group=group: self._fetch_group(server, group))  # type: ignore[misc]
        over_connections(self._server, lambda: twin_of(self._server), work, lambda server, item: item(server))

    def _is_there(self, file: KeptFile) -> bool:
        path = self._directory / file.path
        if _size_of(path) == file.size_bytes and _is_right(path, file):
            return True
        if file.size_bytes <= PACKED_BYTES or not has_sound(self._store, _stored(file)):
            return False
        self._store.put_at(file.digest, path)
        return True

    def _fetch_batch(self, server: Server, batch: Sequence[Small]) -> None:
        come: set[str] = set()
        with Adding(self._store) as adding:

            def put(small: Small, content: bytes) -> None:
                for file in self._by_digest[small.digest]:
                    adding.take_bytes(content, self._directory / file.path)
                come.add(small.digest)

            try:
                fetch_batch(server, f"/trials/{self._trial_id}/contents", batch, put, self._progress)
            except NetworkError:
                adding.settle()  # so that a second call goes on from there
                raise
        for small in batch:
            if small.digest not in come:
                self._fetch_group(server, self._by_digest[small.digest])

    def _fetch_group(self, server: Server, group: Sequence[KeptFile]) -> None:
        """Fetch a content for all files that have it."""
        first = group[0]
        path = self._directory / first.path
        _fetch(server, self._trial_id, first, path, self._progress)
        if first.size_bytes > PACKED_BYTES:  # so that other names of the same bytes take no space
            with self._store.locked(is_shared=True):
                place(self._store, path, _stored(first), path)
        with Adding(self._store) as adding:
            for file in group[1:]:
                adding.take(path, self._directory / file.path)


def _stored(file: KeptFile) -> Stored:
    return Stored(file.digest, file.size_bytes)


def _fetch(server: Server, trial_id: str, file: KeptFile, path: Path, progress: Callable[[int], None]) -> None:
    """Complete a file, keeping what is there of it if its digest is right in the end."""
    for attempt in range(_TRIES):
        have = _size_of(path)
        if have == file.size_bytes:
            if _is_right(path, file):
                return
            distrust(server)
            have = 0
        if not have or have > file.size_bytes or is_shared(path):
            path.unlink(missing_ok=True)
            have = 0
        flags = os.O_WRONLY | os.O_CREAT | NO_FOLLOW
        with open(os.open(path, flags, 0o666), "wb") as opened:
            opened.seek(have)
            left = file.size_bytes - have

            def take(piece: bytes, opened: object = opened) -> bool:
                nonlocal left
                kept = piece[:left]
                opened.write(kept)  # type: ignore[attr-defined]
                progress(len(kept))
                left -= len(kept)
                return len(kept) == len(piece)  # to the end, so that the connection can be used again

            try:
                if left:
                    contents.read_file(server, trial_id, file, have, take)
            except UnreachableError:
                if attempt == _TRIES - 1:
                    raise
            finally:
                opened.flush()
                os.fsync(opened.fileno())
    if _size_of(path) != file.size_bytes or not _is_right(path, file):
        path.unlink()
        raise NotAServerError(host=server.host, reason=said("its {file} does not match its digest", file=file.path))


def is_shared(path: Path) -> bool:
    """Tell whether a file has another name, such as an object's, so that it must not be written to."""
    status = os.lstat(path)
    return status.st_nlink > 1 or not status.st_mode & stat.S_IWUSR


def _size_of(path: Path) -> int | None:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return None


def _is_right(path: Path, file: KeptFile) -> bool:
    with open_source(path) as opened:
        return digest_file(opened, path).digest == file.digest


def _remember(trial: Path, files: Sequence[KeptFile]) -> None:
    """Remember the digests of what was just written.

    Raises:
        DamagedError: Two names are one file, on a file system that does not tell capital letters apart.
    """
    memory = DigestMemory(trial)
    there = read_tree(trial / FILES_DIRECTORY).entries
    for file in files:
        entry = there.get(file.path)
        if entry is None:
            path = trial / FILES_DIRECTORY / file.path
            other = next((name for name in there if are_same(trial / FILES_DIRECTORY / name, path)), file.path)
            reason = said("{path} and {other} are one name on this file system", path=file.path, other=other)
            raise DamagedError(path=trial, reason=reason)
        memory.note(entry, file.digest, is_sure=True)
    memory.save(file.path for file in files)
