"""Folders of a server: as a table, as a tree, and with whom they are shared."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import note, shown
from aimd_core.language import said

Row = dict[str, Any]
_FIELDS = ("path", "id", "trials", "owner", "role", "updated")


def _cell(value: object) -> str:
    return "" if value is None else text.clean(str(value))


def _line(row: Row, fields: tuple[str, ...]) -> list[str]:
    return ["" if row.get(name) is None else str(row[name]) for name in fields]


class FolderList:
    """The folders in a folder."""

    def __init__(self, rows: list[Row], location: str) -> None:
        self.rows = rows
        self.location = location

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping columns."""
        columns = [Column("NAME"), Column("TRIALS", priority=1, right=True), Column("OWNER", priority=3)]
        table = Table([*columns, Column("ROLE", priority=4), Column("ID", priority=2, style="cyan")])
        for row in self.rows:
            table.add(*(_cell(row.get(name)) for name in ("name", "trials", "owner", "role", "id")))
        count = said(
            "{count} folder{s} in {place}",
            count=len(self.rows),
            s="" if len(self.rows) == 1 else "s",
            place=self.location,
        )
        return Group(table.rich(width), note(count, style="dim")) if self.rows else note(count, style="dim")

    def lines(self) -> list[list[str]]:
        """Return the header and one row per folder."""
        return [list(_FIELDS), *(_line(row, _FIELDS) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the folders as plain data."""
        return {"folders": self.rows}


class FolderTree(FolderList):
    """The folders below a folder, drawn as a tree."""

    def __init__(self, top: Row, rows: list[Row]) -> None:
        super().__init__(rows, str(top["path"]))
        self.top = top

    def rich(self, width: int) -> RenderableType:
        """Return the tree; a path with missing parents is attached to its nearest one."""
        drawn = Tree(Text(text.clean(self.location), style="bold"))
        nodes = {self.location.rstrip("/"): drawn}
        for row in self.rows:
            above = str(row["path"]).rpartition("/")[0]
            while above not in nodes and above:
                above = above.rpartition("/")[0]
            label = Text(text.clean(str(row["name"])))
            if row.get("trials"):
                count = said("  {trials} trial{s}", trials=row["trials"], s="" if row["trials"] == 1 else "s")
                label.append(shown(count), style="dim")
            nodes[str(row["path"])] = nodes.get(above, drawn).add(label)
        return drawn


class SharedList:
    """What others share with the user."""

    fields = ("kind", "path", "name", "owner", "role", "id")

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return the table."""
        if not self.rows:
            return note("nothing is shared with you", style="dim")
        first = [Column("KIND", priority=2), Column("PATH", priority=1), Column("NAME")]
        table = Table([*first, Column("OWNER"), Column("ROLE"), Column("ID", style="cyan")])
        for row in self.rows:
            table.add(*(_cell(row.get(name)) for name in self.fields))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per object."""
        return [list(self.fields), *(_line(row, self.fields) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {"items": self.rows}


class ShareList:
    """The shares of a folder."""

    fields = ("id", "with", "kind", "role", "created", "expires")

    def __init__(self, shares: list[Row]) -> None:
        self.shares = shares
        self.rows = [
            {
                **row,
                "with": row["user"] or row["group"] or "anyone with the key",
                "kind": "user" if row["user"] else "group" if row["group"] else "link",
            }
            for row in shares
        ]

    def rich(self, width: int) -> RenderableType:
        """Return the table."""
        if not self.rows:
            return note("not shared with anyone", style="dim")
        last = [Column("ROLE"), Column("CREATED", priority=2), Column("EXPIRES", priority=1)]
        table = Table([Column("NUMBER", right=True), Column("WITH"), Column("KIND", priority=3), *last])
        for row in self.rows:
            table.add(*(_cell(row.get(name)) for name in self.fields))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per share."""
        return [list(self.fields), *(_line(row, self.fields) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return them as plain data."""
        return {"shares": self.shares}
