"""XGBoost and LightGBM: each data set a type, each round a step."""

import json
from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Training, recorded_trial, recorded_trials

XGBOOST = """
import json
import numpy as np
import xgboost
from t9k import aimd
from t9k.aimd.xgboost import AIMDCallback
random = np.random.default_rng(0)
x = random.normal(size=(80, 4))
y = (x[:, 0] + random.normal(size=80) > 0).astype(int)
settings = {"objective": "binary:logistic", "eta": 0.1, "max_depth": 2, "nthread": 1, "eval_metric": "logloss"}
train, held_out = xgboost.DMatrix(x[:60], y[:60]), xgboost.DMatrix(x[60:], y[60:])
trial = aimd.create_trial(trial_name="t")
"""
LIGHTGBM = """
import json
import lightgbm
import numpy as np
from t9k import aimd
from t9k.aimd.lightgbm import AIMDCallback
random = np.random.default_rng(0)
x = random.normal(size=(200, 4))
y = (x[:, 0] + random.normal(size=200) > 0).astype(int)
settings = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbose": -1, "metric": "binary_logloss"}
train = lightgbm.Dataset(x[:150], y[:150], free_raw_data=False)
held_out = lightgbm.Dataset(x[150:], y[150:], reference=train)
trial = aimd.create_trial(trial_name="t")
"""


@pytest.fixture
def train_xgboost(prepared: Prepared) -> Training:
    return prepared("xgboost")


@pytest.fixture
def train_lightgbm(prepared: Prepared) -> Training:
    return prepared("lightgbm")


def test_no_round_of_xgboost_is_lost_when_another_callback_stops_the_training(
    tmp_path: Path, train_xgboost: Training
) -> None:
    code = f"""{XGBOOST}
results = {{}}
stop = xgboost.callback.EarlyStopping(rounds=2)
booster = xgboost.train(
    settings, train, 200, evals=[(train, "train"), (held_out, "eval")], evals_result=results,
    callbacks=[stop, AIMDCallback(trial)], verbose_eval=False,
)
rounds = booster.num_boosted_rounds()
more = {{}}
xgboost.train(
    settings, train, 2, evals=[(train, "train")], evals_result=more, xgb_model=booster,
    callbacks=[AIMDCallback(trial)], verbose_eval=False,
)
print(json.dumps([rounds, results, more]))
"""
    done = train_xgboost(code, tmp_path)
    rounds, results, more = json.loads(done.stdout)
    trial = recorded_trial(tmp_path)
    assert rounds < 200
    assert trial.series("val", "logloss") == results["eval"]["logloss"]
    assert trial.series("train", "logloss") == results["train"]["logloss"] + more["train"]["logloss"]
    assert trial.steps("val") == list(range(1, rounds + 1))
    assert trial.steps("train") == list(range(1, rounds + 3))  # a training that goes on counts on


def test_xgboost_estimators_and_cross_validation_are_recorded(tmp_path: Path, train_xgboost: Training) -> None:
    code = f"""{XGBOOST}
callback = AIMDCallback(trial, types={{"validation_0": "train", "validation_1": "val"}})
model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[callback])
model.fit(x[:60], y[:60], eval_set=[(x[:60], y[:60]), (x[60:], y[60:])], verbose=False)
crossed = aimd.create_trial(trial_name="crossed")
xgboost.cv(settings, train, 3, nfold=3, callbacks=[AIMDCallback(crossed)], as_pandas=False)
crossed.finish()
print(json.dumps(model.evals_result()))
"""
    done = train_xgboost(code, tmp_path)
    results = json.loads(done.stdout)
    crossed, trial = recorded_trials(tmp_path)
    assert trial.series("train", "logloss") == results["validation_0"]["logloss"]
    assert trial.series("val", "logloss") == results["validation_1"]["logloss"]
    assert crossed.types == {"train", "val"}  # the held-out folds
    assert all(point.value.keys() == {"logloss", "logloss_std"} for point in crossed.points)
    assert crossed.steps("val") == [1, 2, 3]


def test_settings_of_xgboost_that_are_not_its_defaults_are_parameters(tmp_path: Path, train_xgboost: Training) -> None:
    code = f"""{XGBOOST}
own = {{"objective": "multi:softprob", "num_class": 2, "seed": 7, "tree_method": "hist", "booster": "dart"}}
more = {{"rate_drop": 0.1, "gamma": 1.5, "num_parallel_tree": 2, "grow_policy": "lossguide"}}
xgboost.train({{**own, **more}}, train, 1, callbacks=[AIMDCallback(trial)])
linear = aimd.create_trial(trial_name="linear")
xgboost.train({{"booster": "gblinear", "eta": 0.25}}, train, 1, callbacks=[AIMDCallback(linear)])
"""
    train_xgboost(code, tmp_path)
    linear, trial = recorded_trials(tmp_path)
    assert linear.params == {"objective": "reg:squarederror", "booster": "gblinear"}
    expected = {"num_class": 2, "seed": 7, "tree_method": "hist", "booster": "dart", "rate_drop": 0.1}
    expected |= {"min_split_loss": 1.5, "num_parallel_tree": 2, "grow_policy": "lossguide", "max_depth": 6}
    assert expected.items() <= trial.params.items()
    assert not {"skip_drop", "nthread", "colsample_bynode"} & trial.params.keys()


def test_lightgbm_records_the_round_that_early_stopping_ends_in(tmp_path: Path, train_lightgbm: Training) -> None:
    code = f"""{LIGHTGBM}
results = {{}}
callbacks = [lightgbm.early_stopping(2, verbose=False), lightgbm.record_evaluation(results), AIMDCallback(trial)]
lightgbm.train(settings, train, 200, valid_sets=[held_out], callbacks=callbacks)
print(json.dumps(results))
"""
    done = train_lightgbm(code, tmp_path)
    results = json.loads(done.stdout)
    trial = recorded_trial(tmp_path)
    losses = results["valid_0"]["binary_logloss"]
    assert len(losses) < 200
    assert trial.series("val", "binary_logloss") == losses  # a lone validation set needs no name
    assert trial.steps("val") == list(range(1, len(losses) + 1))


def test_lightgbm_estimators_and_cross_validation_are_recorded(tmp_path: Path, train_lightgbm: Training) -> None:
    code = f"""{LIGHTGBM}
model = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1)
x_train, y_train = x[:100], y[:100]
sets = [(x_train, y_train), (x[100:150], y[100:150]), (x[150:], y[150:])]
model.fit(x_train, y_train, eval_set=sets, callbacks=[AIMDCallback(trial, types={{"valid_2": "test"}})])
lightgbm.cv(settings, train, 2, nfold=2, callbacks=[AIMDCallback(trial, types={{"valid": "folds"}})])
"""
    train_lightgbm(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.types == {"train", "valid_1", "test", "folds"}
    assert trial.steps("test") == [1, 2, 3]
    assert all(point.value.keys() == {"binary_logloss", "binary_logloss_std"} for point in trial.of("folds"))
    assert trial.params["n_estimators" if "n_estimators" in trial.params else "num_iterations"] in (2, 3)
