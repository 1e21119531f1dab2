"""Records fastai.

    Learner(data, model, cbs=AIMDCallback("pets", folder_path="vision")).fit_one_cycle(3)

Each epoch is a point at the number of batches trained: `train_loss` has type `train`, everything else was measured on
the validation set and has type `val`. The learner's settings become parameters.
"""

from __future__ import annotations

from t9k.aimd.frameworks import load_framework
from t9k.aimd.settings import record_settings
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback"]

_callbacks: Any = load_framework("fastai.callback.core", "fastai")
_learner: Any = load_framework("fastai.learner", "fastai")
_distributed: Any = load_framework("fastai.torch_core", "fastai")
_NOT_METRICS = ("epoch", "time")
_VALIDATION = "valid_"  # fastai's word before a metric that it computes on both sets


class AIMDCallback(_callbacks.Callback):
    """Records every epoch of a training. A trial that it creates ends with it. `lr_find` is not a training.

    Attributes:
        source: The trial, given or created.
    """

    order = _learner.Recorder.order + 1  # its figures of the epoch are complete

    def __init__(self, trial: Trial | str | None = None, batches: int | None = None, **settings: Any) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`, which is not ended, or the name of one to create.
            batches: Record `batch_loss` at every batch that is a multiple of this number.
            **settings: The arguments of `aimd.create_trial` for that one.
        """
        self.source = TrialSource(type(self).__name__, trial, settings)
        self._batches = batches
        self._trains = False

    def before_fit(self) -> None:
        """Wait for a training: `validate` is a fit without one."""
        self._trains = False

    def before_train(self) -> None:
        """Set parameters from the learner, when the training begins."""
        learner = self.learn
        if self._trains or hasattr(learner, "lr_finder") or _distributed.rank_distrib():
            return
        self._trains = True
        settings = {
            "epochs": learner.n_epoch,
            "learning_rate": _highest_rate(learner),
            "batch_size": getattr(learner.dls.train, "bs", None),
            "model": type(learner.model).__name__,
            "optimizer": learner.opt_func,
            "loss_function": type(learner.loss_func).__name__,
        }
        record_settings(self.source.trial, {name: value for name, value in settings.items() if value is not None})

    def after_batch(self) -> None:
        """Record the loss and the learning rate, if asked for."""
        if self._trains and self.training and self._batches and self.train_iter % self._batches == 0:
            values = {"train/batch_loss": self.loss.item(), "train/learning_rate": self.opt.hypers[-1]["lr"]}
            self.source.log(values, self.train_iter, self.epoch + 1)

    def after_epoch(self) -> None:
        """Record the epoch."""
        if not self._trains:
            return
        row = zip(self.recorder.metric_names, self.recorder.log, strict=False)
        values = {_full_name(name): value for name, value in row if name not in _NOT_METRICS}
        values["train/learning_rate"] = self.opt.hypers[-1]["lr"]
        self.source.log(values, self.train_iter, self.epoch + 1)

    def after_fit(self) -> None:
        """Finish a trial that was created here. After an exception, the process's end tells how it went."""
        if self._trains:
            self._trains = False
            self.source.end()


def _highest_rate(learner: Any) -> float:
    """Return the learning rate of the last group of parameters; of a schedule, such as one cycle, its highest."""
    schedules = [callback.scheds["lr"] for callback in learner.cbs if "lr" in getattr(callback, "scheds", ())]
    rates = [schedule(done / 100) for schedule in schedules for done in range(101)]
    plain = (rate[-1] if hasattr(rate, "__getitem__") else rate for rate in rates or [learner.opt.hypers[-1]["lr"]])
    return max(float(rate) for rate in plain)


def _full_name(name: str) -> str:
    if name.startswith("train_"):
        return name.replace("_", "/", 1)
    return f"val/{name.removeprefix(_VALIDATION)}"
