"""The epoch of a server's data: a random id that changes when a backup is restored.

Anyone who remembers what a server has, such as a watcher that uploads, remembers the epoch too: under another one it
asks again. Replicas share it, and restarts keep it.
"""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, delete, insert, select

from aimd_server.stores.schema import epoch

_ROW = 1


def current(connection: Connection) -> str | None:
    """Return the epoch, or None if no server has started on the data yet."""
    value = connection.execute(select(epoch.c.uid)).scalar()
    return None if value is None else str(value)


def ensure(connection: Connection) -> str:
    """Return the epoch, made if there is none; a replica that is second at that fails, and repeats."""
    value = current(connection)
    return _insert(connection) if value is None else value


def renew(connection: Connection) -> str:
    """Begin another epoch."""
    connection.execute(delete(epoch))
    return _insert(connection)


def _insert(connection: Connection) -> str:
    value = str(uuid.uuid4())
    connection.execute(insert(epoch).values(id=_ROW, uid=value))
    return value
