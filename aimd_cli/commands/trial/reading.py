"""Turns stored and remote trials into what views show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimd_cli.views.rows import TrialRow
from aimd_core.errors import DamagedError
from aimd_core.model import flatten
from aimd_core.store import METRICS_FILE, Trial

if TYPE_CHECKING:
    from aimd_cli.views.trial_detail import TrialDetail
    from aimd_core.index import IndexedTrial


def row_of_local(trial: Trial) -> TrialRow:
    """Read a trial directory, whatever its condition."""
    from aimd_core.index_journal import JournalTotals, read_totals
    from aimd_core.labels import LABELS_FILE, Labels, read_labels

    state = trial.state
    damage: list[str] = []
    try:
        totals, _ = read_totals(str(trial.path / METRICS_FILE))
    except DamagedError as error:
        totals = JournalTotals()
        damage.append(f"{METRICS_FILE}: {error.facts['reason']}")
    if totals.damage:
        damage.append(f"{METRICS_FILE}: {totals.damage.sentence()}")
    try:
        labels = read_labels(trial.path)
    except DamagedError as error:
        labels = Labels()
        damage.append(f"{LABELS_FILE}: {error.facts['reason']}")
    return TrialRow(
        name=trial.name,
        alternative_name=trial.alternative_name,
        id=trial.id or "",
        state=state.name,
        silent_s=state.silent_s,
        started=trial.started,
        ended=trial.ended,
        folder=trial.folder,
        params=flatten(trial.parameters),
        metrics={name: metric.as_dict() for name, metric in totals.metrics.items()},
        damage=[*trial.damage, *damage],
        tags=labels.tags,
        note=labels.note,
        git=_mapping(trial.metadata.get("_git")),
        platform=flatten(_mapping(trial.metadata.get("platform"))),
        trends={name: trend.points() for name, trend in totals.trends.items()},
    )


def row_of_indexed(trial: IndexedTrial) -> TrialRow:
    """Take a trial from the index."""
    return TrialRow(
        name=trial.name,
        alternative_name=trial.alternative_name,
        id=trial.id,
        state=trial.state,
        silent_s=trial.silent_s,
        started=trial.started,
        ended=trial.ended,
        folder=trial.folder,
        params=trial.params,
        metrics=trial.metrics,
        damage=trial.damage,
        tags=tuple(trial.tags),
        note=trial.note,
        git=trial.git,
        platform=trial.platform,
        trends=trial.trends,
    )


def detail_of_local(trial: Trial) -> TrialDetail:
    """Read a trial directory with all that describes it."""
    from aimd_cli.views.trial_detail import TrialDetail  # which loads Rich; a piped list does without

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
