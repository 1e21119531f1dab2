"""Keeps the tables that lists read up to date with their sources.

Parameters are written in the commit that stores them. Metrics follow the totals: at once for an ended trial, at most
every `FRESH_S` per series for a running one. A list shows, filters and sorts by the same values.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aimd_core.format.model import flatten
from aimd_core.format.values import float_of
from aimd_core.query import Field, rank_of, value_of
from aimd_core.query.evaluate import NUMBER_RANK, text_of
from aimd_core.reading.facts import Facts, is_live
from aimd_server.services.clock import now_us
from aimd_server.services.series import totals
from aimd_server.services.series.totals import Live
from aimd_server.stores import indexes, series
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.indexes import (
    LABEL,
    LABELS,
    MAX_KEY_CHARS,
    MEASURED,
    MORE,
    Home,
    Labelled,
    ParamRow,
    StaleRow,
    mark_of,
)
from aimd_server.stores.series import SeriesRow
from aimd_server.stores.writer import StoreUnavailableError

log = logging.getLogger("aimd_server")
FRESH_S = 10.0
MAX_PARAMS = 1_000  # per trial; lists of trials with more use the documents, slowly
_AT_ONCE = 200
FEW = 20  # series that are updated whatever their age
_TYPES = {bool: "b", int: "n", float: "n", str: "s"}


def param_rows(parameters: str) -> list[ParamRow]:
    """Return the rows of a trial's parameters, which are JSON text; null has none."""
    document = json.loads(parameters)
    flat = flatten(document) if isinstance(document, dict) else {}
    rows: list[ParamRow] = []
    for key, value in flat.items():
        if value is None:
            continue
        is_known = len(key) <= MAX_KEY_CHARS and not key.startswith((MORE, LABEL)) and "\0" not in key
        if len(rows) >= MAX_PARAMS or not is_known:
            return [*rows[:MAX_PARAMS], ParamRow(MORE, 0, 0.0, "", "j", 0)]
        rows += _rows_of(key, value)
    return rows


def _rows_of(key: str, value: object) -> list[ParamRow]:
    kind, number, text = rank_of(value)
    held = float_of(number)
    row = ParamRow(key, kind, held, text.replace("\0", " "), _TYPES.get(type(value), "j"), mark_of(text_of(value)))
    if (kind == NUMBER_RANK and held != number) or "\0" in text:
        return [row, ParamRow(MORE + key, 0, 0.0, "", "j", 0)]
    return [row]


def metric_rows(metrics_type: str, live: Live) -> dict[str, dict[str, Any]]:
    """Return the rows of a type's metrics, except absurdly long names, which lists do not show."""
    rows: dict[str, dict[str, Any]] = {}
    for name, summary in live.items():
        key = f"{metrics_type}.{name}"
        if len(key) > MAX_KEY_CHARS or "\0" in key:
            continue
        row = summary.as_dict()
        rows[key] = {**row, "last": None if summary.last != summary.last else summary.last}
    return rows


def index_params(connection: Connection, home: Home) -> None:
    """Write the parameters of a trial."""
    rows = param_rows(home.parameters)
    indexes.put_params(connection, home, rows)


def label_rows(labelled: Labelled) -> list[ParamRow]:
    """Return the rows of a trial's other fields that lists sort by."""
    tags = tuple(json.loads(labelled.tags)) if labelled.tags else ()
    facts = Facts(
        name=labelled.name,
        alternative_name=labelled.alternative_name or "",
        state=labelled.state or "",
        ended=labelled.ended,
        tags=tags,
        note=labelled.note or "",
    )
    rows: list[ParamRow] = []
    for name in LABELS:
        value = value_of(Field("trial", name), facts, 0.0)
        if value is not None:
            rows += _rows_of(LABEL + name, value)
    return rows


def index_labels(connection: Connection, trial_ids: Sequence[int]) -> None:
    """Write the labels of trials."""
    indexes.put_labels(connection, [(row, label_rows(row)) for row in indexes.labelled(connection, trial_ids)])


class Grown(NamedTuple):
    """Totals that have grown: of which trial and type, their row as it was, and the totals."""

    trial_id: int
    type: str
    row: SeriesRow | None
    live: Live


