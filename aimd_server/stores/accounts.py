"""Accounts and their API keys. A key is known here by its hash only."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from aimd_server.stores.schema import account, api_key


class Account(msgspec.Struct, frozen=True):
    """A user of the server."""

    id: int
    name: str


_BY_KEY_HASH = select(account.c.id, account.c.name).join(api_key).where(api_key.c.hash == bindparam("key_hash"))


def by_key_hash(connection: Connection, key_hash: str) -> Account | None:
    """Return the account that a key belongs to."""
    row = connection.execute(_BY_KEY_HASH, {"key_hash": key_hash}).first()
    return Account(row.id, row.name) if row else None


def by_name(connection: Connection, name: str) -> Account | None:
    """Return the account of that name."""
    row = connection.execute(select(account.c.id, account.c.name).where(account.c.name == name)).first()
    return Account(row.id, row.name) if row else None


def is_any(connection: Connection) -> bool:
    """Tell whether there is an account at all."""
    return connection.execute(select(account.c.id).limit(1)).first() is not None


def add(connection: Connection, name: str, now_us: int) -> int:
    """Make an account and return its id."""
    query = insert(account).values(name=name, created_us=now_us).returning(account.c.id)
    return int(connection.execute(query).scalar_one())


def add_key(connection: Connection, account_id: int, key_hash: str, now_us: int) -> None:
    """Let a key act for an account."""
    connection.execute(insert(api_key).values(account_id=account_id, hash=key_hash, created_us=now_us))
