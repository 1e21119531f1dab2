"""Records what a TensorBoard writer is given, for the drop-in writer and for the writers that are patched."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path, PurePath

from aimd_core.errors import NoTrialsError, TrialStateError
from aimd_core.format.layout import default_directory
from aimd_core.format.model import split_alternative_name
from aimd_core.format.names import MetricNames, safe_name
from aimd_core.language import translated
from aimd_core.reading.selection import trials_in
from t9k.aimd.creation import create_trial
from t9k.aimd.loading import load_trial
from t9k.aimd.naming import OTHER_TYPE, split_tag
from t9k.aimd.ranks import current_rank
from t9k.aimd.settings import plain_settings, record_settings
from t9k.aimd.settings_in_text import settings_in
from t9k.aimd.silent import SilentTrial
from t9k.aimd.values import as_float

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import Any

    from t9k.aimd.media.encoded import Encoded
    from t9k.aimd.trial import Trial

DEFAULT_FOLDER = "runs"
_TAGS_KEPT = 10_000
_HPARAMS_TAG = "_hparams_/session_start_info"


class ScalarRecorder:
    """Records tags into a trial.

    A tag is split at its first slash into type and name, `Loss/train` the other way round, `val_loss` at the
    underscore; any other tag is of type `train`. A tag whose metric another tag has is whole, below `train`.

    Attributes:
        trial: The trial.
        owns_trial: Whether the trial ends with the writer, and then still takes points.
        default_step: The step of what is given none.
        last_media_step: The step of the last pictures, sounds or the like.
    """

    def __init__(self, trial: Trial, owns_trial: bool) -> None:
        """Record into a trial.

        Args:
            trial: The trial.
            owns_trial: Whether it ends with the writer.
        """
        self.trial = trial
        self.owns_trial = owns_trial
        self._names = MetricNames(split_tag, OTHER_TYPE)
        self._steps: dict[str, int] = {}  # the next step of each tag logged without a step
        self._told: set[str] = set()
        self.default_step: int | None = None
        self.last_media_step = 0
        self._hparams: dict[str, object] | None = None
        self._more_hparams: list[str] = []  # names of the trials of further calls

    def step_of(self, tag: str, given: Any) -> int:
        """Return a step as TensorBoard has it: without its fraction; without one, the next of this tag."""
        given = self.default_step if given is None else given
        if type(given) is int:
            return given
        if given is not None:
            return int(given)
        if len(self._steps) >= _TAGS_KEPT:
            self._steps.clear()
        step = self._steps[tag] = self._steps.get(tag, -1) + 1
        return step

    def scalar(self, tag: str, number: float, step: int, wall_time: float | None = None) -> None:
        """Record a number."""
        metrics_type, name = self._names.metric_of(tag)
        self.trial.log(metrics_type, {name: number}, step, None, not self.owns_trial, timestamp=wall_time)

    def scalars(self, main_tag: str, numbers: Mapping[str, float], step: int, wall_time: float | None) -> None:
        """Record several numbers, each type with one record."""
        groups: dict[str, dict[str, float]] = {}
        for tag, number in numbers.items():
            metrics_type, name = self._names.metric_of(f"{main_tag}/{tag}")
            groups.setdefault(metrics_type, {})[name] = number
        for metrics_type, metrics in groups.items():
            self.trial.log(metrics_type, metrics, step, None, not self.owns_trial, timestamp=wall_time)

    def hparams_and_metrics(
        self, params: Mapping[str, Any], metrics: Mapping[str, Any], name: str | None, step: int
    ) -> None:
        """Set parameters and record metrics, in the trial or, for other parameters than before, in a new one."""
        if self.hparams(params):
            for tag, value in metrics.items():
                self.scalar(tag, as_number(tag, value), step)
        else:
            with self.trial_of_more_hparams(name) as trial:
                ScalarRecorder(trial, False).hparams_and_metrics(params, metrics, None, step)

    def hparams(self, params: Mapping[str, Any]) -> bool:
        """Set parameters, and tell whether they are the trial's: others than before belong to a trial of their own."""
        plain = plain_settings(params)
        if self._hparams is not None and self._hparams != plain:
            return False
        self._hparams = plain
        record_settings(self.trial, params)
        return True

    def trial_of_more_hparams(self, name: str | None) -> Trial:
        """Return a new trial beside this one, in the same folder."""
        self._more_hparams.append(name or str(len(self._more_hparams) + 2))
        full_name = safe_name(f"{self.trial.name}-{self._more_hparams[-1]}", self.trial.name)
        if isinstance(self.trial, SilentTrial):
            return SilentTrial(full_name, {})
        upload = self.trial._metadata.values.get("_upload") or {}
        settings: dict[str, Any] = {
            key: upload.get(key) for key in ("folder_id", "folder_path", "make_folder", "conflict_strategy")
        }
        directory = self.trial.path.parents[2]
        return create_trial(trial_name=full_name, **settings, dir=directory, capture_output=False, capture_system=False)

    def text(self, tag: str, content: str, step: int) -> None:
        """Record a text: settings become parameters, anything else is kept at its step, as Markdown."""
        settings = settings_in(content)
        if settings is not None:
            record_settings(self.trial, settings)
            return
        from t9k.aimd.media.plain import text as encode  # many scripts record none

        self.media(tag, step, encode, content, True)

    def media(self, tag: str, step: int, encode: Callable[..., list[Encoded]], *arguments: Any) -> list[Encoded]:
        """Record pictures, sounds and the like, and return them as they were recorded.

        Args:
            tag: Their key.
            step: The step.
            encode: Makes them of the arguments.
            *arguments: For it.

        Raises:
            TypeError, ValueError: They are not what it takes.
        """
        made: list[Encoded] = []

        def encoded() -> list[Encoded]:
            made.extend(encode(*arguments))
            return made

        self.last_media_step = step
        try:
            self.trial._log_media(tag, step, None, None, encoded)
        except TrialStateError as error:  # after `close`
            self.tell_once("media", error.sentence)
        return made

    def file(self, name: str, content: str) -> None:
        """Keep a text as a file of the trial, in place of one of that name."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as directory:
            path = Path(directory, name)
            path.write_text(content, encoding="utf-8")
            self.trial.save(path)

    def summary(self, summary: Any, step: int, wall_time: float | None) -> None:
        """Record the scalars and hyperparameters of a `tensorflow.Summary`, for code that writes summaries itself."""
        for value in summary.value:
            if value.tag == _HPARAMS_TAG:
                record_settings(self.trial, _session_params(summary, value.metadata.plugin_data.content))
            elif value.WhichOneof("value") == "simple_value":
                self.scalar(value.tag, value.simple_value, step, wall_time)

    def tell_once(self, what: str, message: str) -> None:
        """Warn of something that is not recorded, once for each `what`."""
        if what not in self._told:
            self._told.add(what)
            level, frame = 1, sys._getframe()
            while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("t9k.aimd."):
                level, frame = level + 1, frame.f_back
            warnings.warn(translated(message), UserWarning, stacklevel=level)


def as_number(tag: str, value: Any) -> float:
    """Return a value that a writer is given as a float.

    Raises:
        TypeError: It is not a number.
    """
    return value if type(value) is float else as_float(tag, value)


def trial_of_log_dir(log_dir: str | os.PathLike[str] | None, comment: str, purge_step: int | None) -> Trial:
    """Create the trial of a log directory; with `purge_step`, go on with the newest one of the same name, if any.

    Args:
        log_dir: Its last part is the trial's name, the parts before it are the folder to upload to.
        comment: Added to the name if there is no `log_dir`.
        purge_step: The step from which on what was recorded before is superseded.
    """
    path = PurePath(str(log_dir).replace("\\", "/")) if log_dir else PurePath(DEFAULT_FOLDER, f"run{comment}")
    parts = [part for part in path.parts if part not in ("..", path.anchor)]
    name = safe_name(parts[-1] if parts else "run", "run")
    # an absolute path is a place on this machine, not on a server
    folder = "/".join(parts[:-1]) if not path.is_absolute() else ""
    rank = current_rank()
    if purge_step is not None and (rank is None or rank.number == 0):
        earlier = _newest_named(name, folder)
        if earlier is not None:
            return load_trial(earlier, from_step=purge_step)
    return create_trial(trial_name=name, folder_path=folder or None, make_folder=True if folder else None)


def _newest_named(name: str, folder: str) -> Path | None:
    """Return the newest trial of a name and folder in `AIMD_DIR` or the working directory, or None."""
    try:
        trials = trials_in(default_directory())
    except NoTrialsError:
        return None
    named = (trial for trial in trials if split_alternative_name(trial.path.name)[0] == name)
    return next((trial.path for trial in named if (trial.upload_settings.get("folder_path") or "") == folder), None)


def _session_params(summary: Any, content: bytes) -> dict[str, Any]:
    """Return the hyperparameters in a message of TensorBoard's hparams plugin, by the library that made the summary."""
    from importlib import import_module

    is_tensorboard_x = type(summary).__module__.startswith("tensorboardX")
    name = (
        "tensorboardX.proto.plugin_hparams_pb2" if is_tensorboard_x else "tensorboard.plugins.hparams.plugin_data_pb2"
    )
    data = (sys.modules.get(name) or import_module(name)).HParamsPluginData.FromString(content)
    params = {}
    for key, value in data.session_start_info.hparams.items():
        kind = value.WhichOneof("kind")
        params[key] = getattr(value, kind) if kind in ("number_value", "string_value", "bool_value") else str(value)
    return params
