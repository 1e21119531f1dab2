"""Checkpoints of a trial: artifacts of one name, of which a rule decides what stays on the disk.

A kill at any instant leaves a complete best checkpoint: a new one appears whole, and only then are others removed.
Which one is the best follows from the metrics that each was given, not from a mark that could be lost.
`checkpoint`, which adds one and lets others go, never breaks training.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from aimd_core.direction import direction_of
from aimd_core.errors import DamagedError, NotFoundError, UsageError
from aimd_core.format.artifacts import (
    ARTIFACTS_DIRECTORY,
    CHECKPOINT,
    FILES_SUFFIX,
    OBJECTS_DIRECTORY,
    artifact_document,
    change_artifact,
    new_artifact,
)
from aimd_core.format.layout import expanded, working_directory_of
from aimd_core.format.model import StoredObject
from aimd_core.language import said
from aimd_core.objects.adding import Adding
from aimd_core.objects.store import store_of
from aimd_core.objects.tree import read_tree
from aimd_core.reading.artifacts import StoredArtifact, artifacts_of_repo, remove_artifact
from t9k.aimd.stamps import new_id, timestamp
from t9k.aimd.telling import tell
from t9k.aimd.values import as_float

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

BEST, LAST = "best", "last"
FACTS = "_checkpoint"  # the key in an artifact's document
_RULE = re.compile(r"\s*(?:(last)|best\(\s*([^(),]+?)\s*(?:,\s*(min|max)\s*)?\))\s*(?::\s*([0-9]{1,6})\s*)?")


class Keeping(NamedTuple):
    """A rule: how many checkpoints stay that are the last, or the best by a metric."""

    metric: str | None
    is_max: bool
    most: int

    @property
    def text(self) -> str:
        """The rule as it is written."""
        kind = "last" if self.metric is None else f"best({self.metric}, {'max' if self.is_max else 'min'})"
        return f"{kind}:{self.most}"


def rules_in(keep: str) -> list[Keeping]:
    """Return the rules in a text such as `best(val.acc):3, last:2`.

    Raises:
        UsageError: It has another form.
    """
    rules: list[Keeping] = []
    start = 0
    while start < len(keep):
        match = _RULE.match(keep, start)
        end = match.end() if match else 0
        if match is None or (end < len(keep) and keep[end] != ","):
            raise UsageError(
                message=said("keep {keep!r} is not a list of rules", keep=keep),
                hint="For example: keep='best(val.acc):3, last:2', or 'best(score, max)'",
            )
        is_last, metric, given, count = match.groups()
        is_max = metric is not None and (given or direction_of(metric) or "max") == "max"
        rules.append(Keeping(None if is_last else metric, is_max, int(count or 1)))
        start = end + 1
    return rules


class Checkpoint(NamedTuple):
    """A checkpoint on the disk.

    Attributes:
        step: The training step.
        metrics: What was given with it, by name such as `val.acc`.
        path: The file, or the directory of its files.
        artifact_id: The id of its artifact.
        aliases: `best`, `last`, and others that it was given.
    """

    step: int
    metrics: dict[str, float]
    path: Path
    artifact_id: str
    aliases: list[str]


def _reason(error: OSError | DamagedError, source: Path) -> str:
    from aimd_core.reading.documents import is_of_writing, reason_of

    if isinstance(error, DamagedError) or is_of_writing(error, source):
        return reason_of(error, source)
    return error.strerror or str(error)


def checkpoint(
    trial: Path, trial_id: str, path: str | os.PathLike[str], step: int, metrics: Mapping[str, float], keep: str
) -> tuple[Checkpoint, list[str]] | None:
    """Add a checkpoint to the trial in a directory. Other arguments and errors as `Trial.checkpoint`.

    Returns:
        The checkpoint, and the ids of those that were let go; None if it could not be written.
    """
    values = {name: as_float(name, value) for name, value in metrics.items()}
    rules = rules_in(keep)
    for rule in rules:
        if rule.metric is not None and rule.metric not in values:
            raise UsageError(
                message=said("keep names the metric {metric!r}, which was not given", metric=rule.metric),
                hint=said("Give it: metrics={{'{metric}': ...}}", metric=rule.metric),
            )
    source = Path(expanded(path))
    try:
        added = add_checkpoint(trial, trial_id, source, step, values)
        gone = settle(trial, rules)
    except (OSError, DamagedError) as error:
        reason = _reason(error, source)
        tell(said("WARNING: no checkpoint of step {step}: {path}: {reason}", step=step, path=source, reason=reason))
        return None
    made = checkpoint_at(added)
    return None if made is None else (made, gone)


def repo_of(trial: Path) -> Path:
    """Return the directory of the checkpoints of a trial: their artifacts have the name of its directory."""
    return working_directory_of(trial) / ARTIFACTS_DIRECTORY / trial.name


def stored_of(trial: Path) -> list[tuple[StoredArtifact, dict[str, Any]]]:
    """Return the checkpoints of a trial that are whole, with their facts, by step, then as they were made."""
    home = repo_of(trial)
    try:
        artifacts = artifacts_of_repo(home)
    except (NotFoundError, OSError):  # there are none yet
        return []
    whole = [(artifact, artifact.document.get(FACTS)) for artifact in artifacts if not artifact.read().damage]
    rows = [(artifact, facts) for artifact, facts in whole if isinstance(facts, dict) and not artifact.missing()]
    return sorted(rows, key=lambda row: (int(row[1].get("step") or 0), row[0].created or ""))


def checkpoints_of(trial: Path) -> list[Checkpoint]:
    """Return the checkpoints of a trial that are on the disk, by step."""
    return [_checkpoint_of(artifact, facts) for artifact, facts in stored_of(trial)]


def checkpoint_at(path: Path) -> Checkpoint | None:
    """Return the checkpoint in the directory of an artifact, None if it is none or was let go."""
    artifact = StoredArtifact(path)
    facts = artifact.document.get(FACTS)
    return _checkpoint_of(artifact, facts) if isinstance(facts, dict) else None


def _checkpoint_of(artifact: StoredArtifact, facts: Mapping[str, Any]) -> Checkpoint:
    step, metrics = int(facts.get("step") or 0), dict(facts.get("metrics") or {})
    return Checkpoint(step, metrics, _path_of(artifact), artifact.id, artifact.aliases)


def _path_of(artifact: StoredArtifact) -> Path:
    """Return the file of a checkpoint, or the directory if there are several."""
    objects = artifact.path / OBJECTS_DIRECTORY
    keys = [row.key for row in artifact.objects]
    return objects / keys[0] if len(keys) == 1 else objects / keys[0].split("/")[0] if keys else objects


def add_checkpoint(trial: Path, trial_id: str, source: Path, step: int, metrics: Mapping[str, float]) -> Path:
    """Copy a file or a directory into a new checkpoint of a trial, and return the directory of its artifact.

    Raises:
        DamagedError: The source is something else, or was changed while it was read.
        OSError: It cannot be read, or the disk refused.
    """
    home = repo_of(trial)
    directory = home.parent.parent.parent
    artifact_id = new_id()
    facts = {"trial": trial_id, "step": step, "metrics": dict(metrics)}
    document = artifact_document(artifact_id, f"step {step}", [], timestamp(), **{"_remote": [], FACTS: facts})
    staging = home / f".{artifact_id}{FILES_SUFFIX}"
    try:
        staging.mkdir(parents=True)
        rows = _copied(source, staging)
        return new_artifact(directory, trial.name, CHECKPOINT, document, rows, files=staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copied(source: Path, staging: Path) -> list[StoredObject]:
    """Copy a checkpoint's files; the store only borrows their bytes, because they go when the checkpoint goes."""
    names = [""]
    if source.is_dir():
        tree = read_tree(source)
        if tree.left_out:
            raise DamagedError(path=source / tree.left_out[0].path, reason=tree.left_out[0].reason)
        names = [f"/{name}" for name in tree.entries]
    rows = []
    with Adding(store_of(staging), lends=True) as adding:
        for name in names:
            key = f"{source.name}{name}"
            target = staging / key
            target.parent.mkdir(parents=True, exist_ok=True)
            stored = adding.take(Path(f"{source}{name}"), target, follows=True)
            rows.append(StoredObject(key, stored.size_bytes, stored.digest))
    return rows


