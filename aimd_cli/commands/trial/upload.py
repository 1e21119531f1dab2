"""`aimd trial upload`: bring the server up to what is on disk, as often as you like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, HostOpt, JsonOpt, NamesOpt, PathsOpt
from aimd_core.errors import AccessError, AimdError, PartlyDoneError, UsageError
from aimd_core.model import console_address

if TYPE_CHECKING:
    from aimd_cli.progress import UploadProgress
    from aimd_cli.views.upload import UploadReport, UploadRow
    from aimd_core.client.v2 import Server
    from aimd_core.store import Trial
    from aimd_core.upload import Destination


ConflictStrategy = Literal["skip", "error", "new", "replace"]


def upload(
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    folder_id: Annotated[
        str | None, typer.Option("-I", "--folder-id", metavar="ID", help="The folder to upload to; wins over -P.")
    ] = None,
    folder_path: Annotated[
        str | None, typer.Option("-P", "--folder-path", metavar="PATH", help="The folder to upload to.")
    ] = None,
    make_folder: Annotated[
        bool, typer.Option("-m", "--make-folder", help="Make the folder and its parents when missing.")
    ] = False,
    conflict_strategy: Annotated[
        ConflictStrategy | None,
        typer.Option(
            "-c", "--conflict-strategy", help="When the name is taken there. [default: what the trial says, or new]"
        ),
    ] = None,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Upload trials, or what is new of them. Safe to repeat, also while a trial runs.

    Examples:

        aimd trial upload -n cnn_keras

        aimd trial upload -d . -P image_classification/mnist -m
    """
    from aimd_cli.progress import UploadProgress
    from aimd_cli.views.upload import UploadReport
    from aimd_core.client.v2 import Server
    from aimd_core.config import resolve_credentials
    from aimd_core.selection import select_trials
    from aimd_core.upload import Destination

    if not path and not name and directory is None:
        raise UsageError(message="no trial was named", hint="Name it with -n NAME or -p PATH, or all with -d DIR")
    trials = select_trials(path or [], name or [], directory)
    credentials = resolve_credentials(host)
    output.detail(f"Uploading to {credentials.host} (key from {credentials.origins['api_key']})")
    destination = Destination(folder_id, folder_path, make_folder or None, conflict_strategy)
    rows, failures = [], []
    with Server(credentials) as server, UploadProgress(trials) as progress:
        for trial in trials:
            row, failure = _upload_one(server, trial, destination, progress)
            rows.append(row)
            failures += [failure] if failure else []
    _end(UploadReport(rows), failures, len(trials), as_json)


def _upload_one(
    server: Server, trial: Trial, destination: Destination, progress: UploadProgress
) -> tuple[UploadRow, AimdError | None]:
    """Upload one trial; a failure is a row too, unless it would befall every other trial likewise."""
    from aimd_cli.errors import message
    from aimd_cli.views.upload import UploadRow
    from aimd_core.upload import damage_sentence, upload_trial

    progress.begin(trial)
    try:
        uploaded = upload_trial(server, trial, destination, progress.advance)
    except AccessError:
        raise
    except AimdError as error:
        return UploadRow(trial.alternative_name, "failed", trial.id or "", "", "", 0, message(error), ""), error
    notes = [damage_sentence(trial)] if uploaded.sent_bytes else []
    if uploaded.folder_fallback:
        notes.append("the folder asked for is not there: uploaded to the default one (-m makes it)")
    row = UploadRow(
        trial.alternative_name,
        uploaded.outcome,
        uploaded.trial_id,
        uploaded.name,
        uploaded.folder,
        uploaded.sent_bytes,
        "; ".join(filter(None, notes)),
        console_address(server.host, uploaded.trial_id),
    )
    return row, None


def _end(report: UploadReport, failures: list[AimdError], total: int, as_json: bool) -> None:
    """Show what became of all, and end with the exit code that says so."""
    if total == 1 and failures:
        raise failures[0]
    output.show(report, as_json)
    if failures:
        raise PartlyDoneError(failed=len(failures), total=total, what="uploads")
    if len(report.rows) == 1:
        output.hint(f"See it: {report.rows[0].address}")
