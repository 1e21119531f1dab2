"""The system's metrics, sampled by a process of its own with the real psutil."""

from __future__ import annotations

import importlib.util
import math
import os
import signal
import time
from pathlib import Path

import pytest

from aimd_core.reading.documents import Trial, find_trials
from t9k import aimd
from t9k.aimd import system_metrics
from tests.support.companions import companions_of
from tests.support.parts import require_part
from tests.support.patience import wait_until
from tests.support.scripts import run_script


@pytest.fixture(autouse=True)
def capture_system(monkeypatch: pytest.MonkeyPatch) -> None:
    require_part("psutil", importlib.util.find_spec("psutil") is not None)
    monkeypatch.delenv("AIMD_CAPTURE_SYSTEM")


def test_a_sample_holds_finite_numbers_of_this_machine_and_process() -> None:
    sampler = system_metrics.Sampler(os.getpid())
    time.sleep(0.05)
    sample = sampler.sample()
    assert {"cpu_percent", "memory_percent", "process_memory_mib", "network_sent_mib_s"} <= set(sample)
    assert all(type(value) is float and math.isfinite(value) and value >= 0 for value in sample.values())
    assert 0 < sample["memory_percent"] <= 100
    assert 1 < sample["process_memory_mib"] < sample["memory_used_mib"] * 4


def test_a_process_that_is_gone_is_left_out_of_the_sample() -> None:
    child = os.fork()
    if not child:
        time.sleep(30)
        os._exit(0)
    sampler = system_metrics.Sampler(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert "process_memory_mib" not in sampler.sample()


def test_the_companion_samples_into_the_journal_and_ends_with_the_trial() -> None:
    trial = aimd.create_trial(trial_name="a")
    trial.log("train", {"loss": 1.0}, step=1)
    wait_until(lambda: "system.cpu_percent" in Trial(trial.path).totals.metrics, "there is a sample")
    trial.log("train", {"loss": 0.5}, step=2)
    trial.finish()
    wait_until(lambda: not companions_of(trial.path), "the companion has ended")
    stored = Trial(trial.path)
    assert (stored.status, stored.damage, stored.totals.metrics["train.loss"].count) == ("Succeeded", [], 2)
    assert stored.totals.damage.lines == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_companion_ends_when_the_training_is_killed(number: signal.Signals, work: Path) -> None:
    code = "import os, time\nfrom t9k import aimd\naimd.create_trial(trial_name='a')\n"
    done = run_script(code + f"os.kill(os.getpid(), {int(number)})\ntime.sleep(9)", work, AIMD_CAPTURE_SYSTEM="1")
    assert done.returncode == -number
    (trial,) = find_trials(work)
    wait_until(lambda: not companions_of(trial.path), "the companion has ended")


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr("t9k.aimd.companions.start", lambda module, *_: started.append(module))
    aimd.create_trial(trial_name="a", capture_system=False)
    monkeypatch.setenv("AIMD_CAPTURE_SYSTEM", "0")
    aimd.create_trial(trial_name="a")
    assert started == []
    monkeypatch.delenv("AIMD_CAPTURE_SYSTEM")
    aimd.create_trial(trial_name="a")
    assert started == ["system_metrics"]


def test_without_psutil_nothing_is_started_and_nothing_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("t9k.aimd.captures.find_spec", lambda _: None)
    trial = aimd.create_trial(trial_name="a")
    assert companions_of(trial.path) == []
    assert capsys.readouterr().err == ""


def test_a_training_that_waits_for_all_its_children_does_not_wait_for_a_companion(work: Path) -> None:
    code = "import os\nfrom t9k import aimd\naimd.create_trial(trial_name='a')\n"
    done = run_script(
        code + "try:\n    os.wait()\nexcept ChildProcessError:\n    print('none')", work, AIMD_CAPTURE_SYSTEM="1"
    )
    assert done.stdout == "none\n"
