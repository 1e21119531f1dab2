"""The owners of keys, and the creation of users and keys.

A key is a UUID with 122 random bits, stored only as SHA-256: a stolen database signs nobody in. It is looked up by that
hash, so response times reveal nothing about similar keys.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Literal

import msgspec

from aimd_core.errors import NotFoundError, UsageError, UserNotFoundError
from aimd_core.language import said
from aimd_server.services import auditing
from aimd_server.services.clock import now_us
from aimd_server.stores import accounts, folders
from aimd_server.stores.accounts import Account, AccountRow, KeyRow
from aimd_server.stores.database import Connection, Database

_USER_NAME = re.compile(r"\w[\w.@+-]{0,63}")
_DAY_US = 86_400_000_000
# The actions on a user besides "rm": which column is set or cleared.
USER_ACTIONS = {
    "disable": ("disabled_us", True),
    "enable": ("disabled_us", False),
    "promote": ("admin_us", True),
    "demote": ("admin_us", False),
}


def hash_of(key: str) -> str:
    """Return the stored form of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def account_of(database: Database, key: str) -> Account | None:
    """Return who may call with a key now, or None if it is not valid."""
    return accounts_of(database, [key])[0]


def accounts_of(database: Database, keys: list[str]) -> list[Account | None]:
    """Return who may call with each of some keys now."""
    hashes, at_us = [hash_of(key) for key in keys], now_us()
    asked = list(dict.fromkeys(hashes))
    accounts_by_hash = database.glance(lambda connection: accounts.by_key_hashes(connection, asked, at_us))
    return [accounts_by_hash.get(key_hash) for key_hash in hashes]


def add_user(database: Database, name: str, admin: bool = False) -> None:
    """Create a user with the root of a folder tree, optionally as an admin.

    Raises:
        UsageError: The name cannot be used, or is taken.
    """
    check_name(name)

    def make(connection: Connection) -> None:
        if accounts.by_name(connection, name) is not None:
            raise UsageError(
                message=said("there is already a user {name!r}", name=name),
                hint=said("Run: aimd server key create --user {name}", name=name),
            )
        made_us = now_us()
        owner_id = accounts.add(connection, name, made_us, admin)
        uid = str(uuid.uuid4())
        folders.add(
            connection, uid=uid, owner_id=owner_id, editor_id=owner_id, now_us=made_us, parent=None, name="root"
        )
        auditing.note(connection, auditing.OPERATOR, "user.add", name, admin=admin)

    database.write(make)


def check_name(name: str) -> None:
    """Refuse a text that cannot name a user or a group.

    Raises:
        UsageError: It cannot.
    """
    if not _USER_NAME.fullmatch(name):
        raise UsageError(
            message=said("{name!r} cannot be the name of a user or group", name=name),
            hint="Choose 1 to 64 letters, digits and . _ @ + -, starting with a letter or digit",
        )


def list_users(database: Database) -> list[AccountRow]:
    """Return all users by name."""
    return database.read(accounts.all_rows)


def set_user(database: Database, name: str, action: str) -> None:
    """Do one of USER_ACTIONS to a user, effective with the next request.

    Raises:
        NotFoundError: There is no such user.
    """

    def apply(connection: Connection) -> None:
        account = _found(connection, name)
        if action == "rm":
            accounts.remove(connection, account.id)
        else:
            column, is_set = USER_ACTIONS[action]
            accounts.change(connection, account.id, **{column: now_us() if is_set else None})
        auditing.note(connection, auditing.OPERATOR, f"user.{action}", name)

    database.write(apply)


def _found(connection: Connection, name: str) -> Account:
    account = accounts.by_name(connection, name)
    if account is None:
        raise no_user(name)
    return account


class KeyWish(msgspec.Struct, forbid_unknown_fields=True):
    """The properties of a new key; it never expires if `expires_days` is None."""

    name: str | None = None
    scope: Literal["read", "write", "upload"] = "write"
    expires_days: float | None = None


def create_key(database: Database, user: str, wish: KeyWish | None = None, actor: str = auditing.OPERATOR) -> str:
    """Create a key for a user and return it; it is stored nowhere.

    Raises:
        NotFoundError: There is no such user.
    """
    key, wish = str(uuid.uuid4()), wish or KeyWish()
    made_us = now_us()
    expires_us = None if wish.expires_days is None else made_us + round(wish.expires_days * _DAY_US)

    def make(connection: Connection) -> None:
        account = _found(connection, user)
        more = {"name": wish.name, "scope": wish.scope, "expires_us": expires_us}
        number = accounts.add_key(connection, account.id, hash_of(key), made_us, **more)
        auditing.note(connection, actor, "key.create", user, key=number, scope=wish.scope)

    database.write(make)
    return key


def list_keys(database: Database, user: str | None = None) -> list[KeyRow]:
    """Return the keys of a user, or of all.

    Raises:
        NotFoundError: There is no such user.
    """

    def operation(connection: Connection) -> list[KeyRow]:
        return accounts.keys_of(connection, _found(connection, user).id if user else None)

    return database.read(operation)


def revoke_key(database: Database, number: int, account_id: int | None = None, actor: str = auditing.OPERATOR) -> bool:
    """Revoke a key, of an account if given, effective with the next request; tell whether there was one."""

    def apply(connection: Connection) -> bool:
        done = accounts.revoke_key(connection, number, account_id, now_us())
        if done:
            auditing.note(connection, actor, "key.revoke", str(number))
        return done

    return database.write(apply)


def list_groups(database: Database) -> dict[str, list[str]]:
    """Return all groups with the names of their members."""
    return database.read(accounts.teams)


def set_group(database: Database, name: str, action: str, member: str | None = None) -> None:
    """Add or remove a group, or let a user `join` or `leave` one.

    Raises:
        UsageError: The name cannot be used, or is taken.
        NotFoundError: There is no such group or user.
    """

    def apply(connection: Connection) -> None:
        team = accounts.team_by_name(connection, name)
        if action == "add":
            check_name(name)
            if team is not None:
                raise UsageError(message=said("there is already a group {name!r}", name=name))
            accounts.add_team(connection, name, now_us())
        elif team is None:
            raise NotFoundError(
                message=said("there is no group {name!r}", name=name),
                hint=said("Run: aimd server group add {name}", name=name),
            )
        elif action == "rm":
            accounts.remove_team(connection, team)
        else:
            change = accounts.join_team if action == "join" else accounts.leave_team
            change(connection, team, _found(connection, member or "").id)
        auditing.note(connection, auditing.OPERATOR, f"group.{action}", name, member=member)

    database.write(apply)


def no_user(user: str) -> UserNotFoundError:
    """Return the error for an unknown user."""
    return UserNotFoundError(user=user)


def is_any_user(database: Database) -> bool:
    """Tell whether there is a user at all."""
    return database.read(accounts.is_any)
