"""Sends the files of a trial, those below its `files/`: contents that the server lacks first, then the paths.

Nothing is read that the server has, as long as the digests of unchanged files are remembered. What cannot be sent, or
changes while it is read, is named, and does not stop the rest.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from aimd_core.client import contents as remote
from aimd_core.client.contents import BodyTooLongError, Goal, RemoteTree, Stretch
from aimd_core.client.v2 import Server, offers, twin_of
from aimd_core.errors import ContentDiffersError, DamagedError, RefusedError
from aimd_core.format.layout import FILES_DIRECTORY
from aimd_core.format.limits import MAX_CHANGES, PART_BYTES
from aimd_core.format.portable import read_at
from aimd_core.format.protocol import CONTENTS, LONG_BODIES
from aimd_core.format.relative_paths import displaced
from aimd_core.language import said
from aimd_core.objects.copying import open_source
from aimd_core.objects.tree import LeftOut, Tree
from aimd_core.reading.kept_files import KeptFile, local_files, unread_reason
from aimd_core.upload.transfers import PartSize, over_connections

Item = TypeVar("Item")
SMALL_BYTES = 512 << 10  # contents up to this size are sent several at once
BODY_BYTES, BODY_FILES = 4 << 20, 2_000
_STEP_BYTES = 4 << 20
_TRIES = 4


NOT_TAKEN = LeftOut("", "the server does not take files")


class SentFiles(NamedTuple):
    """What was sent of the files of a trial.

    Attributes:
        files: How many files are new or changed on the server.
        sent_bytes: The bytes that went there.
        left_out: What stayed here, and why.
        only_there: How many files the server has that are gone here.
        has_changed: Whether the server has other files than before.
        tree: What is in the directory here.
    """

    files: int
    sent_bytes: int
    left_out: list[LeftOut]
    only_there: int
    has_changed: bool = False
    tree: Tree = Tree({}, [], 0)


class FileDifference(NamedTuple):
    """A file that differs between here and the server: sizes in bytes, None where it is not; or why it is not sent."""

    path: str
    local_bytes: int | None
    remote_bytes: int | None
    reason: str = ""


def send_files(
    server: Server,
    trial: Path,
    trial_id: str,
    stored: dict[str, object],
    progress: Callable[[int], None],
    part: PartSize,
    may_remove: bool = False,
) -> SentFiles:
    """Bring the files of a trial on the server up to date.

    Args:
        server: The target; other connections to it are opened while much is sent.
        trial: The trial's directory.
        trial_id: Its id there.
        stored: What the server has of all its files together, as it shows it; empty for none.
        progress: Called with the number of bytes sent, each time, from any thread.
        part: How many bytes of a file to send at once.
        may_remove: Whether files that are gone here are removed there.

    Raises:
        RefusedError, NetworkError, AccessError, QuotaError: From the server.
    """
    local = local_files(trial)
    if not stored and not local.files:
        return SentFiles(0, 0, local.left_out, 0, tree=local.tree)
    if stored.get("digest") == local.digest:
        return SentFiles(0, 0, local.left_out, 0, tree=local.tree)
    if not stored and not takes_files(server):
        return SentFiles(0, 0, [*local.left_out, NOT_TAKEN], 0, tree=local.tree)
    there = {file.path: file.digest for file in remote.files_of(server, trial_id)} if stored else {}
    changed = [file for file in local.files.values() if there.get(file.path) != file.digest]
    named_left_out = {item.path for item in local.left_out}
    gone = sorted(there.keys() - local.files.keys() - named_left_out)
    sending = ContentSending(server, below(trial / FILES_DIRECTORY), Goal("trial", trial_id), progress, part)
    sending.send(changed)
    put = [(file.path, file.digest) for file in changed if file.path not in sending.failed]
    replaced = displaced(there, [path for path, _ in put])  # the server removes them by itself
    gone = [path for path in gone if path not in replaced]
    put_all(server, trial_id, put, gone if may_remove else [])
    left_out = [*local.left_out, *(LeftOut(path, reason) for path, reason in sorted(sending.failed.items()))]
    has_changed = bool(put or (gone and may_remove))
    only_there = 0 if may_remove else len(gone)
    return SentFiles(len(put), sending.sent_bytes, left_out, only_there, has_changed, local.tree)


def takes_files(server: Server) -> bool:
    """Tell whether a server knows files of trials at all."""
    return offers(server, CONTENTS)


def put_all(
    server: Server, trial_id: str, files: Sequence[tuple[str, str]], remove: Sequence[str]
) -> RemoteTree | None:
    """Set and remove files, as many at once as a server takes; return what all are then."""
    tree: RemoteTree | None = None
    for start in range(0, len(files), MAX_CHANGES):
        tree = remote.put_files(server, trial_id, files[start : start + MAX_CHANGES], [])
    for start in range(0, len(remove), MAX_CHANGES):
        tree = remote.put_files(server, trial_id, [], remove[start : start + MAX_CHANGES])
    return tree


def differences_of(server: Server, trial: Path, trial_id: str, stored: dict[str, object]) -> list[FileDifference]:
    """Read all files of a trial, and return those that differ between here and the server, or cannot be sent.

    Args:
        server: The server.
        trial: The trial's directory.
        trial_id: Its id there.
        stored: What the server has of all its files together, as it shows it; empty for none.
    """
    local = local_files(trial, reads_all=True)
    differences = [FileDifference(item.path, None, None, item.reason) for item in local.left_out]
    if stored.get("digest") == local.digest or not (stored or local.files):
        return differences
    there = {file.path: file for file in remote.files_of(server, trial_id)} if stored else {}
    for file in local.files.values():
        other = there.pop(file.path, None)
        if other is None or other.digest != file.digest:
            differences.append(FileDifference(file.path, file.size_bytes, other and other.size_bytes))
    unsent = {item.path for item in local.left_out}
    differences += [
        FileDifference(file.path, None, file.size_bytes) for file in there.values() if file.path not in unsent
    ]
    return differences


class ContentSending:
    """Sends contents that the server lacks over several connections: those of files below a directory.

    `goal` is what they are for; what the files of a trial have counts as what the user has sent.

    Attributes:
        failed: Why files could not be sent, by path.
        sent_bytes: How many bytes went.
    """

    def __init__(
        self,
        server: Server,
        opening: Callable[[KeptFile], BinaryIO],
        goal: Goal,
        progress: Callable[[int], None],
        part: PartSize,
    ) -> None:
        self._server = server
        self._open = opening
        self._goal = goal
        self._progress = progress
        self._part = part
        self._lock = threading.Lock()
        self.failed: dict[str, str] = {}
        self.sent_bytes = 0

    def send(self, files: Iterable[KeptFile]) -> None:
        """Send the contents of files."""
        by_digest: dict[str, list[KeptFile]] = {}
        for file in files:
            by_digest.setdefault(file.digest, []).append(file)
        size_of = {digest: group[0].size_bytes for digest, group in by_digest.items()}
        lacking = remote.missing(self._server, size_of, self._goal)
        groups = [by_digest[digest] for digest in lacking]
        small = [group for group in groups if group[0].size_bytes <= SMALL_BYTES]
        large = [group for group in groups if group[0].size_bytes > SMALL_BYTES]
        if any(group[0].size_bytes > PART_BYTES for group in large) and offers(self._server, LONG_BODIES):
            self._part = self._part.longer()
        work: list[Callable[[Server], None]] = []
        for body in in_batches(small, lambda group: group[0].size_bytes):
            work.append(lambda server, body=body: self._send_small(server, body))  # type: ignore[misc]
        for group in large:
            work.append(lambda server, group=group: self._send_large(server, group, lacking))  # type: ignore[misc]
        over_connections(self._server, lambda: twin_of(self._server), work, lambda server, item: item(server))

    def _fail(self, group: Sequence[KeptFile], reason: str) -> None:
        with self._lock:
            self.failed |= {file.path: reason for file in group}

    def _count(self, sent_bytes: int) -> None:
        with self._lock:
            self.sent_bytes += sent_bytes
        self._progress(sent_bytes)

    def _send_small(self, server: Server, groups: Sequence[Sequence[KeptFile]]) -> None:
        pieces: list[bytes] = []
        for group in groups:
            content = self._content(group)
            if content is not None:
                pieces.append(content)
        if not pieces:
            return
        digests = remote.send_small(server, pieces, self._goal)
        if any(hashlib.sha256(piece).hexdigest() != digest for piece, digest in zip(pieces, digests, strict=True)):
            raise RefusedError(host=server.host, reason="its digests of what was sent differ")
        self._count(sum(map(len, pieces)))

    def _content(self, group: Sequence[KeptFile]) -> bytes | None:
        """Return the content of a small file, if it is still what it was."""
        file = group[0]
        try:
            with self._open(file) as opened:
                content = _read_all(opened, file.size_bytes + 1)
        except (DamagedError, OSError) as error:
            self._fail(group, unread_reason(error))
            return None
        if hashlib.sha256(content).hexdigest() != file.digest:
            self._fail(group, said("was changed while it was uploaded"))
            return None
        return content

    def _send_large(self, server: Server, group: Sequence[KeptFile], lacking: dict[str, int]) -> None:
        file = group[0]
        try:
            with self._open(file) as opened:
                for _ in range(_TRIES):
                    try:
                        self._send_from(server, file, opened.fileno(), lacking.get(file.digest, 0))
                        return
                    except ContentDiffersError:
                        lacking[file.digest] = 0  # bytes of an upload that was cut off, or the file has changed
        except (DamagedError, OSError) as error:
            self._fail(group, unread_reason(error))
            return
        self._fail(group, said("was changed while it was uploaded"))

    def _send_from(self, server: Server, file: KeptFile, descriptor: int, offset: int) -> None:
        """Send a file from an offset on; another upload of the same bytes at the same time does no harm."""
        stalls = 0

        def read(size_bytes: int, start: int) -> bytes:
            content = read_at(descriptor, size_bytes, start)
            if not content:
                raise DamagedError(path=file.path, reason="was changed while it was uploaded")
            return content

        while stalls < _TRIES:
            part = Stretch(offset, min(self._part.size_bytes, file.size_bytes - offset), read)
            started_s = time.monotonic()
            try:
                arrived = remote.send_part(server, file.digest, file.size_bytes, part, self._goal)
            except BodyTooLongError:
                self._part.shorten()
                continue
            came_bytes = max(0, min(part.size_bytes, arrived.offset - offset))
            self._part.learn(came_bytes, time.monotonic() - started_s)
            self._count(came_bytes)
            if arrived.is_complete:
                return
            if arrived.offset <= offset and part.size_bytes:
                self._part.shorten()
                stalls += 1
            offset = min(arrived.offset, file.size_bytes)
        raise RefusedError(host=server.host, reason=said("the offset of {file} keeps changing", file=file.path))


def below(directory: Path) -> Callable[[KeptFile], BinaryIO]:
    """Return what opens files below a directory."""
    return lambda file: open_source(directory / file.path)


def _read_all(opened: BinaryIO, most_bytes: int) -> bytes:
    """Read a small file; one byte more than expected tells that it has grown."""
    pieces, size_bytes = [], 0
    while size_bytes < most_bytes:
        piece = opened.read(most_bytes - size_bytes)
        if not piece:
            break
        pieces.append(piece)
        size_bytes += len(piece)
    return b"".join(pieces)


def in_batches(items: Iterable[Item], size_of: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Yield small things in groups that go together, by their sizes in bytes."""
    batch: list[Item] = []
    size_bytes = 0
    for item in items:
        if batch and (size_bytes + size_of(item) > BODY_BYTES or len(batch) >= BODY_FILES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(item)
        size_bytes += size_of(item)
    if batch:
        yield batch
