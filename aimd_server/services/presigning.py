"""Addresses at which the object store itself gives the bytes of a content, for a few minutes.

They are for somebody who may read the content, which the caller of this module has checked, and are written to no log.
An object is signed whole, because a signature covers no range of bytes; so only objects that hold nothing else are.
"""

from __future__ import annotations

from functools import partial

import msgspec

from aimd_server.storage import Storage
from aimd_server.stores import contents
from aimd_server.stores.accounts import Account

EXPIRES_S = 600
MOST_PARTS = 16  # at once: the rest is asked for when these have been read


class SignedPart(msgspec.Struct, frozen=True):
    """Where `size` bytes of a content from `offset` on are."""

    offset: int
    size: int
    url: str


def parts(storage: Storage, _: Account, content_id: int, digest: str, start: int) -> list[SignedPart]:
    """Return where the next parts of a content are, beginning with the one that has byte `start`.

    Returns:
        None of them, if the server has to give the bytes itself.
    """
    read = partial(contents.whole_parts_of, content_id=content_id, digest=digest, start=start, limit=MOST_PARTS)
    rows = storage.database.read(read)
    urls = storage.blobs.signed([row.key for row in rows], EXPIRES_S)
    if not urls:
        return []
    return [SignedPart(row.offset, row.size, url) for row, url in zip(rows, urls, strict=True)]
