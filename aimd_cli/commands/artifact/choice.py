"""Which artifacts a command line means, for every command alike: ARTIFACT, --remote, -p, -i, -r and -n."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from aimd_cli.options import working_directory
from aimd_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_core.reading.artifacts import StoredArtifact
    from aimd_core.sources.artifact_naming import ArtifactFinder, ArtifactHandle

ArtifactsArg = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ARTIFACT]...",
        help="NAME[:TAG], an id, or their beginnings, a path, or SERVER:/FOLDER/NAME[:TAG]. Without a tag: the newest.",
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


ArtifactArg = Annotated[
    str,
    typer.Argument(
        metavar="ARTIFACT",
        help="NAME[:TAG], an id, or their beginnings, a path, or SERVER:/FOLDER/NAME[:TAG]. Without a tag: the newest.",
    ),
]
RemoteOpt = Annotated[bool, typer.Option("--remote", help="Look up names on the active server.")]


def finder_of(remote: bool = False, host: str | None = None) -> ArtifactFinder:
    """Return what finds the artifacts of a command line; it is closed when the command ends."""
    from aimd_cli.typer_inside import at_end
    from aimd_core.sources.artifact_naming import ArtifactFinder

    finder = ArtifactFinder(working_directory(None), remote, host)
    at_end(finder.close)
    return finder


class ArtifactNaming(NamedTuple):
    """How artifacts were named on a command line.

    Attributes:
        words: The positional arguments.
        paths: The values of -p.
        ids: The values of -i.
        repo_paths: The values of -r.
        repo_names: The values of -n.
    """

    words: Sequence[str] | None = None
    paths: Sequence[Path] | None = None
    ids: Sequence[str] | None = None
    repo_paths: Sequence[Path] | None = None
    repo_names: Sequence[str] | None = None


def described_artifacts(naming: ArtifactNaming) -> list[ArtifactHandle]:
    """Return the artifacts of a command line, here and on servers, in the order named.

    Raises:
        UsageError: Nothing was named. Others as `aimd_core.sources.artifact_naming.ArtifactFinder`.
    """
    from aimd_core.sources.artifact_naming import LocalArtifact

    _require_names(naming)
    finder = finder_of()
    handles = [finder.named(word) for word in naming.words or ()]
    return [*handles, *map(LocalArtifact, _selected(naming))]


def chosen_artifacts(naming: ArtifactNaming, everything: bool = False) -> list[StoredArtifact]:
    """Return the artifacts on this disk that a command line means, each once, in the order named.

    Args:
        naming: How they were named; an address on a server means the one that was downloaded from there.
        everything: Whether naming nothing means all artifacts of the working directory.

    Raises:
        UsageError: Nothing was named, and that does not mean all artifacts; or one is on a server only.
        ArtifactNotFoundError, NoArtifactsError: As `aimd_core.reading.artifacts.select_artifacts`.
    """
    from aimd_core.reading.artifacts import find_artifacts

    if everything and not any(naming):
        return find_artifacts(working_directory(None))
    _require_names(naming)
    finder = finder_of()
    selected = [*(finder.stored(word) for word in naming.words or ()), *_selected(naming)]
    return list({artifact.path.absolute(): artifact for artifact in selected}.values())


def _require_names(naming: ArtifactNaming) -> None:
    if not any(naming):
        raise UsageError(
            message="no artifact was named",
            hint="Name it: ARTIFACT, -i ID or -p PATH, or all of a name with -n NAME",
        )


def _selected(naming: ArtifactNaming) -> list[StoredArtifact]:
    """Return the artifacts that options name."""
    from aimd_core.reading.artifacts import select_artifacts

    if not any(naming[1:]):
        return []
    paths, ids, repo_paths, repo_names = naming.paths, naming.ids, naming.repo_paths, naming.repo_names
    return select_artifacts(paths or (), ids or (), repo_paths or (), repo_names or (), working_directory(None))
