"""Saved views of folders, of one account or of everybody who may see the folder, and folders' baselines."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from aimd_server.stores.schema import baseline, saved_view, trial


class ViewRow(msgspec.Struct, frozen=True):
    """A saved view; without an account it is everybody's who may see the folder."""

    id: int
    folder_id: int
    account_id: int | None
    name: str
    document: str
    editor: str
    updated_us: int


class BaselineRow(msgspec.Struct, frozen=True):
    """The baseline of a folder, by the row and the UUID of its trial."""

    folder_id: int
    trial_uid: str
    editor: str
    updated_us: int


def _query() -> Select[tuple[object, ...]]:
    return select(*(saved_view.c[name] for name in ViewRow.__struct_fields__))


def _holder(account_id: int | None) -> ColumnElement[bool]:
    return saved_view.c.account_id.is_(None) if account_id is None else saved_view.c.account_id == account_id


def in_folders(connection: Connection, folder_ids: Sequence[int], account_id: int) -> list[ViewRow]:
    """Return the views of some folders that an account sees, by name, its own before everybody's."""
    query = _query().where(
        saved_view.c.folder_id.in_(folder_ids), saved_view.c.account_id.is_(None) | _holder(account_id)
    )
    ordered = query.order_by(saved_view.c.name, saved_view.c.account_id.is_(None), saved_view.c.id)
    return [ViewRow(**row._mapping) for row in connection.execute(ordered)]


def by_name(connection: Connection, folder_id: int, account_id: int | None, name: str) -> ViewRow | None:
    """Return the view of a folder that an account, or with None everybody, has under a name."""
    query = _query().where(saved_view.c.folder_id == folder_id, _holder(account_id), saved_view.c.name == name)
    row = connection.execute(query).first()
    return ViewRow(**row._mapping) if row else None


def count(connection: Connection, folder_id: int, account_id: int | None) -> int:
    """Return how many views an account, or with None everybody, has in a folder."""
    query = select(func.count()).select_from(saved_view).where(saved_view.c.folder_id == folder_id, _holder(account_id))
    return int(connection.execute(query).scalar_one())


def chars(connection: Connection, folder_id: int, account_id: int | None) -> int:
    """Return how many characters the views have that an account, or with None everybody, has in a folder."""
    query = select(func.sum(func.length(saved_view.c.document)))
    query = query.where(saved_view.c.folder_id == folder_id, _holder(account_id))
    return int(connection.execute(query).scalar() or 0)


def put(connection: Connection, row: ViewRow) -> None:
    """Keep a view; with the row id 0 it is new."""
    values = msgspec.structs.asdict(row)
    row_id = values.pop("id")
    if row_id:
        connection.execute(update(saved_view).where(saved_view.c.id == row_id).values(**values))
    else:
        connection.execute(insert(saved_view).values(**values))


def remove(connection: Connection, row_id: int) -> None:
    """Delete a view."""
    connection.execute(delete(saved_view).where(saved_view.c.id == row_id))


def baselines(connection: Connection, folder_ids: Sequence[int]) -> dict[int, BaselineRow]:
    """Return the baselines of some folders by folder, unless their trials are in the trash."""
    query = (
        select(baseline.c.folder_id, trial.c.uid.label("trial_uid"), baseline.c.editor, baseline.c.updated_us)
        .join(trial, baseline.c.trial_id == trial.c.id)
        .where(baseline.c.folder_id.in_(folder_ids), trial.c.trashed_us.is_(None))
    )
    return {row.folder_id: BaselineRow(**row._mapping) for row in connection.execute(query)}


def set_baseline(connection: Connection, folder_id: int, trial_id: int | None, editor: str, now_us: int) -> None:
    """Choose the baseline of a folder, or none."""
    connection.execute(delete(baseline).where(baseline.c.folder_id == folder_id))
    if trial_id is not None:
        values = {"folder_id": folder_id, "trial_id": trial_id, "editor": editor, "updated_us": now_us}
        connection.execute(insert(baseline).values(**values))
