"""Records Hugging Face Trainer runs.

    trainer = Trainer(model, args, ..., callbacks=[AIMDCallback(trial)])

Training losses have type `train`, evaluations `val`, predictions `test`, and the final figures `summary`. Parameters
are the common training arguments and those that differ from their defaults. Only the main process records.
"""

from __future__ import annotations

import math

from t9k.aimd.frameworks import load_framework
from t9k.aimd.naming import EVAL_IS_VAL, group_metrics
from t9k.aimd.settings import record_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_trainer_callback: Any = load_framework("transformers.trainer_callback", "transformers")
_ALWAYS = (
    "learning_rate",
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "optim",
    "lr_scheduler_type",
    "weight_decay",
    "seed",
)
_NEVER = ("output_dir", "logging_dir", "run_name", "disable_tqdm", "report_to", "local_rank")
_CLOSING = "train_runtime"  # only the final figures have it


class AIMDCallback(_trainer_callback.TrainerCallback):
    """Records a Trainer's logs. It does not end the trial."""

    def __init__(self, trial: Trial) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
        """
        super().__init__()
        self.trial = trial

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Set parameters from the training arguments and the model."""
        if not state.is_world_process_zero:
            return
        settings = _training_settings(args)
        model_type = getattr(getattr(model, "config", None), "model_type", None)
        settings["model_type"] = model_type or type(model).__name__
        if hasattr(model, "parameters"):
            settings["model_parameters"] = sum(part.numel() for part in model.parameters())
        record_settings(self.trial, settings)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """Record what the Trainer logs: training every `logging_steps`, evaluations, and the final figures."""
        metrics = {name: value for name, value in (logs or {}).items() if name != "epoch"}
        if _CLOSING in metrics:
            self._log(state, {"summary": {name.removeprefix("train_"): value for name, value in metrics.items()}})
        else:
            self._log(state, group_metrics(metrics, aliases=EVAL_IS_VAL))

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **_: Any) -> None:
        """Record what `trainer.predict` measured."""
        self._log(state, group_metrics(metrics, default="test", aliases=EVAL_IS_VAL))

    def _log(self, state: Any, groups: Mapping[str, Mapping[str, Any]]) -> None:
        if not state.is_world_process_zero:
            return
        # state.epoch is a fraction, such as 1.5 in the middle of the second epoch
        epoch = None if state.epoch is None else math.ceil(round(state.epoch, 6))
        for metrics_type, metrics in groups.items():
            self.trial.log(metrics_type, metrics, step=state.global_step, epoch=epoch)


def _training_settings(args: Any) -> dict[str, Any]:
    """Return the arguments worth a column: the common ones, and those that differ from their defaults."""
    from dataclasses import fields

    defaults = {field.name: field.default for field in fields(args)}
    given = args.to_dict()
    return {
        name: value
        for name, value in given.items()
        if name in _ALWAYS
        or (
            isinstance(value, (bool, int, float, str))
            and name not in _NEVER
            and not name.endswith("_token")
            and value != defaults.get(name)
            and not (value is False and defaults.get(name) is None)
        )
    }
