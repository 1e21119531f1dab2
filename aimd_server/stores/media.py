"""The media of trials: their records by key and step, and the contents that these refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, tuple_, update

from aimd_server.stores.contents import ContentRow
from aimd_server.stores.schema import content, trial_media, trial_media_object, trial_media_state, trial_media_total

_AT_ONCE = 300


class MediaState(msgspec.Struct, frozen=True):
    """How far the records of a trial are read: bytes of `media`, by which bytes of `segments`; and their number."""

    trial_id: int
    offset: int = 0
    segments_offset: int = 0
    records: int = 0


class MediaRow(msgspec.Struct, frozen=True):
    """A record: where its line begins, its key, step and number among those, and what it says."""

    offset: int
    key: str
    step: int
    number: int
    kind: str
    document: str


class MediaKeyRow(msgspec.Struct, frozen=True):
    """The records of one kind at a key."""

    key: str
    kind: str
    records: int
    first_step: int
    last_step: int


class MediaObjectRow(msgspec.Struct, frozen=True):
    """A content that media refer to; `size` in bytes."""

    digest: str
    type: str
    content_id: int
    size: int


_STATE = [trial_media_state.c[name] for name in MediaState.__struct_fields__]
_ROW = [trial_media.c[name] for name in MediaRow.__struct_fields__]
_PLACE = (trial_media.c.key, trial_media.c.step, trial_media.c.number)


def state_of(connection: Connection, trial_id: int) -> MediaState:
    """Return how far the records of a trial are read."""
    row = connection.execute(select(*_STATE).where(trial_media_state.c.trial_id == trial_id)).first()
    return MediaState(*row) if row else MediaState(trial_id)


def put_state(connection: Connection, state: MediaState) -> None:
    """Store how far the records of a trial are read."""
    values = msgspec.structs.asdict(state)
    table = trial_media_state
    if not connection.execute(update(table).where(table.c.trial_id == state.trial_id).values(**values)).rowcount:
        connection.execute(insert(table).values(**values))


def clear(connection: Connection, trial_id: int) -> None:
    """Forget the records of a trial, because others count now."""
    connection.execute(delete(trial_media).where(trial_media.c.trial_id == trial_id))


def numbers_after(
    connection: Connection, trial_id: int, places: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Return how many records there are of each key and step that has any."""
    counts: dict[tuple[str, int], int] = {}
    table, ordered = trial_media, sorted(set(places))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        query = (
            select(table.c.key, table.c.step, func.max(table.c.number))
            .where(table.c.trial_id == trial_id, tuple_(table.c.key, table.c.step).in_(some))
            .group_by(table.c.key, table.c.step)
        )
        counts |= {(key, step): number + 1 for key, step, number in connection.execute(query)}
    return counts


def add(connection: Connection, trial_id: int, rows: Sequence[MediaRow]) -> None:
    """Add records."""
    if rows:
        values = [{"trial_id": trial_id, **msgspec.structs.asdict(row)} for row in rows]
        connection.execute(insert(trial_media), values)


def note_types(connection: Connection, trial_id: int, types: Mapping[str, str]) -> None:
    """Note the MIME types of what records refer to, unless an earlier record has said them."""
    before = _types(connection, trial_id, types)
    new = [{"trial_id": trial_id, "digest": digest, "type": types[digest]} for digest in types if digest not in before]
    if new:
        connection.execute(insert(trial_media_object), new)
    _change(connection, trial_id, "type", {digest: types[digest] for digest, kind in before.items() if not kind})


def refer(connection: Connection, trial_id: int, contents: Sequence[ContentRow]) -> None:
    """Let the media of a trial have contents that they do not have yet."""
    before = _types(connection, trial_id, [row.digest for row in contents])
    ids = {row.digest: row.id for row in contents}
    new = [
        {"trial_id": trial_id, "digest": digest, "type": "", "content_id": content_id}
        for digest, content_id in ids.items()
        if digest not in before
    ]
    if new:
        connection.execute(insert(trial_media_object), new)
    total = trial_media_total
    _change(connection, trial_id, "content_id", {digest: ids[digest] for digest in before})
    objects, size = len(ids), sum(row.size for row in contents)
    grown = update(total).where(total.c.trial_id == trial_id)
    grown = grown.values(objects=total.c.objects + objects, size=total.c.size + size)
    if objects and not connection.execute(grown).rowcount:
        connection.execute(insert(total).values(trial_id=trial_id, objects=objects, size=size))


