"""Records a LightGBM training. Imports nothing: LightGBM's callbacks are plain functions.

    lightgbm.train(params, data, 100, valid_sets=[data, held_out], valid_names=["train", "val"],
                   callbacks=[AIMDCallback(trial)])

Each data set is a metrics type (`training` is train, a lone `valid_0` is val), each boosting round a step. The training
parameters become the trial's.
"""

from __future__ import annotations

from t9k.aimd.naming import dataset_type
from t9k.aimd.settings import plain_settings

TYPE_CHECKING = False  # the constant, because importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_LONE_VALIDATION = "valid_0"  # how LightGBM calls the first data set that is not the training data


class AIMDCallback:
    """Records every boosting round of `train`, `cv` and the scikit-learn estimators. It does not end the trial."""

    order = 20  # before early stopping, which is 30 and ends the round it stops in
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
            self.trial.params.update(plain_settings(env.params))
        groups: dict[str, dict[str, float]] = {}
        # before 4.7 plain tuples, of five with the deviation in cross-validation
        for dataset, metric, value, _, *deviation in env.evaluation_result_list or ():
            metrics = groups.setdefault(dataset, {})
            metrics[metric] = value
            if deviation:
                metrics[f"{metric}_std"] = deviation[0]
        lone = {_LONE_VALIDATION: "val"} if "valid_1" not in groups else {}
        for dataset, metrics in groups.items():
            self.trial.log(dataset_type(dataset, {**lone, **self._types}), metrics, step=env.iteration + 1)
