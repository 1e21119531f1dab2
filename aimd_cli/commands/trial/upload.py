"""`aimd trial upload`: bring the server up to date with the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aimd_cli import output, text
from aimd_cli.options import (
    DirectoryOpt,
    FolderIdOpt,
    FolderPathOpt,
    HostOpt,
    JsonOpt,
    MakeFolderOpt,
    NamesOpt,
    PathsOpt,
    TrialsArg,
)
from aimd_core.errors import (
    AimdError,
    LeftOutError,
    NetworkError,
    NotTheSameError,
    PartlyDoneError,
    StoppedError,
    UsageError,
)
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from aimd_cli.views.upload import UploadRow
    from aimd_core.config import Credentials
    from aimd_core.reading.documents import Trial
    from aimd_core.upload import Destination, Remote, Result
    from aimd_core.upload.remote import Work


ConflictStrategy = Literal["skip", "error", "new", "replace"]
JobsOpt = Annotated[
    int, typer.Option("--jobs", "-j", metavar="COUNT", min=1, max=32, help="How many trials to transfer at once.")
]
FOLLOW_INTERVAL_S = 2.0


def upload(
    trials: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    folder_id: FolderIdOpt = None,
    folder_path: FolderPathOpt = None,
    make_folder: MakeFolderOpt = False,
    conflict_strategy: Annotated[
        ConflictStrategy | None,
        typer.Option(
            "-c",
            "--conflict-strategy",
            help="What to do if the name is taken there. [default: what the trial says, else new]",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace what the server has of trials whose files were changed here after their upload.",
        ),
    ] = False,
    jobs: JobsOpt = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Verify that the server has the same bytes, changing nothing; exit with 1 if not."
        ),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep uploading until the trials end; with -d, new trials are included.")
    ] = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Upload trials, or what is new in them. Safe to repeat, even while a trial runs.

    Examples:

        aimd trial upload cnn_keras

        aimd trial upload -d . -P image_classification/mnist -m

        aimd trial upload -d . --follow

        aimd trial upload -d . --check
    """
    from aimd_cli.commands.trial.choice import Naming, local_trials
    from aimd_core.config import resolve_credentials
    from aimd_core.upload import Destination

    if dry_run + check + follow > 1:
        raise UsageError(message="--dry-run, --check and --follow cannot be combined", hint="Choose one of them")
    selected = local_trials(Naming(trials, path, name, directory))
    credentials = resolve_credentials(host)
    output.detail(
        said("Server: {host} (key from {api_key})", host=credentials.host, api_key=credentials.origins["api_key"])
    )
    asks = bool(folder_id or folder_path)  # a wish that was just typed is not met by another folder
    destination = Destination(
        folder_id, folder_path, make_folder or None, conflict_strategy, must_exist=asks, overwrite=overwrite
    )
    if check:
        _check(credentials, selected, jobs, as_json)
    elif dry_run:
        _end(
            _rows(_run_planned(credentials, selected, destination, jobs), selected, destination),
            as_json,
            credentials.host,
        )
    elif follow:
        everything = directory is not None and not (trials or path or name)
        _follow(credentials, selected, directory if everything else None, destination, jobs, as_json)
    else:
        _end(_rows(_run(credentials, selected, destination, jobs), selected, destination), as_json, credentials.host)


def _maker(credentials: Credentials) -> Callable[[], Remote]:
    from aimd_core.upload import connect

    return lambda: connect(credentials)


def _run(
    credentials: Credentials, trials: Sequence[Trial], destination: Destination, jobs: int
) -> Iterator[tuple[Trial, Result]]:
    """Upload trials with a progress display, and yield the results.

    Raises:
        StoppedError: Ctrl-C.
    """
    from aimd_cli.progress import TransferProgress, journal_bytes
    from aimd_core.upload import upload_all

    with TransferProgress("Uploading", len(trials), journal_bytes(trials)) as progress:
        try:
            for result in upload_all(_maker(credentials), trials, destination, jobs, progress):
                progress.end(result.trial)
                yield result.trial, result
        except KeyboardInterrupt:
            raise StoppedError(done=progress.done, total=len(trials), what="sent") from None


def _run_planned(
    credentials: Credentials, trials: Sequence[Trial], destination: Destination, jobs: int
) -> Iterator[tuple[Trial, Result]]:
    from aimd_core.upload import Result
    from aimd_core.upload.remote import run_all

    def plan(remote: Remote, trial: Trial) -> Result:
        return Result(trial, remote.plan(trial, destination), None)

    destination.companions.add(trial.path for trial in trials)
    for result in run_all(_maker(credentials), trials, plan, jobs):
        yield result.trial, result


