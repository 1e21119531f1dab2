from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Training, recorded_trial, recorded_trials, require_framework
from tests.support.parts import require_part

DATA = """
import warnings
warnings.simplefilter("ignore")  # a fit of few iterations has not converged
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from t9k import aimd
from t9k.aimd.sklearn import AIMDCallback
random = np.random.default_rng(0)
x = random.normal(size=(120, 4))
y = np.where(x[:, 0] + 0.3 * random.normal(size=120) > 0, "yes", "no")
"""


@pytest.fixture
def train(prepared: Prepared) -> Training:
    require_framework("sklearn")
    import sklearn

    release = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
    require_part("scikit-learn 1.9 (callbacks)", release >= (1, 9))
    return prepared("sklearn")


def test_the_last_point_is_the_score_of_the_fitted_estimator(tmp_path: Path, train: Training) -> None:
    code = f"""{DATA}
with aimd.create_trial(trial_name="iterations") as trial:
    callback = AIMDCallback(trial, scoring=["accuracy", "neg_log_loss"], validation=(x[80:], y[80:]))
    model = LogisticRegression().set_callbacks(callback).fit(x[:80], y[:80])
    print(model.score(x[80:], y[80:]))
with aimd.create_trial(trial_name="whole") as trial:
    callback = AIMDCallback(trial, validation=(x[80:], y[80:]))
    LogisticRegression(solver="newton-cholesky").set_callbacks(callback).fit(x[:80], y[:80])
"""
    done = train(code, tmp_path)
    iterations, whole = recorded_trials(tmp_path)
    assert iterations.series("val", "accuracy")[-1] == float(done.stdout)
    assert len(iterations.series("val", "neg_log_loss")) > 2
    # a solver without iterations to look into is one step
    assert [(point.metrics_type, point.step) for point in whole.points] == [("train", 1), ("val", 1)]
    assert whole.series("val", "score")[0] > 0.7


def test_in_a_pipeline_the_last_step_is_recorded(tmp_path: Path, train: Training) -> None:
    code = f"""{DATA}
with aimd.create_trial(trial_name="t") as trial:
    scaler = StandardScaler().set_callbacks(AIMDCallback(trial))
    last = LogisticRegression(max_iter=3).set_callbacks(AIMDCallback(trial))
    make_pipeline(scaler, last).fit(x, y)
"""
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.types == {"train"}
    assert trial.steps("train") == [1, 2, 3]
    assert trial.params["estimator"] == "LogisticRegression"


def test_each_candidate_of_a_search_is_a_step_also_with_several_processes(tmp_path: Path, train: Training) -> None:
    code = f"""{DATA}
with aimd.create_trial(trial_name="t") as trial:
    model = LogisticRegression(max_iter=3).set_callbacks(AIMDCallback(trial))
    search = GridSearchCV(model, {{"C": [0.01, 1.0, 100.0]}}, cv=2, n_jobs=2, return_train_score=True)
    search.set_callbacks(AIMDCallback(trial)).fit(x, y)
print([float(score) for score in search.cv_results_["mean_test_score"]])
"""
    done = train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert [trial.series("val", "score")] == [eval(done.stdout)]
    assert trial.steps("val") == [1, 2, 3]
    assert all(point.value.keys() == {"score", "score_std"} for point in trial.of("val"))
    # of the fits inside, only the last one, with the best parameters, is on the path that steps count along
    assert [point.step for point in trial.of("train") if "score_std" not in point.value] == [1, 2, 3]
    assert trial.params["candidates"] == [{"C": 0.01}, {"C": 1.0}, {"C": 100.0}]
    assert trial.params["best_params"]["C"] in (0.01, 1.0, 100.0)
