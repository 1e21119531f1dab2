"""`aimd artifact rm` and `restore`: remove artifacts here, or move those of the server to its trash and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import RemoteOpt, finder_of
from aimd_cli.options import AlwaysRemoteOpt, HostOpt, JsonOpt
from aimd_core.errors import (
    AccessError,
    AimdError,
    OldServerError,
    PartlyDoneError,
    RemoteArtifactNotFoundError,
    UsageError,
)
from aimd_core.format.values import is_uuid
from aimd_core.hosts import REMOTE
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aimd_core.sources.artifact_naming import ArtifactFinder, ArtifactHandle

_SHOWN = 8  # how many of the trash are named
YesOpt = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation; required without a terminal.")]


def rm(
    artifact: Annotated[list[str], typer.Argument(metavar="ARTIFACT...", help="As in describe.")],
    remote: RemoteOpt = False,
    yes: YesOpt = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Delete artifacts from this disk, or move those of the server to its trash. Asks first.

    Examples:

        aimd artifact rm mnist_model

        aimd artifact rm --remote image_classification/mnist_model:v1 --yes
    """
    from aimd_core.reading.artifacts import remove_artifact
    from aimd_core.sources.artifact_naming import LocalArtifact

    finder = finder_of(remote, host)
    handles = {word: finder.named(word) for word in dict.fromkeys(artifact)}
    here = [handle.stored for handle in handles.values() if isinstance(handle, LocalArtifact)]
    if here and len(here) < len(handles):
        raise UsageError(message="artifacts here and on a server are removed one after the other", hint="")
    if not here:
        if not yes:
            output.confirm(said("Move {artifacts} to the server's trash?", artifacts=", ".join(artifact)))
        _each(list(handles), lambda word: _remove_there(handles[word]), "removed", as_json)
        return
    selected = {f"{stored.label if stored.version else stored.name} {stored.id}": stored for stored in here}
    never = sum(stored.is_open for stored in here)
    warning = said(" {count} of them were never uploaded.", count=never) if never else ""
    question = said("Delete {artifacts} for good?{warning}", artifacts=", ".join(selected), warning=warning)
    if not yes:
        output.confirm(question)
    _each(list(selected), lambda word: remove_artifact(selected[word]), "removed", as_json)


def restore(
    artifact: Annotated[
        list[str],
        typer.Argument(
            metavar="ARTIFACT...", help="NAME[:VERSION] or ids of artifacts in the server's trash, or their beginnings."
        ),
    ],
    remote: AlwaysRemoteOpt = True,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Restore artifacts from the server's trash.

    Examples:

        aimd artifact restore mnist_model:v1
    """
    finder = finder_of(remote, host)
    _each(artifact, lambda word: _restore(finder, word), "restored", as_json)


def _restore(finder: ArtifactFinder, word: str) -> None:
    from aimd_core.client import artifacts
    from aimd_core.client.changes import trash_of
    from aimd_core.format.values import MIN_ID_CHARS
    from aimd_core.reading.artifacts import require_one

    name, rest = finder.split(word)
    server = finder.current_server(name or REMOTE, "restore artifacts").server
    if is_uuid(rest):
        artifacts.restore(server, rest)
        return
    items = trash_of(server, "artifact")
    ids = [item["id"] for item in items if rest in _names_of(item)]
    if not ids:  # without a version, if only one of that name is there
        ids = [item["id"] for item in items if rest in [name.rpartition(":")[0] for name in _names_of(item)]]
    if not ids and len(rest) >= MIN_ID_CHARS:
        ids = [item["id"] for item in items if item["id"].startswith(rest)]
    require_one(word, ids)
    if not ids:
        names = ", ".join(sorted(str(item["name"]) for item in items)[:_SHOWN])
        hint = said("In the trash: {names}", names=names) if names else "No artifact is in your trash"
        raise RemoteArtifactNotFoundError(what=said("artifact {name} in the trash", name=word), hint=hint)
    artifacts.restore(server, ids[0])


def _names_of(item: dict[str, Any]) -> list[str]:
    """Return what an artifact in the trash is called: with its version, and perhaps with its folder."""
    name, folder = str(item["name"]), str(item.get("folder") or "").rstrip("/")
    path = f"{folder}/{name}"
    return [name, path, path.lstrip("/")]


def _remove_there(handle: ArtifactHandle) -> None:
    from aimd_core.client import artifacts
    from aimd_core.sources.artifact_naming import ServerArtifact
    from aimd_core.upload.current_artifacts import CurrentArtifactRemote

    assert isinstance(handle, ServerArtifact)
    if not isinstance(handle.server, CurrentArtifactRemote):
        raise OldServerError(host=handle.server.host, what="delete artifacts")
    artifacts.delete(handle.server.server, handle.id)


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
