"""`aimd config` and `aimd login --status`: settings and servers. Keys are always masked."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import RenderableType

from aimd_cli.text import clean
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import shown


class SettingRow(NamedTuple):
    """The effective value of a setting; see `aimd_core.settings.InForce`."""

    key: str
    value: str
    source: str
    origin: str
    overrides: str


class SettingList:
    """Every setting, its value and which source won."""

    def __init__(self, rows: list[SettingRow], show_origin: bool) -> None:
        self.rows = rows
        self.show_origin = show_origin

    def _titles(self) -> list[str]:
        return ["key", "value", "source", *(["origin", "overrides"] if self.show_origin else [])]

    def _cells(self, row: SettingRow) -> list[str]:
        return [row.key, row.value, row.source, *([row.origin, row.overrides] if self.show_origin else [])]

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per setting."""
        priorities = {"overrides": 2, "source": 1}
        table = Table([Column(title.upper(), priorities.get(title, 0)) for title in self._titles()])
        for row in self.rows:
            cells = [clean(cell) for cell in self._cells(row)]
            table.add(cells[0], cells[1] or (shown("not set"), "dim"), *cells[2:])
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per setting."""
        return [self._titles(), *(self._cells(row) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return all facts of each setting."""
        return {"settings": [row._asdict() for row in self.rows]}


class HostRow(NamedTuple):
    """A known server.

    Attributes:
        host: Its address.
        active: Whether commands use it by default.
        has_key: Whether a key for it is saved.
        name: Its short name, or empty.
    """

    host: str
    active: bool
    has_key: bool
    name: str


class HostList:
    """The known servers."""

    def __init__(self, rows: list[HostRow]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per server."""
        named = any(row.name for row in self.rows)
        table = Table([Column(""), *([Column("NAME")] if named else []), Column("HOST"), Column("KEY", priority=1)])
        for row in self.rows:
            key = (shown("saved"), "") if row.has_key else (shown("none"), "dim")
            names = [clean(row.name)] if named else []
            table.add(("*", "bold green") if row.active else " ", *names, clean(row.host), key)
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per server."""
        rows = [[row.host, str(row.active).lower(), str(row.has_key).lower(), row.name] for row in self.rows]
        return [["host", "active", "has_key", "name"], *rows]

    def document(self) -> dict[str, object]:
        """Return the servers as plain data."""
        return {"hosts": [row._asdict() for row in self.rows]}


class SignIn:
    """Who is signed in where, and where that is stored."""

    def __init__(self, facts: dict[str, str]) -> None:
        self.facts = facts

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per fact."""
        table = Table([Column("FACT"), Column("VALUE")])
        for name, value in self.facts.items():
            table.add((shown(name.replace("_", " ")), "dim"), clean(value))
        return table.rich(width, header=False)

    def lines(self) -> list[list[str]]:
        """Return a header and one row."""
        return [list(self.facts), list(self.facts.values())]

    def document(self) -> dict[str, object]:
        """Return the facts as plain data."""
        return dict(self.facts)


class Entry:
    """A single value."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def rich(self, width: int) -> RenderableType:
        """Return the value."""
        from rich.text import Text

        return Text(clean(self.value), overflow="fold")

    def lines(self) -> list[list[str]]:
        """Return only the value, so that a script can use it directly."""
        return [[self.value]]

    def document(self) -> dict[str, object]:
        """Return the value under its name."""
        return {self.name: self.value}
