"""Shares: a role for an account, a team or a public link, on a folder and everything below or on a trial."""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, literal, or_, select

from aimd_server.stores.accounts import Account
from aimd_server.stores.schema import account, folder, share, team, team_member, trial


class Target(msgspec.Struct, frozen=True):
    """What a role is on: one of the two is set."""

    folder_id: int | None = None
    trial_id: int | None = None


class Subject(msgspec.Struct, frozen=True):
    """Whose role it is: one of the three is set."""

    account_id: int | None = None
    team_id: int | None = None
    link_hash: str | None = None


class ShareRow(msgspec.Struct, frozen=True):
    """A share of a folder or trial; `user` and `group` are None for a public link."""

    id: int
    user: str | None
    group: str | None
    role: str
    created_us: int
    expires_us: int | None


class SharedRow(msgspec.Struct, frozen=True):
    """An object that is shared with somebody."""

    kind: str
    uid: str
    name: str
    path: str
    owner: str
    role: str


def _for(user: Account) -> ColumnElement[bool]:
    """Return the condition for a caller's shares."""
    if user.link_id is not None:
        return share.c.id == user.link_id
    mine = select(team_member.c.team_id).where(team_member.c.account_id == user.id)
    return or_(share.c.account_id == user.id, share.c.team_id.in_(mine))


def roles(
    connection: Connection, user: Account, owner_id: int, paths: list[str], trial_id: int | None = None
) -> list[str]:
    """Return the roles of a caller on the folders at these paths of an account's tree, and on a trial."""
    where = and_(folder.c.owner_id == owner_id, folder.c.path.in_(paths))
    if trial_id is not None:
        where = or_(where, share.c.trial_id == trial_id)
    query = select(share.c.role).join(folder, share.c.folder_id == folder.c.id, isouter=True)
    return list(connection.execute(query.where(_for(user), where)).scalars())


def roles_by_place(
    connection: Connection, user: Account, owner_ids: set[int], paths: set[str], trial_ids: list[int]
) -> dict[int | tuple[int, str], list[str]]:
    """Return the roles of a caller by trial, and by owner and path of folders."""
    if not trial_ids:
        return {}
    on_folders = and_(folder.c.owner_id.in_(owner_ids), folder.c.path.in_(paths))
    query = select(share.c.trial_id, folder.c.owner_id, folder.c.path, share.c.role)
    query = query.join(folder, share.c.folder_id == folder.c.id, isouter=True)
    given: dict[int | tuple[int, str], list[str]] = {}
    for row in connection.execute(query.where(_for(user), or_(on_folders, share.c.trial_id.in_(trial_ids)))):
        key = (row.owner_id, row.path) if row.trial_id is None else row.trial_id
        given.setdefault(key, []).append(row.role)
    return given


def grants(
    connection: Connection, owner_id: int, paths: list[str], trial_id: int | None = None
) -> dict[Subject, list[str]]:
    """Return the roles that the folders at these paths of an account's tree, and a trial, give to anybody."""
    where = and_(folder.c.owner_id == owner_id, folder.c.path.in_(paths))
    if trial_id is not None:
        where = or_(where, share.c.trial_id == trial_id)
    query = select(share.c.account_id, share.c.team_id, share.c.link_hash, share.c.role)
    query = query.join(folder, share.c.folder_id == folder.c.id, isouter=True)
    given: dict[Subject, list[str]] = {}
    for account_id, team_id, link_hash, role in connection.execute(query.where(where)):
        given.setdefault(Subject(account_id, team_id, link_hash), []).append(role)
    return given


def _on(target: Target) -> ColumnElement[bool]:
    if target.folder_id is not None:
        return share.c.folder_id == target.folder_id
    return share.c.trial_id == target.trial_id


def of_target(connection: Connection, target: Target) -> list[ShareRow]:
    """Return the shares of a folder or trial itself."""
    query = (
        select(share.c.id, account.c.name.label("user"), team.c.name.label("group"))
        .add_columns(share.c.role, share.c.created_us, share.c.expires_us)
        .join(account, share.c.account_id == account.c.id, isouter=True)
        .join(team, share.c.team_id == team.c.id, isouter=True)
        .where(_on(target))
        .order_by(share.c.id)
    )
    return [ShareRow(**row._mapping) for row in connection.execute(query)]


def shared_out(connection: Connection, folder_ids: list[int]) -> set[int]:
    """Return the folders, among some, that are themselves shared."""
    query = select(share.c.folder_id).where(share.c.folder_id.in_(folder_ids)).distinct()
    return {int(folder_id) for folder_id in connection.execute(query).scalars()}


def put(
    connection: Connection, target: Target, subject: Subject, role: str, now_us: int, expires_us: int | None = None
) -> int:
    """Give a role, replacing the subject's former one, and return the share's number."""
    if subject.link_hash is None:
        same = share.c.account_id == subject.account_id if subject.account_id else share.c.team_id == subject.team_id
        connection.execute(delete(share).where(_on(target), same))
    values = {**msgspec.structs.asdict(target), **msgspec.structs.asdict(subject)}
    query = insert(share).values(**values, role=role, created_us=now_us, expires_us=expires_us).returning(share.c.id)
    return int(connection.execute(query).scalar_one())


def remove(connection: Connection, target: Target, share_id: int) -> bool:
    """Remove a share; tell whether the folder or trial had it."""
    return connection.execute(delete(share).where(_on(target), share.c.id == share_id)).rowcount > 0


def remove_below(connection: Connection, folder_ids: Select[tuple[int]]) -> None:
    """Remove all shares of the folders of a query and of the trials in them."""
    trials = select(trial.c.id).where(trial.c.folder_id.in_(folder_ids))
    connection.execute(delete(share).where(or_(share.c.folder_id.in_(folder_ids), share.c.trial_id.in_(trials))))


def count_of_target(connection: Connection, target: Target) -> int:
    """Return the number of shares of a folder or trial itself."""
    return int(connection.execute(select(func.count()).where(_on(target))).scalar_one())


def remove_of_trial(connection: Connection, trial_id: int) -> None:
    """Remove all shares of a trial."""
    connection.execute(delete(share).where(share.c.trial_id == trial_id))


def shared_with(connection: Connection, user: Account, limit: int) -> list[SharedRow]:
    """Return what is shared with a caller directly, by path; an object appears once per share."""
    rows = []
    for query in (_shared_folders(), _shared_trials()):
        for row in connection.execute(query.where(_for(user)).limit(limit)):
            rows.append(SharedRow(**row._mapping))
    return sorted(rows, key=lambda row: (row.owner, row.path, row.name))[:limit]


def _shared_folders() -> Select[tuple[object, ...]]:
    return (
        select(literal("folder").label("kind"), folder.c.uid, folder.c.name, folder.c.path)
        .add_columns(account.c.name.label("owner"), share.c.role)
        .join(share, share.c.folder_id == folder.c.id)
        .join(account, folder.c.owner_id == account.c.id)
        .where(folder.c.trashed_us.is_(None))
        .order_by(folder.c.path)
    )


def _shared_trials() -> Select[tuple[object, ...]]:
    return (
        select(literal("trial").label("kind"), trial.c.uid, trial.c.name, folder.c.path)
        .add_columns(account.c.name.label("owner"), share.c.role)
        .join(share, share.c.trial_id == trial.c.id)
        .join(folder, trial.c.folder_id == folder.c.id)
        .join(account, trial.c.owner_id == account.c.id)
        .where(trial.c.trashed_us.is_(None), folder.c.trashed_us.is_(None))
        .order_by(folder.c.path, trial.c.name)
    )
