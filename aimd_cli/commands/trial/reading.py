"""What views show of trials beside their facts: documents as they are nested, and the recorded diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
