"""`aimd trial upload --check` and `aimd artifact upload --check`: what differs between here and the server."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table, with_notes
from aimd_cli.views.words import shown


class CheckRow(NamedTuple):
    """A trial or an artifact that is equal, or a file that differs. Sizes in bytes, None if it is absent."""

    name: str
    outcome: str
    file: str
    local_bytes: int | None
    remote_bytes: int | None
    note: str


class CheckReport:
    """The result of a comparison."""

    def __init__(self, rows: list[CheckRow], what: str = "TRIAL") -> None:
        """Take the rows, and the heading of what they are of."""
        self.rows = rows
        self.what = what

    def rich(self, width: int) -> RenderableType:
        """Return a table with a row for each that is equal and each file that differs."""
        columns = [Column("OUTCOME"), Column(self.what), Column("FILE", priority=1), Column("HERE", 3, right=True)]
        table = Table([*columns, Column("THERE", 4, right=True), Column("NOTE", priority=2)])
        for row in self.rows:
            style = "green" if row.outcome == "same" else "bold yellow"
            sizes = ["" if size is None else text.size(size) for size in (row.local_bytes, row.remote_bytes)]
            table.add((shown(row.outcome), style), text.clean(row.name), row.file, *sizes, shown(row.note))
        table.drop_empty("FILE", "HERE", "THERE", "NOTE")
        notes = [(f"{row.name} {row.file}".rstrip(), row.note) for row in self.rows]
        return with_notes(table, width, ("FILE", "NOTE"), notes)

    def lines(self) -> list[list[str]]:
        """Return the header and the rows."""
        shown = [["" if field is None else str(field) for field in row] for row in self.rows]
        return [list(CheckRow._fields), *shown]

    def document(self) -> dict[str, object]:
        """Return the rows as plain data."""
        return {"checks": [row._asdict() for row in self.rows]}
