"""Users, keys and groups of a server, and the faults found by a check: rows of named fields."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import note
from aimd_core.language import said


class PeopleList:
    """Rows of one kind, with the most important fields first."""

    def __init__(self, kind: str, fields: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
        self.kind = kind
        self.fields = fields
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping its last columns."""
        if not self.rows:
            return note(said("no {kind}", kind=said(self.kind)), style="dim")
        table = Table([Column(name.upper(), priority=number) for number, name in enumerate(self.fields)])
        for row in self.rows:
            table.add(*(_cell(row[name]) for name in self.fields))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and the rows."""
        return [list(self.fields), *([_cell(row[name]) for name in self.fields] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {self.kind: self.rows}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return text.clean(", ".join(map(str, value)))
    return text.parameter(value)
