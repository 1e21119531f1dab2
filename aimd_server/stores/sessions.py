"""Sessions of browsers, which are known only by the hash of their cookie."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, String, bindparam, delete, insert, or_, select

from aimd_server.stores.accounts import LIVING_SHARE, Account, account_of_link
from aimd_server.stores.schema import account, api_key, session, share


class SessionRow(msgspec.Struct, frozen=True):
    """A session as its user sees it; `key` is the number of its key."""

    id: int
    key: int
    key_name: str | None
    created_us: int
    expires_us: int


class Origin(msgspec.Struct, frozen=True):
    """What a user signed in with: an API key or a public link; one of the two is set."""

    account: Account
    expires_us: int | None
    key_id: int | None = None
    share_id: int | None = None


_NOW = bindparam("now_us", type_=BigInteger())
_HASH = bindparam("of_hash", type_=String())
_OF_KEY = (
    select(account.c.id, account.c.name, account.c.admin_us, api_key.c.scope, api_key.c.id.label("key_id"))
    .add_columns(api_key.c.expires_us)
    .select_from(api_key.join(account, api_key.c.account_id == account.c.id))
    .where(
        api_key.c.revoked_us.is_(None),
        or_(api_key.c.expires_us.is_(None), api_key.c.expires_us > _NOW),
        account.c.disabled_us.is_(None),
    )
)
_KEY = _OF_KEY.where(api_key.c.hash == _HASH)
_LINK = LIVING_SHARE.where(share.c.link_hash == _HASH)
_HELD = (session.c.hash == _HASH) & (session.c.expires_us > _NOW)
_FACTS = (session.c.id.label("session_id"), session.c.expires_us.label("ends_us"))
_BY_KEY = _OF_KEY.add_columns(*_FACTS).where(_HELD, session.c.key_id == api_key.c.id)
_BY_LINK = LIVING_SHARE.add_columns(*_FACTS).where(_HELD, session.c.share_id == share.c.id)


def _account_of_key(row: Any) -> Account:
    return Account(row.id, row.name, row.admin_us is not None, row.scope)


def origin_of(connection: Connection, key_hash: str, now_us: int) -> Origin | None:
    """Return what a key can sign in to now, or None if it is not valid."""
    values = {"of_hash": key_hash, "now_us": now_us}
    row = connection.execute(_KEY, values).first()
    if row is not None:
        return Origin(_account_of_key(row), row.expires_us, key_id=row.key_id)
    row = connection.execute(_LINK, values).first()
    return None if row is None else Origin(account_of_link(row), row.expires_us, share_id=row.id)


def account_of(connection: Connection, session_hash: str, now_us: int) -> Account | None:
    """Return who may call with a session now, with its row id and end."""
    values = {"of_hash": session_hash, "now_us": now_us}
    row = connection.execute(_BY_KEY, values).first()
    account = None if row is None else _account_of_key(row)
    if row is None:
        row = connection.execute(_BY_LINK, values).first()
        account = None if row is None else account_of_link(row)
    if row is None or account is None:
        return None
    ends_us = min(row.ends_us, row.expires_us or row.ends_us)
    return msgspec.structs.replace(account, session_id=row.session_id, expires_us=ends_us)


def add(connection: Connection, origin: Origin, session_hash: str, now_us: int, expires_us: int) -> int:
    """Create a session and return its row id."""
    values = {"key_id": origin.key_id, "share_id": origin.share_id, "created_us": now_us, "expires_us": expires_us}
    query = insert(session).values(hash=session_hash, **values).returning(session.c.id)
    return int(connection.execute(query).scalar_one())


def tidy(connection: Connection, origin: Origin, now_us: int, most: int) -> None:
    """Delete what has expired, and all but the newest sessions of a key or link."""
    connection.execute(delete(session).where(session.c.expires_us <= now_us))
    same = session.c.key_id == origin.key_id if origin.key_id else session.c.share_id == origin.share_id
    old = select(session.c.id).where(same).order_by(session.c.id.desc()).offset(most).limit(1_000)
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(delete(session).where(session.c.id.in_(ids)))


def of_account(connection: Connection, account_id: int, now_us: int, limit: int) -> list[SessionRow]:
    """Return the valid sessions of an account, newest first."""
    query = (
        select(session.c.id, api_key.c.id.label("key"), api_key.c.name.label("key_name"))
        .add_columns(session.c.created_us, session.c.expires_us)
        .join(api_key, session.c.key_id == api_key.c.id)
        .where(api_key.c.account_id == account_id, api_key.c.revoked_us.is_(None), session.c.expires_us > now_us)
        .order_by(session.c.id.desc())
    )
    return [SessionRow(**row._mapping) for row in connection.execute(query.limit(limit))]


def remove(connection: Connection, session_id: int, account_id: int | None = None) -> bool:
    """Delete a session, of an account if given; tell whether there was one."""
    query = delete(session).where(session.c.id == session_id)
    if account_id is not None:
        query = query.where(session.c.key_id.in_(select(api_key.c.id).where(api_key.c.account_id == account_id)))
    return connection.execute(query).rowcount > 0
