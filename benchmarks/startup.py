"""What starting the terminal application costs in CPU time. Again: `python -m benchmarks.startup`.

Each command runs in a fresh interpreter, output thrown away; they take turns, and the median over the rounds is
compared with `python -c pass`. The first round fills the caches and does not count.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.listing import cost, write_trials
from benchmarks.measurement import Measurement, table

ROUNDS, TRIALS = 15, 100
TARGETS = {"--version": 2.0, "--help": 8.0, "trial ls": 9.0}


def run() -> list[Measurement]:
    """Measure the version, the help and a list of 100 trials against an empty script."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_trials(directory / ".aimd" / "trials", TRIALS)
        commands = {
            "floor": ["-c", "pass"],
            "--version": ["-m", "aimd_cli", "--version"],
            "--help": ["-m", "aimd_cli", "--help"],
            "trial ls": ["-m", "aimd_cli", "trial", "ls", str(directory)],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for round_number in range(ROUNDS + 1):
            for name, words in commands.items():
                seconds = cost(words, directory).cpu_s
                if round_number:
                    taken[name].append(seconds)
    cpu_s = {name: statistics.median(values) for name, values in taken.items()}
    floor = f"python -c pass ({cpu_s['floor'] * 1000:.1f} ms; ours {{:.1f}} ms)"
    shown = {"trial ls": f"trial ls of {TRIALS} trials"}
    return [
        Measurement(
            f"aimd {shown.get(name, name)}, CPU",
            cpu_s[name] / cpu_s["floor"],
            "x",
            target,
            floor.format(cpu_s[name] * 1e3),
        )
        for name, target in TARGETS.items()
    ]


if __name__ == "__main__":
    print(table(run()))
