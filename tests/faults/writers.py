"""Many processes that log into one trial at once. By hand: python -m tests.faults.writers PLACE 8 5000 [--plant]

Prints the trial's directory. The plant is a writer that looks for the end of the file and then writes there.
"""

from __future__ import annotations

import os
import sys

from aimd_core.format.journal import JournalWriter
from t9k import aimd


def plant_seek_then_write() -> None:
    """Plant the bug of a writer without O_APPEND, each process with a descriptor of its own."""
    descriptors: dict[int, int] = {}

    def append(self: JournalWriter, record: bytes) -> bool:
        process = os.getpid()
        if process not in descriptors:
            descriptors[process] = os.open(self.path, os.O_WRONLY)
        os.lseek(descriptors[process], 0, os.SEEK_END)
        os.write(descriptors[process], record)
        return True

    JournalWriter.append = append  # type: ignore[method-assign]


def main() -> None:
    place, processes, points, *plant = sys.argv[1:]
    if plant:
        plant_seek_then_write()
    os.chdir(place)
    trial = aimd.create_trial(trial_name="shared")
    started, gate = os.pipe()
    children = []
    for number in range(int(processes)):
        child = os.fork()
        if not child:
            os.close(gate)
            os.read(started, 1)  # until all are there
            for step in range(int(points)):
                values = {"loss": step * 0.5, "accuracy": step * 0.25, "learning_rate": 0.001, "gradient_norm": 1.5}
                trial.log(f"worker{number}", values, step=step, epoch=1)
            os._exit(0)
        children.append(child)
    os.close(gate)
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise SystemExit("a writer failed")
    sys.stdout.write(f"{trial.path}\n")


if __name__ == "__main__":
    main()
