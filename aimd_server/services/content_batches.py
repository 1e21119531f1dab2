"""Many small contents in one answer: of the files of a trial, of its media, or of the objects of an artifact.

What names them are paths, digests or keys, and they are looked up in that trial or artifact only: a digest is no right.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from aimd_core.format.limits import MAX_SMALL, PART_BYTES
from aimd_core.language import said
from aimd_server.errors import StoreUnavailableError
from aimd_server.services import contents as single
from aimd_server.services import public_view
from aimd_server.services.contents import checked
from aimd_server.services.files import MEDIA, TREE
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.visibility import load_artifact, load_trial
from aimd_server.storage import Storage
from aimd_server.stores import artifacts, contents, media, trial_files
from aimd_server.stores.accounts import Account
from aimd_server.stores.contents import PartRow
from aimd_server.stores.database import Connection, Database

_GAP_BYTES = 64 << 10  # in an object, which costs less to read than a second request


class BatchWish(msgspec.Struct, forbid_unknown_fields=True):
    """The names of contents: paths of files, digests of media, or keys of objects."""

    names: list[str]


class Small(NamedTuple):
    """A content to read; `size` in bytes."""

    content_id: int
    digest: str
    size: int


def of_files(database: Database, user: Account, uid: str, wish: BatchWish) -> list[Small | None]:
    """Return files of a trial, in the order of their paths in the request; None for what it does not have.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    names = _names(wish)

    def operation(connection: Connection) -> list[Small | None]:
        row = load_trial(connection, user, uid)
        _require(public_view.shows(user, TREE))
        rows = trial_files.by_paths(connection, row.id, names)
        return _in_order(wish, {file.path: Small(file.content_id, file.digest, file.size) for file in rows})

    return database.read(operation)


def of_media(database: Database, user: Account, uid: str, wish: BatchWish) -> list[Small | None]:
    """Return contents of the media of a trial, by digest. Otherwise as `of_files`."""
    names = list(map(checked, _names(wish)))

    def operation(connection: Connection) -> list[Small | None]:
        row = load_trial(connection, user, uid)
        _require(public_view.shows(user, MEDIA))
        rows = media.objects_of(connection, row.id, names)
        return _in_order(wish, {digest: Small(row.content_id, digest, row.size) for digest, row in rows.items()})

    return database.read(operation)


def of_objects(database: Database, user: Account, uid: str, wish: BatchWish) -> list[Small | None]:
    """Return objects of an artifact, by key; public links do not show them. Otherwise as `of_files`."""
    names = _names(wish)

    def operation(connection: Connection) -> list[Small | None]:
        row = load_artifact(connection, user, uid)
        _require(user.link_id is None)
        rows = artifacts.objects_at(connection, row.id, names)
        return _in_order(wish, {item.key: Small(item.content_id, item.digest, item.size) for item in rows})

    return database.read(operation)


def _names(wish: BatchWish) -> list[str]:
    if len(wish.names) > MAX_SMALL:
        raise invalid(said("at most {limit} contents at once", limit=MAX_SMALL), field="names", limit=MAX_SMALL)
    return list(dict.fromkeys(wish.names))


def _require(is_shown: bool) -> None:
    if not is_shown:
        raise RefusalError("not_found", "a public link does not show these bytes")


def _in_order(wish: BatchWish, by_name: Mapping[str, Small]) -> list[Small | None]:
    return [by_name.get(name) for name in wish.names]


def fitting(items: Sequence[Small | None]) -> list[Small | None]:
    """Return what one answer has: the first of some contents, as many as fit; larger ones have to be read alone."""
    left, taken = PART_BYTES, list[Small | None]()
    for item in items:
        if item is not None and item.size <= PART_BYTES:
            left -= item.size
            if left < 0:
                break
        taken.append(item if item is not None and item.size <= PART_BYTES else None)
    return taken


def read(storage: Storage, _: Account, items: Sequence[Small]) -> bytes:
    """Return the bytes of contents, one behind the other. The caller has checked that they may be seen.

    Small contents that were sent together are neighbours in one object, which is read once.

    Raises:
        StoreUnavailableError: A content is gone, an object is missing, or cannot be read now.
    """
    digest_of = {item.content_id: item.digest for item in items}
    rows = storage.database.read(lambda connection: contents.all_parts_of(connection, digest_of))
    spans_of = _spans([part for parts in rows.values() for part in parts])
    starts_of = {key: [start for start, _ in spans] for key, spans in spans_of.items()}
    blocks_of = {key: [single.ranged(storage, key, *span) for span in spans] for key, spans in spans_of.items()}

    def piece(part: PartRow) -> bytes:
        if part.key is None:
            return part.data or b""
        number = bisect_right(starts_of[part.key], part.start) - 1
        start = part.start - starts_of[part.key][number]
        return blocks_of[part.key][number][start : start + part.size]

    whole = [b"".join(map(piece, rows.get(item.content_id, ()))) for item in items]
    if any(len(content) != item.size for content, item in zip(whole, items, strict=True)):
        raise StoreUnavailableError("contents were removed while they were read")
    return b"".join(whole)


def _spans(parts: Sequence[PartRow]) -> dict[str, list[tuple[int, int]]]:
    """Return what to read of each object: from where to where, with neighbours together."""
    spans_of: dict[str, list[tuple[int, int]]] = {}
    for part in sorted((part for part in parts if part.key is not None), key=lambda part: (part.key, part.start)):
        assert part.key is not None
        of_object, end = spans_of.setdefault(part.key, []), part.start + part.size
        if of_object and part.start <= of_object[-1][1] + _GAP_BYTES:
            of_object[-1] = of_object[-1][0], max(of_object[-1][1], end)
        else:
            of_object.append((part.start, end))
    return spans_of
