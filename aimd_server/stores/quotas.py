"""Quotas: how many bytes a folder with everything below may hold. One on the root of a tree is its owner's.

What counts are the bytes of files and media of trials and of objects of artifacts, each as often as something has it,
and those that were sent for a folder and are not in anything yet. Numbers, output, documents and notes do not count:
each of them has a limit of its own.
What is in the trash counts for its owner, who can still restore it, and for no folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from aimd_server.stores.folders import ROOT_PATH, below
from aimd_server.stores.postgres import lock_rows
from aimd_server.stores.schema import (
    account,
    artifact,
    artifact_part,
    artifact_upload,
    content,
    content_proof,
    content_upload,
    folder,
    quota,
    trial,
    trial_media_total,
    trial_tree,
)


class QuotaRow(msgspec.Struct, frozen=True):
    """A quota of `size` bytes on a folder of somebody's tree."""

    id: int
    folder_id: int
    owner_id: int
    owner: str
    path: str
    size: int


def _query() -> Select[tuple[object, ...]]:
    return (
        select(quota.c.id, quota.c.folder_id, folder.c.owner_id, account.c.name.label("owner"), folder.c.path)
        .add_columns(quota.c.size)
        .join(folder, folder.c.id == quota.c.folder_id)
        .join(account, account.c.id == folder.c.owner_id)
        .order_by(account.c.name, folder.c.path)
    )


def _rows(connection: Connection, query: Select[tuple[object, ...]]) -> list[QuotaRow]:
    return [QuotaRow(**row._mapping) for row in connection.execute(query)]


def all_of(connection: Connection) -> list[QuotaRow]:
    """Return all quotas by owner and path, but those of folders in the trash."""
    return _rows(connection, _query().where(folder.c.trashed_us.is_(None)))


def on_paths(connection: Connection, owner_id: int, paths: Sequence[str], lock: bool = False) -> list[QuotaRow]:
    """Return the quotas on the folders at some paths of a tree, from the root down.

    `lock` makes other replicas that want to add something wait until the transaction ends.
    """
    query = _query().where(folder.c.owner_id == owner_id, folder.c.path.in_(list(paths)))
    rows = _rows(connection, query)
    if lock and rows and connection.dialect.name != "sqlite":
        lock_rows(connection, quota, sorted(row.id for row in rows))
    return rows


def on_folders(connection: Connection, folder_ids: Sequence[int]) -> dict[int, QuotaRow]:
    """Return the quotas on some folders themselves, by the row id of the folder."""
    rows = _rows(connection, _query().where(quota.c.folder_id.in_(list(folder_ids))))
    return {row.folder_id: row for row in rows}


def put(connection: Connection, folder_id: int, size: int) -> None:
    """Set the quota of a folder in bytes."""
    if not connection.execute(update(quota).where(quota.c.folder_id == folder_id).values(size=size)).rowcount:
        connection.execute(insert(quota).values(folder_id=folder_id, size=size))


def remove(connection: Connection, folder_id: int) -> bool:
    """Remove the quota of a folder; tell whether there was one."""
    return connection.execute(delete(quota).where(quota.c.folder_id == folder_id)).rowcount > 0


def _total(connection: Connection, column: ColumnElement[Any], joined: Any, *conditions: ColumnElement[bool]) -> int:
    query = select(func.coalesce(func.sum(column), 0)).select_from(joined).where(*conditions)
    return int(connection.execute(query).scalar_one())


def used(connection: Connection, owner_id: int, path: str) -> int:
    """Return how many bytes count for the folder at a path of a tree."""
    inside = [folder.c.owner_id == owner_id, below(path)]
    there: list[ColumnElement[bool]] = []
    if path != ROOT_PATH:  # a folder in the trash has no path there
        there = [trial.c.trashed_us.is_(None)]
    total = _of_artifacts(connection, path, inside)
    for table in (trial_tree, trial_media_total):
        in_trial = table.join(trial, trial.c.id == table.c.trial_id).join(folder, folder.c.id == trial.c.folder_id)
        total += _total(connection, table.c.size, in_trial, *inside, *there)
    return total


def size_of_trial(connection: Connection, trial_id: int) -> int:
    """Return how many bytes of a trial count: those of its files and of its media."""
    tables = (trial_tree, trial_media_total)
    return sum(_total(connection, table.c.size, table, table.c.trial_id == trial_id) for table in tables)


def _of_artifacts(connection: Connection, path: str, inside: list[ColumnElement[bool]]) -> int:
    """Return how many bytes artifacts hold, with the parts of objects that have not arrived whole."""
    here = artifact.join(folder, folder.c.id == artifact.c.folder_id)
    there = inside if path == ROOT_PATH else [*inside, artifact.c.trashed_us.is_(None)]
    parts = here.join(artifact_upload, artifact_upload.c.artifact_id == artifact.c.id)
    parts = parts.join(artifact_part, artifact_part.c.upload_id == artifact_upload.c.id)
    parts = parts.join(content, content.c.id == artifact_part.c.content_id)
    return _total(connection, artifact.c.size, here, *there) + _total(connection, content.c.size, parts, *there)


def arriving(connection: Connection, owner_id: int, path: str) -> int:
    """Return how many bytes were sent, or are being sent, for the folder at a path, and are not in anything yet."""
    inside = [folder.c.owner_id == owner_id, below(path)]
    uploads = content_upload.join(folder, folder.c.id == content_upload.c.folder_id)
    proofs = content_proof.join(folder, folder.c.id == content_proof.c.folder_id)
    proofs = proofs.join(content, content.c.id == content_proof.c.content_id)
    return _total(connection, content_upload.c.size, uploads, *inside) + _total(
        connection, content.c.size, proofs, *inside
    )
