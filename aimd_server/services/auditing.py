"""The audit log, written in the transaction of the action. It never contains a key or a document."""

from __future__ import annotations

import json

import msgspec

from aimd_core.language import said
from aimd_server.services.clock import iso, now_us
from aimd_server.services.request_errors import foreign_cursor, invalid
from aimd_server.stores import audit
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

MAX_PAGE = 500
OPERATOR = "(operator)"  # the person who runs commands on the data directory


def note(connection: Connection, actor: str, action: str, object: str, **detail: object) -> None:
    """Record who did what to what."""
    text = json.dumps({key: value for key, value in detail.items() if value is not None})
    audit.add(connection, at_us=now_us(), actor=actor, action=action, object=object, detail=text)


def listed(database: Database, user: Account, limit: int, cursor: str | None) -> dict[str, object]:
    """Return a page of the audit log, newest first; the route admits only admins.

    Raises:
        RefusalError: `invalid`.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise invalid(said("limit is between 1 and {limit}", limit=MAX_PAGE), field="limit", limit=MAX_PAGE)
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise foreign_cursor()
    rows = database.read(lambda connection: audit.page(connection, int(cursor) if cursor else None, limit + 1))
    shown = [
        {
            "time": iso(row.at_us),
            "actor": row.actor,
            "action": row.action,
            "object": row.object,
            "detail": msgspec.Raw(row.detail.encode()),
        }
        for row in rows[:limit]
    ]
    return {"entries": shown, "next": str(rows[limit - 1].id) if len(rows) > limit else None}
