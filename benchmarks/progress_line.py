"""What the line below a cell of Jupyter adds to `log`. Repeat with: `python -m benchmarks.progress_line`.

A kernel runs two trials in turns of 20,000 steps of five values, one with the line and one without; each of their
calls is timed together, and the difference of the medians, divided by the steps, is what the line adds to one. An
update is also timed by itself: building the line and handing it to the kernel.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

from benchmarks.measurement import Measurement, table

TARGET_US, TARGET_UPDATE_MS = 30.0, 5.0
_CELL = """
import os, statistics, time
from t9k import aimd
values = {"loss": 0.25, "accuracy": 0.5, "grad_norm": 1.5, "learning_rate": 0.001, "epoch_time": 3.5}
off = {"capture_git": False, "capture_output": False, "capture_system": False}
trials = {}
for setting in "01":
    os.environ["AIMD_PROGRESS"] = setting
    trials[setting] = aimd.create_trial(trial_name="bench", **off)
    trials[setting].log("train", values, step=0)
taken = {"0": [], "1": []}
for turn in range(15):
    for setting, trial in trials.items():
        start = time.process_time_ns()
        for step in range(20_000):
            trial.log("train", values, step=step)
        taken[setting].append((time.process_time_ns() - start) / 20_000)
line = trials["1"]._line
updates = []
for _ in range(200):
    start = time.perf_counter_ns()
    line._update(["Running"])
    updates.append(time.perf_counter_ns() - start)
import json
print("measured", json.dumps([*map(statistics.median, taken.values()), statistics.median(updates)]))
"""


def measured_ns() -> tuple[float, float, float]:
    """Return a step without the line, a step with it, and an update, in nanoseconds."""
    import nbclient
    import nbformat

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_CELL)])
    with tempfile.TemporaryDirectory() as work:
        paths = os.pathsep.join(filter(None, (os.getcwd(), os.environ.get("PYTHONPATH"))))
        os.environ["PYTHONPATH"] = paths
        resources = {"metadata": {"path": work}}
        nbclient.NotebookClient(book, timeout=600, resources=resources).execute()
    texts = [output.get("text", "") for output in book.cells[0].outputs]
    (said,) = (line for text in texts for line in text.splitlines() if line.startswith("measured"))
    without, with_line, update = json.loads(said.removeprefix("measured"))
    return without, with_line, update


def run() -> list[Measurement]:
    """Measure a step and an update in a kernel."""
    without, with_line, update = measured_ns()
    floor = f"a step of log ({without / 1000:.2f} us; with the line {with_line / 1000:.2f} us)"
    return [
        Measurement("line below a cell: added to a step", (with_line - without) / 1000, "us", TARGET_US, floor),
        Measurement("line below a cell: an update", update / 1e6, "ms", TARGET_UPDATE_MS, "at most two a second"),
    ]


if __name__ == "__main__":
    print(table(run()), file=sys.stdout)
