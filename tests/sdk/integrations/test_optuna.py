from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import (
    Training,
    recorded_trial,
    recorded_trials,
)

STUDY = """
import math
import optuna
from t9k.aimd.optuna import AIMDCallback, TrackedTrial, track
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(study_name="s", sampler=optuna.samplers.RandomSampler(seed=0))
"""


@pytest.fixture
def train(prepared: Prepared) -> Training:
    return prepared("optuna")


def test_pruned_failed_and_worthless_trials_say_so_and_the_study_goes_on(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
@track
def objective(trial):
    assert isinstance(trial, TrackedTrial) and isinstance(trial, optuna.Trial)
    layers = trial.suggest_int("layers", 1, 4)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    trial.report(0.5, step=7)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise ZeroDivisionError("planted")
    return {{3: None, 4: math.nan}}.get(trial.number, layers)

study.optimize(objective, n_trials=6, catch=ZeroDivisionError)
print([trial.state.name for trial in study.trials])
"""
    done = train(code, tmp_path)
    assert done.stdout.strip() == "['COMPLETE', 'PRUNED', 'FAIL', 'FAIL', 'FAIL', 'COMPLETE']"
    trials = recorded_trials(tmp_path)
    assert [trial.params["optuna"]["state"] for trial in trials] == eval(done.stdout)
    statuses = ["Succeeded", "Succeeded", "Failed", "Failed", "Failed", "Succeeded"]
    assert [trial.status for trial in trials] == statuses
    assert [len(trial.of("objective")) for trial in trials] == [1, 0, 0, 0, 0, 1]
    assert all(trial.series("report", "value") == [0.5] and trial.steps("report") == [7] for trial in trials)
    assert all(trial.params["kind"] in ("a", "b") for trial in trials)
    assert trials[0].upload["folder_path"] == "s"
    ending = yaml.safe_load((trials[2].path / "metadata.yaml").read_text())["_exit"]
    assert ending["exception"] == "ZeroDivisionError"


def test_recording_does_not_change_what_a_study_finds(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
def objective(trial):
    return (trial.suggest_float("x", -5, 5) - 2) ** 2 + trial.suggest_int("n", 0, 3)
def values(function):
    study = optuna.create_study(study_name="s", sampler=optuna.samplers.TPESampler(seed=3, n_startup_trials=3))
    study.optimize(function, n_trials=8)
    return [trial.value for trial in study.trials]
assert values(objective) == values(track(objective))
"""
    train(code, tmp_path)
    assert len(recorded_trials(tmp_path)) == 8


def test_an_interrupt_leaves_the_trial_unfinished(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
@track
def objective(trial):
    trial.report(1.0, step=1)
    raise KeyboardInterrupt
study.optimize(objective, n_trials=1)
"""
    done = train.attempt(code, tmp_path)
    assert done.returncode != 0
    trial = recorded_trial(tmp_path)
    assert trial.status == "Running"
    assert trial.series("report", "value") == [1.0]


def test_the_study_callback_records_trials_when_they_have_ended(tmp_path: Path, train: Training) -> None:
    code = """
    import warnings
    import optuna
    from t9k.aimd.optuna import AIMDCallback
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    study = optuna.create_study(study_name="a/b", directions=["minimize", "maximize"])
    study.set_metric_names(["loss", "accuracy"])
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("host", "here")
        if trial.number == 1:
            raise ZeroDivisionError
        return x, 1 - x
    study.optimize(objective, n_trials=2, catch=ZeroDivisionError, callbacks=[AIMDCallback(folder_path="f/")])
    """
    train(code, tmp_path)
    good, bad = recorded_trials(tmp_path)
    assert (good.name, good.upload["folder_path"]) == ("a_b_0", "f/a/b")
    assert (good.status, bad.status) == ("Succeeded", "Failed")
    (point,) = good.of("objective")
    assert point.value["loss"] == good.params["x"]
    assert point.value["accuracy"] == 1 - good.params["x"]
    assert good.params["host"] == "here"
    assert good.params["optuna"]["directions"] == ["minimize", "maximize"]
    assert bad.params["optuna"]["state"] == "FAIL"
    assert bad.points == []


def test_an_objective_runs_alone_and_user_attributes_become_parameters(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
@track(folder_path="again")
def objective(trial):
    assert isinstance(trial, TrackedTrial)
    trial.set_user_attr("note", "why")
    x = trial.suggest_float("x", 0, 1)
    trial.report(x, 2)
    return x
study.optimize(objective, n_trials=1)
print(objective(optuna.trial.FixedTrial({{"x": 0.25}}, number=7)), objective(study.best_trial) == study.best_value)
"""
    assert train(code, tmp_path).stdout == "0.25 True\n"
    again, alone, first = recorded_trials(tmp_path)
    assert (again.name, alone.name, first.name) == ("objective_0", "objective_7", "s_0")
    assert alone.params == {"note": "why", "x": 0.25}
    assert (alone.status, alone.upload["folder_path"]) == ("Succeeded", "again")
    assert [tuple(point) for point in alone.of("objective")] == [("objective", 2, None, {"value": 0.25})]
    assert first.params["note"] == "why"
    assert again.params["x"] == first.params["x"]


def test_what_a_trial_had_before_its_objective_is_recorded_too(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
objective = track(lambda trial: trial.params["x"])
study.enqueue_trial({{"x": 0.5}}, user_attrs={{"note": "why"}})
trial = study.ask({{"x": optuna.distributions.FloatDistribution(0, 1)}})
study.tell(trial, objective(trial))
"""
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.params["x"], trial.params["note"]) == (0.5, "why")
    assert trial.series("objective", "value") == [0.5]


def test_trials_recorded_afterwards_have_their_own_times(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
from datetime import datetime, timedelta
start = datetime(2026, 1, 2, 3, 4, 5)
trial = optuna.trial.create_trial(params={{}}, value=1.0)
trial.datetime_start, trial.datetime_complete = start, start + timedelta(hours=1)
study.add_trial(trial)
AIMDCallback()(study, study.trials[0])
print(start.timestamp())
"""
    started_s = float(train(code, tmp_path).stdout)
    trial = recorded_trial(tmp_path)
    metadata = yaml.safe_load((trial.path / "metadata.yaml").read_text())
    times = [datetime.fromisoformat(metadata[name]).timestamp() for name in ("startTime", "endTime")]
    assert times == [started_s, started_s + 3600]


def test_artifacts_of_a_study_are_files_of_its_trials(tmp_path: Path, train: Training) -> None:
    code = f"""{STUDY}
import io
from pathlib import Path
from optuna.artifacts import Backoff, download_artifact, get_all_artifact_meta, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound
from t9k.aimd.optuna import AIMDArtifactStore
store = AIMDArtifactStore("files", folder_path="s")
@track
def objective(trial):
    path = Path(str(trial.number), "model.txt")
    path.parent.mkdir()
    path.write_text(f"model {{trial.number}}")
    upload_artifact(artifact_store=Backoff(store), file_path=str(path), study_or_trial=trial)
    return trial.suggest_float("x", 0, 1)
study.optimize(objective, n_trials=4, n_jobs=2)
Path("report").write_text("of the study")
upload_artifact(artifact_store=store, file_path="report", study_or_trial=study)
for holder in (*study.trials, study):
    (meta,) = get_all_artifact_meta(holder, storage=study._storage)
    path = f"{{getattr(holder, 'number', 'study')}}-{{meta.filename}}"
    download_artifact(artifact_store=store, artifact_id=meta.artifact_id, file_path=path)
    print(meta.artifact_id)
store.write("stream", io.BytesIO(b"bytes"))
print(store.open_reader("stream").read())
store.remove("stream")
for refused in (
    lambda: store.open_reader("stream"),
    lambda: store.open_reader("../../metrics"),
    lambda: store.remove("*"),
    lambda: store.write("../../x", io.BytesIO(b"bytes")),
    lambda: AIMDArtifactStore().write("x", io.BytesIO(b"")),
):
    try:
        refused()
    except Exception as error:
        print(type(error).__name__)
"""
    lines = train(code, tmp_path).stdout.splitlines()
    ids = lines[:5]
    assert lines[5:] == ["b'bytes'", *["ArtifactNotFound"] * 3, "ValueError", "UsageError"]
    assert [(tmp_path / f"{number}-model.txt").read_text() for number in range(4)] == [f"model {n}" for n in range(4)]
    assert (tmp_path / "study-report").read_text() == "of the study"
    own, *trials = recorded_trials(tmp_path)
    assert (own.name, own.status, own.upload["folder_path"]) == ("files", "Succeeded", "s")
    for number, trial in enumerate(trials):
        kept = trial.path / "files" / "optuna" / ids[number] / "model.txt"
        assert kept.read_text() == f"model {number}"
        assert list((trial.path / "files").rglob("*.*")) == [kept]
    again = f"""
from t9k.aimd.optuna import AIMDArtifactStore
print(AIMDArtifactStore(dir={str(tmp_path)!r}).open_reader({ids[2]!r}).read())
"""
    (tmp_path / "elsewhere").mkdir()
    assert train(again, tmp_path / "elsewhere").stdout == "b'model 2'\n"
