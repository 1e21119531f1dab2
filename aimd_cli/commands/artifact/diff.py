"""`aimd artifact diff`: the objects in which two artifacts differ, here or on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import HostOpt, JsonOpt

if TYPE_CHECKING:
    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.upload.artifacts import RemoteArtifact


def diff(
    first: Annotated[str, typer.Argument(metavar="ARTIFACT", help="As in describe; with --remote, on the server.")],
    second: Annotated[
        str,
        typer.Argument(metavar="OTHER", help="The one to compare with: likewise, or FOLDER/NAME[:TAG] on the server."),
    ],
    remote: Annotated[bool, typer.Option("--remote", help="Both are on the server.")] = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Show which objects and references differ: added, removed or changed. Reads digests, not bytes.

    Examples:

        aimd artifact diff mnist_model:v1 mnist_model:v2

        aimd artifact diff --remote image_classification/mnist_model:v1 image_classification/mnist_model:best
    """
    from aimd_cli.views.artifact_outcomes import ArtifactDiff, differences

    sides = [_side(word, remote, host) for word in (first, second)]
    objects = [{row.key: row for row in side.objects} for side in sides]
    references = [dict(side.references) for side in sides]
    output.show(ArtifactDiff(differences(objects[0], objects[1], references[0], references[1])), as_json)


def _side(word: str, remote: bool, host: str | None) -> StoredArtifact | RemoteArtifact:
    from aimd_cli.commands.artifact.choice import chosen_artifacts
    from aimd_core.config import resolve_credentials
    from aimd_core.upload.artifact_servers import asked_for, connect_artifacts

    if not remote:
        return chosen_artifacts([word], None, None, None, None)[0].require_whole()
    with connect_artifacts(resolve_credentials(host)) as server:
        return asked_for(server, word)
