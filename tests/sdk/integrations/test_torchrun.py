"""torchrun itself: one trial for all ranks and restarts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdk.integrations.recorded import CALM, recorded_trial, require_framework
from tests.support.scripts import script_environment

TRAIN = """
import os, signal
from t9k import aimd
attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
with aimd.create_trial(trial_name="t", trial_params={"lr": 0.1}) as trial:
    for step in range(attempt, attempt + 2):
        trial.log("train", {"loss": float(step)}, step=step)
    if attempt == 0 and os.environ["RANK"] == "{rank}":
        {ending}
    while attempt == 0:  # as a rank that waits for the others
        signal.pause()
"""
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(("rank", "ending"), [(0, "1 / 0"), (0, KILLED), (1, KILLED)])
def test_a_training_that_torchrun_restarts_is_one_trial(tmp_path: Path, rank: int, ending: str) -> None:
    require_framework("torch")
    (tmp_path / "train.py").write_text(TRAIN.replace("{rank}", str(rank)).replace("{ending}", ending))
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1", "--master-port=0", "train.py"]
    environment = script_environment(tmp_path, **CALM)
    done = subprocess.run([sys.executable, *launcher], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    trial = recorded_trial(tmp_path)
    assert (trial.status, trial.steps("train")) == ("Succeeded", [0, 1, 1, 2])
    (segment,) = (trial.path / "segments").read_text().splitlines()
    assert json.loads(segment)["from_step"] == 1
