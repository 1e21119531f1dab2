"""Contents of a version 2 server: bytes by their digest, and the files of trials that have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aimd_core.client import answers
from aimd_core.client.answers import misfitting
from aimd_core.client.connection import PIECE_BYTES, Response
from aimd_core.client.direct import ContentAddress, receive
from aimd_core.client.v2 import OffsetMismatchError, Server, offset_of, persist, send_once
from aimd_core.errors import NotAServerError, RefusedError
from aimd_core.format.limits import MAX_DIGESTS, PART_BYTES
from aimd_core.reading.kept_files import KeptFile

_TOO_LONG = 413


class Arrived(NamedTuple):
    """How many bytes of a content a server has, and whether they are all."""

    offset: int
    is_complete: bool


class RemoteTree(NamedTuple):
    """All files of a trial on a server together: their number, bytes and digest."""

    files: int
    size_bytes: int
    digest: str


class Goal(NamedTuple):
    """What contents are sent for: `trial` or `artifact`, and its id."""

    kind: str
    id: str


def missing(server: Server, size_of: Mapping[str, int], goal: Goal) -> dict[str, int]:
    """Return which contents have to be sent, each with how many bytes of it have arrived.

    Args:
        server: The server.
        size_of: The sizes in bytes of all contents, by digest.
        goal: What they are for; what the files of a trial have counts as what the user has sent.

    Raises:
        QuotaError: There is no room for them.
    """
    digests = list(size_of)
    lacking: dict[str, int] = {}
    for start in range(0, len(digests), MAX_DIGESTS):
        some = digests[start : start + MAX_DIGESTS]
        wish = {"digests": some, "sizes": [size_of[digest] for digest in some], goal.kind: goal.id}
        answer = server.call(answers.MISSING, "POST", "/contents/missing", document=wish)
        lacking |= {digest: answer["offsets"].get(digest, 0) for digest in answer["missing"]}
    return lacking


def send_small(server: Server, contents: Sequence[bytes], goal: Goal) -> list[str]:
    """Send several contents in one request, and return their digests as the server has computed them.

    Raises:
        QuotaError: There is no room for them.
    """
    head = json.dumps([len(content) for content in contents]).encode()
    body = b"".join([head, b"\n", *contents])
    headers = {"Content-Type": "application/octet-stream"}
    query = {goal.kind: goal.id}
    answer = server.call(answers.SMALL, "POST", "/contents", content=body, headers=headers, query=query)
    digests: list[str] = answer["digests"]
    if len(digests) != len(contents):
        raise misfitting(server.host, "digests", "as long as what was sent")
    return digests


class BodyTooLongError(Exception):
    """A body that is longer than a part is not taken here: by a proxy, or an older replica of the server."""


class Stretch(NamedTuple):
    """Bytes of a content that go in one body.

    Attributes:
        offset: Where they begin.
        size_bytes: How many they are.
        read: Returns up to so many bytes from an offset on, at least one.
    """

    offset: int
    size_bytes: int
    read: Callable[[int, int], bytes]

    def pieces(self) -> Iterator[bytes]:
        """Read them anew."""
        start, end = self.offset, self.offset + self.size_bytes
        while start < end:
            piece = self.read(min(PIECE_BYTES, end - start), start)
            start += len(piece)
            yield piece


def send_part(server: Server, digest: str, size_bytes: int, part: Stretch, goal: Goal) -> Arrived:
    """Send the next bytes of a content, and return how many the server has then.

    If the outcome is unknown, the server is asked for its offset, and only what is no longer than a part is sent again.

    Raises:
        BodyTooLongError: It has to go in parts.
        ContentDiffersError: All bytes have arrived, and have another digest; nothing is kept of them.
        QuotaError: There is no room for all of it.
    """
    path, is_long = f"/contents/{digest}", part.size_bytes > PART_BYTES
    headers = {
        "Upload-Offset": str(part.offset),
        "Upload-Length": str(size_bytes),
        "Content-Length": str(part.size_bytes),
        "Content-Type": "application/octet-stream",
    }
    is_again = False

    def attempt() -> Arrived:
        nonlocal is_again
        if is_again:
            there = _arrived(server, send_once(server, "HEAD", path))
            if is_long or there != Arrived(part.offset, False):
                return there
        is_again = True
        body: dict[str, Any] = {"content": part.pieces(), "size_bytes": part.size_bytes, "headers": headers}
        return _arrived(server, send_once(server, "PATCH", path, query={goal.kind: goal.id}, **body))

    try:
        return persist(server, attempt)
    except OffsetMismatchError as error:  # another upload of the same bytes
        return Arrived(int(str(error.facts["offset"])), False)
    except (NotAServerError, RefusedError) as error:
        if is_long and error.facts.get("status") == _TOO_LONG:
            raise BodyTooLongError from error
        raise


def _arrived(server: Server, answer: Response) -> Arrived:
    return Arrived(offset_of(answer, server.host), answer.headers.get("upload-complete") == "?1")


def put_files(server: Server, trial_id: str, files: Sequence[tuple[str, str]], remove: Sequence[str]) -> RemoteTree:
    """Set files of a trial, each a path and a digest, remove others, and return what all of them are then.

    Raises:
        RefusedError: A path, or contents that were not sent.
    """
    wish: dict[str, Any] = {
        "files": [{"path": path, "digest": digest} for path, digest in files],
        "remove": list(remove),
    }
    answer = server.call(answers.TREE, "POST", f"/trials/{trial_id}/files", document=wish)
    return RemoteTree(answer["count"], answer["size"], answer["digest"])


def files_of(server: Server, trial_id: str) -> Iterator[KeptFile]:
    """Yield the files of a trial, by path."""
    for page in server.pages(answers.FILES, f"/trials/{trial_id}/files", {}):
        for file in page["files"]:
            yield KeptFile(file["path"], file["size"], file["digest"])


def read_file(server: Server, trial_id: str, file: KeptFile, start: int, take: Callable[[bytes], bool]) -> None:
    """Pass the bytes of a file of a trial from `start` on to `take`, as long as it returns True.

    Raises:
        UnreachableError: It is incomplete; what arrived was passed on.
    """
    path = f"/trials/{trial_id}/content"
    receive(server, ContentAddress(path, "path", file.path, file.size_bytes), start, take)