def _rows(
    results: Iterator[tuple[Trial, Result]], trials: Sequence[Trial], destination: Destination
) -> tuple[list[UploadRow], list[tuple[Trial, AimdError]]]:
    """Return one row per trial, in the order named, and the failures."""
    by_path = {trial.path: result for trial, result in results}
    ordered = [by_path[trial.path] for trial in trials]
    return [row_of(result, destination) for result in ordered], [
        (item.trial, item.error) for item in ordered if item.error
    ]


def row_of(result: Result, destination: Destination) -> UploadRow:
    """Return the row of a result; the destination is what was typed."""
    from aimd_cli.errors import message
    from aimd_cli.views.upload import UploadRow
    from aimd_core.upload.contents import left_behind, sentence_of
    from aimd_core.upload.refusals import sentence

    name, uploaded = result.trial.alternative_name, result.uploaded
    if uploaded is None:
        assert result.error is not None
        return UploadRow(name, "failed", result.trial.id or "", "", "", 0, message(result.error), "", 0)
    staying = left_behind(result.trial.path)
    quiet = [uploaded.damage, *uploaded.notes, sentence_of(staying)]
    notes = [sentence(uploaded.refusals), *quiet]
    if uploaded.folder_fallback:
        notes.append("the folder does not exist: uploaded to the default one (-m creates it)")
    unmet = destination.unmet_by(uploaded)
    if unmet:
        notes.append(said("it was on the server before, and stays in its folder; not moved to {unmet}", unmet=unmet))
    return UploadRow(
        name,
        uploaded.outcome,
        uploaded.trial_id,
        uploaded.name,
        uploaded.folder,
        uploaded.sent_bytes,
        joined("; ", list(filter(None, notes))),
        uploaded.trial_id,
        uploaded.remaining_bytes,
        uploaded.folder_fallback,
        tuple(uploaded.refusals),
        unmet,
        uploaded.sent_files,
        joined("; ", list(filter(None, quiet))),
        tuple(staying),
    )


def _end(
    shown: tuple[list[UploadRow], list[tuple[Trial, AimdError]]], as_json: bool, host: str, total: int = 0
) -> None:
    """Show the results, and exit with the matching code."""
    from aimd_cli.errors import advice_of
    from aimd_core.format.model import console_address

    rows, failures = shown
    rows = [row._replace(address=console_address(host, row.address)) if row.address else row for row in rows]
    if len(rows) == 1 and failures:
        raise failures[0][1]
    show_report(rows, failures, rows[0].address if len(rows) == 1 else console_address(host), as_json)
    if failures:
        raise PartlyDoneError(
            failed=len(failures), total=total or len(rows), what="uploads", hint=advice_of([e for _, e in failures])
        )
    raise_refusals(rows)


def show_report(
    rows: Sequence[UploadRow], failures: Sequence[tuple[Trial, AimdError]], address: str, as_json: bool
) -> None:
    """Show the results and their summary; on stderr, also what a narrow table drops."""
    from aimd_cli.errors import message
    from aimd_cli.views.upload import UploadReport
    from aimd_core.upload.refusals import Refusal, sentences

    output.show(UploadReport(list(rows), address), as_json)
    say_fallbacks(rows)
    say_unmet(rows)
    for row in rows:
        for refusals in sentences(Refusal(*parts) for parts in row.refusals):
            output.say(said("WARNING: {name}: {refusals}", name=row.name, refusals=refusals))
    _explain([(trial.alternative_name, message(error)) for trial, error in failures], as_json)
    say_summary(rows, address)


def raise_refusals(rows: Sequence[UploadRow]) -> None:
    """Raise an error if parts of trials were left out, of which all the rest was sent."""
    partial = sum(bool(row.refusals) for row in rows)
    if partial:
        raise LeftOutError(failed=partial, total=len(rows))


def say_fallbacks(rows: Sequence[UploadRow]) -> None:
    """Warn of trials that went to the default folder, since a narrow table drops the column that says so."""
    for row in rows:
        if row.is_fallback:
            output.say(
                said(
                    "WARNING: {name} went to {folder}, because the folder it asks for does not exist (-m creates it)",
                    name=row.name,
                    folder=row.folder,
                )
            )


def say_unmet(rows: Sequence[UploadRow]) -> None:
    """Warn of trials that stay in the folder where they were, although another was typed: an upload moves nothing."""
    staying = [row for row in rows if row.unmet]
    if not staying:
        return
    first, others = staying[0], len(staying) - 1
    more = said(" and {count} more", count=others) if others else ""
    output.say(
        said(
            "WARNING: not moved to {unmet}: {name} in {folder}{more}. -P and -I only place trials that are new to the"
            " server. Move others: aimd trial mv --remote NAME FOLDER",
            unmet=first.unmet,
            name=first.name,
            folder=first.folder,
            more=more,
        )
    )


