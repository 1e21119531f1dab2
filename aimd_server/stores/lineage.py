"""Which artifacts trials used and produced. Trials in the trash, and those in folders there, have no part in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select

from aimd_server.stores.schema import folder, trial, trial_artifact

_AT_ONCE = 500


class LinkRow(msgspec.Struct, frozen=True):
    """A trial that used an artifact, or produced it; both by UUID."""

    trial_uid: str
    artifact_uid: str
    is_output: bool


def put(connection: Connection, trial_id: int, inputs: Iterable[str], outputs: Iterable[str], is_new: bool) -> None:
    """Set the artifacts of a trial."""
    if not is_new:
        connection.execute(delete(trial_artifact).where(trial_artifact.c.trial_id == trial_id))
    rows = [
        {"trial_id": trial_id, "is_output": number, "uid": uid}
        for number, uids in enumerate((inputs, outputs))
        for uid in dict.fromkeys(uids)
    ]
    if rows:
        connection.execute(insert(trial_artifact), rows)


def links_of(connection: Connection, uids: Sequence[str], limit: int) -> list[LinkRow]:
    """Return the links of some trials and artifacts, by UUID."""
    table = trial_artifact
    rows: list[LinkRow] = []
    columns = select(trial.c.uid, table.c.uid.label("artifact"), table.c.is_output)
    joined = columns.join(trial, trial.c.id == table.c.trial_id).join(folder, folder.c.id == trial.c.folder_id)
    living = joined.where(trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
    for start in range(0, len(uids), _AT_ONCE):
        some = list(uids[start : start + _AT_ONCE])
        for condition in (table.c.uid.in_(some), trial.c.uid.in_(some)):
            query = living.where(condition).order_by(table.c.trial_id, table.c.is_output, table.c.uid)
            found_rows = connection.execute(query.limit(limit))
            rows += [LinkRow(row.uid, row.artifact, bool(row.is_output)) for row in found_rows]
    return list(dict.fromkeys(rows))
