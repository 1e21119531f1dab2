"""The cost of creating and finishing a trial. Repeat with: `python -m benchmarks.creation`.

Each round is a fresh interpreter in a git work tree with an uncommitted change, and everything is captured. The time is
that of the first `create_trial`, the loading of its modules included, and of `finish` after 100 points. The floor is a
script that makes a directory with three files, each forced to the disk, in the same turn. On a machine that others use,
the fastest rounds say what it costs, and the median what it cost then.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measurement import Measurement, table

ROUNDS = 15
ROOT = Path(__file__).resolve().parents[1]
TARGET_MS = 15.0  # to create and to finish together
_CREATE = """
import json, sys, time
from t9k import aimd
begin = time.perf_counter()
trial = aimd.create_trial(trial_name="bench", trial_params={"lr": 0.1}, **json.loads(sys.argv[1]))
created = time.perf_counter()
for step in range(100):
    trial.log("train", {"loss": 0.5}, step=step)
logged = time.perf_counter()
trial.finish()
print(json.dumps([1000 * (created - begin), 1000 * (time.perf_counter() - logged)]))
"""
_FLOOR = """
import os, time
begin = time.perf_counter()
os.makedirs(f"floor/{os.getpid()}")
for name in ("metadata.yaml", "parameters.yaml", "process.json"):
    with open(f"floor/{os.getpid()}/{name}", "w") as file:
        file.write("x" * 500)
        file.flush()
        os.fsync(file.fileno())
print([1000 * (time.perf_counter() - begin), 0.0])
"""
_OFF = {"capture_git": False, "capture_output": False, "capture_system": False}


def _run(code: str, place: Path, settings: dict[str, bool]) -> list[float]:
    words = [sys.executable, "-c", code, json.dumps(settings)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=True)
    taken: list[float] = json.loads(done.stdout)
    return taken


def _make_work_tree(place: Path) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    (place / "train.py").write_text("lr = 0.1\n")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "Begin")):
        subprocess.run(["git", *words], cwd=place, check=True)
    (place / "train.py").write_text("lr = 0.2\n")


def run() -> list[Measurement]:
    """Measure with all captures, with none, and the floor, in turns."""
    taken: dict[str, list[list[float]]] = {"all": [], "none": [], "floor": []}
    with tempfile.TemporaryDirectory(prefix="aimd-bench-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        _make_work_tree(place)
        for number in range(ROUNDS + 1):
            one = {
                "all": _run(_CREATE, place, {}),
                "none": _run(_CREATE, place, _OFF),
                "floor": _run(_FLOOR, place, {}),
            }
            for key, value in one.items():
                if number:  # the first round fills the caches
                    taken[key].append(value)
    created = {key: [value[0] for value in values] for key, values in taken.items()}
    finished = [value[1] for value in taken["all"]]
    floor = f"three files forced to the disk: {_shown(created['floor'])}"
    return [
        Measurement("create_trial, all captured", min(created["all"]), "ms", TARGET_MS, _shown(created["all"])),
        Measurement("create_trial, nothing captured", min(created["none"]), "ms", TARGET_MS, _shown(created["none"])),
        Measurement("finish", min(finished), "ms", TARGET_MS, f"{_shown(finished)}; {floor}"),
    ]


def _shown(taken: list[float]) -> str:
    return f"fastest {min(taken):.1f} ms, median {statistics.median(taken):.1f} ms"


if __name__ == "__main__":
    print(table(run()))
