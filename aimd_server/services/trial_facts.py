"""What the query language sees of a trial on the server: exactly what a list shows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aimd_core.format.model import flatten
from aimd_core.format.values import mapping_of
from aimd_core.query import Field
from aimd_core.reading.facts import Facts, State, WholeFacts, derive_state, is_live
from aimd_server.services.clock import parse_us
from aimd_server.services.series import effective
from aimd_server.stores import indexes, journals, trials
from aimd_server.stores.database import Connection
from aimd_server.stores.trials import TrialRow
from aimd_server.stores.work import check


class Needs:
    """The parts of a trial that some fields need, so that nothing else is read and decoded."""

    __slots__ = ("diverged", "document", "metrics", "params", "segments")

    def __init__(self, fields: Iterable[Field]) -> None:
        fields = list(fields)
        kinds = {field.kind for field in fields}
        self.params = "params" in kinds
        self.metrics = sorted({field.name for field in fields if field.kind == "metric"})
        self.document = bool(kinds & {"git", "platform"})
        self.diverged = Field("trial", "nan_since") in fields
        self.segments = Field("trial", "parent") in fields


def facts_of(connection: Connection, rows: list[TrialRow], needs: Needs, now_s: float) -> list[Facts]:
    """Return the facts of trials at a time in seconds since the epoch, in order."""
    ids = [row.id for row in rows]
    has_metrics = needs.metrics or needs.diverged
    measured = indexes.metrics_of(connection, ids, needs.metrics, needs.diverged) if has_metrics else {}
    documents = trials.documents(connection, ids) if needs.document else {}
    files = journals.of_trials(connection, ids) if needs.segments else {}
    made: list[Facts] = []
    for row in rows:
        check()
        document = json.loads(documents[row.id]) if row.id in documents else {}
        params = flatten(mapping_of(json.loads(row.parameters))) if needs.params else {}
        facts = _facts(row, params, measured.get(row.id, {}), document, now_s)
        facts.segments = effective.told(connection, files.get(row.id, []))
        made.append(facts)
    return made


def state_of(told: str, ending: dict[str, object] | None, heard_us: int, now_s: float) -> State:
    """Return the state of a trial at a time: the process cannot be seen from here, so silence makes it Lost.

    Args:
        told: What its uploader said.
        ending: What is known about the end of its process.
        heard_us: When it last wrote, or anything was last received from there.
        now_s: The time, in seconds since the epoch.
    """
    return derive_state(told, ending, None, heard_us / 1e6, now_s)


def ending_in(row: TrialRow) -> dict[str, object] | None:
    """Return what is known about the end of a trial's process."""
    return mapping_of(json.loads(row.ending)) if row.ending else None


def written_us_of(row: TrialRow) -> int:
    """Return when a trial last wrote, as its uploader told, or when anything was last received of it."""
    told_us = parse_us(row.last_write)
    return row.heard_us if told_us is None else told_us


def last_write_s_of(row: TrialRow) -> float | None:
    """Return the last sign of life of a trial that did not end regularly, or None."""
    is_known = row.last_write is not None or is_live(row.state or row.status or "")
    return written_us_of(row) / 1e6 if is_known else None


def _facts(
    row: TrialRow, params: dict[str, object], metrics: dict[str, Any], document: dict[str, Any], now_s: float
) -> WholeFacts:
    told, ending = row.state or row.status or "", ending_in(row)
    return WholeFacts(
        name=row.name,
        alternative_name=row.alternative_name or "",
        id=row.uid,
        status=told,
        state=state_of(told, ending, written_us_of(row), now_s),
        ending=ending,
        last_write_s=last_write_s_of(row),
        folder=row.folder_path,
        started=row.started,
        ended=row.ended,
        tags=tuple(json.loads(row.tags)) if row.tags else (),
        note=row.note or "",
        params=params,
        metrics=metrics,
        git=mapping_of(document.get("_git")),
        platform=flatten(mapping_of(document.get("platform"))),
    )
