"""R2: a journal that is cut at any byte costs the record that was cut, and the next writer begins on a new line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from aimd_core.format import journal
from aimd_core.format.journal import Damage, JournalWriter, open_regular, read_records
from t9k import aimd
from tests.server.api import whole_records
from tests.support.trials import record

BEFORE = 4  # records in front of the cut ones


def contents() -> bytes:
    odd = record(6, name="naïve \U0001f680 name", value=float("nan"))
    return b"".join(record(step) for step in range(BEFORE)) + record(4) + record(5, value=1e-300) + odd


def steps_of(path: Path) -> tuple[list[int], Damage]:
    damage = Damage()
    with open_regular(path) as file:
        steps = [point["sequence"]["step"] for one in read_records(file, damage) for point in one.values()]
    return steps, damage


def faults_of_cuts(place: Path) -> list[str]:
    """Cut the journal at every byte of its last three records, log on, and say what is wrong afterwards."""
    content = contents()
    first = len(b"".join(record(step) for step in range(BEFORE)))
    faults = []
    for cut in range(first, len(content) + 1):
        path = place / f"metrics-{cut}"
        path.write_bytes(content[:cut])
        whole = whole_records(content, cut)
        steps, damage = steps_of(path)
        if steps != list(range(whole)) or damage.lines:
            faults.append(f"cut at {cut}: read {steps}, damaged lines {damage.numbers}")
        writer = JournalWriter(str(path))
        writer.append(record(100))
        writer.append(record(101))
        writer.close()
        steps, damage = steps_of(path)
        is_torn = content[cut - 1 : cut] != b"\n" and whole_records(content, cut) == content[:cut].count(b"\n")
        if steps != [*range(whole), 100, 101] or damage.lines != is_torn:
            faults.append(f"cut at {cut}, logged on: read {steps}, damaged lines {damage.numbers}")
        if not path.read_bytes().startswith(content[:cut]):
            faults.append(f"cut at {cut}: what was there has changed")
    return faults


def test_a_cut_at_any_byte_of_the_last_three_records_costs_the_cut_one_only(tmp_path: Path) -> None:
    assert faults_of_cuts(tmp_path) == []


def test_the_harness_catches_a_writer_that_goes_on_in_the_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_SALVAGE_TRIES", 1)  # a reader that does not look behind a torn line
    assert faults_of_cuts(tmp_path) == []
    monkeypatch.setattr(journal.JournalWriter, "_ends_torn", lambda self, size_bytes: False)
    assert faults_of_cuts(tmp_path)


@pytest.mark.soak
def test_a_trial_that_is_cut_anywhere_can_always_be_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trial = aimd.create_trial(trial_name="a", capture_output=False, capture_system=False)
    for step in range(200):
        trial.log("train", {"loss": step * 0.5}, step=step)
    trial.finish()
    content = (trial.path / "metrics").read_bytes()
    for cut in random.Random(7).sample(range(len(content)), 500):
        (trial.path / "metrics").write_bytes(content[:cut])
        with aimd.load_trial(trial_path=trial.path) as again:
            again.log("train", {"loss": 1.0}, step=1000)
        steps, damage = steps_of(trial.path / "metrics")
        assert steps == [*range(whole_records(content, cut)), 1000], cut
        assert damage.lines <= 1, cut
