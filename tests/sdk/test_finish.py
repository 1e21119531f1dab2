from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from aimd_core.format.documents import read_mapping
from aimd_core.reading.documents import Trial as StoredTrial
from t9k import aimd
from tests.support.scripts import run_script


def test_finish_makes_the_trial_succeeded_with_an_end_after_its_start() -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.log("train", {"a": 1.0}, step=1)
    trial.finish()
    stored = StoredTrial(trial.path)
    assert (trial.status, stored.status, stored.state.name) == ("Succeeded", "Succeeded", "Succeeded")
    assert stored.started is not None
    assert stored.ended is not None
    assert datetime.fromisoformat(stored.started) < datetime.fromisoformat(stored.ended)


def test_finish_prints_the_receipt_on_stderr_and_nothing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    trial = aimd.create_trial(trial_name="a")
    for step in range(1200):
        trial.log("train", {"a": 1.0}, step=step)
    trial.finish()
    printed = capsys.readouterr()
    assert printed.err == f"aimd: trial {trial.alternative_name} finished: logged 1,200, on disk 1,200\n"
    assert printed.out == ""


def test_a_second_finish_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.finish()
    before = (trial.path / "metadata.yaml").read_bytes()
    capsys.readouterr()
    trial.finish()
    assert (trial.path / "metadata.yaml").read_bytes() == before
    assert capsys.readouterr().err == ""


def test_a_trial_without_a_point_may_finish() -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.finish()
    assert trial.receipt == "logged 0, on disk 0"
    assert trial.metrics == {}


def test_finish_releases_the_journal() -> None:
    before = len(os.listdir("/proc/self/fd"))
    trial = aimd.create_trial(trial_name="a")
    trial.finish()
    assert len(os.listdir("/proc/self/fd")) == before


def test_packages_that_were_imported_later_are_recorded_at_the_end(work: Path) -> None:
    (work / "torch.py").write_text("__version__ = '2.13.0'\n")
    (work / "lightning.py").write_text("__version__ = '2.6.0'\n")
    done = run_script(
        """
        import sys
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        import torch, lightning
        trial.finish()
        print(trial.path)
        """,
        work,
    )
    assert done.returncode == 0, done.stderr
    platform = read_mapping(Path(done.stdout.strip()) / "metadata.yaml")["platform"]
    assert isinstance(platform, dict)
    assert platform["pypkgs"]["torch"] == "2.13.0"
    assert platform["framework"] == "PyTorch, PyTorch Lightning"


@pytest.mark.parametrize(
    ("ending", "exit_status", "status", "state"),
    [
        ("", 0, "Running", "Interrupted"),
        ("raise SystemExit(7)", 7, "Running", "Interrupted"),
        ("import os; os._exit(3)", 3, "Running", "Killed"),
        ("1 / 0", 1, "Failed", "Failed"),
    ],
)
def test_a_script_that_ends_without_finish_keeps_its_exit_status_and_its_points(
    ending: str, exit_status: int, status: str, state: str, work: Path
) -> None:
    done = run_script(
        f"""
        from t9k import aimd
        trial = aimd.create_trial(trial_name="a")
        trial.log("train", {{"a": 1.0}}, step=1)
        {ending}
        """,
        work,
    )
    assert done.returncode == exit_status
    (path,) = (work / ".aimd" / "trials").iterdir()
    stored = StoredTrial(path)
    assert (stored.totals.records, stored.status, stored.state.name) == (1, status, state)
