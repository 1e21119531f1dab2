"""Artifacts: as a table, and one or several in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import text
from aimd_cli.views.rows import local_time
from aimd_cli.views.words import note, shown
from aimd_core.format.wording import short_digest, short_id
from aimd_core.language import said

if TYPE_CHECKING:  # what a pipe needs loads no Rich
    from rich.console import RenderableType

    from aimd_core.reading.artifact_facts import ArtifactFacts

_FIELDS = ("name", "id", "commit", "version", "created")
_MORE_FIELDS = ("type", "aliases", "editor", "objects", "size_bytes")


def document_of(row: ArtifactFacts) -> dict[str, object]:
    """Return an artifact as plain data."""
    objects = [{"key": item.key, "size_bytes": item.size_bytes, "digest": item.digest} for item in row.objects or []]
    told = {key: facts.document() for key, facts in row.reference_facts.items()}
    return {**row._asdict(), "objects": objects, "reference_facts": told}


def _values(row: ArtifactFacts) -> dict[str, str]:
    return {
        "name": row.name,
        "id": row.id,
        "commit": row.commit or "",
        "version": row.version or "",
        "created": row.created or "",
        "type": row.type,
        "aliases": ", ".join(row.aliases),
        "editor": row.editor or "",
        "objects": str(row.object_count),
        "size_bytes": str(row.size_bytes),
        "path": row.location,
    }


class ArtifactList:
    """Artifacts as rows."""

    def __init__(self, rows: list[ArtifactFacts], detail: bool, on_server: bool = False) -> None:
        """Take the artifacts, whether to show what most lists leave out, and whether they are on a server."""
        self.rows = rows
        self.detail = detail
        self.on_server = on_server

    def rich(self, width: int) -> RenderableType:
        """Return the table, cut to `width` by dropping columns."""
        from rich.console import Group

        from aimd_cli.views.table import TEXT, Column, Table, hidden_columns

        columns = [Column("NAME", form=TEXT), Column("ID", priority=1, style="cyan"), Column("COMMIT", priority=7)]
        columns += [Column("VERSION"), Column("CREATED", priority=6), Column("SIZE", priority=5, right=True)]
        columns += [Column("FOLDER", priority=2, form=TEXT)] if self.on_server else []
        if self.detail:  # what was asked for comes before what is always there
            columns += [
                Column("TYPE", priority=3),
                Column("ALIASES", form=TEXT, least=24),
                Column("EDITOR", priority=4),
            ]
        table = Table(columns)
        is_short = len({short_id(row.id) for row in self.rows}) == len(self.rows)
        for row in self.rows:
            values = {name: text.clean(value) for name, value in _values(row).items()}
            name = (values["name"], "bold yellow") if row.damage else values["name"]
            created = text.clean(local_time(row.created))
            commit = short_digest(values["commit"])
            cells = [name, short_id(values["id"]) if is_short else values["id"], commit, values["version"], created]
            paths = [text.clean(row.location.rpartition("/")[0] or "/")] if self.on_server else []
            table.add(*cells, text.size(row.size_bytes), *paths, *self._detail(values))
        table.drop_empty("VERSION", "COMMIT", "EDITOR", "ALIASES")
        count = said("{count} artifact{s}", count=len(self.rows), s="" if len(self.rows) == 1 else "s")
        hidden = [note(line, style="dim") for line in hidden_columns(table.dropped(width), width)]
        return Group(table.rich(width), note(count, style="dim"), *hidden)

    def _detail(self, values: dict[str, str]) -> list[str]:
        return [values["type"], values["aliases"], values["editor"]] if self.detail else []

    def lines(self) -> list[list[str]]:
        """Return the header and one row per artifact."""
        fields = (*_FIELDS, *(("path",) if self.on_server else ()), *(_MORE_FIELDS if self.detail else ()))
        return [list(fields), *([_values(row)[name] for name in fields] for row in self.rows)]

    def document(self) -> dict[str, object]:
        """Return the artifacts as plain data."""
        return {"artifacts": [document_of(row) for row in self.rows]}


class ArtifactParts(NamedTuple):
    """Which parts to show besides the heading."""

    remote: bool
    objects: bool


class ArtifactDetails:
    """Artifacts in full."""

    def __init__(self, rows: list[ArtifactFacts], parts: ArtifactParts) -> None:
        self.rows = rows
        self.parts = parts

    def rich(self, width: int) -> RenderableType:
        """Return all artifacts, one below the other."""
        from rich.console import Group
        from rich.text import Text

        blocks: list[RenderableType] = []
        for number, row in enumerate(self.rows):
            if number:
                blocks.append(Text(""))
            blocks += self._blocks(row, width)
        return Group(*blocks)

    def _blocks(self, row: ArtifactFacts, width: int) -> list[RenderableType]:
        from rich.text import Text

        from aimd_cli.views.table import Column, Table, fields

        heading = Text.assemble((text.clean(row.name), "bold"), "  ", (text.clean(row.version or ""), "cyan"))
        facts = [(name, value) for name, value in _facts(row) if value]
        blocks: list[RenderableType] = [heading, fields(facts, width)]
        blocks += [note(said("damaged: {sentence}", sentence=sentence), style="bold yellow") for sentence in row.damage]
        if self.parts.remote and row.remote:
            table = Table([Column("HOST"), Column("PATH"), Column("VERSION")])
            for copy in row.remote:
                table.add(*(text.clean(str(copy.get(name) or "")) for name in ("host", "path", "version")))
            blocks += [Text(""), note("Servers", style="bold"), table.rich(width)]
        if self.parts.objects:
            table = Table([Column("OBJECT"), Column("SIZE", right=True), Column("SHA-256", priority=1)])
            for item in row.objects or []:
                table.add(text.clean(item.key), text.size(item.size_bytes), (item.digest or "")[:16])
            for key, uri in row.references.items():
                recorded = row.reference_facts.get(key)
                size = "" if recorded is None or recorded.size_bytes is None else text.size(recorded.size_bytes)
                table.add(text.clean(key), size, text.clean(uri))
            blocks += [Text(""), note("Objects", style="bold"), table.rich(width)]
        return blocks

    def lines(self) -> list[list[str]]:
        """Return `id, key, value` rows."""
        lines = [["id", "key", "value"]]
        for row in self.rows:
            lines += [[row.id, name, value] for name, value in _values(row).items() if name not in ("id", "path")]
            lines += [[row.id, "description", row.description], [row.id, "location", row.location]]
            if self.parts.remote:
                lines += [
                    [row.id, f"remote.{copy.get('host')}", f"{copy.get('path')}:{copy.get('version')}"]
                    for copy in row.remote
                ]
            if self.parts.objects:
                lines += [[row.id, f"objects.{item.key}", str(item.size_bytes)] for item in row.objects or []]
                lines += [[row.id, f"references.{key}", uri] for key, uri in row.references.items()]
        return lines

    def document(self) -> dict[str, object]:
        """Return the artifacts as plain data, always with all parts."""
        return {"artifacts": [document_of(row) for row in self.rows]}


def _facts(row: ArtifactFacts) -> list[tuple[str, str]]:
    size = said(
        "{count} object{s}, {size}",
        count=row.object_count,
        s="" if row.object_count == 1 else "s",
        size=text.size(row.size_bytes),
    )
    return [
        ("type", row.type),
        ("id", row.id),
        ("description", row.description),
        ("version", row.version or ""),
        ("commit", row.commit or ""),
        ("aliases", ", ".join(row.aliases)),
        ("created at", local_time(row.created)),
        ("editor", row.editor or ""),
        ("content", shown(size)),
        ("location", row.location),
    ]
