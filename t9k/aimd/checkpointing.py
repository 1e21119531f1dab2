"""Hands the checkpoints of a framework to a trial, which keeps what a rule such as `best(val.acc):3, last:2` says.

It is thin over `Trial.checkpoint`, and like that never breaks training: a metric that the rule names and nobody
measured is one warning, and then the last checkpoints are kept.
"""

from __future__ import annotations

import shutil
import tempfile
from math import isfinite
from pathlib import Path

from aimd_core.language import said
from t9k.aimd.telling import tell
from t9k.aimd.values import as_float

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["Checkpointing"]


class Checkpointing:
    """The checkpoints of a training, if they were asked for.

    Attributes:
        is_on: Whether they were.
    """

    def __init__(self, keep: str | None) -> None:
        """Check the rule.

        Args:
            keep: As in `Trial.checkpoint`; None for no checkpoints.

        Raises:
            UsageError: It has another form.
        """
        self.is_on = keep is not None
        self._keep = keep or ""
        self._measured: dict[str, float] = {}
        self._told: set[str] = set()
        if keep:
            from t9k.aimd.checkpoints import rules_in

            rules_in(keep)

    def measure(self, metrics_type: str, metrics: Mapping[str, Any]) -> None:
        """Remember what was measured last, by which checkpoints are compared."""
        if self.is_on:
            numbers = {f"{metrics_type}.{name}": as_float(name, value) for name, value in metrics.items()}
            self._measured.update({name: value for name, value in numbers.items() if isfinite(value)})

    def hand_over(self, trial: Trial, path: str | Path, step: int) -> None:
        """Give the trial a copy of a file or a directory, with what was measured last."""
        if self.is_on:
            trial.checkpoint(path, step, self._measured, self._possible())

    def save(self, trial: Trial, name: str, step: int, write: Callable[[str], object]) -> None:
        """Have a file or a directory of this name written, and give it to the trial; no copy of it stays elsewhere.

        Args:
            trial: The trial.
            name: Such as `model.keras`.
            step: The training step.
            write: Takes the path and writes there.
        """
        if not self.is_on:
            return
        directory = None
        try:
            directory = tempfile.mkdtemp(prefix="aimd-checkpoint-")
            path = str(Path(directory, name))
            write(path)
            self.hand_over(trial, path, step)
        except Exception as error:  # whatever a framework's saving raises, training goes on
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
            tell(said("WARNING: no checkpoint of step {step}: {path}: {reason}", step=step, path=name, reason=reason))
        finally:
            if directory is not None:
                shutil.rmtree(directory, ignore_errors=True)

    def _possible(self) -> str:
        """Return the rule without metrics that were not measured."""
        from t9k.aimd.checkpoints import rules_in

        rules = rules_in(self._keep)
        missing = {rule.metric for rule in rules if rule.metric is not None and rule.metric not in self._measured}
        for metric in sorted(missing - self._told):
            self._told.add(metric)
            names = ", ".join(self._measured) or "-"
            tell(said("WARNING: checkpoints cannot be kept by {metric}; measured: {names}", metric=metric, names=names))
        if not missing:
            return self._keep
        texts = [rule.text for rule in rules if rule.metric not in missing]
        return ", ".join(texts) or "last"
