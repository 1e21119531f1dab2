"""Writes and reads the tables by which lists select and sort trials: one row per parameter and metric."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from aimd_core.format.model import INTERRUPTED, LOST, UNFINISHED
from aimd_core.query import Field
from aimd_core.reading.facts import LOST_AFTER_S
from aimd_core.reading.summaries import AGGREGATES
from aimd_server.stores.folders import below
from aimd_server.stores.prepared import PreparedForList, PreparedStatement
from aimd_server.stores.schema import folder, journal, trial, trial_metric, trial_param

MORE = "\x01"  # the key of a row that marks a trial with parameters that are not in the table
LABEL = "\x02"  # the key of a label: this and the name of its field
LABELS = ("name", "alternative_name", "state", "ended", "tags", "note")
_KEYS_AT_ONCE = 500
LABEL_KEYS = (*(LABEL + name for name in LABELS), *(MORE + LABEL + name for name in LABELS))
MAX_KEY_CHARS = 500
UNFINISHED_TEXTS = tuple(name.casefold() for name in UNFINISHED)  # the labels of states that depend on the time
DERIVED_TEXTS = (INTERRUPTED.casefold(), LOST.casefold())  # what such a state may be instead
MEASURED = AGGREGATES  # the columns of a metric
_WRITTEN = (*MEASURED, "position")  # among the metrics of its trial, in the order of lists


def stored_key(field: Field) -> str:
    """Return the key of the rows with the trials' values of a field."""
    return LABEL + field.name if field.kind == "trial" else field.name


def mark_of(text: str) -> int:
    """Return the number that distinguishes the text of a parameter from others."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)


class ParamRow(NamedTuple):
    """A parameter or label; columns as in the schema."""

    key: str
    kind: int
    num: float
    text: str
    type: str
    mark: int


class Home(msgspec.Struct, frozen=True):
    """What the rows of a trial take from the trial."""

    id: int
    folder_id: int
    sort_us: int
    parameters: str
    state: str | None


def told_state() -> ColumnElement[str | None]:
    """Return the expression for the state that the uploader told, which may be None."""
    return func.coalesce(func.nullif(trial.c.state, ""), func.nullif(trial.c.status, ""))


def state_cases(now_s: float) -> list[tuple[ColumnElement[bool], str]]:
    """Return when a trial is in another state than the one that was told, and in which, as `facts.derive_state` says.

    It holds for trials that were reported as unfinished, and depends on when anything of them was received.
    """
    unfinished = func.coalesce(told_state(), "").in_(UNFINISHED)
    silent_since_us = literal(round((now_s - LOST_AFTER_S) * 1e6), BigInteger)
    has_grown = exists().where(journal.c.trial_id == trial.c.id, journal.c.updated_us >= silent_since_us)
    is_silent = and_(trial.c.heard_us < silent_since_us, ~has_grown)
    return [
        (and_(unfinished, trial.c.ending.is_not(None)), INTERRUPTED),
        (and_(unfinished, is_silent), LOST),
    ]


def state_at(now_s: float) -> ColumnElement[str | None]:
    """Return a trial's state at a time in seconds since the epoch, None when nothing is known of it."""
    return case(*state_cases(now_s), else_=told_state())


class Labelled(msgspec.Struct, frozen=True):
    """What the labels of a trial are made from."""

    id: int
    folder_id: int
    sort_us: int
    name: str
    alternative_name: str | None
    state: str | None
    ended: str | None
    tags: str | None
    note: str | None


_LABELLED = select(*(trial.c[name] for name in ("id", "folder_id", "sort_us", "name", "alternative_name")))
_LABELLED = _LABELLED.add_columns(told_state().label("state"), trial.c.ended, trial.c.tags, trial.c.note)
_HOME = select(trial.c.id, trial.c.folder_id, trial.c.sort_us, trial.c.parameters)
_HOME = _HOME.add_columns(func.coalesce(trial.c.state, trial.c.status).label("state"))
_BY_ID = _HOME.where(trial.c.id == bindparam("trial_id"))
_INSERT_PARAM, _INSERT_METRIC = insert(trial_param), insert(trial_metric)
_KEYS = PreparedForList(
    lambda ids: select(trial_metric.c.trial_id, trial_metric.c.key).where(trial_metric.c.trial_id.in_(ids))
)
_PUT_METRIC = PreparedStatement(
    update(trial_metric)
    .where(trial_metric.c.trial_id == bindparam("of_trial"), trial_metric.c.key == bindparam("of_key"))
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
)
_HOMES = PreparedForList(
    lambda ids: (
        select(trial.c.id, trial.c.folder_id, trial.c.sort_us, func.coalesce(trial.c.state, trial.c.status))
        .where(trial.c.id.in_(ids))
        .order_by(trial.c.id)  # in the same order in every replica, so that deadlocks are rare
        .with_for_update(read=True)
    )
)


