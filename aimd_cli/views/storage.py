"""`aimd du` and `aimd gc`: what is kept, and what was removed. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import RenderableType
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.table import TEXT, Column, Table
from aimd_cli.views.words import shown


class HolderRow(NamedTuple):
    """What holds files: `trial`, `artifact` or `trash`, its name, its files, their bytes, and those only it has."""

    kind: str
    name: str
    files: int
    size_bytes: int
    own_bytes: int


class UsageReport:
    """What a working directory keeps."""

    def __init__(self, rows: list[HolderRow], total_bytes: int, unused: int, unused_bytes: int) -> None:
        """Take the holders, all bytes, and the objects that nothing refers to, with their bytes."""
        self.rows = rows
        self.total_bytes = total_bytes
        self.unused = unused
        self.unused_bytes = unused_bytes

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per holder."""
        table = Table(
            [
                Column("SIZE", right=True),
                Column("OWN", right=True, priority=1),
                Column("FILES", right=True, priority=2),
                Column("KIND", priority=3),
                Column("NAME", form=TEXT, least=20, bare=True),
            ]
        )
        for row in self.rows:
            sizes = (text.size(row.size_bytes), text.size(row.own_bytes))
            table.add(*sizes, f"{row.files:,}", shown(row.kind), text.clean(row.name))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per holder."""
        return [list(HolderRow._fields), *([*map(str, row)] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return all of it as plain data."""
        return {
            "holders": [row._asdict() for row in self.rows],
            "total_bytes": self.total_bytes,
            "unused": {"objects": self.unused, "size_bytes": self.unused_bytes},
        }


class CollectionReport:
    """What a collection removed, or would, and how many objects it kept because they are new."""

    def __init__(self, objects: int, size_bytes: int, kept: int, dry_run: bool) -> None:
        self.facts = {"objects": objects, "size_bytes": size_bytes, "kept": kept, "dry_run": dry_run}

    def rich(self, width: int) -> RenderableType:
        """Return nothing: it is said in a sentence."""
        return Text("")

    def lines(self) -> list[list[str]]:
        """Return one row."""
        return [list(self.facts), [str(fact) for fact in self.facts.values()]]

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return dict(self.facts)
