"""A job that SLURM has requeued goes on with its trial, from the step that it logs first."""

import json
from pathlib import Path

import pytest

from aimd_core.reading.documents import Trial, find_trials
from t9k import aimd
from tests.support.scripts import run_script

TRAIN = """
import os, signal
from t9k import aimd
trial = aimd.create_trial(trial_name="t", trial_params={{"lr": {rate}}})
print("restart", os.environ["SLURM_RESTART_COUNT"], flush=True)
for step in range({start}, {end}):
    trial.log("train", {{"loss": float({rate} + step)}}, step=step)
{ending}
"""
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


def run(work: Path, start: int, end: int, ending: str, restart: int, job: str = "7", rate: int = 1) -> None:
    code = TRAIN.format(start=start, end=end, ending=ending, rate=rate)
    run_script(code, work, SLURM_JOB_ID=job, SLURM_RESTART_COUNT=str(restart))


def test_a_requeued_job_goes_on_with_its_trial_as_a_segment(work: Path) -> None:
    run(work, 0, 4, KILLED, restart=0)
    run(work, 2, 6, KILLED, restart=1)
    run(work, 5, 7, "trial.finish()", restart=2)
    (stored,) = find_trials(work)
    assert (stored.state.name, stored.status) == ("Succeeded", "Succeeded")
    trial = aimd.load_trial(stored.path)
    assert [point["step"] for point in trial.history()] == [0, 1, 2, 3, 4, 5, 6]
    assert len(trial.history(all_segments=True)) == 4 + 4 + 2
    assert (stored.path / "stdout.log").read_text().splitlines() == ["restart 0", "restart 1", "restart 2"]


def test_the_trials_of_a_slurm_array_go_to_a_folder_of_their_own(work: Path) -> None:
    array = {"SLURM_ARRAY_JOB_ID": "40", "SLURM_JOB_NAME": "sweep/lr", "SLURM_JOB_NODELIST": "n[1-2]"}
    code = "from t9k import aimd; aimd.create_trial(trial_name='t', folder_path={}).finish()"
    for task, folder in enumerate((None, "mine")):
        environment = {**array, "SLURM_JOB_ID": str(41 + task), "SLURM_ARRAY_TASK_ID": str(task)}
        run_script(code.format(repr(folder)), work, **environment, CUDA_VISIBLE_DEVICES="0,1")
    trials = sorted(find_trials(work), key=lambda trial: str(trial.upload_settings["folder_path"]))
    assert [trial.upload_settings["folder_path"] for trial in trials] == ["mine", "sweep-lr_40"]
    assert trials[1].upload_settings["make_folder"] is True
    recorded = json.loads((trials[1].path / "process.json").read_text())
    assert {name: recorded[name] for name in ("slurm_job_id", "slurm_array_job_id", "slurm_array_task_id")} == {
        "slurm_job_id": "41",
        "slurm_array_job_id": "40",
        "slurm_array_task_id": "0",
    }
    assert (recorded["slurm_nodes"], recorded["gpus"]) == ("n[1-2]", "0,1")


def test_of_several_trials_of_one_name_each_goes_on_in_the_order_of_their_creation(work: Path) -> None:
    code = """
import os, signal
from t9k import aimd
trials = [aimd.create_trial(trial_name="t", trial_params={{"lr": 1}}) for _ in range(3)]
for step in range({start}, {start} + 3):
    for number, trial in enumerate(trials):
        trial.log("train", {{"loss": 100.0 * number + step}}, step=step)
{ending}
"""
    for restart, (start, ending) in enumerate(((0, KILLED), (2, KILLED), (4, "for trial in trials: trial.finish()"))):
        run_script(code.format(start=start, ending=ending), work, SLURM_JOB_ID="7", SLURM_RESTART_COUNT=str(restart))
    trials = find_trials(work)
    assert [stored.state.name for stored in trials] == ["Succeeded"] * 3
    histories = sorted([point["train.loss"] for point in aimd.load_trial(trial.path).history()] for trial in trials)
    assert histories == [[100.0 * number + step for step in range(7)] for number in range(3)]


@pytest.mark.parametrize(("run_id", "is_same"), [("r1", True), ("r2", False), ("none", True)])
def test_workers_that_torchrun_starts_again_go_on_with_the_trial_even_after_an_exception(
    work: Path, run_id: str, is_same: bool
) -> None:
    for restart, (run, ending) in enumerate(((run_id, "1 / 0"), ("r1" if run_id != "none" else run_id, KILLED))):
        code = TRAIN.format(start=2 * restart, end=4, ending=ending, rate=1).replace("SLURM_", "TORCHELASTIC_")
        run_script(code, work, TORCHELASTIC_RUN_ID=run, TORCHELASTIC_RESTART_COUNT=str(restart))
    trials = find_trials(work)
    assert len(trials) == (1 if is_same else 2)
    if is_same:
        assert [point["step"] for point in aimd.load_trial(trials[0].path).history()] == [0, 1, 2, 3]
        assert trials[0].state.name == "Killed"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"ending": "trial.finish()"}, {}),  # that training is over
        ({"job": "8"}, {}),  # another job's
        ({"rate": 2}, {}),  # another training of the same job, by its parameters
        ({}, {"restart": 0}),
    ],
)
def test_what_is_not_the_same_training_gets_a_trial_of_its_own(
    work: Path, first: dict[str, object], second: dict[str, object]
) -> None:
    base = {"start": 0, "end": 2, "ending": KILLED, "restart": 0}
    run(work, **{**base, **first})  # type: ignore[arg-type]
    run(work, **{**base, "ending": "trial.finish()", "restart": 1, **second})  # type: ignore[arg-type]
    assert len(find_trials(work)) == 2
    assert [len(list(Trial(stored.path).totals.metrics)) for stored in find_trials(work)] == [1, 1]
