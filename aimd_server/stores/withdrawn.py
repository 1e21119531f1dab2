"""Access that an older database allows and a newer one does not: what a restore would give back to people.

Users are compared by name and time of creation, keys by their hash, shares by what they are on and whom they are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from aimd_server.stores.schema import account, api_key, folder, session, share, team, team_member, trial

ROLES = ("viewer", "editor", "owner")  # from the least on
KEY, USER, ADMIN, MEMBER, SHARE, LINK = "key", "user", "admin", "member", "share", "link"


class Grant(NamedTuple):
    """Something that the older database allows.

    Attributes:
        kind: KEY, USER, ADMIN, MEMBER, SHARE or LINK.
        who: The user or group, empty for a link.
        what: The key's number and name, the group, or the path of the folder or trial.
        id: The row in the older database, of a member the account's.
        team_id: The group of a member.
        role: What is left of a share, or None: nothing.
        expires_us: When that ends, or None: never.
    """

    kind: str
    who: str
    what: str
    id: int
    team_id: int | None = None
    role: str | None = None
    expires_us: int | None = None


class Snapshot(NamedTuple):
    """Who was allowed what."""

    users: dict[tuple[str, int], tuple[bool, bool]]
    keys: set[str]
    members: set[tuple[str, str]]
    shares: dict[tuple[str, str], tuple[str, int | None]]


def access(connection: Connection) -> Snapshot:
    """Return who is allowed what in a database."""
    users = {
        (row.name, row.created_us): (row.disabled_us is None, row.admin_us is not None)
        for row in connection.execute(select(account))
    }
    keys = set(connection.execute(select(api_key.c.hash).where(api_key.c.revoked_us.is_(None))).scalars())
    members = {(row.team, row.account) for row in connection.execute(_MEMBERS)}
    shares = {(row.object, _subject(row)): (row.role, row.expires_us) for row in connection.execute(_SHARES)}
    return Snapshot(users, keys, members, shares)


def differences(connection: Connection, newer: Snapshot) -> list[Grant]:
    """Return what this older database allows and the newer one did not."""
    return [
        *_users(connection, newer),
        *_keys(connection, newer),
        *_members(connection, newer),
        *_shares(connection, newer),
    ]


def take_away(connection: Connection, lost: Iterable[Grant], now_us: int) -> None:
    """Take such access away from the older database."""
    for each in lost:
        if each.kind == USER:
            connection.execute(update(account).where(account.c.id == each.id).values(disabled_us=now_us))
        elif each.kind == ADMIN:
            connection.execute(update(account).where(account.c.id == each.id).values(admin_us=None))
        elif each.kind == KEY:
            connection.execute(update(api_key).where(api_key.c.id == each.id).values(revoked_us=now_us))
        elif each.kind == MEMBER:
            of_both = (team_member.c.account_id == each.id, team_member.c.team_id == each.team_id)
            connection.execute(delete(team_member).where(*of_both))
        elif each.role is None:
            connection.execute(delete(share).where(share.c.id == each.id))
        else:
            values = {"role": each.role, "expires_us": each.expires_us}
            connection.execute(update(share).where(share.c.id == each.id).values(values))


def end_sessions(connection: Connection) -> None:
    """Sign all browsers out: which of them have signed out since is not known."""
    connection.execute(delete(session))


_MEMBERS = (
    select(team.c.name.label("team"), account.c.name.label("account"), team.c.id.label("team_id"), account.c.id)
    .select_from(team_member)
    .join(team, team_member.c.team_id == team.c.id)
    .join(account, team_member.c.account_id == account.c.id)
)
_SHARES = (
    select(
        share.c.id,
        share.c.role,
        share.c.expires_us,
        share.c.link_hash,
        account.c.name.label("account"),
        team.c.name.label("team"),
        folder.c.path,
        trial.c.name.label("trial"),
        func.coalesce(folder.c.uid, trial.c.uid).label("object"),
    )
    .select_from(share)
    .join(account, share.c.account_id == account.c.id, isouter=True)
    .join(team, share.c.team_id == team.c.id, isouter=True)
    .join(folder, share.c.folder_id == folder.c.id, isouter=True)
    .join(trial, share.c.trial_id == trial.c.id, isouter=True)
)


def _subject(row: Any) -> str:
    """Return whom a share is for; a link by its hash."""
    kinds = {"user": row.account, "group": row.team, "link": row.link_hash}
    return next((f"{kind} {name}" for kind, name in kinds.items() if name is not None), "")


def _users(connection: Connection, newer: Snapshot) -> Iterator[Grant]:
    for row in connection.execute(select(account).order_by(account.c.id)):
        is_enabled, is_admin = newer.users.get((row.name, row.created_us), (False, False))
        if row.disabled_us is None and not is_enabled:
            yield Grant(USER, row.name, "", row.id)
        if row.admin_us is not None and not is_admin:
            yield Grant(ADMIN, row.name, "", row.id)


def _keys(connection: Connection, newer: Snapshot) -> Iterator[Grant]:
    query = select(api_key, account.c.name.label("account")).join(account).where(api_key.c.revoked_us.is_(None))
    for row in connection.execute(query.order_by(api_key.c.id)):
        if row.hash not in newer.keys:
            yield Grant(KEY, row.account, f"{row.id} ({row.name})" if row.name else str(row.id), row.id)


def _members(connection: Connection, newer: Snapshot) -> Iterator[Grant]:
    for row in connection.execute(_MEMBERS.order_by(team.c.name, account.c.name)):
        if (row.team, row.account) not in newer.members:
            yield Grant(MEMBER, row.account, row.team, row.id, row.team_id)


def _shares(connection: Connection, newer: Snapshot) -> Iterator[Grant]:
    for row in connection.execute(_SHARES.order_by(share.c.id)):
        kind = SHARE if row.link_hash is None else LINK
        lost = Grant(kind, row.account or row.team or "", row.path or row.trial, row.id)
        left = newer.shares.get((row.object, _subject(row)))
        if left is None:
            yield lost
            continue
        role = min(left[0], row.role, key=ROLES.index)
        ends_us = min((end for end in (left[1], row.expires_us) if end is not None), default=None)
        if (role, ends_us) != (row.role, row.expires_us):
            yield lost._replace(role=role, expires_us=ends_us)
