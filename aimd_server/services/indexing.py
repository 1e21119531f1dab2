"""Keeps the tables that lists read up to date with their sources.

Each row is written in the commit that stores its source: parameters and labels, and for metrics the totals. A list
shows, filters and sorts by the same values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aimd_core.format.model import flatten
from aimd_core.format.values import float_of, storable
from aimd_core.query import Field, rank_of, value_of
from aimd_core.query.evaluate import NUMBER_RANK, text_of
from aimd_core.reading.facts import WholeFacts
from aimd_server.services.series import totals
from aimd_server.services.series.totals import Live
from aimd_server.stores import indexes, series
from aimd_server.stores.database import Connection
from aimd_server.stores.indexes import (
    LABEL,
    LABELS,
    MAX_KEY_CHARS,
    MEASURED,
    MORE,
    Home,
    Labelled,
    ParamRow,
    mark_of,
)
from aimd_server.stores.series import SeriesRow

MAX_PARAMS = 1_000  # per trial; lists of trials with more use the documents, slowly
_AT_ONCE = 200
_TYPES = {bool: "b", int: "n", float: "n", str: "s"}


def param_rows(parameters: str) -> list[ParamRow]:
    """Return the rows of a trial's parameters, which are JSON text; null has none."""
    document = json.loads(parameters)
    if "\\u" in parameters:  # perhaps a lone surrogate, which a document may hold and a table may not
        document = storable(document)
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


def metric_rows(metrics_type: str, live: Live, rank: int = 0) -> dict[str, dict[str, Any]]:
    """Return the rows of a type's metrics, except absurdly long names, which lists do not show.

    Args:
        metrics_type: The type.
        live: Its totals, in the order of first appearance.
        rank: How many types appeared before it.
    """
    rows: dict[str, dict[str, Any]] = {}
    for number, (name, summary) in enumerate(live.items()):
        key = f"{metrics_type}.{name}"
        if len(key) > MAX_KEY_CHARS or "\0" in key:
            continue
        row = summary.as_dict()
        last = None if summary.last != summary.last else summary.last
        rows[key] = {**row, "last": last, "position": rank * totals.MAX_METRICS + number}
    return rows


def index_params(connection: Connection, home: Home) -> None:
    """Write the parameters of a trial."""
    rows = param_rows(home.parameters)
    indexes.put_params(connection, home, rows)


def label_rows(labelled: Labelled) -> list[ParamRow]:
    """Return the rows of a trial's other fields that lists sort by."""
    tags = tuple(json.loads(labelled.tags)) if labelled.tags else ()
    facts = WholeFacts(
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
    """Totals that have grown: of which trial and type, the type's rank, their row as it was, and the totals."""

    trial_id: int
    type: str
    rank: int
    row: SeriesRow | None
    live: Live


def put_totals(connection: Connection, grown: Sequence[Grown], homes: Mapping[int, Home]) -> None:
    """Store totals that have grown, and the rows of the tables for lists that are made from them."""
    for trial_id, metrics_type, _, row, live in grown:
        if row is None:
            series.add(connection, trial_id, metrics_type, totals.text_of(live))
    series.put(connection, [(row.id, totals.text_of(live)) for _, _, _, row, live in grown if row is not None])
    indexes.put_metrics(
        connection,
        [(homes[trial_id], metric_rows(metrics_type, live, rank)) for trial_id, metrics_type, rank, _, live in grown],
    )


def faults(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield the UUID of each trial that lists would show or sort wrongly, and what is wrong."""
    last = 0
    while trials := indexes.indexed(connection, last, _AT_ONCE):
        ids = [listed.id for listed in trials]
        params, metrics = indexes.params_of(connection, ids), indexes.metrics_of(connection, ids)
        labels = {listed.id: label_rows(listed) for listed in indexes.labelled(connection, ids)}
        stored, misplaced = series.of_trials(connection, ids), indexes.misplaced(connection, ids)
        for listed in trials:
            if listed.id in misplaced:
                yield listed.uid, "the rows of its metrics are in another folder, or have another time"
            due = {row.key: row for row in (*param_rows(listed.parameters), *labels[listed.id])}
            if params.get(listed.id, {}) != due:
                yield listed.uid, "the rows of its parameters or labels are not what they are made from"
            for row in stored.get(listed.id, []):
                rows = metric_rows(row.type, totals.from_text(row.live))
                if any(_shown(metrics.get(listed.id, {}).get(key)) != _shown(due_row) for key, due_row in rows.items()):
                    yield listed.uid, f"the rows of its {row.type} metrics are not what they are made from"
        last = ids[-1]


def _shown(row: dict[str, Any] | None) -> str:
    """Return a metric's row for comparison, with None for anything that is not a number."""
    values = {} if row is None else {name: row[name] for name in MEASURED}
    return repr([None if value is None or value != value else float(value) for value in values.values()])
