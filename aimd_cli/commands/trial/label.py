"""`aimd trial tag`, `note` and `rename`: what a trial is called, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import (
    DirectoryOpt,
    JsonOpt,
    NamesOpt,
    NoteTextArg,
    OneDirectoryOpt,
    PathsOpt,
    RemoteOpt,
    TrialArg,
    given_text,
)
from aimd_core.errors import NoDirectoryError, RemoteFolderNotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_core.sources.handles import TrialHandle


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
    remote: RemoteOpt = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the tags.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Tag trials. A tag is one word, such as baseline or lr-sweep.

    Examples:

        aimd trial tag cnn_keras baseline

        aimd trial tag -n cnn_a -n cnn_b lr-sweep paper

        aimd trial tag -d . --remove old
    """
    from aimd_cli.commands.trial.choice import Naming, chosen
    from aimd_cli.views.outcomes import Outcome, Outcomes

    given, named_apart = list(words or []), bool(path or name or directory)
    tags = given if named_apart else given[1:]
    if not tags:
        raise UsageError(message="no tag was named", hint="For example: aimd trial tag cnn_keras baseline")
    rows = []
    for trial in chosen(Naming([] if named_apart else given[:1], path, name, directory, remote)):
        before = trial.labels()
        labels = trial.set_tags(tags, remove)
        changed = "unchanged" if labels == before else "untagged" if remove else "tagged"
        rows.append(Outcome(trial.alternative_name, changed, " ".join(labels.tags)))
    output.show(Outcomes(rows), as_json)


def note(
    trial: TrialArg,
    text: NoteTextArg = None,
    directory: OneDirectoryOpt = None,
    remote: RemoteOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Set or print the note of a trial.

    Examples:

        aimd trial note cnn_keras "diverged after the schedule changed"

        aimd trial note cnn_keras
    """
    from aimd_cli.commands.trial.choice import Naming, one_trial
    from aimd_cli.text import clean
    from aimd_cli.views.outcomes import Outcome, Outcomes

    chosen = one_trial(Naming([trial], directory=directory, remote=remote))
    if text is not None:
        labels = chosen.set_note(given_text(text).strip())
        output.show(Outcomes([Outcome(chosen.alternative_name, "noted", labels.note)]), as_json)
        return
    kept = chosen.labels().note
    if as_json:
        output.show(Outcomes([Outcome(chosen.alternative_name, "note", kept)]), as_json)
    elif kept:
        for line in kept.split("\n"):
            output.print_line(clean(line))
    else:
        output.say(said("{alternative_name} has no note", alternative_name=chosen.alternative_name))


def rename(
    trial: TrialArg,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name, without date and suffix.")],
    directory: OneDirectoryOpt = None,
    remote: RemoteOpt = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if it is Lost and may still run on another host.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Rename a trial that has ended: its metadata and its directory. Date, suffix and id stay the same.

    On a server, it may also be running.

    Examples:

        aimd trial rename cnn_keras baseline
    """
    from aimd_cli.commands.trial.choice import Naming, one_trial
    from aimd_cli.views.outcomes import Outcome, Outcomes

    chosen = one_trial(Naming([trial], directory=directory, remote=remote))
    before = chosen.alternative_name
    output.show(Outcomes([Outcome(before, "renamed", chosen.rename(new, force))]), as_json)


def mv(
    words: Annotated[
        list[str], typer.Argument(metavar="TRIAL... TARGET", help="Trials, then the directory or the folder.")
    ],
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    make: Annotated[
        bool, typer.Option("-m", "--make-folder", help="Create the directory, or the folder and its parents.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Move trials to another working directory, or on a server to another folder. Never overwrites anything.

    Between a directory and a server, use `aimd trial upload` and `download`.

    Examples:

        aimd trial mv cnn_keras ../finished -m

        aimd trial mv remote:/image_classification/cnn_keras /best -m
    """
    from aimd_cli.commands.trial.choice import Naming, chosen
    from aimd_cli.commands.trial.trash import do_each

    if len(words) < 2:
        raise UsageError(message="no destination was named", hint="Name the trials, then the directory or the folder")
    *names, target = words
    trials = chosen(Naming(names, directory=directory, remote=remote))

    def move(trial: TrialHandle) -> str:
        try:
            return trial.move(target, make)
        except RemoteFolderNotFoundError as error:
            raise RemoteFolderNotFoundError(what=error.facts["what"], hint="To create it: -m") from error
        except NoDirectoryError as error:
            raise NoDirectoryError(where=error.facts["where"], hint="To create it: -m") from error

    do_each(trials, lambda trial: trial.alternative_name, "moved", move, as_json)
