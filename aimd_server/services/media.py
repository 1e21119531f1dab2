"""The media of a trial: its records by key and step, and the bytes that they refer to. Rights are the trial's.

A record names bytes by their digest, which gives nobody a right to them. So bytes are shown only once somebody who may
refer to the content has said that this trial's media have it, as for its files.
"""

from __future__ import annotations

import json

import msgspec

from aimd_core.format.limits import MAX_DIGESTS
from aimd_core.format.media import HTML_TYPE, MAX_KEY_BYTES, UNKNOWN_TYPE
from aimd_core.format.values import is_step
from aimd_core.language import said
from aimd_server.services import public_view, quotas
from aimd_server.services.clock import now_us
from aimd_server.services.contents import checked
from aimd_server.services.files import MEDIA
from aimd_server.services.media_index import bring_up_to_date, is_behind
from aimd_server.services.quotas import FolderAt
from aimd_server.services.request_errors import RefusalError, foreign_cursor, invalid
from aimd_server.services.visibility import load_trial
from aimd_server.stores import contents, media
from aimd_server.stores.accounts import Account
from aimd_server.stores.cursors import cursor_of, position_in
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.media import MediaRow

PAGE = 1_000
MAX_KEYS = 10_000
MAX_STEPS = 10_000
MAX_TOLD = 1_000  # digests in a refusal


class MediaWish(msgspec.Struct, forbid_unknown_fields=True):
    """Digests of contents."""

    digests: list[str] = []


class Chosen(msgspec.Struct, frozen=True):
    """Which records: of a key, from a step, to a step; None for all."""

    key: str | None
    from_step: int | None
    to_step: int | None


class OpenMedia(msgspec.Struct, frozen=True):
    """Bytes to read from; `size` in bytes."""

    content_id: int
    size: int
    type: str
    digest: str


def _checked_digests(wish: MediaWish) -> list[str]:
    if len(wish.digests) > MAX_DIGESTS:
        raise invalid(said("at most {limit} digests at once", limit=MAX_DIGESTS), field="digests", limit=MAX_DIGESTS)
    return list(dict.fromkeys(map(checked, wish.digests)))


def put(database: Database, user: Account, uid: str, wish: MediaWish) -> dict[str, object]:
    """Let the media of a trial have contents, and return how many they have. The same again changes nothing.

    Raises:
        RefusalError: `not_found`, `forbidden`, `invalid`; `content_missing`, with `digests`, for contents that the
            caller has to send first; `quota_exceeded`.
    """
    digests = _checked_digests(wish)

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        there = media.objects_of(connection, row.id, digests)
        new = [digest for digest in digests if digest not in there]
        claims = contents.claimable(connection, user.id, new, now_us(), row.id)
        lacking = sorted(set(new) - claims.keys())
        if lacking:
            message = said("{count} contents have to be sent first", count=len(lacking))
            raise RefusalError("content_missing", message, digests=lacking[:MAX_TOLD])
        claimed = [claims[digest] for digest in new]
        media.refer(connection, row.id, claimed)
        home = FolderAt(row.owner_id, row.folder_path)
        added = sum(content.size for content in claimed)
        quotas.attach(connection, user, home, {content.id for content in claimed}, added)
        return {"count": media.object_counts(connection, [row.id])[row.id]}

    return database.write(operation)


def missing(database: Database, user: Account, uid: str, wish: MediaWish) -> dict[str, object]:
    """Return which contents the media of a trial do not have.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    digests = _checked_digests(wish)

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        there = media.objects_of(connection, row.id, digests) if public_view.shows(user, MEDIA) else {}
        return {"missing": [digest for digest in digests if digest not in there]}

    return database.read(operation)


def _up_to_date(database: Database, user: Account, uid: str) -> int:
    """Return the id of a trial whose records are read, as far as that takes little time."""
    trial_id = database.read(lambda connection: load_trial(connection, user, uid).id)
    bring_up_to_date(database, trial_id)
    return trial_id


def keys(database: Database, user: Account, uid: str) -> dict[str, object]:
    """Return what was recorded in a trial, by key.

    Raises:
        RefusalError: `not_found`.
    """
    _up_to_date(database, user, uid)

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        shown: dict[str, dict[str, object]] = {}
        for row_of_key in media.keys(connection, row.id, MAX_KEYS) if public_view.shows(user, MEDIA) else []:
            members = shown.setdefault(row_of_key.key, {"key": row_of_key.key, "kinds": [], "records": 0, "steps": 0})
            kinds = members["kinds"]
            assert isinstance(kinds, list)
            kinds.append(row_of_key.kind)
            members["records"] = _whole(members["records"]) + row_of_key.records
            members["first_step"] = min(_whole(members.get("first_step", row_of_key.first_step)), row_of_key.first_step)
            members["last_step"] = max(_whole(members.get("last_step", row_of_key.last_step)), row_of_key.last_step)
        for key, steps in media.step_counts(connection, row.id, list(shown)).items():
            shown[key]["steps"] = steps
        return {"keys": list(shown.values()), "behind": is_behind(connection, row.id)}

    return database.read(operation)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def steps(database: Database, user: Account, uid: str, key: str, cursor: str) -> dict[str, object]:
    """Return the steps at which a key has records, in order.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    after = _step(cursor, "cursor") if cursor else None
    _up_to_date(database, user, uid)

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        shows = public_view.shows(user, MEDIA)
        listed = media.steps(connection, row.id, key, after, MAX_STEPS + 1) if shows else []
        more, listed = len(listed) > MAX_STEPS, listed[:MAX_STEPS]
        return {"steps": listed, "next": str(listed[-1]) if more else None}

    return database.read(operation)