def home_of(connection: Connection, trial_id: int) -> Home:
    """Return what the rows of a trial take from it."""
    return Home(**connection.execute(_BY_ID, {"trial_id": trial_id}).one()._mapping)


def homes_held(connection: Connection, trial_ids: Sequence[int]) -> dict[int, Home]:
    """Return the same of several trials, by row id, without their parameters, which may be long.

    They stay where they are until the transaction ends: nobody moves them before the rows written here can follow.
    """
    rows = _HOMES.rows(connection, trial_ids)
    return {row[0]: Home(row[0], row[1], row[2], "", row[3]) for row in rows}


def by_uid(connection: Connection, uid: str) -> Home:
    """Return the same for a trial's UUID."""
    return Home(**connection.execute(_HOME.where(trial.c.uid == uid)).one()._mapping)


def put_params(connection: Connection, home: Home, rows: Sequence[ParamRow]) -> None:
    """Replace all parameters of a trial."""
    mine = (trial_param.c.trial_id == home.id, trial_param.c.key.not_in(LABEL_KEYS))
    connection.execute(delete(trial_param).where(*mine))
    own = {"trial_id": home.id, "folder_id": home.folder_id, "sort_us": home.sort_us}
    if rows:
        connection.execute(_INSERT_PARAM, [{**own, **row._asdict()} for row in rows])


def labelled(connection: Connection, trial_ids: Sequence[int]) -> list[Labelled]:
    """Return what the labels of trials are made from."""
    query = _LABELLED.where(trial.c.id.in_(trial_ids))
    return [Labelled(**row._mapping) for row in connection.execute(query)]


def put_labels(connection: Connection, made: Sequence[tuple[Labelled, Sequence[ParamRow]]]) -> None:
    """Replace all labels of trials."""
    ids = [owner.id for owner, _ in made]
    mine = (trial_param.c.trial_id.in_(ids), trial_param.c.key.in_(LABEL_KEYS))
    connection.execute(delete(trial_param).where(*mine))
    rows = [
        {"trial_id": owner.id, "folder_id": owner.folder_id, "sort_us": owner.sort_us, **row._asdict()}
        for owner, labels in made
        for row in labels
    ]
    if rows:
        connection.execute(_INSERT_PARAM, rows)


def put_metrics(connection: Connection, made: Sequence[tuple[Home, dict[str, dict[str, Any]]]]) -> None:
    """Write some metrics of trials, each a mapping with MEASURED and its position."""
    rows = {(home.id, key): (home, row) for home, of_trial in made for key, row in of_trial.items()}
    stored = {(row[0], row[1]) for row in _KEYS.rows(connection, list({home.id for home, _ in made}))}
    changed, added = [], []
    for (trial_id, key), (home, row) in rows.items():
        if (trial_id, key) in stored:
            changed.append({"of_trial": trial_id, "of_key": key, **{f"new_{name}": row[name] for name in _WRITTEN}})
        else:
            own = {"trial_id": trial_id, "folder_id": home.folder_id, "sort_us": home.sort_us, "key": key}
            added.append({**own, **{name: row[name] for name in _WRITTEN}})
    _PUT_METRIC.run(connection, changed)
    if added:
        connection.execute(_INSERT_METRIC, added)


def remove_metrics(connection: Connection, trial_id: int, keys: Sequence[str]) -> None:
    """Forget metrics of a trial."""
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        connection.execute(
            delete(trial_metric).where(trial_metric.c.trial_id == trial_id, trial_metric.c.key.in_(some))
        )


