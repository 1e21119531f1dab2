"""`aimd trial upload`: the result for each trial."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from rich.console import RenderableType

from aimd_cli import text
from aimd_cli.views.table import Column, Table, with_notes
from aimd_cli.views.words import shown

_STYLES = {"created": "green", "updated": "green", "unchanged": "dim", "skipped": "yellow", "failed": "bold yellow"}
OUTCOMES = tuple(_STYLES)
KINDS = ("refused", "damaged", "unsent")  # by the server, here, and files that cannot be sent


class UploadRow(NamedTuple):
    """The result for a trial.

    Attributes:
        name: The local alternative name.
        outcome: `created`, `updated`, `unchanged`, `skipped` or `failed`.
        trial_id: The id on the server, or empty.
        remote_name: The name on the server, or empty.
        folder: The folder's path on the server, or empty.
        sent_bytes: Journal bytes that were new.
        note: What the user should know, or why it failed.
        address: Where to see it in the console, or empty.
        remaining_bytes: Journal bytes that a dry run says would be sent.
        is_fallback: Whether it is in the default folder because the one it asks for does not exist.
        refusals: What was left out of it, the reason, and whose it is, one of `KINDS`.
        unmet: The folder that was typed, if the trial was in another one before and stays there; else empty.
        files: How many of the files kept with it were sent, or would be.
        quiet: What of `note` no warning says.
        left_behind: What else is in its directory and is not uploaded.
    """

    name: str
    outcome: str
    trial_id: str
    remote_name: str
    folder: str
    sent_bytes: int
    note: str
    address: str
    remaining_bytes: int = 0
    is_fallback: bool = False
    refusals: tuple[tuple[str, str, str], ...] = ()
    unmet: str = ""
    files: int = 0
    quiet: str = ""
    left_behind: tuple[str, ...] = ()


class UploadReport:
    """The results for all trials."""

    def __init__(self, rows: list[UploadRow], address: str) -> None:
        """Take the results, and the address of the console, or of the one trial in it."""
        self.rows = rows
        self.address = address

    def rich(self, width: int) -> RenderableType:
        """Return a table with one row per trial."""
        table = Table(
            [
                Column("OUTCOME"),
                Column("TRIAL"),
                Column("FOLDER", priority=2),
                Column("NAME THERE", priority=4),
                Column("SENT", priority=3, right=True),
                Column("NOTE", priority=1),
            ]
        )
        for row in self.rows:
            table.add(
                (shown(row.outcome), _STYLES.get(row.outcome, "")),
                text.clean(row.name),
                text.clean(row.folder),
                text.clean(row.remote_name),
                text.size(row.sent_bytes or row.remaining_bytes),
                shown(row.note),
            )
        table.drop_empty("NOTE")
        return with_notes(table, width, ("NOTE",), [(row.name, row.quiet) for row in self.rows])

    def lines(self) -> list[list[str]]:
        """Return the header and one row per trial."""
        header = [
            "name",
            "outcome",
            "id",
            "remote_name",
            "folder",
            "sent_bytes",
            "note",
            "address",
            "remaining_bytes",
            "files",
        ]
        return [header, *([str(field) for field in self._fields(row)] for row in self.rows)]

    def _fields(self, row: UploadRow) -> tuple[object, ...]:
        return (
            row.name,
            row.outcome,
            row.trial_id,
            row.remote_name,
            row.folder,
            row.sent_bytes,
            row.note,
            row.address,
            row.remaining_bytes,
            row.files,
        )

    def document(self) -> dict[str, object]:
        """Return the outcomes as plain data, with their summary."""
        names = self.lines()[0]
        return {
            "uploads": [
                {
                    **dict(zip(names, self._fields(row), strict=True)),
                    **{kind: _parts(row, kind) for kind in KINDS},
                    "left_behind": list(row.left_behind),
                }
                for row in self.rows
            ],
            "summary": self.summary(),
        }

    def summary(self) -> dict[str, object]:
        """Return how many trials had each outcome, how many bytes were sent, and where they are."""
        counts = Counter(row.outcome for row in self.rows)
        return {
            **{outcome: counts[outcome] for outcome in OUTCOMES},
            **{kind: sum(bool(_parts(row, kind)) for row in self.rows) for kind in KINDS},
            "files": sum(row.files for row in self.rows),
            "sent_bytes": sum(row.sent_bytes for row in self.rows),
            "address": self.address,
        }


def _parts(row: UploadRow, kind: str) -> list[dict[str, str]]:
    """Return what was left out for one of the reasons: `refused`, `damaged` or `unsent`."""
    return [{"what": str(what), "reason": str(reason)} for what, reason, why in row.refusals if why == kind]
