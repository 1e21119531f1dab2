"""What each integration adds to a logged step beyond `log`. Repeat with: `python -m benchmarks.integrations`.

A step is a call of the framework's hook, mostly with five values. What it logs is noted once, and then logged without
the hook, in turns of 200 steps in this process; the difference of the medians is what the hook costs. Frameworks that
are not installed are left out; Hydra has no steps. Also: the CPU time of importing the W&B drop-in relative to that of
the SDK.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from benchmarks.imports import cpu_s
from benchmarks.log_call import empty_directory
from benchmarks.measurement import Measurement, table
from t9k import aimd

ROUNDS, STEPS = 10, 200
TARGET_US, TARGET_IMPORT = 30.0, 2.0
IMPORT_ROUNDS = 21
VALUES = {"loss": 0.25, "accuracy": 0.5, "grad_norm": 1.5, "learning_rate": 0.001, "epoch_time": 3.5}
Step = Callable[[int], None]


def tensorboard(trial: aimd.Trial) -> Step:
    """Return a step of the drop-in writer: a scalar, also in the event file."""
    from t9k.aimd.tensorboard import SummaryWriter

    writer = SummaryWriter("runs/bench", trial=trial)

    return lambda number: writer.add_scalar("train/loss", 0.25, number)


def patched_tensorboard(trial: aimd.Trial) -> Step:
    """Return a step of a writer that `patch_tensorboard` records, and that does nothing by itself."""
    from t9k.aimd import tensorboard_patch

    class FileWriter:
        def add_summary(self, *arguments: Any) -> None: ...

    class Writer:
        def __init__(self) -> None:
            self.file_writer = FileWriter()

        def __exit__(self, *arguments: object) -> None: ...

        def close(self) -> None: ...

        def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...

    module: Any = SimpleNamespace(SummaryWriter=Writer, FileWriter=FileWriter)
    aimd.patch_tensorboard(trial)
    tensorboard_patch._patch(module)
    writer = Writer()
    return lambda number: writer.add_scalar("train/loss", 0.25, number)


def wandb(trial: aimd.Trial) -> Step:
    """Return a step of the W&B drop-in."""
    import t9k.aimd.wandb as ours

    run = ours.init(name="bench", mode="offline")
    run.trial.finish()
    run.trial = trial
    return lambda number: run.log({f"train/{name}": value for name, value in VALUES.items()}, step=number)


def lightning(trial: aimd.Trial) -> Step:
    """Return a step of Lightning's logger."""
    from t9k.aimd.lightning import AIMDLogger

    logger = AIMDLogger(trial)
    named = {f"train_{name}": value for name, value in VALUES.items()}
    return lambda number: logger.log_metrics({**named, "epoch": 0}, step=number)


def transformers(trial: aimd.Trial) -> Step:
    """Return a step of the callback of Transformers."""
    from t9k.aimd.transformers import AIMDCallback

    callback = AIMDCallback(trial)
    state = SimpleNamespace(is_world_process_zero=True, global_step=0, epoch=0.5)

    def step(number: int) -> None:
        state.global_step = number
        callback.on_log(None, state, None, logs={**VALUES, "epoch": 0.5})

    return step


def accelerate(trial: aimd.Trial) -> Step:
    """Return a step of Accelerate's tracker."""
    from t9k.aimd.accelerate import AIMDTracker

    tracker = AIMDTracker(trial)
    return lambda number: tracker.log(VALUES, step=number)


def stable_baselines3(trial: aimd.Trial) -> Step:
    """Return a step of the output format of Stable-Baselines3."""
    from t9k.aimd.stable_baselines3 import AIMDOutputFormat

    output = AIMDOutputFormat(trial)
    named = {f"train/{name}": value for name, value in VALUES.items()}
    return lambda number: output.write(named, dict.fromkeys(named), number)


def lightgbm(trial: aimd.Trial) -> Step:
    """Return a round of LightGBM."""
    from t9k.aimd.lightgbm import AIMDCallback

    callback = AIMDCallback(trial)
    results = [("train", name, value, False) for name, value in VALUES.items()]

    def step(number: int) -> None:
        callback(SimpleNamespace(iteration=number, begin_iteration=-1, params={}, evaluation_result_list=results))

    return step


