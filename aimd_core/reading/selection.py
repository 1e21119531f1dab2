"""Which trials a command means: by path, by name, by directory. Rules: docs/guides/terminal.md, "Naming trials"."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from aimd_core.errors import AmbiguousTrialError, NoTrialsError, TrialNotFoundError, unlisted
from aimd_core.format.layout import absolute, default_directory, is_trial_directory
from aimd_core.format.model import split_alternative_name
from aimd_core.format.values import MIN_ID_CHARS
from aimd_core.reading.directory import TrialIndex
from aimd_core.reading.documents import Trial, find_trials


def trials_in(directory: Path) -> list[Trial]:
    """Return the trials of a directory, newest first.

    Raises:
        NoTrialsError: It has none, or cannot be listed.
    """
    try:
        trials = find_trials(directory)
    except OSError as error:
        raise unlisted(absolute(directory), error) from error
    if not trials:
        raise NoTrialsError(where=absolute(directory))
    return trials


def trial_at(path: Path) -> Trial:
    """Return the trial with the directory `path`.

    Raises:
        TrialNotFoundError: It is not a trial's directory.
    """
    path = Path(os.path.abspath(path))  # so that `.` and `..` have a name, and a link keeps its name
    if not is_trial_directory(path):
        raise TrialNotFoundError(path.name, str(path.parent))
    return Trial(path)


def trial_named(name: str, directory: Path) -> Trial:
    """Return the trial of a directory with an alternative name or a name, or a unique prefix of them or of its id.

    Raises:
        NoTrialsError: The directory has none.
        TrialNotFoundError: No trial matches; the error lists similar names.
        AmbiguousTrialError: Several match; the error lists them.
    """
    trials = trials_in(directory)
    exact = [trial for trial in trials if trial.alternative_name == name]
    exact = exact or [trial for trial in trials if split_alternative_name(trial.alternative_name)[0] == name]
    fitting = exact or [trial for trial in trials if trial.alternative_name.startswith(name)]
    if not fitting and len(name) >= MIN_ID_CHARS:
        with_id = {row.alternative_name for row in TrialIndex(directory).rows() if row.id.startswith(name)}
        fitting = [trial for trial in trials if trial.alternative_name in with_id]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise AmbiguousTrialError(name, [trial.alternative_name for trial in fitting])
    names = {trial.alternative_name: split_alternative_name(trial.alternative_name)[0] for trial in trials}
    from difflib import get_close_matches  # which only an error needs

    near = get_close_matches(name, names.values(), n=3)
    near_names = [alternative_name for alternative_name, shown in names.items() if shown in near]
    near_names = near_names or get_close_matches(name, [trial.alternative_name for trial in trials], n=3)
    raise TrialNotFoundError(name, str(absolute(directory)), near_names[:3])


def expand_names(names: list[str], stdin: Iterable[str]) -> list[str]:
    """Return names with each `-` replaced by the first fields of the non-empty lines of `stdin`.

    So `aimd trial ls | aimd trial plot -` works; a header line `name` is skipped.
    """
    expanded: list[str] = []
    for name in names:
        if name != "-":
            expanded.append(name)
            continue
        fields = [line.rstrip("\r\n").partition("\t")[0] for line in stdin]
        expanded += [field for number, field in enumerate(fields) if field and not (number == 0 and field == "name")]
    return expanded


def select_trials(paths: list[Path], names: list[str], directory: Path | None) -> list[Trial]:
    """Return the selected trials, each once: in the order named, those of a directory as lists have them, newest first.

    Args:
        paths: Trial directories.
        names: Alternative names, or unique prefixes of them or of ids, looked up in `directory` or the working
            directory. One with a slash, which no name has, is a path.
        directory: Where names are looked up; if nothing else is named, it means all trials in it.

    Raises:
        TrialNotFoundError, AmbiguousTrialError, NoTrialsError: As above.
    """
    searched = directory or default_directory()
    selected = [trial_at(path) for path in paths]
    selected += [trial_at(Path(name)) if "/" in name else trial_named(name, searched) for name in names]
    if not paths and not names and directory is not None:
        index = TrialIndex(directory)
        selected = [Trial(index.directory / row.alternative_name) for row in index.rows()]
    unique = {trial.path.absolute(): trial for trial in selected}
    return list(unique.values())
