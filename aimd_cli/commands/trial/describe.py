"""`aimd trial describe`, and what views show of trials besides their facts: nested documents, the recorded diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.format.model import flatten
from aimd_core.format.values import mapping_of
from aimd_core.language import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_cli.views.comparison import Compared
    from aimd_cli.views.trial_detail import TrialDetail
    from aimd_core.sources.handles import TrialHandle


def details_of(
    trials: Sequence[TrialHandle],
    all_segments: bool = False,
    with_trends: bool = True,
    with_artifacts: bool = False,
) -> list[TrialDetail]:
    """Read trials with all that describes them.

    Args:
        trials: The trials, wherever they are.
        all_segments: Whether points count that were superseded.
        with_trends: Whether to include the course of each metric.
        with_artifacts: Whether to include what they used and made, their media, and where they were uploaded.
    """
    from aimd_cli.views.trial_detail import TrialDetail  # which loads Rich; a piped list does without
    from aimd_core.sources.handles import Extent, facts_of

    rows = facts_of(trials, Extent(trends=with_trends, all_segments=all_segments))
    details = [TrialDetail(row, trial.address, *trial.detail()) for trial, row in zip(trials, rows, strict=True)]
    if not with_artifacts:
        return details
    from aimd_core.sources.artifacts import artifacts_of, uploads_of
    from aimd_core.sources.media import media_keys_of

    return [
        detail._replace(artifacts=artifacts_of(trial), uploads=uploads_of(trial), media=media_keys_of(trial))
        for trial, detail in zip(trials, details, strict=True)
    ]


def compared(trials: Sequence[TrialHandle], all_segments: bool = False) -> list[Compared]:
    """Read trials with all in which they may differ, copies of one trial by their place; `all_segments` as above."""
    details = details_of(trials, all_segments, with_trends=False)
    rows = [_compared(trial, detail) for trial, detail in zip(trials, details, strict=True)]
    if len({trial.alternative_name for trial in trials}) < len(trials):
        rows = [
            row._replace(facts={"place": row_of.location, **row.facts})
            for row, row_of in zip(rows, details, strict=True)
        ]
    return rows


def _compared(trial: TrialHandle, detail: TrialDetail) -> Compared:
    from aimd_cli.views.comparison import Compared

    facts: dict[str, object] = {f"params.{name}": value for name, value in detail.row.params.items()}
    platform = dict(detail.platform)
    packages = mapping_of(platform.pop("pypkgs", None))
    facts |= {f"platform.{name}": value for name, value in flatten(platform).items()}
    facts |= {f"packages.{name}": value for name, value in packages.items()}
    facts |= {f"git.{name}": detail.git.get(name) for name in ("branch", "commit", "is_dirty") if name in detail.git}
    if diff := _diff_of(trial):
        facts["git.diff"] = diff
    return Compared(detail.row, facts)


def _diff_of(trial: TrialHandle) -> str:
    """Say how long the recorded uncommitted diff is, and which one; empty when none was recorded."""
    import hashlib

    content = trial.diff()
    if content is None:
        return ""
    lines = content.count(b"\n")
    return said(
        "{lines} line{s} ({hexdigest})",
        lines=lines,
        s="s" * (lines != 1),
        hexdigest=hashlib.sha256(content).hexdigest()[:8],
    )


def describe(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    platform: Annotated[bool, typer.Option("-l", "--platform", help="Show platform, packages and git.")] = False,
    hparams: Annotated[bool, typer.Option("-H", "--hparams", help="Show the parameters.")] = False,
    metrics: Annotated[bool, typer.Option("-m", "--metrics", help="Show the metrics.")] = False,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Show all of these.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Describe trials: how they went, or the parts you ask for in full.

    Examples:

        aimd trial describe cnn_keras -a

        aimd trial describe -d ~/runs --json

        aimd trial describe remote:/image_classification/mnist/cnn_keras -m
    """
    from aimd_cli.commands.trial.choice import Naming, chosen
    from aimd_cli.commands.trial.describe import details_of
    from aimd_cli.views.trial_detail import Parts, TrialDetails

    trials = chosen(Naming(trial, path, name, directory, remote))
    parts = Parts(platform or everything, hparams or everything, metrics or everything)
    details = details_of(trials, with_trends=output.is_terminal() and not as_json, with_artifacts=True)
    output.show(TrialDetails(details, parts, output.glyphs_fit()), as_json)
