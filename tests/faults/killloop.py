"""Kills recording processes with SIGKILL at random instants, and checks what they left. By hand:

    python -m tests.faults.killloop PLACE --kills 1000 --window logging --milliseconds 50 --seed 7

A recorder is forked off this process, with all modules loaded, so that a kill costs milliseconds; it creates a trial
and acknowledges each `log` that has returned through a pipe. A kill fails when an acknowledged point is not read back
exactly once and in order, when a complete line or document is damaged, or when the trial is not listed as it should be.

Windows: `logging` kills at a random instant after the first acknowledged point, `start` after the process's start, so
that the creation of the directory and its documents is hit; unless told, it is one and a half times what a start takes
here. The recorder captures git, output and, where psutil is, the system. Plants are bugs that this harness must catch.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NamedTuple

from aimd_core.format import documents, journal, process
from aimd_core.format.journal import Damage, JournalWriter, open_regular, read_records
from aimd_core.reading.documents import Trial, find_trials
from t9k import aimd
from t9k.aimd import captures

_ACKNOWLEDGEMENT = struct.Struct("<I")


class Kill(NamedTuple):
    """What one kill came to."""

    acknowledged: int
    recorded: int
    faults: list[str]


def plant_buffered_writer() -> None:
    """Plant the bug of a journal that is written through a buffer."""
    files: dict[str, IO[bytes]] = {}

    def append(self: JournalWriter, record: bytes) -> bool:
        if self.path not in files:
            # 64 KiB, because a small one is now and then just empty when the kill comes.
            files[self.path] = open(self.path, "ab", 1 << 16)  # noqa: SIM115 - it is never closed: that is the bug
        files[self.path].write(record)
        return True

    journal.JournalWriter.append = append  # type: ignore[method-assign]


def plant_writing_in_place() -> None:
    """Plant the bug of documents that are written bit by bit in their place."""

    def replace_file(path: str | Path, content: bytes, mode: int = 0o666, unsynced: object = None) -> None:
        with open(path, "wb", buffering=0) as file:
            for start in range(0, len(content), 16):
                file.write(content[start : start + 16])
                time.sleep(0.0002)

    for module in (documents, process, captures):
        module.replace_file = replace_file  # type: ignore[attr-defined]


PLANTS = {"buffered": plant_buffered_writer, "in-place": plant_writing_in_place}


def record_until_killed(place: Path, acknowledge: int) -> None:
    """Create a trial in `place` and log without end; `acknowledge` is the pipe."""
    os.chdir(place)
    trial = aimd.create_trial(trial_name="killed", trial_params={"lr": 0.1})
    step = 0
    while True:
        trial.log("train", {"value": step * 0.5, "same": 1.0}, step=step)
        os.write(acknowledge, _ACKNOWLEDGEMENT.pack(step))
        step += 1


def make_work_tree(place: Path) -> None:
    """Make `place` a git work tree with an uncommitted change, so that every recorder below it has git to capture."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    (place / "train.py").write_text("lr = 0.1\n")
    for words in (("init", "-q"), ("add", "train.py"), (*identity, "commit", "-qm", "Begin")):
        subprocess.run(["git", *words], cwd=place, check=True)
    (place / "train.py").write_text("lr = 0.2\n")


def kill_once(place: Path, window: str, delay_s: float) -> int:
    """Fork a recorder, kill it `delay_s` into the window, and return how many points it had acknowledged."""
    place.mkdir()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            record_until_killed(place, writing)
        finally:
            os._exit(1)
    os.close(writing)
    received = b""
    if window == "logging":
        received = os.read(reading, 1 << 16)
    deadline_s = time.monotonic() + delay_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        if select.select([reading], [], [], left_s)[0]:
            received += os.read(reading, 1 << 16)
    os.kill(child, signal.SIGKILL)
    while piece := os.read(reading, 1 << 16):
        received += piece
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError(f"the recorder ended by itself: {status}")
    return len(received) // _ACKNOWLEDGEMENT.size


