"""Copies all rows of a database to an empty one, in one transaction, and compares what arrived.

It is all or nothing: if killed in between, the target has its schema but no rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Select, Table, bindparam, delete, func, insert, select, text, update

from aimd_server.stores.postgres import take_time
from aimd_server.stores.schema import NUL_AS, account, epoch, metadata

_ROWS_AT_ONCE = 500


class DiffersError(Exception):
    """A table differs from the one that was read."""


class Copied(msgspec.Struct, frozen=True):
    """A copied table: the number of its rows, and their digest, which is equal on both sides."""

    table: str
    rows: int
    digest: str


def is_empty(connection: Connection) -> bool:
    """Tell whether a database has no account, and so nothing at all."""
    return connection.execute(select(account.c.id).limit(1)).first() is None


def copy_all(source: Connection, target: Connection) -> list[Copied]:
    """Copy all tables and compare them.

    Raises:
        DiffersError: A table changed on the way.
    """
    for connection in (source, target):
        take_time(connection)  # each connection waits while the other is read
    target.execute(delete(epoch))  # of a target that was started once, and has nothing else
    copied = []
    for table in metadata.sorted_tables:
        sent = _copy(source, target, table)
        arrived = _digest_of(target, table)
        if sent != arrived:
            raise DiffersError(f"table {table.name}: {sent.rows} rows left, {arrived.rows} arrived, or they differ")
        copied.append(sent)
    _follow_ids(target)
    return copied


def _copy(source: Connection, target: Connection, table: Table) -> Copied:
    """Copy a table; references within the table are written once all rows exist."""
    to_itself = [column for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    seen, count = hashlib.sha256(), 0
    links: list[dict[str, Any]] = []
    for rows in _batches(source, table):
        for row in rows:
            _take(seen, table, row)
        links += [
            _link(table, to_itself, row)
            for row in rows
            if any(row[reference.name] is not None for reference in to_itself)
        ]
        target.execute(insert(table), [row | {reference.name: None for reference in to_itself} for row in rows])
        count += len(rows)
    if links:
        values: dict[Any, Any] = {reference: bindparam(f"new_{reference.name}") for reference in to_itself}
        target.execute(update(table).where(table.c.id == bindparam("row_id")).values(values), links)
    return Copied(table.name, count, seen.hexdigest())


def _link(table: Table, columns: list[Column[Any]], row: dict[str, Any]) -> dict[str, Any]:
    return {"row_id": row["id"], **{f"new_{reference.name}": row[reference.name] for reference in columns}}


def _digest_of(connection: Connection, table: Table) -> Copied:
    seen, count = hashlib.sha256(), 0
    for rows in _batches(connection, table):
        for row in rows:
            _take(seen, table, row)
        count += len(rows)
    return Copied(table.name, count, seen.hexdigest())


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    query: Select[Any] = select(table).order_by(*table.primary_key.columns)
    result = connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
    for rows in result.mappings().partitions():
        yield [{column.name: row[column.name] for column in table.columns} for row in rows]


def _take(seen: Any, table: Table, row: dict[str, Any]) -> None:
    """Add a row to a digest in the form that both engines agree on."""
    for column in table.columns:
        value = row[column.name]
        if isinstance(value, (bytes, memoryview)):
            seen.update(b"b%d:" % len(value))
            seen.update(value)
        else:
            shown = value.replace("\0", NUL_AS) if isinstance(value, str) else value
            seen.update(f"{shown!r};".encode("utf-8", "surrogatepass"))


def _follow_ids(connection: Connection) -> None:
    """Make new ids begin after the copied ones, as SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if "id" in table.c and table.c.id.primary_key:
            highest = connection.execute(select(func.max(table.c.id))).scalar()
            if highest is not None:
                values = {"name": f'"{table.name}"', "highest": highest}
                connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"), values)
