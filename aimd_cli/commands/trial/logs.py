"""`aimd trial logs`: what a trial printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.errors import UsageError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from aimd_core.sources.handles import TrialHandle


def logs(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Follow the output until the trial ends.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", min=0, metavar="LINES", help="Print only this many of the last lines.")
    ] = None,
    as_json: JsonOpt = False,
) -> None:
    """Print the recorded output of a trial, without colours and control characters.

    Examples:

        aimd trial logs cnn_keras --tail 20

        aimd trial logs @latest -f
    """
    from aimd_cli.commands.trial.choice import Naming, one_trial

    if follow and as_json:
        raise UsageError(message="--json prints one document, but -f has no end", hint="Leave one of them out")
    selected = one_trial(Naming(trial, path, name, directory, remote))
    if follow:
        _follow(selected, tail)
    else:
        _print(selected, tail, as_json)


def _print(trial: TrialHandle, tail: int | None, as_json: bool) -> None:
    from aimd_cli.text import printed_line
    from aimd_cli.views.outcomes import Printed

    lines = map(printed_line, trial.output(tail))
    if as_json:
        output.show(Printed(trial.alternative_name, list(lines)), as_json)
        return
    for line in lines:
        output.print_line(line)


def _follow(trial: TrialHandle, tail: int | None) -> None:
    from aimd_cli.text import printed_line
    from aimd_core.sources.handles import Extent, facts_of

    for line in trial.follow_output(tail):
        if line is None:
            output.flush()
        else:
            output.print_line(printed_line(line))
    (facts,) = facts_of([trial], Extent(documents=False, trends=False))
    name = joined(": ", [facts.state, facts.reason]) if facts.reason else facts.state
    output.hint(said("{alternative_name} is {name}", alternative_name=trial.alternative_name, name=name))
