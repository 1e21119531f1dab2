"""Records an XGBoost training.

    xgboost.train(params, data, 100, evals=[(data, "train"), (held_out, "val")], callbacks=[AIMDCallback(trial)])

Each data set of `evals` is a metrics type, each boosting round a step. The booster's settings become parameters.
"""

from __future__ import annotations

import json

from t9k.aimd.checkpointing import Checkpointing
from t9k.aimd.frameworks import load_framework
from t9k.aimd.naming import dataset_type
from t9k.aimd.settings import record_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_callback: Any = load_framework("xgboost.callback", "xgboost")
_collective: Any = load_framework("xgboost.collective", "xgboost")
_SETTINGS = (
    "learning_rate",
    "max_depth",
    "max_leaves",
    "max_bin",
    "min_child_weight",
    "min_split_loss",
    "subsample",
    "colsample_bytree",
    "reg_alpha",
    "reg_lambda",
)
# These only where they differ from XGBoost's defaults. What it keeps of linear boosters is not what was given.
_DEFAULTS = {
    "seed": "0",
    "num_class": "0",
    "tree_method": "auto",
    "grow_policy": "depthwise",
    "num_parallel_tree": "1",
    "max_delta_step": "0",
    "colsample_bylevel": "1",
    "colsample_bynode": "1",
    "scale_pos_weight": "1",
    "sample_type": "uniform",
    "normalize_type": "tree",
    "rate_drop": "0",
    "one_drop": "0",
    "skip_drop": "0",
}
_DIGITS = 7  # XGBoost stores settings in single precision: 0.1 comes back as 0.100000001


class AIMDCallback(_callback.TrainingCallback):
    """Records every boosting round of `train`, `cv` and the scikit-learn estimators. It does not end the trial."""

    def __init__(
        self,
        trial: Trial,
        types: Mapping[str, str] | None = None,
        checkpoints: str | None = None,
        checkpoint_rounds: int = 10,
    ) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
            types: Metrics types by data set, such as `{"validation_0": "train", "validation_1": "val"}`: the
                scikit-learn estimators only number the data sets.
            checkpoints: Save the model, and keep what this says: `best(val.logloss):3, last:2`, as in
                `Trial.checkpoint`; empty keeps all. Cross-validation has no model to save.
            checkpoint_rounds: After how many rounds the model is saved, and after the last one.

        Raises:
            UsageError: `checkpoints` has another form.
        """
        super().__init__()
        self._checkpoints = Checkpointing(checkpoints)
        self._checkpoint_rounds = max(1, checkpoint_rounds)
        self._saved_at = 0
        self.trial = trial
        self._types = dict(types or {})
        self._recorded = 0  # rounds of the current training
        self._rounds_before = 0  # of a model whose training continues
        self._crossed: dict[str, str] = {}
        self._log: Mapping[str, Mapping[str, list[Any]]] = {}

    def before_training(self, model: Any) -> Any:
        """Set parameters from the booster."""
        self._recorded, self._log = 0, {}
        is_crossed = hasattr(model, "cvfolds")
        self._crossed = {"test": "val"} if is_crossed else {}  # XGBoost's name of the held-out folds
        booster = model.cvfolds[0].bst if is_crossed else model
        self._rounds_before = booster.num_boosted_rounds()
        if _is_rank_zero():
            record_settings(self.trial, _settings(booster))
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        """Record the round. Never stops training."""
        self._log = evals_log
        self._record()
        if (self._rounds_before + epoch + 1) % self._checkpoint_rounds == 0:
            self._save(model)
        return False

    def after_training(self, model: Any) -> Any:
        """Record the last round, which this callback misses if an earlier callback stopped training."""
        self._record()
        self._save(model)
        return model

    def _save(self, model: Any) -> None:
        """Hand over the booster, once for each round."""
        if not self._checkpoints.is_on or hasattr(model, "cvfolds") or not _is_rank_zero():
            return
        rounds = model.num_boosted_rounds()
        if rounds != self._saved_at:
            self._saved_at = rounds
            self._checkpoints.save(self.trial, "model.ubj", rounds, model.save_model)

    def _record(self) -> None:
        rounds = max((len(values) for metrics in self._log.values() for values in metrics.values()), default=0)
        while self._recorded < rounds:
            index = self._recorded
            self._recorded += 1
            if _is_rank_zero():
                for dataset, metrics in self._log.items():
                    values = _scores({name: values[index] for name, values in metrics.items() if index < len(values)})
                    metrics_type = dataset_type(dataset, {**self._crossed, **self._types})
                    self._checkpoints.measure(metrics_type, values)
                    self.trial.log(metrics_type, values, step=self._rounds_before + index + 1)


def _scores(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return scores by name; a mean and its deviation from cross-validation are two scores."""
    flat = {}
    for name, score in scores.items():
        if isinstance(score, tuple):
            flat[name], flat[f"{name}_std"] = score
        else:
            flat[name] = score
    return flat


def _settings(booster: Any) -> dict[str, object]:
    learner = json.loads(booster.save_config())["learner"]
    gradient_booster = learner["gradient_booster"]
    settings = {"objective": learner["objective"]["name"], "booster": gradient_booster["name"]}
    given = dict(_texts(learner))
    always = {
        name: given[name] for name in _SETTINGS if name in given and "gblinear_train_param" not in gradient_booster
    }
    others = {name: given[name] for name, default in _DEFAULTS.items() if given.get(name, default) != default}
    return {**settings, **{name: _number(text) for name, text in {**always, **others}.items()}}


def _texts(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the settings of every part of a booster's configuration, by name."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _texts(value)
        elif isinstance(value, str):
            yield name, value


def _number(text: str) -> int | float | str:
    try:
        value = float(f"{float(text):.{_DIGITS}g}")
    except ValueError:
        return text
    return int(value) if value.is_integer() and "." not in text else value


def _is_rank_zero() -> bool:
    return int(_collective.get_rank()) == 0
