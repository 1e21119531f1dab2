"""`aimd trial import`: runs of other trackers become ordinary trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aimd_cli import output
from aimd_cli.options import JsonOpt
from aimd_core.errors import NotFoundError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.importing.run import ImportedRun

Source = Literal["tensorboard", "wandb", "mlflow", "csv"]


def import_runs(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a directory that holds such files.")],
    source: Annotated[Source, typer.Option("--from", help="What wrote it.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The trial's name, when there is one run.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("-d", "--dir", metavar="DIR", help="Where the trials go: below .aimd there.")
    ] = None,
    as_json: JsonOpt = False,
) -> None:
    """Make trials of the runs of another tracker: values, steps, times, parameters, tags.

    Reads event files of TensorBoard, .wandb files (also of offline runs), MLflow stores (mlruns, mlflow.db) and CSV
    tables, without those libraries. The source is only read. What is no number is left out and counted.

    Examples:

        aimd trial import --from tensorboard runs/

        aimd trial import --from wandb wandb/offline-run-20261123_150327-abc

        aimd trial import --from mlflow mlflow.db
    """
    from aimd_cli.importing.run import write_run
    from aimd_cli.views.outcomes import Outcome, Outcomes

    runs = [run for run in _read(source, path) if run.points or run.params]
    if not runs:
        raise NotFoundError(message=said("{path} holds runs, but no values", path=path), hint="")
    if name and len(runs) != 1:
        raise UsageError(
            message=said(
                "{path} holds {count} runs, which cannot all be {name!r}", path=path, count=len(runs), name=name
            ),
            hint="Leave --name away",
        )
    rows = []
    for run in runs:
        made = write_run(run, directory or Path(), name)
        left_out = said(", {left_out:,} that are no numbers left out", left_out=run.left_out) if run.left_out else ""
        rows.append(
            Outcome(
                made.name,
                "imported",
                said("{count:,} values of {name}{left_out}", count=len(run.points), name=run.name, left_out=left_out),
            )
        )
    output.show(Outcomes(rows), as_json)


def _read(source: Source, path: Path) -> list[ImportedRun]:
    if source == "tensorboard":
        from aimd_cli.importing.tensorboard import read_tensorboard

        return read_tensorboard(path)
    if source == "wandb":
        from aimd_cli.importing.wandb import read_wandb

        return read_wandb(path)
    if source == "mlflow":
        from aimd_cli.importing.mlflow import read_mlflow

        return read_mlflow(path)
    from aimd_cli.importing.table import read_table

    return read_table(path)
