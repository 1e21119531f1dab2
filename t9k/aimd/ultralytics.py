"""Records Ultralytics' YOLO and its other models.

    model = YOLO("yolo11n.pt")
    track(model, "coco8", folder_path="detection")
    model.train(data="coco8.yaml", epochs=3)

Each epoch is a point at the number of batches trained: losses have the types `train` and `val`, and what Ultralytics
calls `metrics/mAP50(B)` is the metric `mAP50(B)` of type `val`; of the best weights, of type `summary`.
The training's settings become parameters.
"""

from __future__ import annotations

from t9k.aimd.checkpointing import Checkpointing
from t9k.aimd.settings import record_settings
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["track"]

_METRICS = "metrics/"  # before what was measured on the validation set
_LOSSES = "val/"  # before its losses


def track(model: Any, trial: Trial | str | None = None, *, checkpoints: str | None = None, **settings: Any) -> None:
    """Record every training of a model. A trial that is created here ends with the first one.

    With several GPUs, Ultralytics trains in processes of its own, which have no callbacks of the script: there, nothing
    is recorded.

    Args:
        model: Such as a `YOLO`.
        trial: From `aimd.create_trial`, which is not ended, or the name of one to create.
        checkpoints: Take the checkpoint that Ultralytics saves after each epoch, and keep what this says:
            `best(val.mAP50-95(B)), last`, as in `Trial.checkpoint`. None takes no checkpoints.
        **settings: The arguments of `aimd.create_trial` for that one.

    Raises:
        UsageError: Neither or both of a trial and settings were given, or `checkpoints` has another form.
    """
    recorder = _Recorder(TrialSource("track", trial, settings), Checkpointing(checkpoints))
    model.add_callback("on_pretrain_routine_end", recorder.begin)
    model.add_callback("on_train_epoch_end", recorder.record_training)
    model.add_callback("on_model_save", recorder.take_checkpoint)
    model.add_callback("on_fit_epoch_end", recorder.record_validation)
    model.add_callback("on_train_end", recorder.end)


class _Recorder:
    """The callbacks, each of which takes the trainer."""

    def __init__(self, source: TrialSource, checkpoints: Checkpointing) -> None:
        self._source = source
        self._checkpoints = checkpoints
        self._in_epoch = False

    def begin(self, trainer: Any) -> None:
        record_settings(self._source.trial, vars(trainer.args))

    def record_training(self, trainer: Any) -> None:
        self._in_epoch = True
        rates = {f"train/{name}": value for name, value in trainer.lr.items()}
        self._log(trainer, {**trainer.label_loss_items(trainer.tloss, prefix="train"), **rates})

    def record_validation(self, trainer: Any) -> None:
        if self._in_epoch:
            self._log(trainer, {name.replace(_METRICS, "val/", 1): value for name, value in trainer.metrics.items()})
        else:  # the best weights, once more at the end
            metrics = {name.replace(_METRICS, "summary/", 1): value for name, value in trainer.metrics.items()}
            self._source.log(metrics, trainer.epoch * len(trainer.train_loader))
        self._in_epoch = False

    def take_checkpoint(self, trainer: Any) -> None:
        """Take what was saved of this epoch, which is validated by then but not yet recorded."""
        if not self._checkpoints.is_on:
            return
        measured = {name.removeprefix(_METRICS).removeprefix(_LOSSES): value for name, value in trainer.metrics.items()}
        self._checkpoints.measure("val", measured)
        self._checkpoints.hand_over(self._source.trial, trainer.last, (trainer.epoch + 1) * len(trainer.train_loader))

    def end(self, trainer: Any) -> None:
        self._source.end()

    def _log(self, trainer: Any, values: dict[str, Any]) -> None:
        epoch = trainer.epoch + 1
        self._source.log(values, epoch * len(trainer.train_loader), epoch)
