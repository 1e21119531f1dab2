"""`aimd trial logs`: what a trial printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, TrialsArg
from aimd_core.errors import FileNotRecordedError, UsageError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from aimd_core.reading.documents import Trial


def logs(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Follow the output until the trial ends.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", min=0, metavar="LINES", help="Print only this many of the last lines.")
    ] = None,
    as_json: JsonOpt = False,
) -> None:
    """Print the recorded output of a trial, without colours and control characters.

    Examples:

        aimd trial logs cnn_keras --tail 20

        aimd trial logs cnn_keras -f
    """
    from aimd_cli.commands.trial.choice import one_trial
    from aimd_core.format.layout import OUTPUT_FILE

    if follow and as_json:
        raise UsageError(message="--json prints one document, but -f has no end", hint="Leave one of them out")
    selected = one_trial(trial, path, name, directory)
    if follow:
        _follow(selected, tail)
    elif not (selected.path / OUTPUT_FILE).exists():
        raise FileNotRecordedError(name=selected.alternative_name, what="output", hint="")
    else:
        _print(selected, tail, as_json)


def _print(trial: Trial, tail: int | None, as_json: bool) -> None:
    from aimd_cli.text import printed_line
    from aimd_cli.views.outcomes import Printed
    from aimd_core.format.layout import OUTPUT_FILE
    from aimd_core.reading.output import read_lines

    lines = map(printed_line, read_lines(trial.path / OUTPUT_FILE, tail))
    if as_json:
        output.show(Printed(trial.alternative_name, list(lines)), as_json)
        return
    for line in lines:
        output.print_line(line)


def _follow(trial: Trial, tail: int | None) -> None:
    from aimd_cli.text import printed_line
    from aimd_core.format.layout import OUTPUT_FILE
    from aimd_core.reading.documents import Trial as StoredTrial
    from aimd_core.reading.facts import is_live
    from aimd_core.reading.output import follow_lines

    def is_over() -> bool:
        return not is_live(StoredTrial(trial.path).state.name)

    for line in follow_lines(trial.path / OUTPUT_FILE, tail, is_over):
        if line is None:
            output.flush()
        else:
            output.print_line(printed_line(line))
    state = StoredTrial(trial.path).state
    name = joined(": ", [state.name, state.reason]) if state.reason else state.name
    output.hint(said("{alternative_name} is {name}", alternative_name=trial.alternative_name, name=name))
