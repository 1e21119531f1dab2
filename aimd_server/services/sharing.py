"""Sharing: roles of other users on a folder or a trial. Only an owner shares."""

from __future__ import annotations

import uuid
from typing import Literal

import msgspec

from aimd_core.language import said
from aimd_server.services import auditing, public_view
from aimd_server.services.clock import iso, now_us
from aimd_server.services.identity import hash_of
from aimd_server.services.request_errors import RefusalError, invalid
from aimd_server.services.visibility import Role, load_folder, load_trial
from aimd_server.stores import accounts, shares
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Connection, Database
from aimd_server.stores.shares import ShareRow, Subject, Target

MAX_SHOWN = 500
MAX_SHARES = 500  # on one folder or trial
_DAY_US = 86_400_000_000
_MAX_DAYS = 36_500  # until a public link ends
FOLDER, TRIAL = "folder", "trial"


class ShareWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a new share: with a user, a group, or anyone who has the new link's key."""

    user: str | None = None
    group: str | None = None
    link: bool = False
    role: Literal["viewer", "editor", "owner"] = "viewer"
    expires_days: float | None = None


def _target(connection: Connection, user: Account, kind: str, uid: str) -> Target:
    """Return an object that the caller owns."""
    if kind == FOLDER:
        return Target(folder_id=load_folder(connection, user, uid, Role.OWNER).id)
    return Target(trial_id=load_trial(connection, user, uid, Role.OWNER).id)


def _shown(row: ShareRow) -> dict[str, object]:
    return {
        "id": row.id,
        "user": row.user,
        "group": row.group,
        "link": row.user is None and row.group is None,
        "role": row.role,
        "created": iso(row.created_us),
        "expires": iso(row.expires_us) if row.expires_us else None,
    }


def listed(database: Database, user: Account, kind: str, uid: str) -> dict[str, object]:
    """Return the shares of a folder or trial itself.

    Raises:
        RefusalError: `folder_not_found`, `not_found`, `forbidden`.
    """

    def operation(connection: Connection) -> dict[str, object]:
        rows = shares.of_target(connection, _target(connection, user, kind, uid))
        return {"shares": [_shown(row) for row in rows]}

    return database.read(operation)


def give(database: Database, user: Account, kind: str, uid: str, wish: ShareWish) -> dict[str, object]:
    """Give a role and return the share, for a public link with its key, only now.

    Raises:
        RefusalError: `folder_not_found`, `not_found`, `forbidden`, `invalid`.
    """
    _check(wish)
    made_us, key = now_us(), str(uuid.uuid4()) if wish.link else None
    expires_us = None if wish.expires_days is None else made_us + round(wish.expires_days * _DAY_US)

    def operation(connection: Connection) -> dict[str, object]:
        target = _target(connection, user, kind, uid)
        if shares.count_of_target(connection, target) >= MAX_SHARES:
            words = said("there are {limit} shares at most on one thing: use a group", limit=MAX_SHARES)
            raise invalid(words, limit=MAX_SHARES)
        subject = _subject(connection, wish, key)
        number = shares.put(connection, target, subject, wish.role, made_us, expires_us)
        detail = {"user": wish.user, "group": wish.group, "role": wish.role, "share": number}
        auditing.note(connection, user.name, f"{kind}.share", uid, **detail)
        (row,) = (row for row in shares.of_target(connection, target) if row.id == number)
        return {**_shown(row), "key": key} if key else _shown(row)

    return database.write(operation)


def _check(wish: ShareWish) -> None:
    if sum([wish.user is not None, wish.group is not None, wish.link]) != 1:
        raise invalid("share with one of user, group and link", field="user")
    if wish.link and wish.role != "viewer":
        raise invalid(said("a public link makes viewers only"), field="role")
    if wish.expires_days is not None and not (wish.link and 0 < wish.expires_days <= _MAX_DAYS):
        words = said("expires_days is for links, above 0 and at most {limit}", limit=_MAX_DAYS)
        raise invalid(words, field="expires_days", limit=_MAX_DAYS)


def _subject(connection: Connection, wish: ShareWish, key: str | None) -> Subject:
    if key is not None:
        return Subject(link_hash=hash_of(key))
    if wish.group is not None:
        team_id = accounts.team_by_name(connection, wish.group)
        if team_id is None:
            raise invalid(said("there is no group {group}", group=wish.group), field="group")
        return Subject(team_id=team_id)
    account = accounts.by_name(connection, wish.user or "")
    if account is None:
        raise invalid(said("there is no user {user}", user=wish.user), field="user")
    return Subject(account_id=account.id)


def take(database: Database, user: Account, kind: str, uid: str, number: str) -> None:
    """Remove a share.

    Raises:
        RefusalError: `folder_not_found`, `not_found`, `forbidden`.
    """

    def operation(connection: Connection) -> None:
        target = _target(connection, user, kind, uid)
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        if not is_number or not shares.remove(connection, target, int(number)):
            raise RefusalError("not_found", said("no share {number}", number=number))
        auditing.note(connection, user.name, f"{kind}.unshare", uid, share=int(number))

    database.write(operation)


def shared_with(database: Database, user: Account) -> dict[str, object]:
    """Return what is shared with the caller, each object once with the highest role."""
    order = {"viewer": 1, "editor": 2, "owner": 3}
    best: dict[str, shares.SharedRow] = {}
    for row in database.read(lambda connection: shares.shared_with(connection, user, MAX_SHOWN)):
        if row.uid not in best or order[row.role] > order[best[row.uid].role]:
            best[row.uid] = row
    items = [
        {
            "kind": r.kind,
            "id": r.uid,
            "name": r.name,
            "path": public_view.path(user, r.path),
            "owner": "" if user.link_id is not None else r.owner,
            "role": r.role,
        }
        for r in best.values()
    ]
    return {"items": items}
