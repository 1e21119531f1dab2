"""`aimd trial download`: the directory that was uploaded, byte for byte, complete or absent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt, working_directory
from aimd_core.errors import (
    AccessError,
    AimdError,
    AmbiguousTrialError,
    PartlyDoneError,
    RemoteNotFoundError,
    StoppedError,
    UsageError,
)
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.outcomes import DownloadReport
    from aimd_core.client.v2 import Server

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def download(
    names: Annotated[
        list[str], typer.Argument(metavar="ID|NAME...", help="Ids or names on the server; '-' reads them from stdin.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="The working directory to put them in: DIR/.aimd/trials.")
    ] = None,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Download trials as the directories that were uploaded. Resumes where it was cut off.

    Examples:

        aimd trial download cnn_keras

        aimd trial download 0f2c7a52-... --to from_the_cluster
    """
    import sys

    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.outcomes import DownloadReport, DownloadRow
    from aimd_core.client.protocols import protocol_for
    from aimd_core.client.signing_in import V2
    from aimd_core.client.v2 import Server
    from aimd_core.config import resolve_credentials
    from aimd_core.reading.selection import expand_names

    requested = list(dict.fromkeys(expand_names(names, sys.stdin if "-" in names else [])))
    credentials = resolve_credentials(host)
    if protocol_for(credentials.host) != V2:
        raise UsageError(
            message=said("{host} speaks protocol 1, which does not keep a trial's files", host=credentials.host),
            hint="Download from a server that speaks protocol version 2",
        )
    target = working_directory(to)
    rows: list[DownloadRow] = []
    failures: list[AimdError] = []
    with Server(credentials) as server, TransferProgress("Downloading", len(requested), 0) as progress:
        for name in requested:
            try:
                before = progress.sent_bytes
                path = _download(server, name, target, progress)
                rows.append(DownloadRow(name, "downloaded", str(path), "", progress.sent_bytes - before))
                progress.done += 1
            except KeyboardInterrupt:
                raise StoppedError(done=progress.done, total=len(requested), what="downloaded") from None
            except AccessError:
                raise
            except AimdError as error:
                from aimd_cli.errors import message

                failures.append(error)
                rows.append(DownloadRow(name, "failed", "", message(error)))
    if failures and len(requested) == 1:
        raise failures[0]
    report = DownloadReport(rows, str(target.absolute()))
    output.show(report, as_json)
    _say_summary(report)
    if failures:
        raise PartlyDoneError(failed=len(failures), total=len(requested), what="downloads")


def _say_summary(report: DownloadReport) -> None:
    """Say how many trials came, how many bytes, and where they are."""
    from aimd_cli.text import size

    facts = report.summary()
    failed = said(", {failed} failed", failed=facts["failed"]) if facts["failed"] else ""
    output.say(
        said(
            "{downloaded} downloaded{failed}; {size} received. See: {directory}",
            downloaded=facts["downloaded"],
            failed=failed,
            size=size(report.received_bytes),
            directory=report.directory,
        )
    )


def _download(server: Server, name: str, to: Path, progress: TransferProgress) -> Path:
    from aimd_core.upload.downloading import download_trial

    return download_trial(server, _id_of(server, name), to, progress.advance)


def _id_of(server: Server, name: str) -> str:
    """Return the id of a trial by its name on the server, or by the beginning of its id, as `ls --remote` shows it.

    Raises:
        RemoteNotFoundError, AmbiguousTrialError: None or several.
    """
    if _UUID.fullmatch(name):
        return name
    names = ("name", "alternative_name")
    trials = list(server.trials())
    ids = [str(trial["id"]) for trial in trials if name in map(trial.get, names)]
    if not ids and name:
        ids = [trial_id for trial in trials if (trial_id := str(trial["id"])).startswith(name)]
    if len(ids) > 1:
        raise AmbiguousTrialError(name, ids)
    if not ids:
        raise RemoteNotFoundError(what=said("trial {name}", name=name))
    return ids[0]
