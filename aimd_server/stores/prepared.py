"""Statements that are run many times a second: compiled once for each engine, and run by the driver as they are.

What SQLAlchemy does for a statement besides costs more than the few rows that it is about. So parameters are what the
driver takes: numbers, bytes, and text without NUL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Executable, bindparam

Statement = Any  # an Executable that can be compiled


class PreparedStatement:
    """A statement with named parameters."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def _text(self, connection: Connection) -> tuple[str, Sequence[str] | None]:
        """Return the text for an engine, and the order of its parameters where they have no names."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            made = self._statement.compile(dialect=dialect)
            compiled = self._compiled[dialect.name] = (made.string, made.positiontup if made.positional else None)
        return compiled

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each row of parameters, in one call."""
        text, order = self._text(connection)
        if order is None:
            given: Any = [dict(row) for row in rows]
        else:
            given = [tuple([row[name] for name in order]) for row in rows]
        if given:
            connection.exec_driver_sql(text, given)

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows of a query."""
        text, order = self._text(connection)
        given: Any = dict(parameters) if order is None else tuple([parameters[name] for name in order])
        return connection.exec_driver_sql(text, given).all()


class PreparedForList:
    """A query about the members of a list: one statement for each power of two of members."""

    def __init__(self, make: Callable[[list[BindParameter[Any]]], Executable]) -> None:
        """Take a function that makes the query for so many parameters."""
        self._make = make
        self._sizes: dict[int, PreparedStatement] = {}

    def rows(self, connection: Connection, members: Sequence[Any], **others: Any) -> Sequence[Any]:
        """Return the rows of the query for these members, and for its other parameters by name."""
        if not members:
            return []
        size = 1 << (len(members) - 1).bit_length()
        query = self._sizes.get(size)
        if query is None:
            query = self._sizes[size] = PreparedStatement(
                self._make([bindparam(f"m{number}") for number in range(size)])
            )
        padded = [*members, *[members[-1]] * (size - len(members))]
        return query.rows(connection, {**others, **{f"m{number}": member for number, member in enumerate(padded)}})
