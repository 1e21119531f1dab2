"""A drop-in for TensorBoard's `SummaryWriter` that records a trial. Needs no TensorBoard.

    from t9k.aimd.tensorboard import SummaryWriter     # instead of torch.utils.tensorboard

    with SummaryWriter("runs/cnn") as writer:
        writer.add_scalar("Loss/train", loss, step)

Scalars and hyperparameters are recorded; images, histograms and the rest are ignored, with one warning.
"""

from __future__ import annotations

import os
import warnings
from functools import partial
from pathlib import Path, PurePath

from aimd_core.errors import NoTrialsError
from aimd_core.format.layout import default_directory
from aimd_core.format.model import split_alternative_name
from aimd_core.language import said, translated
from aimd_core.reading.selection import trials_in
from t9k.aimd.creation import create_trial
from t9k.aimd.endings import finish_at_exit
from t9k.aimd.loading import go_back, load_trial
from t9k.aimd.naming import split_name
from t9k.aimd.ranks import current_rank
from t9k.aimd.settings import record_settings

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["SummaryWriter"]

_DROPPED = (
    "add_audio",
    "add_custom_scalars",
    "add_custom_scalars_marginchart",
    "add_custom_scalars_multilinechart",
    "add_embedding",
    "add_figure",
    "add_graph",
    "add_histogram",
    "add_histogram_raw",
    "add_image",
    "add_image_with_boxes",
    "add_images",
    "add_mesh",
    "add_onnx_graph",
    "add_pr_curve",
    "add_pr_curve_raw",
    "add_tensor",
    "add_text",
    "add_video",
)
_TAGS_KEPT = 10_000


class SummaryWriter:
    """Records scalars into a trial.

    A tag is split at its first slash into type and name, `Loss/train` the other way round, `val_loss` at the
    underscore; any other tag is of type `train`.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        *,
        trial: Trial | None = None,
    ) -> None:
        """Create a trial, or record into one.

        Args:
            log_dir: Its last part is the trial's name, the parts before it are the folder to upload to; by default
                `runs/run`. Nothing is written there.
            comment: Added to the name if there is no `log_dir`.
            purge_step: Go on with the newest trial of this name in `AIMD_DIR` or the working directory, if any: points
                from this step on are superseded, as `load_trial(..., from_step=...)` does.
            max_queue: Taken, without effect, like the next two: they are about buffers and files that a trial has not.
            flush_secs: See there.
            filename_suffix: See there.
            trial: A trial to record into; `close` leaves it open.
        """
        self._owns_trial = trial is None
        self._trial = _make_trial(log_dir, comment, purge_step) if trial is None else trial
        if trial is not None and purge_step is not None:
            go_back(trial.path, purge_step)
        if trial is None:
            finish_at_exit(self._trial)  # because many scripts never close a writer
        self._steps: dict[str, int] = {}  # the next step of each tag logged without a step
        self._told: set[str] = set()

    @property
    def trial(self) -> Trial:
        """The trial that is recorded."""
        return self._trial

    @property
    def log_dir(self) -> str:
        """The trial's directory."""
        return str(self._trial.path)

    def get_logdir(self) -> str:
        """Return the trial's directory."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Record a number.

        Args:
            tag: Such as `Loss/train`.
            scalar_value: A number, or an array or tensor of one element.
            global_step: The step; by default, one more than in the last call with this tag.
            walltime: Ignored, because a point's time is now. So are the next two.
            new_style: See there.
            double_precision: See there; numbers are always recorded in full.

        Raises:
            TypeError: It is not a number.
        """
        metrics_type, name = _split_tag(tag)
        self._log(metrics_type, {name: scalar_value}, self._step(tag, global_step))

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Record several numbers of one kind: `("loss", {"train": 0.3, "val": 0.4})` is the loss of both types.

        Args:
            main_tag: The metric, or the type if a tag below is not a type.
            tag_scalar_dict: Numbers by tag.
            global_step: As in `add_scalar`.
            walltime: See there.
        """
        step = self._step(main_tag, global_step)
        groups: dict[str, dict[str, Any]] = {}
        for tag, value in tag_scalar_dict.items():
            metrics_type, name = split_name(f"{tag}/{main_tag}", default="")
            if not metrics_type:
                metrics_type, name = main_tag, tag
            groups.setdefault(metrics_type, {})[name] = value
        for metrics_type, metrics in groups.items():
            self._log(metrics_type, metrics, step)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Any] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """Set parameters, and record the resulting metrics.

        Args:
            hparam_dict: Parameters by name.
            metric_dict: Numbers by tag.
            hparam_domain_discrete: Ignored, like the next.
            run_name: See there.
            global_step: As in `add_scalar`.
        """
        record_settings(self._trial, hparam_dict)
        for tag, value in metric_dict.items():
            self.add_scalar(tag, value, global_step)

    def flush(self) -> None:
        """Do nothing: everything is already in the file."""

    def close(self) -> None:
        """Finish the trial, if it was made here, as a clean end of the process does. Later values still reach it."""
        if self._owns_trial:
            self._trial.finish()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owns_trial:
            self._trial.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name in _DROPPED:
            return partial(self._drop, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _drop(self, method: str, *_: Any, **__: Any) -> None:
        if method not in self._told:
            self._told.add(method)
            message = said(
                "{method}: trials record numbers and parameters only, so this was not recorded", method=method
            )
            warnings.warn(translated(message), UserWarning, stacklevel=2)

    def _log(self, metrics_type: str, metrics: Mapping[str, Any], step: int) -> None:
        self._trial.log(metrics_type, metrics, step, check_status=not self._owns_trial)

    def _step(self, tag: str, given: int | None) -> int:
        if given is not None:
            return given
        if len(self._steps) >= _TAGS_KEPT:
            self._steps.clear()
        step = self._steps[tag] = self._steps.get(tag, -1) + 1
        return step


def _split_tag(tag: str) -> tuple[str, str]:
    metrics_type, name = split_name(tag, default="")
    if metrics_type:
        return metrics_type, name
    head, _, rest = tag.partition("/")
    return (head, rest) if head and rest else ("train", tag)


def _make_trial(log_dir: str | os.PathLike[str] | None, comment: str, purge_step: int | None) -> Trial:
    given = PurePath(log_dir) if log_dir is not None else PurePath("runs") / f"run{comment}".replace("/", "_")
    parts = [part for part in given.parts if part not in ("..", given.anchor)]
    name = parts[-1] if parts else "run"
    rank = current_rank()
    earlier = _newest_named(name) if purge_step is not None and (rank is None or rank.number == 0) else None
    if earlier is not None:
        return load_trial(earlier, from_step=purge_step)
    # an absolute path is a place on this machine, not on a server
    folder = "/".join(parts[:-1]) if not given.is_absolute() else ""
    return create_trial(trial_name=name, folder_path=folder or None, make_folder=True if folder else None)


def _newest_named(name: str) -> Path | None:
    """Return the newest trial of a name in `AIMD_DIR` or the working directory, or None."""
    try:
        trials = trials_in(default_directory())
    except NoTrialsError:
        return None
    return next((trial.path for trial in trials if split_alternative_name(trial.path.name)[0] == name), None)
