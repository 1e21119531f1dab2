"""`aimd trial describe`: one trial or several, in full."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt
from aimd_core.errors import UsageError


def describe(
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    platform: Annotated[bool, typer.Option("-l", "--platform", help="Show platform, packages and git.")] = False,
    hparams: Annotated[bool, typer.Option("-H", "--hparams", help="Show the parameters.")] = False,
    metrics: Annotated[bool, typer.Option("-m", "--metrics", help="Show the metrics.")] = False,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Show all of these.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Describe trials: state, times, and the parts that are asked for.

    Examples:

        aimd trial describe -n cnn_keras -a

        aimd trial describe -d ~/runs --json
    """
    from aimd_cli.commands.trial.reading import detail_of_local
    from aimd_cli.views.trial_detail import Parts, TrialDetails
    from aimd_core.selection import select_trials

    if not path and not name and directory is None:
        raise UsageError(message="no trial was named", hint="Name it with -n NAME or -p PATH, or all with -d DIR")
    trials = select_trials(path or [], name or [], directory)
    parts = Parts(platform or everything, hparams or everything, metrics or everything)
    output.show(TrialDetails([detail_of_local(trial) for trial in trials], parts, output.glyphs_fit()), as_json)
