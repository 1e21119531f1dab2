"""`aimd trial describe`, and what views show of trials besides their facts: nested documents, the recorded diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, TrialsArg
from aimd_core.format.model import flatten
from aimd_core.language import said
from aimd_core.reading.documents import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimd_cli.views.comparison import Compared
    from aimd_cli.views.trial_detail import TrialDetail


def details_of(trials: Sequence[Trial], all_segments: bool = False) -> list[TrialDetail]:
    """Read trial directories with all that describes them; `all_segments`: with points that were superseded."""
    from aimd_cli.views.trial_detail import TrialDetail  # which loads Rich; a piped list does without
    from aimd_core.reading.directory import read_trials

    return [
        TrialDetail(
            row=row,
            location=str(trial.path.absolute()),
            params=trial.parameters,
            platform=_mapping(trial.metadata.get("platform")),
            git=_mapping(trial.metadata.get("_git")),
        )
        for trial, row in zip(trials, read_trials([trial.path for trial in trials], all_segments), strict=True)
    ]


def compared(trials: Sequence[Trial], all_segments: bool = False) -> list[Compared]:
    """Read trial directories with all in which they may differ; `all_segments` as `details_of`."""
    return [_compared(trial, detail) for trial, detail in zip(trials, details_of(trials, all_segments), strict=True)]


def _compared(trial: Trial, detail: TrialDetail) -> Compared:
    from aimd_cli.views.comparison import Compared

    facts: dict[str, object] = {f"params.{name}": value for name, value in detail.row.params.items()}
    platform = dict(detail.platform)
    packages = _mapping(platform.pop("pypkgs", None))
    facts |= {f"platform.{name}": value for name, value in flatten(platform).items()}
    facts |= {f"packages.{name}": value for name, value in packages.items()}
    facts |= {f"git.{name}": detail.git.get(name) for name in ("branch", "commit", "is_dirty") if name in detail.git}
    if diff := _diff_of(trial):
        facts["git.diff"] = diff
    return Compared(detail.row, facts)


def _diff_of(trial: Trial) -> str:
    """Say how long the recorded uncommitted diff is, and which one; empty when none was recorded."""
    import hashlib

    for path in sorted(trial.path.glob("*.diff")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            lines = content.count(b"\n")
            return said(
                "{lines} line{s} ({hexdigest})",
                lines=lines,
                s="s" * (lines != 1),
                hexdigest=hashlib.sha256(content).hexdigest()[:8],
            )
    return ""


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def describe(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    platform: Annotated[bool, typer.Option("-l", "--platform", help="Show platform, packages and git.")] = False,
    hparams: Annotated[bool, typer.Option("-H", "--hparams", help="Show the parameters.")] = False,
    metrics: Annotated[bool, typer.Option("-m", "--metrics", help="Show the metrics.")] = False,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Show all of these.")] = False,
    as_json: JsonOpt = False,
) -> None:
    """Describe trials: state, times, and the parts you ask for.

    Examples:

        aimd trial describe cnn_keras -a

        aimd trial describe -d ~/runs --json
    """
    from aimd_cli.commands.trial.choice import chosen_trials
    from aimd_cli.commands.trial.describe import details_of
    from aimd_cli.views.trial_detail import Parts, TrialDetails

    trials = chosen_trials(trial, path, name, directory)
    parts = Parts(platform or everything, hparams or everything, metrics or everything)
    output.show(TrialDetails(details_of(trials), parts, output.glyphs_fit()), as_json)
