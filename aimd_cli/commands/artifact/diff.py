"""`aimd artifact diff`: the objects in which two artifacts differ, here or on the server."""

from __future__ import annotations

from typing import Annotated

import typer

from aimd_cli import output
from aimd_cli.commands.artifact.choice import ArtifactArg, RemoteOpt, finder_of
from aimd_cli.options import HostOpt, JsonOpt


def diff(
    first: ArtifactArg,
    second: Annotated[str, typer.Argument(metavar="OTHER", help="The one to compare with, likewise.")],
    remote: RemoteOpt = False,
    host: HostOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Show which objects and references differ: added, removed or changed. Reads digests, not bytes.

    Examples:

        aimd artifact diff mnist_model:v1 mnist_model:v2

        aimd artifact diff mnist_model remote:/image_classification/mnist_model:best
    """
    from aimd_cli.views.artifact_outcomes import ArtifactDiff, differences

    finder = finder_of(remote, host)
    sides = [finder.named(word) for word in (first, second)]
    objects = [{row.key: row for row in side.objects} for side in sides]
    references = [dict(side.references) for side in sides]
    output.show(ArtifactDiff(differences(objects[0], objects[1], references[0], references[1])), as_json)