def settle(trial: Path, rules: Sequence[Keeping]) -> list[str]:
    """Give `best` and `last` to the checkpoints they mean now, remove those that no rule keeps, and return their ids.

    Without rules all stay. Those that were uploaded, or that people gave other aliases, stay too.

    Raises:
        OSError: The disk refused.
    """
    rows = stored_of(trial)
    if not rows:
        return []
    names = {rows[-1][0].id: [LAST]}
    best_rule = next((rule for rule in rules if rule.metric is not None), None)
    best = _ranked(rows, best_rule)[:1] if best_rule is not None else []
    for artifact, _ in best:
        names.setdefault(artifact.id, []).append(BEST)
    for artifact, _ in rows:
        others = [alias for alias in artifact.aliases if alias not in (BEST, LAST)]
        _name(artifact, [*others, *names.get(artifact.id, [])])
    kept = {artifact.id for rule in rules for artifact, _ in _ranked(rows, rule)[: rule.most]} | set(names)
    gone: list[str] = []
    for artifact, _ in rows if rules else []:
        has_name = any(alias not in (BEST, LAST) for alias in artifact.aliases)
        if artifact.id not in kept and artifact.is_open and not has_name:
            remove_artifact(artifact)
            gone.append(artifact.id)
    return gone


def _ranked(
    rows: list[tuple[StoredArtifact, dict[str, Any]]], rule: Keeping
) -> list[tuple[StoredArtifact, dict[str, Any]]]:
    """Return checkpoints in the order of a rule, the first to keep first; without the metric one does not count."""
    if rule.metric is None:
        return rows[::-1]
    valued = [(value, row) for row in rows if (value := _value(row[1], rule.metric)) is not None]
    ranked = sorted(valued, key=lambda item: item[0], reverse=rule.is_max)
    return [row for _, row in ranked]


def _value(facts: Mapping[str, Any], metric: str) -> float | None:
    metrics = facts.get("metrics")
    value = metrics.get(metric) if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _name(artifact: StoredArtifact, aliases: list[str]) -> None:
    if aliases != artifact.aliases:
        change_artifact(artifact.path, lambda document: {**document, "aliases": aliases})
