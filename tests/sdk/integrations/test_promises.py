"""What every integration promises, tried with each framework: names, steps, epochs, endings, copies, ranks."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Point, Training, documented, recorded_trial, recorded_trials

START = """
import os, pickle
from t9k import aimd
from t9k.aimd.{name} import {recorder}
fails = False
def check():
    if fails:
        raise ZeroDivisionError("planted")
"""


class Framework(NamedTuple):
    """How a framework trains, and what has to be recorded.

    Attributes:
        recorder: The class of ours.
        code: Defines `train(recorder)`, which trains with it and calls `check` meanwhile.
        points: The points that are recorded, their values by name only.
        params: Some of the parameters.
    """

    recorder: str
    code: str
    points: list[tuple[str, int, int | None, set[str]]]
    params: dict[str, object]


FRAMEWORKS = {
    "stable_baselines3": Framework(
        "AIMDCallback",
        """
import stable_baselines3
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
class Check(BaseCallback):
    def _on_step(self):
        check()
        return True
def train(recorder):
    model = stable_baselines3.A2C("MlpPolicy", "CartPole-v1", n_steps=32, gamma=0.9, seed=0, device="cpu")
    model.learn(64, callback=CallbackList([recorder, Check()]), log_interval=1)
""",
        [
            ("time", 32, None, {"fps", "iterations", "time_elapsed", "total_timesteps"}),
            ("rollout", 32, None, {"ep_rew_mean", "ep_len_mean"}),
            ("train", 64, None, {"entropy_loss", "explained_variance", "learning_rate", "n_updates"}),
            ("time", 64, None, {"fps", "iterations"}),
            ("rollout", 64, None, {"ep_rew_mean", "ep_len_mean"}),
            ("train", 64, None, {"policy_loss", "value_loss"}),
        ],
        {"algorithm": "A2C", "gamma": 0.9, "n_steps": 32, "seed": 0},
    ),
    "ignite": Framework(
        "AIMDLogger",
        """
import torch
from ignite.engine import Engine, Events
from ignite.handlers import global_step_from_engine
def step(engine, batch):
    check()
    return 0.5
def train(recorder):
    trainer, evaluator = Engine(step), Engine(lambda engine, batch: setattr(engine.state, "metrics", {"acc": 0.25}))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    with recorder as logger:
        logger.attach_output_handler(trainer, Events.ITERATION_COMPLETED(every=2), tag="training",
            output_transform=lambda loss: {"loss": loss})
        logger.attach_output_handler(evaluator, Events.EPOCH_COMPLETED, tag="validation", metric_names="all",
            global_step_transform=global_step_from_engine(trainer, Events.ITERATION_COMPLETED))
        logger.attach_opt_params_handler(trainer, Events.EPOCH_STARTED, optimizer=optimizer)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda engine: evaluator.run([0]))
        trainer.run([0, 1], max_epochs=2)
""",
        [
            ("lr", 1, 1, {"group_0"}),
            ("train", 2, 1, {"loss"}),
            ("val", 2, 1, {"acc"}),
            ("lr", 2, 2, {"group_0"}),
            ("train", 4, 2, {"loss"}),
            ("val", 4, 1, {"acc"}),
        ],
        {},
    ),
    "skorch": Framework(
        "AIMDCallback",
        """
import numpy, skorch, torch
from skorch.callbacks import Callback
class Check(Callback):
    def on_batch_end(self, net, **_):
        check()
def train(recorder):
    layer = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(dim=-1))
    callbacks = [recorder, Check()]
    net = skorch.NeuralNetClassifier(layer, max_epochs=2, lr=0.1, batch_size=8, verbose=0, callbacks=callbacks)
    net.fit(numpy.ones((20, 3), dtype="float32"), numpy.arange(20) % 2)
""",
        [
            ("train", 2, 1, {"loss", "dur"}),
            ("val", 2, 1, {"loss", "acc"}),
            ("train", 4, 2, {"loss", "dur"}),
            ("val", 4, 2, {"loss", "acc"}),
        ],
        {"lr": 0.1, "max_epochs": 2, "batch_size": 8, "optimizer": "SGD"},
    ),
    "catboost": Framework(
        "AIMDCallback",
        """
import catboost, numpy
class Check:
    def after_iteration(self, info):
        check()
        return True
def train(recorder):
    recorder._params = recorder._params or {"depth": 2}
    x, y = numpy.arange(40.0).reshape(20, 2), numpy.arange(20) % 3 == 0
    model = catboost.CatBoostClassifier(iterations=4, eval_metric="AUC", thread_count=1, allow_writing_files=False)
    sets, callbacks = [(x[10:15], y[10:15]), (x[15:], y[15:])], [recorder, Check()]
    model.fit(x[:10], y[:10], eval_set=sets, callbacks=callbacks, metric_period=3, verbose=False)
