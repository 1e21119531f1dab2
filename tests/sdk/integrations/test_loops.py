"""Loops of one's own, as the guides show them."""

import re
from pathlib import Path

import pytest

from aimd_core.reading.media import LocalMedia
from t9k import aimd
from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import documented, recorded_trial, require_framework, run_training
from tests.support.scripts import ROOT


def test_the_documented_loop_of_jax_and_optax_records_every_step(tmp_path: Path, prepared: Prepared) -> None:
    require_framework("optax")
    prepared("jax")(documented("JAX and Optax"), tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status) == ("digits_jax", "Succeeded")
    losses = trial.series("train", "loss")
    assert trial.steps("train") == list(range(1, 21))
    assert losses[-1] < losses[0] * 0.6


MLFLOW = (ROOT / "docs" / "guides" / "moving-over.md").read_text().partition("### Scripts written for MLflow")[2]


def test_a_script_written_for_mlflow_is_moved_as_the_guide_says(tmp_path: Path) -> None:
    (script,) = re.findall(r"^```python\n(.*?)^```", MLFLOW, re.MULTILINE | re.DOTALL)
    (tmp_path / "train.py").write_text(script)
    run_training("import runpy; runpy.run_path('train.py')", tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("first", "Succeeded", "digits")
    assert trial.params == {"lr": 0.1, "batch_size": 32}
    assert (trial.steps("train"), trial.series("train", "loss")) == ([0, 1, 2], [1.0, 0.5, pytest.approx(1 / 3)])
    assert LocalMedia(trial.path).steps("notes") == [3]
    assert (trial.path / "files" / "train.py").read_text() == script


@pytest.mark.parametrize("owner", ["trial", "aimd"])
def test_each_call_that_the_guide_names_instead_of_one_of_mlflow_exists(owner: str) -> None:
    names = re.findall(rf"`[^`]*?{owner}\.(\w+)[^`]*`", MLFLOW)
    assert names
    assert all(hasattr(aimd.Trial if owner == "trial" else aimd, name) for name in names), names
