"""`aimd trial rm`, `restore` and `trash`: trials go to the trash first, and can be restored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.errors import AimdError, PartlyDoneError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimd_core.sources.handles import TrashEntry
    from aimd_core.sources.naming import TrialFinder

Thing = TypeVar("Thing")
PathArg = Annotated[
    Path | None,
    typer.Argument(metavar="[PATH]", help="The directory that holds .aimd, or SERVER:. [default: .]"),
]
YesOpt = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation; required without a terminal.")]


def rm(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    yes: YesOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Move trials to the trash, .aimd/trash or the server's. Asks first; `aimd trial restore` undoes it.

    Examples:

        aimd trial rm cnn_keras

        aimd trial rm cnn_a cnn_b --yes
    """
    from aimd_cli.commands.trial.choice import Naming, chosen

    trials = chosen(Naming(trial, path, name, directory, remote))
    _ask(
        said("Move {trials} to the trash? `aimd trial restore` undoes it.", trials=_counted(trials)),
        "be removed",
        [t.alternative_name for t in trials],
        yes,
    )
    do_each(trials, lambda trial: trial.alternative_name, "removed", lambda trial: trial.remove(), as_json)


def restore(
    names: Annotated[
        list[str],
        typer.Argument(metavar="TRIAL...", help="Names or ids or their beginnings; '-' reads them from stdin."),
    ],
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Restore trials from the trash. Never overwrites anything.

    Examples:

        aimd trial restore cnn_keras
    """
    import sys

    from aimd_core.reading.selection import expand_names

    finder = _finder(directory, remote)
    entries = [finder.trashed(name) for name in expand_names(names, sys.stdin if "-" in names else [])]
    do_each(entries, lambda entry: entry.name, "restored", lambda entry: entry.restore(), as_json)


def _finder(directory: Path | None, remote: bool) -> TrialFinder:
    from aimd_cli.commands.trial.choice import Naming, finder_of

    return finder_of(Naming(directory=directory, remote=remote))


def _directory(path: Path | None, directory: Path | None) -> Path | None:
    """Return where the trash is.

    Raises:
        UsageError: It was told twice.
    """
    if path is not None and directory is not None:
        raise UsageError(message="PATH and -d both name a directory", hint="Choose one of them")
    return path or directory


def ls(
    path: PathArg = None, directory: DirectoryOpt = None, remote: RemoteOpt = False, as_json: JsonOpt = False
) -> None:
    """List what is in the trash.

    Examples:

        aimd trial trash ls

        aimd trial trash ls team:
    """
    from aimd_cli.views.outcomes import TrashList, TrashRow

    entries = _finder(_directory(path, directory), remote).source.trash()
    rows = [TrashRow(entry.name, entry.id, entry.removed_s, entry.size_bytes, entry.origin) for entry in entries]
    output.show(TrashList(rows), as_json)


def empty(
    path: PathArg = None,
    directory: DirectoryOpt = None,
    older: Annotated[
        str | None,
        typer.Option("--older", metavar="AGE", help="Only what was removed longer ago than this, such as 30d or 12h."),
    ] = None,
    yes: YesOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Permanently delete what is in the trash. Asks first.

    Examples:

        aimd trial trash empty --older 30d --yes
    """
    import time

    from aimd_core.durations import parse_duration_s

    before_s = time.time() - (parse_duration_s(older) if older else 0.0)
    chosen = [
        entry for entry in _finder(_directory(path, directory), False).source.trash() if entry.removed_s <= before_s
    ]
    if not chosen:
        output.say("Nothing to delete.")
    else:
        _ask(
            said("Permanently delete {chosen}? Nothing undoes it.", chosen=_counted(chosen)),
            "be deleted",
            [entry.name for entry in chosen],
            yes,
        )

    def delete(entry: TrashEntry) -> str:
        entry.purge()
        return ""

    do_each(chosen, lambda entry: entry.name, "deleted", delete, as_json)


def _counted(things: Sequence[object]) -> str:
    return said("{count} trial{s}", count=len(things), s="s" * (len(things) != 1))


def _ask(question: str, verb: str, names: list[str], yes: bool) -> None:
    """Say what will be done and ask, unless that is turned off.

    Raises:
        UsageError, SystemExit: As `output.confirm`.
    """
    if yes:
        return
    for name in names:
        output.say(said("would {verb}: {name}", verb=said(verb), name=name))
    output.confirm(question)


def do_each(
    things: Sequence[Thing], name_of: Callable[[Thing], str], verb: str, act: Callable[[Thing], str], as_json: bool
) -> None:
    """Process several items, show the results, and exit with the matching code."""
    from aimd_cli.errors import message
    from aimd_cli.views.outcomes import Outcome, Outcomes

    rows, failures = [], []
    for thing in things:
        try:
            rows.append(Outcome(name_of(thing), verb, act(thing)))
        except AimdError as error:
            failures.append(error)
            rows.append(Outcome(name_of(thing), "failed", message(error)))
    if len(things) == 1 and failures:
        raise failures[0]
    output.show(Outcomes(rows), as_json)
    if failures:
        raise PartlyDoneError(failed=len(failures), total=len(things), what="trials")
