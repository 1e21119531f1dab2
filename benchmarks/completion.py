"""The CPU time of a completion. Repeat with: `python -m benchmarks.completion`.

Each command runs in a fresh interpreter as the installed `aimd` does, in a directory with 10,000 trials whose ids,
folders, parameters and metrics are in the cache. The commands take turns with `python -c pass`, and the medians over
the rounds of user and system time are compared. The first round fills the caches and does not count.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.measurement import Measurement, table
from benchmarks.processes import cost

ROUNDS = 31
TRIALS = 10_000
TARGET = 2.0
HOST = "https://aimd.example/t9k"
LINES = {
    "TAB: a command": ["tri"],
    "TAB: one of 10,000 trial names": ["trial", "upload", "-n", "run_1234"],
    "TAB: all of 10,000 trial names": ["trial", "upload", "-n", ""],
    "TAB: one of 10,000 ids": ["trial", "upload", "-n", "0000123"],
    "TAB: one of 10,000 folders": ["trial", "upload", "-P", "vision/run1234"],
}


def prepare(place: Path) -> dict[str, str]:
    """Create the trials, the cache and the config file, and return the environment that uses them."""
    environment = {**os.environ, "HOME": str(place), "XDG_CACHE_HOME": str(place / "cache")}
    names = [f"run_{number:05d}_261123_{number % 86400 % 240000:06d}_{number:06x}" for number in range(TRIALS)]
    for name in names:
        (place / ".aimd" / "trials" / name).mkdir(parents=True)
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        from aimd_cli.completion.cache import remember, remember_folders

        ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(TRIALS)]
        remember(place, list(zip(names, ids, strict=True)), ["lr", "batch_size"], ["train.loss", "val.acc"])
        remember_folders(HOST, [f"/vision/run{number}" for number in range(TRIALS)])
    finally:
        os.environ.clear()
        os.environ.update(before)
    config = place / ".t9k" / "t9k-sdk-config.yaml"
    config.parent.mkdir()
    config.write_text(f"aimd_host: {HOST}\n")
    for variable in ("AIMD_HOST", "AIMD_API_KEY", "T9K_CONFIG"):
        environment.pop(variable, None)
    return environment


def run() -> list[Measurement]:
    """Measure each line against an empty script."""
    codes = {"floor": "pass"}
    for name, words in LINES.items():
        arguments = ["aimd", "__complete", "zsh", *words]
        codes[name] = f"import sys; sys.argv = {arguments!r}; from aimd_cli.__main__ import main; main()"
    taken: dict[str, list[float]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory(prefix="aimd-completion-") as directory:
        place = Path(directory)
        environment = prepare(place)
        for round_number in range(ROUNDS + 1):
            for name, code in codes.items():
                words = ["-c", f"import os; os.chdir({directory!r}); {code}"]
                seconds = cost(words, environment).cpu_s
                if round_number:
                    taken[name].append(seconds)
    floor_s = statistics.median(taken["floor"])
    floor = f"python -c pass ({floor_s * 1000:.1f} ms)"
    return [Measurement(name, statistics.median(taken[name]) / floor_s, "x", TARGET, floor) for name in LINES]


if __name__ == "__main__":
    print(table(run()))
