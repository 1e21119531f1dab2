"""The audit log: who did what to what, when. Rows are added, and read newest first."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, insert, select

from aimd_server.stores.schema import audit


class AuditRow(msgspec.Struct, frozen=True):
    """An action of somebody; `detail` is JSON text."""

    id: int
    at_us: int
    actor: str
    action: str
    object: str
    detail: str


def add(connection: Connection, **values: object) -> None:
    """Record an action."""
    connection.execute(insert(audit).values(**values))


def page(connection: Connection, before_id: int | None, limit: int) -> list[AuditRow]:
    """Return the actions before a row, newest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(audit.c.id < before_id)
    return [AuditRow(**row._mapping) for row in connection.execute(query)]
