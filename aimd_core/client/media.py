"""The media of a trial on a version 2 server: its records, and the bytes that they refer to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aimd_core.client import answers
from aimd_core.client.answers import misfitting
from aimd_core.client.direct import ContentAddress, distrust, receive
from aimd_core.client.v2 import Server
from aimd_core.errors import DamagedError, NotAServerError, RemoteNotFoundError
from aimd_core.format.limits import MAX_DIGESTS
from aimd_core.format.media import MAX_MEDIA_BYTES, StoredBytes, record_of
from aimd_core.language import said
from aimd_core.reading.media import Media, MediaItem, MediaKey, check_size

_PAGE = 1_000
_PATIENCE = 30  # times that a server is asked that is reading what it was sent, for seconds each


def missing(server: Server, trial_id: str, digests: Sequence[str]) -> list[str]:
    """Return which contents the media of a trial do not have."""
    lacking: list[str] = []
    for start in range(0, len(digests), MAX_DIGESTS):
        wish = {"digests": list(digests[start : start + MAX_DIGESTS])}
        answer = server.call(answers.MEDIA_MISSING, "POST", f"/trials/{trial_id}/media/missing", document=wish)
        lacking += answer["missing"]
    return lacking


def put(server: Server, trial_id: str, digests: Sequence[str]) -> None:
    """Let the media of a trial have contents, which were sent before.

    Raises:
        RefusedError: One of them was not.
    """
    for start in range(0, len(digests), MAX_DIGESTS):
        wish = {"digests": list(digests[start : start + MAX_DIGESTS])}
        server.call(answers.MEDIA_COUNT, "POST", f"/trials/{trial_id}/media", document=wish)


def read_content(
    server: Server, trial_id: str, digest: str, start: int, take: Callable[[bytes], bool], size_bytes: int = 0
) -> None:
    """Pass bytes that the media of a trial have, from `start` on, to `take`, as long as it returns True.

    A size tells that they are many, so that they may come from the object store itself.

    Raises:
        RemoteNotFoundError: The media of the trial have no such bytes.
        UnreachableError: They are incomplete; what arrived was passed on.
    """
    path = f"/trials/{trial_id}/media/content"
    receive(server, ContentAddress(path, "digest", digest, size_bytes), start, take)


class RemoteMedia(Media):
    """The media of a trial on a server, as the server has them when it is asked."""

    def __init__(self, server: Server, trial_id: str) -> None:
        self._server = server
        self._trial_id = trial_id

    def keys(self) -> list[MediaKey]:
        """Return what was recorded, by key."""
        answer = self._answer_of_all()
        return [
            MediaKey(row["key"], tuple(row["kinds"]), row["records"], row["steps"], row["first_step"], row["last_step"])
            for row in answer["keys"]
        ]

    def _answer_of_all(self) -> dict[str, Any]:
        """Return what was recorded, once the server has read all that it was sent, or after a while."""
        for _ in range(_PATIENCE):
            answer = self._server.call(answers.MEDIA_KEYS, "GET", f"/trials/{self._trial_id}/media/keys")
            if not answer.get("behind"):
                break
        return answer

    def steps(self, key: str) -> list[int]:
        """Return the steps at which a key has records, in order."""
        pages = self._server.pages(answers.MEDIA_STEPS, f"/trials/{self._trial_id}/media/steps", {"key": key})
        return [step for page in pages for step in page["steps"]]

    def items(
        self, key: str | None = None, from_step: int | None = None, to_step: int | None = None, limit: int | None = None
    ) -> Iterator[MediaItem]:
        """Yield records by key, step and number."""
        at_once = None if limit is None else max(1, min(limit, _PAGE))
        asked = {"key": key, "from": from_step, "to": to_step, "limit": at_once}
        query = {name: str(value) for name, value in asked.items() if value is not None}
        left = -1 if limit is None else limit
        for page in self._pages(query):
            for document in page["media"]:
                record = record_of(document)
                if record is None:
                    raise misfitting(self._server.host, "media", "records as they are in a trial")
                if not left:
                    return
                left -= 1
                yield MediaItem(document["index"], record)

    def _pages(self, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        pages = self._server.pages(answers.MEDIA, f"/trials/{self._trial_id}/media", query)
        first = next(pages)
        if first.get("behind"):
            self._answer_of_all()
            yield from self._server.pages(answers.MEDIA, f"/trials/{self._trial_id}/media", query)
            return
        yield first
        yield from pages

    def read(self, stored: StoredBytes, most_bytes: int = MAX_MEDIA_BYTES) -> bytes:
        """Return bytes that a record refers to, compared with their digest and size."""
        check_size(stored.size_bytes, stored, most_bytes, stored.digest)
        content = self._received(stored, most_bytes)
        if not _is_right(content, stored) and distrust(self._server):
            content = self._received(stored, most_bytes)
        if not _is_right(content, stored):
            reason = said("its {file} does not match its digest", file=stored.digest)
            raise NotAServerError(host=self._server.host, reason=reason)
        return content

    def _received(self, stored: StoredBytes, most_bytes: int) -> bytes:
        """Return bytes as they come, if they are as many as they should be."""
        pieces: list[bytes] = []
        size_bytes = 0

        def take(piece: bytes) -> bool:
            nonlocal size_bytes
            pieces.append(piece)
            size_bytes += len(piece)
            return size_bytes <= stored.size_bytes

        try:
            read_content(self._server, self._trial_id, stored.digest, 0, take, stored.size_bytes)
        except RemoteNotFoundError:
            raise DamagedError(path=stored.digest, reason="is missing") from None
        check_size(size_bytes, stored, most_bytes, stored.digest)
        return b"".join(pieces)


def _is_right(content: bytes, stored: StoredBytes) -> bool:
    return hashlib.sha256(content).hexdigest() == stored.digest
