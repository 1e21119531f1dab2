"""`aimd du` and `aimd gc`: what a working directory keeps, and what nothing refers to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import JsonOpt, working_directory
from aimd_core.errors import DiskError, NoDirectoryError
from aimd_core.format.layout import HOME
from aimd_core.language import said

WorkingDirOpt = Annotated[
    Path | None, typer.Option("-d", "--dir", metavar="DIR", help="The working directory that holds .aimd.")
]


def du(directory: WorkingDirOpt = None, as_json: JsonOpt = False) -> None:
    """Show the disk space that trials and artifacts here take, largest first, and what nothing refers to.

    OWN is what only that trial or artifact holds: files that several of them keep take space once.

    Examples:

        aimd du
    """
    from aimd_cli.views.storage import HolderRow, UsageReport
    from aimd_core.objects.collecting import usage

    used = usage(_home(directory))
    rows = sorted(
        (HolderRow(*holder) for holder in used.holders), key=lambda row: (-row.size_bytes, row.kind, row.name)
    )
    unused_bytes = sum(stored.size_bytes for stored in used.unused)
    output.show(UsageReport(rows, used.total_bytes, len(used.unused), unused_bytes), as_json)
    if not as_json:
        _say_totals(used.total_bytes, len(used.unused), unused_bytes)


def _say_totals(total_bytes: int, unused: int, unused_bytes: int) -> None:
    from aimd_cli.text import size

    output.say(said("{size} in all, each file once", size=size(total_bytes)))
    if unused:
        s = "s" * (unused != 1)
        what = said("{count} object{s}, {size}", count=f"{unused:,}", s=s, size=size(unused_bytes))
        output.hint(said("Nothing refers to {what}. To remove it: aimd gc", what=what))


def gc(
    directory: WorkingDirOpt = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Remove objects that no trial and no artifact refers to from .aimd/objects.

    What was added within the last hour stays. No file of a trial or an artifact changes. Safe to interrupt, and to run
    while others record.

    Examples:

        aimd gc --dry-run
    """
    from aimd_cli.text import size
    from aimd_cli.views.storage import CollectionReport
    from aimd_core.objects.collecting import collect

    home = _home(directory)
    try:
        collected = collect(home, dry_run)
    except OSError as error:
        raise DiskError(path=error.filename or home, reason=error.strerror or str(error)) from error
    if as_json:
        output.show(CollectionReport(*collected, dry_run), as_json)
    s = "s" * (collected.objects != 1)
    what = said("{count} object{s}, {size}", count=f"{collected.objects:,}", s=s, size=size(collected.size_bytes))
    output.say(said("Would remove {what}", what=what) if dry_run else said("Removed {what}", what=what))
    if collected.kept:
        output.hint(said("Kept because they are new: {count}", count=collected.kept))


def _home(directory: Path | None) -> Path:
    """Return the working directory.

    Raises:
        NoDirectoryError: It holds no .aimd.
    """
    home = working_directory(directory)
    if not (home / HOME).is_dir():
        raise NoDirectoryError(where=(home / HOME).absolute())
    return home
