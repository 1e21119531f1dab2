"""Keeps the tables that lists read beside what they are made from.

Parameters are there with the commit that writes them. Metrics follow the live summaries: of a trial that has ended
at once, of a running one at most every `FRESH_S` a series. A list shows, filters and sorts by one and the same state.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Sequence
from typing import Any

from aimd_core.format.model import UNFINISHED, flatten
from aimd_core.query import Field, rank_of, value_of
from aimd_core.query.evaluate import NUMBER_RANK, text_of
from aimd_core.reading.facts import Facts
from aimd_server.services.clock import now_us
from aimd_server.services.series import totals
from aimd_server.services.series.totals import Live
from aimd_server.stores import indexes
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
MAX_PARAMS = 1_000  # of one trial; lists of trials with more are made from the documents, slowly
_AT_ONCE = 200
FEW = 20  # series that are brought up to date whatever their age
_TYPES = {bool: "b", int: "n", float: "n", str: "s"}


def param_rows(parameters: str) -> list[ParamRow]:
    """Return the rows of a trial's parameters, which are JSON text; of null none."""
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
    held = _as_double(number)
    row = ParamRow(key, kind, held, text.replace("\0", " "), _TYPES.get(type(value), "j"), mark_of(text_of(value)))
    if (kind == NUMBER_RANK and held != number) or "\0" in text:
        return [row, ParamRow(MORE + key, 0, 0.0, "", "j", 0)]
    return [row]


def _as_double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


def metric_rows(metrics_type: str, live: Live) -> dict[str, dict[str, Any]]:
    """Return the rows of a type's metrics, but for names that are longer than any real one; lists do not show those."""
    found: dict[str, dict[str, Any]] = {}
    for name, summary in live.items():
        key = f"{metrics_type}.{name}"
        if len(key) > MAX_KEY_CHARS or "\0" in key:
            continue
        row = summary.as_dict()
        found[key] = {**row, "last": None if summary.last != summary.last else summary.last}
    return found


def index_params(connection: Connection, home: Home) -> None:
    """Write the parameters of a trial."""
    rows = param_rows(home.parameters)
    indexes.put_params(connection, home, rows)


def label_rows(labelled: Labelled) -> list[ParamRow]:
    """Return the rows of what a trial has beside parameters and metrics, for those fields that lists order by."""
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


def _refresh(connection: Connection, home: Home, row: StaleRow) -> None:
    _put(connection, home, row.type, totals.from_text(row.live))
    indexes.mark_fresh(connection, row.id, now_us())


def _put(connection: Connection, home: Home, metrics_type: str, live: Live) -> None:
    indexes.put_metrics(connection, home, metric_rows(metrics_type, live))


def take_points(
    connection: Connection, trial_id: int, metrics_type: str, before: SeriesRow | None, live: Live
) -> dict[str, int | None]:
    """Follow a live summary that has grown, now or later, and return what the series' row says of that."""
    at_us = now_us()
    if before is not None:
        is_running = before.stale_us is not None or indexes.home_of(connection, trial_id).state in UNFINISHED
        marks = marks_of(before, at_us, is_running)
        if marks is not None:
            return marks
    _put(connection, indexes.home_of(connection, trial_id), metrics_type, live)
    return {"indexed_us": at_us, "stale_us": None}


def marks_of(before: SeriesRow, at_us: int, is_running: bool) -> dict[str, int | None] | None:
    """Return what the row of a series that grows now says of the tables for lists when they need not follow yet."""
    is_fresh = before.indexed_us is not None and at_us - before.indexed_us < FRESH_S * 1e6
    if is_fresh and (before.stale_us is not None or is_running):
        return {"indexed_us": before.indexed_us, "stale_us": before.stale_us or at_us}
    return None


def settle(connection: Connection, trial_id: int) -> None:
    """Bring a trial that has ended up to date."""
    rows = indexes.stale_of(connection, trial_id)
    if rows:
        home = indexes.home_of(connection, trial_id)
        for row in rows:
            _refresh(connection, home, row)


def refresh_due(database: Database, few: int = FEW, fresh_s: float = FRESH_S) -> None:
    """Bring up to date what has been behind for longer than it may be; all of it where that is little.

    A database that takes no writes now is read as it is: what a list shows still agrees.
    """
    at_us = now_us()
    behind = database.read(lambda connection: indexes.stale(connection, at_us, few + 1))
    before_us = at_us if len(behind) <= few else at_us - round(fresh_s * 1e6)
    if not any((row.stale_us or 0) <= before_us for row in behind):
        return

    def operation(connection: Connection) -> None:
        for row in indexes.stale(connection, before_us, _AT_ONCE):
            _refresh(connection, indexes.home_of(connection, row.trial_id), row)

    try:
        database.write(operation)
    except StoreUnavailableError as error:
        log.warning("could not bring lists up to date: %s", error)


def faults(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield the UUID of each trial that lists would show or order otherwise than it is, and what is wrong."""
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
    """Return a metric's row so that it compares: what is no number as none, and -0.0 as SQLite gives it back."""
    values = {} if row is None else {name: row[name] for name in MEASURED}
    return repr([None if value is None or value != value else value + 0.0 for value in values.values()])
