"""Counts, integrity and orphans: what the checks of a database read, without writing."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, exists, func, select, text

from aimd_server.stores import row_sums
from aimd_server.stores.schema import account, api_key, folder, journal, metadata, sealed_object, trial, trial_document
from aimd_server.stores.sqlite import VERSIONS


class Fault(msgspec.Struct, frozen=True):
    """A fault: where, and what."""

    where: str
    what: str


def is_answering(connection: Connection) -> bool:
    """Tell whether the database answers."""
    return connection.execute(select(1)).scalar() == 1


def rewrite_revision(connection: Connection) -> None:
    """Write what is there already, as a proof that the disk and the database take writes."""
    connection.execute(text(f"UPDATE {VERSIONS} SET version_num = version_num"))  # noqa: S608  a constant


def counts(connection: Connection) -> dict[str, int]:
    """Return the number of objects of each kind."""
    queries = {
        "users": select(func.count()).select_from(account),
        "keys": select(func.count()).select_from(api_key).where(api_key.c.revoked_us.is_(None)),
        "folders": select(func.count()).select_from(folder).where(folder.c.trashed_us.is_(None)),
        "trials": select(func.count()).select_from(trial).where(trial.c.trashed_us.is_(None)),
        "trashed": select(func.count()).select_from(trial).where(trial.c.trashed_us.is_not(None)),
        "objects": select(func.count()).select_from(sealed_object).where(sealed_object.c.journal_id.is_not(None)),
        "object_bytes": select(func.coalesce(func.sum(sealed_object.c.size), 0)),
        "journal_bytes": select(func.coalesce(func.sum(journal.c.next_offset), 0)),
    }
    return {name: int(connection.execute(query).scalar_one()) for name, query in queries.items()}


def engine_faults(connection: Connection) -> list[str]:
    """Return what the database engine finds wrong with its own file."""
    if connection.dialect.name != "sqlite":
        return []
    return row_sums.faults(connection)


def orphans(connection: Connection) -> list[Fault]:
    """Return rows that refer to missing rows."""
    orphaned = []
    for table in metadata.sorted_tables:
        for reference in table.foreign_keys:
            other = reference.column.table.alias("other")
            there = exists().where(other.c[reference.column.name] == reference.parent)
            query = select(func.count()).select_from(table).where(reference.parent.is_not(None), ~there)
            number = int(connection.execute(query).scalar_one())
            if number:
                what = f"{number} rows refer by {reference.parent.name} to a {reference.column.table.name} not there"
                orphaned.append(Fault(table.name, what))
    return orphaned


def misplaced_folders(connection: Connection) -> list[Fault]:
    """Return folders whose path is not their parent's path plus their name."""
    above = folder.alias("above")
    query = (
        select(folder.c.uid, folder.c.name, folder.c.path, above.c.path.label("above"))
        .join(above, folder.c.parent_id == above.c.id)
        .where(folder.c.trashed_us.is_(None))
    )
    return [
        Fault(f"folder {row.uid}", f"its path is {row.path!r}, not that of its place in the tree")
        for row in connection.execute(query)
        if row.path != f"{row.above.rstrip('/')}/{row.name}"
    ]


class DocumentPlace(msgspec.Struct, frozen=True):
    """A small file to check: its row and its trial."""

    trial_id: int
    trial: str
    file: str
    size: int
    digest: str


def documents(connection: Connection) -> Iterator[DocumentPlace]:
    """Yield all small files, without their bytes."""
    columns = (trial_document.c[name] for name in ("trial_id", "file", "size", "digest"))
    query = select(*columns, trial.c.uid.label("trial")).join(trial, trial_document.c.trial_id == trial.c.id)
    for row in connection.execute(query.order_by(trial_document.c.trial_id, trial_document.c.file)):
        yield DocumentPlace(**row._mapping)


class JournalPlace(msgspec.Struct, frozen=True):
    """A journal to check: its row, trial and file."""

    id: int
    trial: str
    file: str
    next_offset: int


def journals(connection: Connection) -> Iterator[JournalPlace]:
    """Yield all journals."""
    query = select(journal.c.id, trial.c.uid.label("trial"), journal.c.file, journal.c.next_offset)
    for row in connection.execute(query.join(trial, journal.c.trial_id == trial.c.id).order_by(journal.c.id)):
        yield JournalPlace(**row._mapping)
