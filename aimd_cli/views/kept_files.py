"""`aimd trial files`: the files kept with a trial. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_core.format.wording import short_digest


class KeptFileRow(NamedTuple):
    """A file: its path below `files/`, its size in bytes, and its SHA-256."""

    path: str
    size_bytes: int
    digest: str


class FilesReport:
    """The files of a trial."""

    def __init__(self, files: list[KeptFileRow], left_out: Sequence[tuple[str, str]] = ()) -> None:
        """Take the files, and what cannot be uploaded, each with the reason."""
        self.files = files
        self.left_out = left_out

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per file."""
        table = Table([Column("PATH"), Column("SIZE", right=True), Column("SHA-256", priority=1)])
        for file in self.files:
            table.add(text.clean(file.path), text.size(file.size_bytes), short_digest(file.digest))
        return table.rich(width)

    def lines(self) -> list[list[str]]:
        """Return the header and one row per file."""
        return [["path", "size_bytes", "digest"], *([*map(str, file)] for file in self.files)]

    def document(self) -> dict[str, object]:
        """Return the files as plain data, with what they are together."""
        return {
            "files": [file._asdict() for file in self.files],
            "count": len(self.files),
            "size_bytes": sum(file.size_bytes for file in self.files),
            "left_out": [{"path": path, "reason": reason} for path, reason in self.left_out],
        }
