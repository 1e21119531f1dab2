"""`aimd trial trash ls`: what could be restored. Pure."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NamedTuple

from rich.console import Group, RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import note, shown
from aimd_core.language import said


class TrashRow(NamedTuple):
    """A trial in the trash.

    Attributes:
        name: Its alternative name.
        removed_s: When it was removed, in seconds since the epoch.
        size_bytes: The size of its files.
        origin: Where it would be restored to.
    """

    name: str
    removed_s: float
    size_bytes: int
    origin: str


class TrashList:
    """The trials in a trash."""

    def __init__(self, rows: list[TrashRow], now: datetime | None = None) -> None:
        self.rows = rows
        self.now = now or datetime.now(timezone.utc)

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per trial, and the sum."""
        if not self.rows:
            return note("The trash is empty.", style="dim")
        table = Table(
            [Column("NAME"), Column("REMOVED", right=True, priority=2), Column("SIZE", right=True, priority=3)]
        )
        for row in self.rows:
            ago = said("{age} ago", age=text.age(self.now.timestamp() - row.removed_s))
            table.add(text.clean(row.name), shown(ago), text.size(row.size_bytes))
        total = text.size(sum(row.size_bytes for row in self.rows))
        return Group(
            table.rich(width),
            note(said("{count} in the trash, {total}", count=len(self.rows), total=total), style="dim"),
        )

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        rows = [[row.name, self._removed(row), str(row.size_bytes), row.origin] for row in self.rows]
        return [["name", "removed", "size_bytes", "origin"], *rows]

    @staticmethod
    def _removed(row: TrashRow) -> str:
        return datetime.fromtimestamp(row.removed_s, timezone.utc).isoformat(timespec="seconds")

    def document(self) -> dict[str, object]:
        """Return the trials as plain data."""
        return {"trash": [{**row._asdict(), "removed": self._removed(row)} for row in self.rows]}
