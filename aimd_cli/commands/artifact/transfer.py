"""What uploading and downloading artifacts have in common: one after the other, progress, a result for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from aimd_cli import output
from aimd_core.errors import AccessError, AimdError, PartlyDoneError, StoppedError
from aimd_core.language import said

if TYPE_CHECKING:
    from aimd_cli.progress import TransferProgress
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome

T = TypeVar("T")


def transfer(
    verb: str,
    done: str,
    items: Sequence[T],
    name_of: Callable[[T], str],
    work: Callable[[T, TransferProgress], ArtifactOutcome],
    total_bytes: int,
    as_json: bool,
) -> None:
    """Do something with each artifact and show the results.

    Args:
        verb: The activity, such as `Uploading`.
        done: What was done when it is done, such as `sent`.
        items: The artifacts.
        name_of: What to call one that fails.
        work: Does it.
        total_bytes: The most that is expected; 0 if unknown.
        as_json: Whether to print JSON.

    Raises:
        AimdError: The only one failed, or the server does not accept the key.
        PartlyDoneError: Some of several failed.
        StoppedError: Ctrl-C.
    """
    from aimd_cli.errors import advice_of, message
    from aimd_cli.progress import TransferProgress
    from aimd_cli.text import size
    from aimd_cli.views.artifact_outcomes import ArtifactOutcome, ArtifactReport

    rows: list[ArtifactOutcome] = []
    failures: list[AimdError] = []
    with TransferProgress(verb, len(items), total_bytes, "artifacts") as progress:
        for item in items:
            try:
                rows.append(work(item, progress))
            except KeyboardInterrupt:
                raise StoppedError(done=progress.done, total=len(items), what=done) from None
            except AccessError:
                raise
            except AimdError as error:
                failures.append(error)
                rows.append(ArtifactOutcome(name_of(item), "", "failed", "", "", "", 0, message(error)))
            progress.done += 1
    if failures and len(items) == 1:
        raise failures[0]
    report = ArtifactReport(rows)
    output.show(report, as_json)
    for row in rows:
        if row.note:
            output.say(said("WARNING: {name}: {note}", name=row.name, note=said(row.note)))
    output.say(said("{outcomes}; {size} transferred", outcomes=report.summary(), size=size(progress.sent_bytes)))
    addresses = [row.address for row in rows if row.address]
    if len(addresses) == 1:
        output.say(said("See: {address}", address=addresses[0]))
    if failures:
        raise PartlyDoneError(failed=len(failures), total=len(rows), what="artifacts", hint=advice_of(failures))