def metrics_of(
    connection: Connection, trial_ids: Iterable[int], keys: Sequence[str] | None = None, with_diverged: bool = False
) -> dict[int, dict[str, dict[str, Any]]]:
    """Return the metrics of each trial, all or those named (and those that diverged), as mappings of MEASURED."""
    query = select(trial_metric.c.trial_id, trial_metric.c.key, *(trial_metric.c[name] for name in MEASURED))
    query = query.where(trial_metric.c.trial_id.in_(list(trial_ids)))
    if keys is not None:
        named = trial_metric.c.key.in_(keys)
        query = query.where(or_(named, trial_metric.c.nan_since.is_not(None)) if with_diverged else named)
    by_trial: dict[int, dict[str, dict[str, Any]]] = {}
    for row in connection.execute(query.order_by(trial_metric.c.trial_id, trial_metric.c.position, trial_metric.c.key)):
        summary = by_trial.setdefault(row[0], {})[row[1]] = dict(zip(MEASURED, row[2:], strict=True))
        if summary["last"] is None:
            summary["last"] = math.nan
    return by_trial


def metric_counts(connection: Connection, trial_ids: list[int]) -> dict[str, int]:
    """Return how many of some trials have each metric."""
    query = select(trial_metric.c.key, func.count()).where(trial_metric.c.trial_id.in_(trial_ids))
    return {str(row[0]): int(row[1]) for row in connection.execute(query.group_by(trial_metric.c.key))}


def follow(connection: Connection, trial_id: int, values: dict[str, Any]) -> None:
    """Update the rows of a trial whose folder or time changed."""
    followed = {name: values[name] for name in ("folder_id", "sort_us") if name in values}
    if followed:
        for table in (trial_param, trial_metric):
            connection.execute(update(table).where(table.c.trial_id == trial_id).values(**followed))


def folder_ids(connection: Connection, owner_id: int, path: str, limit: int) -> list[int]:
    """Return the row ids of the folder at a path and those below, at most `limit`."""
    query = select(folder.c.id).where(folder.c.owner_id == owner_id, below(path), folder.c.trashed_us.is_(None))
    return list(connection.execute(query.limit(limit)).scalars())


def has_markers(connection: Connection, folders: Sequence[int], keys: Iterable[str]) -> bool:
    """Tell whether a trial in the folders has more parameters than the table, or numbers that no row can store."""
    names = [MORE, *(MORE + key for key in keys)]
    mine = (trial_param.c.folder_id.in_(folders), trial_param.c.key.in_(names))
    return connection.execute(select(trial_param.c.trial_id).where(*mine).limit(1)).first() is not None


class IndexedRow(msgspec.Struct, frozen=True):
    """A trial, and the source of its parameters."""

    id: int
    uid: str
    parameters: str


def indexed(connection: Connection, after_id: int, limit: int) -> list[IndexedRow]:
    """Return the next trials that are not in the trash, by row id."""
    query = select(trial.c.id, trial.c.uid, trial.c.parameters)
    query = query.where(trial.c.id > after_id, trial.c.trashed_us.is_(None))
    return [IndexedRow(**row._mapping) for row in connection.execute(query.order_by(trial.c.id).limit(limit))]


def params_of(connection: Connection, trial_ids: Sequence[int]) -> dict[int, dict[str, ParamRow]]:
    """Return the parameters and labels of trials by key, without those whose folder or time is not the trial's."""
    query = select(trial_param.c.trial_id, *(trial_param.c[name] for name in ParamRow._fields))
    mine = (trial_param.c.folder_id == trial.c.folder_id, trial_param.c.sort_us == trial.c.sort_us)
    query = query.join(trial, trial.c.id == trial_param.c.trial_id).where(trial.c.id.in_(trial_ids), *mine)
    by_trial: dict[int, dict[str, ParamRow]] = {}
    for row in connection.execute(query):
        by_trial.setdefault(row[0], {})[row[1]] = ParamRow(*row[1:])
    return by_trial


def misplaced(connection: Connection, trial_ids: Sequence[int]) -> set[int]:
    """Return the trials with metrics whose folder or time is not the trial's."""
    is_elsewhere = or_(trial_metric.c.folder_id != trial.c.folder_id, trial_metric.c.sort_us != trial.c.sort_us)
    query = select(trial_metric.c.trial_id).join(trial, trial.c.id == trial_metric.c.trial_id)
    return set(connection.execute(query.where(trial.c.id.in_(trial_ids), is_elsewhere).distinct()).scalars())
