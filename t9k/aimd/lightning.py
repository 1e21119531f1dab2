"""Records PyTorch Lightning training, for `lightning.pytorch` and `pytorch_lightning`.

    Trainer(callbacks=AIMDCallback(trial))               one point an epoch; the trial is yours to finish
    Trainer(logger=AIMDLogger("cnn"))                    all that `self.log` logs; makes and ends the trial itself

Names that begin with `train_`, `val_` and `test_` become types. Only rank zero records. Epochs count from 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from aimd_core.format.layout import default_directory, expanded
from t9k.aimd.checkpointing import Checkpointing
from t9k.aimd.creation import create_trial
from t9k.aimd.endings import finish_at_exit
from t9k.aimd.frameworks import load_framework
from t9k.aimd.lightning_media import LoggerMedia
from t9k.aimd.naming import group_metrics, is_number, split_name
from t9k.aimd.settings import record_settings
from t9k.aimd.silent import SilentTrial
from t9k.aimd.trial_source import trial_or_settings
from t9k.aimd.values import as_mapping

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from argparse import Namespace
    from os import PathLike
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDCallback", "AIMDLogger"]

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def _packages() -> list[Any]:
    """Return the Lightning packages that the script may use: those already imported, else all installed ones."""
    names = [name for name in _PACKAGES if sys.modules.get(name) is not None]
    names = names or [name for name in _PACKAGES if find_spec(name.partition(".")[0])]
    return [load_framework(name, "lightning") for name in names or _PACKAGES[:1]]


# A Trainer accepts only callbacks of its own package, so ours derive from those of every package.
_Callback: Any = type("_Callback", tuple(package.Callback for package in _packages()), {})
_Logger: Any = type("_Logger", tuple(package.loggers.Logger for package in _packages()), {})
_DUMMIES = tuple({package.loggers.logger.DummyExperiment for package in _packages()})  # take every call


class _SilentExperiment(SilentTrial, *_DUMMIES):  # type: ignore[misc]
    """What Lightning calls a dummy experiment, and a trial that records nothing."""


class AIMDCallback(_Callback):
    """Records `callback_metrics` at the end of every training epoch, validation and test, and `hparams` as parameters.

    A name without a prefix belongs to the phase that logged it.
    """

    def __init__(self, trial: Trial, checkpoints: str | None = None) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; it has not ended.
            checkpoints: Save the training after every epoch, and keep what this says: `best(val.loss):3, last:2`, as in
                `Trial.checkpoint`; empty keeps all. What a `ModelCheckpoint` saves, `AIMDLogger` hands over.

        Raises:
            UsageError: `checkpoints` has another form.
        """
        super().__init__()
        self._checkpoints = Checkpointing(checkpoints)
        self.trial = trial
        self._names_before: set[str] = set()  # what existed when the evaluation began
        self._evaluated: set[str] = set()  # names without a prefix that evaluations logged

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Set parameters from the hyperparameters that the module and the data module saved."""
        if trainer.is_global_zero:
            saved = {**getattr(trainer.datamodule, "hparams", {}), **pl_module.hparams}
            if saved:
                record_settings(self.trial, saved)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the epoch."""
        groups = group_metrics({k: v for k, v in trainer.callback_metrics.items() if k not in self._evaluated})
        self._log(trainer, "train", groups)
        self._save(trainer)

    def _save(self, trainer: Any) -> None:
        """Save the training, on every rank as Lightning asks for, and hand it over on rank zero."""
        if not self._checkpoints.is_on:
            return
        name, step = f"step-{trainer.global_step}.ckpt", trainer.global_step
        if trainer.world_size == 1:
            self._checkpoints.save(self.trial, name, step, trainer.save_checkpoint)
            return
        path = Path(trainer.strategy.broadcast(mkdtemp(prefix="aimd-checkpoint-")), name)
        trainer.save_checkpoint(path)
        if trainer.is_global_zero:
            self._checkpoints.hand_over(self.trial, path, step)
        trainer.strategy.barrier()
        rmtree(path.parent, ignore_errors=True)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Remember which names already exist."""
        self._names_before = set(trainer.callback_metrics)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the validation."""
        self._log_evaluation(trainer, "val")

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Remember which names already exist."""
        self._names_before = set(trainer.callback_metrics)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the test."""
        self._log_evaluation(trainer, "test")

    def _log_evaluation(self, trainer: Any, metrics_type: str) -> None:
        if trainer.sanity_checking:
            return
        metrics = trainer.callback_metrics
        plain = {name for name in metrics if split_name(name, default="")[0] == ""}
        self._evaluated |= plain - self._names_before
        evaluated = {name: value for name, value in metrics.items() if name not in plain or name in self._evaluated}
        self._log(trainer, metrics_type, group_metrics(evaluated, default=metrics_type))

    def _log(self, trainer: Any, metrics_type: str, groups: dict[str, dict[str, Any]]) -> None:
        if trainer.is_global_zero and groups.get(metrics_type):
            self._checkpoints.measure(metrics_type, groups[metrics_type])
            # outside of a fit, Lightning's epoch is the one after the last
            epoch = trainer.current_epoch + 1 if trainer.state.fn == "fit" else None
            self.trial.log(metrics_type, groups[metrics_type], step=trainer.global_step, epoch=epoch)


