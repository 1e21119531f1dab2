"""Acknowledged points lost by kill -9. Repeat with: `python -m benchmarks.kills`.

The harness kills recorders at random instants, 100 of them while they log and 100 while they start. It is the one that
the tests run, where it is shown to catch a writer with a buffer; `python -m tests.faults.killloop --help` has the rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measurement import Measurement, table

KILLS = 100
ROOT = Path(__file__).resolve().parents[1]
WINDOWS_MS = {"logging": 50, "start": None}  # the start takes as long as it takes


def measure_kills(window: str, milliseconds: int | None) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as place:
        words = [place, "--kills", str(KILLS), "--window", window]
        words += ["--milliseconds", str(milliseconds)] if milliseconds else []
        command = [sys.executable, "-m", "tests.faults.killloop", *words]
        totals = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    floor = f"{KILLS} kills, {totals['acknowledged']:,} points acknowledged, seed {totals['seed']}"
    return Measurement(f"kills in the {window} window that lost", totals["failed"], "kills", 0, floor)


def run() -> list[Measurement]:
    """Kill recorders in both windows."""
    return [measure_kills(window, milliseconds) for window, milliseconds in WINDOWS_MS.items()]


if __name__ == "__main__":
    print(table(run()))