def catboost(trial: aimd.Trial) -> Step:
    """Return a round of CatBoost."""
    from t9k.aimd.catboost import AIMDCallback

    callback = AIMDCallback(trial)
    series: dict[str, list[float]] = {name: [] for name in VALUES}

    def step(number: int) -> None:
        for name, value in VALUES.items():
            series[name].append(value)
        callback.after_iteration(SimpleNamespace(iteration=number + 2, metrics={"learn": series}))

    return step


def xgboost(trial: aimd.Trial) -> Step:
    """Return a round of XGBoost."""
    from t9k.aimd.xgboost import AIMDCallback

    callback = AIMDCallback(trial)
    series: dict[str, list[float]] = {name: [] for name in VALUES}

    def step(number: int) -> None:
        for name, value in VALUES.items():
            series[name].append(value)
        callback.after_iteration(None, number, {"train": series})

    return step


def ray(trial: aimd.Trial) -> Step:
    """Return a result of Ray Tune."""
    from t9k.aimd.ray import AIMDCallback
    from t9k.aimd.trial_source import TrialSource

    callback, tuned = AIMDCallback(), SimpleNamespace(trial_id="a")
    callback._sources["a"] = TrialSource("bench", trial, {})

    def step(number: int) -> None:
        callback.on_trial_result(0, [], tuned, {**VALUES, "training_iteration": number, "config": {}})

    return step


def ultralytics(trial: aimd.Trial) -> Step:
    """Return an epoch of Ultralytics."""
    from t9k.aimd.trial_source import TrialSource
    from t9k.aimd.ultralytics import _Recorder

    recorder = _Recorder(TrialSource("bench", trial, {}))
    trainer: Any = SimpleNamespace(lr={}, tloss=None, train_loader=[0], epoch=0)
    trainer.label_loss_items = lambda losses, prefix: {f"{prefix}/{name}": value for name, value in VALUES.items()}

    def step(number: int) -> None:
        trainer.epoch = number
        recorder.record_training(trainer)

    return step


def keras(trial: aimd.Trial) -> Step:
    """Return a batch of a training loop of one's own in Keras, which counts the optimizer's updates."""
    import keras

    from t9k.aimd.keras import AIMDFitCallback

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    callback = AIMDFitCallback(trial)
    callback.set_model(model)
    return lambda number: callback.on_train_batch_end(number, VALUES)


def optuna(trial: aimd.Trial) -> Step:
    """Return an intermediate value of a trial of Optuna that has no storage."""
    from optuna.trial import FixedTrial

    from t9k.aimd.optuna import TrackedTrial

    tracked: Any = TrackedTrial.of(FixedTrial({}), trial)
    return lambda number: tracked.report(0.25, number)


def ignite(trial: aimd.Trial) -> Step:
    """Return an iteration of Ignite."""
    from ignite.engine import Engine, Events

    from t9k.aimd.ignite import AIMDLogger, OutputHandler

    engine, logger = Engine(lambda engine, batch: 0.5), AIMDLogger(trial)
    handler = OutputHandler(
        "training",
        output_transform=lambda output: VALUES,
        global_step_transform=lambda engine, event: engine.state.iteration,
    )

    def step(number: int) -> None:
        engine.state.iteration, engine.state.output, engine.state.epoch = number, 0.5, 1
        handler(engine, logger, Events.ITERATION_COMPLETED)

    return step


def skorch(trial: aimd.Trial) -> Step:
    """Return an epoch of skorch, with what skorch takes to note it; there are thousands."""
    from skorch.history import History

    from t9k.aimd.skorch import AIMDCallback

    net: Any = SimpleNamespace(history=History(), get_params=lambda deep: {})
    callback = AIMDCallback(trial)
    callback.on_train_begin(net)

    def step(number: int) -> None:
        net.history.new_epoch()
        net.history.record("epoch", number + 1)
        net.history.record("train_batch_count", 10)
        for name, value in VALUES.items():
            net.history.record(name, value)
        callback.on_epoch_end(net)

    return step


