"""One trial, every reader: all say the same of it, with a fresh, a stale and no cache."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from aimd_core.format import process
from tests.support import readers
from tests.support.home import Home
from tests.support.trials import record, write_trial

NAME = "cnn_keras_261123_150327_f9by70"
ALIVE = process.capture()
GONE = {**ALIVE, "process_start": 1}
ELSEWHERE = {**ALIVE, "host": "another"}


def change_metadata(path: Path, **changes: object) -> None:
    file = path / "metadata.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}, sort_keys=False))


def running(path: Path) -> None:
    """It goes on."""


def ended(written: str, /, **ending: object) -> Callable[[Path], None]:
    def end(path: Path) -> None:
        times = {"endTime": "2026-11-23T16:00:00.000001+00:00"} if written != "Running" else {}
        change_metadata(path, status=written, **times, **({"_exit": ending} if ending else {}))

    return end


def killed(path: Path) -> None:
    (path / "process.json").write_text(json.dumps(GONE))


def lost(path: Path) -> None:
    (path / "process.json").write_text(json.dumps(ELSEWHERE))
    for file in ("", *os.listdir(path)):
        os.utime(path / file, (time.time() - 7300, time.time() - 7300))


def damaged(path: Path) -> None:
    (path / "metadata.yaml").write_text("metadata: [\n")


def diverged(path: Path) -> None:
    with (path / "metrics").open("ab") as journal:
        journal.write(record(3, float("nan")) + record(4, float("inf")))


KINDS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "running": (running, "Running", ""),
    "succeeded": (ended("Succeeded"), "Succeeded", ""),
    "failed": (ended("Failed"), "Failed", ""),
    "exception": (
        ended("Failed", kind="exception", exception="ValueError", message="bad shape"),
        "Failed",
        "ValueError: bad shape",
    ),
    "signal": (ended("Running", kind="signal", signal="SIGTERM"), "Interrupted", "SIGTERM"),
    "exit": (ended("Running", kind="exit", status=3), "Interrupted", "exit status 3"),
    "unfinished": (ended("Running", kind="unfinished"), "Interrupted", "ended without finish()"),
    "killed": (killed, "Killed", "its process is gone"),
    "lost": (lost, "Lost", "nothing written for 2 h"),
    "damaged": (damaged, "Initializing", ""),
    "diverged": (diverged, "Running", ""),
}


@pytest.fixture
def trial(home: Home) -> Path:
    return write_trial(home.work, NAME, process=ALIVE, metrics=record(1) + record(2, 0.25))


@pytest.mark.parametrize("cache", ["fresh", "stale", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_readers_say_the_same(
    home: Home, trial: Path, kind: str, cache: str, monkeypatch: pytest.MonkeyPatch, cache_home: Path
) -> None:
    become, state, reason = KINDS[kind]
    if cache == "stale":
        home.aimd("trial", "ls", home.work)  # as it was before
    become(trial)
    if cache == "fresh":
        home.aimd("trial", "ls", home.work)
    elif cache == "none":
        shutil.rmtree(cache_home, ignore_errors=True)
        cache_home.write_text("a file, so that no cache can be made")
    told = readers.told_by_all(home, trial)
    assert readers.disagreements(told) == []
    assert (told["ls --json"].state, told["ls --json"].reason) == (state, reason)


def test_a_reader_that_derives_a_state_by_itself_is_found(
    home: Home, trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted disagreement: a reader that does not look at `_exit`, as the index once did."""
    ended("Running", kind="signal", signal="SIGTERM")(trial)
    killed(trial)
    monkeypatch.setattr("aimd_core.reading.directory.ending_of", lambda metadata: None)
    assert re.match("state: .*'Killed'.*'Interrupted'", readers.disagreements(readers.told_by_all(home, trial))[0])
