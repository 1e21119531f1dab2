"""Turns stored and remote trials into what views show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimd_cli.views.rows import TrialRow
from aimd_core.errors import DamagedError
from aimd_core.format.model import flatten
from aimd_core.language import said
from aimd_core.reading.store import METRICS_FILE, Trial

if TYPE_CHECKING:
    from aimd_cli.views.comparison import Compared
    from aimd_cli.views.trial_detail import TrialDetail
    from aimd_core.reading.directory import IndexedTrial


def row_of_local(trial: Trial) -> TrialRow:
    """Read a trial directory, whatever its condition."""
    from aimd_core.format.labels import LABELS_FILE, Labels, read_labels
    from aimd_core.reading.totals import JournalTotals, read_totals

    state = trial.state
    damage: list[str] = []
    try:
        totals, _ = read_totals(trial.path / METRICS_FILE)
    except DamagedError as error:
        totals = JournalTotals()
        damage.append(said("{file}: {reason}", file=METRICS_FILE, reason=error.facts["reason"]))
    if totals.damage:
        damage.append(said("{file}: {reason}", file=METRICS_FILE, reason=totals.damage.sentence()))
    try:
        labels = read_labels(trial.path)
    except DamagedError as error:
        labels = Labels()
        damage.append(said("{file}: {reason}", file=LABELS_FILE, reason=error.facts["reason"]))
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
            return said(
                "{lines} line{s} ({hexdigest})",
                lines=lines,
                s="s" * (lines != 1),
                hexdigest=hashlib.sha256(content).hexdigest()[:8],
            )
    return ""


def row_of_remote(document: dict[str, Any]) -> TrialRow:
    """Take a trial from the server's answer; source: docs/reference/http-api.md."""
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
        tags=tuple(map(str, document.get("tags") or ())),
        note=str(document.get("note") or ""),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
