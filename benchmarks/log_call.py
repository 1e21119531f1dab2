"""The cost of one `Trial.log`: time relative to a floor, memory, bytes. Repeat with: `python -m benchmarks.log_call`.

The floor is the plainest logger that survives kill -9: json.dumps of the same document (its time stamp made beforehand,
while ours makes its own) and one os.write of the same line. Both run in this process in turns of 1,000 calls, each call
timed by itself; the ratio is that of the medians. It may be below 1, because the writer knows the shape of its records
and json.dumps does not. Memory is the growth of a process of its own between its 10,000th and its 1,010,000th call.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measurement import Measurement, table
from t9k import aimd

ROUNDS, CALLS = 20, 1000
WARM_UP, MANY = 10_000, 1_000_000
TARGETS = {1: 2.0, 10: 1.5}
_TIMESTAMP = "2026-11-23T15:03:27.946397+00:00"
_GROW = f"""
from t9k import aimd
def resident_kib():
    with open("/proc/self/smaps_rollup") as file:  # exact, where statm is not
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
trial = aimd.create_trial(trial_name="a")
values = {{"loss": 0.123456789}}
for step in range({WARM_UP}):
    trial.log("train", values, step=step, epoch=1)
before = resident_kib()
for step in range({WARM_UP}, {WARM_UP + MANY}):
    trial.log("train", values, step=step, epoch=1)
print(resident_kib() - before)
"""


@contextlib.contextmanager
def empty_directory() -> Iterator[Path]:
    """Work in an empty directory for a while."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as place:
        os.chdir(place)
        try:
            yield Path(place)
        finally:
            os.chdir(before)


def document_of(metrics: int) -> dict[str, Any]:
    """Return the document of one call with that many metrics."""
    values = {f"metric_{number}": 0.1234567 + number for number in range(metrics)}
    return {"train": {"value": values, "sequence": {"epoch": 1, "step": 1000, "timestamp": _TIMESTAMP}}}


def time_calls(metrics: int) -> tuple[float, float]:
    """Return the median time of the floor and of `log`, in nanoseconds."""
    document = document_of(metrics)
    values = document["train"]["value"]
    floor_ns: list[int] = []
    log_ns: list[int] = []
    clock, dumps, write = time.perf_counter_ns, json.dumps, os.write
    trial = aimd.create_trial(trial_name="bench")
    descriptor = os.open("floor", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for _ in range(ROUNDS):
        for _ in range(CALLS):
            start = clock()
            write(descriptor, (dumps(document) + "\n").encode())
            floor_ns.append(clock() - start)
        for _ in range(CALLS):
            start = clock()
            trial.log("train", values, step=1000, epoch=1)
            log_ns.append(clock() - start)
    os.close(descriptor)
    return statistics.median(floor_ns), statistics.median(log_ns)


def measure_time(metrics: int) -> Measurement:
    floor_ns, log_ns = time_calls(metrics)
    floor = f"json.dumps + os.write of the same line ({floor_ns / 1000:.2f} us; log {log_ns / 1000:.2f} us)"
    name = f"log of {metrics} metric{'s' if metrics > 1 else ''}, p50"
    return Measurement(name, log_ns / floor_ns, "x", TARGETS[metrics], floor)


def measure_bytes() -> Measurement:
    trial = aimd.create_trial(trial_name="bytes")
    document = document_of(1)
    trial.log("train", document["train"]["value"], step=1000, epoch=1)
    size = (trial.path / "metrics").stat().st_size
    floor = len(json.dumps(document)) + 1
    return Measurement(
        "bytes a point", size / floor, "x", 1.0, f"json.dumps of the document ({floor} B; ours {size} B)"
    )


def measure_memory() -> Measurement:
    grown = subprocess.run([sys.executable, "-c", _GROW], capture_output=True, text=True, check=True)
    return Measurement(f"growth over {MANY:,} calls", int(grown.stdout) / 1024, "MiB", 1.0, "memory after 10,000 calls")


def run() -> list[Measurement]:
    """Measure everything about one call."""
    with empty_directory():
        return [measure_time(1), measure_time(10), measure_bytes(), measure_memory()]


if __name__ == "__main__":
    print(table(run()))
