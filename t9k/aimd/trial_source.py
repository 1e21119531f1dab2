"""Where an integration records: into a trial that it is given and leaves open, or into one that it creates and ends."""

from __future__ import annotations

from aimd_core.errors import UsageError
from aimd_core.format.names import MetricNames
from aimd_core.language import said
from t9k.aimd.creation import create_trial
from t9k.aimd.endings import finish_at_exit
from t9k.aimd.naming import EVAL_IS_VAL, OTHER_TYPE, is_number, split_tag

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial


def trial_or_settings(
    name: str, trial: Trial | str | None, settings: dict[str, Any]
) -> tuple[Trial | None, dict[str, Any]]:
    """Return a trial, or else the arguments of `create_trial`.

    Args:
        name: The integration's class, for the error.
        trial: A trial, the name of one to create, or None.
        settings: The arguments of `create_trial`.

    Raises:
        UsageError: Neither or both were given.
    """
    if isinstance(trial, str):
        return None, {"trial_name": trial, **settings}
    if (trial is None) == (not settings):
        raise UsageError(message=said("{name} takes either a trial or the settings for one", name=name), hint="")
    return trial, settings


class TrialSource:
    """The trial of an integration, created when it is first used."""

    def __init__(self, name: str, trial: Trial | str | None, settings: dict[str, Any]) -> None:
        """Take a trial or settings. Arguments and errors as `trial_or_settings`."""
        self._trial, self._settings = trial_or_settings(name, trial, settings)
        self._owns_trial = self._trial is None
        self._names = MetricNames(lambda metric: split_tag(metric, EVAL_IS_VAL), OTHER_TYPE)

    def __getstate__(self) -> dict[str, Any]:
        """Copy all but the names, which a copy finds again."""
        return {name: value for name, value in vars(self).items() if name != "_names"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._names = MetricNames(lambda metric: split_tag(metric, EVAL_IS_VAL), OTHER_TYPE)

    @property
    def trial(self) -> Trial:
        """The trial."""
        if self._trial is None:
            self._trial = create_trial(**self._settings)
            finish_at_exit(self._trial)  # because not every framework says when it is done
        return self._trial

    def log(self, metrics: Mapping[str, Any], step: int, epoch: int | None = None) -> None:
        """Record what of a framework's values are numbers, one record per type.

        Args:
            metrics: Values by a framework's names, such as `rollout/ep_rew_mean` or `valid_loss`.
            step: The step.
            epoch: The epoch, from 1.
        """
        groups: dict[str, dict[str, Any]] = {}
        for name, value in metrics.items():
            if is_number(value):
                metrics_type, metric = self._names.metric_of(str(name))
                groups.setdefault(metrics_type, {})[metric] = value
        self.log_types(groups, step, epoch)

    def log_types(self, groups: Mapping[str, Mapping[str, Any]], step: int, epoch: int | None = None) -> None:
        """Record numbers by type, then by name. Step and epoch as for `log`."""
        for metrics_type, group in groups.items():
            self.trial.log(metrics_type, group, step, epoch, not self._owns_trial)

    def end(self, error: BaseException | None = None) -> None:
        """End a trial that was created here; later points still reach it."""
        if self._owns_trial and self._trial is not None:
            if error is None:
                self._trial.finish()
            else:
                self._trial.fail(error)
