"""Which trials a command line means, for every command alike: TRIAL, -n, -p, -d, --remote, and `-` for stdin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli.options import working_directory
from aimd_core.errors import NoTrialsError, TrialNotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_core.format.saved_views import SavedView
    from aimd_core.reading.documents import Trial
    from aimd_core.sources.handles import TrialHandle
    from aimd_core.sources.naming import TrialFinder


class Naming(NamedTuple):
    """How trials were named on a command line.

    Attributes:
        words: The positional arguments: names, prefixes, ids, selectors, paths with a slash, addresses, or `-`.
        paths: The values of -p.
        names: The values of -n.
        directory: The value of -d.
        remote: Whether --remote was given.
    """

    words: Sequence[str] | None = None
    paths: Sequence[Path] | None = None
    names: Sequence[str] | None = None
    directory: Path | None = None
    remote: bool = False


def chosen(naming: Naming, everything: bool = False) -> list[TrialHandle]:
    """Return the trials of a command line, each once, in the order named.

    Args:
        naming: How they were named.
        everything: Whether naming nothing means all trials of the working directory.

    Raises:
        UsageError: Nothing was named, and that does not mean all trials.
        NotFoundError, AmbiguousTrialError, AccessError, NetworkError: As `aimd_core.sources.naming.TrialFinder`.
    """
    requested = [*(naming.words or []), *(naming.names or [])]
    finder = finder_of(naming)
    if not requested and not naming.paths:
        if not everything and naming.directory is None:
            raise UsageError(
                message="no trial was named", hint="Name it: TRIAL, -n NAME or -p PATH, or all with -d DIR"
            )
        return finder.everything()
    expanded = requested
    if "-" in requested:
        from aimd_core.reading.selection import expand_names  # which loads what only directories need

        expanded = expand_names(requested, _stdin_lines())
    if requested and not expanded and not naming.paths:
        raise UsageError(
            message="stdin held no trial names", hint="For example: aimd trial ls -q | aimd trial verify -"
        )
    finder.expect(expanded)
    trials: list[TrialHandle] = [finder.at(path) for path in naming.paths or ()]
    views = _views(naming, expanded)
    for name in expanded:
        if name[1:] in views and name.startswith("@"):
            trials += finder.source.chosen(views[name[1:]].query, views[name[1:]].sort, None)
            continue
        try:
            trials += finder.named(name)
        except (TrialNotFoundError, NoTrialsError) as error:
            raise _with_address(error, name) from None
    return list({trial.address: trial for trial in trials}.values())


def _views(naming: Naming, words: Sequence[str]) -> dict[str, SavedView]:
    """Return the saved views of the working directory, if a word may name one of them."""
    if not any(word.startswith("@") for word in words):
        return {}
    from aimd_core.format.saved_views import read_views

    local = naming.directory if naming.directory is not None and naming.directory.is_dir() else None
    return read_views(working_directory(local))


def charts_of(naming: Naming) -> list[str]:
    """Return the metrics that the saved views on a command line plot."""
    words = [*(naming.words or []), *(naming.names or [])]
    views = _views(naming, words)
    return [metric for word in words if word[1:] in views for metric in views[word[1:]].charts]


def finder_of(naming: Naming) -> TrialFinder:
    """Return what finds the trials of a command line; it is closed when the command ends."""
    from aimd_cli.typer_inside import at_end
    from aimd_core.sources.naming import TrialFinder

    directory = naming.directory
    if directory is None and not naming.remote:
        directory = working_directory(None)
    finder = TrialFinder(directory, naming.remote)
    at_end(finder.close)
    return finder


def one_trial(naming: Naming) -> TrialHandle:
    """Return the single trial of a command line.

    Raises:
        UsageError: None or several were named. Others as `chosen`.
    """
    from aimd_core.sources.naming import only_one

    return only_one(chosen(naming))


def local_trials(naming: Naming, everything: bool = False) -> list[Trial]:
    """Return the trials of a command line for a command that needs their directories here.

    Raises:
        UsageError: One of them is on a server. Others as `chosen`.
    """
    from aimd_core.sources.local import LocalTrial

    directories = []
    for trial in chosen(naming, everything):
        if not isinstance(trial, LocalTrial):
            raise UsageError(
                message=said("{trial} is on a server, and this takes trials on this disk", trial=trial.address),
                hint=said("To get it: aimd trial download {trial}", trial=trial.address),
            )
        directories.append(trial.trial)
    return directories


def _with_address(error: TrialNotFoundError | NoTrialsError, name: str) -> TrialNotFoundError | NoTrialsError:
    """Return the error for a name that is not here, with where it is on the server, as far as lists have shown it."""
    if ":" in name or "/" in name or name.startswith("@"):
        return error
    addresses = _addresses(name)
    if not addresses:
        return error
    hint = said("It is on the server: {address}", address=addresses[0])
    if isinstance(error, TrialNotFoundError):
        return TrialNotFoundError(name, str(error.facts["where"]), hint=hint)
    return type(error)(where=error.facts["where"], hint=hint)


def _addresses(name: str) -> list[str]:
    """Return where lists have shown trials on the active server whose name begins so, as commands take it."""
    from aimd_cli.completion.cache import TRIAL, recall
    from aimd_cli.completion.values import host_in_use

    host = host_in_use(None)
    paths = recall(host, TRIAL) if host else []
    return [f"remote:{path}" for path in paths if path.rpartition("/")[2].startswith(name)]


def _stdin_lines() -> list[str]:
    import sys

    if sys.stdin is None or sys.stdin.closed:
        return []
    return sys.stdin.readlines()
