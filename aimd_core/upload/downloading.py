"""Downloads a trial: the directory that was uploaded, byte for byte, complete or absent.

Files go to a hidden directory next to the target, which survives an interruption and is renamed once it is complete and
its digests match. Existing files are never overwritten, and no name from a server can lead out of the target directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aimd_core.client.answers import misfitting
from aimd_core.client.v2 import Server
from aimd_core.errors import DamagedError, DiskError, ExistsError, NotAServerError, UnreachableError
from aimd_core.format.digest import digest_prefix
from aimd_core.format.files import PARTIAL
from aimd_core.format.journal import open_regular
from aimd_core.format.layout import (
    DOCUMENT_FILES,
    FILES_DIRECTORY,
    JOURNAL_FILES,
    MEDIA_FILE,
    METADATA_FILE,
    TRIALS_DIRECTORY,
)
from aimd_core.format.locking import locked_by_file
from aimd_core.format.model import is_alternative_name, split_alternative_name
from aimd_core.format.portable import sync_directory
from aimd_core.format.values import directory_name_fault
from aimd_core.language import said
from aimd_core.objects.memory import MEMORY_FILE, DigestMemory
from aimd_core.objects.tree import read_tree
from aimd_core.reading.kept_files import TREE
from aimd_core.upload.fetching import fetch_tree
from aimd_core.upload.media import fetch_media
from aimd_core.upload.sending import Progress, no_progress

_FILES = (*DOCUMENT_FILES, *JOURNAL_FILES)
_TRIES = 5


def download_trial(server: Server, trial_id: str, directory: Path, progress: Progress = no_progress) -> Path:
    """Write a trial below `directory` and return its path. A second call continues an interrupted one.

    Args:
        server: The source.
        trial_id: Its id on the server.
        directory: A working directory: the trial goes to its `.aimd/trials`.
        progress: Called with the number of bytes received, each time.

    Raises:
        ExistsError: It already exists.
        DamagedError: The server lacks files that a trial needs.
        RemoteNotFoundError, NetworkError, AccessError: From the server.
        DiskError: The disk refused.
    """
    shown = server.trial(trial_id)
    if shown["id"] != trial_id:
        raise misfitting(server.host, "id", "the id of the trial that was asked for")
    files = {file: facts for file, facts in (shown.get("files") or {}).items() if file in (*_FILES, TREE)}
    if METADATA_FILE not in files:
        raise DamagedError(path=trial_id, reason="was uploaded without its metadata.yaml, so it cannot come back whole")
    target = directory / TRIALS_DIRECTORY / directory_name(shown, server.host)
    try:
        return _download(server, trial_id, files, target, progress)
    except OSError as error:
        raise DiskError(path=error.filename or directory, reason=error.strerror or str(error)) from error


def _download(server: Server, trial_id: str, files: dict[str, Any], target: Path, progress: Progress) -> Path:
    trials = target.parent
    trials.mkdir(parents=True, exist_ok=True)
    with locked_by_file(trials / f".{trial_id}.lock"):  # of several at once, the later ones are told that it is there
        return _download_alone(server, trial_id, files, target, progress)


def _download_alone(server: Server, trial_id: str, files: dict[str, Any], target: Path, progress: Progress) -> Path:
    trials = target.parent
    if os.path.lexists(target):
        raise ExistsError(path=target)
    partial = trials / f".{trial_id}{PARTIAL}"
    partial.mkdir(exist_ok=True)
    fetch_files(server, trial_id, files, partial, progress)
    fetch_rest(server, trial_id, files, partial, progress)
    _remove_others(partial, files)
    sync_directory(partial)
    os.rename(partial, target)
    sync_directory(trials)
    return target


def _remove_others(partial: Path, files: Iterable[str]) -> None:
    """Remove what an earlier attempt left of files that the trial has no more."""
    for leftover in partial.iterdir():
        if leftover.name not in (*files, MEMORY_FILE, FILES_DIRECTORY):
            leftover.unlink()
    kept = DigestMemory(partial)
    for path, entry in read_tree(partial / FILES_DIRECTORY).entries.items():
        if kept.digest_of(entry) is None:
            (partial / FILES_DIRECTORY / path).unlink()


def fetch_files(
    server: Server, trial_id: str, files: dict[str, Any], directory: Path, progress: Progress = no_progress
) -> None:
    """Complete files of a trial from the server, keeping local bytes that are correct.

    Args:
        server: The source.
        trial_id: Its id on the server.
        files: Which, with their `offset` and `digest` as the server shows them; others than a trial has are left out.
        directory: The directory that they are written to.
        progress: Called with the number of bytes received, each time.

    Raises:
        RemoteNotFoundError, NetworkError, AccessError: From the server.
        OSError: The disk refused.
    """
    for file, facts in files.items():
        if file in _FILES:
            _fetch(server, trial_id, file, facts, directory, progress)


def fetch_rest(
    server: Server, trial_id: str, files: Iterable[str], directory: Path, progress: Progress = no_progress
) -> None:
    """Complete what a trial's own files refer to: the bytes of its media, and the files kept with it.

    Arguments as `fetch_files`; `files` are those that the server has. Errors as `fetch_media` and `fetch_tree`.
    """
    if MEDIA_FILE in files:
        fetch_media(server, trial_id, directory, progress)
    if TREE in files:
        fetch_tree(server, trial_id, directory, progress)


def directory_name(shown: dict[str, Any], host: str) -> str:
    """Return the name of the uploaded directory of a trial in the server's answer.

    Raises:
        NotAServerError: The server names none, or one that could lead elsewhere.
    """
    name = shown.get("alternative_name")
    if (
        isinstance(name, str)
        and is_alternative_name(name)
        and directory_name_fault(split_alternative_name(name)[0]) is None
    ):
        return name
    raise NotAServerError(host=host, reason="it does not tell the name of the trial's directory")


def _fetch(server: Server, trial_id: str, file: str, facts: dict[str, Any], partial: Path, progress: Progress) -> None:
    """Complete a file from the server, keeping local bytes that are correct."""
    path = partial / file
    size_bytes, digest = facts["offset"], facts["digest"]
    for attempt in range(_TRIES):
        if _is_whole(path, size_bytes, digest):
            return
        have = path.lstat().st_size if path.exists() else 0
        if file in DOCUMENT_FILES or have >= size_bytes:
            have = 0
        with open(path, "r+b" if have else "wb") as opened:
            opened.seek(have)
            left = size_bytes - have

            def take(piece: bytes) -> bool:
                nonlocal left
                kept = piece[:left]  # a journal may have grown since it was listed
                opened.write(kept)
                left -= len(kept)
                progress(len(kept))
                return len(kept) == len(piece)  # to the end, so that the connection can be used again

            try:
                server.read(trial_id, file, have, take)
            except UnreachableError:
                if attempt == _TRIES - 1:
                    raise
            finally:
                opened.flush()
                os.fsync(opened.fileno())
    if not _is_whole(path, size_bytes, digest):
        path.unlink()
        raise NotAServerError(host=server.host, reason=said("its {file} does not match its digest", file=file))


def _is_whole(path: Path, size_bytes: int, digest: str) -> bool:
    try:
        with open_regular(path) as opened:
            if os.fstat(opened.fileno()).st_size != size_bytes:
                return False
            return digest_prefix(opened, size_bytes) == digest
    except FileNotFoundError:
        return False