def say_summary(rows: Sequence[UploadRow], address: str) -> None:
    """Say how many trials had each outcome, how many bytes were sent, and where to see them."""
    from aimd_cli.views.upload import OUTCOMES

    counts = Counter(row.outcome for row in rows)
    outcomes = joined(
        ", ",
        [
            said("{count} {outcome}", count=count, outcome=said(outcome))
            for outcome in OUTCOMES
            if (count := counts[outcome])
        ],
    )
    size, files = text.size(sum(row.sent_bytes for row in rows)), sum(row.files for row in rows)
    if files:
        s = "s" * (files != 1)
        size = said("{count} file{s}, {size}", count=f"{files:,}", s=s, size=size)
    if counts["failed"] == len(rows):
        output.say(said("{outcomes}; {size} sent", outcomes=outcomes, size=size))
        return
    output.say(said("{outcomes}; {size} sent. See: {address}", outcomes=outcomes, size=size, address=address))


def _explain(reasons: Sequence[tuple[str, str]], as_json: bool) -> None:
    """Print the full reasons, for which the table may have had no room."""
    if output.is_terminal() and not as_json:
        for name, reason in reasons:
            output.say(joined("", [f"{name}: ", reason]))


def _check(credentials: Credentials, trials: Sequence[Trial], jobs: int, as_json: bool) -> None:
    """Compare each trial with the server's and show the differences."""
    from aimd_cli.errors import message
    from aimd_cli.views.check import CheckReport, CheckRow
    from aimd_core.upload import Result
    from aimd_core.upload.along import compare_artifacts
    from aimd_core.upload.remote import run_all

    by_path: dict[Path, list[CheckRow]] = {}
    mended_by: set[str] = set()

    def compare(remote: Remote, trial: Trial) -> Result:
        differences = [*remote.check(trial), *compare_artifacts(remote, trial)]
        mended_by.update(difference.mended_by for difference in differences)
        by_path[trial.path] = [CheckRow(trial.alternative_name, "differs", *item[:4]) for item in differences]
        return Result(trial, None, None)

    work: Work = compare
    for result in run_all(_maker(credentials), trials, work, jobs):
        if result.error is None:
            same = CheckRow(result.trial.alternative_name, "same", "", None, None, _staying(result.trial.path))
            by_path[result.trial.path] = by_path[result.trial.path] or [same]
        elif isinstance(result.error, NetworkError):
            raise result.error
        else:
            row = CheckRow(result.trial.alternative_name, "differs", "", None, None, message(result.error))
            by_path[result.trial.path] = [row]
    ordered = [by_path[trial.path] for trial in trials]
    output.show(CheckReport([row for rows in ordered for row in rows]), as_json)
    for trial, rows in zip(trials, ordered, strict=True):
        if rows[0].outcome != "same" and (staying := _staying(trial.path)):
            output.say(joined("", [f"{trial.alternative_name}: ", staying]))
    failed = sum(rows[0].outcome != "same" for rows in ordered)
    if failed:
        raise NotTheSameError(failed=failed, total=len(trials), hint=_mending(mended_by or {"upload"}))


def _staying(path: Path) -> str:
    """Say what is in a trial's directory and meant to stay here; all of it is named, as a check promises."""
    from aimd_core.reading.kept_files import tree_of
    from aimd_core.upload.contents import left_behind, notes_on, sentence_of
    from aimd_core.upload.refusals import MAX_NAMED

    sentences = [sentence_of(left_behind(path), MAX_NAMED), *notes_on(tree_of(path), named=MAX_NAMED)]
    return joined("; ", list(filter(None, sentences)))


def _mending(mended_by: set[str]) -> str:
    """Return which command mends differences, or what else does."""
    import shlex
    import sys

    from aimd_core.upload.artifact_checks import FINAL, FINAL_HINT

    if mended_by == {FINAL}:
        return said(FINAL_HINT)
    if mended_by == {""}:
        return said("Fix, shorten or rename what is named above, and upload it again")
    words = [word for word in sys.argv[1:] if word not in ("--check", "--json")]
    if "overwrite" in mended_by:
        command = shlex.join(["aimd", *words, "--overwrite"])
        return said("If the files here are right, replace the server's: {command}", command=command)
    return said("Bring the server up to date with: {command}", command=shlex.join(["aimd", *words]))


def _follow(
    credentials: Credentials,
    selected: Sequence[Trial],
    directory: Path | None,
    destination: Destination,
    jobs: int,
    as_json: bool,
) -> None:
    """Upload until all trials have ended, then show the results."""
    from aimd_cli.commands.following import follow
    from aimd_core.reading.documents import Trial
    from aimd_core.reading.selection import trials_in

    paths = [trial.path for trial in selected]

    def find() -> list[Trial]:
        return trials_in(directory) if directory is not None else [Trial(path) for path in paths]

    last = follow(_maker(credentials), find, destination, jobs, FOLLOW_INTERVAL_S, endless=False)
    rows = [row_of(result, destination) for result in last.values()]
    failures = [(result.trial, result.error) for result in last.values() if result.error]
    _end((rows, failures), as_json, credentials.host)