def check(place: Path, acknowledged: int) -> Kill:
    """Say what is wrong with what a killed recorder left in `place`."""
    trials = find_trials(place)
    if not trials:
        return Kill(acknowledged, 0, ["no trial is listed"] if acknowledged else [])
    if len(trials) > 1:
        return Kill(acknowledged, 0, [f"{len(trials)} trials are listed"])
    return check_trial(trials[0], acknowledged)


def check_trial(trial: Trial, acknowledged: int) -> Kill:
    damage = Damage()
    points = []
    try:
        with open_regular(trial.path / "metrics") as file:
            points = [record["train"] for record in read_records(file, damage)]
    except FileNotFoundError:
        pass
    steps = [point["sequence"]["step"] for point in points]
    expected = "Killed" if (trial.path / "process.json").exists() else "Initializing"
    found = {
        f"{acknowledged} points acknowledged, {len(steps)} on disk": len(steps) < acknowledged,
        "the changes are not whole": _diff_is_cut(trial),
        "the points are not in order": steps != list(range(len(steps))),
        "a value has changed": any(p["value"] != {"value": p["sequence"]["step"] * 0.5, "same": 1.0} for p in points),
        f"{damage.lines} complete lines are damaged": damage.lines > 0,
        "the summary has other points": trial.totals.records != len(steps),
        f"the state is {trial.state.name}": trial.state.name != expected,
        f"the name is {trial.name}": trial.name != "killed",
        f"the parameters are {trial.parameters}": trial.parameters not in ({"lr": 0.1}, {}),
        f"the documents are damaged: {trial.damage}": any("missing" not in sentence for sentence in trial.damage),
        f"documents are missing: {trial.damage}": acknowledged > 0 and bool(trial.damage),
    }
    return Kill(acknowledged, len(steps), [fault for fault, is_there in found.items() if is_there])


def time_of_start_s(place: Path) -> float:
    """Return how long a recorder takes from its start to its first acknowledged point, the median of some."""
    taken_s = []
    for number in range(5):
        began_s = time.monotonic()
        kill_once(place / f"timed{number}", "logging", 0.0)
        taken_s.append(time.monotonic() - began_s)
    return sorted(taken_s)[2]


def _diff_is_cut(trial: Trial) -> bool:
    diff = trial.path / "git.diff"
    return diff.exists() and not diff.read_text().endswith("+lr = 0.2\n")


def run(place: Path, kills: int, window: str, window_s: float | None, seed: int) -> dict[str, object]:
    """Kill `kills` recorders and return the totals, and what was wrong with the first few that failed."""
    source = random.Random(seed)
    if window_s is None:
        window_s = 1.5 * time_of_start_s(place)
    outcomes = []
    for number in range(kills):
        delay_s = source.uniform(0.0, window_s)
        acknowledged = kill_once(place / str(number), window, delay_s)
        outcomes.append(check(place / str(number), acknowledged))
    failed = [kill for kill in outcomes if kill.faults]
    return {
        "seed": seed,
        "kills": kills,
        "before_the_first_point": sum(not kill.acknowledged for kill in outcomes),
        "acknowledged": sum(kill.acknowledged for kill in outcomes),
        "recorded": sum(kill.recorded for kill in outcomes),
        "failed": len(failed),
        "faults": [kill.faults for kill in failed[:5]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("place", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--window", choices=["logging", "start"], default="logging")
    parser.add_argument("--milliseconds", type=float)
    parser.add_argument("--plant", choices=sorted(PLANTS))
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    arguments = parser.parse_args()
    if arguments.plant:
        PLANTS[arguments.plant]()
    make_work_tree(arguments.place)
    _ = aimd.create_trial, aimd.Trial  # loaded once, before the first fork
    window_s = arguments.milliseconds / 1000 if arguments.milliseconds else None
    totals = run(arguments.place, arguments.kills, arguments.window, window_s, arguments.seed)
    sys.stdout.write(json.dumps(totals) + "\n")


if __name__ == "__main__":
    main()
