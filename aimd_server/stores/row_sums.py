"""A checksum of every row in a SQLite file, so that `PRAGMA integrity_check` finds a flipped bit in any column.

SQLite has no checksums of its own, and most columns are stored once. So each table has an index on `row_sum` of all its
columns: SQLite maintains it, and its check computes each sum again and compares. It begins with the first column of the
primary key, in an expression that no query contains: rows that are written together stay together, and no query plan
uses the index. Only connections that know `row_sum` can write: those of `stores.sqlite`.
"""

from __future__ import annotations

import sqlite3
import zlib

import msgspec
from sqlalchemy import Connection, Table, create_engine, text
from sqlalchemy.exc import DBAPIError

from aimd_server.stores.schema import metadata

_PREFIX = "row_sum_"
_packed = msgspec.msgpack.Encoder().encode  # which tells types apart, and does not depend on the version of anything


def row_sum(*values: object) -> int:
    """Return the CRC-32 of a row's values."""
    return zlib.crc32(_packed(values))


def teach(connection: sqlite3.Connection) -> None:
    """Make `row_sum` known to a connection."""
    connection.create_function("row_sum", -1, row_sum, deterministic=True)


def make(connection: Connection) -> None:
    """Create the index of each table."""
    for table in metadata.sorted_tables:
        connection.exec_driver_sql(_statement(table))


def drop(connection: Connection) -> None:
    """Remove all indexes, so that tables can change."""
    query = f"SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE '{_PREFIX}%'"  # noqa: S608  a constant
    for name in list(connection.execute(text(query)).scalars()):
        connection.exec_driver_sql(f'DROP INDEX "{name}"')


def _statement(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    first = next(iter(table.primary_key.columns)).name
    return f'CREATE INDEX {_PREFIX}{table.name} ON "{table.name}" (+"{first}", row_sum({columns}))'


def statements(connection: Connection) -> dict[str, list[str]]:
    """Return the parts of the statement that made each table and index, in order, whatever order they stood in.

    A table that a migration made anew has its name in quotes.
    """
    columns = ", ".join(f"CAST({column} AS BLOB)" for column in ("name", "sql"))  # no UTF-8 once a bit has flipped
    rows = connection.execute(text(f"SELECT {columns} FROM sqlite_master WHERE sql IS NOT NULL"))  # noqa: S608  constants
    decoded = [[value.decode(errors="replace") for value in row] for row in rows]
    plain = [(name, sql.replace(f'CREATE TABLE "{name}"', f"CREATE TABLE {name}", 1)) for name, sql in decoded]
    return {name: sorted(part.strip().rstrip(",") for part in sql.splitlines()) for name, sql in plain}


def declared() -> dict[str, list[str]]:
    """Return what `statements` returns for a sound database."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            teach(connection.connection.dbapi_connection)  # type: ignore[arg-type]
            metadata.create_all(connection)
            make(connection)
            return statements(connection)
    finally:
        engine.dispose()


def faults(connection: Connection) -> list[str]:
    """Return what SQLite's own check finds, which includes rows with another sum, and statements that have changed."""
    try:
        rows = connection.execute(text("PRAGMA integrity_check(100)")).scalars()
        named = [str(row) for row in rows if row != "ok"]
    except DBAPIError as error:
        if "user-defined function" not in str(error.orig):
            raise
        return ["a row has text that is not UTF-8"]
    present = statements(connection)
    return named + [f"{name} is not as it was made" for name, made in declared().items() if present.get(name) != made]
