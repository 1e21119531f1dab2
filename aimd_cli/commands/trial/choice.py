"""Which trials a command line means, for every command alike: TRIAL, -n, -p, -d, --remote, and `-` for stdin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aimd_cli import output
from aimd_core.errors import DamagedError, NotFoundError, NoTrialsError, TrialNotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_core.reading.documents import Trial
    from aimd_core.reading.facts import Facts
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
    for name in expanded:
        try:
            trials += finder.named(name)
        except (TrialNotFoundError, NoTrialsError) as error:
            raise _with_address(error, name) from None
    return list({trial.address: trial for trial in trials}.values())


def charts_of(naming: Naming) -> list[str]:
    """Return the metrics that the saved views on a command line plot."""
    words = [word for word in [*(naming.words or []), *(naming.names or [])] if "@" in word]
    if not words:
        return []
    finder = finder_of(naming)
    return [metric for view in map(finder.view, words) if view is not None for metric in view.charts]


def baseline_for(naming: Naming, trials: Sequence[TrialHandle], name: str = "") -> Facts | None:
    """Return the trial that others are measured against: the one named, else the one kept where they are.

    Args:
        naming: How the trials were named.
        trials: The trials.
        name: What the command line says; empty for the one kept.

    Raises:
        NotFoundError, AmbiguousTrialError: There is no such trial, or there are several.
    """
    from aimd_core.sources.handles import Extent, facts_of

    if name:
        named = one_trial(Naming([name], directory=naming.directory, remote=naming.remote))
        return facts_of([named], Extent(documents=False, trends=False))[0]
    home = trials[0].home
    try:
        kept = home.views.baseline()
        trial = None if kept is None else home.named(kept.id)
    except NotFoundError:  # it was removed
        return None
    except DamagedError as error:
        output.say(error.sentence)
        return None
    return None if trial is None else home.facts([trial], Extent(documents=False, trends=False))[0]


def read_in_place(path: Path) -> Path | None:
    """Return a directory that holds the runs of another tracker's store as trials; None if it is no such store."""
    from aimd_core.format.layout import holds_trials

    if holds_trials(path):
        return None
    from aimd_cli.importing.in_place import trials_of

    return trials_of(path)


def finder_of(naming: Naming) -> TrialFinder:
    """Return what finds the trials of a command line; it is closed when the command ends."""
    from aimd_cli.typer_inside import at_end
    from aimd_core.sources.naming import TrialFinder

    finder = TrialFinder(naming.directory, naming.remote, stores=read_in_place)
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
    from aimd_core.sources.stores import StoreTrial

    directories = []
    for trial in chosen(naming, everything):
        if isinstance(trial, StoreTrial):
            trial.source.refuse()
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
