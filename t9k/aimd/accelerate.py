"""A tracker for Hugging Face Accelerate.

    accelerator = Accelerator(log_with=AIMDTracker(trial_name="cnn", folder_path="mnist"))
    accelerator.init_trackers("mnist", config={"lr": 0.001})
    accelerator.log({"train_loss": 0.5, "epoch": 1}, step=10)
    accelerator.end_training()

The prefixes `train_`, `val_`, `eval_` and `test_` of names become types. Only the main process records.
"""

from __future__ import annotations

from os import fspath

from aimd_core.format.names import safe_name
from t9k.aimd.checkpointing import Checkpointing
from t9k.aimd.creation import create_trial
from t9k.aimd.frameworks import load_framework
from t9k.aimd.naming import EVAL_IS_VAL, group_metrics
from t9k.aimd.settings import record_settings
from t9k.aimd.trial_source import trial_or_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDTracker"]

_tracking: Any = load_framework("accelerate.tracking", "accelerate")
_state: Any = load_framework("accelerate.state", "accelerate")


class AIMDTracker(_tracking.GeneralTracker):
    """Records what `accelerator.log` logs; `accelerator.end_training` finishes the trial."""

    name = "aimd"
    requires_logging_directory = False
    main_process_only = True

    def __init__(self, trial: Trial | str | None = None, *, checkpoints: str | None = None, **settings: Any) -> None:
        """Record into a trial.

        Args:
            trial: From `aimd.create_trial`; without one, `init_trackers` creates one on the main process. A name is the
                same as `trial_name`: with `log_with="aimd"`, Accelerate passes the project's name here.
            checkpoints: What `checkpoint` keeps: `best(val.loss):3, last:2`, as in `Trial.checkpoint`; by default all.
            **settings: The arguments of `aimd.create_trial` for that one.

        Raises:
            UsageError: Neither or both were given, or `checkpoints` has another form.
        """
        super().__init__()
        self._checkpoints = Checkpointing(checkpoints or "")
        given = safe_name(trial, "accelerate") if isinstance(trial, str) else trial
        self._trial, self._settings = trial_or_settings(type(self).__name__, given, settings)
        self._calls = 0

    @property
    def tracker(self) -> Trial | None:
        """The trial, which `accelerator.get_tracker("aimd", unwrap=True)` returns; None if nothing is recorded."""
        return self._trial

    def start(self) -> None:
        """Create the trial, on the main process."""
        if self._trial is None and _is_main_process():
            self._trial = create_trial(**self._settings)

    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Set parameters."""
        if self._trial is not None and _is_main_process():
            record_settings(self._trial, values)

    def log(self, values: Mapping[str, Any], step: int | None = None, **_: Any) -> None:
        """Record metrics.

        Args:
            values: Numbers by name; an integer named `epoch` becomes the epoch of the points.
            step: The training step; by default, the number of calls so far.
            **_: Ignored.
        """
        self._calls += 1
        if self._trial is None or not _is_main_process():
            return
        epoch = values.get("epoch")
        has_epoch = isinstance(epoch, int)
        named = {name: value for name, value in values.items() if not (has_epoch and name == "epoch")}
        for metrics_type, metrics in group_metrics(named, aliases=EVAL_IS_VAL).items():
            number = self._calls if step is None else step
            self._checkpoints.measure(metrics_type, metrics)
            self._trial.log(metrics_type, metrics, step=number, epoch=epoch if has_epoch else None)

    def log_images(self, values: Mapping[str, Any], step: int | None = None, **_: Any) -> None:
        """Record pictures, as Accelerate's own trackers do.

        Args:
            values: Lists of arrays or PIL images by key, or arrays with a dimension more.
            step: The training step; by default, the number of calls of `log` so far.
            **_: Ignored.
        """
        if self._trial is not None and _is_main_process():
            for key, images in values.items():
                self._trial.log_image(key, images, self._calls if step is None else step)

    def log_table(
        self,
        table_name: str,
        columns: Sequence[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
        **_: Any,
    ) -> None:
        """Record a table, as Accelerate's tracker for W&B does.

        Args:
            table_name: What it is of.
            columns: The names of the columns of `data`.
            data: Rows.
            dataframe: A data frame, instead of both.
            step: As for `log_images`.
            **_: Ignored.
        """
        if self._trial is not None and _is_main_process():
            table = data if dataframe is None else dataframe
            self._trial.log_table(table_name, table, self._calls if step is None else step, columns=columns)

    def checkpoint(self, path: str | PathLike[str], step: int) -> None:
        """Keep a copy of what was saved as a checkpoint of the trial, on the main process.

            accelerator.get_tracker("aimd").checkpoint(accelerator.save_state("state"), step)

        Args:
            path: A file or a directory, such as `accelerator.save_state` returns.
            step: The training step.
        """
        if self._trial is not None and _is_main_process():
            self._checkpoints.hand_over(self._trial, fspath(path), step)

    def finish(self) -> None:
        """End the trial as Succeeded."""
        if self._trial is not None and _is_main_process():
            if self._settings:
                self._trial._take_over()  # a launcher that spawns workers trains with a copy of this tracker
            self._trial.finish()


def _is_main_process() -> bool:
    return bool(_state.PartialState().is_main_process)


def _register() -> None:
    """Make `log_with="aimd"` known to a version of Accelerate that takes classes of others, which 1.15 is."""
    register = getattr(_tracking, "register_tracker_class", None)
    if register is not None and "aimd" not in _tracking.LOGGER_TYPE_TO_CLASS:
        register(AIMDTracker)


_register()
