"""Ray Tune and Hydra: an experiment or a sweep is a folder, with a trial for each of its trials or jobs."""

from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import (
    Training,
    documented,
    recorded_trial,
    recorded_trials,
    require_framework,
    run_training,
)

TUNE = """
import os, pickle, ray
from ray import tune
from t9k.aimd.ray import AIMDCallback

def train(config):
    for step in range(2):
        tune.report({"loss": config["lr"] * step, "val": {"acc": 0.5}, "note": "text"})
    if config["lr"] == 2 and not os.path.exists(config["mark"]):
        open(config["mark"], "w").close()
        raise ZeroDivisionError("once")
    if config["lr"] == 3:
        raise ZeroDivisionError("planted")

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
callback = pickle.loads(pickle.dumps(AIMDCallback(folder_path="sweeps")))
tune.Tuner(
    train,
    param_space={"lr": tune.grid_search([1, 2, 3]), "mark": os.path.abspath("mark")},
    tune_config=tune.TuneConfig(max_concurrent_trials=1),
    run_config=tune.RunConfig(
        "grid",
        os.path.abspath("out"),
        verbose=0,
        callbacks=[callback],
        failure_config=tune.FailureConfig(max_failures=1),
    ),
).fit()
"""
RESTORED = """
import os, ray
from ray import tune
from t9k.aimd.ray import AIMDCallback

def train(config):
    for step in range(3):
        if step == 2 and not os.path.exists(config["mark"]):
            raise ZeroDivisionError("once")
        tune.report({"loss": step})

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
if os.path.exists("out/grid"):
    open("mark", "w").close()
    tuner = tune.Tuner.restore(os.path.abspath("out/grid"), train, resume_errored=True)
else:
    run = tune.RunConfig("grid", os.path.abspath("out"), verbose=0, callbacks=[AIMDCallback(folder_path="sweeps")])
    tuner = tune.Tuner(train, param_space={"mark": os.path.abspath("mark")}, run_config=run)
print(len(tuner.fit().errors))
"""
TRAIN = """
import os, ray
from ray.train import FailureConfig, RunConfig, ScalingConfig, get_context
from ray.train.torch import TorchTrainer
from t9k import aimd

here = os.getcwd()

def train(config):
    rank = get_context().get_world_rank()
    with aimd.create_trial(trial_name="digits", trial_params={"rate": config["rate"]}, dir=here) as trial:
        for step in range(1, 4):
            trial.log("train", {"loss": step + rank / 10}, step=step)
            ray.train.report({"loss": step})
        print(type(trial).__name__, trial.path)
        if config["fails"] and rank == 0:
            raise ZeroDivisionError("planted")

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
for fails in (False, True):
    run = RunConfig(f"run{fails}", f"{here}/out", failure_config=FailureConfig(max_failures=0))
    scaling = ScalingConfig(num_workers=2)
    config = {"rate": 0.1 + fails, "fails": fails}
    try:
        TorchTrainer(train, train_loop_config=config, scaling_config=scaling, run_config=run).fit()
    except Exception as error:
        print("failed", type(error).__name__)
"""
HYDRA = """
import sys
import hydra
from hydra.core.config_store import ConfigStore
from t9k.aimd.hydra import create_trial
ConfigStore.instance().store("config", {"lr": 0.1, "optimizer": {"name": "sgd", "decay": "${lr}"}})

@hydra.main(version_base=None, config_name="config")
def main(config):
    with create_trial(config, folder_path="sweeps") as trial:
        trial.log("train", {"loss": config.lr}, step=1)

main()
"""


@pytest.fixture
def train(prepared: Prepared) -> Training:
    return prepared("hydra")


