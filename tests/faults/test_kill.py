"""R1: what `log` has returned from survives kill -9 at any instant. The harness itself is killloop.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripts import script_environment


def kill(place: Path, kills: int, window: str, milliseconds: float | None, plant: str = "") -> dict[str, Any]:
    """Run the harness in a process of its own, because it forks."""
    words = [str(place), "--kills", str(kills), "--window", window]
    if milliseconds:
        words += ["--milliseconds", str(milliseconds)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.killloop", *words, *(["--plant", plant] if plant else [])],
        env=script_environment(place, GIT_CEILING_DIRECTORIES=str(place.parent)),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    totals: dict[str, Any] = json.loads(done.stdout)
    return totals


def test_a_recorder_that_is_killed_while_it_logs_loses_nothing(tmp_path: Path) -> None:
    totals = kill(tmp_path, 40, "logging", 50)
    assert totals["failed"] == 0, totals
    assert totals["acknowledged"] > 40, totals


def test_a_recorder_that_is_killed_while_it_starts_leaves_nothing_broken(tmp_path: Path) -> None:
    totals = kill(tmp_path, 40, "start", None)
    assert totals["failed"] == 0, totals
    assert 0 < totals["before_the_first_point"] < 40, totals


def test_the_harness_catches_a_writer_with_a_buffer_in_most_kills(tmp_path: Path) -> None:
    totals = kill(tmp_path, 20, "logging", 50, plant="buffered")
    assert totals["failed"] > 12, totals


def test_the_harness_catches_documents_that_are_written_in_place(tmp_path: Path) -> None:
    totals = kill(tmp_path, 40, "start", None, plant="in-place")
    assert totals["failed"] > 0, totals


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("window", "milliseconds"), [("logging", 50), ("start", None), ("start", 500)])
def test_a_thousand_kills_lose_nothing(window: str, milliseconds: float | None, tmp_path: Path) -> None:
    totals = kill(tmp_path, 1000, window, milliseconds)
    assert totals["failed"] == 0, totals
