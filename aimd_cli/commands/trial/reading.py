"""Turns stored and remote trials into what views show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimd_cli.views.rows import TrialRow
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.model import flatten
from aimd_core.store import Trial

if TYPE_CHECKING:
    from aimd_cli.views.comparison import Compared


def row_of_local(trial: Trial) -> TrialRow:
    """Read a trial directory, whatever its condition."""
    state = trial.state
    summary = trial.summary
    params = flatten(trial.parameters)
    damage = list(trial.damage) + ([f"metrics: {summary.damage.sentence()}"] if summary.damage else [])
    return TrialRow(
        name=trial.name,
        alternative_name=trial.alternative_name,
        id=trial.id or "",
        state=state.name,
        silent_s=state.silent_s,
        started=trial.started,
        ended=trial.ended,
        folder=trial.folder,
        params=params,
        metrics={name: metric.as_dict() for name, metric in summary.metrics.items()},
        damage=damage,
    )


def detail_of_local(trial: Trial) -> TrialDetail:
    """Read a trial directory with all that describes it."""
    return TrialDetail(
        row=row_of_local(trial),
        place=str(trial.path.absolute()),
        params=trial.parameters,
        platform=_mapping(trial.metadata.get("platform")),
        git=_mapping(trial.metadata.get("_git")),
    )


def compared(trial: Trial) -> Compared:
    """Read a trial directory with all in which it may differ from another."""
    from aimd_cli.views.comparison import Compared

    detail = detail_of_local(trial)
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
            return f"{lines} line{'s' * (lines != 1)} ({hashlib.sha256(content).hexdigest()[:8]})"
    return ""


def row_of_remote(document: dict[str, Any]) -> TrialRow:
    """Take a trial from the server's answer; source: docs/http-api.md."""
    return TrialRow(
        name=str(document.get("name")),
        alternative_name=str(document.get("name")),
        id=str(document.get("id")),
        state=str(document.get("state") or document.get("status")),
        silent_s=None,
        started=document.get("started"),
        ended=document.get("ended"),
        folder=str(_mapping(document.get("folder")).get("path", "")),
        params=flatten(_mapping(document.get("parameters"))),
        metrics={str(name): _mapping(summary) for name, summary in _mapping(document.get("metrics")).items()},
        damage=[],
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
