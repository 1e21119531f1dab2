"""Records what Keras 3 measures while it fits and evaluates, on any backend. Imports only `keras`.

    model.fit(x, y, epochs=10, validation_split=0.2, callbacks=[AIMDFitCallback(trial)])
    model.evaluate(x_test, y_test, callbacks=[AIMDEvalCallback(trial)])

Points go to the types `train`, `val` and `test`; their step is the optimizer's count of updates, their epoch counts
from 1. The optimizer's settings, the loss and the metrics' names become parameters. Neither callback ends the trial.
"""

from __future__ import annotations

import re
from math import isfinite
from struct import pack, unpack

from t9k.aimd.checkpointing import Checkpointing
from t9k.aimd.frameworks import load_framework
from t9k.aimd.naming import is_number
from t9k.aimd.settings import record_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDEvalCallback", "AIMDFitCallback"]

keras: Any = load_framework("keras", "keras")
_VALIDATION = "val_"
_SINGLE_DIGITS = 7
_MAX_ELEMENTS = 64  # of a metric's value, such as one number a class
_NUMBERED = re.compile(r"_\d+$")


class _RecordingCallback(keras.callbacks.Callback):
    """What both callbacks share: the trial, and the progress of training."""

    def __init__(self, trial: Trial) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
        """
        super().__init__()
        self.trial = trial

    def _log(
        self, metrics_type: str, metrics: Mapping[str, Any], epoch: int | None = None, step: int | None = None
    ) -> None:
        if metrics:
            self.trial.log(metrics_type, metrics, step=self._step() if step is None else step, epoch=epoch)

    def _step(self) -> int:
        """Return the number of optimizer updates, or 0 for a model without an optimizer."""
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(keras.ops.convert_to_numpy(optimizer.iterations))


class AIMDFitCallback(_RecordingCallback):
    """Records training, and validation if there is any, at the end of every epoch.

    In a custom training loop without epochs it records every batch.
    """

    def __init__(self, trial: Trial, batches: int | None = None, checkpoints: str | None = None) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
            batches: Also record every so many batches of an epoch, with names such as `batch_loss`. What Keras reports
                there are means since the epoch began.
            checkpoints: Save the model after every epoch, and keep what this says: `best(val.accuracy):3, last:2`, as
                in `Trial.checkpoint`; empty keeps all.

        Raises:
            UsageError: `checkpoints` has another form.
        """
        super().__init__(trial)
        self._checkpoints = Checkpointing(checkpoints)
        self._in_epoch = False
        self._batches = batches
        self._began_at = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Set the parameters `optimizer` (its config) and `lossType`."""
        settings: dict[str, object] = {"lossType": _name(self.model.loss)}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            config = {name: _shortest(value) for name, value in optimizer.get_config().items()}
            kind = type(optimizer).__name__.lower()
            if _NUMBERED.sub("", str(config.get("name"))) == kind:  # Keras numbers the optimizers of a process
                config["name"] = kind
            settings["optimizer"] = config
        record_settings(self.trial, settings)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Stop recording every batch."""
        self._in_epoch = True
        self._began_at = self._step() if self._batches else 0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the batch, outside of epochs or as `batches` says."""
        if not self._in_epoch:
            self._log("train", _numbers(logs))
        elif self._batches and (batch + 1) % self._batches == 0:
            # not the optimizer's count, which JAX brings up to date at the end of an epoch
            values = {f"batch_{name}": value for name, value in _numbers(logs).items()}
            self._log("train", values, step=self._began_at + batch + 1)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the epoch: names that begin with `val_` as type `val`, all others as type `train`."""
        self._in_epoch = False
        metrics = _numbers(logs)
        validation = {name: value for name, value in metrics.items() if name.startswith(_VALIDATION)}
        training = {name: value for name, value in metrics.items() if name not in validation}
        if "learning_rate" not in training and self._has_schedule():
            training["learning_rate"] = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        if "learning_rate" in training:  # also what Keras's own callbacks that change it put there
            training["learning_rate"] = _shortest(float(training["learning_rate"]))
        self._log("train", training, epoch + 1)
        shortened = {name.removeprefix(_VALIDATION): value for name, value in validation.items()}
        self._log("val", shortened, epoch + 1)
        if self._checkpoints.is_on:
            self._checkpoints.measure("train", training)
            self._checkpoints.measure("val", shortened)
            self._checkpoints.save(self.trial, "model.keras", self._step(), self.model.save)

    def _has_schedule(self) -> bool:
        optimizer = getattr(self.model, "optimizer", None)
        return isinstance(getattr(optimizer, "_learning_rate", None), keras.optimizers.schedules.LearningRateSchedule)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Set the parameter `metricTypes`: Keras knows its metrics only once it has trained."""
        self._in_epoch = False
        compiled = (getattr(metric, "metrics", [metric]) for metric in self.model.metrics)
        names = [metric.name for group in compiled for metric in group if metric.name != "loss"]
        if len(set(names)) < len(names):  # of several outputs, which Keras names in its logs
            ours = (name for name in logs or {} if not name.startswith(_VALIDATION) and name.endswith(tuple(names)))
            names = [name for name in ours if not name.endswith("loss")]
        record_settings(self.trial, {"metricTypes": names})


class AIMDEvalCallback(_RecordingCallback):
    """Records what `model.evaluate` measures as type `test`."""

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Record the evaluation's result."""
        self._log("test", _numbers(logs))


def _numbers(logs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the numbers in Keras's logs; of a metric with a value per class, one for each: `f1_0`, `f1_1`."""
    numbers: dict[str, Any] = {}
    for name, value in (logs or {}).items():
        if is_number(value):
            numbers[name] = value
        elif hasattr(value, "shape"):
            elements = keras.ops.convert_to_numpy(value).ravel()
            if len(elements) <= _MAX_ELEMENTS:
                numbers.update({f"{name}_{number}": float(element) for number, element in enumerate(elements)})
    return numbers


def _shortest(value: Any) -> Any:
    """Return a number that passed through single precision as it was written: 0.01, not 0.009999999776482582."""
    if not isinstance(value, float) or not isfinite(value):
        return value
    try:
        single = pack("f", value)
        shorter = float(f"{value:.{_SINGLE_DIGITS}g}")
        return shorter if unpack("f", single)[0] == value and pack("f", shorter) == single else value
    except OverflowError:
        return value


def _name(loss: Any) -> Any:
    """Return the name of a loss, however it was given; losses of several outputs keep their structure."""
    if isinstance(loss, dict):
        return {output: _name(part) for output, part in loss.items()}
    if isinstance(loss, (list, tuple)):
        return [_name(part) for part in loss]
    if loss is None or isinstance(loss, str):
        return loss
    return getattr(loss, "name", None) or getattr(loss, "__name__", None) or type(loss).__name__
