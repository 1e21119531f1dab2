"""`aimd artifact upload`, `download` and `verify`: the result for each artifact."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.words import note, shown
from aimd_core.format.wording import short_digest, short_id
from aimd_core.language import joined, said

if TYPE_CHECKING:  # what a pipe needs loads no Rich
    from collections.abc import Mapping

    from rich.console import RenderableType

    from aimd_core.format.model import StoredObject

_STYLES = {"uploaded": "green", "downloaded": "green", "unchanged": "dim", "failed": "bold yellow"}


class ArtifactOutcome(NamedTuple):
    """The result for an artifact.

    Attributes:
        name: The name of its repo.
        id: Its id, or empty.
        outcome: `uploaded`, `downloaded`, `unchanged` or `failed`.
        version: Its version on the server, or empty.
        location: The path of its repo on the server, or its directory here.
        address: Where to see it in the console, or empty.
        bytes: How many bytes went or came.
        note: What else is worth knowing, or why it failed.
    """

    name: str
    id: str
    outcome: str
    version: str
    location: str
    address: str
    bytes: int
    note: str


class ArtifactReport:
    """The results for all artifacts."""

    def __init__(self, rows: list[ArtifactOutcome]) -> None:
        self.rows = rows

    def summary(self) -> str:
        """Return how many artifacts had each outcome."""
        counts = Counter(row.outcome for row in self.rows)
        told = [said("{count} {outcome}", count=counts[name], outcome=said(name)) for name in _STYLES if counts[name]]
        return joined(", ", told)

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per artifact."""
        from aimd_cli.views.table import Column, Table

        columns = [Column("OUTCOME"), Column("NAME"), Column("VERSION"), Column("ID", priority=1, style="cyan")]
        table = Table([*columns, Column("PATH", priority=2), Column("NOTE", priority=3)])
        for row in self.rows:
            outcome = (shown(row.outcome), _STYLES.get(row.outcome, ""))
            cells = [text.clean(row.name), text.clean(row.version), text.clean(row.id), text.clean(row.location)]
            table.add(outcome, *cells, shown(row.note))
        table.drop_empty("VERSION", "ID", "PATH", "NOTE")  # a note is also a warning, so it may be left out
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per artifact."""
        return [list(ArtifactOutcome._fields), *([*map(str, row)] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the outcomes as plain data."""
        return {"artifacts": [row._asdict() for row in self.rows]}


class ArtifactFault(NamedTuple):
    """What was compared of an artifact: an object by its key, its size in bytes, and what is wrong, or empty."""

    name: str
    id: str
    key: str
    size_bytes: int
    fault: str


class VerifiedArtifacts:
    """Artifacts whose bytes were read."""

    def __init__(self, rows: list[ArtifactFault], total: int, size_bytes: int) -> None:
        self.rows = rows
        self.total = total
        self.size_bytes = size_bytes

    def rich(self, width: int) -> RenderableType:
        """Return a table of faults, and what was read."""
        from rich.console import Group

        from aimd_cli.views.table import Column, Table

        table = Table([Column("NAME"), Column("ID", priority=1, style="cyan"), Column("OBJECT"), Column("RESULT")])
        ids = {row.id for row in self.rows}
        is_short = len({short_id(each) for each in ids}) == len(ids)
        for row in self.rows:
            fault = (shown(row.fault), "bold yellow")
            row_id = short_id(row.id) if is_short else row.id
            table.add(text.clean(row.name), text.clean(row_id), text.clean(row.key), fault)
        s = "s" * (self.total != 1)
        read = said("{total} artifact{s} read, {size}", total=self.total, s=s, size=text.size(self.size_bytes))
        return Group(table.rich(width), note(read, style="dim")) if self.rows else note(read, style="dim")

    def lines(self) -> list[list[str]]:
        """Return the header and one row per fault."""
        return [list(ArtifactFault._fields), *([*map(str, row)] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return faults and totals as plain data."""
        faults = [row._asdict() for row in self.rows]
        return {"faults": faults, "artifacts": self.total, "size_bytes": self.size_bytes}


class ObjectDifference(NamedTuple):
    """An object or a reference in which two artifacts differ.

    Attributes:
        key: Its key.
        change: `added`, `removed`, `changed`, or `unknown` if its digest is not known.
        before: Its size in bytes or its URI in the first, or empty.
        after: Likewise in the second.
        before_digest: Its SHA-256 in the first, or empty.
        after_digest: Likewise in the second.
    """

    key: str
    change: str
    before: str
    after: str
    before_digest: str = ""
    after_digest: str = ""


def differences(
    first: Mapping[str, StoredObject],
    second: Mapping[str, StoredObject],
    first_references: Mapping[str, str],
    second_references: Mapping[str, str],
) -> list[ObjectDifference]:
    """Return in which objects and references two artifacts differ, by key."""
    rows = []
    for key in sorted(first.keys() | second.keys()):
        before, after = first.get(key), second.get(key)
        change = _change(before, after)
        if change:
            sizes = ["" if item is None else str(item.size_bytes) for item in (before, after)]
            digests = ["" if item is None else item.digest or "" for item in (before, after)]
            rows.append(ObjectDifference(key, change, *sizes, *digests))
    for key in sorted(first_references.keys() | second_references.keys()):
        uris = first_references.get(key, ""), second_references.get(key, "")
        if uris[0] != uris[1]:
            rows.append(ObjectDifference(key, "added" if not uris[0] else "changed" if uris[1] else "removed", *uris))
    return rows


def _change(before: StoredObject | None, after: StoredObject | None) -> str:
    if before is None or after is None:
        return "added" if before is None else "removed"
    if before.size_bytes != after.size_bytes:
        return "changed"
    if before.digest is None or after.digest is None:
        return "unknown"
    return "" if before.digest == after.digest else "changed"


class ArtifactDiff:
    """In what two artifacts differ."""

    def __init__(self, rows: list[ObjectDifference]) -> None:
        self.rows = rows

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per difference."""
        from aimd_cli.views.table import Column, Table

        if not self.rows:
            return note("They have the same objects and references.", style="dim")
        table = Table([Column("CHANGE"), Column("OBJECT"), Column("BEFORE", right=True), Column("AFTER", right=True)])
        for row in self.rows:
            sides = [_side(row.before, row.before_digest), _side(row.after, row.after_digest)]
            table.add((shown(row.change), _CHANGES[row.change]), text.clean(row.key), *sides)
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per difference."""
        return [list(ObjectDifference._fields), *(list(row) for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the differences as plain data."""
        return {"differences": [row._asdict() for row in self.rows]}


def _side(size_or_uri: str, digest: str) -> str:
    """Return what one artifact has: a URI, or a size with the beginning of the digest, by which equal sizes differ."""
    if not size_or_uri.isdigit():
        return text.clean(size_or_uri)
    return f"{text.size(int(size_or_uri))}  {short_digest(digest)}".rstrip()


_CHANGES = {"added": "green", "removed": "red", "changed": "yellow", "unknown": "dim"}
