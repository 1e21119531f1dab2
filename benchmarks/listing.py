"""Listing 10,000 finished trials, or one with 200,000 metric names, piped. Again: `python -m benchmarks.listing`.

The floor is one fresh process that reads 10,000 rows, each with the same facts as a trial, from SQLite and decodes
their JSON. CPU is user and system time as the kernel counts it for the process, the median over the
rounds, which take turns. Cold is the first call, without the cache of the index; RSS is the largest of the child.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measurement import Measurement, table
from benchmarks.processes import PYTHON, Cost, cost

TRIALS, POINTS, ROUNDS, NAMES = 10_000, 30, 7, 200_000
PACKAGES = "".join(f"    package{number}: 1.{number}.0\n" for number in range(20))
METADATA = """\
kind: Trial
metadata: {{folder: null, name: run-{number}, editor: null, id: 00000000-0000-4000-8000-{number:012d}, timestamp: null}}
platform:
  hostname: node-3
  os: Linux-6.18.44-x86_64-with-glibc2.36
  python: 3.11.7
  pypkgs:
{packages}  framework: PyTorch
startTime: '2026-11-23T15:03:27.664883+00:00'
endTime: '2026-11-23T15:04:27.949003+00:00'
status: Succeeded
inputArtifacts: []
outputArtifacts: []
_upload: {{folder_id: null, folder_path: image_classification/mnist, make_folder: true, conflict_strategy: new}}
_git: {{local_path: /src, remote_url: null, branch: main, commit: 8c1f2e0, is_dirty: false, entrypoint: train.py}}
"""
FLOOR = """
import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT name, facts FROM trial").fetchall()
assert len([json.loads(facts) for _, facts in rows]) == int(sys.argv[2])
"""


def cost_in(directory: Path, words: list[str], **variables: str) -> Cost:
    """Return what a command took whose cache is in that directory."""
    environment = {**os.environ, **variables, "XDG_CACHE_HOME": str(directory / "cache")}
    if sys.executable == PYTHON:
        environment["PYTHONPATH"] = os.getcwd()
    return cost(words, environment)


def write_trials(place: Path, count: int) -> None:
    """Write trials with eight parameters and four metrics each, as the deployed SDK does."""
    for number in range(count):
        path = place / f"run-{number}_261123_{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}_{number:06d}"
        path.mkdir(parents=True)
        (path / "metadata.yaml").write_text(METADATA.format(number=number, packages=PACKAGES))
        (path / "parameters.yaml").write_text(
            f"lr: {10.0 ** -(number % 5 + 1)}\nbatch_size: {16 << number % 3}\noptimizer: adam\nepochs: 10\n"
            f"seed: {number}\nmodel:\n  layers: 3\n  width: 128\n  dropout: 0.1\n"
        )
        lines = []
        for step in range(1, POINTS + 1):
            sequence = {"epoch": step, "step": step * 100, "timestamp": "2026-11-23T15:03:27.946397+00:00"}
            for metrics_type in ("train", "val") if step % 3 == 0 else ("train",):
                value = {"loss": number % 7 + 1 / step, "acc": 1 - 1 / step}
                lines.append(json.dumps({metrics_type: {"value": value, "sequence": sequence}}))
        (path / "metrics").write_text("\n".join(lines) + "\n")
        for file in path.iterdir():
            os.utime(file, (time.time() - 3600, time.time() - 3600))  # nobody has written them just now


def write_wide_trial(place: Path, names: int, names_each: int = 1000) -> None:
    """Write a trial with that many metric names, as one that logs a value for each layer and each class does."""
    path = place / "wide_261123_150327_000000"
    path.mkdir(parents=True)
    (path / "metadata.yaml").write_text(METADATA.format(number=0, packages=""))
    (path / "parameters.yaml").write_text("{}\n")
    with (path / "metrics").open("w") as journal:
        for step in range(names // names_each):
            sequence = {"epoch": 1, "step": step, "timestamp": "2026-11-23T15:03:27.946397+00:00"}
            value = {f"metric_{step * names_each + number}": 1 / (number + 1) for number in range(names_each)}
            journal.write(json.dumps({"train": {"value": value, "sequence": sequence}}) + "\n")
    for file in path.iterdir():
        os.utime(file, (time.time() - 3600, time.time() - 3600))


def measure_wide() -> list[Measurement]:
    """Measure a list of one trial with very many metric names, cold and warm."""
    cold, warm = [], []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_wide_trial(directory / ".aimd" / "trials", NAMES)
        listing = ["-m", "aimd_cli", "trial", "ls", str(directory)]
        for _ in range(3):
            shutil.rmtree(directory / "cache", ignore_errors=True)
            cold.append(cost_in(directory, listing).cpu_s)
            warm.append(cost_in(directory, listing).cpu_s)
    shown = f"trial ls, one trial of {NAMES:,} metric names"
    return [
        Measurement(f"{shown}, cold, CPU", min(cold), "s", 2, "no cache yet; fastest of three"),
        Measurement(f"{shown}, warm, CPU", min(warm), "s", None, "fastest of three"),
    ]


def write_floor(directory: Path, count: int) -> Path:
    """Write as many rows as there are trials, with what a list shows of one, and return the database."""
    from aimd_core.reading.directory import TrialIndex

    path = directory / "floor.sqlite3"
    os.environ["XDG_CACHE_HOME"] = str(directory / "cache-of-floor")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trial (name TEXT PRIMARY KEY, facts TEXT)")
        for row in TrialIndex(directory).rows():
            metrics = {name: dict(row.metrics[name]) for name in row.metrics}
            facts = [row.id, row.state, row.started, row.ended, row.folder, dict(row.params), metrics]
            connection.execute("INSERT INTO trial VALUES (?, ?)", (row.alternative_name, json.dumps(facts)))
        (rows,) = connection.execute("SELECT count(*) FROM trial").fetchone()
    connection.close()
    assert rows == count
    return path


def run() -> list[Measurement]:
    """Measure cold, warm and after a change, against reading as many rows from SQLite."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_trials(directory / ".aimd" / "trials", TRIALS)
        database = write_floor(directory, TRIALS)
        listing = ["-m", "aimd_cli", "trial", "ls", str(directory)]
        cold = cost_in(directory, listing)
        taken: dict[str, list[Cost]] = {"floor": [], "warm": [], "changed": []}
        changed = directory / ".aimd" / "trials" / "run-5_261123_000005_000005" / "metrics"
        for _ in range(ROUNDS):
            taken["floor"].append(cost_in(directory, ["-c", FLOOR, str(database), str(TRIALS)]))
            taken["warm"].append(cost_in(directory, listing))
            changed.write_text(changed.read_text())
            taken["changed"].append(cost_in(directory, listing))
    cpu_s = {name: statistics.median(one.cpu_s for one in costs) for name, costs in taken.items()}
    largest_mb = max(cold.rss_mb, *(one.rss_mb for costs in taken.values() for one in costs))
    least_s = min(one.cpu_s for one in taken["warm"])
    floor = f"10,000 rows from SQLite ({cpu_s['floor'] * 1000:.0f} ms; ours {{:.0f}} ms)"
    return [
        Measurement(
            "trial ls, 10,000 trials, warm", cpu_s["warm"] / cpu_s["floor"], "x", 4, floor.format(cpu_s["warm"] * 1e3)
        ),
        Measurement(
            "trial ls, one of them changed",
            cpu_s["changed"] / cpu_s["floor"],
            "x",
            4,
            floor.format(cpu_s["changed"] * 1e3),
        ),
        Measurement("trial ls, 10,000 trials, warm, CPU", least_s, "s", 0.6, f"fastest of {ROUNDS}"),
        Measurement("trial ls, 10,000 trials, cold, CPU", cold.cpu_s, "s", 4, "no cache yet"),
        Measurement("trial ls, 10,000 trials, largest RSS", largest_mb, "MB", 80, "cold, warm and changed"),
        *measure_wide(),
    ]


if __name__ == "__main__":
    print(table(run()))
