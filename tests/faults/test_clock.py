"""A clock that is set back in mid run costs no point, no order and no state; syncs go by a clock that is never set."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import pytest

from aimd_core.format import journal
from aimd_core.reading.documents import Trial
from t9k import aimd
from t9k.aimd import trial as trial_module


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIMD_CAPTURE_SYSTEM", "0")
    monkeypatch.setenv("AIMD_CAPTURE_GIT", "0")


class Clock:
    """The wall clock as the journal asks for it, which can be set."""

    def __init__(self) -> None:
        self.offset_s = 0

    def __call__(self) -> int:
        return time.time_ns() + self.offset_s * 1_000_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(trial_module, "_time_ns", clock)
    return clock


@pytest.mark.parametrize("offset_s", [-1, -3600, -86_400 * 365 * 20, 3600, 86_400 * 365 * 50])
def test_a_clock_that_jumps_costs_nothing(offset_s: int, clock: Clock) -> None:
    with aimd.create_trial(trial_name="a") as trial:
        for step in range(30):
            clock.offset_s = offset_s if 10 <= step < 20 else 0
            trial.log("train", {"loss": step * 0.5}, step=step)
    points = trial.metrics["train"]
    assert [point["sequence"]["step"] for point in points] == list(range(30))
    times = [datetime.datetime.fromisoformat(point["sequence"]["timestamp"]) for point in points]
    there = times[15] - times[9]
    assert abs(there.total_seconds() - offset_s) < 60, "the time stamp is what the clock said"
    assert abs((times[25] - times[9]).total_seconds()) < 60
    assert Trial(trial.path).state.name == "Succeeded"


def count_syncs(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> int:
    """Log with the clock set back before each point, and count how often the journal is forced to the disk."""
    syncs: list[int] = []
    monkeypatch.setattr(journal, "sync_data", lambda descriptor: syncs.append(descriptor))
    monkeypatch.setattr(journal, "SYNC_INTERVAL_S", 0.0)
    with aimd.create_trial(trial_name="a") as trial:
        for step in range(20):
            clock.offset_s -= 100
            trial.log("train", {"loss": 1.0}, step=step)
        return len(syncs)


def test_points_are_synced_though_the_clock_runs_backwards(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_syncs(monkeypatch, clock) == 20


def test_the_harness_catches_syncs_that_go_by_the_wall_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class WallClock:
        monotonic = staticmethod(lambda: clock() / 1e9)

    monkeypatch.setattr(journal, "time", WallClock)
    assert count_syncs(monkeypatch, clock) < 20
