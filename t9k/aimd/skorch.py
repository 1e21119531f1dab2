"""Records skorch.

    NeuralNetClassifier(module, callbacks=[AIMDCallback("digits", folder_path="sweeps")])

Each epoch is a point: `train_loss` has type `train`, `valid_loss` and `valid_acc` have type `val`. The step is the
number of batches trained. The net's settings become parameters.
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

_callbacks: Any = load_framework("skorch.callbacks", "skorch")
_NOT_METRICS = ("epoch", "batches")
_NOT_ENDINGS = ("_best", "_batch_count")


class AIMDCallback(_callbacks.Callback):
    """Records every epoch of a net. A trial that it creates ends with training; a search makes one for each fit.

    Attributes:
        trial: From `aimd.create_trial`, the name of one to create, or None.
        settings: The arguments of `aimd.create_trial` for that one.
    """

    def __init__(self, trial: Trial | str | None = None, settings: dict[str, Any] | None = None, **more: Any) -> None:
        """Record into a trial, which is not ended, or into one that is created when training begins.

        Args:
            trial: From `aimd.create_trial`, or the name of one to create.
            settings: The arguments of `aimd.create_trial` for that one.
            **more: More of them.
        """
        self.trial = trial
        # as it was given if that is all: scikit-learn clones nothing whose settings are others
        self.settings = {**(settings or {}), **more} if more or settings is None else settings

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what scikit-learn makes a copy from."""
        return {"trial": self.trial, "settings": self.settings}

    def on_train_begin(self, net: Any, X: object = None, y: object = None, **_: Any) -> None:  # noqa: N803, their names
        """Create the trial, and set parameters from the net."""
        self._source = TrialSource(type(self).__name__, self.trial, self.settings)
        self._step = sum(epoch.get("train_batch_count", 0) for epoch in net.history)  # a training may go on with a net
        given = {name: value for name, value in net.get_params(deep=False).items() if not name.startswith("_")}
        plain = {name: value for name, value in given.items() if name not in ("callbacks", "verbose")}
        record_settings(self._source.trial, plain)

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Record the epoch."""
        row = net.history[-1]
        self._step += row.get("train_batch_count", 0)
        metrics = {name: row[name] for name in row if name not in _NOT_METRICS and not name.endswith(_NOT_ENDINGS)}
        self._source.log(metrics, self._step, row["epoch"])

    def on_train_end(self, net: Any, **_: Any) -> None:
        """Finish a trial that was created here. After an exception, the process's end tells how it went."""
        self._source.end()
