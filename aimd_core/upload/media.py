"""Sends the bytes that a trial's media refer to, and fetches them: each once, by digest, before the journal follows.

What is missing here stays missing there, and is named. A second upload sends what is new.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from aimd_core.client import media as remote
from aimd_core.client.contents import Goal
from aimd_core.client.direct import distrust
from aimd_core.client.v2 import Server, offers, twin_of
from aimd_core.errors import NetworkError, NotAServerError, RemoteNotFoundError
from aimd_core.format.layout import MEDIA_FILE
from aimd_core.format.media import MAX_MEDIA_BYTES
from aimd_core.format.protocol import MEDIA
from aimd_core.language import said, warn_once
from aimd_core.objects.adding import Adding
from aimd_core.objects.copying import Stored, digest_file, open_source
from aimd_core.objects.store import ObjectStore, created, has_sound, store_of
from aimd_core.objects.tree import LeftOut
from aimd_core.reading.kept_files import KeptFile
from aimd_core.reading.media import has_as_many, media_sizes
from aimd_core.upload.batches import Small, batches_of, fetch_batch
from aimd_core.upload.files import ContentSending
from aimd_core.upload.transfers import PartSize, over_connections

_IN_MEMORY_BYTES = 4 << 20
_NAME_CHARS = 12  # of a digest in a message


class SentMedia(NamedTuple):
    """What was sent of the bytes of media.

    Attributes:
        sent_bytes: How many bytes went.
        left_out: What stayed here, and why.
        has_changed: Whether the server has more of them than before.
    """

    sent_bytes: int = 0
    left_out: tuple[LeftOut, ...] = ()
    has_changed: bool = False


def named(digest: str) -> str:
    """Return what messages call bytes of media."""
    return f"{MEDIA_FILE}/{digest[:_NAME_CHARS]}"


def send_media(
    server: Server,
    trial: Path,
    trial_id: str,
    stored: dict[str, object],
    progress: Callable[[int], None],
    part: PartSize,
) -> SentMedia:
    """Bring the bytes of a trial's media on the server up to date.

    Args:
        server: The target; other connections to it are opened while much is sent.
        trial: The trial's directory.
        trial_id: Its id there.
        stored: What the server has of its `media`, as it shows it; empty for none.
        progress: Called with the number of bytes sent, each time, from any thread.
        part: How many bytes to send at once.

    Raises:
        DamagedError: The journal cannot be read.
        RefusedError, NetworkError, AccessError, QuotaError: From the server.
    """
    if has_as_many(trial, stored.get("count", 0)):
        return SentMedia()
    sizes = media_sizes(trial)
    if not takes_media(server):
        return _nothing_taken()
    store = store_of(trial)
    here, left_out = _local(store, remote.missing(server, trial_id, list(sizes)))
    sending = ContentSending(server, lambda file: _opened(store, file), Goal("trial", trial_id), progress, part)
    sending.send(here)
    for digest, reason in sorted(sending.failed.items()):  # nobody changes an object; if it differs, it is damaged
        left_out.append(LeftOut(named(digest), store.fault_of(digest) or reason))
    sent = [file.digest for file in here if file.digest not in sending.failed]
    remote.put(server, trial_id, sent)
    return SentMedia(sending.sent_bytes, tuple(left_out), bool(sent))


def _nothing_taken() -> SentMedia:
    return SentMedia(0, (LeftOut("", said("the server does not take media")),))


def takes_media(server: Server) -> bool:
    """Tell whether a server knows media at all."""
    return offers(server, MEDIA)


def _local(store: ObjectStore, digests: list[str]) -> tuple[list[KeptFile], list[LeftOut]]:
    """Return which bytes are here, each as a file that has its digest as its path, and which are not."""
    here, left_out = [], []
    for digest in digests:
        size_bytes = store.size_of(digest)
        if size_bytes is None:
            left_out.append(LeftOut(named(digest), "is missing"))
        else:
            here.append(KeptFile(digest, size_bytes, digest))
    return here, left_out


def _opened(store: ObjectStore, file: KeptFile) -> BinaryIO:
    try:
        return open_source(store.path_of(file.digest))
    except FileNotFoundError:
        return io.BytesIO(store.read(file.digest))


class MediaDifference(NamedTuple):
    """Bytes that differ between here and the server: size in bytes here, None where they are not; or why not."""

    digest: str
    local_bytes: int | None
    reason: str


def differences_of(server: Server, trial: Path, trial_id: str) -> list[MediaDifference]:
    """Read the bytes of all media of a trial, and return those that are damaged here, or not on the server.

    Raises:
        DamagedError: The journal cannot be read.
    """
    sizes, store = media_sizes(trial), store_of(trial)
    if not sizes:
        return []
    is_lacking = set(remote.missing(server, trial_id, list(sizes)) if takes_media(server) else sizes)
    differences = []
    for digest in sizes:
        fault = store.fault_of(digest)
        if fault is not None:
            differences.append(MediaDifference(digest, None, fault))
        elif digest in is_lacking:
            differences.append(MediaDifference(digest, store.size_of(digest), ""))
    return differences


def fetch_media(server: Server, trial_id: str, trial: Path, progress: Callable[[int], None]) -> None:
    """Fetch what the media of a trial refer to into the store of a directory; what is there already stays.

    What the server does not have, and what is longer than each record of it says, is left out and counted aloud.

    Args:
        server: The source.
        trial_id: The trial's id there.
        trial: The directory of the trial, whose `media` was fetched.
        progress: Called with the number of bytes received, each time, from any thread.

    Raises:
        NotAServerError: The server sends other bytes than their digest says.
        NetworkError, AccessError: From the server.
        OSError: The disk refused.
    """
    store = store_of(trial)
    sizes = media_sizes(trial, largest=True)
    lacking = [stored for stored in (Stored(*row) for row in sizes.items()) if not has_sound(store, stored)]
    absent: list[str] = []

    def fetch(connection: Server, stored: Stored) -> None:
        try:
            try:
                is_whole = _fetch(connection, trial_id, store, stored, progress)
            except NotAServerError:  # other bytes: if the object store sent them, the server may do better
                if not distrust(connection):
                    raise
                is_whole = _fetch(connection, trial_id, store, stored, progress)
        except RemoteNotFoundError:
            is_whole = False
        if not is_whole:
            absent.append(stored.digest)

    come: set[str] = set()

    def fetch_some(connection: Server, batch: Sequence[Small]) -> None:
        with Adding(store) as adding:

            def put(small: Small, content: bytes) -> None:
                adding.take_bytes(content)
                come.add(small.digest)

            try:
                fetch_batch(connection, f"/trials/{trial_id}/media/contents", batch, put, progress)
            except NetworkError:
                adding.settle()  # so that a second call goes on from there
                raise

    batches = batches_of(server, (Small(stored.digest, *stored) for stored in lacking))
    over_connections(server, lambda: twin_of(server), batches, fetch_some)
    left = [stored for stored in lacking if stored.digest not in come]
    over_connections(server, lambda: twin_of(server), left, fetch)
    store.sync()
    store.close()
    if absent:
        count, s = len(absent), "s" * (len(absent) != 1)
        warn_once(said("{count} object{s} of the media of {trial} not on the server", count=count, s=s, trial=trial_id))


def _fetch(server: Server, trial_id: str, store: ObjectStore, stored: Stored, progress: Callable[[int], None]) -> bool:
    """Fetch bytes, and add them to the store if they are what their digest says; return False if there are more."""
    if stored.size_bytes <= _IN_MEMORY_BYTES:
        pieces: list[bytes] = []
        is_all = _read(server, trial_id, stored, progress, pieces.append)
        content = b"".join(pieces)
        if is_all and hashlib.sha256(content).hexdigest() != stored.digest:
            raise _differs(server, stored)
        if is_all:
            store.add_bytes(content)
        return is_all
    with store.unfinished() as temporary:
        with created(temporary) as descriptor, open(descriptor, "wb", closefd=False) as opened:
            is_all = _read(server, trial_id, stored, progress, opened.write)
        with open_source(temporary) as opened_again:
            received = digest_file(opened_again, temporary)
        if is_all and received.digest != stored.digest:
            raise _differs(server, stored)
        if is_all:
            with store.locked(is_shared=True):
                store.keep(temporary, received)
            store.unsynced.add(str(store.path_of(stored.digest)))
    return is_all


def _differs(server: Server, stored: Stored) -> NotAServerError:
    reason = said("its {file} does not match its digest", file=named(stored.digest))
    return NotAServerError(host=server.host, reason=reason)


def _read(
    server: Server,
    trial_id: str,
    stored: Stored,
    progress: Callable[[int], None],
    take: Callable[[bytes], object],
) -> bool:
    """Read bytes of a server, but no more than a record may have; return whether these are all."""
    left = min(MAX_MEDIA_BYTES, stored.size_bytes) + 1

    def taken(piece: bytes) -> bool:
        nonlocal left
        take(piece[:left])
        progress(min(left, len(piece)))
        left -= min(left, len(piece))
        return left > 0

    remote.read_content(server, trial_id, stored.digest, 0, taken, stored.size_bytes)
    return left > 0


def remaining_of(server: Server, trial: Path, trial_id: str, stored: dict[str, object]) -> SentMedia:
    """Return what an upload would send: bytes, and what stays here. Errors as `send_media`."""
    if has_as_many(trial, stored.get("count", 0)):
        return SentMedia()
    sizes = media_sizes(trial)
    if not stored and not takes_media(server):
        return _nothing_taken()
    digests = list(sizes)
    if stored:
        with suppress(RemoteNotFoundError):
            digests = remote.missing(server, trial_id, digests)
    here, left_out = _local(store_of(trial), digests)
    return SentMedia(sum(file.size_bytes for file in here), tuple(left_out), bool(here))
