"""`aimd trial views ls`: saved views. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aimd_cli import text

if TYPE_CHECKING:
    from rich.console import RenderableType


class ViewRow(NamedTuple):
    """A saved view: its name, its document, and unless it is in a directory, whose it is and of which folder."""

    name: str
    fields: Mapping[str, Any]
    origin: str = ""

    def cells(self) -> list[str]:
        """Return what a table shows of it."""
        query, sort, columns, groups = (self.fields.get(key, "") for key in ("query", "sort", "columns", "group_by"))
        return [self.name, query, sort, columns, ",".join(self.fields.get("charts", ())), groups, self.origin]


class ViewList:
    """The views of a directory or of a folder."""

    def __init__(self, rows: Sequence[ViewRow]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per view."""
        from aimd_cli.views.table import Column, Table

        heads = ("VIEW", "QUERY", "SORT", "COLUMNS", "CHARTS", "GROUPS", "OF")
        table = Table([Column(head) for head in heads])
        for row in self.rows:
            name, *others = row.cells()
            table.add(*(text.clean(field) for field in (f"@{name}", *others)))
        table.drop_empty(*heads[2:])
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per view."""
        return [["name", "query", "sort", "columns", "charts", "group_by", "of"], *(row.cells() for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the views as plain data, by name."""
        return {"views": {row.name: dict(row.fields) for row in self.rows}}
