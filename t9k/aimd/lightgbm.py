"""Records LightGBM training. Imports nothing, because LightGBM's callbacks are plain functions.

    lightgbm.train(params, data, 100, valid_sets=[data, held_out], valid_names=["train", "val"],
                   callbacks=[AIMDCallback(trial)])

Each data set is a metrics type (`training` is train, a lone `valid_0` is val), each boosting round a step. The training
parameters become the trial's.
"""

from __future__ import annotations

from t9k.aimd.naming import dataset_type
from t9k.aimd.settings import record_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_LONE_VALIDATION = "valid_0"  # LightGBM's name of the first data set other than the training data


class AIMDCallback:
    """Records every boosting round of `train`, `cv` and the scikit-learn estimators. It does not end the trial."""

    order = 20  # before early stopping, whose order is 30 and which ends its round
    before_iteration = False

    def __init__(self, trial: Trial, types: Mapping[str, str] | None = None) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
            types: Metrics types by data set, such as `{"valid_1": "test"}`.
        """
        self.trial = trial
        self._types = dict(types or {})

    def __call__(self, env: Any) -> None:
        """Record the round.

        Args:
            env: LightGBM's `CallbackEnv`.
        """
        if env.iteration == env.begin_iteration:
            record_settings(self.trial, env.params)
        groups: dict[str, dict[str, float]] = {}
        # before 4.7 plain tuples; in cross-validation five items, with the standard deviation
        for dataset, metric, value, _, *deviation in env.evaluation_result_list or ():
            metrics = groups.setdefault(dataset, {})
            metrics[metric] = value
            if deviation:
                metrics[f"{metric}_std"] = deviation[0]
        lone = {_LONE_VALIDATION: "val"} if "valid_1" not in groups else {}
        for dataset, metrics in groups.items():
            self.trial.log(dataset_type(dataset, {**lone, **self._types}), metrics, step=env.iteration + 1)
