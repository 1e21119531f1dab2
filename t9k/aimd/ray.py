"""Records a Ray Tune experiment as a folder with an aimd trial for each Tune trial.

    Tuner(train, param_space=..., run_config=RunConfig(name="digits", callbacks=[AIMDCallback(folder_path="sweeps")]))

It runs in the process that starts the experiment, so the workers need neither aimd nor a shared disk. What a worker
reports becomes points at the training iteration, its configuration becomes parameters.
"""

from __future__ import annotations

from pathlib import Path

from t9k.aimd.frameworks import load_framework
from t9k.aimd.requeue import go_on
from t9k.aimd.settings import record_settings
from t9k.aimd.trial_source import TrialSource

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = ["AIMDCallback"]

_tune: Any = load_framework("ray.tune", "ray")
_result: Any = load_framework("ray.tune.result", "ray")
_NOT_METRICS = {*_result.AUTO_RESULT_KEYS, "done", "trial_id", "experiment_tag", "hist_stats"}
_DRIVERS = {"capture_output": False, "capture_system": False}  # this process's output and load are not a trial's


class AIMDCallback(_tune.Callback):
    """Records every trial of an experiment: a trial that fails ends Failed, one that a scheduler stops Succeeded."""

    def __init__(self, folder_path: str | None = None, **settings: Any) -> None:
        """Record an experiment.

        Args:
            folder_path: Where the experiment's folder is; by default at the top.
            **settings: More arguments of `aimd.create_trial`, such as `dir`.
        """
        self._folder_path, self._settings = folder_path, {**_DRIVERS, **settings}
        self._sources: dict[str, TrialSource] = {}  # by Tune's id
        self._failed: list[Any] = []  # those of which Ray does not say yet why
        self._paths: dict[str, str] = {}

    def get_state(self) -> dict[str, Any]:
        """Return which trials there are, for an experiment that is restored."""
        return {"paths": self._paths}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on with the trials of an experiment that is restored."""
        self._paths = dict(state["paths"])

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Create the trial, or go on with one that was paused."""
        self._source(trial)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Let a trial go back to the iteration of its checkpoint."""
        self._sources.pop(trial.trial_id, None)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: Mapping[str, Any], **info: Any
    ) -> None:
        """Record what was reported."""
        values = {name: value for name, value in result.items() if name not in _NOT_METRICS}
        self._source(trial).log(dict(_flat(values, "")), result["training_iteration"])

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Finish the trial."""
        self._source(trial).trial.finish()

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """End the trial Failed, with the worker's exception."""
        if not self._end_failed(trial):
            self._failed.append(trial)  # Ray keeps the exception after it has told of it

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """End trials that failed, once Ray says why."""
        self._failed = [trial for trial in self._failed if not self._end_failed(trial)]

    def on_experiment_end(self, trials: list[Any], **info: Any) -> None:
        """End the rest of the trials that failed."""
        for trial in self._failed:
            if not self._end_failed(trial):
                self._source(trial).trial.fail("the worker failed")
        self._failed = []

    def _end_failed(self, trial: Any) -> bool:
        """End a trial Failed, and return whether Ray says why."""
        error = trial.get_pickled_error()
        reason = getattr(error, "cause", None) or error
        if reason is not None:
            self._source(trial).trial.fail(reason)
        return reason is not None

    def _source(self, trial: Any) -> TrialSource:
        source = self._sources.get(trial.trial_id)
        if source is None:
            path = self._paths.get(trial.trial_id)
            if path is not None and Path(path).is_dir():
                source = TrialSource(type(self).__name__, go_on(Path(path)), {})
            else:
                source = TrialSource(type(self).__name__, None, {**self._naming_of(trial), **self._settings})
                record_settings(source.trial, trial.config)
                self._paths[trial.trial_id] = str(source.trial.path)
            self._sources[trial.trial_id] = source
        return source

    def _naming_of(self, trial: Any) -> dict[str, Any]:
        experiment = Path(trial.storage.experiment_dir_name).name
        folder = f"{self._folder_path.rstrip('/')}/{experiment}" if self._folder_path else experiment
        return {"trial_name": str(trial), "folder_path": folder, "make_folder": True}


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", value
