"""A user's own keys over HTTP: list, create, revoke."""

from __future__ import annotations

from aimd_core.language import said
from aimd_server.services import identity, names
from aimd_server.services.clock import iso, now_us
from aimd_server.services.identity import KeyWish
from aimd_server.services.request_errors import RefusalError, forbidden, invalid
from aimd_server.stores import accounts
from aimd_server.stores.accounts import Account, KeyRow
from aimd_server.stores.database import Database

MAX_EXPIRES_DAYS = 36_500
MAX_KEYS = 100  # valid keys per user


def document(row: KeyRow) -> dict[str, object]:
    """Return what its owner sees of a key, which is not the key itself."""
    expired = row.expires_us is not None and row.expires_us <= now_us()
    return {
        "id": row.id,
        "user": row.account,
        "name": row.name,
        "scope": row.scope,
        "created": iso(row.created_us),
        "expires": iso(row.expires_us) if row.expires_us else None,
        "state": "revoked" if row.revoked_us else "expired" if expired else "valid",
    }


def listed(database: Database, user: Account) -> dict[str, object]:
    """Return the caller's keys."""
    rows = database.read(lambda connection: accounts.keys_of(connection, user.id))
    return {"keys": [document(row) for row in rows]}


def create(database: Database, user: Account, wish: KeyWish) -> dict[str, object]:
    """Create a key for the caller and return it, only now.

    Raises:
        RefusalError: `invalid`, `forbidden` for the holder of a public link.
    """
    if user.link_id is not None:
        raise forbidden("a public link makes no keys")
    if wish.name is not None:
        names.checked(wish.name, "name")
    if wish.expires_days is not None and not 0 < wish.expires_days <= MAX_EXPIRES_DAYS:
        limit = MAX_EXPIRES_DAYS
        words = said("expires_days is above 0 and at most {limit}", limit=limit)
        raise invalid(words, field="expires_days", limit=limit)
    if database.read(lambda connection: accounts.count_valid_keys(connection, user.id, now_us())) >= MAX_KEYS:
        words = said("a user has {limit} valid keys at most: revoke one first", limit=MAX_KEYS)
        raise invalid(words, limit=MAX_KEYS)
    key = identity.create_key(database, user.name, wish, actor=user.name)
    return {**document(database.read(lambda connection: accounts.keys_of(connection, user.id))[-1]), "key": key}


def revoke(database: Database, user: Account, number: str) -> None:
    """Revoke one of the caller's keys.

    Raises:
        RefusalError: `not_found`, if the caller has no such key.
    """
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    if not is_number or not identity.revoke_key(database, int(number), user.id, actor=user.name):
        raise RefusalError("not_found", said("no key {number}", number=number))
