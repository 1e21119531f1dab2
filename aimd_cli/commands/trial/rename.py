"""`aimd trial rename`: another name for a trial that has ended."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt


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
    from aimd_cli.commands.trial.choice import one_trial
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.renaming import rename_trial

    found = one_trial([trial], None, None, directory)
    renamed = rename_trial(found, new, force)
    output.show(Outcomes([Outcome(found.alternative_name, "renamed", renamed.name)]), as_json)
