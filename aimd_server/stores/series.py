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
    indexed_us: int | None = None
    stale_us: int | None = None
    rows: int = 0


_COLUMNS = [series.c[name] for name in SeriesRow.__struct_fields__]
_OF_TYPE = select(series).where(series.c.trial_id == bindparam("of_trial"), series.c.type == bindparam("of_type"))
_OF_TRIALS = PreparedForList(lambda ids: select(*_COLUMNS).where(series.c.trial_id.in_(ids)).order_by(series.c.id))
_PUT = PreparedStatement(
    update(series)
    .where(series.c.id == bindparam("row_id"))
    .values(live=bindparam("new_live"), indexed_us=bindparam("new_indexed_us"), stale_us=bindparam("new_stale_us"))
)


def of_trials(connection: Connection, trial_ids: Iterable[int]) -> dict[int, list[SeriesRow]]:
    """Return the series of each trial that has any, in order of first appearance."""
    found: dict[int, list[SeriesRow]] = {}
    for row in (SeriesRow(*row) for row in _OF_TRIALS.rows(connection, list(trial_ids))):
        found.setdefault(row.trial_id, []).append(row)
    return found


def of_type(connection: Connection, trial_id: int, type: str) -> SeriesRow | None:
    """Return a trial's series of a type."""
    row = connection.execute(_OF_TYPE, {"of_trial": trial_id, "of_type": type}).first()
    return SeriesRow(**row._mapping) if row else None


def add(connection: Connection, trial_id: int, type: str, live: str, marks: dict[str, int | None]) -> None:
    """Make the row of a type, with its totals, and with how far the tables for lists follow them."""
    connection.execute(insert(series).values(trial_id=trial_id, type=type, live=live, rows=0, **marks))


def put(connection: Connection, rows: Iterable[tuple[int, str, dict[str, int | None]]]) -> None:
    """Write totals into the rows of these ids, and how far the tables for lists follow each."""
    _PUT.run(
        connection,
        [
            {
                "row_id": row_id,
                "new_live": live,
                "new_indexed_us": marks["indexed_us"],
                "new_stale_us": marks["stale_us"],
            }
            for row_id, live, marks in rows
        ],
    )


def set_rows(connection: Connection, series_id: int, rows: int) -> None:
    """Store how many rows of a series are in chunks."""
    connection.execute(update(series).where(series.c.id == series_id).values(rows=rows))
