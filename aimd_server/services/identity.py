"""Who a key belongs to, and how users and keys come to be.

A key is a UUID with 122 random bits, kept as its SHA-256 only: a stolen database signs nobody in. It is looked up
by that hash, so the time an answer takes says nothing about keys that are near.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from aimd_core.errors import NotFoundError, UsageError
from aimd_server.services.clock import now_us
from aimd_server.stores import accounts, folders
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

_USER_NAME = re.compile(r"\w[\w.@+-]{0,63}")


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def account_of(database: Database, key: str) -> Account | None:
    """Return the user whom a key belongs to, None when it is no key of this server."""
    key_hash = hash_of(key)
    return database.read(lambda connection: accounts.by_key_hash(connection, key_hash))


def add_user(database: Database, name: str) -> None:
    """Make a user, with the root of a folder tree.

    Raises:
        UsageError: The name cannot be used, or is taken.
    """
    if not _USER_NAME.fullmatch(name):
        raise UsageError(
            message=f"user name {name!r} cannot be used",
            hint="Choose 1 to 64 letters, digits and . _ @ + -, beginning with a letter or digit",
        )

    def make(connection: Connection) -> None:
        if accounts.by_name(connection, name) is not None:
            raise UsageError(message=f"user {name!r} exists already", hint=f"Run: aimd server key create --user {name}")
        made_us = now_us()
        owner_id = accounts.add(connection, name, made_us)
        uid = str(uuid.uuid4())
        folders.add(
            connection, uid=uid, owner_id=owner_id, editor_id=owner_id, now_us=made_us, parent=None, name="root"
        )

    database.write(make)


def create_key(database: Database, user: str) -> str:
    """Make a key for a user and return it; it is kept nowhere.

    Raises:
        NotFoundError: There is no such user.
    """
    key = str(uuid.uuid4())

    def make(connection: Connection) -> None:
        found = accounts.by_name(connection, user)
        if found is None:
            raise no_user(user)
        accounts.add_key(connection, found.id, hash_of(key), now_us())

    database.write(make)
    return key


def no_user(user: str) -> NotFoundError:
    """Say that there is no such user."""
    return NotFoundError(message=f"there is no user {user!r}", hint=f"Run: aimd server user add {user}")


def is_any_user(database: Database) -> bool:
    """Tell whether there is a user at all."""
    return database.read(accounts.is_any)
