"""What the query language sees of a trial on the server: exactly what a list shows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aimd_core.format.model import flatten
from aimd_core.query import Field
from aimd_core.reading.facts import Facts
from aimd_server.stores import indexes, trials
from aimd_server.stores.database import Connection
from aimd_server.stores.trials import TrialRow


class Needs:
    """The parts of a trial that some fields need, so that nothing else is read and decoded."""

    __slots__ = ("document", "metrics", "params")

    def __init__(self, fields: Iterable[Field]) -> None:
        fields = list(fields)
        kinds = {field.kind for field in fields}
        self.params = "params" in kinds
        self.metrics = sorted({field.name for field in fields if field.kind == "metric"})
        self.document = bool(kinds & {"git", "platform"})


def facts_of(connection: Connection, rows: list[TrialRow], needs: Needs) -> list[Facts]:
    """Return the facts of trials, in order."""
    ids = [row.id for row in rows]
    measured = indexes.metrics_of(connection, ids, needs.metrics) if needs.metrics else {}
    documents = trials.documents(connection, ids) if needs.document else {}
    made = []
    for row in rows:
        document = json.loads(documents[row.id]) if row.id in documents else {}
        params = flatten(_mapping(json.loads(row.parameters))) if needs.params else {}
        made.append(_facts(row, params, measured.get(row.id, {}), document))
    return made


def _facts(row: TrialRow, params: dict[str, object], metrics: dict[str, Any], document: dict[str, Any]) -> Facts:
    return Facts(
        name=row.name,
        alternative_name=row.alternative_name or "",
        id=row.uid,
        state=row.state or row.status or "",
        folder=row.folder_path,
        started=row.started,
        ended=row.ended,
        tags=tuple(json.loads(row.tags)) if row.tags else (),
        note=row.note or "",
        params=params,
        metrics=metrics,
        git=_mapping(document.get("_git")),
        platform=flatten(_mapping(document.get("platform"))),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
