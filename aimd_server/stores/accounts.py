"""Accounts, their API keys and their teams. Keys are known by their hash only."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, delete, func, insert, or_, select, update

from aimd_server.stores.prepared import PreparedForList
from aimd_server.stores.schema import account, api_key, folder, share, team, team_member, trial

READ, WRITE, UPLOAD = "read", "write", "upload"
SCOPES = (READ, WRITE, UPLOAD)


class Account(msgspec.Struct, frozen=True):
    """The caller, and the most that this call may do.

    Attributes:
        id: The account; 0 for the holder of a public link.
        name: Its name.
        is_admin: Whether it is an admin.
        scope: The scope of its key, one of SCOPES.
        link_id: The share of a public link, or None.
        link_above: The path of the folders above what a public link shares, without a slash at its end.
        writing: Whether this call changes things, so that a viewer is not enough.
        session_id: The session of a cookie, or None.
        expires_us: When the session ends, or None.
        key_hash: The stored form of its key; None for a session.
    """

    id: int
    name: str
    is_admin: bool = False
    scope: str = WRITE
    link_id: int | None = None
    link_above: str = ""
    writing: bool = False
    session_id: int | None = None
    expires_us: int | None = None
    key_hash: str | None = None


class AccountRow(msgspec.Struct, frozen=True):
    """An account as admins see it."""

    id: int
    name: str
    created_us: int
    admin_us: int | None
    disabled_us: int | None
    keys: int
    trials: int


class KeyRow(msgspec.Struct, frozen=True):
    """A key as its owner sees it."""

    id: int
    account: str
    name: str | None
    scope: str
    created_us: int
    expires_us: int | None
    revoked_us: int | None


_NOW = bindparam("now_us", type_=BigInteger())
_BY_KEY_HASHES = PreparedForList(
    lambda hashes: (
        select(account.c.id, account.c.name, account.c.admin_us, api_key.c.scope, api_key.c.hash)
        .join(api_key)
        .where(
            api_key.c.hash.in_(hashes),
            api_key.c.revoked_us.is_(None),
            or_(api_key.c.expires_us.is_(None), api_key.c.expires_us > _NOW),
            account.c.disabled_us.is_(None),
        )
    )
)
# A link does not work while the owner of its folder or trial is disabled.
_home = folder.alias("home")
LIVING_SHARE = (
    select(share.c.id, share.c.expires_us, folder.c.path.label("shared_path"), _home.c.path.label("home_path"))
    .join(folder, share.c.folder_id == folder.c.id, isouter=True)
    .join(trial, share.c.trial_id == trial.c.id, isouter=True)
    .join(_home, trial.c.folder_id == _home.c.id, isouter=True)
    .join(account, account.c.id == func.coalesce(folder.c.owner_id, trial.c.owner_id))
    .where(
        or_(share.c.expires_us.is_(None), share.c.expires_us > _NOW),
        account.c.disabled_us.is_(None),
    )
)
_BY_LINK_HASHES = LIVING_SHARE.add_columns(share.c.link_hash).where(
    share.c.link_hash.in_(bindparam("hashes", expanding=True))
)


def by_key_hashes(connection: Connection, hashes: list[str], now_us: int) -> dict[str, Account]:
    """Return who may call now with keys of these hashes, by hash: an account, or the holder of a public link."""
    accounts: dict[str, Account] = {}
    for row in _BY_KEY_HASHES.rows(connection, hashes, now_us=now_us):
        accounts[row.hash] = Account(row.id, row.name, row.admin_us is not None, row.scope, key_hash=row.hash)
    if len(accounts) < len(hashes):
        others = [key_hash for key_hash in hashes if key_hash not in accounts]
        for row in connection.execute(_BY_LINK_HASHES, {"hashes": others, "now_us": now_us}):
            accounts[row.link_hash] = account_of_link(row)
    return accounts


def account_of_link(row: Any) -> Account:
    """Return the holder of a public link, by its row of LIVING_SHARE."""
    above = row.home_path if row.shared_path is None else row.shared_path.rpartition("/")[0]
    return Account(0, "public link", scope=READ, link_id=row.id, link_above=above.rstrip("/"))


def by_name(connection: Connection, name: str) -> Account | None:
    """Return the account with a name, disabled or not."""
    row = connection.execute(select(account.c.id, account.c.name).where(account.c.name == name)).first()
    return Account(row.id, row.name) if row else None


def is_any(connection: Connection) -> bool:
    """Tell whether there is an account at all."""
    return connection.execute(select(account.c.id).limit(1)).first() is not None


def all_rows(connection: Connection) -> list[AccountRow]:
    """Return all accounts by name."""
    keys = select(func.count()).where(api_key.c.account_id == account.c.id, api_key.c.revoked_us.is_(None))
    trials = select(func.count()).where(trial.c.owner_id == account.c.id)
    query = select(account, keys.scalar_subquery().label("keys"), trials.scalar_subquery().label("trials"))
    return [AccountRow(**row._mapping) for row in connection.execute(query.order_by(account.c.name))]


def add(connection: Connection, name: str, now_us: int, admin: bool = False) -> int:
    """Create an account and return its id."""
    values = {"name": name, "created_us": now_us, "admin_us": now_us if admin else None}
    return int(connection.execute(insert(account).values(values).returning(account.c.id)).scalar_one())


def change(connection: Connection, account_id: int, **values: Any) -> None:
    """Set columns of an account."""
    connection.execute(update(account).where(account.c.id == account_id).values(**values))


def remove(connection: Connection, account_id: int) -> None:
    """Delete an account and everything it owns; what it edited elsewhere stays with its owners."""
    for table in (folder, trial):
        connection.execute(update(table).where(table.c.editor_id == account_id).values(editor_id=table.c.owner_id))
    connection.execute(delete(account).where(account.c.id == account_id))


def add_key(connection: Connection, account_id: int, key_hash: str, now_us: int, **more: Any) -> int:
    """Add a key of an account and return its number; `more` are columns of api_key."""
    values = {"account_id": account_id, "hash": key_hash, "created_us": now_us, **more}
    return int(connection.execute(insert(api_key).values(values).returning(api_key.c.id)).scalar_one())


def keys_of(connection: Connection, account_id: int | None) -> list[KeyRow]:
    """Return the keys of an account, or of all, oldest first."""
    names = ("id", "name", "scope", "created_us", "expires_us", "revoked_us")
    query = select(account.c.name.label("account"), *(api_key.c[name] for name in names)).join(account)
    if account_id is not None:
        query = query.where(api_key.c.account_id == account_id)
    return [KeyRow(**row._mapping) for row in connection.execute(query.order_by(api_key.c.id))]


def count_valid_keys(connection: Connection, account_id: int, now_us: int) -> int:
    """Return how many keys of an account are valid now."""
    valid = api_key.c.revoked_us.is_(None) & or_(api_key.c.expires_us.is_(None), api_key.c.expires_us > now_us)
    return int(connection.execute(select(func.count()).where(api_key.c.account_id == account_id, valid)).scalar_one())


def revoke_key(connection: Connection, key_id: int, account_id: int | None, now_us: int) -> bool:
    """Revoke a key, of an account if given; tell whether there was one."""
    query = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_us.is_(None)).values(revoked_us=now_us)
    if account_id is not None:
        query = query.where(api_key.c.account_id == account_id)
    return connection.execute(query).rowcount > 0


def team_by_name(connection: Connection, name: str) -> int | None:
    """Return the id of the team with a name."""
    return connection.execute(select(team.c.id).where(team.c.name == name)).scalar()


def add_team(connection: Connection, name: str, now_us: int) -> None:
    """Create a team."""
    connection.execute(insert(team).values(name=name, created_us=now_us))


def remove_team(connection: Connection, team_id: int) -> None:
    """Delete a team and its shares."""
    connection.execute(delete(team).where(team.c.id == team_id))


def join_team(connection: Connection, team_id: int, account_id: int) -> None:
    """Make an account a member of a team, if it is not."""
    leave_team(connection, team_id, account_id)
    connection.execute(insert(team_member).values(team_id=team_id, account_id=account_id))


def leave_team(connection: Connection, team_id: int, account_id: int) -> None:
    """End a membership, if there is one."""
    mine = (team_member.c.team_id == team_id) & (team_member.c.account_id == account_id)
    connection.execute(delete(team_member).where(mine))


def teams(connection: Connection) -> dict[str, list[str]]:
    """Return the names of all teams with their members' names."""
    members: dict[str, list[str]] = {}
    query = (
        select(team.c.name.label("team"), account.c.name.label("member"))
        .join(team_member, team_member.c.team_id == team.c.id, isouter=True)
        .join(account, team_member.c.account_id == account.c.id, isouter=True)
    )
    for row in connection.execute(query.order_by(team.c.name, account.c.name)):
        members.setdefault(row.team, []).extend([row.member] if row.member else [])
    return members
