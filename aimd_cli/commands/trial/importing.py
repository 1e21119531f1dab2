"""`aimd trial import`: runs of other trackers become ordinary trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.importing.sources import SourceName
from aimd_cli.options import JsonOpt, working_directory
from aimd_core.errors import DamagedError, PartlyDoneError, UsageError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from collections.abc import Sized

    from aimd_cli.importing.run import ImportedRun
    from aimd_cli.importing.writing import Importer
    from aimd_cli.views.outcomes import Outcome


def import_runs(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a directory that holds such files.")],
    source: Annotated[
        SourceName | None,
        typer.Option(
            "--from",
            metavar="TRACKER",
            help="What wrote it: tensorboard, wandb, mlflow, trackio, swanlab, dvclive, sacred, clearml, neptune, aimd "
            "or csv. [default: recognised by its files]",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The trial's name, if there is only one run.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "-d", "--dir", metavar="DIR", help="The working directory to put the trials in: DIR/.aimd/trials."
        ),
    ] = None,
    as_json: JsonOpt = False,
) -> None:
    """Import the runs of another tracker as trials: values, steps, times, media, parameters, tags and how they ended.

    Reads what other trackers write (see --from), and CSV tables. None of their libraries is needed, and the source is
    never changed. Pictures, sounds, texts, tables and histograms of TensorBoard, W&B, MLflow, Trackio, SwanLab and aimd
    become media of the trial, artifacts of MLflow and files that SwanLab saved become its files; anything else is left
    out and counted by kind. A file that cannot be read is named, and the rest is imported (exit code 8). Importing the
    same runs again changes nothing; what a run has gained since is appended.

    Examples:

        aimd trial import --from tensorboard runs/

        aimd trial import --from wandb wandb/offline-run-20261123_150327-abc

        aimd trial import --from mlflow mlflow.db
    """
    from aimd_cli.importing.sources import SOURCES, recognised
    from aimd_cli.importing.writing import Importer
    from aimd_cli.views.outcomes import Outcome, Outcomes

    _refuse_server(path)
    store = SOURCES[source or recognised(path)].read(path)
    if name and store.has_several:
        raise UsageError(
            message=said("{path} holds more than one run, and they cannot all be {name!r}", path=path, name=name),
            hint="Leave out --name",
        )
    importer, rows = Importer(working_directory(directory)), []
    for run in store:
        rows.append(_write(importer, run, name))
    if not rows:
        fault = store.faults[0]
        raise DamagedError(path=fault.path, reason=fault.reason)
    rows += [Outcome(str(fault.path), "failed", fault.reason) for fault in store.faults]
    output.show(Outcomes(rows), as_json)
    failures = sum(row.outcome == "failed" for row in rows)
    if failures:
        hint = "What is named above cannot be read; all the rest is imported"
        raise PartlyDoneError(failed=failures, total=len(rows), what="imports", hint=hint)


def _refuse_server(path: Path) -> None:
    """Refuse an address on a server, whose trials are downloaded."""
    from aimd_core.sources.naming import ServerNames

    if not path.exists() and ServerNames().split(str(path)) is not None:
        raise UsageError(
            message=said("{path} is on a server, and this reads files on this disk", path=path),
            hint=said("To get it: aimd trial download {trial}", trial=path),
        )


def _write(importer: Importer, run: ImportedRun, name: str | None) -> Outcome:
    from aimd_cli.views.outcomes import Outcome

    try:
        made = importer.write(run, name)
    except DamagedError as error:
        return Outcome(run.name, "failed", error.sentence)
    parts = [said("{count:,} value{s} of {name}", count=len(run.points), s=_s(run.points), name=run.name)]
    if run.media:
        parts.append(said("{count:,} media record{s}", count=len(run.media), s=_s(run.media)))
    if run.files:
        parts.append(said("{count:,} file{s}", count=len(run.files), s=_s(run.files)))
    if run.left_out:
        kinds = [said("{count:,} x {kind}", count=count, kind=kind) for kind, count in run.left_out.items()]
        parts.append(said("left out: {kinds}", kinds=joined(", ", kinds)))
    return Outcome(made.path.name, made.outcome, joined("; ", parts))


def _s(things: Sized) -> str:
    return "s" * (len(things) != 1)