def put_totals(connection: Connection, grown: Sequence[Grown]) -> None:
    """Store totals that have grown, and bring the tables for lists up to them, now or later."""
    changed = []
    for (trial_id, metrics_type, row, live), marks in zip(grown, _follow(connection, grown), strict=True):
        if row is None:
            series.add(connection, trial_id, metrics_type, totals.text_of(live), marks)
        else:
            changed.append((row.id, totals.text_of(live), marks))
    series.put(connection, changed)


def _follow(connection: Connection, grown: Sequence[Grown]) -> list[dict[str, int | None]]:
    """Bring the tables for lists up to totals that have grown, now or later; return what the row of each says then."""
    at_us = now_us()
    unsure = {
        trial_id for trial_id, _, row, _ in grown if row is None or row.stale_us is None or not _is_fresh(row, at_us)
    }
    homes = indexes.homes_of(connection, sorted(unsure))
    marks: list[dict[str, int | None]] = []
    due: list[tuple[Home, dict[str, dict[str, Any]]]] = []
    for trial_id, metrics_type, row, live in grown:
        if row is not None and _is_fresh(row, at_us) and (row.stale_us or is_live(homes[trial_id].state or "")):
            marks.append({"indexed_us": row.indexed_us, "stale_us": row.stale_us or at_us})
        else:
            due.append((homes[trial_id], metric_rows(metrics_type, live)))
            marks.append({"indexed_us": at_us, "stale_us": None})
    if due:
        indexes.put_metrics(connection, due)
    return marks


def _is_fresh(row: SeriesRow, at_us: int) -> bool:
    return row.indexed_us is not None and at_us - row.indexed_us < FRESH_S * 1e6


def _refresh(connection: Connection, rows: Sequence[StaleRow]) -> None:
    """Bring the tables for lists up to what some series are now."""
    homes = indexes.homes_of(connection, sorted({row.trial_id for row in rows}))
    made = [(homes[row.trial_id], metric_rows(row.type, totals.from_text(row.live))) for row in rows]
    indexes.put_metrics(connection, made)
    for row in rows:
        indexes.mark_fresh(connection, row.id, now_us())


def settle(connection: Connection, trial_id: int) -> None:
    """Update the tables for an ended trial."""
    rows = indexes.stale_of(connection, trial_id)
    if rows:
        _refresh(connection, rows)


def refresh_due(database: Database, few: int = FEW, fresh_s: float = FRESH_S) -> None:
    """Update what has been behind for too long, or everything if that is little.

    A database that accepts no writes now is read as it is; lists are still consistent.
    """
    at_us = now_us()
    behind = database.read(lambda connection: indexes.stale(connection, at_us, few + 1))
    before_us = at_us if len(behind) <= few else at_us - round(fresh_s * 1e6)
    if not any((row.stale_us or 0) <= before_us for row in behind):
        return

    def operation(connection: Connection) -> None:
        _refresh(connection, indexes.stale(connection, before_us, _AT_ONCE))

    try:
        database.write(operation)
    except StoreUnavailableError as error:
        log.warning("could not bring lists up to date: %s", error)


def faults(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield the UUID of each trial that lists would show or sort wrongly, and what is wrong."""
    last = 0
    while trials := indexes.indexed(connection, last, _AT_ONCE):
        ids = [one.id for one in trials]
        params, metrics = indexes.params_of(connection, ids), indexes.metrics_of(connection, ids)
        labels = {one.id: label_rows(one) for one in indexes.labelled(connection, ids)}
        fresh = indexes.fresh_series(connection, ids)
        for one in trials:
            due = {row.key: row for row in (*param_rows(one.parameters), *labels[one.id])}
            if params.get(one.id, {}) != due:
                yield one.uid, "the rows of its parameters or labels are not what they are made from"
            for row in fresh.get(one.id, []):
                rows = metric_rows(row.type, totals.from_text(row.live))
                if any(_shown(metrics.get(one.id, {}).get(key)) != _shown(due_row) for key, due_row in rows.items()):
                    yield one.uid, f"the rows of its {row.type} metrics are not what they are made from"
        last = ids[-1]


def _shown(row: dict[str, Any] | None) -> str:
    """Return a metric's row for comparison, with None for anything that is not a number."""
    values = {} if row is None else {name: row[name] for name in MEASURED}
    return repr([None if value is None or value != value else float(value) for value in values.values()])
