"""What starting the terminal application costs in CPU time. Again: `python -m benchmarks.startup`.

Of an installed wheel: `AIMD_BENCH_PYTHON=/path/to/its/venv/bin/python python -m benchmarks.startup`.

Each command runs in a fresh interpreter, output thrown away; they take turns, and the median over the rounds is
compared with `python -c pass`. The first round fills the caches and does not count. The remote list asks a real server,
over loopback, in a process of its own, which holds the same trials.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from aimd_core.config import Credentials
from aimd_core.reading.selection import trials_in
from aimd_core.upload import Destination, upload_all
from aimd_core.upload.remote import CurrentRemote
from benchmarks.listing import cost_in, write_trials
from benchmarks.measurement import Measurement, table
from tests.support.server import RunningServer

ROUNDS, TRIALS = 15, 100
TARGETS = {
    **{"--version": 2.0, "--help": 5.0, "trial ls": 7.0, "trial ls --remote": 14.0},
    **{"trial describe --remote": 16.0, "trial plot --remote": 16.0},
}


def upload_everything(directory: Path, url: str, key: str) -> None:
    """Put the trials of a directory on a server."""
    credentials = Credentials(url, key, {})
    destination = Destination(folder_path="bench", make_folder=True)
    for result in upload_all(lambda: CurrentRemote(credentials), trials_in(directory), destination, 4):
        if result.error is not None:
            raise result.error


def run() -> list[Measurement]:
    """Measure the version, the help and a list of 100 trials against an empty script."""
    with tempfile.TemporaryDirectory() as name, RunningServer(Path(name) / "server") as server:
        directory = Path(name)
        write_trials(directory / ".aimd" / "trials", TRIALS)
        key = server.new_user("ann")
        upload_everything(directory, server.url, key)
        commands = {
            "floor": ["-c", "pass"],
            "--version": ["-m", "aimd_cli", "--version"],
            "--help": ["-m", "aimd_cli", "--help"],
            "trial ls": ["-m", "aimd_cli", "trial", "ls", str(directory)],
            "trial ls --remote": ["-m", "aimd_cli", "trial", "ls", "--remote"],
            "trial describe --remote": ["-m", "aimd_cli", "trial", "describe", "--remote", "run-7"],
            "trial plot --remote": ["-m", "aimd_cli", "trial", "plot", "--remote", "run-7"],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for round_number in range(ROUNDS + 1):
            for name, words in commands.items():
                seconds = cost_in(directory, words, AIMD_HOST=server.url, AIMD_API_KEY=key).cpu_s
                if round_number:
                    taken[name].append(seconds)
    cpu_s = {name: statistics.median(values) for name, values in taken.items()}
    floor = f"python -c pass ({cpu_s['floor'] * 1000:.1f} ms; ours {{:.1f}} ms)"
    shown = {name: f"{name} of {TRIALS} trials" for name in commands if name.startswith("trial ls")}
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
