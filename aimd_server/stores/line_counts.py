"""How many newlines precede the ends of a journal's blocks, as far as somebody has asked: bytes of journals stay."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select

from aimd_server.stores.schema import journal_lines

BLOCK_BYTES = 1 << 20


def before_offset(connection: Connection, journal_id: int, offset: int) -> tuple[int, int]:
    """Return the end of the last counted block that ends at or before an offset, and how many newlines precede it."""
    return _last(connection, journal_id, journal_lines.c.number < offset // BLOCK_BYTES)


def before_newline(connection: Connection, journal_id: int, count: int) -> tuple[int, int]:
    """Return the end of the last counted block with fewer newlines than `count` before it, and how many they are."""
    return _last(connection, journal_id, journal_lines.c.lines < count)


def _last(connection: Connection, journal_id: int, condition: object) -> tuple[int, int]:
    query = select(journal_lines.c.number, journal_lines.c.lines).where(
        journal_lines.c.journal_id == journal_id,
        condition,  # type: ignore[arg-type]
    )
    row = connection.execute(query.order_by(journal_lines.c.number.desc()).limit(1)).first()
    return (0, 0) if row is None else ((int(row[0]) + 1) * BLOCK_BYTES, int(row[1]))


def add(connection: Connection, journal_id: int, counts: Mapping[int, int]) -> None:
    """Store how many newlines precede the ends of blocks, by their numbers, unless somebody else has."""
    query = select(func.max(journal_lines.c.number)).where(journal_lines.c.journal_id == journal_id)
    last = connection.execute(query).scalar()
    rows = [
        {"journal_id": journal_id, "number": number, "lines": lines}
        for number, lines in counts.items()
        if last is None or number > last
    ]
    if rows:
        connection.execute(insert(journal_lines), rows)
