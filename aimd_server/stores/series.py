"""The totals of a trial's metrics, one row per metrics type, as JSON text."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from aimd_server.stores.prepared import PreparedForList, PreparedStatement
from aimd_server.stores.schema import series


class SeriesRow(msgspec.Struct, frozen=True):
    """A metrics type of a trial."""

    id: int
    trial_id: int
    type: str
    live: str
    rows: int = 0


_COLUMNS = [series.c[name] for name in SeriesRow.__struct_fields__]
_OF_TYPE = PreparedStatement(
    select(*_COLUMNS).where(series.c.trial_id == bindparam("of_trial"), series.c.type == bindparam("of_type"))
)
_SET_ROWS = PreparedStatement(
    update(series).where(series.c.id == bindparam("row_id")).values(rows=bindparam("new_rows"))
)
_OF_TRIALS = PreparedForList(lambda ids: select(*_COLUMNS).where(series.c.trial_id.in_(ids)).order_by(series.c.id))
_PUT = PreparedStatement(update(series).where(series.c.id == bindparam("row_id")).values(live=bindparam("new_live")))


def of_trials(connection: Connection, trial_ids: Iterable[int]) -> dict[int, list[SeriesRow]]:
    """Return the series of each trial that has any, in order of first appearance."""
    rows_of: dict[int, list[SeriesRow]] = {}
    for row in (SeriesRow(*row) for row in _OF_TRIALS.rows(connection, list(trial_ids))):
        rows_of.setdefault(row.trial_id, []).append(row)
    return rows_of


def of_type(connection: Connection, trial_id: int, type: str) -> SeriesRow | None:
    """Return a trial's series of a type."""
    rows = _OF_TYPE.rows(connection, {"of_trial": trial_id, "of_type": type})
    return SeriesRow(*rows[0]) if rows else None


def add(connection: Connection, trial_id: int, type: str, live: str) -> None:
    """Make the row of a type, with its totals."""
    connection.execute(insert(series).values(trial_id=trial_id, type=type, live=live, rows=0))


def put(connection: Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Write totals into the rows of these ids."""
    _PUT.run(connection, [{"row_id": row_id, "new_live": live} for row_id, live in rows])


def set_rows(connection: Connection, series_id: int, rows: int) -> None:
    """Store how many rows of a series are in chunks."""
    _SET_ROWS.run(connection, [{"row_id": series_id, "new_rows": rows}])
