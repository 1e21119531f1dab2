"""Which trials a command line means, for every command alike: TRIAL, -n, -p, -d, and `-` for names on stdin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aimd_cli.options import working_directory
from aimd_core.errors import UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.reading.documents import Trial


def chosen_trials(
    words: list[str] | None,
    paths: list[Path] | None,
    names: list[str] | None,
    directory: Path | None,
    everything: bool = False,
) -> list[Trial]:
    """Return the trials of a command line, each once, in the order named.

    Args:
        words: The positional arguments: names, prefixes, ids, paths with a slash, or `-`.
        paths: The values of -p.
        names: The values of -n.
        directory: The value of -d.
        everything: Whether naming nothing means all trials of the working directory.

    Raises:
        UsageError: Nothing was named, and that does not mean all trials.
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: As `aimd_core.reading.selection.select_trials`.
    """
    from aimd_core.reading.selection import expand_names, select_trials

    requested = [*(words or []), *(names or [])]
    if not requested and not paths and directory is None:
        if not everything:
            raise UsageError(
                message="no trial was named", hint="Name it: TRIAL, -n NAME or -p PATH, or all with -d DIR"
            )
        directory = working_directory(None)
    expanded = expand_names(requested, _stdin_lines() if "-" in requested else [])
    if requested and not expanded and not paths:
        raise UsageError(
            message="stdin held no trial names", hint="For example: aimd trial ls -q | aimd trial verify -"
        )
    return select_trials(paths or [], expanded, directory)


def one_trial(
    words: list[str] | None, paths: list[Path] | None, names: list[str] | None, directory: Path | None
) -> Trial:
    """Return the single trial of a command line.

    Raises:
        UsageError: None or several were named. Others as `chosen_trials`.
    """
    trials = chosen_trials(words, paths, names, directory)
    if len(trials) != 1:
        raise UsageError(message=said("this takes one trial, not {count}", count=len(trials)), hint="Name one of them")
    return trials[0]


def _stdin_lines() -> list[str]:
    import sys

    if sys.stdin is None or sys.stdin.closed:
        return []
    return sys.stdin.readlines()
