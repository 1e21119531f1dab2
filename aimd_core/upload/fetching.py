"""Fetches the files of a trial from a server: each whole, with the digest that the server says.

A file that is there already is kept, and one that was cut off goes on where it ended. No name from a server leads out
of the directory, and no link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aimd_core.client import contents
from aimd_core.client.direct import distrust
from aimd_core.client.v2 import Server, twin_of
from aimd_core.errors import DamagedError, NotAServerError, UnreachableError
from aimd_core.format.layout import FILES_DIRECTORY
from aimd_core.format.portable import NO_FOLLOW, sync_directory
from aimd_core.format.relative_paths import path_fault
from aimd_core.language import said
from aimd_core.objects.copying import digest_file, open_source, stat_of
from aimd_core.objects.memory import DigestMemory
from aimd_core.objects.tree import MAX_FILES, Entry
from aimd_core.reading.kept_files import KeptFile
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
    _fetch_all(server, trial_id, files, directory, progress)
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


def _fetch_all(
    server: Server, trial_id: str, files: Sequence[KeptFile], directory: Path, progress: Callable[[int], None]
) -> None:
    def fetch(connection: Server, file: KeptFile) -> None:
        _fetch(connection, trial_id, file, directory / file.path, progress)

    over_connections(server, lambda: twin_of(server), files, fetch)


def _fetch(server: Server, trial_id: str, file: KeptFile, path: Path, progress: Callable[[int], None]) -> None:
    """Complete a file, keeping what is there of it if its digest is right in the end."""
    for attempt in range(_TRIES):
        have = _size_of(path)
        if have == file.size_bytes:
            if _is_right(path, file):
                return
            distrust(server)
            have = 0
        if have is None or have > file.size_bytes:
            have = 0
        flags = os.O_WRONLY | os.O_CREAT | NO_FOLLOW | (0 if have else os.O_TRUNC)
        with open(os.open(path, flags, 0o666), "wb") as opened:
            opened.seek(have)
            left = file.size_bytes - have

            def take(piece: bytes, opened: object = opened) -> bool:
                nonlocal left
                opened.write(piece[:left])  # type: ignore[attr-defined]
                progress(min(left, len(piece)))
                left -= min(left, len(piece))
                return bool(left > 0)

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
    names: dict[int, str] = {}
    for file in files:
        stat = stat_of(os.lstat(trial / FILES_DIRECTORY / file.path))
        other = names.setdefault(stat.inode, file.path)
        if other != file.path:
            reason = said("{path} and {other} are one name on this file system", path=file.path, other=other)
            raise DamagedError(path=trial, reason=reason)
        memory.note(Entry(file.path, stat), file.digest, is_sure=True)
    memory.save(file.path for file in files)
