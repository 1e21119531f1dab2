"""`aimd trial export`: the points of trials for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from aimd_cli import output
from aimd_cli.options import AllSegmentsOpt, DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_cli.text import clean
from aimd_core.errors import UsageError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimd_cli.converting.target import Target
    from aimd_cli.exporting import Points
    from aimd_core.sources.handles import TrialHandle

Tracker = Literal["tensorboard", "wandb", "mlflow"]
Format = Literal["csv", "jsonl", "parquet"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def export(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    shape: Annotated[Format | None, typer.Option("--format", help="[default: from the file name, else csv]")] = None,
    wide: Annotated[bool, typer.Option("--wide", help="One row per step, one column per metric.")] = False,
    metric: Annotated[
        list[str] | None, typer.Option("-m", "--metric", metavar="METRIC", help="Only this metric; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="[default: stdout]")] = None,
    target: Annotated[
        Tracker | None,
        typer.Option("--to", help="Write runs of this tracker into the directory FILE, with all that it can hold."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
    all_segments: AllSegmentsOpt = False,
    media: Annotated[
        bool, typer.Option("--media", help="One row per picture, table and the like, with the SHA-256 of its bytes.")
    ] = False,
    escape_formulas: Annotated[
        bool, typer.Option("--escape-formulas", help="In CSV, put ' before names that a spreadsheet would calculate.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Export all points, unrounded: one row per value, or one per step with --wide.

    Examples:

        aimd trial export cnn_keras -o points.csv

        aimd trial export -d . --wide -m val.loss --format jsonl

        aimd trial export -d . -o all.parquet

        aimd trial export cnn_keras --media -o media.csv

        aimd trial export -d . --to mlflow -o mlruns
    """
    from aimd_cli.commands.trial.choice import Naming, chosen
    from aimd_cli.exporting import long_points, media_rows, wide_points
    from aimd_core.format.journal import Damage

    naming = Naming(trial, path, name, directory, remote)
    if target is not None:
        if out is None or shape or wide or metric or all_segments or escape_formulas or media:
            raise UsageError(
                message="--to writes whole trials, and needs a directory", hint="For example: --to mlflow -o mlruns"
            )
        _export_to(target, chosen(naming), out, force, as_json)
        return
    form = shape or _format_of(out)
    if out is None and (form == "parquet" or as_json):
        raise UsageError(
            message="this format needs a file", hint="Name one: -o FILE (for points as JSON: --format jsonl)"
        )
    if media and (wide or metric or all_segments):
        raise UsageError(message="--media takes none of --wide, --metric and --all-segments", hint="")
    damage = Damage()
    if media:
        points = media_rows(chosen(naming))
    else:
        points = (wide_points if wide else long_points)(chosen(naming), metric or [], damage, all_segments)
    if out is None:
        for line in _lines(points, form, escape_formulas):
            output.print_line(clean(line) if output.is_terminal() else line)  # a name may hold control characters
    else:
        _write(points, form, out, force, as_json, escape_formulas)
    if damage:
        output.say(said("left out: {sentence}", sentence=damage.sentence()))


def _export_to(target: Target, trials: list[TrialHandle], out: Path, force: bool, as_json: bool) -> None:
    from collections import Counter

    from aimd_cli.converting.target import export_trial
    from aimd_cli.views.outcomes import Outcome, Outcomes
    from aimd_core.errors import DamagedError, InTheWayError, PartlyDoneError
    from aimd_core.format.journal import Damage
    from aimd_core.reading.documents import Trial

    rows = []
    for trial in trials:
        damage, left_out = Damage(), Counter[str]()
        try:
            directory, count = export_trial(Trial(trial.directory()), target, out, force, damage, left_out)
        except (DamagedError, InTheWayError) as error:
            rows.append(Outcome(trial.alternative_name, "failed", error.sentence))
            continue
        detail = said("{count:,} values in {directory}", count=count, directory=directory)
        if damage:
            detail = joined("; ", [detail, said("left out: {sentence}", sentence=damage.sentence())])
        if left_out:
            kinds = [said("{count:,} x {kind}", count=number, kind=kind) for kind, number in left_out.items()]
            detail = joined("; ", [detail, said("left out: {kinds}", kinds=joined(", ", kinds))])
        rows.append(Outcome(trial.alternative_name, "exported", detail))
    output.show(Outcomes(rows), as_json)
    failures = sum(row.outcome == "failed" for row in rows)
    if failures:
        raise PartlyDoneError(failed=failures, total=len(rows), what="exports")


def _format_of(out: Path | None) -> Format:
    """Return the format that a file's name asks for; CSV when it asks for none.

    Raises:
        UsageError: It asks for one that is not written.
    """
    suffix = out.suffix.lower() if out else ""
    if suffix not in _SUFFIXES and suffix not in ("", ".txt"):
        raise UsageError(
            message=said("{suffix} is not a format that export can write", suffix=suffix),
            hint="Name the file .csv, .jsonl or .parquet, or say which with --format",
        )
    return _SUFFIXES.get(suffix, "csv")


def _lines(points: Points, shape: Format, escape_formulas: bool) -> Iterator[str]:
    from aimd_cli.exporting import csv_lines, json_lines

    return csv_lines(points, escape_formulas) if shape == "csv" else json_lines(points)


def _write(points: Points, shape: Format, out: Path, force: bool, as_json: bool, escape_formulas: bool) -> None:
    from aimd_cli.exporting import write_file, write_lines, write_parquet
    from aimd_cli.views.outcomes import Outcome, Outcomes

    def write(file: IO[bytes]) -> int:
        return (
            write_parquet(points, file)
            if shape == "parquet"
            else write_lines(_lines(points, shape, escape_formulas), file)
        )

    rows = write_file(out, write, force) - (shape == "csv")
    output.show(
        Outcomes([Outcome(str(out), "exported", said("{rows:,} row{s}", rows=rows, s="s" * (rows != 1)))], "FILE"),
        as_json,
    )
