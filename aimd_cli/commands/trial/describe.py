"""`aimd trial describe`: one trial or several, in full."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, TrialsArg


def describe(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    platform: Annotated[bool, typer.Option("-l", "--platform", help="Show platform, packages and git.")] = False,
    hparams: Annotated[bool, typer.Option("-H", "--hparams", help="Show the parameters.")] = False,
    metrics: Annotated[bool, typer.Option("-m", "--metrics", help="Show the metrics.")] = False,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Show all of these.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Describe trials: state, times, and the parts you ask for.

    Examples:

        aimd trial describe cnn_keras -a

        aimd trial describe -d ~/runs --json
    """
    from aimd_cli.commands.trial.choice import chosen_trials
    from aimd_cli.commands.trial.reading import details_of
    from aimd_cli.views.trial_detail import Parts, TrialDetails

    trials = chosen_trials(trial, path, name, directory)
    parts = Parts(platform or everything, hparams or everything, metrics or everything)
    output.show(TrialDetails(details_of(trials), parts, output.glyphs_fit()), as_json)
