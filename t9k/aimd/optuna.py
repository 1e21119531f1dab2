"""Records an Optuna study as a folder with an aimd trial for each Optuna trial.

While they run, with every report and a state that survives a crash:

    @track(folder_path="sweeps")
    def objective(trial):
        lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)   # a parameter
        trial.report(accuracy, step=epoch)                     # a point of type `report`
        trial.record.log("train", {"loss": loss}, step=step)   # anything else: `record` is the aimd trial
        return accuracy                                        # a point of type `objective`

    study.optimize(objective, n_trials=20)

or, if the objective cannot be changed, each trial at its end: `study.optimize(..., callbacks=[AIMDCallback()])`.

`AIMDArtifactStore` keeps what `optuna.artifacts.upload_artifact` is given as files of the trials.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import wraps

from aimd_core.format.names import safe_name
from t9k.aimd.creation import create_trial
from t9k.aimd.frameworks import load_framework
from t9k.aimd.naming import is_number
from t9k.aimd.optuna_artifacts import RECORDING, AIMDArtifactStore
from t9k.aimd.settings import record_settings
from t9k.aimd.values import as_timestamp

TYPE_CHECKING = False  # a constant, because importing `typing` slows down start-up
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from t9k.aimd.trial import Trial

__all__ = ["AIMDArtifactStore", "AIMDCallback", "TrackedTrial", "track"]

optuna: Any = load_framework("optuna", "optuna")


class TrackedTrial:
    """An Optuna trial that records itself: suggestions and user attributes as parameters, reports as points.

    It is also of the class of the trial that it comes from: `Trial`, or `FixedTrial` to run an objective once more.

    Attributes:
        record: The aimd trial.
        last_reported_step: The highest reported step, 0 before the first.
    """

    record: Trial
    last_reported_step: int

    @classmethod
    def of(cls, trial: Any, record: Trial) -> TrackedTrial:
        """Return the same trial, recorded. A second trial would draw from the sampler again.

        Args:
            trial: The Optuna trial.
            record: The aimd trial to record into.
        """
        kind = type(cls.__name__, (cls, type(trial)), {})
        tracked: TrackedTrial = object.__new__(kind)
        tracked.__dict__ = trial.__dict__
        tracked.record = record
        tracked.last_reported_step = 0
        return tracked

    def suggest_float(self, name: str, *arguments: Any, **settings: Any) -> float:
        """Suggest a value, which becomes a parameter."""
        value: float = super().suggest_float(  # type: ignore[misc]
            name, *arguments, **settings
        )
        self._set(name, value)
        return value

    def suggest_int(self, name: str, *arguments: Any, **settings: Any) -> int:
        """Suggest a value, which becomes a parameter."""
        value: int = super().suggest_int(  # type: ignore[misc]
            name, *arguments, **settings
        )
        self._set(name, value)
        return value

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Suggest a value, which becomes a parameter."""
        value = super().suggest_categorical(  # type: ignore[misc]
            name, choices
        )
        self._set(name, value)
        return value

    def report(self, value: float, step: int) -> None:
        """Report an intermediate value, which becomes a point of type `report`."""
        super().report(value, step)  # type: ignore[misc]
        self.record.log("report", {"value": value}, step=step)
        self.last_reported_step = max(self.last_reported_step, step)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Set an attribute, which becomes a parameter."""
        super().set_user_attr(key, value)  # type: ignore[misc]
        self._set(key, value)

    def _set(self, name: str, value: object) -> None:
        record_settings(self.record, {name: value})


def track(
    objective: Callable[[Any], Any] | None = None, *, folder_path: str | None = None, **settings: Any
) -> Callable[..., Any]:
    """Make an objective record each of its trials while it runs.

    A trial that completes or is pruned ends Succeeded; one that raises ends Failed with the exception's type; an
    interrupt leaves it unfinished. The parameter `optuna` has the trial's number and Optuna's state.

    Args:
        objective: A function of an Optuna trial; absent if this is called with settings, as a decorator.
        folder_path: Where the study's folder is; by default at the top.
        **settings: More arguments of `aimd.create_trial`, such as `conflict_strategy`.

    Returns:
        The objective for `study.optimize`, or a decorator that makes one.
    """
    if objective is None:
        return lambda function: track(function, folder_path=folder_path, **settings)
    run = objective

    @wraps(run)
    def tracked(trial: Any) -> Any:
        if not isinstance(trial, optuna.trial.Trial):
            return _run_alone(run, trial, folder_path, settings)
        record = _make_record(trial.study, trial.number, folder_path, settings)
        before = {**trial.user_attrs, **trial.params}  # from `enqueue_trial` and `ask` with distributions
        if before:
            record_settings(record, before)
        recorded = TrackedTrial.of(trial, record)
        with _recording(record):
            try:
                result = run(recorded)
            except optuna.TrialPruned:
                _end(record, trial.number, trial.study, "PRUNED")
                raise
            except Exception:
                record.params.update(_identity(trial.study, trial.number, "FAIL"))
                raise
            values = result if isinstance(result, (list, tuple)) else [result]
            if _is_acceptable(values, trial.study):
                _end(record, trial.number, trial.study, "COMPLETE", values, recorded.last_reported_step)
            else:  # Optuna also calls this a failure, and continues
                record.params.update(_identity(trial.study, trial.number, "FAIL"))
                record.fail("the objective did not return a number")
        return result

    return tracked


def _run_alone(run: Callable[[Any], Any], trial: Any, folder_path: str | None, settings: dict[str, Any]) -> Any:
    """Run an objective with a trial that belongs to no study, such as a `FixedTrial`, and record that."""
    name = safe_name(f"{run.__name__}_{trial.number}", "objective")
    folder = {"folder_path": folder_path, "make_folder": True} if folder_path else {}
    record = create_trial(**{"trial_name": name, **folder, **settings})
    with _recording(record):
        recorded = TrackedTrial.of(trial, record)
        result = run(recorded)
        values = result if isinstance(result, (list, tuple)) else [result]
        names = ["value"] if len(values) == 1 else [f"value_{number}" for number in range(len(values))]
        numbers = {name: value for name, value in zip(names, values, strict=True) if is_number(value)}
        record.log("objective", numbers, step=recorded.last_reported_step)
    return result


@contextmanager
def _recording(record: Trial) -> Iterator[None]:
    """Record into a trial, which ends with this, and gets the artifacts that are uploaded meanwhile."""
    before = RECORDING.set(record)
    try:
        with record:
            yield
    finally:
        RECORDING.reset(before)


def _is_acceptable(values: Sequence[Any], study: Any) -> bool:
    numbers = [float(value) for value in values if is_number(value)]
    return len(values) == len(numbers) == len(study.directions) and not any(math.isnan(number) for number in numbers)


class AIMDCallback:
    """Records each trial of a study once it has ended, with parameters, reports and values; for `study.optimize`."""

    def __init__(self, folder_path: str | None = None, **settings: Any) -> None:
        """Record a study.

        Args:
            folder_path: Where the study's folder is; by default at the top.
            **settings: More arguments of `aimd.create_trial`, such as `conflict_strategy`.
        """
        self._folder_path = folder_path
        self._settings = settings

    def __call__(self, study: Any, trial: Any) -> None:
        """Record a trial.

        Args:
            study: The study.
            trial: Its `FrozenTrial`, ended.
        """
        record = _make_record(study, trial.number, self._folder_path, self._settings)
        record_settings(record, {**trial.user_attrs, **trial.params})
        ended_s = None if trial.datetime_complete is None else trial.datetime_complete.timestamp()
        for step, value in sorted(trial.intermediate_values.items()):
            record.log("report", {"value": value}, step=step, timestamp=ended_s)
        if trial.state == optuna.trial.TrialState.FAIL:
            record.params.update(_identity(study, trial.number, "FAIL"))
            record.fail()
        else:
            last = max(trial.intermediate_values, default=0)
            complete = trial.state == optuna.trial.TrialState.COMPLETE
            _end(record, trial.number, study, trial.state.name, trial.values if complete else (), last, ended_s)
        times = {"startTime": trial.datetime_start, "endTime": trial.datetime_complete}  # local, without an offset
        shown = {name: as_timestamp(time.timestamp()) for name, time in times.items() if time is not None}
        record._metadata.change(lambda metadata: {**metadata, **shown})


def _make_record(study: Any, number: int, folder_path: str | None, settings: dict[str, Any]) -> Trial:
    """Create the aimd trial for an Optuna trial."""
    # Optuna gives studies without a name a random one; a study's folder is created if missing
    folder = f"{folder_path.rstrip('/')}/{study.study_name}" if folder_path else study.study_name
    name = f"{study.study_name.replace('/', '_')}_{number}"
    given = {"trial_name": name, "folder_path": folder, "make_folder": True, **settings}
    return create_trial(trial_params=_identity(study, number, "RUNNING"), **given)


def _identity(study: Any, number: int, state: str) -> dict[str, object]:
    directions = [direction.name.lower() for direction in study.directions]
    return {"optuna": {"study": study.study_name, "trial": number, "state": state, "directions": directions}}


def _end(
    record: Trial,
    number: int,
    study: Any,
    state: str,
    values: Sequence[Any] = (),
    step: int = 0,
    time_s: float | None = None,
) -> None:
    """Record the outcome and the objective of a trial, and finish it."""
    names = study.metric_names or (["value"] if len(values) == 1 else [f"value_{n}" for n in range(len(values))])
    if values:
        record.log("objective", dict(zip(names, values, strict=True)), step=step, timestamp=time_s)
    record.params.update(_identity(study, number, state))
    record.finish()
