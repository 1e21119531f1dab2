"""Signals at random instants: a training dies of them as any process does, and its trial says what happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aimd_core.reading.documents import Trial, find_trials
from tests.support.patience import PATIENCE_S
from tests.support.scripts import script_environment

# Logs for ever; the first argument is a bug to plant. Says through stdout how many points were acknowledged.
TRAINING = """
import os, sys
from t9k import aimd
from t9k.aimd import endings
if sys.argv[1] == "exits":
    endings._on_signal = lambda number, frame: sys.exit(0)
if sys.argv[1] == "finishes":
    endings._on_signal = lambda number, frame: ([t.finish() for t in endings._mine()], os.kill(os.getpid(), 9))
trial = aimd.create_trial(trial_name="a")
step = 0
while True:
    trial.log("train", {"value": step * 0.5}, step=step)
    os.write(1, b".")
    step += 1
"""


def send(place: Path, number: signal.Signals, delay_points: int, plant: str = "") -> dict[str, Any]:
    """Start a training, send it a signal some time after its first point, and say what it left."""
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINING, plant],
        cwd=place,
        env=script_environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    acknowledged = len(process.stdout.read(1 + delay_points))
    process.send_signal(number)
    acknowledged += len(process.stdout.read())
    process.stdout.close()
    status = process.wait(PATIENCE_S)
    (trial,) = find_trials(place)
    return {"exit": status, "acknowledged": acknowledged, "trial": trial}


def check(left: dict[str, Any], number: signal.Signals) -> list[str]:
    """Say what is wrong with what a training left that died of a signal."""
    trial: Trial = left["trial"]
    steps = sum(metric.count for metric in trial.totals.metrics.values())
    at = (trial.metadata.get("_exit") or {}).get("at")  # type: ignore[attr-defined]
    found = {
        f"the exit status is {left['exit']}": left["exit"] != -number,
        f"{left['acknowledged']} points acknowledged, {steps} on disk": steps < left["acknowledged"],
        f"the state is {trial.state.name}": trial.state.name != "Interrupted",
        f"it says {trial.metadata.get('_exit')}": trial.metadata.get("_exit")
        != {"kind": "signal", "signal": number.name, "at": at},
        f"damage: {trial.damage} {trial.totals.damage.sentence()}": bool(trial.damage or trial.totals.damage),
    }
    return [fault for fault, is_there in found.items() if is_there]


def sweep(place: Path, number: signal.Signals, times: int) -> None:
    source = random.Random(os.environ.get("PYTEST_RANDOMLY_SEED", "7") + number.name)
    for attempt in range(times):
        left = send(place / str(attempt), number, source.randrange(300))
        faults = check(left, number)
        assert not faults, (attempt, faults)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_at_any_instant_interrupts_the_trial_and_loses_nothing(number: signal.Signals, tmp_path: Path) -> None:
    sweep(tmp_path, number, 10)


@pytest.mark.parametrize("plant", ["exits", "finishes"])
def test_the_harness_catches_a_handler_that_changes_how_the_process_ends(plant: str, tmp_path: Path) -> None:
    assert check(send(tmp_path / "a", signal.SIGTERM, 10, plant), signal.SIGTERM)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_two_hundred_signals_each(number: signal.Signals, tmp_path: Path) -> None:
    sweep(tmp_path, number, 200)


def test_what_a_training_left_is_read_by_json_too(tmp_path: Path) -> None:
    left = send(tmp_path / "a", signal.SIGTERM, 5)
    lines = (left["trial"].path / "metrics").read_text().splitlines()
    assert [json.loads(line)["train"]["sequence"]["step"] for line in lines] == list(range(len(lines)))