class AIMDLogger(LoggerMedia, _Logger):
    """A Lightning logger that records everything that `self.log` logs, the hyperparameters, and pictures and the like.

    It creates its trial when training starts, or takes one. A trial that it created ends Succeeded with training, or
    Failed with an exception; what `trainer.test` logs later is still recorded. The owner of a given trial ends it.
    """

    def __init__(
        self,
        trial: Trial | str | None = None,
        *,
        save_dir: str | PathLike[str] | None = None,
        version: str | int | None = None,
        prefix: str = "",
        checkpoints: str | None = None,
        **settings: Any,
    ) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`, or the name of one that is created on rank zero.
            save_dir: Where that one is, as Lightning's own loggers call `dir`; without a name it is `lightning_logs`.
            version: What `version` and `log_dir` say, instead of the name of the trial's directory.
            prefix: Put before the name of every metric, with a dash, as Lightning's own loggers do.
            checkpoints: Keep what a `ModelCheckpoint` saves, and of that what this says: `best(val.loss):3, last:2`, as
                in `Trial.checkpoint`; empty keeps all.
            **settings: The arguments of `aimd.create_trial` for that one.

        Raises:
            UsageError: Neither or both were given, or `checkpoints` has another form.
        """
        super().__init__()
        if save_dir is not None:
            settings = {"dir": save_dir, **({"trial_name": "lightning_logs"} if trial is None else {}), **settings}
        self._checkpoints = Checkpointing(checkpoints)
        self._handed_over: dict[str, int] = {}  # when each file of a `ModelCheckpoint` was changed
        self._trial, self._settings = trial_or_settings(type(self).__name__, trial, settings)
        self._owns_trial = self._trial is None
        self._version = version
        self._prefix = f"{prefix}-" if prefix else ""
        self._silent: Trial | None = None
        self._calls = 0  # of `log_metrics` without a step
        self._last_step = 0  # of `log_metrics`

    @property
    def experiment(self) -> Trial:
        """The trial, created when first used; on ranks other than zero one that records nothing."""
        if not _is_rank_zero():
            self._silent = self._silent or _SilentExperiment(self.name, {})
            return self._silent
        if self._trial is None:
            self._trial = create_trial(**self._settings)
            finish_at_exit(self._trial)  # with Fabric nobody calls `finalize`
        return self._trial

    @property
    def name(self) -> str:
        """The trial's name, which is the same on all ranks."""
        return str(self._settings["trial_name"]) if self._trial is None else self._trial.name

    @property
    def version(self) -> str | int | None:
        """What was given, else the name of the trial's directory, which this creates; None on ranks other than zero."""
        if self._version is not None:
            return self._version
        return self.experiment.alternative_name if _is_rank_zero() else None

    @property
    def save_dir(self) -> str | None:
        """The directory that holds `.aimd`; Lightning puts checkpoints below it, by name and version."""
        if self._trial is None:
            return os.path.abspath(expanded(self._settings.get("dir") or default_directory()))
        above = self._trial.path.parents
        return str(above[2]) if len(above) > 2 else None  # a rank that records nothing has no directory

    @property
    def log_dir(self) -> str | None:
        """The directory for checkpoints and other files of this run, below `save_dir`; None without a version.

        This creates it on rank zero, because scripts write into that of Lightning's own loggers, where it exists.
        """
        root, version = self.root_dir, self.version
        if root is None or version is None:
            return None
        directory = str(Path(root, version if isinstance(version, str) else f"version_{version}"))
        if _is_rank_zero() and not isinstance(self.experiment, SilentTrial):
            os.makedirs(directory, exist_ok=True)
        return directory

    @property
    def root_dir(self) -> str | None:
        """The directory of all runs of this name."""
        return None if self.save_dir is None else str(Path(self.save_dir, self.name))

    def log_hyperparams(
        self,
        params: Mapping[str, Any] | Namespace | None = None,
        metrics: Mapping[str, Any] | float | None = None,
        **_: Any,
    ) -> None:
        """Set parameters, and record the metrics that they led to.

        Args:
            params: A mapping, a name space, a data class or an OmegaConf, which is resolved.
            metrics: Numbers by name, of type `hparam`; or one number, named `hp_metric`.
            **_: Ignored.
        """
        if not _is_rank_zero():
            return
        mapping = as_mapping(params) if params is not None else {}
        record_settings(self.experiment, vars(params) if mapping is None else mapping)
        if metrics is not None:
            named = metrics if isinstance(metrics, Mapping) else {"hp_metric": metrics}
            numbers = {str(name).removeprefix("hparam/"): value for name, value in named.items() if is_number(value)}
            self.experiment.log("hparam", numbers, 0, check_status=not self._owns_trial)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Record metrics; an entry `epoch`, which Lightning counts from 0, becomes the epoch of the points."""
        if not _is_rank_zero():
            return
        trial = self.experiment
        if step is None:
            step = self._calls
            self._calls += 1
        epoch = metrics.get("epoch")
        named = {name: value for name, value in metrics.items() if name != "epoch"}
        for metrics_type, group in group_metrics(named).items():
            group = {f"{self._prefix}{name}": value for name, value in group.items()} if self._prefix else group
            count = None if epoch is None or metrics_type == "test" else int(epoch) + 1
            self._last_step = step
            self._checkpoints.measure(metrics_type, group)
            trial.log(metrics_type, group, step=step, epoch=count, check_status=not self._owns_trial)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Hand over what a `ModelCheckpoint` has saved since, with the score that it was given."""
        if not self._checkpoints.is_on or not _is_rank_zero():
            return
        scores = dict(checkpoint_callback.best_k_models)
        paths = [*scores, checkpoint_callback.best_model_path, checkpoint_callback.last_model_path]
        for path in dict.fromkeys(str(path) for path in paths if path):
            try:
                changed_ns = Path(path).stat().st_mtime_ns
            except OSError:  # it was replaced meanwhile
                continue
            if self._handed_over.get(path) == changed_ns:
                continue
            self._handed_over[path] = changed_ns
            if checkpoint_callback.monitor and path in scores:
                for metrics_type, group in group_metrics({checkpoint_callback.monitor: scores[path]}).items():
                    self._checkpoints.measure(metrics_type, group)
            step = getattr(checkpoint_callback, "_last_global_step_saved", None) or self._last_step
            self._checkpoints.hand_over(self.experiment, path, step)

    def finalize(self, status: str) -> None:
        """End a trial that was created here: Succeeded, or Failed with the exception's type.

        An interrupt and a preempted job end nothing; the trial's state distinguishes them from a success.

        Args:
            status: Lightning's word: `success`, `failed`, or `finished` before a preempted job is requeued.
        """
        if self._trial is None or not self._owns_trial or not _is_rank_zero():
            return
        error = sys.exc_info()[1]
        self._trial._take_over()  # a strategy that spawns workers trains with a copy of this logger, which ends there
        if status == "success":
            self._trial.finish()
        elif status == "failed" and not isinstance(error, (KeyboardInterrupt, SystemExit)):
            self._trial.fail(error)
        else:
            finish_at_exit(self._trial, False)


def _is_rank_zero() -> bool:
    # both packages keep the process's rank there
    rank_zero = load_framework("lightning_utilities.core.rank_zero", "lightning")
    return not getattr(rank_zero.rank_zero_only, "rank", 0)
