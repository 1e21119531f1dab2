"""R3: each system call of the recorder fails at its N-th call, by strace; training ends as it would without us."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aimd_core.format.journal import Damage, open_regular, read_records
from aimd_core.reading.documents import Trial, find_trials
from tests.support.parts import can_trace, require_part
from tests.support.scripts import run_script

POINTS = 6
TRAINING = """
import sys
from pathlib import Path
from t9k.aimd import create_trial, creation

def fixed(place, name):  # so that strace can be told the journal's path
    path = Path(sys.argv[1])
    path.mkdir(parents=True)
    return path

creation.new_trial_directory = fixed
{plant}
trial = create_trial(trial_name="a")
for step in range(6):
    trial.log("train", {{"loss": step * 0.5}}, step=step)
trial.params.lr = 0.1
print("trained")
trial.finish()
sys.exit(7)
"""
RAISES = """
import os
from aimd_core.format.journal import JournalWriter
JournalWriter.append = lambda self, record: os.write(self._descriptor, record)
"""
# In the order of the calls: process.json, parameters, metadata; Running; parameters; Succeeded.
RENAMES_OF_CREATION, RENAMES = 3, 6
FSYNCS_AT_FIRST, FSYNCS = 7, 11  # the three documents and four directories; parameters; Succeeded


class Ran:
    """A training run under strace and what it left."""

    def __init__(
        self, place: Path, call: str, fault: str, when: str, on_journal: bool, plant: str = "", file: str = "metrics"
    ) -> None:
        require_part("strace", can_trace())
        self.path = place / ".aimd" / "trials" / "a_261123_150327_f9by70"
        watched = ("-P", str(self.path / file)) if on_journal else ()
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}")
        trace = ("strace", "-qq", *watched, *inject, "-o", str(place / "strace.txt"))
        self.done: subprocess.CompletedProcess[str] = run_script(
            TRAINING.format(plant=plant), place, str(self.path), wrapper=trace
        )
        self.was_injected = "INJECTED" in (place / "strace.txt").read_text()
        self.damage = Damage()

    @property
    def steps(self) -> list[int]:
        self.damage = Damage()
        with open_regular(self.path / "metrics") as file:
            return [record["train"]["sequence"]["step"] for record in read_records(file, self.damage)]

    @property
    def receipt(self) -> tuple[int, int]:
        found = re.search(r"logged (\d+), on disk (\d+)", self.done.stderr)
        assert found, self.done.stderr
        return int(found[1]), int(found[2])

    def check_training(self) -> None:
        """Check that training ended with its own status, and that the fault was told once."""
        assert self.was_injected
        assert self.done.returncode == 7, self.done.stderr
        assert self.done.stderr.count("WARNING") == 1, self.done.stderr


@pytest.mark.parametrize(
    ("error", "when", "lost"),
    [
        ("ENOSPC", "1", {0}),
        ("ENOSPC", "3+", {2, 3, 4, 5}),
        ("EIO", "2", {1}),
        ("EDQUOT", "6", {5}),
        ("EROFS", "1+", {0, 1, 2, 3, 4, 5}),
    ],
)
def test_a_write_that_fails_costs_its_point_and_the_next_one_is_whole(
    error: str, when: str, lost: set[int], tmp_path: Path
) -> None:
    ran = Ran(tmp_path, "write", f"error={error}", when, on_journal=True)
    ran.check_training()
    assert ran.steps == sorted(set(range(POINTS)) - lost)
    assert not ran.damage
    assert ran.receipt == (POINTS, POINTS - len(lost))
    assert Trial(ran.path).status == "Succeeded"


def test_the_harness_catches_a_writer_that_lets_the_error_through(tmp_path: Path) -> None:
    ran = Ran(tmp_path, "write", "error=ENOSPC", "2", on_journal=True, plant=RAISES)
    assert (ran.was_injected, ran.done.returncode) == (True, 1)


def test_a_write_that_takes_nothing_is_done_again(tmp_path: Path) -> None:
    ran = Ran(tmp_path, "write", "retval=0", "2", on_journal=True)
    assert (ran.was_injected, ran.done.returncode) == (True, 7)
    assert ran.steps == list(range(POINTS))
    assert not ran.damage


@pytest.mark.parametrize("claimed", [1, 7, 60])
def test_a_write_that_lies_about_its_count_costs_that_point_only(claimed: int, tmp_path: Path) -> None:
    ran = Ran(tmp_path, "write", f"retval={claimed}", "3", on_journal=True)
    assert (ran.was_injected, ran.done.returncode) == (True, 7)
    assert ran.steps == [0, 1, 3, 4, 5]
    assert ran.damage.numbers == [3]


@pytest.mark.parametrize("when", ["1", "2", "1+"])
def test_a_sync_that_fails_is_told_and_puts_the_receipt_in_doubt(when: str, tmp_path: Path) -> None:
    ran = Ran(tmp_path, "fdatasync", "error=EIO", when, on_journal=False)
    ran.check_training()
    assert ran.steps == list(range(POINTS))
    assert ran.receipt == (POINTS, POINTS)
    assert "a power cut may lose some" in ran.done.stderr


def test_a_close_that_fails_is_told_and_puts_the_receipt_in_doubt(tmp_path: Path) -> None:
    ran = Ran(tmp_path, "close", "error=EDQUOT", "2", on_journal=True)  # the first frees a low number
    ran.check_training()
    assert ran.steps == list(range(POINTS))
    assert "a power cut may lose some" in ran.done.stderr
    assert Trial(ran.path).status == "Succeeded"


@pytest.mark.parametrize("when", range(RENAMES_OF_CREATION + 1, RENAMES + 1))
def test_a_rename_that_fails_leaves_an_old_document_and_all_points(when: int, tmp_path: Path) -> None:
    ran = Ran(tmp_path, "rename", "error=EIO", str(when), on_journal=False)
    ran.check_training()
    assert ran.steps == list(range(POINTS))
    trial = Trial(ran.path)
    assert trial.status == ("Running" if when == RENAMES else "Succeeded")
    assert trial.parameters == {"lr": 0.1}
    assert trial.damage == []
    assert sorted(path.name for path in ran.path.iterdir()) == [
        "metadata.yaml",
        "metrics",
        "parameters.yaml",
        "process.json",
        "stdout.log",
    ]


@pytest.mark.parametrize("when", [1, FSYNCS_AT_FIRST + 1, FSYNCS - 1])
def test_a_document_that_cannot_be_synced_is_not_put_in_place(when: int, tmp_path: Path) -> None:
    ran = Ran(tmp_path, "fsync", "error=EIO", str(when), on_journal=False)
    ran.check_training()
    assert ran.steps == list(range(POINTS))
    assert Trial(ran.path).damage == []


@pytest.mark.parametrize(
    ("call", "error", "when"),
    [("rename", "EIO", "1"), ("rename", "ENOSPC", "3"), ("openat", "EMFILE", "1")],
)
def test_a_trial_that_cannot_be_made_is_one_clear_error_and_leaves_nothing(
    call: str, error: str, when: str, tmp_path: Path
) -> None:
    ran = Ran(tmp_path, call, f"error={error}", when, on_journal=call == "openat")
    assert (ran.was_injected, ran.done.returncode) == (True, 1)
    error_line, advice = ran.done.stderr.splitlines()[-2:] if sys.version_info >= (3, 11) else (ran.done.stderr,) * 2
    assert "DiskError: " in error_line
    assert "cannot make a trial here" in error_line
    assert "Choose a directory" in advice or sys.version_info < (3, 11)  # from 3.11 on, a note of the error
    assert find_trials(tmp_path) == []


@pytest.mark.parametrize(("call", "error"), [("openat", "EACCES"), ("openat", "EMFILE"), ("write", "ENOSPC")])
def test_an_output_log_that_cannot_be_written_costs_nothing_else(call: str, error: str, tmp_path: Path) -> None:
    ran = Ran(tmp_path, call, f"error={error}", "1+", on_journal=True, file="stdout.log")
    assert (ran.was_injected, ran.done.returncode) == (True, 7), ran.done.stderr
    assert ran.done.stderr.count("WARNING") == 1
    assert ran.steps == list(range(POINTS))
    assert (Trial(ran.path).status, ran.receipt) == ("Succeeded", (POINTS, POINTS))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("error", ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "EACCES"])
@pytest.mark.parametrize("call", ["write", "fdatasync", "rename", "fsync", "close"])
def test_each_call_fails_with_each_error_until_it_is_never_made_again(call: str, error: str, tmp_path: Path) -> None:
    first = {"rename": RENAMES_OF_CREATION + 1}.get(call, 1)
    for when in range(first, 1000):
        place = tmp_path / str(when)
        place.mkdir()
        ran = Ran(place, call, f"error={error}", str(when), on_journal=call in ("write", "close"))
        if not ran.was_injected:
            assert when > first
            return
        assert ran.done.returncode == 7, (when, ran.done.stderr)
        assert len(ran.steps) >= POINTS - 1, when
        assert not ran.damage, when
        assert Trial(ran.path).damage == [], when
    pytest.fail("there is no end to the calls")
