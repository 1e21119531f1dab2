"""Turns stored and remote trials into what views show."""

from __future__ import annotations

from typing import Any

from aimd_cli.views.rows import TrialRow
from aimd_cli.views.trial_detail import TrialDetail
from aimd_core.model import flatten
from aimd_core.store import Trial


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
