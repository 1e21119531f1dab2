"""Records CatBoost training. Imports nothing, because CatBoost takes any object with `after_iteration`.

    model = CatBoostClassifier(iterations=100)
    model.fit(data, eval_set=held_out, callbacks=[AIMDCallback(trial, params=model.get_params())])

Each data set is a metrics type (`learn` is train, a lone `validation` is val), each boosting round a step.
"""

from __future__ import annotations

from t9k.aimd.naming import dataset_type
from t9k.aimd.settings import record_settings
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_LEARN = {"learn": "train"}  # CatBoost's name of the training data


class AIMDCallback:
    """Records every boosting round in which CatBoost computes metrics.

    CatBoost does not tell a callback when training ends, so a trial that is created here ends with the script.
    """

    def __init__(
        self,
        trial: Trial | str | None = None,
        types: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`, which is not ended, or the name of one to create.
            types: Metrics types by data set, such as `{"validation_1": "test"}`.
            params: The model's, from `model.get_params()`: CatBoost does not give them to a callback.
            **settings: The arguments of `aimd.create_trial` for that one.
        """
        self.source = TrialSource(type(self).__name__, trial, settings)
        self._types = {**_LEARN, **(types or {})}
        self._params = params
        self._recorded: dict[tuple[str, str], int] = {}  # values of each metric of the current training

    def after_iteration(self, info: Any) -> bool:
        """Record the round. Never stops training."""
        if self._params is not None:
            record_settings(self.source.trial, self._params)
            self._params = None
        if info.iteration == 1:
            self._recorded = {}
        groups: dict[str, dict[str, float]] = {}
        for dataset, metrics in info.metrics.items():
            for metric, series in metrics.items():
                if len(series) > self._recorded.get((dataset, metric), 0):  # with `metric_period` not every round
                    self._recorded[dataset, metric] = len(series)
                    groups.setdefault(dataset_type(dataset, self._types), {})[metric] = series[-1]
        self.source.log_types(groups, info.iteration)
        return True
