import json
from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import WITHOUT_TENSORFLOW, Training, documented, recorded_trial, require_framework

MODEL = """
import keras
import numpy as np
from t9k import aimd
from t9k.aimd.keras import AIMDEvalCallback, AIMDFitCallback

random = np.random.default_rng(0)
images, labels = random.normal(size=(40, 6)).astype("float32"), np.arange(40) % 3
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
"""


@pytest.fixture(params=["torch", "jax"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def keras_on(backend: str, prepared: Prepared) -> Training:
    require_framework(backend)
    return prepared("keras", KERAS_BACKEND=backend)


@pytest.fixture
def train(backend: str, prepared: Prepared) -> Training:
    return keras_on(backend, prepared)


@pytest.fixture
def train_on_jax(prepared: Prepared) -> Training:
    return keras_on("jax", prepared)


def test_the_documented_script_records_train_val_and_test_on_each_backend(
    tmp_path: Path, backend: str, train: Training
) -> None:
    check = "\nassert keras.backend.backend() == '" + backend + "' and sys.modules['tensorflow'] is None\n"
    check += "assert 'torch' in sys.modules or 'jax' in sys.modules\n"
    if backend == "jax":
        check += "assert 'torch' not in sys.modules\n"
    train(WITHOUT_TENSORFLOW + documented("Keras") + check, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("digits_keras", "Succeeded", "digits")
    assert trial.types == {"train", "val", "test"}
    assert trial.steps("train") == trial.steps("val") == [12, 24, 36]  # 1,200 images in batches of 100
    assert trial.epochs("train") == trial.epochs("val") == [1, 2, 3]
    assert all(point.value.keys() == {"loss", "accuracy"} for point in trial.points)
    losses = trial.series("train", "loss")
    assert losses == sorted(losses, reverse=True)
    (test,) = trial.of("test")
    assert (test.step, test.epoch) == (36, None)
    assert test.value["accuracy"] > 0.6
    assert trial.params["optimizer"]["name"] == "adam"
    assert trial.params["optimizer"]["learning_rate"] == 0.01
    assert trial.params["lossType"] == "sparse_categorical_crossentropy"
    assert trial.params["metricTypes"] == ["accuracy"]


def test_points_are_what_keras_itself_reports(tmp_path: Path, backend: str, train: Training) -> None:
    code = f"""{WITHOUT_TENSORFLOW}{MODEL}
model.compile(
    optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")],
)
trial = aimd.create_trial(trial_name="t")
history = model.fit(
    images, labels, batch_size=10, epochs=4, initial_epoch=1, validation_split=0.25, validation_freq=2,
    callbacks=AIMDFitCallback(trial), verbose=0,
).history
result = model.evaluate(images, labels, callbacks=AIMDEvalCallback(trial), verbose=0, return_dict=True)
import json
history = {{name: [float(value) for value in values] for name, values in history.items()}}
print(json.dumps([history, {{name: float(value) for name, value in result.items()}}]))
"""
    done = train(code, tmp_path)
    history, result = json.loads(done.stdout.splitlines()[-1])
    trial = recorded_trial(tmp_path)
    for metric in ("loss", "accuracy", "top2"):
        assert trial.series("train", metric) == history[metric]
        assert trial.series("val", metric) == history[f"val_{metric}"]
        assert trial.series("test", metric) == [result[metric]]
    assert trial.epochs("train") == [2, 3, 4]
    assert trial.epochs("val") == [2, 4]
    assert trial.steps("val") == [3, 9]
    assert trial.params["metricTypes"] == ["accuracy", "top2"]
    assert trial.params["lossType"] == "sparse_categorical_crossentropy"
    assert trial.params["optimizer"]["learning_rate"]["config"]["initial_learning_rate"] == 0.5
    assert trial.status == "Running"  # a callback leaves the end to the script


def test_outside_of_epochs_every_batch_is_recorded(tmp_path: Path, backend: str, train: Training) -> None:
    code = f"""{MODEL}
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
trial = aimd.create_trial(trial_name="t")
callbacks = keras.callbacks.CallbackList([AIMDFitCallback(trial)], model=model)
callbacks.on_train_begin()
for batch in range(4):
    logs = model.train_on_batch(images[:10], labels[:10], return_dict=True)
    callbacks.on_train_batch_end(batch, logs)
callbacks.on_train_end()
trial.finish()
"""
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert [(point.metrics_type, point.step, point.epoch) for point in trial.points] == [
        ("train", step, None) for step in (1, 2, 3, 4)
    ]


def test_losses_of_several_outputs_are_named_each(tmp_path: Path, train_on_jax: Training) -> None:
    code = f"""{MODEL}
inputs = keras.Input((6,))
outputs = {{"a": keras.layers.Dense(1, name="a")(inputs), "b": keras.layers.Dense(1, name="b")(inputs)}}
model = keras.Model(inputs, outputs)
def my_loss(truth, guess):
    return keras.ops.mean(keras.ops.square(truth - guess))
model.compile(optimizer="adam", loss={{"a": "mse", "b": my_loss}})
with aimd.create_trial(trial_name="t") as trial:
    targets = {{"a": images[:, :1], "b": images[:, 1:2]}}
    model.fit(images, targets, callbacks=[AIMDFitCallback(trial)], verbose=0)
"""
    train_on_jax(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.params["lossType"] == {"a": "mse", "b": "my_loss"}
    (point,) = trial.points
    assert "loss" in point.value


def test_a_model_without_an_optimizer_is_evaluated_at_step_zero(tmp_path: Path, train_on_jax: Training) -> None:
    code = f"""{MODEL}
model.compile(optimizer=None, loss="sparse_categorical_crossentropy")
with aimd.create_trial(trial_name="t") as trial:
    model.evaluate(images, labels, callbacks=[AIMDEvalCallback(trial)], verbose=0)
"""
    train_on_jax(code, tmp_path)
    (point,) = recorded_trial(tmp_path).points
    assert (point.metrics_type, point.step) == ("test", 0)


def test_values_per_class_learning_rates_of_schedules_and_batches_are_recorded(
    tmp_path: Path, train_on_jax: Training
) -> None:
    code = f"""{WITHOUT_TENSORFLOW}{MODEL}
keras.optimizers.Adam(), keras.optimizers.Adam()  # so that the next one gets a number
schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [0.5, 0.25])
model.compile(
    optimizer=keras.optimizers.Adam(schedule),
    loss="categorical_crossentropy",
    metrics=[keras.metrics.F1Score(average=None, name="f1")],
)
trial = aimd.create_trial(trial_name="t")
targets = np.eye(3, dtype="float32")[labels]
model.fit(images, targets, batch_size=10, epochs=2, callbacks=AIMDFitCallback(trial, batches=2), verbose=0)
trial.finish()
"""
    train_on_jax(code, tmp_path)
    trial = recorded_trial(tmp_path)
    epochs = [point for point in trial.points if point.epoch is not None]
    assert all(point.value.keys() == {"loss", "f1_0", "f1_1", "f1_2", "learning_rate"} for point in epochs)
    assert trial.series("train", "learning_rate") == [0.5, 0.25]
    # Keras may call the callbacks of batches in threads, in any order
    assert sorted(point.step for point in trial.points if "batch_loss" in point.value) == [2, 4, 6, 8]
    assert trial.params["optimizer"]["name"] == "adam"


def test_metrics_of_several_outputs_have_the_names_that_keras_logs(tmp_path: Path, train_on_jax: Training) -> None:
    code = f"""{WITHOUT_TENSORFLOW}{MODEL}
inputs = keras.Input((6,))
model = keras.Model(inputs, {{name: keras.layers.Dense(1, name=name)(inputs) for name in ("a", "b")}})
model.compile("sgd", loss={{"a": "mse", "b": "mse"}}, metrics={{"a": ["mae"], "b": ["mae"]}})
trial = aimd.create_trial(trial_name="t")
targets = {{name: images[:, :1] for name in ("a", "b")}}
model.fit(images, targets, epochs=1, callbacks=AIMDFitCallback(trial), verbose=0)
trial.finish()
"""
    train_on_jax(code, tmp_path)
    assert recorded_trial(tmp_path).params["metricTypes"] == ["a_mae", "b_mae"]


def test_a_learning_rate_that_keras_logs_has_no_noise_of_single_precision(
    tmp_path: Path, train_on_jax: Training
) -> None:
    code = f"""{WITHOUT_TENSORFLOW}{MODEL}
model.compile("adam", "sparse_categorical_crossentropy")
trial = aimd.create_trial(trial_name="t")
slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 / (epoch + 1))
model.fit(images, labels, epochs=2, callbacks=[slower, AIMDFitCallback(trial)], verbose=0)
trial.finish()
"""
    train_on_jax(code, tmp_path)
    assert recorded_trial(tmp_path).series("train", "learning_rate") == [0.1, 0.05]
