"""`aimd artifact rm` and `restore`: remove artifacts here, or move those of the server to its trash and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt
from aimd_core.errors import AccessError, AimdError, OldServerError, PartlyDoneError, UsageError
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimd_core.upload.current_artifacts import CurrentArtifactRemote

YesOpt = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation; required without a terminal.")]


def rm(
    artifact: Annotated[
        list[str], typer.Argument(metavar="ARTIFACT...", help="As in describe; with --remote ids or FOLDER/NAME[:TAG].")
    ],
    remote: Annotated[bool, typer.Option("--remote", help="Move them to the server's trash.")] = False,
    yes: YesOpt = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Delete artifacts from this disk, or move those of the server to its trash. Asks first.

    Examples:

        aimd artifact rm mnist_model

        aimd artifact rm --remote image_classification/mnist_model:v1 --yes
    """
    if remote:
        _confirm(said("Move {artifacts} to the server's trash?", artifacts=", ".join(artifact)), yes)
        with _server(host) as server:
            _each(artifact, lambda word: _remove_there(server, word), "removed", as_json)
        return
    from aimd_cli.commands.artifact.choice import chosen_artifacts
    from aimd_core.format.artifacts import forget_artifact

    selected = {f"{stored.name} {stored.id}": stored for stored in chosen_artifacts(artifact, None, None, None, None)}
    never = sum(stored.is_open for stored in selected.values())
    warning = said(" {count} of them were never uploaded.", count=never) if never else ""
    question = said("Delete {artifacts} for good?{warning}", artifacts=", ".join(selected), warning=warning)
    _confirm(question, yes)
    _each(list(selected), lambda word: forget_artifact(selected[word].path), "removed", as_json)


def restore(
    artifact: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of artifacts in the server's trash.")],
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Restore artifacts from the server's trash.

    Examples:

        aimd artifact restore 0f2c7a52-9be1-4a07-8d7e-6f0b2c4d5e6f
    """
    from aimd_core.client import artifacts

    with _server(host) as server:
        _each(artifact, lambda word: artifacts.restore(server.server, word), "restored", as_json)


def _server(host: str | None) -> CurrentArtifactRemote:
    from aimd_core.config import resolve_credentials
    from aimd_core.upload.artifact_servers import connect_artifacts
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote

    server = connect_artifacts(resolve_credentials(host))
    if not isinstance(server, CurrentArtifactRemote):
        raise OldServerError(host=server.host, what="delete artifacts")
    return server


def _remove_there(server: CurrentArtifactRemote, word: str) -> None:
    from aimd_core.client import artifacts
    from aimd_core.upload.artifact_servers import asked_for

    artifacts.delete(server.server, asked_for(server, word).id)


def _confirm(question: str, yes: bool) -> None:
    """Ask, unless told not to.

    Raises:
        UsageError: There is no terminal to ask on, or the answer is no.
    """
    if yes:
        return
    if not output.can_ask():
        raise UsageError(message="cannot ask for confirmation without a terminal", hint="Confirm with --yes")
    if not output.confirm(question):
        raise UsageError(message="nothing was deleted", hint="")


def _each(words: list[str], work: Callable[[str], object], outcome: str, as_json: bool) -> None:
    """Do something with each, go on after a failure, and show what became of them."""
    from aimd_cli.errors import message
    from aimd_cli.views.outcomes import Outcome, Outcomes

    rows: list[Outcome] = []
    failures: list[AimdError | OSError] = []
    for word in words:
        try:
            work(word)
            rows.append(Outcome(word, outcome, ""))
        except AccessError:
            raise
        except (AimdError, OSError) as error:
            failures.append(error)
            rows.append(Outcome(word, "failed", message(error)))
    if failures and len(words) == 1:
        raise failures[0]
    output.show(Outcomes(rows, "ARTIFACT"), as_json)
    if failures:
        raise PartlyDoneError(failed=len(failures), total=len(rows), what="artifacts")
