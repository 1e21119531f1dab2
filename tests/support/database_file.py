"""Opens a server's SQLite file past the server, to look into it or to change it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from aimd_server.stores import row_sums


def connected(path: str | Path, **options: Any) -> sqlite3.Connection:
    """Return a connection that can also write, and check the sums of rows; options are those of `sqlite3.connect`."""
    connection = sqlite3.connect(path, **options)
    row_sums.teach(connection)
    return connection
