"""`aimd trial download`: the directory that was uploaded, byte for byte, complete or absent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aimd_cli import output
from aimd_cli.options import AlwaysRemoteOpt, HostOpt, JsonOpt, working_directory
from aimd_core.errors import (
    AccessError,
    AimdError,
    AmbiguousTrialError,
    NotFoundError,
    PartlyDoneError,
    StoppedError,
)
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.outcomes import DownloadReport, DownloadRow
    from aimd_core.sources.naming import TrialFinder
    from aimd_core.sources.remote import RemoteTrial


def download(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="TRIAL...", help="Names or ids on the server, or their beginnings; '-' reads them from stdin."
        ),
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="The working directory to put them in: DIR/.aimd/trials.")
    ] = None,
    remote: AlwaysRemoteOpt = True,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Download trials as the directories that were uploaded. Resumes where it was cut off.

    Examples:

        aimd trial download cnn_keras

        aimd trial download 'remote:/image_classification/mnist/@best(val.acc)'

        aimd trial download 0f2c7a52-... --to from_the_cluster
    """
    import sys

    from aimd_cli.progress import TransferProgress
    from aimd_cli.typer_inside import at_end
    from aimd_cli.views.outcomes import DownloadReport
    from aimd_core.format.layout import absolute
    from aimd_core.reading.selection import expand_names
    from aimd_core.sources.naming import TrialFinder

    requested = list(dict.fromkeys(expand_names(names, sys.stdin if "-" in names else [])))
    finder = TrialFinder(remote=remote, host=host)
    at_end(finder.close)
    target = working_directory(to)
    results = _Results([], [])
    trials = _remote_trials(finder, requested, results)
    with TransferProgress("Downloading", len(trials), 0) as progress:
        for name, trial in trials:
            try:
                _download(name, trial, target, progress, results)
            except KeyboardInterrupt:
                raise StoppedError(done=progress.done, total=len(trials), what="downloaded") from None
    if results.failures and len(results.rows) == 1:
        raise results.failures[0]
    report = DownloadReport(results.rows, str(absolute(target)))
    output.show(report, as_json)
    _say_summary(report)
    if results.failures:
        raise PartlyDoneError(failed=len(results.failures), total=len(results.rows), what="downloads")


class _Results(NamedTuple):
    """What became of each trial, and why some failed."""

    rows: list[DownloadRow]
    failures: list[AimdError]

    def fail(self, name: str, error: AimdError) -> None:
        """Note that a trial failed."""
        from aimd_cli.errors import message
        from aimd_cli.views.outcomes import DownloadRow

        self.failures.append(error)
        self.rows.append(DownloadRow(name, "failed", "", message(error)))


def _remote_trials(finder: TrialFinder, names: list[str], results: _Results) -> list[tuple[str, RemoteTrial]]:
    """Return the trials that names mean, each with what it is called in the report; a name without any is a failure."""
    from aimd_core.sources.remote import RemoteTrial

    trials: list[tuple[str, RemoteTrial]] = []
    for name in names:
        try:
            named = finder.named(name)
        except (NotFoundError, AmbiguousTrialError) as error:
            results.fail(name, error)
            continue
        for trial in named:
            assert isinstance(trial, RemoteTrial)  # the finder looks on servers only
            trials.append((name if len(named) == 1 else trial.address, trial))
    return trials


def _download(name: str, trial: RemoteTrial, to: Path, progress: TransferProgress, results: _Results) -> None:
    from aimd_cli.views.outcomes import DownloadRow
    from aimd_core.upload.downloading import download_trial

    before = progress.sent_bytes
    try:
        path = download_trial(trial.source.server, trial.id, to, progress.advance)
    except AccessError:
        raise
    except AimdError as error:
        results.fail(name, error)
        return
    results.rows.append(DownloadRow(name, "downloaded", str(path), "", progress.sent_bytes - before))
    progress.done += 1


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
