"""`aimd trial tag`, `note` and `rename`: what a trial is called, and what is said of it."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt
from aimd_core.errors import UsageError
from aimd_core.language import said


def tag(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TRIAL] TAG...", help="The trial ('-' reads names from stdin), unless -n, -p or -d names it."
        ),
    ] = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the tags.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Tag trials. A tag is one word, such as baseline or lr-sweep.

    Examples:

        aimd trial tag cnn_keras baseline

        aimd trial tag -n cnn_a -n cnn_b lr-sweep paper

        aimd trial tag -d . --remove old
    """
    from aimd_cli.commands.trial.choice import Naming, local_trials
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.format.labels import add_tags, read_labels, remove_tags

    given, named_apart = list(words or []), bool(path or name or directory)
    tags = given if named_apart else given[1:]
    if not tags:
        raise UsageError(message="no tag was named", hint="For example: aimd trial tag cnn_keras baseline")
    trials = local_trials(Naming([] if named_apart else given[:1], path, name, directory))
    rows = []
    for trial in trials:
        before = read_labels(trial.path)
        labels = (remove_tags if remove else add_tags)(trial.path, tags)
        changed = "unchanged" if labels == before else "untagged" if remove else "tagged"
        rows.append(Outcome(trial.alternative_name, changed, " ".join(labels.tags)))
    output.show(Outcomes(rows), as_json)


def note(
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="A name, a unique prefix, an id, or a path.")],
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="The note; '-' reads it from stdin, '' removes it.")
    ] = None,
    directory: DirectoryOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Set or print the note of a trial.

    Examples:

        aimd trial note cnn_keras "diverged after the schedule changed"

        aimd trial note cnn_keras
    """
    import sys

    from aimd_cli.commands.trial.choice import Naming, local_trials, only_one
    from aimd_cli.text import clean
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.format.labels import read_labels, set_note

    chosen = only_one(local_trials(Naming([trial], directory=directory)))
    if text is not None:
        labels = set_note(chosen.path, (sys.stdin.read() if text == "-" else text).strip())
        output.show(Outcomes([Outcome(chosen.alternative_name, "noted", labels.note)]), as_json)
        return
    kept = read_labels(chosen.path).note
    if as_json:
        output.show(Outcomes([Outcome(chosen.alternative_name, "note", kept)]), as_json)
    elif kept:
        for line in kept.split("\n"):
            output.print_line(clean(line))
    else:
        output.say(said("{alternative_name} has no note", alternative_name=chosen.alternative_name))


def rename(
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="A name, a unique prefix, an id, or a path.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name, without date and suffix.")],
    directory: DirectoryOpt = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even if it is Lost and may still run on another host.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Rename a trial that has ended: its metadata and its directory. Date, suffix and id stay the same.

    Examples:

        aimd trial rename cnn_keras baseline
    """
    from aimd_cli.commands.trial.choice import Naming, local_trials, only_one
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.renaming import rename_trial

    chosen = only_one(local_trials(Naming([trial], directory=directory)))
    renamed = rename_trial(chosen, new, force)
    output.show(Outcomes([Outcome(chosen.alternative_name, "renamed", renamed.name)]), as_json)
