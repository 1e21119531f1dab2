"""The examples train on real data, on the CPU, and come to something."""

from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import recorded_trial, require_framework
from tests.support.scripts import ROOT

# What each trains with, what is imported already when it runs, and how fast it learns.
EXAMPLES = {
    "numpy": ("numpy", "sklearn", 0.08),
    "pytorch": ("torch", "accelerate", 0.004),
    "keras": ("torch", "keras", 0.004),
    "lightning": ("torch", "lightning", 0.004),
    "xgboost": ("xgboost", "xgboost", 0.35),
}
# As `python script ...` does.
RUN = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_reads_nine_of_ten_held_out_digits_with_settings_from_the_command_line(
    tmp_path: Path, name: str, prepared: Prepared
) -> None:
    package, framework, rate = EXAMPLES[name]
    require_framework(package)
    environment = {"KERAS_BACKEND": "torch"} if framework == "keras" else {}
    settings = ("--learning-rate", str(rate), "--name", "mine", "--folder", "there")
    script = str(ROOT / "examples" / f"digits_{name}.py")
    done = prepared(framework, **environment)(RUN, tmp_path, script, *settings)
    assert done.stderr.count("aimd: ") == 1  # the receipt
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status, trial.upload["folder_path"]) == ("mine", "Succeeded", "there")
    assert trial.upload["make_folder"] is True
    assert trial.params["learning_rate"] == rate
    held_out = trial.of("test") or trial.of("val")
    assert held_out[-1].value["accuracy"] > 0.9
    assert len(trial.of("train")) > 5
