"""The cost of `aimd trial plot` on a journal of a million points. Repeat with: `python -m benchmarks.plotting`.

The journal is written as the SDK writes it. Reading one metric is measured in this process, against decoding the same
lines as JSON; the whole command in a fresh interpreter, against its own start-up. Both take CPU time of user and
system; the smaller of three.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import time
from pathlib import Path

from aimd_core.format.journal import encode_record
from aimd_core.reading.series import read_series
from benchmarks.measurement import Measurement, table
from benchmarks.processes import cost

POINTS = 1_000_000
ROUNDS = 3
TARGET_S = 1.0
_TIMESTAMP = "2026-11-23T15:03:27.946397+00:00"
_METADATA = "metadata: {name: long, id: 5e9a2d0f-50c4-4a4e-9a39-62a0d9a0a001}\nstatus: Succeeded\n"


def write_trial(directory: Path) -> Path:
    """Write a trial with a long journal and return its path."""
    path = directory / "long_261123_150327_aaaaaa"
    path.mkdir()
    (path / "metadata.yaml").write_text(_METADATA)
    (path / "parameters.yaml").write_text("{}\n")
    noise = random.Random(0)
    with (path / "metrics").open("wb") as journal:
        for step in range(POINTS):
            loss = 2 * math.exp(-step / 300_000) + noise.gauss(0, 0.05)
            journal.write(encode_record("train", {"loss": loss}, step, step // 1000, _TIMESTAMP))
    return path


def reading_s(journal: Path) -> float:
    """Return the CPU seconds of reading one metric."""
    started = time.process_time()
    assert len(read_series(journal, "train.loss")) == POINTS
    return time.process_time() - started


def decoding_s(journal: Path) -> float:
    """Return the CPU seconds of decoding every line as JSON."""
    started = time.process_time()
    with journal.open("rb") as file:
        assert sum(len(json.loads(line)) for line in file) == POINTS
    return time.process_time() - started


def run() -> list[Measurement]:
    """Measure reading and drawing."""
    with tempfile.TemporaryDirectory() as directory:
        path = write_trial(Path(directory))
        journal = path / "metrics"
        read_s = min(reading_s(journal) for _ in range(ROUNDS))
        json_s = decoding_s(journal)
        plot = ["-m", "aimd_cli", "trial", "plot", "-p", str(path), "-m", "train.loss"]
        drawn_s = min(cost(plot).cpu_s for _ in range(ROUNDS))
        started_s = min(cost(["-m", "aimd_cli", "trial", "plot", "--help"]).cpu_s for _ in range(ROUNDS))
    points = f"{POINTS:,} points, CPU"
    return [
        Measurement(f"plot {points} less start-up", drawn_s - started_s, "s", TARGET_S, f"start-up {started_s:.2f} s"),
        Measurement(f"plot {points}, the whole command", drawn_s, "s", None, ""),
        Measurement(
            f"read {points}", read_s / json_s, "x", 0.5, f"json.loads a line ({json_s:.2f} s; ours {read_s:.2f} s)"
        ),
    ]


if __name__ == "__main__":
    print(table(run()))