@pytest.mark.soak
def test_each_trial_of_ray_tune_is_a_trial_in_the_experiments_folder(tmp_path: Path) -> None:
    """Ray takes more than half a minute of two cores."""
    require_framework("ray")
    run_training(
        TUNE + documented("Ray Tune"), tmp_path, RAY_USAGE_STATS_ENABLED="0", RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0"
    )
    everything = recorded_trials(tmp_path)
    shown = [trial for trial in everything if trial.upload["folder_path"] == "sweeps/digits"]
    assert sorted(trial.params["rate"] for trial in shown) == [1e-4, 1e-2]
    assert [trial.steps("val") for trial in shown] == [[1, 2, 3]] * 2
    trials = sorted((trial for trial in everything if trial not in shown), key=lambda trial: trial.params["lr"])
    assert [trial.status for trial in trials] == ["Succeeded", "Succeeded", "Failed"]
    assert {trial.upload["folder_path"] for trial in trials} == {"sweeps/grid"}
    for trial in trials:
        assert trial.name.startswith("train_")
        assert trial.types == {"train", "val"}
        assert set(trial.steps("val")) == {1, 2}
        assert trial.series("train", "loss")[:2] == [0, trial.params["lr"]]
    assert trials[1].steps("val") == [1, 2, 1, 2]  # it began anew
    assert (trials[1].path / "segments").exists()
    assert "ZeroDivisionError" in (trials[2].path / "metadata.yaml").read_text()


@pytest.mark.soak
def test_an_experiment_of_ray_tune_that_is_restored_goes_on_with_its_trials(tmp_path: Path) -> None:
    """Ray starts twice, which takes more than ten seconds of CPU."""
    require_framework("ray")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    for errors, status in ((1, "Failed"), (0, "Succeeded")):  # each in a process of its own
        assert run_training(RESTORED, tmp_path, **quiet).stdout.split()[-1] == str(errors)
        trial = recorded_trial(tmp_path)
        assert (trial.status, trial.upload["folder_path"]) == (status, "sweeps/grid")
    assert trial.steps("train") == [1, 2, 1, 2, 3]
    assert (trial.path / "segments").exists()


@pytest.mark.soak
def test_of_the_workers_of_ray_train_the_first_records_and_a_failure_says_why(tmp_path: Path) -> None:
    """Ray starts two sets of workers, each of which imports PyTorch: half a minute."""
    require_framework("ray", "torch")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    done = run_training(TRAIN, tmp_path, **quiet)
    assert done.stdout.split()[-2] == "failed"
    trials = recorded_trials(tmp_path)
    well, failed = sorted(trials, key=lambda trial: trial.params["rate"])
    for trial in (well, failed):
        assert trial.name == "digits"
        assert trial.steps("train") == [1, 2, 3]
        assert trial.series("train", "loss") == [1.0, 2.0, 3.0]
    assert (well.status, failed.status) == ("Succeeded", "Failed")
    assert "planted" in (failed.path / "metadata.yaml").read_text()


def test_a_job_of_hydra_is_a_trial_and_a_sweep_is_a_folder(tmp_path: Path, train: Training) -> None:
    (tmp_path / "digits.py").write_text(HYDRA)
    run = "import runpy, sys; sys.argv[0] = 'digits.py'; runpy.run_path('digits.py', run_name='__main__')"
    train(run, tmp_path, "hydra.job.chdir=true")
    train(run, tmp_path, "-m", "lr=1,2", "hydra.job.chdir=true", "hydra.sweep.dir=multirun/day/hour")
    single, *jobs = sorted(recorded_trials(tmp_path), key=lambda trial: trial.params["lr"])
    assert (single.name, single.upload["folder_path"]) == ("digits", "sweeps")
    assert single.params["optimizer"] == {"name": "sgd", "decay": 0.1}
    assert [job.name for job in jobs] == ["digits_0", "digits_1"]
    for number, job in enumerate(jobs):
        assert (job.status, job.upload["folder_path"]) == ("Succeeded", "sweeps/digits/day_hour")
        assert job.params["hydra"]["overrides"] == [f"lr={number + 1}"]
        assert job.params["hydra"]["number"] == number
        assert job.series("train", "loss") == [number + 1]
