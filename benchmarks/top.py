"""Keys of the live screen (Textual), typed on a pseudo-terminal: `python -m benchmarks.top`.

A key is written to the terminal of `aimd trial top` over 10,000 finished trials; its answer is over when nothing more
has come for 20 ms, or 150 ms where the list changes, which is not counted. The memory is that of the same screen over
100,000 trials, once all are read.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from benchmarks.listing import write_trials
from benchmarks.measurement import Measurement, table
from benchmarks.processes import PYTHON

TRIALS, MANY, ROWS, COLUMNS = 10_000, 100_000, 50, 160
REPEATS, QUIET_S, PATIENCE_S = 15, 0.02, 600.0
LISTED_S = 0.15  # a list may come some time after the letter that it is for; the cursor blinks each half second
DOWN, PAGE, RIGHT = b"j", b"\x1b[6~", b"l"
# What is typed, and what puts the screen into the state for it.
KEYS = (
    ("down", b"", DOWN),
    ("a page", b"", PAGE),
    ("last and first", b"", b"Gg"),
    ("mark", b"", b" "),
    ("charts: cursor", b"2", RIGHT),
    ("charts: next", b"2", DOWN),
    ("charts: other trial", b"2\t\t", DOWN),
    ("a letter of a filter", b"/", b"1"),
)


class Screen:
    """A live screen on a pseudo-terminal."""

    def __init__(self, directory: Path) -> None:
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", XDG_CACHE_HOME=str(directory / "cache"), LANG="C.UTF-8")
            os.execv(PYTHON, [PYTHON, "-m", "aimd_cli", "trial", "top", str(directory)])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def until(self, text: str) -> None:
        """Wait until a text has come."""
        seen, end_s = b"", time.monotonic() + PATIENCE_S
        while text.encode() not in seen:
            if time.monotonic() > end_s:
                raise TimeoutError(f"{text!r} did not come")
            if select.select([self.terminal], [], [], 1)[0]:
                seen = seen[-100_000:] + os.read(self.terminal, 1 << 16)

    def settle(self, quiet_s: float = 0.4) -> None:
        """Wait until nothing comes."""
        while select.select([self.terminal], [], [], quiet_s)[0]:
            os.read(self.terminal, 1 << 16)

    def answer_s(self, keys: bytes, quiet_s: float = QUIET_S) -> float:
        """Type keys, and return how long until the last of what they change has come."""
        began_s = last_s = time.monotonic()
        os.write(self.terminal, keys)
        wait_s = 1.0  # for the first byte
        while select.select([self.terminal], [], [], wait_s)[0]:
            os.read(self.terminal, 1 << 16)
            last_s, wait_s = time.monotonic(), quiet_s
        return last_s - began_s

    @property
    def cpu_s(self) -> float:
        """The CPU time that the process has taken."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def rss_mib(self) -> float:
        """The memory that the process has now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def close(self) -> None:
        """Quit."""
        os.write(self.terminal, b"\x1bq")
        time.sleep(0.2)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def run(count: int = TRIALS, many: int = MANY) -> list[Measurement]:
    """Measure the answers to keys, and the memory."""
    measurements = []
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as made:
        place = Path(made, "trials")
        place.mkdir()
        write_trials(place, count)
        for name, before, keys in KEYS if count else ():
            screen = Screen(place)
            screen.until(f"{count:,} trials")
            screen.settle()
            if before:
                screen.answer_s(before)
                screen.settle()
            answers, began_cpu_s = [], screen.cpu_s
            for _ in range(REPEATS):
                answers.append(
                    screen.answer_s(keys, LISTED_S if before == b"/" else QUIET_S) * 1000 / (2 if keys == b"Gg" else 1)
                )
                screen.settle(0.1)
            cpu_ms = (screen.cpu_s - began_cpu_s) * 1000 / REPEATS / (2 if keys == b"Gg" else 1)
            screen.close()
            answers.sort()
            told = f"worst {answers[-1]:.0f} ms of {REPEATS}; {cpu_ms:.0f} ms of CPU with the drawing that follows"
            shown = f"top, {count:,} trials: {name}"
            measurements.append(Measurement(shown, statistics.median(answers), "ms", 50, told))
    if many:
        measurements.append(_memory(many))
    return measurements


def _memory(count: int) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="aimd-bench-") as made:
        place = Path(made, "trials")
        place.mkdir()
        write_trials(place, count)
        screen = Screen(place)
        screen.until(f"{count:,} trials")
        deadline_s, before = time.monotonic() + PATIENCE_S, 0.0
        while time.monotonic() < deadline_s and (now := screen.rss_mib) > before:  # until all are read
            before = now
            end_s = time.monotonic() + 15
            while time.monotonic() < end_s:
                screen.settle(1.0)
        screen.close()
    return Measurement(f"top, {count:,} trials: memory", before, "MiB", 150, "VmRSS")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(table(run(*numbers)))
