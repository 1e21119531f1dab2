"""Records Hugging Face Trainer runs.

    trainer = Trainer(model, args, ..., callbacks=[AIMDCallback(trial)])
    arguments = TrainingArguments(..., report_to="aimd")      # once this module has been imported

Training losses have type `train`, evaluations `val`, predictions `test`, and the final figures `summary`. Parameters
are the common training arguments and those that differ from their defaults. Only the main process records.
`t9k.aimd.autoload` makes `report_to="aimd"` known without an import in the script.
"""

from __future__ import annotations

import math
from pathlib import PurePath

from aimd_core.format.names import safe_name
from t9k.aimd.checkpointing import Checkpointing
from t9k.aimd.creation import create_trial
from t9k.aimd.endings import finish_at_exit
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
    """Records a Trainer's logs.

    A trial that it is given is not ended. Without one it creates its own when training begins, named for `run_name` or
    `output_dir`, and finishes it when training ends; each run of a hyperparameter search is a trial.

    Attributes:
        trial: The trial; None before its own is created.
    """

    def __init__(self, trial: Trial | None = None, checkpoints: str | None = None) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
            checkpoints: Keep what the Trainer saves, and of that what this says: `best(val.loss):3, last:2`, as in
                `Trial.checkpoint`; empty keeps all.

        Raises:
            UsageError: `checkpoints` has another form.
        """
        super().__init__()
        self._checkpoints = Checkpointing(checkpoints)
        self.trial = trial
        self._owns_trial = trial is None
        self._has_trained = False
        self._searched = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Set parameters from the training arguments and the model."""
        if not state.is_world_process_zero:
            return
        if self._has_trained:
            self.trial, self._has_trained = None, False
        trial = self._opened(args, state)
        settings = {**_training_settings(args), **(state.trial_params or {})}
        model_type = getattr(getattr(model, "config", None), "model_type", None)
        settings["model_type"] = model_type or type(model).__name__
        if hasattr(model, "parameters"):
            settings["model_parameters"] = sum(part.numel() for part in model.parameters())
        record_settings(trial, settings)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Finish a trial that was created here; later evaluations still reach it."""
        if self._owns_trial and self.trial is not None:
            self._has_trained = True
            self.trial.finish()

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """Record what the Trainer logs: training every `logging_steps`, evaluations, and the final figures."""
        metrics = {name: value for name, value in (logs or {}).items() if name != "epoch"}
        if _CLOSING in metrics:
            self._log(args, state, {"summary": {name.removeprefix("train_"): value for name, value in metrics.items()}})
        else:
            self._log(args, state, group_metrics(metrics, aliases=EVAL_IS_VAL))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Hand over the checkpoint that the Trainer has just saved."""
        path = PurePath(args.output_dir or "", f"checkpoint-{state.global_step}")
        if self._checkpoints.is_on and state.is_world_process_zero:
            self._checkpoints.hand_over(self._opened(args, state), str(path), state.global_step)

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **_: Any) -> None:
        """Record what `trainer.predict` measured."""
        self._log(args, state, group_metrics(metrics, default="test", aliases=EVAL_IS_VAL))

    def _opened(self, args: Any, state: Any) -> Trial:
        if self.trial is None:
            name = safe_name(getattr(args, "run_name", None) or PurePath(args.output_dir or "").name, "trainer")
            settings: dict[str, Any] = {"trial_name": name}
            if state.is_hyper_param_search:
                number = str(self._searched)
                self._searched += 1
                full_name = safe_name(f"{name}-{state.trial_name or number}", name)
                settings = {"trial_name": full_name, "folder_path": name, "make_folder": True}
            self.trial = create_trial(**settings)
            finish_at_exit(self.trial)
        return self.trial

    def _log(self, args: Any, state: Any, groups: Mapping[str, Mapping[str, Any]]) -> None:
        if not state.is_world_process_zero:
            return
        trial = self._opened(args, state)
        # state.epoch is a fraction, such as 1.5 in the middle of the second epoch
        epoch = None if state.epoch is None else math.ceil(round(state.epoch, 6))
        for metrics_type, metrics in groups.items():
            self._checkpoints.measure(metrics_type, metrics)
            trial.log(metrics_type, metrics, state.global_step, epoch, not self._owns_trial)


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


def _register() -> None:
    """Make `report_to="aimd"` known, by the mapping in which Transformers looks names up."""
    integrations = load_framework("transformers.integrations.integration_utils", "transformers")
    integrations.INTEGRATION_TO_CALLBACK["aimd"] = AIMDCallback


_register()
