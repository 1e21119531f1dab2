"""Trials of one name that are created in one second are all there, each with what it logged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aimd_core.reading.documents import find_trials
from tests.support.scripts import script_environment

# Forks PROCESSES children that create a trial each, all at the same moment.
CREATE = """
import os, sys, time
from t9k import aimd
aimd.create_trial
if len(sys.argv) > 2:  # the planted bug: a suffix that is not random, and a directory that may exist
    from pathlib import Path
    def same(place, name):
        path = place / ".aimd" / "trials" / f"{name}_{time.strftime('%y%m%d_%H%M%S')}_aaaaaa"
        path.mkdir(parents=True, exist_ok=True)
        return path
    from t9k.aimd import creation
    creation.new_trial_directory = same
begin, gate = os.pipe()
children = []
for number in range(int(sys.argv[1])):
    child = os.fork()
    if not child:
        os.close(gate)
        os.read(begin, 1)
        trial = aimd.create_trial(trial_name="same", trial_params={"number": number})
        trial.log("train", {"number": float(number)}, step=number)
        trial.finish()
        os._exit(0)
    children.append(child)
os.close(gate)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def create(place: Path, processes: int, *plant: str) -> dict[str, tuple[object, list[int]]]:
    """Create trials at once and return what each holds: its parameter, and the steps in its journal."""
    done = subprocess.run(
        [sys.executable, "-c", CREATE, str(processes), *plant],
        cwd=place,
        env=script_environment(place),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or plant, done.stderr
    found = {}
    for trial in find_trials(place):
        lines = (trial.path / "metrics").read_text().splitlines()
        steps = [json.loads(line)["train"]["sequence"]["step"] for line in lines]
        found[trial.alternative_name] = (trial.parameters.get("number"), steps)
    return found


def test_sixty_four_trials_of_one_name_at_once_are_sixty_four_trials(tmp_path: Path) -> None:
    found = create(tmp_path, 64)
    assert len(found) == 64
    assert sorted(steps for _, steps in found.values()) == [[number] for number in range(64)]
    assert all(steps == [number] for number, steps in found.values())


def test_the_harness_catches_a_directory_that_two_trials_share(tmp_path: Path) -> None:
    assert len(create(tmp_path, 16, "plant")) < 16


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_five_hundred_trials_of_one_name(tmp_path: Path) -> None:
    for attempt in range(8):
        place = tmp_path / str(attempt)
        place.mkdir()
        assert len(create(place, 64)) == 64