def _change(connection: Connection, trial_id: int, name: str, values: Mapping[str, object]) -> None:
    """Set a column of objects, each by its digest, in one statement."""
    table = trial_media_object
    row = update(table).where(table.c.trial_id == trial_id, table.c.digest == bindparam("of_digest"))
    if values:
        changes = [{"of_digest": digest, "new_value": value} for digest, value in values.items()]
        connection.execute(row.values({name: bindparam("new_value")}), changes)


def _types(connection: Connection, trial_id: int, digests: Iterable[str]) -> dict[str, str]:
    rows: dict[str, str] = {}
    table, listed = trial_media_object, list(digests)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        query = select(table.c.digest, table.c.type).where(table.c.trial_id == trial_id, table.c.digest.in_(some))
        rows |= {row.digest: row.type for row in connection.execute(query)}
    return rows


def objects_of(connection: Connection, trial_id: int, digests: Iterable[str]) -> dict[str, MediaObjectRow]:
    """Return those contents that the media of a trial have, by digest."""
    rows: dict[str, MediaObjectRow] = {}
    listed = list(digests)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        rows |= {row.digest: row for row in _objects(connection, trial_id, some)}
    return rows


def all_objects(connection: Connection, trial_id: int) -> list[MediaObjectRow]:
    """Return all contents that the media of a trial have."""
    return _objects(connection, trial_id, None)


def _objects(connection: Connection, trial_id: int, digests: Sequence[str] | None) -> list[MediaObjectRow]:
    table = trial_media_object
    query = (
        select(table.c.digest, table.c.type, table.c.content_id, content.c.size)
        .join(content, content.c.id == table.c.content_id)
        .where(table.c.trial_id == trial_id)
        .order_by(table.c.digest)
    )
    query = query if digests is None else query.where(table.c.digest.in_(digests))
    return [MediaObjectRow(*row) for row in connection.execute(query)]


def object_counts(connection: Connection, trial_ids: Sequence[int]) -> dict[int, int]:
    """Return how many contents the media of each trial have."""
    table = trial_media_total
    query = select(table.c.trial_id, table.c.objects).where(table.c.trial_id.in_(trial_ids))
    rows = connection.execute(query) if trial_ids else ()
    return {**dict.fromkeys(trial_ids, 0), **{row.trial_id: row.objects for row in rows}}


def page(
    connection: Connection,
    trial_id: int,
    limit: int,
    after: tuple[str, int, int] | None,
    key: str | None = None,
    from_step: int | None = None,
    to_step: int | None = None,
) -> list[MediaRow]:
    """Return records by key, step and number, those after a place."""
    table = trial_media
    query = select(*_ROW).where(table.c.trial_id == trial_id)
    if key is not None:
        query = query.where(table.c.key == key)
    if from_step is not None:
        query = query.where(table.c.step >= from_step)
    if to_step is not None:
        query = query.where(table.c.step <= to_step)
    if after is not None:
        query = query.where(tuple_(*_PLACE) > after)
    return [MediaRow(*row) for row in connection.execute(query.order_by(*_PLACE).limit(limit))]


def keys(connection: Connection, trial_id: int, limit: int) -> list[MediaKeyRow]:
    """Return the records of each key and kind, by key."""
    table = trial_media
    query = (
        select(table.c.key, table.c.kind, func.count(), func.min(table.c.step), func.max(table.c.step))
        .where(table.c.trial_id == trial_id)
        .group_by(table.c.key, table.c.kind)
        .order_by(table.c.key, table.c.kind)
    )
    return [MediaKeyRow(*row) for row in connection.execute(query.limit(limit))]


def step_counts(connection: Connection, trial_id: int, names: Sequence[str]) -> dict[str, int]:
    """Return at how many steps each key has records."""
    counts: dict[str, int] = {}
    table = trial_media
    for start in range(0, len(names), _AT_ONCE):
        query = select(table.c.key, func.count(table.c.step.distinct())).where(table.c.trial_id == trial_id)
        query = query.where(table.c.key.in_(names[start : start + _AT_ONCE])).group_by(table.c.key)
        counts |= {row.key: int(row[1]) for row in connection.execute(query)}
    return counts


def steps(connection: Connection, trial_id: int, key: str, after: int | None, limit: int) -> list[int]:
    """Return the steps at which a key has records, those after a step."""
    table = trial_media
    query = select(table.c.step).distinct().where(table.c.trial_id == trial_id, table.c.key == key)
    query = query if after is None else query.where(table.c.step > after)
    return list(connection.execute(query.order_by(table.c.step).limit(limit)).scalars())
