"""`aimd trial verify`: what was read, and what is damaged. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Group, RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table
from aimd_cli.views.words import note, shown
from aimd_core.language import joined


class FileRow(NamedTuple):
    """One file.

    Attributes:
        file: Its path inside the trial's directory.
        size_bytes: How many bytes were read.
        records: The number of intact records in a journal; None for other files.
        faults: What is wrong with it.
    """

    file: str
    size_bytes: int
    records: int | None
    faults: list[str]


class TrialReport(NamedTuple):
    """A trial: its alternative name, directory and files, and notes on what is not damage."""

    name: str
    path: str
    files: list[FileRow]
    notes: list[str]

    @property
    def is_damaged(self) -> bool:
        """Tell whether any file has a fault."""
        return any(file.faults for file in self.files)


class VerifyReport:
    """The findings for all trials."""

    def __init__(self, trials: list[TrialReport], glyphs: bool = True) -> None:
        self.trials = trials
        self.glyphs = glyphs

    def rich(self, width: int) -> RenderableType:
        """Return one row per trial, then the faults in full."""
        table = Table(
            [
                Column("RESULT"),
                Column("TRIAL"),
                Column("RECORDS", right=True, priority=2),
                Column("FILES", right=True, priority=3),
                Column("READ", right=True, priority=1),
            ]
        )
        blocks: list[RenderableType] = []
        for trial in self.trials:
            intact, damaged = ("✓", "✗") if self.glyphs else ("+", "x")
            table.add(
                (f"{damaged} {shown('damaged')}", "bold yellow")
                if trial.is_damaged
                else (f"{intact} {shown('intact')}", "green"),
                text.clean(trial.name),
                f"{sum(file.records or 0 for file in trial.files):,}",
                str(len(trial.files)),
                text.size(sum(file.size_bytes for file in trial.files)),
            )
            blocks += [
                note(joined("", [f"{trial.path}/{file.file}: ", fault]), style="yellow")
                for file in trial.files
                for fault in file.faults
            ]
            blocks += [note(joined("", [f"{trial.name}: ", sentence]), style="dim") for sentence in trial.notes]
        return Group(table.rich(width), *blocks)

    def lines(self) -> list[list[str]]:
        """Return one row per file."""
        lines = [["name", "file", "size_bytes", "records", "result", "faults"]]
        for trial in self.trials:
            for file in trial.files:
                records = "" if file.records is None else str(file.records)
                result = "damaged" if file.faults else "intact"
                fields = [file.file, str(file.size_bytes), records, result, "; ".join(file.faults)]
                lines.append([trial.name, *fields])
        return lines

    def document(self) -> dict[str, object]:
        """Return what was found as plain data."""
        return {
            "trials": [
                {
                    "name": trial.name,
                    "path": trial.path,
                    "damaged": trial.is_damaged,
                    "files": [file._asdict() for file in trial.files],
                    "notes": trial.notes,
                }
                for trial in self.trials
            ]
        }
