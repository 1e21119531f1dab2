"""How the server stands: whether it can serve now, and the numbers that its meters and `aimd server status` show."""

from __future__ import annotations

from aimd_server.stores import health
from aimd_server.stores.database import Database
from aimd_server.stores.writer import StoreUnavailableError


def check_ready(database: Database) -> None:
    """Return when the database answers a reader and the writer.

    Raises:
        StoreUnavailableError: It does not.
    """
    if database.read(health.is_answering) is not True or not database.is_writing():
        raise StoreUnavailableError("the database does not answer")


def gauges(database: Database) -> dict[str, float]:
    """Return numbers about what is stored, by metric name."""
    counts = database.read(health.counts)
    sizes = database.sizes_bytes()
    return {
        "aimd_database_bytes": sizes["database"],
        "aimd_wal_bytes": sizes["wal"],
        **{f"aimd_{name}": number for name, number in counts.items()},
    }
