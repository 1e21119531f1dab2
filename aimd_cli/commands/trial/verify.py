"""`aimd trial verify`: reads every byte, changes nothing, reports damage."""

from __future__ import annotations

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.errors import DamageFoundError


def verify(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Read every byte of every file of trials and report damage with line numbers. Changes nothing.

    Without names, checks all trials here. Exits with 6 if there is damage. What a server has is copied, compared with
    its digests, and checked the same way.

    Examples:

        aimd trial verify

        aimd trial verify cnn_keras --json
    """
    from aimd_cli.commands.trial.choice import Naming, chosen
    from aimd_cli.views.verification import FileRow, TrialReport, VerifyReport
    from aimd_core.reading.documents import Trial
    from aimd_core.reading.verification import verify_trial

    reports = []
    for selected in chosen(Naming(trial, path, name, directory, remote), everything=True):
        verified = verify_trial(Trial(selected.directory()))
        files = [FileRow(*file) for file in verified.files]
        reports.append(TrialReport(verified.name, selected.address, files, verified.notes))
    output.show(VerifyReport(reports, output.glyphs_fit()), as_json)
    damaged = sum(report.is_damaged for report in reports)
    if damaged:
        raise DamageFoundError(damaged=damaged, total=len(reports))
