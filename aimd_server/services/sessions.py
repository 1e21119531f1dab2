"""Sessions: a browser signs in once with a key, and from then on sends a cookie that no script can read.

A session is a random value, stored as a hash and bound to its key: if the key is revoked or expired, or the user
disabled, the next request fails.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping

import msgspec

from aimd_core.language import said
from aimd_server.services.clock import iso, now_us
from aimd_server.services.identity import hash_of
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.stores import sessions
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database

LIFE_S = 7 * 86_400
MAX_SESSIONS = 50  # per key; another sign-in ends the oldest
MAX_SHOWN = 500


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body that signs a browser in: an API key, or a token that works once."""

    key: str | None = None
    token: str | None = None


class Tokens:
    """Tokens that each replace an API key once, in the memory of this process only."""

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        """Take the keys by token."""
        self.is_local = bool(keys)  # a private server for local trials has no other way to sign in
        self._keys = {hash_of(token): key for token, key in (keys or {}).items()}
        self._lock = threading.Lock()

    def take(self, token: str) -> str | None:
        """Return the key of a token, once."""
        with self._lock:
            return self._keys.pop(hash_of(token), None)


class NewSession(msgspec.Struct, frozen=True):
    """A new session: its secret, for the cookie, and whose it is."""

    secret: str
    account: Account


def open_session(database: Database, wish: SignIn, tokens: Tokens) -> NewSession | None:
    """Open a session, or return None if the key or token is not valid.

    Raises:
        RefusalError: `invalid`.
    """
    if (wish.key is None) == (wish.token is None):
        raise invalid("give a key or a token", field="key")
    key = tokens.take(wish.token) if wish.token is not None else wish.key
    if key is None:
        return None
    secret, key_hash, made_us = secrets.token_urlsafe(32), hash_of(key), now_us()

    def operation(connection: Connection) -> NewSession | None:
        origin = sessions.origin_of(connection, key_hash, made_us)
        if origin is None:
            return None
        ends_us = made_us + LIFE_S * 1_000_000
        if origin.expires_us is not None:
            ends_us = min(ends_us, origin.expires_us)
        number = sessions.add(connection, origin, hash_of(secret), made_us, ends_us)
        sessions.tidy(connection, origin, made_us, MAX_SESSIONS)
        return NewSession(secret, msgspec.structs.replace(origin.account, session_id=number, expires_us=ends_us))

    if database.read(lambda connection: sessions.origin_of(connection, key_hash, made_us)) is None:
        return None  # a caller without a valid key makes no work for the writer
    return database.write(operation)


def account_of(database: Database, secret: str) -> Account | None:
    """Return the owner of a cookie, or None if the session has ended."""
    session_hash, at_us = hash_of(secret), now_us()
    return database.read(lambda connection: sessions.account_of(connection, session_hash, at_us))


def shown(user: Account, tokens: Tokens) -> dict[str, object]:
    """Return who is signed in, as the API shows it; `kind` is local for `aimd console`."""
    expires = None if user.expires_us is None else iso(user.expires_us)
    kind = "link" if user.link_id is not None else "local" if tokens.is_local else "user"
    return {"user": user.name, "kind": kind, "scope": user.scope, "expires": expires, "admin": user.is_admin}


def close(database: Database, user: Account) -> None:
    """End the session of the call, if it has one."""
    number = user.session_id
    if number is not None:
        database.write(lambda connection: sessions.remove(connection, number))


def listed(database: Database, user: Account) -> dict[str, object]:
    """Return the caller's sessions, newest first, but none for a public link, which has many holders."""
    rows = database.read(lambda connection: sessions.of_account(connection, user.id, now_us(), MAX_SHOWN))
    shown = [
        {
            "id": row.id,
            "key": row.key,
            "key_name": row.key_name,
            "created": iso(row.created_us),
            "expires": iso(row.expires_us),
            "current": row.id == user.session_id,
        }
        for row in rows
    ]
    return {"sessions": shown}


def end(database: Database, user: Account, number: str) -> None:
    """End one of the caller's sessions.

    Raises:
        RefusalError: `not_found`, if the caller has no such session.
    """
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    if not is_number or not database.write(lambda connection: sessions.remove(connection, int(number), user.id)):
        raise RefusalError("not_found", said("no session {number}", number=number))