def sklearn(trial: aimd.Trial) -> Step:
    """Return an iteration of scikit-learn whose score takes no time."""
    from t9k.aimd.sklearn import AIMDCallback

    callback: Any = AIMDCallback(trial, scoring="accuracy")
    callback._scorer = lambda fitted, data, targets: 0.5
    fit = SimpleNamespace(parent=None, sequential_subtasks=True)
    context = SimpleNamespace(parent=fit, max_subtasks=0, source_task_name=None)
    return lambda number: callback.on_fit_task_end(None, context, X=0, y=0, fitted_estimator=0)


def fastai(trial: aimd.Trial) -> Step:
    """Return an epoch of fastai."""
    from t9k.aimd.fastai import AIMDCallback

    callback: Any = AIMDCallback(trial)
    recorder = SimpleNamespace(metric_names=["epoch", *VALUES, "time"], log=[0, *VALUES.values(), 0.0])
    learner = SimpleNamespace(recorder=recorder, opt=SimpleNamespace(hypers=[{"lr": 0.1}]), train_iter=0, epoch=0)
    callback.learn, callback._trains = learner, True

    def step(number: int) -> None:
        learner.train_iter = number
        callback.after_epoch()

    return step


INTEGRATIONS: dict[str, tuple[str | None, Callable[[aimd.Trial], Step]]] = {
    "TensorBoard drop-in, one scalar": (None, tensorboard),
    "TensorBoard's writers, patched, one scalar": (None, patched_tensorboard),
    "W&B drop-in": (None, wandb),
    "Lightning's logger": ("lightning", lightning),
    "Transformers": ("transformers", transformers),
    "Accelerate": ("accelerate", accelerate),
    "Stable-Baselines3": ("stable_baselines3", stable_baselines3),
    "Keras, a batch": ("keras", keras),
    "Optuna": ("optuna", optuna),
    "Ignite": ("ignite", ignite),
    "skorch": ("skorch", skorch),
    "scikit-learn": ("sklearn", sklearn),
    "fastai": ("fastai", fastai),
    "XGBoost": ("xgboost", xgboost),
    "LightGBM": (None, lightgbm),
    "CatBoost": (None, catboost),
    "Ray Tune": ("ray", ray),
    "Ultralytics": (None, ultralytics),
}


class Noted:
    """Notes what a trial is given, and passes it on."""

    def __init__(self, trial: aimd.Trial) -> None:
        self._log = trial.log
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def log(self, *arguments: Any, **settings: Any) -> None:
        self.calls.append((arguments, settings))
        self._log(*arguments, **settings)


def added_us(make: Callable[[aimd.Trial], Step]) -> float:
    """Return how many microseconds a step takes beyond what it logs."""
    trial = aimd.create_trial(trial_name="bench", capture_output=False, capture_system=False, capture_git=False)
    step = make(trial)
    step(0)
    noted = Noted(trial)
    trial.log = noted.log  # type: ignore[method-assign]
    step(1)
    del trial.log
    clock = time.perf_counter_ns
    hooks_ns: list[int] = []
    logs_ns: list[int] = []
    number = 2
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            start = clock()
            step(number)
            hooks_ns.append(clock() - start)
            number += 1
        for _ in range(STEPS):
            start = clock()
            for arguments, settings in noted.calls:
                trial.log(*arguments, **settings)
            logs_ns.append(clock() - start)
    trial.finish()
    return (statistics.median(hooks_ns) - statistics.median(logs_ns)) / 1000


def run() -> list[Measurement]:
    """Measure the integrations whose frameworks are installed, and the import of the W&B drop-in."""
    measurements = []
    with empty_directory(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (package, make) in INTEGRATIONS.items():
            if package is None or find_spec(package) is not None:
                floor = f"its {'' if package else 'own '}calls of log"
                measurements.append(Measurement(f"{name}: added to a step", added_us(make), "us", TARGET_US, floor))
    taken: dict[str, list[float]] = {"t9k.aimd.wandb": [], "t9k.aimd": []}
    for _ in range(IMPORT_ROUNDS):
        for module, seconds in taken.items():
            seconds.append(cpu_s(f"import {module}"))
    ours, sdk = (statistics.median(seconds) for seconds in taken.values())
    floor = f"import t9k.aimd ({1000 * sdk:.1f} ms; this {1000 * ours:.1f} ms)"
    return [*measurements, Measurement("import t9k.aimd.wandb, CPU", ours / sdk, "x", TARGET_IMPORT, floor)]


if __name__ == "__main__":
    print(table(run()))
