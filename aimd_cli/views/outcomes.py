"""Small lists: what was done with each trial, what is in the trash, who may use a server, what a trial printed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import note, shown
from aimd_core.format.wording import short_id
from aimd_core.language import said

_STYLES = {"failed": "bold yellow", "unchanged": "dim", "would be removed": "yellow", "would be deleted": "yellow"}


class Outcome(NamedTuple):
    """The result for a trial.

    Attributes:
        trial: Its alternative name.
        outcome: One or two words.
        detail: Where it is now, its tags, or why it failed.
    """

    trial: str
    outcome: str
    detail: str = ""


class Outcomes:
    """The results for all trials."""

    def __init__(self, rows: list[Outcome], subject: str = "TRIAL") -> None:
        """Take the results, and the heading of what they are about."""
        self.rows = rows
        self.subject = subject

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per trial."""
        table = Table([Column("OUTCOME"), Column(self.subject), Column("DETAIL")])
        for row in self.rows:
            table.add((shown(row.outcome), _STYLES.get(row.outcome, "green")), text.clean(row.trial), shown(row.detail))
        table.drop_empty("DETAIL")
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        return [["name", "outcome", "detail"], *([row.trial, row.outcome, row.detail] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the outcomes as plain data."""
        return {"outcomes": [row._asdict() for row in self.rows]}


class DownloadRow(NamedTuple):
    """The result for a trial: `downloaded` or `failed`, where it is or why not, and how many bytes came."""

    name: str
    outcome: str
    path: str
    note: str
    received_bytes: int = 0


class DownloadReport:
    """The results for all trials."""

    def __init__(self, rows: list[DownloadRow], directory: str) -> None:
        self.rows = rows
        self.directory = directory

    @property
    def received_bytes(self) -> int:
        """How many bytes came, of all trials."""
        return sum(row.received_bytes for row in self.rows)

    def summary(self) -> dict[str, object]:
        """Return how many trials had each outcome, how many bytes came, and to where."""
        counts = Counter(row.outcome for row in self.rows)
        return {
            "downloaded": counts["downloaded"],
            "failed": counts["failed"],
            "received_bytes": self.received_bytes,
            "directory": self.directory,
        }

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per trial."""
        table = Table([Column("OUTCOME"), Column("TRIAL"), Column("PATH"), Column("NOTE")])
        for row in self.rows:
            style = "green" if row.outcome == "downloaded" else "bold yellow"
            table.add((shown(row.outcome), style), text.clean(row.name), text.clean(row.path), shown(row.note))
        table.drop_empty("PATH", "NOTE")
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        header = ["name", "outcome", "path", "note", "received_bytes"]
        return [header, *([*map(str, row)] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the outcomes as plain data."""
        return {"downloads": [row._asdict() for row in self.rows], "summary": self.summary()}


class TrashRow(NamedTuple):
    """A trial in the trash.

    Attributes:
        name: Its alternative name.
        id: Its id, or empty.
        removed_s: When it was removed, in seconds since the epoch.
        size_bytes: The size of its files, or None if a server does not say.
        origin: Where it would be restored to.
    """

    name: str
    id: str
    removed_s: float
    size_bytes: int | None
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
        sizes = [row.size_bytes for row in self.rows if row.size_bytes is not None]
        columns = [Column("NAME"), Column("ID", priority=1), Column("REMOVED", right=True, priority=2)]
        table = Table([*columns, *([Column("SIZE", right=True, priority=3)] if sizes else [])])
        for row in self.rows:
            ago = said("{age} ago", age=text.age(self.now.timestamp() - row.removed_s))
            size = [] if row.size_bytes is None else [text.size(row.size_bytes)]
            table.add(text.clean(row.name), text.clean(short_id(row.id)), shown(ago), *size)
        count = len(self.rows)
        total = said("{count} in the trash, {total}", count=count, total=text.size(sum(sizes)))
        return Group(
            table.rich(width), note(total if sizes else said("{count} in the trash", count=count), style="dim")
        )

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        sizes = ["" if row.size_bytes is None else str(row.size_bytes) for row in self.rows]
        rows = [
            [row.name, self._removed(row), size, row.origin, row.id] for row, size in zip(self.rows, sizes, strict=True)
        ]
        return [["name", "removed", "size_bytes", "origin", "id"], *rows]

    @staticmethod
    def _removed(row: TrashRow) -> str:
        return datetime.fromtimestamp(row.removed_s, timezone.utc).isoformat(timespec="seconds")

    def document(self) -> dict[str, object]:
        """Return the trials as plain data."""
        return {"trash": [{**row._asdict(), "removed": self._removed(row)} for row in self.rows]}


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


class Printed:
    """Lines that a trial printed, already safe for a terminal."""

    def __init__(self, trial: str, printed: list[str]) -> None:
        self.trial = trial
        self.printed = printed

    def rich(self, width: int) -> RenderableType:
        """Return the lines; the terminal wraps them."""
        return Text("\n".join(self.printed))

    def lines(self) -> list[list[str]]:
        """Return one field per line."""
        return [[line] for line in self.printed]

    def document(self) -> dict[str, object]:
        """Return the lines as plain data."""
        return {"trial": self.trial, "lines": self.printed}
