"""The CPU time of importing the SDK. Repeat with: `python -m benchmarks.imports`.

Each script runs in a fresh interpreter; the scripts take turns, and the median over the rounds of user and system
time, as the kernel counts them for the child (os.wait4), is compared. The first round fills the caches and does not
count.
"""

from __future__ import annotations

import os
import statistics
import sys

from benchmarks.measurement import Measurement, table

ROUNDS = 31
SCRIPTS = {"sdk": "import t9k.aimd", "floor": "import json, os, time", "bare": "pass"}
TARGET = 1.5


def cpu_s(code: str) -> float:
    """Return the CPU seconds that a fresh interpreter takes to run `code`."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", code], dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{code!r} ended with {status}")
    return usage.ru_utime + usage.ru_stime


def run() -> list[Measurement]:
    """Measure the import against a script that imports json, os and time, and against an empty one."""
    taken: dict[str, list[float]] = {name: [] for name in SCRIPTS}
    for round_number in range(ROUNDS + 1):
        for name, code in SCRIPTS.items():
            seconds = cpu_s(code)
            if round_number:
                taken[name].append(seconds)
    sdk_s, floor_s, bare_s = (statistics.median(taken[name]) for name in ("sdk", "floor", "bare"))
    return [
        Measurement(
            "import t9k.aimd, CPU",
            sdk_s / floor_s,
            "x",
            TARGET,
            f"{SCRIPTS['floor']} ({_ms(floor_s)}; ours {_ms(sdk_s)})",
        ),
        Measurement("import t9k.aimd, CPU", sdk_s / bare_s, "x", None, f"an empty script ({_ms(bare_s)})"),
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    print(table(run()))
