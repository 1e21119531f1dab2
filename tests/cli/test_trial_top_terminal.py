"""The live screen in a real terminal, on a real training that records while it is looked at."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from t9k import aimd
from tests.support.home import Home
from tests.support.live import Terminal

TRAINING = """
import sys, time
from t9k import aimd
trial = aimd.create_trial(trial_name="growing")
trial.params.update({"lr": 0.1})
for step in range(1, 100000):
    trial.log("train", {"loss": 1 / step}, step=step)
    print(f"step {step} done", flush=True)
    time.sleep(0.05)
"""


@pytest.fixture
def training(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        yield run
        run.kill()


def opened(home: Home, columns: int, rows: int, *words: str, **environment: str) -> Terminal:
    settings = {"HOME": str(home.path), "XDG_CACHE_HOME": str(home.path / "cache"), "TERM": "screen-256color"}
    return Terminal(columns, rows, home.work, "--interval", "0.3", *words, **settings, **environment)


def last_step(terminal: Terminal) -> int:
    shown = terminal.sees("step ", " done")
    return max(int(part.split()[0]) for part in shown.split("step ")[1:] if part.split()[1:2] == ["done"])


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_a_training_is_watched_from_its_first_step_to_its_end(
    training: subprocess.Popen[bytes], home: Home, columns: int, rows: int
) -> None:
    terminal = opened(home, columns, rows, COLUMNS="77", LINES="33")  # as some shells export
    try:
        shown = terminal.sees("growing", "● 1 running", "train.loss of growing", "┤", "done", "? help")
        assert len(shown.splitlines()) <= rows
        before = last_step(terminal)
        while last_step(terminal) <= before:
            pass
        terminal.resize(60, 20)
        terminal.sees("growing", "train.loss of growing")
        terminal.resize(40, 12)
        terminal.sees("growing", "q quit")
        terminal.resize(columns, rows)
        terminal.sees("done")
        training.kill()
        training.wait()
        terminal.sees("† 1 killed")
        terminal.send("?")
        terminal.sees("reverse the order")
        terminal.send("q")
        terminal.sees("† 1 killed", "? help")
        terminal.send("q")
        assert "killed" not in terminal.sees("ended with 0")  # and the terminal is as it was
    finally:
        terminal.close()


def test_without_colour_there_is_none_and_the_selected_one_is_still_seen(
    training: subprocess.Popen[bytes], home: Home
) -> None:
    terminal = opened(home, 100, 30, NO_COLOR="1")
    try:
        terminal.sees("● 1 running", "train.loss of growing")
        shown = terminal.colored
        selected = next(line for line in shown.splitlines() if "Running" in line)
        assert re.search(r"\x1b\[([0-9]+;)*7m", selected)
        assert not re.search(r"\x1b\[([0-9]+;)*(3[0-8]|4[0-8]|9[0-9]|10[0-9])[;m]", shown)
    finally:
        terminal.close()


def test_in_ascii_nothing_but_ascii_is_drawn(training: subprocess.Popen[bytes], home: Home) -> None:
    terminal = opened(home, 100, 30, PYTHONIOENCODING="ascii", LC_ALL="C")
    try:
        assert terminal.sees("* 1 running", "train.loss of growing", "? help").isascii()
        terminal.send("?")
        assert terminal.sees("reverse the order").isascii()
        terminal.send("q", "s")
        assert terminal.sees("Sort by").isascii()
    finally:
        terminal.close()


def test_a_termination_leaves_the_terminal_in_order(training: subprocess.Popen[bytes], home: Home) -> None:
    terminal = opened(home, 80, 24)
    try:
        terminal.sees("● 1 running")
        found = subprocess.run(["pgrep", "-f", "aimd_cli trial top --interval 0.3.*"], capture_output=True, text=True)
        for process in found.stdout.split():
            if str(home.path) in Path(f"/proc/{process}/environ").read_text():
                subprocess.run(["kill", "-TERM", process], check=True)
        assert "running" not in terminal.sees("ended with 0")
        terminal.send("echo back", "Enter")
        terminal.sees("back")
    finally:
        terminal.close()


def test_keys_typed_ahead_go_where_the_first_of_them_leads(home: Home) -> None:
    for name in ("dried", "resnet", "ruby"):
        with aimd.create_trial(trial_name=name) as trial:
            trial.log("train", {"loss": 1.0}, step=1)
    terminal = opened(home, 80, 24)
    try:
        terminal.sees("3 trials", "? help")
        terminal.send("/", "r", "u", "b")  # at once, as they arrive over a slow line
        terminal.sees("where rub", "1 of 3")
        terminal.send("Escape")
        terminal.sees("3 trials")
        terminal.send("s", "n", "a", "m", "Enter", "/", "d", "r", "i")
        terminal.sees("where dri", "NAME ▲", "1 of 3")
        terminal.send("BSpace", "BSpace", "BSpace", "r", "e", "s", "Enter", "?")
        terminal.sees("reverse the order")
        terminal.send("q", "q")
        terminal.sees("ended with 0")
    finally:
        terminal.close()