def chosen(key: str | None, from_step: str | None, to_step: str | None) -> Chosen:
    """Return which records a request asks for.

    Raises:
        RefusalError: `invalid`.
    """
    if key is not None and len(key.encode("utf-8", "replace")) > MAX_KEY_BYTES:
        raise invalid(said("a key has at most {limit} bytes", limit=MAX_KEY_BYTES), field="key", limit=MAX_KEY_BYTES)
    first, last = (None if text is None else _step(text, name) for text, name in ((from_step, "from"), (to_step, "to")))
    return Chosen(key, first, last)


def _step(text: str, field: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and is_step(int(text))):
        raise invalid(said("{field} is a step", field=field), field=field)
    return int(text)


def listed(database: Database, user: Account, uid: str, wish: Chosen, limit: int, cursor: str) -> dict[str, object]:
    """Return a page of the records of a trial, by key, step and number.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    if not 1 <= limit <= PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=PAGE), field="limit", limit=PAGE)
    after = _place_in(cursor) if cursor else None
    _up_to_date(database, user, uid)

    def operation(connection: Connection) -> dict[str, object]:
        row = load_trial(connection, user, uid)
        narrowed = (wish.key, wish.from_step, wish.to_step)
        shows = public_view.shows(user, MEDIA)
        rows = media.page(connection, row.id, limit + 1, after, *narrowed) if shows else []
        more, rows = len(rows) > limit, rows[:limit]
        documents = [json.loads(record.document) for record in rows]
        digests = {document["digest"] for document in documents if "digest" in document}
        there = media.objects_of(connection, row.id, digests)
        for document, record in zip(documents, rows, strict=True):
            document["index"] = record.number
            if "digest" in document:
                document["present"] = document["digest"] in there
        return {
            "media": documents,
            "next": _cursor(rows[-1]) if more else None,
            "behind": is_behind(connection, row.id),
        }

    return database.read(operation)


def _cursor(row: MediaRow) -> str:
    return cursor_of(json.dumps([row.key, row.step, row.number]))


def _place_in(cursor: str) -> tuple[str, int, int]:
    try:
        key, step, number = json.loads(position_in(cursor))
        if type(key) is str and type(step) is int and type(number) is int and is_step(step) and is_step(number):
            return key.encode("utf-8", "replace").decode(), step, number
    except (ValueError, TypeError, RecursionError):
        pass
    raise foreign_cursor()


def open_media(database: Database, user: Account, uid: str, digest: str, as_page: bool = False) -> OpenMedia:
    """Return bytes that the media of a trial have, to read from.

    Args:
        database: The database.
        user: The caller.
        uid: The trial.
        digest: Of the bytes.
        as_page: Whether they are to be shown as a page: only HTML is.

    Raises:
        RefusalError: `not_found`, `invalid`.
    """
    checked(digest)
    trial_id = _up_to_date(database, user, uid)

    def operation(connection: Connection) -> OpenMedia:
        load_trial(connection, user, uid)
        row = media.objects_of(connection, trial_id, [digest]).get(digest) if public_view.shows(user, MEDIA) else None
        if row is None:
            raise RefusalError("not_found", "the media of the trial have no such bytes")
        if as_page and row.type.partition(";")[0] != HTML_TYPE:
            raise RefusalError("not_found", "that is not a page")
        return OpenMedia(row.content_id, row.size, row.type or UNKNOWN_TYPE, digest)

    return database.read(operation)
