"""Users, API keys and groups of a data directory, even while a server runs on it. Changes take effect at once.

A key is returned once and stored only as a hash. `settings` say where the database is; by default those of the
environment and of the data directory. Every function raises DiskError, DamagedError or NewerDatabaseError if
the data cannot be used, and NotFoundError for an unknown user or group.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from aimd_core.errors import NotFoundError
from aimd_core.language import said
from aimd_server.opening import opened
from aimd_server.services import identity
from aimd_server.services import quotas as quota_service
from aimd_server.services.clock import iso
from aimd_server.services.identity import KeyWish
from aimd_server.services.keys import document
from aimd_server.settings import Settings, command, location_for
from aimd_server.stores.database import Database, is_there


@contextmanager
def _existing(data_dir: Path, settings: Settings | None) -> Iterator[Database]:
    if not is_there(location_for(data_dir, settings)):
        raise NotFoundError(
            message=said("there is no server data in {directory}", directory=data_dir),
            hint=said("Run: {command}", command=command("user add NAME", data_dir, settings)),
        )
    with opened(data_dir, settings) as database:
        yield database


def add_user(data_dir: Path, name: str, admin: bool = False, settings: Settings | None = None) -> None:
    """Create a user, and the data directory if it is missing.

    Raises:
        UsageError: The name cannot be used, or is taken.
    """
    with opened(data_dir, settings) as database:
        identity.add_user(database, name, admin)


def users(data_dir: Path, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return all users."""
    with _existing(data_dir, settings) as database:
        return [
            {
                "name": row.name,
                "state": "disabled" if row.disabled_us else "enabled",
                "admin": row.admin_us is not None,
                "keys": row.keys,
                "trials": row.trials,
                "created": iso(row.created_us),
            }
            for row in identity.list_users(database)
        ]


def set_user(data_dir: Path, name: str, action: str, settings: Settings | None = None) -> None:
    """Disable, enable, promote, demote or `rm` a user."""
    with _existing(data_dir, settings) as database:
        identity.set_user(database, name, action)


def create_key(
    data_dir: Path,
    user: str,
    name: str | None = None,
    scope: Literal["read", "write", "upload"] = "write",
    expires_days: float | None = None,
    settings: Settings | None = None,
) -> str:
    """Create an API key for a user and return it."""
    with _existing(data_dir, settings) as database:
        return identity.create_key(database, user, KeyWish(name, scope, expires_days))


def keys(data_dir: Path, user: str | None = None, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return the keys of a user, or of all; never the keys themselves."""
    with _existing(data_dir, settings) as database:
        return [document(row) for row in identity.list_keys(database, user)]


def revoke_key(data_dir: Path, number: int, settings: Settings | None = None) -> bool:
    """Revoke a key; tell whether there was one."""
    with _existing(data_dir, settings) as database:
        return identity.revoke_key(database, number)


def groups(data_dir: Path, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return all groups with their members."""
    with _existing(data_dir, settings) as database:
        return [{"name": name, "members": members} for name, members in identity.list_groups(database).items()]


def set_group(
    data_dir: Path, name: str, action: str, member: str | None = None, settings: Settings | None = None
) -> None:
    """Add or `rm` a group, or let a user `join` or `leave` it.

    Raises:
        UsageError: The name cannot be used, or is taken.
    """
    with _existing(data_dir, settings) as database:
        identity.set_group(database, name, action, member)


def set_quota(data_dir: Path, user: str, path: str, size_bytes: int | None, settings: Settings | None = None) -> None:
    """Set how much a user (`/`), or a folder of theirs, may hold; None removes the quota."""
    with _existing(data_dir, settings) as database:
        quota_service.put(database, user, path, size_bytes)


def quotas(data_dir: Path, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return all quotas, and how many bytes are used of each."""
    with _existing(data_dir, settings) as database:
        return [
            {"user": row.owner, "folder": row.path, "used": used, "limit": row.size}
            for row, used in quota_service.listed(database)
        ]
