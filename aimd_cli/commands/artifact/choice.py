"""Which artifacts a command line means, for every command alike: ARTIFACT, -p, -i, -r and -n."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli.options import working_directory
from aimd_core.errors import UsageError

if TYPE_CHECKING:
    from aimd_core.reading.artifacts import StoredArtifact

ArtifactsArg = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ARTIFACT]...",
        help="Ids, unique prefixes of ids, paths, or NAME[:TAG]; without a tag, the newest one.",
    ),
]
PathsOpt = Annotated[
    list[Path] | None, typer.Option("-p", "--path", metavar="PATH", help="The directory of an artifact; repeatable.")
]
IdsOpt = Annotated[
    list[str] | None,
    typer.Option("-i", "--id", metavar="ID", help="The id of an artifact, or a unique prefix of it; repeatable."),
]
RepoPathsOpt = Annotated[
    list[Path] | None,
    typer.Option(
        "-r", "--repo-path", metavar="PATH", help="The directory of a name, for all its artifacts; repeatable."
    ),
]
RepoNamesOpt = Annotated[
    list[str] | None,
    typer.Option("-n", "--repo-name", metavar="NAME", help="A name, for all its artifacts; repeatable."),
]


def chosen_artifacts(
    words: list[str] | None,
    paths: list[Path] | None,
    ids: list[str] | None,
    repo_paths: list[Path] | None,
    repo_names: list[str] | None,
    everything: bool = False,
) -> list[StoredArtifact]:
    """Return the artifacts of a command line, each once, in the order named.

    Args:
        words: The positional arguments.
        paths: The values of -p.
        ids: The values of -i.
        repo_paths: The values of -r.
        repo_names: The values of -n.
        everything: Whether naming nothing means all artifacts of the working directory.

    Raises:
        UsageError: Nothing was named, and that does not mean all artifacts.
        ArtifactNotFoundError, NoArtifactsError: As `aimd_core.reading.artifacts.select_artifacts`.
    """
    from aimd_core.reading.artifacts import find_artifacts, select_artifacts

    if not words and not paths and not ids and not repo_paths and not repo_names:
        if not everything:
            raise UsageError(
                message="no artifact was named",
                hint="Name it: ARTIFACT, -i ID or -p PATH, or all of a name with -n NAME",
            )
        return find_artifacts(working_directory(None))
    return select_artifacts(
        paths or [], ids or [], repo_paths or [], repo_names or [], working_directory(None), words or []
    )