""",
        [
            ("train", 1, None, {"Logloss"}),
            ("validation_0", 1, None, {"Logloss", "AUC"}),
            ("validation_1", 1, None, {"Logloss", "AUC"}),
            ("train", 4, None, {"Logloss"}),
            ("validation_0", 4, None, {"Logloss", "AUC"}),
            ("validation_1", 4, None, {"Logloss", "AUC"}),
        ],
        {"depth": 2},
    ),
    "fastai": Framework(
        "AIMDCallback",
        """
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import Learner
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.metrics import accuracy
class Check(Callback):
    def after_batch(self):
        check()
def train(recorder):
    data = [(torch.ones(3), torch.tensor(number % 2)) for number in range(40)]
    loaders = DataLoaders(DataLoader(data[:32], bs=8), DataLoader(data[32:], bs=8))
    loss = torch.nn.CrossEntropyLoss()
    learner = Learner(loaders, torch.nn.Linear(3, 2), loss_func=loss, metrics=accuracy, cbs=[recorder, Check()])
    with learner.no_bar(), learner.no_logging():
        learner.fit(2, 0.1)
        learner.validate()
""",
        [
            ("train", 4, 1, {"loss", "learning_rate"}),
            ("val", 4, 1, {"loss", "accuracy"}),
            ("train", 8, 2, {"loss", "learning_rate"}),
            ("val", 8, 2, {"loss", "accuracy"}),
        ],
        {"epochs": 2, "batch_size": 8, "model": "Linear", "optimizer": "Adam"},
    ),
}


@pytest.fixture(params=FRAMEWORKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def train(name: str, prepared: Prepared) -> Training:
    return prepared(name)


def script(name: str, code: str) -> str:
    framework = FRAMEWORKS[name]
    return START.format(name=name, recorder=framework.recorder) + framework.code + code


def assert_points(points: list[Point], name: str) -> None:
    expected = FRAMEWORKS[name].points
    assert [point[:3] for point in points] == [point[:3] for point in expected]
    for point, (_, _, _, names) in zip(points, expected, strict=True):
        assert names <= point.value.keys()


SECTIONS = {
    "stable_baselines3": "Stable-Baselines3",
    "ignite": "PyTorch Ignite",
    "skorch": "skorch",
    "catboost": "CatBoost",
    "fastai": "fastai",
}


def test_the_documented_script_records_a_trial(tmp_path: Path, name: str, train: Training) -> None:
    train(documented(SECTIONS[name]), tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.status == "Succeeded"
    assert trial.of("train")


def test_a_trial_of_its_own_has_everything_and_ends_well(tmp_path: Path, name: str, train: Training) -> None:
    train(script(name, f"train({FRAMEWORKS[name].recorder}('own', folder_path='f'))"), tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("own", "Succeeded", "f")
    assert_points(trial.points, name)
    assert FRAMEWORKS[name].params.items() <= trial.params.items()


def test_a_given_trial_stays_open_and_takes_several_trainings(tmp_path: Path, name: str, train: Training) -> None:
    code = f"""
trial = aimd.create_trial(trial_name="given")
for _ in range(2):
    train({FRAMEWORKS[name].recorder}(trial))
print(trial.status)
trial.finish()
"""
    assert train(script(name, code), tmp_path).stdout.splitlines()[-1] == "Running"
    points = recorded_trial(tmp_path).points
    assert_points(points[: len(points) // 2], name)
    assert_points(points[len(points) // 2 :], name)


def test_an_exception_fails_a_trial_of_its_own(tmp_path: Path, name: str, train: Training) -> None:
    done = train.attempt(script(name, f"fails = True\ntrain({FRAMEWORKS[name].recorder}('own'))"), tmp_path)
    assert done.returncode == 1
    assert "planted" in done.stderr
    assert recorded_trial(tmp_path).status == "Failed"


def test_a_copy_records_into_the_same_trial_and_other_ranks_record_nothing(
    tmp_path: Path, name: str, train: Training
) -> None:
    code = f"""
trial = aimd.create_trial(trial_name="given")
train(pickle.loads(pickle.dumps({FRAMEWORKS[name].recorder}(trial))))
trial.finish()
os.environ.update(OMPI_COMM_WORLD_RANK="1", OMPI_COMM_WORLD_SIZE="2")
train({FRAMEWORKS[name].recorder}("other"))
try:
    {FRAMEWORKS[name].recorder}().source
except Exception as error:
    print(type(error).__name__)
"""
    train(script(name, code), tmp_path)
    (trial,) = recorded_trials(tmp_path)
    assert_points(trial.points, name)
