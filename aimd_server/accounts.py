"""Users and API keys of a data directory, also while a server runs on it.

A key is returned once and kept as a hash only.
"""

from __future__ import annotations

from pathlib import Path

from aimd_server.services import identity
from aimd_server.stores.database import FILE, Database


def add_user(data_dir: Path, name: str) -> None:
    """Make a user; makes the data directory too when it is missing.

    Raises:
        UsageError: The name cannot be used, or is taken.
        DiskError, DamagedError, NewerDatabaseError: The data cannot be used.
    """
    with Database(data_dir) as database:
        identity.add_user(database, name)


def create_key(data_dir: Path, user: str) -> str:
    """Make an API key for a user and return it.

    Raises:
        NotFoundError: There is no such user.
        DiskError, DamagedError, NewerDatabaseError: The data cannot be used.
    """
    if not (data_dir / FILE).exists():
        raise identity.no_user(user)
    with Database(data_dir) as database:
        return identity.create_key(database, user)
