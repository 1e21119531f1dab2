"""A job that SLURM has requeued goes on with its trial, from the step that it logs first."""

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
