"""The examples train on real data, on the CPU, and come to something."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdk.integrations.recorded import CALM, Recorded, recorded_trial, require_framework
from tests.support.scripts import ROOT, script_environment

SCRIPTS = {
    "numpy": ("sklearn",),
    "pytorch": ("torch", "sklearn"),
    "keras": ("keras", "torch", "sklearn"),
    "lightning": ("lightning", "sklearn"),
    "xgboost": ("xgboost", "sklearn"),
}


def run_example(name: str, directory: Path, *arguments: str) -> Recorded:
    """Run an example as a person would, and return what it recorded."""
    script = ROOT / "examples" / f"digits_{name}.py"
    done = subprocess.run(
        [sys.executable, script, *arguments],
        cwd=directory,
        env=script_environment(directory, **CALM),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("aimd: ") == 1  # the receipt
    return recorded_trial(directory)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_reads_nine_of_ten_held_out_digits_with_settings_from_the_command_line(
    tmp_path: Path, name: str
) -> None:
    require_framework(*SCRIPTS[name])
    rate = {"numpy": 0.08, "xgboost": 0.35}.get(name, 0.004)
    trial = run_example(name, tmp_path, "--learning-rate", str(rate), "--name", "mine", "--folder", "there")
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("mine", "Succeeded", "there")
    assert trial.upload["make_folder"] is True
    assert trial.params["learning_rate"] == rate
    held_out = trial.of("test") or trial.of("val")
    assert held_out[-1].value["accuracy"] > 0.9
    assert len(trial.of("train")) > 5
