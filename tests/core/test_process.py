from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aimd_core.format import process
from aimd_core.reading.facts import LOST_AFTER_S, derive_state


def test_the_calling_process_is_not_gone() -> None:
    assert process.is_gone(process.capture()) is False


def test_what_is_captured_goes_through_json_unchanged() -> None:
    captured = process.capture()
    assert json.loads(json.dumps(captured)) == captured


def test_no_environment_variable_but_the_named_ones_is_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("SLURM_PROCID", "3")
    monkeypatch.delenv("RANK", raising=False)
    captured = process.capture()
    assert (captured["slurm_job_id"], captured["rank"]) == ("4711", "3")
    assert "hunter2" not in json.dumps(captured)


@pytest.mark.parametrize("status", ["Running", "Initializing"])
def test_a_process_that_lives_keeps_the_status_as_written_however_long_it_is_silent(status: str) -> None:
    assert derive_state(status, None, process.capture(), 0.0).name == status


@pytest.mark.parametrize("status", ["Succeeded", "Failed"])
def test_an_ended_trial_is_what_it_says_whatever_became_of_its_process(status: str) -> None:
    assert derive_state(status, None, {**process.capture(), "process_start": 1}, 0.0).name == status


@pytest.mark.parametrize("status", ["Running", "Initializing"])
def test_a_process_that_has_ended_was_killed(status: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    recorded = {**process.capture(), "pid": child.pid, "process_start": process.process_start(child.pid)}
    assert derive_state(status, None, recorded, time.time()).name == status
    child.communicate(b"\n")
    assert derive_state(status, None, recorded, time.time()).name == "Killed"


def test_a_zombie_records_nothing_any_more() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    recorded = {**process.capture(), "pid": child.pid, "process_start": process.process_start(child.pid)}
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, but still in the table
    assert Path(f"/proc/{child.pid}/stat").exists()
    assert derive_state("Running", None, recorded, time.time()).name == "Killed"
    child.communicate()


def test_another_process_with_the_same_number_is_not_the_recorded_one() -> None:
    captured = process.capture()
    started = captured["process_start"]
    assert isinstance(started, int)
    assert derive_state("Running", None, {**captured, "process_start": started - 1}, time.time()).name == "Killed"


def test_after_a_restart_of_this_host_the_process_is_gone() -> None:
    assert derive_state("Running", None, {**process.capture(), "boot_id": "another"}, time.time()).name == "Killed"


UNSEEN = [
    {"host": "another"},
    {"boot_id": None},
    {"pid_namespace": "pid:[1]"},
    {"pid": None},
    {"pid": "1"},
]


@pytest.mark.parametrize("change", UNSEEN, ids=str)
def test_a_process_that_cannot_be_seen_from_here_runs_while_it_writes(change: dict[str, object]) -> None:
    assert derive_state("Running", None, {**process.capture(), **change}, time.time()).name == "Running"


@pytest.mark.parametrize("change", UNSEEN, ids=str)
def test_a_process_that_cannot_be_seen_from_here_is_lost_after_a_long_silence(change: dict[str, object]) -> None:
    state = derive_state("Running", None, {**process.capture(), **change}, time.time() - LOST_AFTER_S - 60)
    assert state.name == "Lost"
    assert state.silent_s is not None
    assert state.silent_s > LOST_AFTER_S


def test_a_trial_of_the_deployed_sdk_which_has_no_proof_of_life_is_lost_after_a_long_silence() -> None:
    assert derive_state("Running", None, None, time.time() - LOST_AFTER_S - 60).name == "Lost"


@pytest.mark.parametrize("content", ["", "{", "[]", "17", "[" * 100_000, "\0", '"x"'], ids=lambda text: text[:8])
def test_a_damaged_proof_of_life_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text(content)
    assert process.read(tmp_path) is None


def test_a_pipe_in_the_place_of_a_proof_of_life_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "process.json")
    assert process.read(tmp_path) is None
