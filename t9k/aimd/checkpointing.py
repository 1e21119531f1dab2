"""`trial.checkpoint`: adds a checkpoint, lets others go, and notes both in the trial. It never breaks training."""

from __future__ import annotations

from pathlib import Path

from aimd_core.errors import DamagedError, UsageError
from aimd_core.format.layout import expanded
from aimd_core.language import said
from t9k.aimd.checkpoints import Checkpoint, add_checkpoint, checkpoint_at, rules_in, settle
from t9k.aimd.telling import tell
from t9k.aimd.values import as_float

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


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
        reason = error.facts["reason"] if isinstance(error, DamagedError) else error.strerror or str(error)
        tell(said("WARNING: no checkpoint of step {step}: {path}: {reason}", step=step, path=source, reason=reason))
        return None
    made = checkpoint_at(added)
    return None if made is None else (made, gone)
